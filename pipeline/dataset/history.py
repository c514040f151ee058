"""The whole series of a dataset: its target, for forecasts that read rows before their window, and its times."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from pipeline.common import files
from pipeline.dataset import panel, windowing


def target_column(dataset: str) -> np.ndarray:
    """Return the target's column in every row of the series, missing cells filled as the dataset fills them.

    It includes the rows of gaps and of the test part: a forecast takes from it only the rows up to its window's end.
    The rows are those of split.json: of whole ids, with their padding, which is missing.

    Returns:
        float64 [rows].
    """
    series = files.read_json(files.SPLIT / dataset / "split.json")["series"]
    missing = files.read_json(files.WINDOWS / dataset / "windows.json")["missing"]
    rows = files.read_array(files.RAW / series["name"] / "rows.npy")
    values = np.array(rows[:, [series["columns"].index(series["target"])]])
    edges = [0, *series["ids"]["starts"][1:], len(values)] if "ids" in series else [0, len(values)]
    values = windowing.clean(values, list(itertools.pairwise(edges)), missing)[:, 0]
    at = _laid_out(series, len(values))
    return values if at is None else np.where(at < 0, np.nan, values[at])


def row_times(dataset: str) -> np.ndarray | None:
    """Memory-map the time of every row of the series: datetime64 [rows]; None without a time column.

    A row of padding has the time of the first row.
    """
    series = files.read_json(files.SPLIT / dataset / "split.json")["series"]
    if not series["time"]:
        return None
    times = files.read_array(files.RAW / series["name"] / "time.npy")
    at = _laid_out(series, len(times))
    return times if at is None else times[np.maximum(at, 0)]


def _laid_out(series: dict[str, Any], rows: int) -> np.ndarray | None:
    """Return the stored row that stands in each row of split.json, -1 for padding; None where they are the same."""
    if "ids" not in series or not series["sequence_length"]:
        return None
    return panel.series_rows(series["ids"]["starts"], rows, series["sequence_length"])
