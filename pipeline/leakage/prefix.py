"""Prefix: a step applied to the first t rows gives the first t rows of its result for all rows.

A step that looks ahead, by a centred average or by filling from the next row, gives another result for a row when the
rows after it do not exist yet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.dataset import windowing
from pipeline.dataset.sampling import evenly
from pipeline.leakage.proof import Proof, judge
from pipeline.series import reading

_LENGTHS = 64
_CELLS = 200_000_000  # in all prefixes of a part: compared in about a second
_SOURCE_ROWS = 200_000  # longest prefix that a generator is run for
_SOURCE_LENGTHS = 24


class _Compared(NamedTuple):
    prefixes: int
    cells: int
    found: list[str]


def lengths(rows: np.ndarray, most: int = _LENGTHS) -> list[int]:
    """Choose the lengths of prefixes: 1, 2, all, those around missing cells, and others over all rows; ascending.

    Args:
        rows: float64 [rows, columns].
        most: about how many; fewer where the prefixes together would have more than 200 million cells.
    """
    count = len(rows)
    tried = max(4, min(most, 2 * _CELLS // max(rows.size, 1)))
    gaps = np.isnan(rows).any(axis=1)
    edges = np.flatnonzero(np.diff(gaps, prepend=False, append=False))
    # Evenly spaced among the edges, so that gaps near the end are included.
    near = (edges[evenly(len(edges), 8)][:, None] + [0, 1, 2]).ravel()
    chosen = [[1, 2, count], near, np.geomspace(1, count, tried // 4), np.linspace(1, count, tried - tried // 4)]
    return [int(t) for t in np.unique(np.concatenate(chosen).astype(np.int64)) if 1 <= t <= count]


def check(
    steps: dict[str, Callable[[np.ndarray], np.ndarray]],
    rows: np.ndarray,
    lengths: Sequence[int],
    fold: int | None = None,
    about: str = "Each step applied to the first t rows, for several t, gives the first t rows of its result for all.",
) -> Proof:
    """Check whether steps look ahead.

    Args:
        steps: by name; each maps float64 [t, columns] to [t, some columns].
        rows: float64 [rows, columns].
        lengths: every t, 1 to rows.
        fold: number of the fold.
        about: one sentence on the check.

    Returns:
        The proof `prefix`. Missing cells are equal to missing cells.
    """
    compared = [_compare_step(what, step, rows, lengths) for what, step in steps.items()]
    return _judge(compared, fold, about)


def prove(p: dict[str, Any], name: str, fold: int) -> Proof:
    """Check the filling of missing cells in every part of one fold, and a generator whose number of rows is set."""
    settings = p["datasets"][name]
    parts = files.read_json(files.SPLIT / name / "split.json")["folds"][fold]
    compared = []
    for kind in ("train", "validation", "test"):
        if parts[kind] is None:
            continue
        rows = files.read_array(files.part_file(name, fold, kind))
        cleaned = _cleaner(parts[kind]["intervals"], settings["window"]["missing"])
        compared.append(_compare_step(f"cleaning of {kind}", cleaned, rows, lengths(rows)))
    source = _compare_source(settings["series"], p["series"][settings["series"]])
    about = "Cleaning the first t rows of each part, for up to 100 t, gives the first t rows of cleaning all"
    if source is None:
        about += "; earlier processing of the series cannot be checked."
    else:
        compared.append(source)
        about += f". The generator run for t rows, for several t up to {_SOURCE_ROWS:,}, gives the first t stored rows."
    return _judge(compared, fold, about)


def _cleaner(intervals: list[tuple[int, int]], missing: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function that cleans any number of a part's first rows."""

    def step(rows: np.ndarray) -> np.ndarray:
        left, some = len(rows), []
        for a, b in intervals:
            some.append((a, min(b, a + left)))
            left -= some[-1][1] - a
            if not left:
                break
        return windowing.clean(rows, some, missing)

    return step


def _compare_source(name: str, settings: dict[str, Any]) -> _Compared | None:
    """Compare the stored rows with shorter series by the same generator; None for other sources."""
    if settings.get("rows") is None:
        return None
    stored = files.read_array(files.RAW / name / "rows.npy")
    tried = [t for t in lengths(stored[:_SOURCE_ROWS], _SOURCE_LENGTHS) if t >= 2]

    def make(t: int) -> np.ndarray | None:
        try:
            return reading.read(name, settings | {"rows": t}).rows
        except UserError:  # a series may be too short for its own settings
            return None

    return _compare("the generator", make, stored, tried)


def _compare_step(
    what: str, step: Callable[[np.ndarray], np.ndarray], rows: np.ndarray, lengths: Sequence[int]
) -> _Compared:
    def make(t: int) -> np.ndarray:
        # Writeable rows are copied: a step that works in place would change the rows that it is compared with.
        return step(np.array(rows[:t]) if rows.flags.writeable else rows[:t])

    return _compare(what, make, make(len(rows)), lengths)


def _compare(
    what: str, make: Callable[[int], np.ndarray | None], whole: np.ndarray, lengths: Sequence[int]
) -> _Compared:
    """Compare `make(t)` with the first t rows of `whole` for each t, up to the first difference."""
    prefixes = cells = 0
    found: list[str] = []
    for t in lengths:
        made = make(t)
        if made is None:
            continue
        prefixes, cells = prefixes + 1, cells + made.size
        expected = whole[:t]
        if made.shape != expected.shape:
            found.append(f"{what}: {len(made)} rows from the first {t}, {len(expected)} from all")
            break
        if _same_memory(made, expected):
            continue
        different = ~((made == expected) | (np.isnan(made) & np.isnan(expected)))
        if different.any():
            row, *column = (int(i) for i in np.argwhere(different)[0])
            at = (row, *column)
            found.append(
                f"{what}: row {row}{f', column {column[0]}' if column else ''} is {made[at]:.6g} from the first "
                f"{t} rows, {expected[at]:.6g} from all"
            )
            break
    return _Compared(prefixes, cells, found)


def _same_memory(a: np.ndarray, b: np.ndarray) -> bool:
    """Return whether a step returned its own rows. Being read-only, they are unchanged and need no comparison."""
    return a.__array_interface__["data"] == b.__array_interface__["data"] and a.strides == b.strides


def _judge(steps: list[_Compared], fold: int | None, about: str) -> Proof:
    compared = {"prefixes": sum(step.prefixes for step in steps), "cells": sum(step.cells for step in steps)}
    return judge("prefix", fold, compared, [line for step in steps for line in step.found], about)
