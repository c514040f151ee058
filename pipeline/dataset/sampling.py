"""Evenly spaced windows: what is looked at where not all of them need to be."""

from __future__ import annotations

import numpy as np


def evenly(count: int, most: int) -> np.ndarray:
    """At most `most` of `count` indices, evenly spaced, first and last one included: int [min(count, most)], rising."""
    if count <= most:
        return np.arange(count)
    return np.linspace(0, count - 1, max(most, 1)).astype(int)
