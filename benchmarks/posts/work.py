"""The stages of one experiment in its folder, each of them once, and what they cost."""

from __future__ import annotations

from contextlib import chdir
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from benchmarks import scratch
from benchmarks.posts import results
from benchmarks.posts.cases import Case
from benchmarks.posts.estimate import Estimate
from benchmarks.posts.speed import Speed
from benchmarks.studies import runs
from pipeline.common import costs, files

FOLDER = scratch.PROJECT / ".posts"
# Kinds of stages that make the data, with what they are named after; and those of an experiment.
DATA = (("raw", "series"), ("split", "dataset"), ("window", "dataset"), ("scale", "dataset"))
TRAINED = ("train", "predict", "evaluate", "diagnose")


def folder_of(case: Case, root: Path = FOLDER) -> Path:
    """Return the folder of a case; experiments of one post share those of a dataset, and nothing else."""
    return root / str(case.post) / case.dataset


def speed(case: Case, root: Path = FOLDER) -> Speed:
    """Return the measured speed of a training, from an earlier run if its settings were the same.

    Makes the data first.
    """
    folder = folder_of(case, root)
    _data(case, case.params, folder)
    path = folder / "speed" / f"{case.name}.json"
    stored: dict[str, Any] = files.read_json(path) if path.exists() else {"settings": None}
    if stored["settings"] == case.settings and set(stored["speed"]) == {each.name for each in fields(Speed)}:
        return Speed(**stored["speed"])
    measured = Speed(**scratch.figures(folder, "benchmarks.posts.speed", case.name))
    files.write_json(path, {"settings": case.settings, "speed": asdict(measured)})
    return measured


def run(case: Case, plan: Estimate, limit: float, root: Path = FOLDER) -> dict[str, Any]:
    """Run the stages of a case that have not run yet, and return its result.

    Args:
        case: the experiment.
        plan: the number of epochs.
        limit: minutes that it may take.
        root: of the folders.

    Raises:
        RuntimeError: a stage failed; with its last lines.
    """
    folder, params = folder_of(case, root), case.with_epochs(plan.epochs)
    _data(case, params, folder)
    _once("baselines", case.dataset, _of_data(params), folder)
    for stage in TRAINED:
        _once(stage, case.name, params, folder)
    with chdir(folder):
        spent = costs.read()
        evaluation = files.read_json(files.EVALUATION / f"{case.name}.json")
        diagnosis = files.read_json(files.DIAGNOSIS / f"{case.name}.json")
    stages = [(stage, getattr(case, of)) for stage, of in DATA] + [("baselines", case.dataset)]
    stages += [(stage, case.name) for stage in TRAINED]
    known = {stage: spent[f"{stage}@{name}"] for stage, name in stages if f"{stage}@{name}" in spent}
    return results.result(case, plan, limit, evaluation, diagnosis, known)


def _data(case: Case, params: dict[str, Any], folder: Path) -> None:
    scratch.prepare(folder, params, ("pipeline", "benchmarks"))
    for stage, of in DATA:
        _once(stage, getattr(case, of), _of_data(params), folder)


def _of_data(params: dict[str, Any]) -> dict[str, Any]:
    return {key: params[key] for key in ("size", "series", "datasets")}


def _once(stage: str, name: str, settings: dict[str, Any], folder: Path) -> None:
    """Run a stage unless it has ended here with the same settings."""
    done = folder / "done" / f"{stage}@{name}.json"
    if done.exists() and files.read_json(done) == settings:
        return
    done.unlink(missing_ok=True)
    runs.timed(stage, name, folder)
    files.write_json(done, settings)
