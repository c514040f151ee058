"""Other numbers in place of those that must not count, in the range of their columns."""

from __future__ import annotations

import numpy as np


def ranges(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Smallest value of each column and the range of its values, both float64 [columns].

    Of a column of missing cells the smallest value is 0; the range of a column of one value is that value, or 1.
    """
    low, high = np.fmin.reduce(rows, axis=0), np.fmax.reduce(rows, axis=0)
    low = np.where(np.isnan(low), 0.0, low)
    return low, np.where(high > low, high - low, np.maximum(np.abs(low), 1.0))


def others(old: np.ndarray, low: np.ndarray, width: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A number other than the old one for every cell, float64 [rows, columns].

    They lie between the middle of the column's range and half a range above it, so that extremes and means move.
    """
    new = low + width * rng.uniform(0.5, 1.5, old.shape)
    return np.where(new == old, new + width, new)
