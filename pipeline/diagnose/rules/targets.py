"""Rules over the targets, before any network."""

from __future__ import annotations

from typing import Any

from pipeline.diagnose.assessment import Assessment, median
from pipeline.diagnose.facts import Facts
from pipeline.diagnose.limits import KNOWN_SHARE, OFFSET_SIZE, OUTSIDE_MOST, SHIFT_MOST, TARGET_STD_MOST, Limit
from pipeline.diagnose.rules import Evidence, Limits, rule


@rule(
    explanation="The target's scale or level is far from the head's initial output. The network spends its updates on "
    "reaching it.",
    reference=("scikit-learn, transforming the target", "https://scikit-learn.org/stable/modules/compose.html"),
    limits={
        "std_least": Limit(0.02, "tuned"),
        "std_most": TARGET_STD_MOST,
        "offset_most": Limit(5.0, "tuned; size of the mean in standard deviations"),
        "offset_size": OFFSET_SIZE,
    },
)
def unscaled_target(facts: Facts, _: Assessment, limit: Limits) -> Evidence | None:
    """Check the mean and standard deviation of a regression's target, as the network receives it."""
    mean, std = facts.data.target.mean, facts.data.target.std
    before = facts.network.initial
    if facts.data.kind is not None or mean is None or not std:
        return None
    values = {"mean": mean, "std": std, "loss_before_training": None, "expected_loss": None}
    if before:
        values |= {"loss_before_training": before.loss, "expected_loss": before.expected_loss}
    offset = abs(mean) / std > limit.offset_most and abs(mean) > limit.offset_size
    if not limit.std_least <= std <= limit.std_most or offset:
        change = {"dataset.scaling.target": "standard"}
        return Evidence(values, change | _unbounded(facts))
    return None


@rule(
    explanation="Validation targets are on another level than training targets, as in a series that grows. A network "
    "rarely predicts values outside the range of its training targets.",
    reference=("Hyndman, Athanasopoulos, Forecasting, stationarity", "https://otexts.com/fpp3/stationarity.html"),
    advice="If the window's last value is subtracted already, predict the change: a target of the kind difference.",
    limits={
        "shift_most": SHIFT_MOST,
        "outside": OUTSIDE_MOST,
    },
)
def level_out_of_range(facts: Facts, assessment: Assessment, limit: Limits) -> Evidence | None:
    """Compare validation with training targets, as the network receives them, if it learned less than it could.

    Either their means are far apart, or many validation targets lie outside the range of training.
    """
    shift = facts.data.shift
    if not shift or not assessment.below_what_is_learnable or assessment.nonfinite:
        return None
    if abs(shift.mean or 0.0) <= limit.shift_most and shift.outside < limit.outside:
        return None
    window = facts.settings.window
    # Whole sequences may begin with padding, which has no level to be less of.
    level = window["target"]["kind"] == "value" and window.get("length") != "sequence"
    level &= facts.settings.scaling["window"] == "none"
    change = {"dataset.scaling.window": "last"} if level else {}
    values = {"validation_shift": shift.mean, "validation_outside": shift.outside}
    return Evidence(values, change, _to_naive(assessment) if change else None)


@rule(
    explanation="The last value of the window explains most of the target, and the network spends its training on "
    "learning that level anew. Less the last value, it starts as good as the naive forecast.",
    reference=("Hyndman, Athanasopoulos, Forecasting, simple methods", "https://otexts.com/fpp3/simple-methods.html"),
    limits={
        "persistence": Limit(0.8, "chosen: share of the target's variance that the last value explains"),
        "train_skill": Limit(0.5, "chosen: against a constant prediction: the network has learned the level"),
        "shift_most": SHIFT_MOST,
    },
)
def level_instead_of_change(facts: Facts, assessment: Assessment, limit: Limits) -> Evidence | None:
    """Check how much the last value explains, if the network fits its training windows yet learned less than it could.

    Only for windows that are not scaled by themselves. Another level in validation is reported as `level_out_of_range`.
    """
    explained, fitted, shift = facts.data.persistence, assessment.train_skill, facts.data.shift
    if not assessment.below_what_is_learnable or assessment.nonfinite or facts.settings.scaling["window"] != "none":
        return None
    if explained is None or explained < limit.persistence or fitted is None or fitted < limit.train_skill:
        return None
    if shift and abs(shift.mean or 0.0) > limit.shift_most:
        return None
    values = {"persistence": explained, "train_skill": fitted}
    change = {} if facts.settings.window.get("length") == "sequence" else {"dataset.scaling.window": "last"}
    return Evidence(values, change, _to_naive(assessment))


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
def heavy_tailed_target(facts: Facts, assessment: Assessment, limit: Limits) -> Evidence | None:
    """Check the excess kurtosis of a min-max scaled regression target, and its standard deviation beside its range.

    Nothing is reported if the network learned all the same.
    """
    if assessment.learned and not assessment.behind:
        return None
    kurtosis, share = facts.data.target.kurtosis, facts.data.target.unit_spread
    if facts.data.kind is not None or facts.settings.scaling["target"] != "minmax":
        return None
    if (kurtosis or 0.0) <= limit.kurtosis_most or share is None or share > limit.share_of_range:
        return None
    change = {"dataset.scaling.target": "standard"} | _unbounded(facts)
    return Evidence({"kurtosis": kurtosis, "spread_of_range": share}, change)


@rule(
    doubt=True,
    explanation="The window already holds the target, or its best predictor is further back than the last row, or rows "
    "repeat. The task is then another one than it seems.",
    reference=("Kaufman and others, Leakage in data mining (2012)", "https://doi.org/10.1145/2382577.2382579"),
    advice="Check by how many rows the target column was shifted, and whether rows were filled in.",
    limits={
        "known_share": KNOWN_SHARE,
        "chance": Limit(0.2, "chosen: targets not known, as a share of those that the target's own column leaves"),
        "declared": Limit(0.5, "chosen: share of targets found at the row they are declared to be from"),
        "repeated_share": Limit(0.4, "tuned; share of rows that equal the row before"),
        "distinct": Limit(0.5, "chosen: share of the repeated values that differ; filled rows repeat a new value each"),
        "gain": Limit(0.15, "tuned; by how much the best correlation exceeds the best one at the last row"),
        "correlation": Limit(0.99, "tuned; least size of the best correlation"),
        "own_gain": Limit(0.02, "chosen: by how much it exceeds the best one in the target's own column"),
        "season": Limit(0.8, "chosen: autocorrelation of a season, whose phases are good predictors at any lag"),
    },
)
def target_misaligned(facts: Facts, _: Assessment, limit: Limits) -> Evidence | None:
    """Look for the target in its own window, and for rows that repeat.

    One of three signs is enough. Nearly all windows hold their target at one lag of another feature, at its other lags
    they do not, and the target's own column holds it far less often, as that of a season or of sticky labels does; or
    the target is not the one of its declared row. Many rows equal the row before, and not just at a few values such as
    zero. Or another feature more than one row back correlates best with the target, clearly better than any input of
    the last row, the target's own column and its season.
    """
    found, season = facts.data.alignment, facts.data.season
    if not found:
        return None
    if found.known is not None and found.known >= limit.known_share > (found.known_elsewhere or 0.0):
        own = found.known_own or 0.0
        moved = found.own.declared is not None and found.own.declared < limit.declared
        if moved or (own < found.known and 1 - found.known <= limit.chance * (1 - own)):
            known = {"known": found.known, "known_lag": found.known_lag, "known_feature": found.known_feature}
            return Evidence(known)
    few = found.repeated_distinct is not None and found.repeated_distinct < limit.distinct
    if found.repeated is not None and found.repeated >= limit.repeated_share and not few:
        return Evidence({"repeated_rows": found.repeated})
    best, last = found.best_corr, found.last_corr
    if best is None or last is None or (found.best_lag or 1) <= 1:
        return None
    if abs(best) - abs(last) <= limit.gain or abs(best) <= limit.correlation:
        return None
    seasons = (season.autocorrelation, season.visible_autocorrelation) if season else ()
    if max((each for each in seasons if each is not None), default=0.0) >= limit.season:
        return None
    if abs(best) - (found.best_own or 0.0) <= limit.own_gain:
        return None
    values = {"best_lag": found.best_lag, "best_feature": found.best_feature, "best_corr": best, "last_corr": last}
    return Evidence(values)


@rule(
    explanation="One class dominates, so always predicting it is almost always right.",
    reference=("He and Garcia, Learning from imbalanced data (2009)", "https://doi.org/10.1109/TKDE.2008.239"),
    advice="Read balanced accuracy and MCC, and choose thresholds that divide the windows more evenly.",
    limits={
        "share": Limit(0.85, "tuned"),
        "gain": Limit(0.005, "chosen: accuracy above the share of the largest class, so that others are predicted too"),
    },
)
def class_imbalance(facts: Facts, assessment: Assessment, limit: Limits) -> Evidence | None:
    """Check the share of the largest class among the training windows.

    Nothing is reported if the network learned, and is more often right than the largest class alone.
    """
    classes = facts.data.classes
    if not classes or max(classes.shares) < limit.share:
        return None
    known = [seed.held or seed.train for seed in facts.outcome.seeds.values()]
    gain = median([each.accuracy - each.majority for each in known if each.accuracy and each.majority])
    if assessment.learned and not assessment.behind and gain is not None and gain > limit.gain:
        return None
    return Evidence({"shares": classes.shares})


def _unbounded(facts: Facts) -> dict[str, Any]:
    """Return the change to a head that reaches a standardised target; empty where the head has no bounds."""
    head = facts.network.head
    return {"experiment.architecture.head": "linear"} if head.low is not None or head.high is not None else {}


def _to_naive(assessment: Assessment) -> float | None:
    """Return how far the network is below the naive forecast, from which it starts if the last value is subtracted."""
    return None if assessment.skill is None or assessment.skill >= 0 else -assessment.skill
