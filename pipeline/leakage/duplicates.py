"""Duplicates: windows of two parts whose inputs are equal, all of them, in time that grows with the rows.

Windows whose rows are all alike, or all missing, are counted apart: a sensor that stands still, or a gap in the record,
makes equal windows that tell nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline import dataset
from pipeline.dataset import equal_windows
from pipeline.leakage.proof import MOST, Proof, judged


def check(
    parts: dict[str, tuple[np.ndarray, np.ndarray]],
    length: int,
    declared: bool,
    fold: int | None = None,
    first_rows: dict[str, np.ndarray] | None = None,
    name: str = "NAME",
) -> Proof:
    """Count the pairs of windows with equal inputs on two sides of a split.

    Args:
        parts: per part its inputs, float64 [rows, features], and the starts of its windows, int64 [windows]. Windows
            that reach beyond the rows are left out: `intervals` names them.
        length: rows of a window.
        declared: whether the dataset says that there are such pairs.
        fold: number of the fold.
        first_rows: per part the series row of each of its rows, for `found`; its own row numbers if None.
        name: the dataset, for `found`.

    Returns:
        The proof `duplicates`: informative instead of fail where they are declared, and where all of them are windows
        whose rows are alike. Two missing cells are equal.
    """
    parts = {
        kind: (rows, starts[(starts >= 0) & (starts + length <= len(rows))]) for kind, (rows, starts) in parts.items()
    }
    names = list(parts)
    hashes = [equal_windows.hashes(rows, starts, length) for rows, starts in parts.values()]
    every = np.concatenate(hashes)
    sides = np.repeat(np.arange(len(parts)), [len(h) for h in hashes])
    indices = np.concatenate([np.arange(len(h)) for h in hashes])
    order = np.argsort(every, kind="stable")
    pairs = constant_pairs = 0
    examples: list[np.ndarray] = []
    constants: list[np.ndarray] = []
    if len(order):
        heads = np.flatnonzero(np.concatenate([[True], np.diff(every[order]) != 0]))
        low = np.minimum.reduceat(sides[order], heads)
        high = np.maximum.reduceat(sides[order], heads)
        tails = np.append(heads[1:], len(order))
        wanted = low < high
        for members in equal_windows.verified(parts, length, order, heads[wanted], tails[wanted], sides, indices):
            counts = np.bincount(sides[members], minlength=len(parts))
            if np.count_nonzero(counts) > 1:
                some = (int(counts.sum()) ** 2 - int((counts**2).sum())) // 2
                if _constant(equal_windows.contents(parts, length, members[:1], sides, indices).reshape(length, -1)):
                    constant_pairs += some
                    constants.append(members)
                else:
                    pairs += some
                    examples.append(members)
    fails = bool(pairs) and not declared
    found = []
    if fails:
        found.append(f"declare `datasets.{name}.duplicates: informative` if equal windows are expected")
    for members in [*sorted(examples, key=np.min), *sorted(constants, key=np.min)][:MOST]:
        firsts = [int(members[sides[members] == side].min()) for side in np.unique(sides[members])]
        found.append(" and ".join(_shown(names[sides[m]], parts, int(indices[m]), length, first_rows) for m in firsts))
    about = (
        "Windows of two parts whose inputs are equal in every cell, by a rolling hash, and compared where it is equal; "
        "those whose rows are all alike or missing are counted apart and fail nothing."
    )
    compared = {"windows": len(every), "equal_pairs": pairs, "constant_pairs": constant_pairs}
    return judged("duplicates", fold, compared, found, about, "fail" if fails else "informative")


def dataset_proof(p: dict[str, Any], name: str, fold: int, parts: dict[str, dataset.Part]) -> Proof:
    """`check` on the cleaned features of one fold, before scaling."""
    settings = p["datasets"][name]
    declared = settings.get("duplicates") == "informative" or settings["split"].get("identical") == "by_position"
    spec = parts["train"].spec
    positions = [spec.columns.index(n) for n in spec.features]
    inputs = {kind: (part.rows[:, positions], part.table["start"]) for kind, part in parts.items()}
    return check(
        inputs, spec.length, declared, fold, {kind: part.spec.first_rows for kind, part in parts.items()}, name
    )


def _constant(cells: np.ndarray) -> bool:
    """Whether all rows of a window [length, features] are alike, which one row alone is not, or all cells missing."""
    absent = np.isnan(cells)
    return bool(absent.all() or (len(cells) > 1 and ((cells == cells[0]) | (absent & absent[0])).all()))


def _shown(
    name: str,
    parts: dict[str, tuple[np.ndarray, np.ndarray]],
    index: int,
    length: int,
    first_rows: dict[str, np.ndarray] | None,
) -> str:
    start = int(parts[name][1][index])
    row = int(first_rows[name][start]) if first_rows else start
    return f"rows [{row}, {row + length}) of {name}"
