"""A later block of the training windows to choose settings on, where there is no validation part."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pipeline.dataset import Part


def blocks(train: Part) -> tuple[np.ndarray, np.ndarray]:
    """Divide the training windows into earlier ones to learn from and a later fifth to choose on.

    Earlier windows whose targets share a row with targets of the later ones are left out (purging, López de Prado
    2018).

    Returns:
        Indices of the windows of each side, in time order. Either may be empty.
    """
    rows = np.asarray(train.table["row"])
    order = np.argsort(rows, kind="stable")
    cut = len(rows) - len(rows) // 5
    early, late = order[:cut], order[cut:]
    if len(late):
        early = early[rows[early] + train.spec.target_rows <= rows[late[0]]]
    return early, late


def subset(part: Part, indices: np.ndarray) -> Part:
    """Return the part with only the windows `indices`; its rows stay as they are."""
    return dataclasses.replace(part, table={name: column[indices] for name, column in part.table.items()})
