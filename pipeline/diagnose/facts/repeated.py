"""Rows and windows that occur more than once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.dataset.equal_windows import hashes as window_hashes
from pipeline.dataset.equal_windows import verified
from pipeline.dataset.scaling import covered

if TYPE_CHECKING:
    from pipeline.dataset import Part


@dataclass(frozen=True)
class Duplicates:
    """Training windows whose inputs equal another window's in every cell; constant windows do not count."""

    share: float  # of the training windows
    conflicting: float  # share of those that equal a window with another target
    distinct: int | None = None  # different rows among those in windows: a few make equal windows by themselves


def duplicates(train: Part) -> Duplicates:
    """Find equal training windows."""
    spec, start = train.spec, train.table["start"]
    rows = np.asarray(train.rows)[:, [spec.columns.index(name) for name in spec.features]].astype(float)
    hashes = window_hashes(rows, start, spec.length)
    different = len(np.unique(rows[covered(len(rows), start, spec.length)], axis=0))
    varied = np.flatnonzero(~_constant(rows, start, spec.length))
    ranked = varied[np.argsort(hashes[varied], kind="stable")]
    if len(ranked) < 2:
        return Duplicates(0.0, 0.0, different)
    heads = np.flatnonzero(np.concatenate([[True], np.diff(hashes[ranked]) != 0]))
    tails = np.append(heads[1:], len(ranked))
    several = tails - heads > 1
    truth = train.raw_targets()
    groups = verified(
        {"train": (rows, start)},
        spec.length,
        ranked,
        heads[several],
        tails[several],
        np.zeros(len(start), dtype=int),
        np.arange(len(start)),
    )
    groups = [group for group in groups if len(group) > 1]
    equal = sum(len(group) for group in groups)
    conflicting = sum(len(group) for group in groups if (truth[group] != truth[group[0]]).any())
    return Duplicates(equal / len(start), conflicting / equal if equal else 0.0, different)


def _constant(rows: np.ndarray, start: np.ndarray, length: int) -> np.ndarray:
    """Return which windows repeat one row throughout, or hold nothing but missing cells: bool [windows]."""
    absent = np.isnan(rows)
    empty = np.concatenate([[0], np.cumsum(absent.all(axis=1))])
    if length == 1:
        return empty[start + length] - empty[start] == length
    moved = np.zeros(len(rows) + 1, dtype=int)
    moved[2:] = np.cumsum(~repeats(rows)[1:])
    return moved[start + length] == moved[start + 1]


def repeats(rows: np.ndarray) -> np.ndarray:
    """Return which rows equal the row before in every column: bool [rows]; two missing cells are equal."""
    absent = np.isnan(rows)
    same = np.zeros(len(rows), dtype=bool)
    same[1:] = ((rows[1:] == rows[:-1]) | (absent[1:] & absent[:-1])).all(axis=1)
    return same
