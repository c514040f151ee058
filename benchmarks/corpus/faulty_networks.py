"""Faults of the network and of its training."""

from __future__ import annotations

from benchmarks.corpus.bases import change, lag, market_, mix, own, price_, products, season, sign, steps, sunspots
from benchmarks.corpus.case import EITHER, FLAT, STUCK, Case, Limits, case

FAILED = ("numerical_failure",)
UNLEARNED: Limits = {"constant": (None, 0.2)}
# A network without a gradient, or in whose layers nothing moves any more.
BLIND = (*FLAT, "vanishing_gradients", "dead_output")
# Between batches `posted` hands the state to a window that does not go on where the last one ended.
POSTED = {"training__state": "posted", "training__shuffle": False}

HEADS = [
    # Targets of 20 with deviation 5 and an output below 1: the head sits at its bound, where it has no gradient.
    case("tuning", "sigmoid_season", "season",
          lambda s: change(season(s), architecture__head="sigmoid", dataset__scaling__target="none"),
          "head_cannot_reach_target", also=(*BLIND, "unscaled_target", "saturated_units"), verdicts=STUCK,
          must={"constant": (None, 0.0)}),
    case("reported", "relu_mix", "mix", lambda s: change(mix(s), architecture__head="relu"),
          "head_cannot_reach_target", verdicts=EITHER),
    case("reported", "tanh_sunspots", "sunspots",
          lambda s: change(sunspots(s), architecture__head="tanh", dataset__scaling__target="none"),
          "head_cannot_reach_target unscaled_target", also=(*BLIND, "saturated_units"), verdicts=STUCK,
          must={"constant": (None, 0.0)}),
    # Softmax over one unit is 1 whatever comes in. Keras takes the loss of what goes into it, so the loss falls all the
    # same, while the answer stays 1.
    case("tuning", "softmax_sign", "sign", lambda s: change(sign(s), architecture__head="softmax"),
          "loss_head_mismatch", also=(*BLIND, "head_cannot_reach_target", "loss_metric_disagree"), verdicts=STUCK,
          must={"spread": (None, 1e-6)}),
    # Keras divides a row by its sum, so one output is always 1 and the loss is 0 or its floor.
    case("reported", "categorical_sign", "sign",
          lambda s: change(sign(s), training__loss="categorical_crossentropy"),
          "loss_head_mismatch loss_metric_disagree", also=BLIND, verdicts=STUCK, must={"loss": (None, 1e-5)}),
    case("tuning", "sigmoid_price", "price", lambda s: change(price_(s), architecture__head="sigmoid"),
          "loss_head_mismatch", must={"skill": (0.05, None)}),
    # A linear head gives probabilities below 0 and above 1, which the loss clips: no gradient there.
    case("reported", "linear_sign", "sign", lambda s: change(sign(s), architecture__head="linear"),
          "loss_head_mismatch", also=("head_cannot_reach_target", *BLIND, "loss_metric_disagree"), verdicts=EITHER),
    case("tuning", "sequences_season", "season",
          lambda s: change(season(s), architecture=own("lstm", sequences=True), unchecked=True), "shape_broadcast",
          also=FLAT, verdicts=(*EITHER, "undetermined")),
    case("reported", "unflattened_mix", "mix",
          lambda s: change(mix(s), architecture=own("dense", flatten=False), unchecked=True), "shape_broadcast",
          also=FLAT, verdicts=(*EITHER, "undetermined")),
    case("tuning", "dead_season", "season",
          lambda s: change(season(s), architecture=own("lstm", head="relu", head_bias=-8.0),
                           dataset__scaling__target="minmax"),
          "dead_output", also=BLIND, verdicts=STUCK, must={"spread": (None, 1e-6)}),
    case("reported", "dead_sunspots", "sunspots",
          lambda s: change(sunspots(s), architecture=own("gru", units=[8], head="relu", head_bias=-6.0),
                           dataset__scaling__target="minmax"),
          "dead_output collapsed_predictions", also=BLIND, verdicts=STUCK, must={"spread": (None, 1e-6)}),
]  # fmt: skip

STEPS = [
    # Five steps at Adam's usual rate.
    case("tuning", "few_updates_season", "season",
          lambda s: change(season(s), training__epochs=1, training__batch_size=512, training__learning_rate=0.001),
          "too_few_updates", also=FLAT, verdicts=STUCK, must=UNLEARNED),
    case("reported", "few_updates_price", "price",
          lambda s: change(price_(s), training__epochs=1, training__batch_size=1024, training__learning_rate=0.001),
          "too_few_updates", also=FLAT, verdicts=STUCK, must={"skill": (None, 0.02)}),
    case("tuning", "slow_season", "season", lambda s: change(season(s), training__learning_rate=1e-7),
          "learning_rate_too_low", also=(*FLAT, "too_few_updates"), verdicts=STUCK, must=UNLEARNED),
    case("reported", "slow_lag", "lag",
          lambda s: change(lag(s), training__optimizer="sgd", training__learning_rate=1e-5),
          "learning_rate_too_low", also=(*FLAT, "too_few_updates"), verdicts=STUCK, must=UNLEARNED),
    case("tuning", "fast_season", "season", lambda s: change(season(s), training__learning_rate=3.0),
          "learning_rate_too_high", also=(*FLAT, "saturated_units", "exploding_gradients", "vanishing_gradients"),
          verdicts=STUCK, must={"skill": (None, 0.0), "finite": (1.0, None)}),
    case("reported", "fast_market", "market",
          lambda s: change(market_(s), training__optimizer="rmsprop", training__learning_rate=1.0),
          "learning_rate_too_high", also=(*FLAT, "saturated_units", "exploding_gradients", "vanishing_gradients"),
          verdicts=STUCK, must={"skill": (None, 0.0), "finite": (1.0, None)}),
    # Steps that outgrow themselves: gradients explode because the rate is too high. Either word is right.
    case("tuning", "overflow_lag", "lag",
          lambda s: change(lag(s), architecture=own("dense", activation="relu"), training__optimizer="sgd",
                           training__learning_rate=1e4),
          "nonfinite_weights learning_rate_too_high", same={"learning_rate_too_high": ("exploding_gradients",)},
          verdicts=FAILED, must={"finite": (None, 0.0)}),
    case("reported", "overflow_season", "season",
          lambda s: change(season(s), architecture=own("rnn", activation="relu", recurrent_gain=1.5),
                           training__optimizer="sgd", training__learning_rate=0.1),
          "nonfinite_weights exploding_gradients", same={"exploding_gradients": ("learning_rate_too_high",)},
          verdicts=FAILED, must={"finite": (None, 0.0)}),
]  # fmt: skip

GRADIENTS = [
    # What reaches the head is always zero, or made of ones: only a constant can be learned.
    case("tuning", "zeroed_season", "season", lambda s: change(season(s), architecture=own("lstm", factor=0.0)),
          "inputs_ignored", also=(*BLIND, "memory_too_short"), verdicts=STUCK, must={"spread": (None, 1e-6)}),
    case("reported", "ones_mix", "mix", lambda s: change(mix(s), architecture=own("dense", ones=True)),
          "inputs_ignored", also=(*BLIND, "memory_too_short"), verdicts=STUCK, must={"spread": (None, 1e-6)}),
    # Eight sigmoids, each at most a quarter as steep as its input: what is left for the first layers is nothing.
    case("tuning", "deep_sigmoid_lag", "lag",
          lambda s: change(lag(s), architecture=own("dense", units=[24] * 8, activation="sigmoid"),
                           training__optimizer="sgd", training__learning_rate=0.01),
          "vanishing_gradients", also=(*FLAT, "too_few_updates", "learning_rate_too_low"), verdicts=STUCK,
          must=UNLEARNED),
    case("reported", "deep_sigmoid_mix", "mix",
          lambda s: change(mix(s), architecture=own("rnn", units=[12] * 6, activation="sigmoid"),
                           training__optimizer="sgd", training__learning_rate=0.01),
          "vanishing_gradients", also=(*FLAT, "too_few_updates", "learning_rate_too_low", "memory_too_short"),
          verdicts=STUCK, must=UNLEARNED),
    # 1.6 to the power of 48.
    case("tuning", "growing_season", "season",
          lambda s: change(season(s), architecture=own("rnn", activation="linear", recurrent_gain=1.6),
                           training__learning_rate=0.001),
          "exploding_gradients", also=("nonfinite_weights", "learning_rate_too_high", "unbounded_recurrent_activation"),
          verdicts=(*STUCK, *FAILED),
          must={"finite": (0.0, None)}),
    case("reported", "growing_mix", "mix",
          lambda s: change(mix(s), architecture=own("rnn", activation="relu", recurrent_gain=4.0, units=[32]),
                           training__learning_rate=0.001),
          "exploding_gradients", also=("nonfinite_weights", "learning_rate_too_high", "unbounded_recurrent_activation"),
          verdicts=(*STUCK, *FAILED)),
    # Weights so large that every gate and state sits at a bound; a rate for weights near 1 hardly moves them.
    case("tuning", "saturated_season", "season",
          lambda s: change(season(s), architecture=own("lstm", input_deviation=30.0)),
          "saturated_units", also=(*BLIND, "learning_rate_too_low", "memory_too_short", "too_few_updates"),
          verdicts=EITHER),
    case("reported", "saturated_mix", "mix", lambda s: change(mix(s), architecture=own("dense", deviation=6.0)),
          "saturated_units", also=(*BLIND, "learning_rate_too_low", "too_few_updates"), verdicts=EITHER),
    # The gates of a fresh LSTM forget within some steps, so of 400 it sees the last ones: ones, in every sequence.
    case("tuning", "forgetful_steps", "steps",
          lambda s: change(steps(s, 400), architecture__gate_initializer="default", training__learning_rate=0.001,
                           training__epochs=6),
          "memory_too_short", also=(*FLAT, "vanishing_gradients", "too_few_updates"), verdicts=STUCK,
          must={"spread": (None, 0.2)}),
    # Forget gates at 0.05 pass on a twentieth per step; the target lies 24 steps back.
    case("reported", "forgetful_lag", "lag",
          lambda s: change(lag(s, 24), architecture=own("lstm", forget_bias=-3.0), dataset__window__length=30),
          "memory_too_short", also=(*FLAT, "vanishing_gradients", "too_few_updates"),
          same={"memory_too_short": ("vanishing_gradients",)}, verdicts=STUCK, must=UNLEARNED),
]  # fmt: skip

SIZES = [
    case("tuning", "penalised_season", "season",
          lambda s: change(season(s), architecture=own("lstm", l2=1.0)),
          "over_regularised collapsed_predictions", also=BLIND, verdicts=STUCK, must={"spread": (None, 0.05)}),
    case("reported", "penalised_sign", "sign",
          lambda s: change(sign(s), architecture=own("lstm", l2=1.0, head="sigmoid")),
          "over_regularised loss_at_floor", also=BLIND, verdicts=STUCK, must={"constant": (-0.02, 0.02)}),
    case("reported", "dropped_lag", "lag", lambda s: change(lag(s), architecture__dropout=0.95), "over_regularised",
          also=FLAT, verdicts=EITHER, must={"constant": (None, 0.4)}),
    case("tuning", "posted_price", "price", lambda s: change(price_(s), training__batch_size=50, **POSTED),
          "state_order_broken", verdicts=EITHER),
    case("reported", "posted_season", "season", lambda s: change(season(s), **POSTED), "state_order_broken",
          verdicts=EITHER),
    # One number cannot stand for two products.
    case("tuning", "one_unit_gru", "products", lambda s: change(products(s), architecture=own("gru", units=[1])),
          "capacity_too_small", also=FLAT, verdicts=STUCK, must={"constant": (None, 0.3)}),
    case("reported", "one_unit_dense", "products",
          lambda s: change(products(s), architecture__units=[1], architecture__activations=["tanh"]),
          "capacity_too_small", also=FLAT, verdicts=STUCK, must={"constant": (None, 0.3)}),
]  # fmt: skip

CASES: list[Case] = [*HEADS, *STEPS, *GRADIENTS, *SIZES]
