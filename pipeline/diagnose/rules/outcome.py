"""Rules over the predictions of the trained networks: mostly symptoms."""

from __future__ import annotations

import math
from typing import Any

from pipeline.diagnose.assessment import Assessment, median
from pipeline.diagnose.facts import Facts
from pipeline.diagnose.facts.outcome import Echo
from pipeline.diagnose.limits import GAP, SHIFT_MOST, Limit
from pipeline.diagnose.rules import Evidence, Limits, rule

# Losses whose value for a prediction that knows no inputs is an entropy; a focal loss is less.
_CROSSENTROPIES = ("binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy")

# Early stopping at the least validation loss, as it is proposed.
STOPPING = {"monitor": "val_loss", "patience": 5, "restore_best": True}


@rule(
    cause=False,
    explanation="The network predicts nearly the same for every window, so it uses little of its inputs.",
    reference=("A recipe for training neural networks (2019)", "https://karpathy.github.io/2019/04/25/recipe/"),
    limits={
        "spread": Limit(0.1, "tuned; std of the predictions over that of the target, or of a probability over 0.5"),
        "share": Limit(0.98, "tuned; share of the class that is predicted most"),
    },
)
def collapsed_predictions(facts: Facts, assessment: Assessment, limit: Limits) -> Evidence | None:
    """Check how much the predictions vary, unless the network learned and is not far behind the references."""
    if assessment.learned and not assessment.behind:
        return None
    seeds = [seed.train for seed in facts.outcome.seeds.values()]
    spread = median([seed.spread for seed in seeds])
    if facts.data.kind is None:
        return None if spread is None or spread > limit.spread else Evidence({"spread": spread})
    share = median([seed.largest_share for seed in seeds])
    if share is None or (share < limit.share and (spread or 0) > limit.spread):
        return None
    accuracy, majority = median([seed.accuracy for seed in seeds]), median([seed.majority for seed in seeds])
    return Evidence({"largest_share": share, "spread": spread, "accuracy": accuracy, "majority": majority})


@rule(
    cause=False,
    explanation="The predictions repeat the last value of the window. That looks good in a plot and in R², but does "
    "not predict the coming change.",
    reference=("Hyndman, Athanasopoulos, Forecasting, simple methods", "https://otexts.com/fpp3/simple-methods.html"),
    limits={
        "to_last": Limit(0.25, "tuned; squared distance of the predictions from the last value, over the target's"),
        "direction": Limit(0.2, "tuned; correlation of the predicted change with the real one"),
    },
)
def persistence_echo(facts: Facts, assessment: Assessment, limit: Limits) -> Evidence | None:
    """Compare predictions with the last value, and predicted with real changes, if no skill beyond it is shown."""
    echo = _echo(
        [(seed.held or seed.train).echo for seed in facts.outcome.seeds.values()], limit.to_last, limit.direction
    )
    return Evidence(echo) if echo and not assessment.ahead else None


@rule(
    cause=False,
    explanation="The predictions of the last step repeat the last value of the window, so the curve of predictions is "
    "the true one, late by the whole horizon. That looks good in a plot, but does not predict the coming change.",
    reference=("Hyndman, Athanasopoulos, Forecasting, simple methods", "https://otexts.com/fpp3/simple-methods.html"),
    limits={
        "to_last": Limit(0.25, "chosen as for one step; squared distance of the predictions from the last value"),
        "direction": Limit(0.2, "chosen as for one step; correlation of the predicted change with the real one"),
    },
)
def echo_over_horizon(facts: Facts, assessment: Assessment, limit: Limits) -> Evidence | None:
    """Compare the predictions of the last step of the horizon with the last value, if no skill beyond it is shown."""
    echo = _echo(
        [(seed.held or seed.train).echo_end for seed in facts.outcome.seeds.values()], limit.to_last, limit.direction
    )
    return Evidence({"horizon": facts.settings.window["horizon"]} | echo) if echo and not assessment.ahead else None


@rule(
    doubt=True,
    cause=False,
    explanation="Some seeds learned and others did not: the result depends on the initial weights and the order of the "
    "windows. A single seed shows luck.",
    reference=("Bouthillier and others, Accounting for variance (2021)", "https://arxiv.org/abs/2103.03098"),
    advice="Use more seeds, a smaller learning rate or a warm-up, and judge a setting by all seeds together.",
    limits={"spread": Limit(0.2, "chosen: between the best and the worst seed, in skill")},
)
def seeds_disagree(facts: Facts, _: Assessment, limit: Limits) -> Evidence | None:
    """Compare the seeds' skills against a constant prediction on unseen windows; below 0 all are equally bad."""
    skills = [(seed.held or seed.train).constant_skill for seed in facts.outcome.seeds.values()]
    known = [max(skill, 0.0) for skill in skills if skill is not None]
    if len(known) <= 1 or max(known) - min(known) < limit.spread:
        return None
    return Evidence({"best": max(known), "worst": min(known), "seeds": len(known)})


@rule(
    explanation="The classes are right more often than the majority, but the probabilities are too sure, or not sure "
    "enough. Brier score and log loss punish that, and so does every decision that weighs costs.",
    reference=("Guo and others, On calibration of modern neural networks (2017)", "https://arxiv.org/abs/1706.04599"),
    advice="Or calibrate the probabilities on validation windows after training.",
    limits={
        "gain": Limit(0.05, "chosen: in skill against a constant prediction, by calibration across halves"),
        "accuracy": Limit(0.01, "chosen: above the share of the largest class"),
    },
)
def miscalibrated(facts: Facts, _: Assessment, limit: Limits) -> Evidence | None:
    """Measure how much calibration adds to the skill of the probabilities, where accuracy beats the majority.

    Half of the windows calibrate the others, by logistic regression on the logits. Where the verdict is about
    probabilities that were mapped back already, it has nothing to gain.
    """
    known = [seed.held or seed.train for seed in facts.outcome.seeds.values()]
    own, gain = median([each.constant_skill for each in known]), median([each.calibration_gain for each in known])
    accuracy = median([each.accuracy - each.majority for each in known if each.accuracy and each.majority])
    if own is None or gain is None or accuracy is None:
        return None
    if gain < limit.gain or accuracy < limit.accuracy:
        return None
    settings = facts.experiment.training
    change: dict[str, Any] = {"experiment.training.label_smoothing": 0.0}
    if settings["class_weight"] != "none":
        change = {"experiment.training.class_weight": "none"}
    elif "focal" in facts.network.loss:
        change = {"experiment.training.loss": None}
    elif not settings["label_smoothing"]:
        stops = facts.unseen.part == "validation" and not restores(settings)
        change = {"experiment.training.early_stopping": STOPPING} if stops else {}
    values = {"skill": own, "gain_by_calibration": gain, "accuracy_above_majority": accuracy}
    return Evidence(values, change, None if facts.unseen.recalibrated else gain)


@rule(
    cause=False,
    explanation="The loss is that of a prediction that ignores the inputs: ln of the number of classes, or the "
    "entropy of their shares. Or it is at the smallest value that Keras's clipped cross-entropy can show.",
    reference=("Cross Validated 470563", "https://stats.stackexchange.com/questions/470563"),
    limits={
        "floor": Limit(1.2e-07, "-log(1 - 1e-7) in float32, Keras's clipped cross-entropy (post 470563)"),
        "distance": Limit(0.01, "tuned; relative distance from ln of the classes or the entropy of the shares"),
    },
)
def loss_at_floor(facts: Facts, assessment: Assessment, limit: Limits) -> Evidence | None:
    """Compare the last training loss with the smallest one that Keras can show.

    If the network did not learn, cross-entropies are compared with the losses of constant predictions too.
    """
    losses = [run.last for run in facts.course.values() if run.last is not None]
    if not losses:
        return None
    if max(losses) <= limit.floor and facts.network.loss in _CROSSENTROPIES:
        return Evidence({"loss": max(losses), "constant": "1.1921e-07"})
    classes, loss = facts.data.classes, median([*losses])
    if not classes or facts.network.loss not in _CROSSENTROPIES or loss is None or assessment.ahead:
        return None
    loss *= 1 - (median([run.penalty_share for run in facts.course.values()]) or 0.0)
    count = len(classes.shares)
    known = {f"ln {count}": math.log(count), "entropy of the shares": classes.entropy}
    for name, value in known.items():
        if value is not None and abs(loss / value - 1) < limit.distance:
            return Evidence({"loss": loss, "constant": name, "value": value})
    return None


@rule(
    cause=False,
    explanation="Loss or metric and predictions disagree: the loss is small, but the predictions are hardly better "
    "than a constant or naive forecast, or the metric is made for another kind of target and means nothing.",
    reference=(
        "Hyndman and Koehler, Another look at measures of forecast accuracy (2006)",
        "https://doi.org/10.1016/j.ijforecast.2006.03.001",
    ),
    limits={
        "loss": Limit(0.02, "tuned; of a regression"),
        "entropy": Limit(0.5, "tuned; of classes, as a share of the entropy of their shares"),
        "train_skill": GAP,
    },
)
def loss_metric_disagree(facts: Facts, assessment: Assessment, limit: Limits) -> Evidence | None:
    """Look for a small training loss, penalties apart, beside little skill on training and unseen windows.

    Of a network from a file, look first for an accuracy of a regression, which counts predictions that equal their
    target to the last digit.
    """
    given = facts.experiment.compiled
    if given is not None and facts.data.kind is None:
        odd = [name for name in given.metrics if name in ("acc", "accuracy") or name.endswith("_accuracy")]
        if odd:
            return Evidence({"metric": odd[0], "target": "regression"})
    if assessment.nonfinite or assessment.learned is not False:
        return None
    loss, fitted = median([run.last for run in facts.course.values()]), assessment.train_skill
    if loss is None or (fitted is not None and fitted > limit.train_skill):
        return None
    classes = facts.data.classes
    rest = loss * (1 - (median([run.penalty_share for run in facts.course.values()]) or 0.0))
    if rest > (limit.entropy * (classes.entropy or 0.0) if classes else limit.loss):
        return None
    return Evidence({"loss": loss, "without_penalty": rest, "train_skill": fitted})


@rule(
    explanation="The network predicts its training windows far better than others: it memorised them.",
    reference=("Prechelt, Early stopping, but when? (1998)", "https://doi.org/10.1007/3-540-49430-8_3"),
    limits={
        "gap": GAP,
        "validation_rise": Limit(1.15, "tuned; last validation loss over the least one"),
        "shift_most": SHIFT_MOST,
    },
)
def overfitting(facts: Facts, assessment: Assessment, limit: Limits) -> Evidence | None:
    """Compare the skill against a constant prediction on training windows with that on unseen ones.

    A network that learned and is not behind is reported only if its validation loss rose again, unless the weights of
    its least are the ones kept. Nothing is reported where validation targets are on another level, since that leaves a
    gap too, where there are too few windows for an interval, or where anything is NaN or infinite.
    """
    unseen = facts.unseen
    seen, own = unseen.train_skill, unseen.networks.against_constant.skill if unseen.networks else None
    if assessment.nonfinite or unseen.windows < unseen.needed:
        return None
    if seen is None or own is None or seen < limit.gap or seen - own < limit.gap:
        return None
    restored, shift = restores(facts.experiment.training), facts.data.shift
    rise = 1.0 if restored else median([run.val_rise for run in facts.course.values()])
    moved = bool(shift and shift.mean is not None and abs(shift.mean) > limit.shift_most)
    keeps_up = assessment.learned and not assessment.behind
    if moved or (keeps_up and not (rise and rise > limit.validation_rise)):
        return None
    change: dict[str, Any] = {"experiment.training.early_stopping": STOPPING}
    if restored:
        change = {} if facts.network.dropout else {"experiment.architecture.dropout": 0.2}
    if unseen.part != "validation":
        splits = facts.settings.split["scheme"] in ("holdout", "sequences", "groups")
        change = {"dataset.split.validation": 0.1} | change if splits else {}
    return Evidence({"train_skill": seen, "unseen_skill": own, "validation_rise": rise}, change)


def restores(training: dict[str, Any]) -> bool:
    """Return whether early stopping keeps the weights of the least validation loss."""
    stopping = training["early_stopping"]
    return bool(stopping) and stopping["monitor"] == "val_loss" and bool(stopping["restore_best"])


def _echo(echoes: list[Echo | None], to_last: float, most: float) -> dict[str, Any] | None:
    """Return the medians over seeds, None where the predictions do not repeat the last value."""
    known = [echo for echo in echoes if echo and echo.to_last is not None]
    near, direction = median([echo.to_last for echo in known]), median([echo.direction for echo in known])
    if near is None or near > to_last or (direction or 0) > most:
        return None
    return {"distance_to_last": near, "corr_last": median([echo.corr_last for echo in known]), "direction": direction}
