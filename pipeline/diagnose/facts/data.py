"""Facts of the windows and targets that a network is trained on, before any network: numbers without a threshold.

Reads the training and validation parts of a fold alone.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.common.errors import UserError
from pipeline.dataset import scaling, state_order
from pipeline.dataset.sampling import evenly
from pipeline.diagnose.facts import alignment, repeated

if TYPE_CHECKING:
    from pipeline.dataset import Part

# Windows whose cells are looked at one by one, and cells of float32 that may be held for it: 64 MB.
_WINDOWS = 2000
_CELLS = 2**24
_QUANTILES = (0.001, 0.01, 0.5, 0.99, 0.999)
# A spread below this share of the values' size is rounding: float32 has seven digits.
_ROUNDING = 1e-6

Facts = dict[str, Any]


def facts(train: Part, held: Part | None, training: Facts) -> Facts:
    """Everything about the data that a finding may rest on.

    Args:
        train: training windows of a fold.
        held: its validation windows, or None.
        training: the experiment's `training`, complete: `seeds`, `batch_size`, `shuffle`, `state`,
            `steps_per_execution` decide which batch holds which window.

    Returns:
        JSON-able; None for what is not finite or does not apply: `windows` {`train`, `held`}, `length`, `horizon`
        (rows), `features` (count), `kind` (regression: None; classes: 2 or 3), `stride` (of training); `nonfinite`,
        `inputs`, `target`, `classes`, `shift` and `state`, each as the function of that name says; `duplicates` and
        `alignment` as `repeated.duplicates` and `alignment.facts`.
    """
    spec = train.spec
    return plain(
        {
            "windows": {"train": len(train), "held": len(held) if held is not None else None},
            "length": spec.length,
            "horizon": spec.horizon,
            "features": len(spec.features),
            "kind": spec.classes,
            "stride": spec.stride["train"],
            "nonfinite": nonfinite(train, training),
            "inputs": inputs(train),
            "target": target(train),
            "classes": classes(train),
            "shift": shift(train, held),
            "duplicates": repeated.duplicates(train),
            "alignment": alignment.facts(train),
            "state": state(train, training),
        }
    )


def plain(value: Any) -> Any:
    """Numpy to plain Python; None for a number that is not finite."""
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def nonfinite(train: Part, training: Facts) -> Facts | None:
    """Missing and infinite cells among the inputs and targets of the training windows; None where all are finite.

    Returns:
        `cells`, `rows` (how many of the inputs' rows hold one), `columns` (their names), `targets` (windows with such a
        target), `windows` (touched by either) and their `share`; of the first one in time its `row` (of the series),
        `column` (a feature, or the target's name) and `window` (the first that reads it); `batch`: the first batch of
        epoch 1, counted from 0, that holds a touched window, in the order of the first seed, or None.
    """
    spec = train.spec
    begin, rows = train.table["start"], np.asarray(train.scaled)
    bad = ~np.isfinite(rows) & scaling.covered(len(rows), begin, spec.length)[:, None]
    bad_rows = bad.any(axis=1)
    before = np.concatenate([[0], np.cumsum(bad_rows)])
    with_target = ~np.isfinite(train.targets()).all(axis=1)
    touched = (before[begin + spec.length] > before[begin]) | with_target
    if not touched.any():
        return None
    if bad_rows.any():
        row = int(np.argmax(bad_rows))
        column = spec.features[int(np.argmax(bad[row]))]
        window = int(np.flatnonzero((begin <= row) & (row < begin + spec.length))[0])
        series_row = int(np.asarray(spec.first_rows)[row])
    else:
        window = int(np.argmax(with_target))
        column, series_row = spec.columns[spec.target_column], int(train.table["row"][window])
    return {
        "cells": int(bad.sum()),
        "rows": int(bad_rows.sum()),
        "columns": [spec.features[i] for i in np.flatnonzero(bad.any(axis=0))],
        "targets": int(with_target.sum()),
        "windows": int(touched.sum()),
        "share": float(touched.mean()),
        "row": series_row,
        "column": column,
        "window": window,
        "batch": _first_batch(train, training, touched),
    }


def _first_batch(train: Part, training: Facts, touched: np.ndarray) -> int | None:
    from pipeline.network.batches import Batches
    from pipeline.network.training import batch_plan

    seed = training["seeds"][0] if training["shuffle"] else None
    batches = Batches(train, training["batch_size"], seed, batch_plan(train, training).windows)
    places = np.flatnonzero(touched[batches._order])
    return int(places[0]) // training["batch_size"] if len(places) else None


def inputs(train: Part) -> list[Facts]:
    """Each feature as the network sees it: all cells of at most 2,000 evenly spaced windows, after all scaling.

    Returns:
        per feature `name`, `mean`, `std`, `min`, `max` of the finite cells, and `constant`: one value throughout, up to
        the rounding of float32.
    """
    spec = train.spec
    most = min(_WINDOWS, max(_CELLS // (spec.length * len(spec.features)), 1))
    cells = train.inputs(evenly(len(train), most))
    rows = np.asarray(train.scaled)[scaling.covered(len(train.scaled), train.table["start"], spec.length)]
    found = []
    for i, name in enumerate(spec.features):
        one = summary(cells[:, :, i])
        constant = _constant(cells[:, :, i])
        if constant and spec.scaling["window"] == "none":
            constant = _constant(rows[:, i])  # between the windows looked at there may be another value
        found.append({"name": name, **one, "constant": constant})
    return found


def summary(values: np.ndarray) -> Facts:
    """`mean`, `std`, `min`, `max` of the finite ones among `values`; None where there is none."""
    finite = values[np.isfinite(values)].astype(float)
    if not len(finite):
        return dict.fromkeys(("mean", "std", "min", "max"))
    return {
        "mean": float(finite.mean()),
        "std": float(finite.std()),
        "min": float(finite.min()),
        "max": float(finite.max()),
    }


def _constant(values: np.ndarray) -> bool:
    finite = values[np.isfinite(values)]
    if not len(finite):
        return True
    low, high = float(finite.min()), float(finite.max())
    return high - low <= _ROUNDING * max(abs(low), abs(high))


def target(train: Part) -> Facts:
    """The training target as the network sees it: scaled, 0/1, or one-hot; all steps together.

    Returns:
        `mean`, `std`, `min`, `max`, `quantiles` {"0.001", "0.01", "0.5", "0.99", "0.999"}, `skew`, `kurtosis` (excess:
        0 for a normal one), `unit_spread` (deviation as a share of the range) and `distinct` (different values).
    """
    values = train.targets().ravel().astype(float)
    finite = values[np.isfinite(values)]
    found = summary(finite)
    mean, spread = found["mean"], found["std"]
    varies = bool(spread) and not _constant(finite)
    standard = (finite - mean) / spread if varies else finite
    return {
        **found,
        "quantiles": {str(q): float(np.quantile(finite, q)) if len(finite) else None for q in _QUANTILES},
        "skew": float(np.mean(standard**3)) if varies else None,
        "kurtosis": float(np.mean(standard**4)) - 3 if varies else None,
        "unit_spread": spread / (found["max"] - found["min"]) if varies else None,
        "distinct": len(np.unique(finite)),
    }


def classes(train: Part) -> Facts | None:
    """`shares` of the classes among the training windows, and their `entropy` in nats, which is the loss of an answer
    that knows the shares alone; None for regressions.
    """
    if not train.spec.classes:
        return None
    numbers = train.raw_targets()[:, 0]
    counts = np.bincount(numbers[np.isfinite(numbers)].astype(int), minlength=train.spec.classes)
    shares = counts / max(counts.sum(), 1)
    there = shares[shares > 0]
    return {"shares": shares.tolist(), "entropy": float(-np.sum(there * np.log(there))) if len(there) else None}


def shift(train: Part, held: Part | None) -> Facts | None:
    """How far validation lies from training; None without validation, and for classes.

    Returns:
        `mean`: of the target, in deviations of the training target; `outside`: share of its targets beyond the least
        and greatest of training; `inputs`: the largest shift of a feature's mean, in its deviations in training.
    """
    if held is None or train.spec.classes:
        return None
    own, other = (part.targets().astype(float) for part in (train, held))
    own, other = own[np.isfinite(own)], other[np.isfinite(other)]
    if not len(own) or not len(other):
        return None
    spread = float(own.std())
    shifts = [
        abs(b["mean"] - a["mean"]) / a["std"]
        for a, b in zip(inputs(train), inputs(held), strict=True)
        if a["std"] and not a["constant"] and b["mean"] is not None
    ]
    return {
        "mean": float(other.mean() - own.mean()) / spread if spread > 0 else None,
        "outside": float(np.mean((other < own.min()) | (other > own.max()))),
        "inputs": max(shifts, default=None),
    }


def state(train: Part, training: Facts) -> Facts | None:
    """Whether carried state meets the windows it belongs to, in the order of training; None where none is carried.

    Returns:
        `declared` (`posted` or `lanes`); `continued`: of all handovers of state, from row i of a batch to row i of the
        next one, the share in which the later window begins where the earlier one ended; `gap`: the rows from that
        end to the later beginning at the median handover (0 where it continues, below 0 where rows are read twice);
        `handovers`; `possible`: whether any window continues another. None for what there is no full batch for.
    """
    from pipeline.network.training import batch_plan

    if training["state"] == "none":
        return None
    times, length = state_order.rows_in_time(train), train.spec.length
    found: Facts = {
        "declared": training["state"],
        "continued": None,
        "gap": None,
        "handovers": 0,
        "possible": any(len(chain) > 1 for chain in state_order.chains(times, length)),
    }
    try:
        real = batch_plan(train, training)
    except UserError:
        return found
    if real.windows is None or len(real.windows) < 2:
        return found
    kept = np.array([step not in real.resets for step in range(1, len(real.windows))])
    gaps = (times[real.windows[1:]] - times[real.windows[:-1]] - length)[kept]
    if not gaps.size:
        return found
    return {
        **found,
        "continued": float(np.mean(gaps == 0)),
        "gap": float(np.median(gaps)),
        "handovers": int(gaps.size),
    }
