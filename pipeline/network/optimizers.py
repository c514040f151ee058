"""Optimisers of Keras, and learning rates that follow the number of updates done."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras.optimizers import schedules

from pipeline.common.errors import UserError

MAKERS = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "nadam": keras.optimizers.Nadam,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
}
# Arguments whose absence means Keras's own default: 0.004 for the weight decay of adamw.
_OPTIONAL = ("momentum", "nesterov", "weight_decay", "global_clipnorm")


def make(training: dict[str, Any], updates: int) -> keras.optimizers.Optimizer:
    """Return the optimiser of a training.

    Args:
        training: the settings of the same name in params.yaml, complete.
        updates: updates in one epoch, in which schedules count epochs.
    """
    arguments = {key: training[key] for key in _OPTIONAL if training[key]}
    if training["weight_decay"] == 0:  # another value than none for adamw
        arguments["weight_decay"] = 0.0
    return MAKERS[training["optimizer"]](
        learning_rate=learning_rate(training["learning_rate"], training["epochs"], updates),
        clipnorm=training["clipnorm"],
        clipvalue=training["clipvalue"],
        **arguments,
    )


def learning_rate(given: Any, epochs: int, updates: int) -> float | schedules.LearningRateSchedule:
    """Return a learning rate as Keras takes it.

    Args:
        given: a number, or the schedule's settings.
        epochs: of the training, at whose end `cosine` and `polynomial` reach their final rate.
        updates: updates in one epoch.
    """
    if not isinstance(given, dict):
        return float(given)
    warmup = round(given["warmup"] * updates)
    rest = max(epochs * updates - warmup, 1)
    after = _after_warmup(given, float(given["rate"]), rest, updates, warmup)
    return Warmup(float(given["rate"]), warmup, after) if warmup else after


def _after_warmup(
    given: dict[str, Any], rate: float, rest: int, updates: int, warmup: int
) -> schedules.LearningRateSchedule:
    """Return a schedule that counts updates from the end of the warm-up, `rest` of them."""
    kind = given["schedule"]
    if kind == "cosine":
        return schedules.CosineDecay(rate, rest, alpha=given["final"])
    if kind == "polynomial":
        return schedules.PolynomialDecay(rate, rest, rate * given["final"], given["power"])
    if kind == "exponential":
        return schedules.ExponentialDecay(rate, updates, given["factor"])
    if kind == "inverse_time":
        return schedules.InverseTimeDecay(rate, updates, given["decay"])
    boundaries, factors = (given["boundaries"], given["factors"]) if kind == "piecewise" else ([0], [1.0])
    # Keras keeps a value up to and including the update of its boundary, counted from 0.
    ends = [round(boundary * updates) - warmup - 1 for boundary in boundaries]
    return schedules.PiecewiseConstantDecay(ends, [rate, *(rate * factor for factor in factors)])


@keras.saving.register_keras_serializable(package="flatline")
class Warmup(schedules.LearningRateSchedule):
    """A rate that rises linearly, and then follows another schedule.

    The first update has the rate `rate / updates`, as none is spent at 0, and the last one of the warm-up all of it.

    Args:
        rate: at the end of the warm-up.
        updates: of the warm-up.
        after: called with the number of updates since then.
    """

    def __init__(self, rate: float, updates: int, after: schedules.LearningRateSchedule) -> None:
        super().__init__()
        self.rate, self.updates, self.after = rate, updates, after

    def __call__(self, step: Any) -> Any:
        """Return the rate of an update, counted from 0."""
        step = keras.ops.cast(step, "float32")
        rising = self.rate * (step + 1) / self.updates
        after = keras.ops.cast(self.after(keras.ops.maximum(step - self.updates, 0.0)), "float32")
        return keras.ops.where(step < self.updates, rising, after)

    def get_config(self) -> dict[str, Any]:
        """Return the arguments, for comparison."""
        after = schedules.serialize(self.after)
        return {"rate": self.rate, "updates": self.updates, "after": after}


def check(optimizer: Any, training: dict[str, Any], updates: int, place: str) -> None:
    """Check that a compiled network has the optimiser requested.

    Raises:
        UserError: it has another one, or one with another setting.
    """
    wanted = make(training, updates)
    if type(optimizer) is not type(wanted):
        rule = f"must be the optimiser that the network is compiled with ({type(wanted).__name__})"
        raise UserError(f"{place}.optimizer", rule, type(optimizer).__name__, "Let the network not replace it.")
    compiled = optimizer.get_config()
    for key, value in wanted.get_config().items():
        if key != "name" and not _equal(compiled.get(key), value):
            rule = f"must be the optimiser that the network is compiled with ({key} {value})"
            raise UserError(f"{place}.optimizer", rule, f"{key} {compiled.get(key)}", "Let the network not change it.")


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-6)
    return bool(one == other)
