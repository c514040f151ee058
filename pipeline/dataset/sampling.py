"""Evenly spaced samples."""

from __future__ import annotations

import numpy as np


def evenly(count: int, most: int) -> np.ndarray:
    """Return at most `most` of `count` indices, evenly spaced, with the first and the last: int [min(count, most)]."""
    if count <= most:
        return np.arange(count)
    return np.linspace(0, count - 1, max(most, 1)).astype(int)
