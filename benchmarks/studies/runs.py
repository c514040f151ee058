"""One row of a study: the project's own stages, run one after the other in a scratch folder."""

from __future__ import annotations

import json
import shutil
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from benchmarks import scratch
from benchmarks.scratch import PROJECT

_DATA = (("raw", "series"), ("split", "datasets"), ("window", "datasets"), ("scale", "datasets"))


@dataclass(frozen=True)
class Row:
    """An experiment with some parameters changed.

    Attributes:
        label: name of the row in the study's table.
        experiment: its name in params.yaml.
        changes: values by parameter, a dotted path in params.yaml, without `experiments.NAME.` for `training.` and
            `architecture.`. Values of a size are resolved to that size first.
        seeds: random seeds, one training each.
        size: which of the two sizes of params.yaml is used.
        apart: train and read one seed after the other, so that an interrupted run keeps the finished seeds.
    """

    label: str
    experiment: str
    changes: dict[str, Any] = field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)
    size: str = "full"
    apart: bool = False

    @property
    def set(self) -> dict[str, Any]:
        """The changes by full dotted path, as for `dvc exp run -S`; without the seeds."""
        own = ("training.", "architecture.", "dataset")
        made: dict[str, Any] = {"size": self.size}
        for path, value in self.changes.items():
            mine = path == "dataset" or path.startswith(own[:2])
            made[f"experiments.{self.experiment}.{path}" if mine else path] = value
        return made


def changed(params: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """Copy `params` and set each dotted path to its value; missing mappings on the way are created.

    The value replaces a mapping with one value per size.
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


def row_params(row: Row, seeds: list[int], params: dict[str, Any]) -> dict[str, Any]:
    """Return params.yaml for one row, with only its series, dataset and experiment, so that stages load it fast.

    Args:
        row: row of the study.
        seeds: random seeds of its trainings.
        params: content of the project's own params.yaml.
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
    """Run the stages of one row in `folder`, and keep its files there.

    Data stages run again only where the row's series or dataset differ from those of the row before.

    Returns:
        params.yaml of the row, as written.

    Raises:
        RuntimeError: a stage failed; with its last lines.
    """
    params = row_params(row, seeds, yaml.safe_load((PROJECT / "params.yaml").read_text(encoding="utf-8")))
    scratch.prepare(folder, params)
    made = folder / "made.json"
    data = {key: params[key] for key in ("size", "series", "datasets")}
    if not made.exists() or json.loads(made.read_text(encoding="utf-8")) != json.loads(json.dumps(data)):
        made.unlink(missing_ok=True)
        for kept in ("data", "models"):
            shutil.rmtree(folder / kept, ignore_errors=True)
        for stage, level in _DATA:
            timed(stage, next(iter(params[level])), folder)
        made.write_text(json.dumps(data), encoding="utf-8")
    for stage in ("train", "predict"):
        timed(stage, row.experiment, folder)
    return params


def timed(stage: str, name: str, folder: Path) -> None:
    """Run `python -m pipeline.STAGE NAME` in `folder`, and print the seconds that it took.

    Raises:
        RuntimeError: it failed; with its last lines.
    """
    start = time.monotonic()
    scratch.run(folder, f"pipeline.{stage}", name)
    print(f"    {stage} {name} · {time.monotonic() - start:.0f} s", file=sys.stderr, flush=True)
