"""Settings of a training as the rest of the project sees them: those that must fit each other, and the learning rate.

Checking them imports no network library; `pipeline.network` checks what Keras alone knows.
"""

from __future__ import annotations

import itertools
from typing import Any

from pipeline.common.errors import UserError

# Seeds whose spread is known well enough for a comparison.
LEAST_SEEDS = 3
_CLIPPING = ("clipnorm", "global_clipnorm", "clipvalue")
_MOMENTUM = ("sgd", "rmsprop")


def enough_seeds(seeds: list[int]) -> list[int]:
    """Return the seeds, and the smallest other ones until there are `LEAST_SEEDS`."""
    free = (seed for seed in itertools.count() if seed not in seeds)
    return [*seeds, *itertools.islice(free, max(0, LEAST_SEEDS - len(seeds)))]


def rate(training: dict[str, Any]) -> float:
    """Return the learning rate: the greatest one of a schedule."""
    given = training["learning_rate"]
    return float(given["rate"] if isinstance(given, dict) else given)


def rate_key(training: dict[str, Any]) -> str:
    """Return the key below `training` that holds the learning rate: the greatest one of a schedule."""
    return "learning_rate.rate" if isinstance(training["learning_rate"], dict) else "learning_rate"


def rate_varies(training: dict[str, Any]) -> bool:
    """Return whether the learning rate changes during the training."""
    return isinstance(training["learning_rate"], dict) or bool(training["reduce_on_plateau"])


def check(place: str, training: dict[str, Any], classes: bool, validation: bool, split: str) -> None:
    """Check the settings that must fit each other.

    Args:
        place: dotted path of the training.
        training: the settings, complete.
        classes: whether the targets are classes.
        validation: whether the dataset has a validation part.
        split: dotted path of the dataset's split.

    Raises:
        UserError: two settings do not fit, or one of them needs a validation part or classes.
    """
    _check_validation(place, training, validation, split)
    _check_optimizer(place, training)
    if isinstance(training["learning_rate"], dict):
        _check_schedule(f"{place}.learning_rate", training["learning_rate"], training["epochs"])
        if training["reduce_on_plateau"]:
            raise UserError(
                f"{place}.reduce_on_plateau",
                "must be null beside a schedule, which sets the learning rate by itself",
                training["learning_rate"]["schedule"],
                "Remove one of the two.",
            )
    if training["class_weight"] != "none" and not classes:
        raise UserError(
            f"{place}.class_weight",
            "must be none for a regression, which has no classes",
            training["class_weight"],
            "Remove it.",
        )


def _check_validation(place: str, training: dict[str, Any], validation: bool, split: str) -> None:
    fix = f"Give `{split}` a validation part: the test part must not decide about the training."
    stopping = training["early_stopping"]
    if stopping and stopping["monitor"] == "val_loss" and not validation:
        rule = "must be `loss` if the dataset has no validation part"
        raise UserError(f"{place}.early_stopping.monitor", rule, "val_loss", fix)
    if training["reduce_on_plateau"] and not validation:
        rule = "must be null if the dataset has no validation part, whose loss it watches"
        raise UserError(f"{place}.reduce_on_plateau", rule, "a mapping", fix)


def _check_optimizer(place: str, training: dict[str, Any]) -> None:
    optimizer = training["optimizer"]
    clipping = [key for key in _CLIPPING if training[key] is not None]
    if len(clipping) > 1:
        raise UserError(
            f"{place}.{clipping[1]}", f"must be null beside `{clipping[0]}`", training[clipping[1]], "Keep one of them."
        )
    if training["momentum"] is not None and optimizer not in _MOMENTUM:
        raise UserError(
            f"{place}.momentum",
            "must be null for optimisers other than sgd and rmsprop",
            f"{training['momentum']} with {optimizer}",
            "Remove it: adam, adamw and nadam have a momentum of their own.",
        )
    if training["nesterov"] and (optimizer != "sgd" or not training["momentum"]):
        raise UserError(
            f"{place}.nesterov",
            "must be false without the optimiser sgd and a `momentum` above 0",
            f"true with {optimizer}",
            "Remove it, or set both.",
        )


def _check_schedule(place: str, given: dict[str, Any], epochs: int) -> None:
    if given["warmup"] >= epochs:
        raise UserError(
            f"{place}.warmup", f"must be less than the {epochs} epochs of the training", given["warmup"], "Shorten it."
        )
    if given["schedule"] != "piecewise":
        return
    boundaries = given["boundaries"]
    if any(later <= earlier for earlier, later in itertools.pairwise(boundaries)):
        raise UserError(f"{place}.boundaries", "must rise", boundaries, "For example [20, 40].")
    if len(given["factors"]) != len(boundaries):
        raise UserError(
            f"{place}.factors",
            f"must have one entry for each of the {len(boundaries)} boundaries",
            given["factors"],
            "For example [0.1, 0.01] for the boundaries [20, 40].",
        )
    if given["warmup"] > boundaries[0]:
        raise UserError(
            f"{place}.boundaries",
            f"must begin at or after the {given['warmup']} epochs of the warm-up",
            boundaries,
            "Count them from the beginning of the training.",
        )
