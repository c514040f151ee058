"""Windows that are held out of a second training where there is no validation part."""

from __future__ import annotations

import dataclasses

import numpy as np

from pipeline.dataset import padding, scaling
from pipeline.dataset.part import Part

# Share of the training windows that are held out; of few windows up to the second one, for so many independent ones.
_SHARE, _MOST, _LEAST = 0.1, 0.2, 10


def last_tenth(part: Part) -> tuple[Part, Part]:
    """Return the first nine tenths and the last tenth of the training windows, for a dataset without validation.

    The later piece is the last tenth of the windows, at least one: of whole sequences, where they are independent; of
    whole ids, where the split holds some out; of the windows of each id, where all ids are split by time. Of
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
    given = (rows[:, positions], part.truth(), early.table, windows, spec.scaling)
    center, scales, learned = scaling.learn_fold(*given)
    target, change = learned["target"], learned["change"]
    own = dataclasses.replace(
        spec,
        target_center=target["center"] if target else 0.0,
        target_scale=target["scale"] if target else 1.0,
        change=(change["center"], change["scale"]) if change else None,
    )
    numbers = scaling.Numbers(center, scales, None)
    if spec.target_by_id is not None:
        each = scaling.learn_ids(np.asarray(spec.groups(early.table["row"])), len(spec.ids), *given)
        numbers = scaling.Numbers(each.center, each.scale, list(spec.ids))
        own = dataclasses.replace(own, **scaling.by_id(each.targets))
    scaled = numbers.apply(rows, positions, np.asarray(spec.first_rows), spec.scaling["window"])
    scaled = scaled if spec.padding is None else padding.filled(scaled, spec.padding)
    return (
        dataclasses.replace(early, spec=own, scaled=scaled),
        dataclasses.replace(late, spec=own, scaled=scaled),
    )


def _held(count: int, overlap: int) -> int:
    """Return how many of `count` windows are held out; `overlap` in a row share a target row."""
    return max(round(count * _SHARE), min(_LEAST * overlap, int(count * _MOST)), 1)


def _divided(part: Part) -> tuple[Part, Part]:
    spec = part.spec
    number = spec.groups(np.asarray(spec.first_rows)[part.table["start"]])
    if number is None:
        early, late = _cut(part)
    elif spec.sequence_length or spec.whole_ids:
        groups = np.unique(number)
        cut = groups[-_held(len(groups), 1)]
        early, late = np.flatnonzero(number < cut), np.flatnonzero(number >= cut)
    else:
        # Of each id its own last windows.
        owned = [np.flatnonzero(number == each) for each in np.unique(number)]
        pieces = [[own[side] for side in _cut(part.subset(own))] for own in owned]
        early, late = (np.concatenate(side) for side in zip(*pieces, strict=True))
    return part.subset(early), part.subset(late)


def _cut(part: Part) -> tuple[np.ndarray, np.ndarray]:
    """Return the earlier and the later windows, int [windows] each."""
    spec, count = part.spec, len(part)
    cut = count - _held(count, -(-spec.target_rows // spec.stride["train"]))
    # Last row of each window and its targets, and first row of the later piece's targets, on the axis of time.
    last = np.asarray(spec.first_rows)[part.table["start"]] + spec.length - 1 + spec.horizon
    return np.flatnonzero(last[:cut] < np.asarray(part.table["row"])[cut:].min()), np.arange(cut, count)
