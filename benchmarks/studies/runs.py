"""One row of a study: the project's own stages, run one after the other in a scratch folder."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

PROJECT = Path(__file__).resolve().parents[2]
_DATA = (("raw", "series"), ("split", "datasets"), ("window", "datasets"), ("scale", "datasets"))


@dataclass(frozen=True)
class Row:
    """An experiment with some parameters changed.

    Attributes:
        label: what the row is called in the study's table.
        experiment: its name in params.yaml.
        changes: parameter, as a dotted path in params.yaml without `experiments.NAME.` where it begins with
            `training.` or `architecture.`, and its value. Values of a size are resolved to that size first.
        seeds: one training each.
        size: which of the two values of params.yaml is taken.
        apart: train and read one seed after the other, so that a run cut short keeps the seeds it has.
    """

    label: str
    experiment: str
    changes: dict[str, Any] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)
    size: str = "full"
    apart: bool = False

    @property
    def set(self) -> dict[str, Any]:
        """The changes by full dotted path, as `dvc exp run -S` wants them; the seeds are told beside."""
        own = ("training.", "architecture.", "dataset")
        made: dict[str, Any] = {"size": self.size}
        for path, value in self.changes.items():
            mine = path == "dataset" or path.startswith(own[:2])
            made[f"experiments.{self.experiment}.{path}" if mine else path] = value
        return made


def changed(params: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """A copy of `params` with each dotted path set to its value; mappings on the way are made where there are none.

    A mapping that holds a value per size gives way to the one value.
    """
    made = json.loads(json.dumps(params))
    for path, value in changes.items():
        *way, last = path.split(".")
        at = made
        for key in way:
            if not isinstance(at.get(key), dict):
                at[key] = {}
            at = at[key]
        at[last] = value
    return made


def of_row(row: Row, seeds: list[int], params: dict[str, Any]) -> dict[str, Any]:
    """params.yaml for one row: its series, its dataset and its experiment alone, so that a stage loads it fast.

    Args:
        params: the project's own params.yaml, as it stands there.
    """
    whole = changed(params, row.set | {f"experiments.{row.experiment}.training.seeds": seeds})
    experiment = whole["experiments"][row.experiment]
    dataset = whole["datasets"][experiment["dataset"]]
    return {
        "size": row.size,
        "series": {dataset["series"]: whole["series"][dataset["series"]]},
        "datasets": {experiment["dataset"]: dataset},
        "experiments": {row.experiment: experiment},
        "calibration": whole["calibration"],
    }


def run(row: Row, seeds: list[int], folder: Path) -> dict[str, Any]:
    """Run the stages of one row in `folder`, and leave its files there.

    Data stages run again only where the row's series or dataset differ from those of the row before.

    Returns:
        params.yaml of the row, as written.

    Raises:
        RuntimeError: a stage failed; its last lines.
    """
    params = of_row(row, seeds, yaml.safe_load((PROJECT / "params.yaml").read_text(encoding="utf-8")))
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "pipeline").exists():
        (folder / "pipeline").symlink_to(PROJECT / "pipeline")
    (folder / "params.yaml").write_text(yaml.safe_dump(params, sort_keys=False), encoding="utf-8")
    made = folder / "made.json"
    data = {key: params[key] for key in ("size", "series", "datasets")}
    if not made.exists() or json.loads(made.read_text(encoding="utf-8")) != json.loads(json.dumps(data)):
        made.unlink(missing_ok=True)
        for kept in ("data", "models"):
            shutil.rmtree(folder / kept, ignore_errors=True)
        for stage, level in _DATA:
            _stage(stage, next(iter(params[level])), folder)
        made.write_text(json.dumps(data), encoding="utf-8")
    for stage in ("train", "predict"):
        _stage(stage, row.experiment, folder)
    return params


def _stage(stage: str, name: str, folder: Path) -> None:
    begin = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", f"pipeline.{stage}", name],
        cwd=folder,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{stage} {name}: {done.stdout[-2000:]}")
    print(f"    {stage} {name} · {time.monotonic() - begin:.0f} s", file=sys.stderr, flush=True)


@contextmanager
def inside(folder: Path) -> Iterator[None]:
    """Read the files of `folder`: the stages' functions look below the current one."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)
