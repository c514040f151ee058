"""Duplicates: windows of two parts with equal inputs. All are found, in time that grows with the number of rows.

Windows whose rows are all equal, or all missing, are counted separately: a sensor that stands still, or a gap in the
record, makes equal windows that mean nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline import dataset
from pipeline.dataset import equal_windows
from pipeline.leakage.proof import MOST, Proof, judge

_ABOUT = (
    "Windows of two parts with equal inputs in every cell, found by a rolling hash and then compared. Windows whose "
    "rows are all equal or all missing are counted separately and never fail."
)

Parts = dict[str, tuple[np.ndarray, np.ndarray]]


def check(
    parts: Parts,
    length: int,
    declared: bool,
    fold: int | None = None,
    first_rows: dict[str, np.ndarray] | None = None,
    name: str = "NAME",
) -> Proof:
    """Count the pairs of windows with equal inputs on two sides of a split.

    Args:
        parts: per part its inputs, float64 [rows, features], and the starts of its windows, int64 [windows]. Windows
            that reach beyond the rows are left out: `intervals` reports them.
        length: rows of a window.
        declared: whether the dataset declares that such pairs are expected.
        fold: number of the fold.
        first_rows: per part the series row of each of its rows, for `found`; its own row numbers if None.
        name: name of the dataset, for `found`.

    Returns:
        The proof `duplicates`: informative instead of fail where they are declared, and where all of them are windows
        whose rows are all equal. Two missing cells are equal.
    """
    parts = {
        kind: (rows, starts[(starts >= 0) & (starts + length <= len(rows))]) for kind, (rows, starts) in parts.items()
    }
    varying, constant = _equal(parts, length)
    pairs, constant_pairs = (sum(map(_pairs, groups)) for groups in (varying, constant))
    fails = bool(pairs) and not declared
    found = [f"declare `datasets.{name}.duplicates: informative` if equal windows are expected"] if fails else []

    def shown(side: int, index: int) -> str:
        kind = list(parts)[side]
        start = int(parts[kind][1][index])
        row = int(first_rows[kind][start]) if first_rows else start
        return f"rows [{row}, {row + length}) of {kind}"

    for group in [*varying, *constant][:MOST]:
        sides, first = np.unique(group[:, 0], return_index=True)
        found.append(" and ".join(shown(side, group[at, 1]) for side, at in zip(sides, first, strict=True)))
    windows = sum(len(starts) for _, starts in parts.values())
    compared = {"windows": windows, "equal_pairs": pairs, "constant_pairs": constant_pairs}
    return judge("duplicates", fold, compared, found, _ABOUT, "fail" if fails else "informative")


def prove(p: dict[str, Any], name: str, fold: int, parts: dict[str, dataset.Part]) -> Proof:
    """Apply `check` to the cleaned features of one fold, before scaling."""
    settings = p["datasets"][name]
    declared = settings.get("duplicates") == "informative" or settings["split"].get("identical") == "by_position"
    spec = parts["train"].spec
    positions = [spec.columns.index(n) for n in spec.features]
    inputs = {kind: (part.rows[:, positions], part.table["start"]) for kind, part in parts.items()}
    first_rows = {kind: part.spec.first_rows for kind, part in parts.items()}
    return check(inputs, spec.length, declared, fold, first_rows, name)


def _equal(parts: Parts, length: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Find the groups of equal windows of more than one part, sorted by their first member.

    Returns:
        Part and index of each member, int64 [members, 2] per group: first the groups whose rows vary, then those whose
        rows are all equal or all missing.
    """
    hashes = [equal_windows.hashes(rows, starts, length) for rows, starts in parts.values()]
    joined = np.concatenate(hashes)
    sides = np.repeat(np.arange(len(parts)), [len(h) for h in hashes])
    indices = np.concatenate([np.arange(len(h)) for h in hashes])
    order = np.argsort(joined, kind="stable")
    varying: list[np.ndarray] = []
    constant: list[np.ndarray] = []
    if len(order):
        heads = np.flatnonzero(np.concatenate([[True], np.diff(joined[order]) != 0]))
        several = np.minimum.reduceat(sides[order], heads) < np.maximum.reduceat(sides[order], heads)
        tails = np.append(heads[1:], len(order))
        groups = equal_windows.verified(parts, length, order, heads[several], tails[several], sides, indices)
        for members in sorted((np.sort(group) for group in groups), key=lambda group: int(group[0])):
            if len(np.unique(sides[members])) > 1:
                cells = equal_windows.contents(parts, length, members[:1], sides, indices).reshape(length, -1)
                kept = constant if _constant(cells) else varying
                kept.append(np.column_stack([sides[members], indices[members]]))
    return varying, constant


def _pairs(group: np.ndarray) -> int:
    """Count the pairs of members of two different parts."""
    counts = np.bincount(group[:, 0])
    return (int(counts.sum()) ** 2 - int((counts**2).sum())) // 2


def _constant(cells: np.ndarray) -> bool:
    """Return whether a window [length, features] has several, all equal, rows or only missing cells."""
    absent = np.isnan(cells)
    return bool(absent.all() or (len(cells) > 1 and ((cells == cells[0]) | (absent & absent[0])).all()))
