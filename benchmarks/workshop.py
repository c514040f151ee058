"""A small project in a temporary folder: own rows, own architecture files, own settings. The real stages work in it."""

from __future__ import annotations

import contextlib
import csv
import io
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import numpy as np
import yaml

from pipeline.common import architectures, params
from pipeline.dataset import scaling, splitting, windowing
from pipeline.network.training import train
from pipeline.series import reading

if TYPE_CHECKING:
    from pipeline.diagnose.case import Subject

PROJECT = Path(__file__).resolve().parent.parent
NAME = "work"  # of the one series, the one dataset and the one experiment
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
        unchecked: let the builder's network through whatever its output shape is.
    """

    dataset: dict[str, Any]
    architecture: dict[str, Any]
    training: dict[str, Any]
    rows: dict[str, np.ndarray] | None = None
    series: dict[str, Any] = field(default_factory=dict)
    files: tuple[Path, ...] = ()
    unchecked: bool = False


@contextlib.contextmanager
def project(work: Work) -> Iterator[dict[str, Any]]:
    """Make a folder with `work` in it the working directory, until the block ends.

    Yields:
        The parameters, as `params.load` reads them. No stage has run.

    Raises:
        UserError: a setting that params.yaml must not hold.
    """
    series = dict(work.series)
    if work.rows is not None:
        series["source"] = "data/own/rows.csv"
    written = {
        "size": "quick",
        "series": {NAME: series},
        "datasets": {NAME: {"series": NAME, **work.dataset}},
        "experiments": {NAME: {"dataset": NAME, "architecture": work.architecture, "training": work.training}},
        "calibration": {"series": 3, "planted": 1},
    }
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder), _architectures(Path(folder), work):
        Path("pipeline").symlink_to(PROJECT / "pipeline")
        if work.rows is not None:
            _write_rows(Path("data/own/rows.csv"), work.rows)
        # Dumped without aliases, which params.yaml must not have.
        text = yaml.dump(written, Dumper=_Plain, sort_keys=False)
        params.FILE.write_text(text, encoding="utf-8")
        yield params.load()


def run(p: dict[str, Any]) -> Subject:
    """Run raw, split, window, scale and train in the working directory, quietly, and open what they made.

    Raises:
        UserError: as the stages do.
    """
    from pipeline.diagnose import case

    with contextlib.redirect_stdout(io.StringIO()):
        settings = p["series"][NAME]
        reading.write(NAME, reading.read(NAME, settings), settings)
        for stage in (splitting.split, windowing.window, scaling.scale, train):
            stage(p, NAME)
    return case.load(p, NAME)


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True


def _write_rows(path: Path, rows: dict[str, np.ndarray]) -> None:
    path.parent.mkdir(parents=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(rows)
        # repr gives a float back to the bit.
        table.writerows(
            ["" if np.isnan(cell) else repr(float(cell)) for cell in row] for row in zip(*rows.values(), strict=True)
        )


@contextlib.contextmanager
def _architectures(folder: Path, work: Work) -> Iterator[None]:
    """Let the builders of `work.files` be found beside the project's own, until the block ends."""
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
    """Build networks as someone without Flatline would: what the builder returns is trained, whatever its shape."""
    import importlib

    from pipeline.network import backends

    backends.prepare(1, False)  # before the first import of Keras
    from pipeline.network import models

    def build(architecture: dict[str, Any], shape: Any, place: str = "architecture") -> Any:
        path, function = architectures.locate(place, architecture)
        builder = getattr(importlib.import_module(f"{_PACKAGE}.{path.stem}"), function)
        return builder(shape, **{key: value for key, value in architecture.items() if key not in ("name", "builder")})

    with patch.object(models, "build", build):
        yield
