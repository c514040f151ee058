"""Prefix: what a step makes of the first t rows equals the first t rows of what it makes of all.

A step that looks ahead, by a centred average or by filling from the next row, makes something else of a row when the
rows after it are not there yet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.dataset import windowing
from pipeline.leakage.proof import Proof, judged
from pipeline.series import reading

_LENGTHS = 64
_CELLS = 200_000_000  # in all prefixes of a part: about a second of comparing
_SOURCE_ROWS = 200_000  # the longest prefix that a generator is asked for
_SOURCE_LENGTHS = 24


class _Compared(NamedTuple):
    prefixes: int
    cells: int
    found: list[str]


def lengths(rows: np.ndarray, most: int = _LENGTHS) -> list[int]:
    """How many rows to try: 1, 2, all, those around missing cells, and others spread over the rows; ascending.

    Args:
        rows: float64 [rows, columns].
        most: about how many; fewer where the prefixes together would have more than 200 million cells.
    """
    count = len(rows)
    spread = max(4, min(most, 2 * _CELLS // max(rows.size, 1)))
    gaps = np.isnan(rows).any(axis=1)
    edges = np.flatnonzero(np.diff(gaps, prepend=False, append=False))
    # Evenly spaced ones of the edges, so that long gaps at the end count as well.
    edges = edges[np.unique(np.linspace(0, len(edges) - 1, min(len(edges), 8)).astype(int))] if len(edges) else edges
    near = (edges[:, None] + [0, 1, 2]).ravel()
    chosen = [[1, 2, count], near, np.geomspace(1, count, spread // 4), np.linspace(1, count, spread - spread // 4)]
    return [int(t) for t in np.unique(np.concatenate(chosen).astype(np.int64)) if 1 <= t <= count]


def check(
    steps: dict[str, Callable[[np.ndarray], np.ndarray]],
    rows: np.ndarray,
    lengths: Sequence[int],
    fold: int | None = None,
    about: str = "Each step on the first t rows, for several t, equals the first t rows of it on all.",
) -> Proof:
    """Whether steps look ahead.

    Args:
        steps: by name; each takes float64 [t, columns] and gives [t, some columns].
        rows: float64 [rows, columns].
        lengths: every t, 1 to rows.

    Returns:
        The proof `prefix`. Missing cells are equal to missing cells.
    """
    made = [_step(what, step, rows, lengths) for what, step in steps.items()]
    return _proof(made, fold, about)


def dataset_proof(p: dict[str, Any], name: str, fold: int) -> Proof:
    """Filling of missing cells in every part of one fold, and the source where it is a generator told how many rows."""
    settings = p["datasets"][name]
    fold_of = files.read_json(files.SPLIT / name / "split.json")["folds"][fold]
    made = []
    for kind in ("train", "validation", "test"):
        if fold_of[kind] is None:
            continue
        root = files.TEST / name if kind == "test" else files.fold_folder(files.SPLIT, name, fold)
        rows = files.read_array(root / (f"fold{fold}.npy" if kind == "test" else f"{kind}.npy"))
        cleaned = _cleaned(fold_of[kind]["intervals"], settings["window"]["missing"])
        made.append(_step(f"cleaning of {kind}", cleaned, rows, lengths(rows)))
    source = _source(settings["series"], p["series"][settings["series"]])
    about = "Cleaning the first t rows of each part, for up to 100 t, gives the first t rows of cleaning all"
    if source is None:
        about += "; what was done to the series before it came here cannot be checked."
    else:
        made.append(source)
        about += (
            f", and the generator asked for t rows, for several t up to {_SOURCE_ROWS:,}, makes the first t of those "
            "that are stored."
        )
    return _proof(made, fold, about)


def _cleaned(intervals: list[tuple[int, int]], missing: str) -> Callable[[np.ndarray], np.ndarray]:
    """Cleaning of the first rows of a part, however many."""

    def step(rows: np.ndarray) -> np.ndarray:
        left, some = len(rows), []
        for a, b in intervals:
            some.append((a, min(b, a + left)))
            left -= some[-1][1] - a
            if not left:
                break
        return windowing.clean(rows, some, missing)

    return step


def _source(name: str, settings: dict[str, Any]) -> _Compared | None:
    """The rows that were stored against those of shorter series by the same generator; None for other sources."""
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


def _step(what: str, step: Callable[[np.ndarray], np.ndarray], rows: np.ndarray, lengths: Sequence[int]) -> _Compared:
    def make(t: int) -> np.ndarray:
        # Rows that can be written are copied: a step that works in place would change those that it is compared with.
        return step(np.array(rows[:t]) if rows.flags.writeable else rows[:t])

    return _compare(what, make, make(len(rows)), lengths)


def _compare(
    what: str, make: Callable[[int], np.ndarray | None], whole: np.ndarray, lengths: Sequence[int]
) -> _Compared:
    """What `make` gives for each t beside the first t rows of `whole`; the first difference alone is told."""
    prefixes = cells = 0
    found: list[str] = []
    for t in lengths:
        made = make(t)
        if made is None:
            continue
        prefixes, cells = prefixes + 1, cells + made.size
        expected = whole[:t]
        if made.shape != expected.shape:
            found.append(f"{what}: {len(made)} rows of the first {t}, {len(expected)} of all")
            break
        if _same_memory(made, expected):
            continue
        different = ~((made == expected) | (np.isnan(made) & np.isnan(expected)))
        if different.any():
            row, *column = (int(i) for i in np.argwhere(different)[0])
            at = (row, *column)
            found.append(
                f"{what}: row {row}{f', column {column[0]}' if column else ''} is {made[at]:.6g} by the first {t} "
                f"rows, {expected[at]:.6g} by all"
            )
            break
    return _Compared(prefixes, cells, found)


def _same_memory(one: np.ndarray, other: np.ndarray) -> bool:
    """A step that hands back the very rows, which it could not write, changed nothing: there is nothing to compare."""
    return one.__array_interface__["data"] == other.__array_interface__["data"] and one.strides == other.strides


def _proof(made: list[_Compared], fold: int | None, about: str) -> Proof:
    compared = {"prefixes": sum(one.prefixes for one in made), "cells": sum(one.cells for one in made)}
    return judged("prefix", fold, compared, [line for one in made for line in one.found], about)
