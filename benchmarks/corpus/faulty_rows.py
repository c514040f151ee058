"""Cases with faults of the rows, the windows, the targets and their scaling."""

from __future__ import annotations

from benchmarks.corpus.bases import change, co2, lag, own, season, steps, sunspots
from benchmarks.corpus.case import EITHER, FLAT, STUCK, Case, case
from benchmarks.corpus.damage import (
    constant_mix,
    constant_season,
    copied_rows,
    early_input,
    far_constant,
    far_target,
    few_mix,
    few_price,
    heavy_mix,
    heavy_season,
    huge_season,
    late_sunspots,
    late_target,
    missing_mix,
    missing_price,
    near_walk,
    rain,
    rare_price,
    rare_sign,
    repeated_block,
    tiny_sign,
)

# The loss of far or wide targets gives gradients as large; many more steps, or larger ones, would get there after all.
FAR = ("too_few_updates", "learning_rate_too_low", "collapsed_predictions", "exploding_gradients", "saturated_units")
# Squashed by its tails, a target has a tiny spread, so a tiny loss, which says nothing.
SQUASHED = (*FLAT, "loss_metric_disagree", "unscaled_target")
LIKE_NAIVE = {"skill": (None, 0.05)}

CASES: list[Case] = [
    case(
        "tuning",
        "missing_price",
        "price",
        missing_price,
        "nonfinite_input nonfinite_weights",
        verdicts=("numerical_failure",),
        must={"finite": (None, 0.0)},
    ),
    case(
        "reported",
        "missing_mix",
        "mix",
        missing_mix,
        "nonfinite_input nonfinite_weights",
        verdicts=("numerical_failure",),
        must={"finite": (None, 0.0)},
    ),
    case("tuning", "constant_season", "season", constant_season, "constant_feature", must={"skill": (0.05, None)}),
    case("reported", "constant_mix", "mix", constant_mix, "constant_feature", must={"skill": (0.05, None)}),
    # At a rate ten times as large, or with ten times the steps, it would learn from inputs as small as that too.
    case(
        "tuning",
        "tiny_sign",
        "sign",
        tiny_sign,
        "unscaled_input loss_at_floor",
        also=("collapsed_predictions", "learning_rate_too_low", "too_few_updates"),
        verdicts=STUCK,
        must={"constant": (-0.05, 0.03)},
    ),
    case(
        "reported",
        "huge_season",
        "season",
        huge_season,
        "unscaled_input",
        also=(*FLAT, "saturated_units", "vanishing_gradients"),
        verdicts=STUCK,
        must={"constant": (None, 0.3)},
    ),
    case(
        "tuning",
        "far_target",
        "mix",
        far_target,
        "unscaled_target",
        also=FAR,
        verdicts=STUCK,
        must={"constant": (None, 0.1)},
    ),
    case(
        "reported",
        "far_sunspots",
        "sunspots",
        lambda s: change(sunspots(s), dataset__scaling__target="none", training__epochs=20),
        "unscaled_target",
        also=FAR,
        verdicts=STUCK,
        must={"constant": (None, 0.3)},
    ),
    case(
        "tuning",
        "heavy_mix",
        "mix",
        heavy_mix,
        "heavy_tailed_target loss_metric_disagree",
        also=SQUASHED,
        verdicts=(*STUCK, "undetermined"),
        must={"targets": (None, 0.05), "loss": (None, 0.01), "constant": (None, 0.1)},
    ),
    # The tails drown the season in squared error, whatever the network does: nothing may be told from it.
    case(
        "reported",
        "heavy_season",
        "season",
        heavy_season,
        "heavy_tailed_target",
        also=SQUASHED,
        verdicts=(*EITHER, "undetermined"),
        must={"targets": (None, 0.06)},
    ),
    # A target known inside the window is easily learned, and then of no use.
    case("tuning", "late_target", "mix", late_target, "target_misaligned", verdicts=EITHER),
    case("reported", "early_input", "season", early_input, "target_misaligned", verdicts=EITHER),
    case("reported", "late_sunspots", "sunspots", late_sunspots, "target_misaligned", verdicts=EITHER),
    case(
        "tuning",
        "masked_steps",
        "steps",
        lambda s: change(steps(s), architecture__mask_value=0.0),
        "mask_hides_data",
        also=FLAT,
        verdicts=EITHER,
    ),
    case(
        "reported",
        "masked_rain",
        "mix",
        rain,
        "mask_hides_data",
        also=FLAT,
        verdicts=STUCK,
        must={"constant": (None, 0.3)},
    ),
    # Always the frequent class, at an accuracy that looks good.
    case(
        "tuning",
        "rare_sign",
        "sign",
        rare_sign,
        "class_imbalance",
        also=(*FLAT, "loss_metric_disagree"),
        verdicts=EITHER,
    ),
    case(
        "reported",
        "rare_price",
        "price",
        rare_price,
        "class_imbalance",
        also=(*FLAT, "loss_metric_disagree"),
        verdicts=(*EITHER, "no_evidence_of_signal"),
    ),
    case(
        "tuning",
        "echo_lstm",
        "near_walk",
        near_walk,
        "persistence_echo",
        verdicts=("no_evidence_of_signal",),
        must={"echo": (None, 0.25), **LIKE_NAIVE},
    ),
    case(
        "reported",
        "echo_gru",
        "near_walk",
        lambda s: change(
            near_walk(s), architecture=own("gru", units=[16]), training__learning_rate=0.005, training__epochs=15
        ),
        "persistence_echo",
        verdicts=("no_evidence_of_signal",),
        must={"echo": (None, 0.25), **LIKE_NAIVE},
    ),
    case("tuning", "repeated_block", "season", repeated_block, "duplicate_windows", must={"skill": (0.05, None)}),
    case("reported", "copied_rows", "mix", copied_rows, "duplicate_windows", must={"skill": (0.05, None)}),
    case("tuning", "few_mix", "mix", few_mix, "overfitting", verdicts=("overfitting",), must={"gap": (0.3, None)}),
    case(
        "reported", "few_price", "price", few_price, "overfitting", verdicts=("overfitting",), must={"gap": (0.3, None)}
    ),
    # Inside such a window there is nothing; the row that tells the target lies before it.
    case(
        "tuning",
        "short_lag",
        "lag",
        lambda s: change(lag(s), dataset__window__length=6),
        "window_too_short",
        also=FLAT,
        verdicts=("no_evidence_of_signal", "not_learning"),
        must={"constant": (None, 0.05)},
    ),
    case(
        "reported",
        "short_season",
        "season",
        lambda s: change(season(s), dataset__window__length=3),
        "window_too_short",
        verdicts=(*EITHER, "no_evidence_of_signal"),
    ),
    case(
        "reported",
        "short_co2",
        "co2",
        lambda s: change(co2(s), dataset__window__length=4),
        "window_too_short",
        verdicts=(*EITHER, "no_evidence_of_signal"),
    ),
    case(
        "tuning",
        "constant_few_updates",
        "season",
        lambda s: change(
            constant_season(s), training__epochs=1, training__batch_size=512, training__learning_rate=0.001
        ),
        "constant_feature too_few_updates",
        also=FLAT,
        verdicts=STUCK,
        must={"skill": (None, 0.0)},
    ),
    case(
        "reported",
        "far_constant",
        "mix",
        far_constant,
        "constant_feature unscaled_target",
        also=FAR,
        verdicts=STUCK,
        must={"constant": (None, 0.1)},
    ),
]
