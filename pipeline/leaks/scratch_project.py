"""A small project in a temporary folder, with one series, in which the real stages run."""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline import dataset
from pipeline.common import params
from pipeline.dataset import Part, scaling, splitting, windowing
from pipeline.leakage import scratch
from pipeline.series import reading

if TYPE_CHECKING:
    from pipeline.leakage.proof import Proof

NAME = "planted"  # of the series, the dataset and the experiment
COLUMNS = ("value", "feature")


@contextlib.contextmanager
def project(
    rows: np.ndarray, settings: dict[str, Any], features: list[str] | None = None, ids: np.ndarray | None = None
) -> Iterator[dict[str, Any]]:
    """Make a folder with one series and one dataset the working directory until the block ends.

    Args:
        rows: float64 [rows, 1 or 2]; the columns are the target `value` and `feature`. NaN is a missing cell.
        settings: settings of `datasets.NAME`, without `series`.
        features: the input columns; `value` if left out.
        ids: the id of each row, a number; None for a single series.

    Yields:
        The parameters, as `params.load` reads them. Only the stage `raw` has run.
    """
    written = {
        "size": "quick",
        "series": {
            NAME: {"source": "data/own/rows.csv", "target": "value", "features": features or ["value"]}
            | ({} if ids is None else {"id": "id"}),
        },
        "datasets": {NAME: {"series": NAME, **settings}},
        "experiments": {
            NAME: {
                "dataset": NAME,
                "architecture": {"name": "lstm"},
                "training": {"batch_size": 64, "epochs": 1, "seeds": [0]},
            }
        },
        "calibration": {"series": 3, "planted": 1, "pairs": 1},
    }
    with scratch.project(written):
        columns = dict(zip(COLUMNS, rows.T, strict=False))
        write_rows(columns if ids is None else columns | {"id": ids})
        p = params.load()
        series = p["series"][NAME]
        reading.write(NAME, reading.read(NAME, series), series)
        yield p


def make_parts(p: dict[str, Any], **replaced: Callable[[dict[str, Any], str], None]) -> tuple[Part, Part]:
    """Run the stages `split`, `window` and `scale`, some replaced by name; return the training and the test part."""
    stages = {"split": splitting.split, "window": windowing.window, "scale": scaling.scale} | replaced
    for stage in stages.values():
        stage(p, NAME)
    train, test = (dataset.load(NAME, 0, part) for part in ("train", "test"))
    return train, test


def prove_choice(
    rows: np.ndarray, settings: dict[str, Any], chosen: Callable[[dict[str, Any], str, int], dict[str, bytes]]
) -> Proof:
    """Prove that other test rows leave a choice as it is: of weights, by early stopping, or of a setting.

    Args:
        rows: as in `project`.
        settings: as in `project`.
        chosen: from parameters, dataset and fold, what must stay the same, by its description.
    """
    from pipeline.leakage import perturbation

    steps = perturbation.STEPS._replace(weights=perturbation.train_nothing, stopped=chosen)
    with project(rows, settings) as p:
        return perturbation.check(p, NAME, 0, "test", steps)


def write_rows(columns: dict[str, np.ndarray]) -> None:
    """Write columns by name, float64 [rows] each, to data/own/rows.csv; NaN becomes an empty cell."""
    path = Path("data/own/rows.csv")
    path.parent.mkdir(parents=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(columns)
        for row in zip(*columns.values(), strict=True):
            # repr keeps every bit of a float.
            table.writerow(["" if np.isnan(cell) else repr(float(cell)) for cell in row])


def r2(forecasts: Iterable[tuple[np.ndarray, np.ndarray]]) -> float:
    """Return R² of (truth, prediction) pairs of several series; 0 is as good as the mean, negative values are worse."""
    truth, prediction = (np.concatenate(each) for each in zip(*forecasts, strict=True))
    return float(1 - np.mean((prediction - truth) ** 2) / np.var(truth))
