"""Rules over the rows and windows, before any network."""

from __future__ import annotations

from pipeline.diagnose.assessment import Assessment
from pipeline.diagnose.facts import Facts
from pipeline.diagnose.limits import DUPLICATE_SHARE, INPUT_STD_LEAST, OFFSET_SIZE, OUTSIDE_MOST, SHIFT_MOST, Limit
from pipeline.diagnose.rules import Evidence, Limits, rule


@rule(
    fails=True,
    explanation="Missing or infinite values reach the network. A single one makes the loss of its batch NaN, and the "
    "next update makes every weight NaN: from then on the network predicts NaN for every window.",
    reference=(
        "enable_check_numerics",
        "https://www.tensorflow.org/api_docs/python/tf/debugging/enable_check_numerics",
    ),
)
def nonfinite_input(facts: Facts, _: Assessment, limit: Limits) -> Evidence | None:
    """Look for NaN or infinite values in the training windows and their targets."""
    found = facts.data.nonfinite
    if not found or not (found.cells or found.targets):
        return None
    values = {"row": found.row, "column": found.column, "window": found.window, "batch": found.batch}
    values |= {"cells": found.cells, "windows": found.windows, "targets": found.targets}
    return Evidence(values, {"dataset.window.missing": "drop"})


@rule(
    explanation="A feature has the same value in all training windows. It carries no information, and a scaler that "
    "divides by its standard deviation makes it infinite.",
    reference=("scikit-learn, feature selection", "https://scikit-learn.org/stable/modules/feature_selection.html"),
    advice="Check whether the column was filled in by mistake.",
)
def constant_feature(facts: Facts, _: Assessment, limit: Limits) -> Evidence | None:
    """Look for features with a single value in all training windows, up to the rounding of float32."""
    features = facts.data.inputs
    names = [feature.name for feature in features if feature.constant]
    if not names:
        return None
    change = {} if len(names) == len(features) else {"dataset.window.constant": "drop"}
    return Evidence({"features": names, "of": len(features)}, change)


@rule(
    explanation="At least one input is far from zero mean and unit variance. Gates and activations then hardly respond "
    "or saturate, and no learning rate suits both the first layer and the others.",
    reference=("LeCun and others, Efficient BackProp (1998)", "http://yann.lecun.com/exdb/publis/pdf/lecun-98b.pdf"),
    limits={
        "std_least": INPUT_STD_LEAST,
        "std_most": Limit(10.0, "tuned; LeCun et al. (1998, Efficient BackProp, 4.3) ask for a value near 1"),
        "offset_most": Limit(5.0, "tuned; size of the mean in standard deviations"),
        "offset_size": OFFSET_SIZE,
    },
)
def unscaled_input(facts: Facts, _: Assessment, limit: Limits) -> Evidence | None:
    """Check the mean and standard deviation of each feature, as the network receives it; constant ones are left out.

    Steps that a Masking layer skips do not count, nor does a small deviation of rare events of size 1 or more.
    """
    mask, bad = facts.network.masking, []
    features = mask.features if mask and mask.share and mask.features else facts.data.inputs
    for feature in features:
        mean, std = feature.mean, feature.std
        if feature.constant or mean is None or not std:
            continue
        offset = abs(mean) / std > limit.offset_most and abs(mean) > limit.offset_size
        rare = std < limit.std_least and feature.largest is not None and feature.largest >= 1
        if not (rare or limit.std_least <= std <= limit.std_most) or offset:
            bad.append({"feature": feature.name, "mean": mean, "std": std})
    if not bad:
        return None
    change = {"dataset.scaling.features": "standard"}
    if facts.settings.scaling["features"] == "standard":
        change = {"dataset.scaling.window": "standard"}
    return Evidence({"features": len(bad), "of": len(features)} | bad[0], change)


@rule(
    doubt=True,
    explanation="Many training windows are identical, so there are fewer different examples than it seems.",
    reference=("Lee and others, Deduplicating training data (2022)", "https://arxiv.org/abs/2107.06499"),
    advice="Use a larger stride, or rows that do not repeat.",
    limits={
        "share": DUPLICATE_SHARE,
        "distinct": Limit(64, "chosen: rows of so few different values form equal windows by themselves"),
        "exact": Limit(0.95, "chosen: share of rows that equal the row one season earlier: the season is exact"),
    },
)
def duplicate_windows(facts: Facts, _: Assessment, limit: Limits) -> Evidence | None:
    """Check the share of windows that equal another one. Sequences count only if equal ones have different targets.

    A season without noise repeats its windows, and so do a few labels or printed digits: neither is reported.
    """
    found, season = facts.data.duplicates, facts.data.season
    sequences = facts.settings.window["length"] == "sequence"
    if found.distinct is not None and found.distinct <= limit.distinct and not sequences:
        return None
    if season and season.exact is not None and season.exact >= limit.exact:
        return None
    if found.share < limit.share or (sequences and not found.conflicting):
        return None
    return Evidence({"share": found.share, "conflicting": found.conflicting})


@rule(
    explanation="The value that marks padding also occurs in real data, and the network never sees those steps.",
    reference=("Keras, masking and padding", "https://keras.io/guides/understanding_masking_and_padding/"),
    limits={
        "share": Limit(0.01, "tuned; windows are cut from rows, so they hold no padding"),
        "sentinel": Limit(2.0, "chosen: distance of the mask value from all other cells, in standard deviations"),
    },
)
def mask_hides_data(facts: Facts, _: Assessment, limit: Limits) -> Evidence | None:
    """Check the share of steps that a Masking layer hides. Windows hold no padding, so all that it hides is data.

    A mask value far from all other cells is meant for it, and so is one that only begins or ends sequences whose other
    steps vary: padding. Sequences of ids are padded with a value that no other step has.
    """
    mask = facts.network.masking
    if not mask or mask.padding or mask.share < limit.share:
        return None
    padding = facts.settings.window["length"] == "sequence" and not mask.inside
    if mask.outside is not None and (mask.outside >= limit.sentinel or padding):
        return None
    values = {"value": mask.value, "share": mask.share, "inside": mask.inside, "windows": mask.windows}
    return Evidence(values, {"experiment.architecture.mask_value": None})


@rule(
    explanation="State is carried from batch to batch, but windows do not continue those of the batch before. Each one "
    "starts from the state that an unrelated window left.",
    reference=("Keras, cross-batch statefulness", "https://keras.io/guides/working_with_rnns/"),
    limits={"continued": Limit(0.5, "tuned")},
)
def state_order_broken(facts: Facts, _: Assessment, limit: Limits) -> Evidence | None:
    """Check in what share of all handovers of state the later window begins where the earlier one ended."""
    found = facts.data.state
    if not found or found.continued is None or found.continued >= limit.continued:
        return None
    values = {"declared": found.declared, "continued": found.continued}
    return Evidence(values, {"experiment.training.state": "lanes" if found.possible else "none"})


@rule(
    explanation="A linear model of longer windows predicts the same unseen targets clearly better.",
    reference=("Hyndman, Athanasopoulos, Forecasting, autocorrelation", "https://otexts.com/fpp3/acf.html"),
    limits={
        "gain": Limit(0.1, "tuned; in skill"),
        "nearly": Limit(0.02, "chosen: a shorter window with nearly the best skill is cheaper"),
        "duplicate_share": DUPLICATE_SHARE,
        "shift_most": SHIFT_MOST,
        "outside": OUTSIDE_MOST,
    },
)
def window_too_short(facts: Facts, _: Assessment, limit: Limits) -> Evidence | None:
    """Compare the skill of linear models on the window and on longer ones that end with the same row.

    Nothing is reported where many windows are identical, since longer ones would only find the repetition, nor where
    validation targets are on another level, which a longer window only finds sooner.
    """
    longer, own_length, shift = facts.references.longer or {}, facts.data.length, facts.data.shift
    if facts.data.duplicates.share >= limit.duplicate_share:
        return None
    if shift and (abs(shift.mean or 0.0) > limit.shift_most or shift.outside >= limit.outside):
        return None
    known = {int(length): skill for length, skill in longer.items() if skill is not None}
    own = known.pop(own_length, None)
    if own is None or not known:
        return None
    best = max(known.values())
    length = min(length for length, skill in known.items() if skill >= best - limit.nearly)
    if known[length] - max(own, 0.0) <= limit.gain or known[length] <= 0:
        return None
    values = {"length": own_length, "skill": own, "longer": length, "longer_skill": known[length]}
    return Evidence(values, {"dataset.window.length": length}, known[length] - max(own, 0.0))
