"""Rules over the recorded trainings and the short ones that the diagnosis makes."""

from __future__ import annotations

import math
from typing import Any

from pipeline.common import training
from pipeline.diagnose.assessment import Assessment, median
from pipeline.diagnose.facts import Facts
from pipeline.diagnose.limits import (
    BEHIND,
    DEAD_OUTPUT,
    EXPLODING_NORM,
    GAP,
    LEAST_UPDATES,
    OUTSIDE_MOST,
    PENALTY_SHARE,
    SHIFT_MOST,
    Limit,
)
from pipeline.diagnose.rules import Evidence, Limits, rule

_RANGE_TEST = ("Smith, Cyclical learning rates, the range test (2017)", "https://arxiv.org/abs/1506.01186")
_GAIN = Limit(2.0, "tuned; how much better one batch is memorised at another rate (range test, Smith 2017)")
_STUCK = Limit(0.5, "tuned; share of the loss on one batch")
# Epochs without a lower loss that early stopping is given at least, where it ended a training whose loss still fell.
_PATIENCE = 5


@rule(
    fails=True,
    explanation="The loss jumps, rises or diverges. On one batch a smaller learning rate does better, or even the "
    "smallest one tried diverges although the gradients are not large.",
    reference=_RANGE_TEST,
    limits={
        "rise": Limit(3.0, "tuned; greatest loss as a multiple of the least one before it"),
        "noise": Limit(0.5, "tuned; median step between neighbouring losses, as a share of their range"),
        "gain": _GAIN,
        "stuck": _STUCK,
        "left": Limit(0.9, "chosen: the smaller rate must remove a tenth of the loss on one batch"),
        "norm": EXPLODING_NORM,
    },
)
def learning_rate_too_high(facts: Facts, assessment: Assessment, limit: Limits) -> Evidence | None:
    """Compare the learning rate with smaller ones on one batch, if the loss diverged, jumped or rose in training.

    Only if the network learned less than it could, and all inputs are finite.
    """
    if not assessment.below_what_is_learnable or facts.data.nonfinite:
        return None
    own, best = _rates(facts, larger=False)
    runs, rate = facts.course.values(), training.rate(facts.experiment.training)
    diverged = any(run.nonfinite for run in runs)
    if best is None:
        gradient = facts.network.initial.gradient if facts.network.initial else None
        norm = gradient.norm if gradient else None
        if not diverged or norm is None or norm > limit.norm:
            return None
        failed = {"rate": rate, "gradient_norm_before": norm, "diverged": True}
        return Evidence(failed, {"experiment.training.learning_rate": min(_usual(facts), _short(rate / 10))})
    rise, noise = median([run.worst_rise for run in runs]), median([run.noise for run in runs])
    fall = median([run.fall for run in runs])
    restless = diverged or (rise or 0) > limit.rise or (noise or 0) > limit.noise or (fall or 0) < 0
    multiple, left = best
    worse = own is None or own > max(limit.gain * left, limit.stuck)
    if not (restless and worse and left < limit.left):
        return None
    values: dict[str, Any] = {
        "rate": rate,
        "one_batch": own,
        "smaller_rate": rate * multiple,
        "one_batch_smaller": left,
    }
    values |= {"diverged": diverged, "worst_rise": rise, "noise": noise}
    # The smallest rate tried may still be far too large.
    proposed = min(rate * multiple, _usual(facts)) if left > limit.stuck else rate * multiple
    return Evidence(values, {"experiment.training.learning_rate": _short(proposed)})


@rule(
    explanation="On one batch the network learns far faster at a larger learning rate. At its own it hardly moves.",
    reference=_RANGE_TEST,
    limits={
        "updates": LEAST_UPDATES,
        "update_to_weight": Limit(1e-5, "tuned; the usual ratio of an update to the weights is a thousandth"),
        "proportion": Limit(5.0, "chosen: well above 1, and far below the factors of 10 and 100 between the rates"),
        "own": Limit(0.8, "tuned; share of the loss on one batch"),
        "penalty_share": PENALTY_SHARE,
        "gain": _GAIN,
        "stuck": _STUCK,
    },
)
def learning_rate_too_low(facts: Facts, assessment: Assessment, limit: Limits) -> Evidence | None:
    """Compare the learning rate with larger ones on one batch.

    It is too low if it leaves most of the loss where a larger one leaves little, or if its updates are tiny beside the
    weights and a larger one removes several times as much of the loss. Only if the network learned less than it could,
    and its loss before training is not mostly a penalty, which a larger rate removes first.
    The smallest rate that is enough is proposed; where even the best leaves most of the loss, a usual one.
    """
    if not assessment.below_what_is_learnable or assessment.nonfinite:
        return None
    own, best = _rates(facts, larger=True)
    updates, before = median([run.updates for run in facts.course.values()]), facts.network.initial
    if own is None or best is None or (updates or 0) <= limit.updates:
        return None
    if before and before.penalty and before.penalty > limit.penalty_share * (before.penalty + (before.loss or 0.0)):
        return None
    (multiple, left), moved = best, _update_to_weight(facts)
    still = moved is not None and moved < limit.update_to_weight and 1 - left > limit.proportion * max(1 - own, 0.0)
    if not (still and left < 1) and not (own > limit.own and own > limit.gain * left and left < limit.stuck):
        return None
    enough = [pair for pair in _left(facts).items() if pair[0] > 1 and pair[1] < min(limit.stuck, own / limit.gain)]
    multiple, left = min(enough, default=best)
    rate, usual = training.rate(facts.experiment.training), _usual(facts)
    proposed = max(rate * multiple, usual) if left > limit.stuck else rate * multiple
    values: dict[str, Any] = {"rate": rate, "one_batch": own, "larger_rate": rate * multiple, "one_batch_larger": left}
    values |= {"update_to_weight": moved}
    return Evidence(values, {"experiment.training.learning_rate": _short(proposed)})


@rule(
    unless=("shape_broadcast", "exploding_gradients", "learning_rate_too_high"),
    explanation="The training ended after few updates, or with the loss still falling: it had not learned all it can.",
    reference=("Hoffer and others, Train longer, generalize better (2017)", "https://arxiv.org/abs/1705.08741"),
    limits={
        "updates_most": Limit(200, "tuned"),
        "updates_least": LEAST_UPDATES,
        "late_fall": Limit(0.02, "tuned; share of the loss, over the last quarter of the training"),
        "long_fall": Limit(0.05, "chosen: the same, after more updates"),
        "gap": GAP,
        "shift_most": SHIFT_MOST,
        "outside": OUTSIDE_MOST,
        "gain": _GAIN,
        "stuck": _STUCK,
        "dead": DEAD_OUTPUT,
        "batch_share": Limit(
            0.125, "chosen: a batch of more of the windows is made smaller, else there are more epochs"
        ),
    },
)
def too_few_updates(facts: Facts, assessment: Assessment, limit: Limits) -> Evidence | None:
    """Check whether the loss of any seed fell to the end, or the updates are very few.

    Only if the network learned less than it could. Nothing is reported where the skill on training windows exceeds that
    on unseen ones by much, or where no trained network has an output that can still move. Of more updates nothing is
    reported where validation targets are on another level, or where a larger learning rate does more on one batch than
    many more updates would.
    """
    if not assessment.below_what_is_learnable or assessment.nonfinite or gap(facts, assessment) >= limit.gap:
        return None
    dead = [network.dead_output or 0.0 for network in facts.network.trained.values()]
    if dead and min(dead) >= limit.dead:
        return None
    updates = median([run.updates for run in facts.course.values()])
    late = [run.late_fall for run in facts.course.values() if run.late_fall is not None]
    if updates is None:
        return None
    if updates > limit.updates_least:
        least = limit.late_fall if updates <= limit.updates_most else limit.long_fall
        own, best = _rates(facts, larger=True)
        slow = own is not None and best is not None and own > limit.gain * best[1] and best[1] < limit.stuck
        if max(late, default=0.0) < least:
            return None
        shift = facts.data.shift
        if shift and (abs(shift.mean or 0.0) > limit.shift_most or shift.outside >= limit.outside):
            return None
        if updates > limit.updates_most and slow and own is not None and own > limit.stuck:
            return None
    epochs, batch = facts.experiment.training["epochs"], facts.experiment.training["batch_size"]
    change: dict[str, Any] = {"experiment.training.epochs": epochs * 4}
    if stopping := stopped_early(facts):
        change = stopping
    elif batch > limit.batch_share * facts.data.windows.train:
        change = {"experiment.training.batch_size": max(1, batch // 32)}
    values = {"updates": updates, "late_fall": max(late, default=None), "epochs": epochs, "batch": batch}
    return Evidence(values, change, _worth(assessment, median(late)))


@rule(
    explanation="A layer before the last has one or two units, and the network fits its own training windows far worse "
    "than a reference model (linear, or boosted trees) predicts unseen ones.",
    reference=("A recipe for training neural networks (2019)", "https://karpathy.github.io/2019/04/25/recipe/"),
    advice="Use more units in the narrowest layer.",
    limits={"units": Limit(2, "tuned"), "behind": BEHIND, "more": Limit(16, "chosen: a small layer, of usual size")},
)
def capacity_too_small(facts: Facts, assessment: Assessment, limit: Limits) -> Evidence | None:
    """Check the narrowest layer before the last, if skill on training and unseen windows is far below the reference."""
    if not assessment.behind or assessment.nonfinite or assessment.reference is None:
        return None
    units = [layer.units for layer in facts.network.layers if layer.units]
    narrow = min(units[:-1], default=None)
    fitted = assessment.train_skill or 0.0
    if narrow is None or narrow > limit.units or fitted > limit.behind * assessment.reference:
        return None
    rates = facts.controls.memorise.rates.values() if facts.controls.memorise else []
    floor = min((rate.floor for rate in rates if rate.floor is not None), default=None)
    values: dict[str, Any] = {"narrowest": narrow, "weights": facts.network.weights, "one_batch": floor}
    values |= {"train_skill": fitted, "reference": assessment.reference}
    return Evidence(values, _wider(facts.experiment.architecture.get("units"), int(limit.units), int(limit.more)))


def _wider(units: Any, narrow: int, more: int) -> dict[str, Any]:
    """Return the change of widths up to `narrow` to `more`; empty where the builder's options do not name them."""
    if isinstance(units, int):
        return {"experiment.architecture.units": more}
    if isinstance(units, list) and any(n <= narrow for n in units):
        return {"experiment.architecture.units": [more if n <= narrow else n for n in units]}
    return {}


def stopped_early(facts: Facts) -> dict[str, Any]:
    """Return the change to a longer patience where early stopping ended the trainings; empty where it did not."""
    settings = facts.experiment.training
    given, updates = settings["early_stopping"], median([run.updates for run in facts.course.values()])
    if not given or updates is None:
        return {}
    of_epoch = math.ceil(facts.data.windows.train / settings["batch_size"])
    if settings["epochs"] * of_epoch - updates < of_epoch:
        return {}
    return {"experiment.training.early_stopping": given | {"patience": max(_PATIENCE, 4 * given["patience"])}}


def gap(facts: Facts, assessment: Assessment) -> float:
    """Return by how much the skill on training windows exceeds that on validation windows; 0 without these."""
    networks = facts.unseen.networks
    unseen = networks.against_constant.skill if networks else None
    return (assessment.train_skill or 0.0) - unseen if unseen is not None else 0.0


def _worth(assessment: Assessment, late_fall: float | None) -> float | None:
    """Return the gain in skill of four times the updates, if the loss goes on to fall as a power of their number.

    The halves of the last quarter are around 13/16 and 15/16 of the training. A reference's skill is the most to hope
    for, and a loss of twice the naive forecast's is the most to begin from.
    """
    if not late_fall or not 0 < late_fall < 1 or assessment.skill is None or assessment.reference is None:
        return None
    power = -math.log(1 - late_fall) / math.log(15 / 13)
    skill = max(assessment.skill, -1.0)
    return max(min((1 - 4**-power) * (1 - skill), assessment.reference - skill), 0.0)


def _usual(facts: Facts) -> float:
    """Return the learning rate that most would begin with: Keras's default for the optimiser."""
    return 0.01 if facts.experiment.training["optimizer"] == "sgd" else 0.001


def _update_to_weight(facts: Facts) -> float | None:
    """Norm of an update as a share of the weights' norm: the layer that moves most, the median over seeds."""
    seeds = [(run.update_ratio or {}).values() for run in facts.course.values()]
    return median([max((layer.median for layer in layers), default=None) for layers in seeds])


def _rates(facts: Facts, larger: bool) -> tuple[float | None, tuple[float, float] | None]:
    """What is left of the loss on one batch after the same steps, None for what is not finite.

    Returns:
        The share that the training's own rate leaves, and of the larger or smaller rates the best one: its multiple and
        the share that it leaves.
    """
    left = _left(facts)
    others = {multiple: ratio for multiple, ratio in left.items() if multiple != 1 and (multiple > 1) == larger}
    return left.get(1.0), min(others.items(), key=lambda item: item[1], default=None)


def _left(facts: Facts) -> dict[float, float]:
    """Return the share of the loss on one batch that each finite rate leaves, by its multiple of the training's own."""
    rates = facts.controls.memorise.rates if facts.controls.memorise else {}
    return {float(multiple): rate.ratio for multiple, rate in rates.items() if rate.finite and rate.ratio is not None}


def _short(rate: float) -> float:
    return float(f"{rate:.2g}")
