"""Overlap: windows cut elsewhere that share rows with training windows which begin later.

Windows that overlap in time and are divided at random land on both sides: a training window then begins inside a test
window, and the rows after the test window's end, its target among them, are inputs of the training window.

    test window        x x x x y            the training window begins inside it, and holds its target y
    training window        x x y x

A training window that ends inside a test window is an earlier one, as on both sides of a cut in time, and is none.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline import dataset
from pipeline.dataset import equal_windows
from pipeline.leakage.proof import Proof, judge

_ABOUT = (
    "Windows of a later part whose last rows, half of them or more, are the first rows of a training window: that one "
    "begins later and holds their target. Rows of a few values that come again and again do not count."
)
_MOST_SHIFTS = 32


def check(
    parts: dict[str, tuple[np.ndarray, np.ndarray]],
    length: int,
    declared: bool,
    fold: int | None = None,
    name: str = "NAME",
) -> Proof:
    """Count the windows inside which a training window begins.

    Args:
        parts: per part, training first, its inputs, float64 [rows, features], and the starts of its windows.
        length: rows of a window.
        declared: whether the dataset declares that equal windows are expected.
        fold: number of the fold.
        name: name of the dataset, for `found`.
    """
    train, first = parts["train"]
    found, total, pairs = [], 0, 0
    for kind, (rows, starts) in parts.items():
        if kind == "train":
            continue
        shared = np.zeros(len(starts), dtype=bool)
        example: tuple[int, int, int] | None = None
        for shift in _shifts(length):
            at, of = _equal((train, first), (rows, starts + shift), length - shift)
            if len(at) and example is None:
                example = (int(at[0]), int(of[0]), shift)
            shared[at] = True
        total, pairs = total + len(starts), pairs + int(shared.sum())
        if example is not None:
            window, later, shift = example
            found.append(
                f"{int(shared.sum()):,} of {len(starts):,} {kind} windows hold the beginning of a training window; the "
                f"first is {kind} window {window}: training window {later} begins after {shift} of its {length} rows"
            )
    if found and not declared:
        found.append(f"divide by time, or declare `datasets.{name}.duplicates: informative` if rows repeat")
    compared = {"windows": total, "overlapping": pairs}
    return judge("overlap", fold, compared, found, _ABOUT, "informative" if declared else "fail")


def prove(p: dict[str, Any], name: str, fold: int, parts: dict[str, dataset.Part]) -> Proof:
    """Apply `check` to the features of one fold, before scaling."""
    spec = parts["train"].spec
    positions = [spec.columns.index(feature) for feature in spec.features]
    inputs = {kind: (part.rows[:, positions], part.table["start"]) for kind, part in parts.items()}
    return check(inputs, spec.length, p["datasets"][name]["duplicates"] == "informative", fold, name)


def _shifts(length: int) -> list[int]:
    """Return the rows by which a training window may begin later: up to half a window, two rows shared or more."""
    most = min(length // 2, length - 2)
    if most < 1:
        return []
    return sorted({int(shift) for shift in np.linspace(1, most, min(most, _MOST_SHIFTS)).round()})


def _equal(
    train: tuple[np.ndarray, np.ndarray], other: tuple[np.ndarray, np.ndarray], width: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return windows of the other part whose `width` rows equal those of a training window, and one such window each.

    Equal hashes are compared cell by cell. Where half of the rows or more repeat others of the stretch, equal stretches
    mean nothing, as in a signal of two levels.
    """
    hashes = [equal_windows.hashes(rows, starts, width) for rows, starts in (train, other)]
    order = np.argsort(hashes[0], kind="stable")
    place = np.searchsorted(hashes[0][order], hashes[1]).clip(0, len(order) - 1)
    candidates = np.flatnonzero(hashes[0][order[place]] == hashes[1])
    steps = np.arange(width)
    at, of = [], []
    for window in candidates:
        mine = other[0][other[1][window] + steps]
        member = int(order[place[window]])
        if np.array_equal(mine, train[0][train[1][member] + steps]) and 2 * len(np.unique(mine, axis=0)) > width:
            at.append(window)
            of.append(member)
    return np.array(at, dtype=int), np.array(of, dtype=int)
