"""Rows of padding before a sequence: cells are NaN in the files of the parts, and 0 in what a network sees."""

from __future__ import annotations

from typing import Any

import numpy as np


def rows(part: dict[str, Any]) -> np.ndarray | None:
    """Return which rows of a part's file are padding: bool [rows]; None where no sequence of the dataset has any.

    Args:
        part: `intervals` and, where there is some, `padding` from split.json.
    """
    if not part.get("padding"):
        return None
    lengths = [stop - start for start, stop in part["intervals"]]
    found = np.zeros(sum(lengths), dtype=bool)
    for start, count in zip(np.cumsum([0, *lengths[:-1]]), part["padding"], strict=True):
        found[start : start + count] = True
    return found


def present(folds: list[dict[str, Any]]) -> bool:
    """Return whether any sequence in any part of the folds of split.json begins with padding."""
    parts = (part for fold in folds for part in fold.values() if part)
    return any(any(part.get("padding") or ()) for part in parts)


def mean(values: np.ndarray, axis: int) -> np.ndarray:
    """Return the mean of the cells that are not missing; NaN where there is none."""
    known = ~np.isnan(values)
    total = np.where(known, values, 0.0).sum(axis=axis)
    # A cell of infinity stands for one that is not known (`unknown`).
    average = np.where(known.any(axis=axis), total / np.maximum(known.sum(axis=axis), 1), np.nan)
    return np.where(np.isinf(average), np.nan, average)


def spread(values: np.ndarray, axis: int) -> np.ndarray:
    """Return the standard deviation of the cells that are not missing; NaN where there is none."""
    return np.sqrt(mean((values - np.expand_dims(mean(values, axis), axis)) ** 2, axis))


def unknown(values: np.ndarray, padded: np.ndarray | None) -> np.ndarray:
    """Return values in which a missing cell that is no padding makes the mean of its sequence missing.

    Args:
        values: float64 [rows, 1].
        padded: bool [rows], which rows are padding; None where there is none, and nothing has to be done.
    """
    return values if padded is None else np.where(np.isnan(values) & ~padded[:, None], np.inf, values)


def filled(scaled: np.ndarray, padded: np.ndarray) -> np.ndarray:
    """Return scaled rows whose padding is 0 in every feature, which no other row is.

    A network without a mask sees the mean of the training rows in padding; a Masking layer of the value 0 skips padding
    and nothing else, because every other row of zeros gets the smallest number that float32 keeps with all its digits.

    Args:
        scaled: float32 [rows, features].
        padded: bool [rows].
    """
    made = np.where(padded[:, None], np.float32(0), scaled)
    made[~padded & (made == 0).all(axis=1)] = np.finfo(np.float32).tiny
    return made
