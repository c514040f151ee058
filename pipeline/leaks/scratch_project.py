"""A small project in a temporary folder, for one series: the real stages work in it as in any other."""

from __future__ import annotations

import contextlib
import csv
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from pipeline.common import params
from pipeline.series import reading

NAME = "planted"  # of the one series and of its one dataset
COLUMNS = ("value", "feature")


@contextlib.contextmanager
def project(rows: np.ndarray, dataset: dict[str, Any], features: list[str] | None = None) -> Iterator[dict[str, Any]]:
    """Make a folder with one series and one dataset the working directory, until the block ends.

    Args:
        rows: float64 [rows, 1 or 2]; the columns are `value`, which is predicted, and `feature`. NaN is a missing cell.
        dataset: the settings of `datasets.NAME`, without `series`.
        features: the columns that windows are made of; `value` if left out.

    Yields:
        The parameters, as `params.load` reads them. The stage `raw` has run; no other has.
    """
    names = COLUMNS[: rows.shape[1]]
    written = {
        "size": "quick",
        "series": {
            NAME: {"source": "data/own/rows.csv", "target": "value", "features": features or ["value"]},
        },
        "datasets": {NAME: {"series": NAME, **dataset}},
        "experiments": {
            NAME: {
                "dataset": NAME,
                "architecture": {"name": "lstm"},
                "training": {"batch_size": 64, "epochs": 1, "seeds": [0]},
            }
        },
        "calibration": {"series": 3, "planted": 1},
    }
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        own = Path("data/own")
        own.mkdir(parents=True)
        with (own / "rows.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file)
            table.writerow(names)
            # repr gives a float back to the bit.
            table.writerows([["" if np.isnan(v) else repr(float(v)) for v in row] for row in rows])
        params.FILE.write_text(yaml.safe_dump(written, sort_keys=False), encoding="utf-8")
        p = params.load()
        settings = p["series"][NAME]
        reading.write(NAME, reading.read(NAME, settings), settings)
        yield p


def nothing_trained(p: dict[str, Any], name: str, fold: int) -> dict[str, bytes]:
    """In place of a short training, for a proof that has no need of one."""
    return {}


def r2(truth: np.ndarray, prediction: np.ndarray) -> float:
    """1 - squared error / variance of the truth; 0 is no better than the mean, which may be less than nothing."""
    return float(1 - np.mean((prediction - truth) ** 2) / np.var(truth))
