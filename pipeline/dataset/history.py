"""The whole series of a dataset: its target, for forecasts that read rows before their window, and its times."""

from __future__ import annotations

import numpy as np

from pipeline.common import files
from pipeline.dataset import windowing


def target_column(dataset: str) -> np.ndarray:
    """Return the target's column in every row of the series, missing cells filled as the dataset fills them.

    It includes the rows of gaps and of the test part: a forecast takes from it only the rows up to its window's end.

    Returns:
        float64 [rows].
    """
    series = files.read_json(files.SPLIT / dataset / "split.json")["series"]
    missing = files.read_json(files.WINDOWS / dataset / "windows.json")["missing"]
    rows = files.read_array(files.RAW / series["name"] / "rows.npy")
    values = np.array(rows[:, [series["columns"].index(series["target"])]])
    return windowing.clean(values, [(0, len(values))], missing)[:, 0]


def row_times(dataset: str) -> np.ndarray | None:
    """Memory-map the time of every row of the series: datetime64 [rows]; None without a time column."""
    series = files.read_json(files.SPLIT / dataset / "split.json")["series"]
    return files.read_array(files.RAW / series["name"] / "time.npy") if series["time"] else None
