"""Facts of the recorded trainings: how the loss went, where it stopped, and what share of it was the penalty.

A slice is the mean loss over a run of batches within an epoch, without the penalty
(`pipeline/network/callbacks.py`); a history without slices has one per epoch.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from pipeline.common.numbers import significant

# The last part of a training, over which its end is judged.
_LATE = 0.25


def facts(histories: dict[int, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Facts of each seed's training.

    Args:
        histories: what `train` recorded, by seed (docs/files.md).

    Returns:
        by seed: `updates`, `epochs` (number), `stopped`, `nonfinite`, `weights_finite`; `loss`, `val_loss`, `accuracy`,
        `val_accuracy`, per epoch as recorded, the penalty included; `first`, `last`, `best` of `loss`; `slices`, their
        number, and of them `fall` (1 - last / first), `late_fall` (the same over the last quarter, by the means of its
        halves), `noise` (median step between neighbours as a share of the range), `rises` (share that is above the
        one before), `worst_rise` (the greatest as a multiple of the least before it); `penalty_share` (of the last
        loss); `val_best_epoch` (from 1), `val_rise` (last / best); `update_ratio`: by layer `first`, `median` and
        `last` of the epochs. What is not finite or not recorded is None. Six digits.
    """
    return {str(seed): significant(_course(history), 6) for seed, history in histories.items()}


def _course(history: dict[str, Any]) -> dict[str, Any]:
    epochs = history["epochs"]
    curves = {key: [epoch.get(key) for epoch in epochs] for key in ("loss", "val_loss", "accuracy", "val_accuracy")}
    loss, watched = _finite(curves["loss"]), _finite(curves["val_loss"])
    slices = _slices(epochs)
    penalty, last = (epochs[-1].get("penalty"), epochs[-1].get("loss")) if epochs else (None, None)
    return {
        **{key: history.get(key) for key in ("updates", "stopped", "nonfinite", "weights_finite")},
        "epochs": len(epochs),
        **{key: values if any(value is not None for value in values) else None for key, values in curves.items()},
        "first": loss[0] if loss else None,
        "last": last,
        "best": min(loss) if loss else None,
        **_shape(slices),
        "penalty_share": _ratio(penalty, last),
        "val_best_epoch": curves["val_loss"].index(min(watched)) + 1 if watched else None,
        "val_rise": _ratio(curves["val_loss"][-1], min(watched)) if watched else None,
        "update_ratio": _updates(epochs),
    }


def _shape(slices: list[float]) -> dict[str, Any]:
    """How the slices went."""
    found: dict[str, Any] = {
        "slices": len(slices),
        **dict.fromkeys(("fall", "late_fall", "noise", "rises", "worst_rise")),
    }
    if len(slices) < 2:
        return found
    values = np.array(slices)
    steps, spread = np.diff(values), float(np.ptp(values))
    earlier = np.minimum.accumulate(values)[:-1]
    late = values[-max(2, math.ceil(_LATE * len(values))) :]
    middle = len(late) // 2
    rise = [_ratio(after, before) for after, before in zip(values[1:].tolist(), earlier.tolist(), strict=True)]
    share = _ratio(float(late[middle:].mean()), float(late[:middle].mean()))
    fall = _ratio(slices[-1], slices[0])
    return found | {
        "fall": None if fall is None else 1 - fall,
        "late_fall": None if share is None else 1 - share,
        "noise": float(np.median(np.abs(steps))) / spread if spread > 0 else 0.0,
        "rises": float((steps > 0).mean()),
        "worst_rise": max((one for one in rise if one is not None), default=None),
    }


def _slices(epochs: list[dict[str, Any]]) -> list[float]:
    if all("slices" in epoch for epoch in epochs):
        return _finite([value for epoch in epochs for value in epoch["slices"]])
    return [float(epoch["loss"]) - (epoch.get("penalty") or 0.0) for epoch in epochs if _known(epoch.get("loss"))]


def _updates(epochs: list[dict[str, Any]]) -> dict[str, dict[str, float]] | None:
    """The size of an update beside the weights, by layer."""
    found = {}
    for layer in epochs[0].get("update_ratio", {}) if epochs else {}:
        values = _finite([epoch["update_ratio"].get(layer) for epoch in epochs])
        if values:
            found[layer] = {"first": values[0], "median": float(np.median(values)), "last": values[-1]}
    return found or None


def _known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _finite(values: list[Any]) -> list[float]:
    return [float(value) for value in values if _known(value)]


def _ratio(value: float | None, base: float | None) -> float | None:
    """None where there is no base above 0: a loss without its penalty may round below it."""
    return value / base if value is not None and base is not None and _known(value) and base > 0 else None
