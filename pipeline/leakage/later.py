"""Which rows of a series training must not know, in rows of data/raw/."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pipeline.common import files
from pipeline.dataset import panel, splitting, windowing


def spans(description: dict[str, Any], scheme: str, fold: int, part: str, raw: Path) -> list[tuple[int, int]]:
    """Return half-open intervals of the rows that must not matter: all from `part` on, and the gap before it.

    Of independent sequences and of whole ids, those of `part` and of later parts. Of several ids that are divided by
    time, all rows after the last time of the part before.

    Args:
        description: content of split.json.
        scheme: that of the split.
        fold: number of the fold.
        part: validation or test.
        raw: the folder of the series below data/raw/.
    """
    parts, series = description["folds"][fold], description["series"]
    ids, length = series.get("ids"), series["sequence_length"]
    if length or scheme == "groups":
        kinds = ("validation", "test") if part == "validation" else ("test",)
        found = [(a, b) for kind in kinds if parts[kind] for a, b in parts[kind]["intervals"]]
        if not (ids and length):
            return found
        # Whole ids, with the rows that a longer sequence has lost.
        ends = [*ids["starts"][1:], _rows(raw)]
        return [(ids["starts"][a // length], ends[a // length]) for a, _ in found]
    before = parts["validation"] if part == "test" and parts["validation"] else parts["train"]
    if not ids:
        return [(before["intervals"][-1][1], description["rows"])]
    times = files.read_array(raw / "time.npy") if series["time"] else None
    axis = panel.Axis.of(ids["starts"], description["rows"], times)
    return axis.spans(int(axis.position[splitting.rows_of(before)].max()) + 1, axis.count)


def _rows(raw: Path) -> int:
    return len(files.read_array(raw / "rows.npy"))


def last_windows(description: dict[str, Any], window: dict[str, Any], rows: int) -> np.ndarray:
    """Return the rows of the last window of each part of each fold: int64.

    Args:
        description: content of split.json.
        window: the dataset's window settings.
        rows: rows of the series.
    """
    series = description["series"]
    laid = "ids" in series and series["sequence_length"]
    at = panel.series_rows(series["ids"]["starts"], rows, series["sequence_length"]) if laid else np.arange(rows)
    length = series["sequence_length"] if window["length"] == "sequence" else window["length"]
    ahead = windowing.rows_ahead(window)
    found = []
    for parts in description["folds"]:
        for kind in filter(parts.get, splitting.PARTS):
            stride = window["stride"]["train" if kind == "train" else "evaluation"]
            last = int(windowing.starts(parts[kind]["intervals"], length, ahead, stride)[-1])
            found.append(at[splitting.rows_of(parts[kind])[last : last + length + ahead]])
    joined = np.concatenate(found)
    return joined[joined >= 0]


def labels(
    description: dict[str, Any], split: dict[str, Any], rows: np.ndarray
) -> tuple[np.ndarray, int, np.ndarray] | None:
    """Return row, column and value of the labels that a split is stratified by, which stay; None without them."""
    if not split.get("stratify"):
        return None
    series = description["series"]
    last = np.array([*(start - 1 for start in series["ids"]["starts"][1:]), len(rows) - 1])
    column = series["columns"].index(series["target"])
    return last, column, np.array(rows[last, column])
