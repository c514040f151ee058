"""Facts of the recorded trainings: how the loss moved, and which share of it was the penalty.

A slice is the mean loss over a run of batches within an epoch, without the penalty
(`pipeline/network/callbacks.py`); a history without slices has one per epoch.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.diagnose.facts.typed import rounded

# The last part of a training, over which its end is judged.
_LATE = 0.25


@dataclass(frozen=True)
class Failure:
    """Where the loss became NaN or infinite."""

    epoch: int  # from 1
    batch: int  # from 1, within the epoch


@dataclass(frozen=True)
class UpdateRatio:
    """Norm of a layer's update as a share of its weights' norm."""

    median: float  # over the epochs


@dataclass(frozen=True)
class Course:
    """One recorded training; None for what is not finite or was not recorded."""

    updates: int  # gradient steps
    nonfinite: Failure | None  # None where the loss stayed finite
    weights_finite: bool  # all weights are finite at the end
    last: float | None  # loss of the last epoch, penalty included
    fall: float | None  # 1 - last / first slice
    late_fall: float | None  # the same over the last quarter of the slices, by the means of its halves
    noise: float | None  # median step between neighbouring slices as a share of their range
    worst_rise: float | None  # greatest slice as a multiple of the least before it
    penalty_share: float | None  # of the last loss
    val_rise: float | None  # last / least validation loss
    update_ratio: dict[str, UpdateRatio] | None  # by layer
    # last validation loss / mean loss over the end of the last epoch, both with the penalty: below 1 where the
    # validation windows cost less
    val_to_train: float | None = None


def facts(histories: dict[int, dict[str, Any]]) -> dict[str, Course]:
    """Measure each seed's training.

    Args:
        histories: the records of `train`, by seed (docs/files.md).
    """
    return {str(seed): rounded(_course(history), 6) for seed, history in histories.items()}


def _course(history: dict[str, Any]) -> Course:
    epochs, failure = history["epochs"], history["nonfinite"]
    watched = [epoch.get("val_loss") for epoch in epochs]
    last = epochs[-1].get("loss") if epochs else None
    return Course(
        updates=history["updates"],
        nonfinite=Failure(failure["epoch"], failure["batch"]) if failure else None,
        weights_finite=history["weights_finite"],
        last=last,
        **_shape(_slices(epochs)),
        penalty_share=_ratio(epochs[-1].get("penalty"), last) if epochs else None,
        val_rise=_ratio(watched[-1], min(_finite(watched))) if _finite(watched) else None,
        update_ratio=_update_ratio(epochs),
        val_to_train=_ratio(watched[-1], _end(epochs[-1])) if epochs else None,
    )


def _end(epoch: dict[str, Any]) -> float | None:
    """Return the mean loss over the last quarter of an epoch, whose mean over all batches lags behind."""
    slices = _finite(epoch.get("slices", []))
    if not slices:
        return epoch.get("loss")
    late = slices[-max(1, math.ceil(_LATE * len(slices))) :]
    return float(np.mean(late)) + (epoch.get("penalty") or 0.0)


def _shape(slices: list[float]) -> dict[str, float | None]:
    """Return the facts of the slices."""
    if len(slices) < 2:
        return dict.fromkeys(("fall", "late_fall", "noise", "worst_rise"))
    values = np.array(slices)
    steps, scale = np.diff(values), float(np.ptp(values))
    earlier = np.minimum.accumulate(values)[:-1]
    late = values[-max(2, math.ceil(_LATE * len(values))) :]
    half = len(late) // 2
    rises = [_ratio(after, before) for after, before in zip(values[1:].tolist(), earlier.tolist(), strict=True)]
    share = _ratio(float(late[half:].mean()), float(late[:half].mean()))
    fall = _ratio(slices[-1], slices[0])
    return {
        "fall": None if fall is None else 1 - fall,
        "late_fall": None if share is None else 1 - share,
        "noise": float(np.median(np.abs(steps))) / scale if scale > 0 else 0.0,
        "worst_rise": max((rise for rise in rises if rise is not None), default=None),
    }


def _slices(epochs: list[dict[str, Any]]) -> list[float]:
    if all("slices" in epoch for epoch in epochs):
        return _finite([value for epoch in epochs for value in epoch["slices"]])
    return [float(epoch["loss"]) - (epoch.get("penalty") or 0.0) for epoch in epochs if _known(epoch.get("loss"))]


def _update_ratio(epochs: list[dict[str, Any]]) -> dict[str, UpdateRatio] | None:
    ratios = {}
    for layer in epochs[0].get("update_ratio", {}) if epochs else {}:
        if values := _finite([epoch["update_ratio"].get(layer) for epoch in epochs]):
            ratios[layer] = UpdateRatio(float(np.median(values)))
    return ratios or None


def _known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _finite(values: list[Any]) -> list[float]:
    return [float(value) for value in values if _known(value)]


def _ratio(value: float | None, base: float | None) -> float | None:
    """Return None where the base is not above 0: a loss without its penalty may round below it."""
    return value / base if value is not None and base is not None and _known(value) and base > 0 else None
