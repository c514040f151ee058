"""Replacement values for cells that must not matter, in the range of their columns."""

from __future__ import annotations

import numpy as np


def ranges(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the smallest value of each column and the range of its values, both float64 [columns].

    For a column of missing cells the smallest value is 0. For a constant column the range is its absolute value, or 1.
    """
    low, high = np.fmin.reduce(rows, axis=0), np.fmax.reduce(rows, axis=0)
    low = np.where(np.isnan(low), 0.0, low)
    return low, np.where(high > low, high - low, np.maximum(np.abs(low), 1.0))


def draw_others(old: np.ndarray, low: np.ndarray, width: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw a new value for every cell, never equal to the old one: float64 [rows, columns].

    New values are between the middle of the column's range and half a range above it, so that extremes and means move.
    """
    new = low + width * rng.uniform(0.5, 1.5, old.shape)
    return np.where(new == old, new + width, new)


def draw_labels(old: np.ndarray, values: list[float], rng: np.random.Generator) -> np.ndarray:
    """Draw another of two or more labels for every cell of a column of labels: float64 [rows]."""
    known = np.asarray(values)
    at = np.searchsorted(known, np.nan_to_num(old)).clip(0, len(known) - 1)
    return known[(at + rng.integers(1, len(known), old.shape)) % len(known)]
