"""The clean copy of a file below data/own/: one column of times in ISO 8601, and numbers with a decimal point."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.series import own
from pipeline.series.settings import SettingError

TIME = "time"


def time_name(names: list[str], columns: list[str]) -> str:
    """Return a name for the column of times.

    Args:
        names: of the columns that hold them in the file.
        columns: of the numbers.
    """
    base = names[0] if len(names) == 1 else TIME
    while base in columns:
        base += "_"
    return base


def is_clean(
    path: Path,
    time: str | None,
    times: np.ndarray | None,
    columns: dict[str, np.ndarray],
    ids: tuple[str, np.ndarray] | None = None,
) -> bool:
    """Return whether the pipeline reads the same from a file below data/own/ as it would from a copy.

    Args:
        path: of the file.
        time: name of the column of times; None without one.
        times: of the rows.
        columns: float64 [rows] by name; of text, object [rows] with None for a missing cell.
        ids: name of the column of ids, and the id of each row; None for a single series.
    """
    if path.suffix not in (".csv", ".parquet") or path.is_symlink():
        return False
    text = next((name for name, cells in columns.items() if cells.dtype == object), None)
    features = [name for name in columns if name != text]
    try:
        own_ids = ids[0] if ids else None
        series = own.make(path=str(path), target=text or features[0], id=own_ids, time=time, features=features)
    except (UserError, SettingError, ValueError):
        return False
    same_times = (
        series.time is None if times is None else series.time is not None and np.array_equal(times, series.time)
    )
    if ids is not None:
        first_rows = [0, *(np.flatnonzero(ids[1][1:] != ids[1][:-1]) + 1).tolist()]
        if series.ids is None or series.ids.starts != first_rows or series.ids.names != ids[1][first_rows].tolist():
            return False
    expected = np.stack([columns[name] for name in features], axis=1)
    if text is not None:
        codes = {float(position): label for position, label in enumerate(series.labels or [])}
        if [codes.get(code) for code in series.rows[:, -1].tolist()] != columns[text].tolist():
            return False
        return same_times and np.array_equal(series.rows[:, :-1], expected, equal_nan=True)
    return same_times and np.array_equal(series.rows, expected, equal_nan=True)


def write(
    path: Path,
    time: str | None,
    times: np.ndarray | None,
    columns: dict[str, np.ndarray],
    ids: tuple[str, np.ndarray] | None = None,
) -> None:
    """Write the copy, whole or not at all, and check that the pipeline reads from it what was meant.

    Raises:
        UserError: it does not.
    """
    frame = pd.DataFrame(columns)
    if time is not None and times is not None:
        frame.insert(0, time, iso(times))
    if ids is not None:
        frame.insert(0, *ids)
    path.parent.mkdir(parents=True, exist_ok=True)
    with files.atomic_write(path) as beside:
        frame.to_csv(beside, index=False, lineterminator="\n", encoding="utf-8")
    if not is_clean(path, time, times, columns, ids):
        path.unlink()
        rule, fix = "must read back as it was written", "Rename columns with unusual names, then run again."
        raise UserError(str(path), rule, "other values", fix)


def iso(times: np.ndarray) -> np.ndarray:
    """Return times as text in ISO 8601, as short as all of them allow."""
    numbers = times.astype("datetime64[us]").astype(np.int64)
    for unit, size in (("D", 86_400_000_000), ("m", 60_000_000), ("s", 1_000_000), ("ms", 1000)):
        if not (numbers % size).any():
            return np.char.replace(np.datetime_as_string(times.astype("datetime64[us]"), unit=unit), "T", " ")  # type: ignore[call-overload, no-any-return]
    return np.char.replace(np.datetime_as_string(times.astype("datetime64[us]")), "T", " ")
