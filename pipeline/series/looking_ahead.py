"""The check that a function of the user's never looks ahead.

It is that of freqtrade's lookahead analysis: the function runs on the first rows alone, and again with all later rows
replaced. What it makes for the first rows stays the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pipeline.common.errors import UserError
from pipeline.series import preparing, replacing

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.series.preparing import Function

# In data/raw/SERIES/ (docs/files.md).
FILE = "prepare.json"
_SEED = 11
# Lengths that are tried, fewer where the rows of all runs would be more, and the columns that are reported.
_LENGTHS, _ROWS, _MOST = 24, 5_000_000, 5
# Two results are equal within this share of the column's range.
_NEAR = 1e-9


class _Ahead(NamedTuple):
    """One cell that changes with later rows."""

    row: int
    kind: str  # of the run: prefixes, or replacements
    short: float  # its value without the later rows, or with others


def look_ahead(settings: dict[str, Any]) -> dict[str, Any]:
    """Run the function of a series on the first rows alone, and with later rows replaced.

    Args:
        settings: `series.NAME` of params.yaml, with the key `prepare`; `make` accepts them.

    Returns:
        As `compare`.
    """
    prepare, target = settings["prepare"], settings["target"]
    function, frame, failed = preparing.opened(prepare, settings["source"], settings.get("time"), settings.get("zone"))
    columns = list(dict.fromkeys([*(settings.get("features") or []), target]))
    return compare(prepare, lambda rows: preparing.run(prepare, function, rows, failed), frame, columns)


def compare(prepare: str, function: Function, frame: pd.DataFrame, columns: list[str]) -> dict[str, Any]:
    """Run a function on the first rows of a frame alone, and with later rows replaced.

    Args:
        prepare: name of the function.
        function: from frame to frame.
        frame: float64 columns.
        columns: columns of the result that count.

    Returns:
        `function` (its name), `columns`, `prefixes` and `replacements` (runs), `cells` compared, and `found`: a line
        for each of at most five columns, with the first row found whose cell depends on later rows.
    """
    whole = preparing.numbers(prepare, function(frame.copy()), columns)
    low, width = replacing.ranges(frame.to_numpy())
    near = _NEAR * replacing.ranges(whole)[1]
    counts = {"prefixes": 0, "replacements": 0, "cells": 0}
    refused: list[str] = []

    def differing(t: int, kind: str) -> tuple[np.ndarray, np.ndarray] | None:
        """Return what the function makes of the first t rows, and which of its cells are others."""
        given = frame.iloc[:t].copy()
        if kind == "replacements":
            given = frame.copy()
            rng = np.random.default_rng([_SEED, t])
            given.iloc[t:] = replacing.draw_others(frame.to_numpy()[t:], low, width, rng)
        try:
            rows = preparing.numbers(prepare, function(given), columns)[:t]
        except UserError as error:  # the function may need more rows
            refused.append(str(error))
            return None
        counts[kind] += 1
        counts["cells"] += rows.size
        return rows, ~((np.abs(rows - whole[:t]) <= near) | (np.isnan(rows) & np.isnan(whole[:t])))

    found: dict[int, _Ahead] = {}
    for t in _lengths(frame):
        for kind in ("prefixes", "replacements"):
            if (compared := differing(t, kind)) is not None:
                for column in np.flatnonzero(compared[1].any(axis=0)).tolist():
                    row = int(np.argmax(compared[1][:, column]))
                    if column not in found or row < found[column].row:
                        found[column] = _Ahead(row, kind, compared[0][row, column])
    lines = []
    for column in sorted(found)[:_MOST]:
        ahead = _earliest(found[column], column, differing)
        when = f" ({frame.index[ahead.row]})" if hasattr(frame.index, "tz") else ""
        without = "without the rows after it" if ahead.kind == "prefixes" else "with other rows after it"
        lines.append(
            f"{columns[column]}: row {ahead.row}{when} is {whole[ahead.row, column]:.6g} with all rows, "
            f"{ahead.short:.6g} {without}"
        )
    if not counts["prefixes"] + counts["replacements"]:
        lines = [f"the function fails on every part of the rows: {refused[0]}" if refused else "one row is too few"]
    return {"function": prepare, "columns": columns, **counts, "found": lines}


def _earliest(
    ahead: _Ahead, column: int, differing: Callable[[int, str], tuple[np.ndarray, np.ndarray] | None]
) -> _Ahead:
    """Look for an earlier row of the column that changes with the rows after it, by bisection."""
    low, high = -1, ahead.row
    while high - low > 1:
        row = (low + high) // 2
        compared = differing(row + 1, ahead.kind)
        if compared is not None and compared[1][:, column].any():
            high = int(np.argmax(compared[1][:, column]))
            ahead = _Ahead(high, ahead.kind, compared[0][high, column])
        else:
            low = row
    return ahead


def _lengths(frame: pd.DataFrame) -> list[int]:
    """Return how many first rows are kept in each run, ascending; some end inside an early gap."""
    count = len(frame)
    tried = max(4, min(_LENGTHS, _ROWS // max(count, 1)))
    missing = frame.isna().to_numpy()
    starts = np.flatnonzero((np.diff(missing, axis=0, prepend=False) & missing).any(axis=1))
    chosen = [
        np.array([1, 2]),
        starts[: tried // 3] + 1,
        np.geomspace(1, count, tried // 2),
        np.linspace(1, count, tried // 2),
    ]
    return [int(t) for t in np.unique(np.concatenate(chosen).astype(np.int64)) if 1 <= t < count]
