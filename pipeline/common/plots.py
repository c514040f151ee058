"""Tables for `dvc plots`: a small CSV file per kind of plot and experiment (docs/files.md)."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.common import files

FOLDER = Path("reports/plots")
# Points of one file: a page with ten experiments stays at a few MB, and its curves keep their shape.
POINTS = 600

COLUMNS = {
    "learning": ("experiment", "part", "fold", "seed", "epoch", "loss"),
    "predictions": ("experiment", "part", "seed", "truth", "prediction"),
    "calibration": ("experiment", "part", "class", "seed", "forecast", "observed", "windows"),
    "confusion": ("experiment", "part", "truth", "prediction", "share"),
}


def path(kind: str, name: str) -> Path:
    """Return the file of one kind of plot of an experiment."""
    return FOLDER / kind / f"{name}.csv"


def thinned(length: int, most: int) -> list[int]:
    """Return at most `most` indices below `length`, evenly spaced, including the first and the last."""
    points = min(length, max(most, 2))
    return [round(k * (length - 1) / (points - 1)) for k in range(points)] if points > 1 else [0] * points


def write(kind: str, name: str, rows: Iterable[dict[str, Any]]) -> None:
    """Write the table of one kind of plot; numbers have five digits, NaN and infinity become empty cells."""

    def shown(value: Any) -> Any:
        if isinstance(value, float | np.floating):
            return f"{value:.5g}" if math.isfinite(value) else ""
        return "" if value is None else value

    with files.atomic_write(path(kind, name)) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS[kind], lineterminator="\n")
        table.writeheader()
        table.writerows([{"experiment": name} | {key: shown(value) for key, value in row.items()} for row in rows])
