"""Holdout: the last tenth of the training windows teaches a second training nothing.

Where there is no validation part, the diagnosis trains once more on the first nine tenths of the training windows and
judges the last tenth (`dataset.holdout`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline import dataset
from pipeline.dataset import holdout
from pipeline.leakage.proof import Proof, judge
from pipeline.series import replacing

_SEED = 9
_ABOUT = (
    "From the first target of the last tenth of the training windows on, all rows and targets were replaced. The "
    "inputs and targets of the earlier windows, scaled anew, stay the same to the bit."
)
# Windows whose inputs are compared at a time.
_SOME = 1024


def prove(fold: int, train: dataset.Part) -> Proof:
    """Divide the training windows twice, the second time with other later rows, and compare the earlier windows.

    Args:
        fold: number of the fold.
        train: its training part.

    Returns:
        The proof `holdout`. Each line of `found` names a window that changed.
    """
    early, late = holdout.last_tenth(train)
    other, _ = holdout.last_tenth(_replaced(train, late, np.random.default_rng([_SEED, fold])))
    if len(early) != len(other):
        return judge("holdout", fold, {"windows": len(early)}, [f"{len(early)} windows became {len(other)}"], _ABOUT)
    found = []
    for i in range(0, len(early), _SOME):
        some = np.arange(i, min(i + _SOME, len(early)))
        pairs = ((early.inputs(some), other.inputs(some)), (early.targets(some), other.targets(some)))
        changed = np.zeros(len(some), dtype=bool)
        for one, two in pairs:
            same = (one == two) | (np.isnan(one) & np.isnan(two))
            changed |= ~same.reshape(len(some), -1).all(axis=1)
        rows = np.asarray(early.table["row"])[some][changed]
        found += [f"the window with its first target in row {row} changed" for row in rows]
    return judge("holdout", fold, {"windows": len(early)}, found, _ABOUT)


def _replaced(train: dataset.Part, late: dataset.Part, random: np.random.Generator) -> dataset.Part:
    """Return the part with other values from the first target row of `late` on."""
    spec, targets = train.spec, np.asarray(late.table["row"])
    first = targets
    if spec.target["kind"] == "sequence_mean":  # a target made of its inputs
        first = np.asarray(spec.first_rows)[late.table["start"]]
    rows = np.array(train.rows)
    after = _from(spec, first, np.asarray(spec.first_rows))
    if spec.padding is not None:
        after &= ~spec.padding
    rows[after] = replacing.draw_others(rows[after], *replacing.ranges(rows), random)
    table = {name: np.array(column) for name, column in train.table.items()}
    held = _from(spec, targets, np.asarray(table["row"]))
    for name in table:
        if name.startswith("target_"):
            table[name][held] = (table[name][held] + 1) % train.spec.classes if train.spec.classes else rows.max() + 1
    return replace(train, rows=rows, raw=None if train.raw is None else rows, table=table)


def _from(spec: dataset.Spec, first: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Return which rows are at or after the first of `first`; where each id is divided, after the first of its own."""
    ids = None if spec.sequence_length or spec.whole_ids else spec.groups(first)
    if ids is None:
        return np.asarray(rows >= first.min())
    edges = np.full(len(spec.ids), np.iinfo(np.int64).max)
    np.minimum.at(edges, ids, first)
    return np.asarray(rows >= edges[spec.groups(rows)])
