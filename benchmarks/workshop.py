"""A small project in a temporary folder, with own rows, architectures and settings, in which the real stages run."""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np

from benchmarks.scratch import PROJECT
from pipeline.common import architectures, params
from pipeline.dataset import scaling, splitting, windowing
from pipeline.leakage import scratch
from pipeline.network.training import train
from pipeline.series import reading

if TYPE_CHECKING:
    from pipeline.diagnose.case import DiagnosedRun

NAME = "work"  # of the series, the dataset and the experiment
_ROWS, _WINDOWS = "rows.csv", "windows.npz"
_PACKAGE = "pipeline.architectures"


@dataclass(frozen=True)
class Work:
    """One series, dataset and experiment.

    Attributes:
        dataset: settings of the dataset, without `series`.
        architecture: `name` and the builder's options.
        training: as in params.yaml.
        rows: columns by name, float64 [rows] each, NaN for a missing cell; None where `series` makes the rows.
        series: settings of the series; without `source` where there are `rows`.
        files: own architecture files, found by their stems.
        unchecked: accept the builder's network with any output shape.
        time: datetime64 [rows], written as the column `time`; None for none.
        windows: arrays of a file of windows, in place of rows; None where there are rows.
    """

    dataset: dict[str, Any]
    architecture: dict[str, Any]
    training: dict[str, Any]
    rows: dict[str, np.ndarray] | None = None
    series: dict[str, Any] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    unchecked: bool = False
    time: np.ndarray | None = None
    windows: dict[str, np.ndarray] | None = None


@contextlib.contextmanager
def project(work: Work) -> Iterator[dict[str, Any]]:
    """Make a folder with `work` the working directory until the block ends.

    Yields:
        The parameters, as `params.load` reads them. No stage has run.

    Raises:
        UserError: a setting is invalid.
    """
    series = dict(work.series)
    if work.rows is not None:
        series |= {"source": f"data/own/{_ROWS}"} | ({} if work.time is None else {"time": "time"})
    if work.windows is not None:
        series |= {"source": f"data/own/{_WINDOWS}"}
    written = {
        "size": "quick",
        "series": {NAME: series},
        "datasets": {NAME: {"series": NAME, **work.dataset}},
        "experiments": {NAME: {"dataset": NAME, "architecture": work.architecture, "training": work.training}},
        "calibration": {"series": 3, "planted": 1, "pairs": 1},
    }
    with scratch.project(written), _architectures(Path.cwd(), work):
        Path("pipeline").symlink_to(PROJECT / "pipeline")
        if work.rows is not None:
            _write(work.rows, work.time)
        if work.windows is not None:
            Path("data/own").mkdir(parents=True)
            np.savez(Path("data/own") / _WINDOWS, **work.windows)  # type: ignore[arg-type]
        yield params.load()


def make(p: dict[str, Any]) -> None:
    """Run raw, split, window and scale in the working directory, quietly.

    Raises:
        UserError: as the stages do.
    """
    with contextlib.redirect_stdout(io.StringIO()):
        settings = p["series"][NAME]
        reading.write(NAME, reading.read(NAME, settings), settings)
        for stage in (splitting.split, windowing.window, scaling.scale):
            stage(p, NAME)


def run(p: dict[str, Any]) -> DiagnosedRun:
    """Run `make` and the stage train, quietly, and load the result.

    Raises:
        UserError: as the stages do.
    """
    from pipeline.diagnose import case

    make(p)
    with contextlib.redirect_stdout(io.StringIO()):
        train(p, NAME)
    return case.load(p, NAME)


def compare(p: dict[str, Any]) -> dict[str, Any]:
    """Run predict, baselines and evaluate after `run`, and return reports/evaluation/NAME.json: the test part is read.

    Raises:
        UserError: as the stages do.
    """
    from pipeline.baselines import stage as baselines
    from pipeline.common import files
    from pipeline.evaluate import stage as evaluate
    from pipeline.network import predicting

    with contextlib.redirect_stdout(io.StringIO()):
        predicting.predict(p, NAME)
        baselines.baselines(p, NAME)
        evaluate.evaluate(p, NAME)
    return dict(files.read_json(files.EVALUATION / f"{NAME}.json"))


def _write(rows: dict[str, np.ndarray], time: np.ndarray | None) -> None:
    """Write columns to the file of the series; NaN becomes an empty cell, and repr keeps every bit of a float."""
    path = Path("data/own") / _ROWS
    path.parent.mkdir(parents=True)
    columns = [["" if np.isnan(cell) else repr(float(cell)) for cell in column] for column in rows.values()]
    names = list(rows)
    if time is not None:
        names, columns = ["time", *names], [[f"{one}Z" for one in time.astype("datetime64[s]")], *columns]
    lines = [names, *zip(*columns, strict=True)]
    path.write_text("".join(",".join(line) + "\n" for line in lines), encoding="utf-8")


@contextlib.contextmanager
def _architectures(folder: Path, work: Work) -> Iterator[None]:
    """Add the builders of `work.files` to the project's own until the block ends."""
    import pipeline.architectures as package

    shelf = folder / "architectures"
    shelf.mkdir()
    for path in (*architectures.FOLDER.glob("*.py"), *work.files):
        (shelf / path.name).symlink_to(path.resolve())
    with contextlib.ExitStack() as stack:
        stack.enter_context(patch.object(architectures, "FOLDER", shelf))
        stack.enter_context(patch.object(package, "__path__", [*package.__path__, str(shelf)]))
        if work.unchecked:
            stack.enter_context(_unchecked())
        try:
            yield
        finally:
            for path in work.files:
                sys.modules.pop(f"{_PACKAGE}.{path.stem}", None)


@contextlib.contextmanager
def _unchecked() -> Iterator[None]:
    """Build networks as someone without Flatline would: train the builder's network whatever its output shape."""
    import importlib

    from pipeline.network import backends

    backends.prepare(1, False, backends.DEFAULT)  # before the first import of Keras
    from pipeline.network import models

    def build(architecture: dict[str, Any], shape: Any, place: str = "architecture") -> Any:
        path, function = architectures.locate(place, architecture)
        builder = getattr(importlib.import_module(f"{_PACKAGE}.{path.stem}"), function)
        return builder(shape, **{key: value for key, value in architecture.items() if key not in ("name", "builder")})

    with patch.object(models, "build", build):
        yield
