"""Rows and windows that are there more than once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.dataset.equal_windows import hashes as window_hashes
from pipeline.dataset.equal_windows import verified

if TYPE_CHECKING:
    from pipeline.dataset import Part


def duplicates(train: Part) -> dict[str, float]:
    """Training windows whose inputs equal another one's in every cell; those that hold one value throughout do not
    count.

    Returns:
        `share`: of the training windows; `conflicting`: of those, the share with an equal one of another target.
    """
    spec, begin = train.spec, train.table["start"]
    rows = np.asarray(train.rows)[:, [spec.columns.index(name) for name in spec.features]].astype(float)
    hashes = window_hashes(rows, begin, spec.length)
    varied = np.flatnonzero(~_still(rows, begin, spec.length))
    ranked = varied[np.argsort(hashes[varied], kind="stable")]
    if len(ranked) < 2:
        return {"share": 0.0, "conflicting": 0.0}
    heads = np.flatnonzero(np.concatenate([[True], np.diff(hashes[ranked]) != 0]))
    tails = np.append(heads[1:], len(ranked))
    several = tails - heads > 1
    truth = train.raw_targets()
    everywhere = np.arange(len(begin))
    groups = verified(
        {"train": (rows, begin)},
        spec.length,
        ranked,
        heads[several],
        tails[several],
        np.zeros(len(begin), dtype=int),
        everywhere,
    )
    groups = [group for group in groups if len(group) > 1]
    equal = sum(len(group) for group in groups)
    conflicting = sum(len(group) for group in groups if (truth[group] != truth[group[0]]).any())
    return {"share": equal / len(begin), "conflicting": conflicting / equal if equal else 0.0}


def _still(rows: np.ndarray, begin: np.ndarray, length: int) -> np.ndarray:
    """Which windows hold one row throughout, or nothing but missing cells: bool [windows]."""
    absent = np.isnan(rows)
    empty = np.concatenate([[0], np.cumsum(absent.all(axis=1))])
    if length == 1:
        return empty[begin + length] - empty[begin] == length
    moved = np.zeros(len(rows) + 1, dtype=int)
    moved[2:] = np.cumsum(~repeats(rows)[1:])
    return moved[begin + length] == moved[begin + 1]


def repeats(rows: np.ndarray) -> np.ndarray:
    """Which rows equal the one before in every column: bool [rows]; two missing cells are equal."""
    absent = np.isnan(rows)
    found = np.zeros(len(rows), dtype=bool)
    found[1:] = ((rows[1:] == rows[:-1]) | (absent[1:] & absent[:-1])).all(axis=1)
    return found
