"""A scratch folder in which the project's own stages run, one process each."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parent.parent


def prepare(folder: Path, params: dict[str, Any], packages: tuple[str, ...] = ("pipeline",)) -> None:
    """Link the code into `folder`, and write params.yaml there.

    Args:
        folder: created if it does not exist.
        params: content of params.yaml.
        packages: folders of the project to link.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for package in packages:
        if not (folder / package).exists():
            (folder / package).symlink_to(PROJECT / package)
    # By way of JSON, so that no object is written as an alias, which params.yaml must not have.
    text = yaml.safe_dump(json.loads(json.dumps(params)), sort_keys=False)
    (folder / "params.yaml").write_text(text, encoding="utf-8")


def make_data(folder: Path, name: str, done: set[str] | None = None) -> None:
    """Run raw, split, window and scale of dataset `name` in `folder`.

    Args:
        folder: as `prepare` left it.
        name: of the dataset.
        done: stages that have run there, which are left out; those of this call are added.
    """
    series = yaml.safe_load((folder / "params.yaml").read_text(encoding="utf-8"))["datasets"][name]["series"]
    done = set() if done is None else done
    for stage, argument in (("raw", series), ("split", name), ("window", name), ("scale", name)):
        if f"{stage}@{argument}" not in done:
            run(folder, f"pipeline.{stage}", argument)
            done.add(f"{stage}@{argument}")


def run(folder: Path, *arguments: str, environment: dict[str, str] | None = None, without: tuple[str, ...] = ()) -> str:
    """Run `python -m ARGUMENTS` in `folder`, and return its output.

    Args:
        folder: in which it runs.
        arguments: the module, and what follows it.
        environment: variables that are set.
        without: variables that are not passed on.

    Raises:
        RuntimeError: it failed; with its last lines.
    """
    kept = {name: value for name, value in os.environ.items() if name not in without}
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env=kept | {"PYTHONPATH": str(folder), "TF_CPP_MIN_LOG_LEVEL": "3"} | (environment or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {(done.stdout + done.stderr)[-2000:]}")
    return done.stdout


def figures(
    folder: Path, *arguments: str, environment: dict[str, str] | None = None, without: tuple[str, ...] = ()
) -> Any:
    """Run `python -m ARGUMENTS` as `run` does, and return what the last line of its output holds as JSON."""
    return json.loads(run(folder, *arguments, environment=environment, without=without).splitlines()[-1])
