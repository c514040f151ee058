"""Whether a part can be used at all: it holds a window, and no missing cell that the dataset does not allow."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.common.errors import UserError

if TYPE_CHECKING:
    from pipeline.dataset.splitting import Part


def require_windows(place: str, name: str, part: Part, length: int, ahead: int, split: dict[str, Any]) -> None:
    """Refuse a part without a window.

    Raises:
        UserError: no interval has so many rows.
    """
    longest = max(b - a for a, b in part.intervals)
    if longest < length + ahead:
        fix = "Enlarge the part, shorten `window.length` or `window.horizon`, or use `policy: carry`."
        share = split.get(name)
        if isinstance(share, float):
            least = math.ceil(share * (length + ahead) / longest * 100) / 100
            if (
                least
                + sum(each for key, each in split.items() if key in ("train", "validation", "test") and key != name)
                < 1
            ):
                fix = f"Set `{name}: {least}`, shorten `window.length` or `window.horizon`, or use `policy: carry`."
        elif name == "train":
            fix = "Make the other parts smaller, or shorten `window.length` or `window.horizon`."
        rule = f"must hold at least one window of {length} rows and {ahead} ahead"
        raise UserError(f"{place}.{name}", rule, f"{longest} rows", fix)


def require_no_missing(series: str, columns: list[str], used: list[str], rows: np.ndarray, part: Part) -> None:
    """Refuse a missing cell in a part, padding aside.

    Raises:
        UserError: a cell is missing.
    """
    index = [columns.index(name) for name in used]
    padding = part.padding or [0] * len(part.intervals)
    for (start, stop), padded in zip(part.intervals, padding, strict=True):
        # Column by column, so that the rows are not copied.
        if not any(np.isnan(rows[start + padded : stop, column]).any() for column in index):
            continue
        missing = np.argwhere(np.isnan(rows[start + padded : stop][:, index]))
        row, column = int(missing[0][0]) + start + padded, used[int(missing[0][1])]
        raise UserError(
            f"series.{series}, row {row}, column {column}",
            "must hold a number",
            "a missing cell",
            "Set the dataset's `window.missing` to drop, fill_past or keep.",
        )
