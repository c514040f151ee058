"""Which windows are independent of one another: those of different ids or sequences."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.scoring.long_run import FEWEST


def of(rows: np.ndarray, about: dict[str, Any]) -> np.ndarray | None:
    """Return the number of each window's id or sequence, whole ones of which are resampled; None for blocks of windows.

    Args:
        rows: `[windows]`, series row of each window.
        about: `sequence_length`, and `ids` of a series that has some: `starts`, the first row of each id, and `whole`,
            whether the split puts each id on one side. Where it does, the question is about other ids, and fewer than
            five of them answer nothing. Where all ids are divided by time and are fewer than five, blocks of windows
            are resampled, as of a single series: the answer holds for these ids.
    """
    length, ids = about["sequence_length"], about.get("ids")
    if length:
        return np.asarray(rows) // length
    if not ids:
        return None
    number = np.searchsorted(ids["starts"], rows, side="right") - 1
    several = len(np.unique(number)) >= FEWEST
    return np.asarray(number) if several or ids["whole"] else None


def unit(groups: np.ndarray | None, about: dict[str, Any]) -> str:
    """Return what is resampled: `window`, `sequence` or `id`; arguments are the output and an argument of `of`."""
    if groups is None:
        return "window"
    return "sequence" if about["sequence_length"] else "id"
