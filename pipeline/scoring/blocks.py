"""A later block of the training windows to choose settings on, where there is no validation part."""

from __future__ import annotations

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
