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


def run(folder: Path, *arguments: str, environment: dict[str, str] | None = None) -> str:
    """Run `python -m ARGUMENTS` in `folder`, and return its output.

    Raises:
        RuntimeError: it failed; with its last lines.
    """
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder), "TF_CPP_MIN_LOG_LEVEL": "3"} | (environment or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(arguments)}: {(done.stdout + done.stderr)[-2000:]}")
    return done.stdout
