"""Rules over the targets, before any network."""

from __future__ import annotations

from typing import Any

from pipeline.diagnose.assessment import Assessment
from pipeline.diagnose.facts import Facts
from pipeline.diagnose.limits import OFFSET_SIZE, SHIFT_MOST, TARGET_STD_MOST, Limit
from pipeline.diagnose.rules import Evidence, Limits, rule


@rule(
    explanation="The target's scale or level is far from the head's initial output, or far from that seen in training. "
    "The network spends its updates on reaching it, and cannot predict levels it never saw.",
    reference=("scikit-learn, transforming the target", "https://scikit-learn.org/stable/modules/compose.html"),
    limits={
        "std_least": Limit(0.02, "tuned"),
        "std_most": TARGET_STD_MOST,
        "offset_most": Limit(5.0, "tuned; size of the mean in standard deviations"),
        "offset_size": OFFSET_SIZE,
        "shift_most": SHIFT_MOST,
    },
)
def unscaled_target(facts: Facts, assessment: Assessment, limit: Limits) -> Evidence | None:
    """Check the mean and standard deviation of a regression's target, as the network receives it.

    A shift between training and validation targets counts too, if the network learned less than it could.
    """
    mean, std = facts.data.target.mean, facts.data.target.std
    shift, before = facts.data.shift, facts.network.initial
    if facts.data.kind is not None or mean is None or not std:
        return None
    values = {"mean": mean, "std": std, "loss_before_training": None, "expected_loss": None}
    if before:
        values |= {"loss_before_training": before.loss, "expected_loss": before.expected_loss}
    offset = abs(mean) / std > limit.offset_most and abs(mean) > limit.offset_size
    if not limit.std_least <= std <= limit.std_most or offset:
        return Evidence(values, {"dataset.scaling.target": "standard"})
    # A drifting level hurts only a network that has to predict the level itself.
    if shift and abs(shift.mean or 0.0) > limit.shift_most and assessment.below_what_is_learnable:
        values |= {"validation_shift": shift.mean, "validation_outside": shift.outside}
        return Evidence(values, {"dataset.scaling.window": "last"})
    return None


@rule(
    explanation="The target is scaled to its range, and a few extremes squeeze all other targets into a small part of "
    "it. There the loss and its gradients are tiny for any prediction.",
    reference=("Scalers", "https://scikit-learn.org/stable/auto_examples/preprocessing/plot_all_scaling.html"),
    limits={
        "kurtosis_most": Limit(1.5, "chosen: a normal target has 0, a logistic one 1.2, a Laplace one 3"),
        "share_of_range": Limit(
            0.12, "chosen: the std of a uniform target is 0.29 of its range, of 1,000 normal ones 0.15"
        ),
    },
)
def heavy_tailed_target(facts: Facts, _: Assessment, limit: Limits) -> Evidence | None:
    """Check the excess kurtosis of a min-max scaled regression target, and its standard deviation beside its range."""
    kurtosis, share = facts.data.target.kurtosis, facts.data.target.unit_spread
    if facts.data.kind is not None or facts.settings.scaling["target"] != "minmax":
        return None
    if (kurtosis or 0.0) <= limit.kurtosis_most or share is None or share > limit.share_of_range:
        return None
    change: dict[str, Any] = {"dataset.scaling.target": "standard"}
    head = facts.network.head
    if head.low is not None or head.high is not None:
        change |= {"experiment.architecture.head": "linear"}
    return Evidence({"kurtosis": kurtosis, "spread_of_range": share}, change)


@rule(
    explanation="The window already holds the target, or its best predictor is further back than the last row, or rows "
    "repeat. The task is then another one than it seems.",
    reference=("Kaufman and others, Leakage in data mining (2012)", "https://doi.org/10.1145/2382577.2382579"),
    advice="Check by how many rows the target column was shifted, and whether rows were filled in.",
    limits={
        "known_share": Limit(0.9, "tuned; share of windows that hold their target at one lag of one feature"),
        "repeated_share": Limit(0.4, "tuned; share of rows that equal the row before"),
        "gain": Limit(0.15, "tuned; by how much the best correlation exceeds the best one at the last row"),
        "correlation": Limit(0.99, "tuned; least size of the best correlation"),
    },
)
def target_misaligned(facts: Facts, _: Assessment, limit: Limits) -> Evidence | None:
    """Look for the target in its own window, and for rows that repeat.

    One of three signs is enough: nearly all windows hold their target at one lag of a feature, and not at its others;
    many rows equal the row before; or an input more than one row back correlates best with the target, clearly better
    than any input of the last row.
    """
    found = facts.data.alignment
    if not found:
        return None
    if found.known is not None and found.known >= limit.known_share > (found.known_elsewhere or 0.0):
        known = {"known": found.known, "known_lag": found.known_lag, "known_feature": found.known_feature}
        return Evidence(known)
    if found.repeated is not None and found.repeated >= limit.repeated_share:
        return Evidence({"repeated_rows": found.repeated})
    best, last = found.best_corr, found.last_corr
    if best is None or last is None or (found.best_lag or 1) <= 1:
        return None
    if abs(best) - abs(last) <= limit.gain or abs(best) <= limit.correlation:
        return None
    values = {"best_lag": found.best_lag, "best_feature": found.best_feature, "best_corr": best, "last_corr": last}
    return Evidence(values)


@rule(
    explanation="One class dominates, so always predicting it is almost always right.",
    reference=("He and Garcia, Learning from imbalanced data (2009)", "https://doi.org/10.1109/TKDE.2008.239"),
    advice="Read balanced accuracy and MCC, and choose thresholds that divide the windows more evenly.",
    limits={"share": Limit(0.85, "tuned")},
)
def class_imbalance(facts: Facts, _: Assessment, limit: Limits) -> Evidence | None:
    """Check the share of the largest class among the training windows."""
    classes = facts.data.classes
    if not classes or max(classes.shares) < limit.share:
        return None
    return Evidence({"shares": classes.shares})
