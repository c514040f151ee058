"""The check that a function of the user's never looks ahead.

It is that of freqtrade's lookahead analysis: the function runs on the first rows alone, and again with all later rows
replaced. What it makes for the first rows stays the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pipeline.common.errors import UserError, harmless
from pipeline.series import preparing, replacing
from pipeline.series.preparing import Part

if TYPE_CHECKING:
    import pandas as pd

    from pipeline.series.preparing import Function

# In data/raw/SERIES/ (docs/files.md).
FILE = "prepare.json"
_SEED = 11
# Lengths that are tried, fewer where the rows of all runs would be more, and the columns that are reported.
_LENGTHS, _ROWS, _MOST = 24, 5_000_000, 5
# Ids at equal distances that are tried.
_EVEN = 4
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
        As `compare`; with ids as `compare_ids`.
    """
    prepare, target = settings["prepare"], settings["target"]
    id, time, zone = (settings.get(key) for key in ("id", "time", "zone"))
    given = preparing.opened(prepare, settings["source"], id, time, zone)
    columns = list(dict.fromkeys([*(settings.get("features") or []), target]))

    def function(rows: pd.DataFrame) -> pd.DataFrame:
        return preparing.run(prepare, given.function, rows, given.failed)

    frame = given.parts[0].frame
    if target in given.failed and preparing.is_of_file(target, function(frame), given.failed):
        columns.remove(target)
    if given.ids is None:
        return compare(prepare, function, frame, columns)
    return compare_ids(prepare, function, given.parts, columns)


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
    return _record(prepare, columns, [_compared(prepare, function, Part("", frame), columns, _ROWS)])


def compare_ids(prepare: str, function: Function, parts: list[Part], columns: list[str]) -> dict[str, Any]:
    """Run a function on the first rows of some ids alone, and with later rows of the id replaced.

    Args:
        prepare: name of the function.
        function: from the frame of one id to a frame.
        parts: the rows of each id.
        columns: columns of the result that count.

    Returns:
        As `compare`, over all ids that ran; a line names the first of them that gives a column away, and counts the
        rows of that id. Also `ids`: these ids, each with the name of its column.
    """
    chosen = _chosen(parts)
    compared = [_compared(prepare, function, part, columns, _ROWS // len(chosen)) for part in chosen]
    return _record(prepare, columns, compared) | {"ids": [part.who for part in chosen]}


class _Compared(NamedTuple):
    """The runs on the rows of one series or id."""

    counts: dict[str, int]
    found: dict[int, str]  # a line by the number of its column
    failed: str | None  # why nothing ran


def _record(prepare: str, columns: list[str], compared: list[_Compared]) -> dict[str, Any]:
    """Return all runs as one record, with the first line of each column."""
    found: dict[int, str] = {}
    for each in compared:
        found = each.found | found
    failed = [each.failed for each in compared if each.failed is not None]
    counts = {key: sum(each.counts[key] for each in compared) for key in ("prefixes", "replacements", "cells")}
    lines = [*failed[:1], *(found[column] for column in sorted(found))][:_MOST]
    return {"function": prepare, "columns": columns, **counts, "found": lines}


def _chosen(parts: list[Part]) -> list[Part]:
    """Return the ids to run: the longest, the one with the most gaps that end, and up to four at equal distances."""
    several = [part for part in parts if len(part.frame) > 1] or parts
    numbers = range(len(several))
    longest = max(numbers, key=lambda number: len(several[number].frame))
    gaps = max(numbers, key=lambda number: _gaps(several[number].frame))
    even = np.linspace(0, len(several) - 1, min(_EVEN, len(several))).round().astype(int).tolist()
    return [several[number] for number in sorted({longest, gaps, *even})]


def _gaps(frame: pd.DataFrame) -> int:
    """Return the number of missing cells before a cell with a value: a backward fill is seen nowhere else."""
    missing = frame.isna().to_numpy()
    return int((missing[:-1] & ~missing[1:]).sum())


def _compared(prepare: str, function: Function, part: Part, columns: list[str], most: int) -> _Compared:
    """Run a function on first rows alone, and with later rows replaced, on `most` rows in all or four times each."""
    frame = part.frame
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
    for t in _lengths(frame, most):
        for kind in ("prefixes", "replacements"):
            if (compared := differing(t, kind)) is not None:
                for column in np.flatnonzero(compared[1].any(axis=0)).tolist():
                    row = int(np.argmax(compared[1][:, column]))
                    if column not in found or row < found[column].row:
                        found[column] = _Ahead(row, kind, compared[0][row, column])
    lines = {}
    for column in sorted(found)[:_MOST]:
        ahead = _earliest(found[column], column, differing)
        lines[column] = f"{columns[column]}: {_line(part, ahead, whole[ahead.row, column])}"
    failed = None
    if not counts["prefixes"] + counts["replacements"]:
        of = f" of {harmless(part.who)}" if part.who else ""
        failed = f"the function fails on every part of the rows{of}: {refused[0]}" if refused else "one row is too few"
    return _Compared(counts, lines, failed)


def _line(part: Part, ahead: _Ahead, whole: float) -> str:
    """Return the row of a cell, the cell with all rows, and without the later ones."""
    of = f"{harmless(part.who)}, " if part.who else ""
    when = f" ({part.frame.index[ahead.row]})" if hasattr(part.frame.index, "tz") else ""
    without = "without the rows after it" if ahead.kind == "prefixes" else "with other rows after it"
    return f"{of}row {ahead.row}{when} is {whole:.6g} with all rows, {ahead.short:.6g} {without}"


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


def _lengths(frame: pd.DataFrame, most: int) -> list[int]:
    """Return how many first rows are kept in each run, ascending; some end inside an early gap."""
    count = len(frame)
    tried = max(4, min(_LENGTHS, most // max(count, 1)))
    missing = frame.isna().to_numpy()
    starts = np.flatnonzero((np.diff(missing, axis=0, prepend=False) & missing).any(axis=1))
    chosen = [
        np.array([1, 2]),
        starts[: tried // 3] + 1,
        np.geomspace(1, count, tried // 2),
        np.linspace(1, count, tried // 2),
    ]
    return [int(t) for t in np.unique(np.concatenate(chosen).astype(np.int64)) if 1 <= t < count]
