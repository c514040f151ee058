"""Windows that are held out of a second training where there is no validation part."""

from __future__ import annotations

import dataclasses

import numpy as np

from pipeline.dataset import scaling
from pipeline.dataset.part import Part

# Share of the training windows that are held out; of few windows up to the second one, for so many independent ones.
_SHARE, _MOST, _LEAST = 0.1, 0.2, 10


def last_tenth(part: Part) -> tuple[Part, Part]:
    """Return the first nine tenths and the last tenth of the training windows, for a dataset without validation.

    The later piece is the last tenth of the windows (of the sequences, where they are independent), at least one. Of
    few windows it is up to a fifth, so that ten of them share no target row. The earlier piece holds the windows that
    end, targets included, before the first target row of the later piece: no target of the later piece is an input or a
    target of the earlier one, which may be empty. Both are scaled by what the earlier piece teaches. The thresholds of
    classes, which define the target, stay.
    """
    early, late = _divided(part)
    if not len(early):
        return early, late
    spec = part.spec
    positions = [spec.columns.index(feature) for feature in spec.features]
    windows = {"length": spec.length, "horizon": spec.horizon, "target": spec.target, "classes": spec.classes}
    rows = np.asarray(part.rows)
    center, scales, learned = scaling.learn_fold(rows[:, positions], part.truth(), early.table, windows, spec.scaling)
    target, change = learned["target"], learned["change"]
    own = dataclasses.replace(
        spec,
        target_center=target["center"] if target else 0.0,
        target_scale=target["scale"] if target else 1.0,
        change=(change["center"], change["scale"]) if change else None,
    )
    scaled = scaling.apply(rows, positions, center, scales, spec.scaling["window"])
    return (
        dataclasses.replace(early, spec=own, scaled=scaled),
        dataclasses.replace(late, spec=own, scaled=scaled),
    )


def _held(count: int, overlap: int) -> int:
    """Return how many of `count` windows are held out; `overlap` in a row share a target row."""
    return max(round(count * _SHARE), min(_LEAST * overlap, int(count * _MOST)), 1)


def _divided(part: Part) -> tuple[Part, Part]:
    spec = part.spec
    if spec.sequence_length:
        sequence = np.asarray(spec.first_rows)[part.table["start"]] // spec.sequence_length
        sequences = np.unique(sequence)
        cut = sequences[-_held(len(sequences), 1)]
        return part.subset(np.flatnonzero(sequence < cut)), part.subset(np.flatnonzero(sequence >= cut))
    count = len(part)
    cut = count - _held(count, -(-spec.target_rows // spec.stride["train"]))
    # Last row of each window and its targets, and first row of the later piece's targets, on the axis of time.
    last = np.asarray(spec.first_rows)[part.table["start"]] + spec.length - 1 + spec.horizon
    early = np.flatnonzero(last[:cut] < np.asarray(part.table["row"])[cut:].min())
    return part.subset(early), part.subset(np.arange(cut, count))
