"""Cases without a fault: fifteen in each half, four of them without anything to learn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.corpus.bases import (
    change,
    co2,
    lag,
    market_,
    mix,
    noise,
    own,
    price_,
    season,
    sign,
    steps,
    sunspots,
    walk,
)
from benchmarks.corpus.case import FLAT, Case, Limits
from benchmarks.workshop import Work

# Skill against the best naive forecast on the validation windows: without it the network did not learn.
LEARNED: Limits = {"skill": (0.05, None)}


def _learns(half: str, name: str, base: Callable[..., Work], **changes: Any) -> Case:
    return Case(f"healthy_{name}", half, base.__name__.strip("_"), lambda s: change(base(s), **changes), must=LEARNED)


def _nothing(half: str, name: str, base: Callable[..., Work], *given: float, **changes: Any) -> Case:
    # One value for all, at the loss of a constant answer, is then the right answer.
    return Case(
        f"no_signal_{name}",
        half,
        base.__name__.strip("_"),
        lambda s: change(base(s, *given), **changes),
        also=FLAT,
        verdicts=("no_evidence_of_signal",),
    )


RNN = {"name": "simple_rnn", "units": [24], "activations": ["tanh"], "l2": 0.0, "dropout": 0.0}
DENSE = {"name": "stacked_dense", "units": [32, 16], "activations": ["tanh", "tanh"]}
SMALL_DENSE = {"name": "stacked_dense", "units": [8], "activations": ["tanh"]}
ATTENTION = {"name": "attention", "units": [16], "width": 8, "heads": 2, "head": "sigmoid"}

CASES = [
    _learns("tuning", "season_lstm", season),
    _learns("tuning", "co2_lstm", co2),
    _learns("tuning", "market_stacked_lstm", market_),
    _learns("tuning", "sign_lstm", sign),
    _learns("tuning", "price_stateful_lstm", price_),
    _learns("tuning", "mix_gru", mix),
    _learns("tuning", "steps_masked_lstm", steps),
    _learns("tuning", "lag_dense", lag),
    _learns("tuning", "season_nlinear", season, architecture={"name": "nlinear"}),
    _learns("tuning", "mix_tcn", mix, architecture={"name": "tcn", "units": [12, 12]}),
    _learns(
        "tuning", "sign_attention", sign, architecture=ATTENTION | {"head": "sigmoid"}, training__learning_rate=0.003
    ),
    _nothing("tuning", "noise_lstm", noise),
    _nothing("tuning", "sign_lstm", sign, 0.0),
    _nothing("tuning", "market_stacked_lstm", market_, 0.0),
    _nothing("tuning", "walk_lstm", walk),
    _learns("reported", "sunspots_lstm", sunspots),
    _learns("reported", "season_gru", season, architecture=own("gru", units=[24]), training__learning_rate=0.003),
    _learns("reported", "co2_gru", co2, architecture=own("gru", units=[16])),
    _learns("reported", "mix_simple_rnn", mix, architecture=RNN, training__learning_rate=0.003),
    _learns("reported", "mix_bidirectional", mix, architecture=own("lstm", both_ways=True)),
    _learns("reported", "sign_dense", sign, architecture=DENSE | {"head": "sigmoid"}, training__learning_rate=0.003),
    _learns("reported", "price_lstm", price_, architecture={"name": "lstm", "units": [16], "head": "softmax"}),
    _learns("reported", "market_lstm", market_, architecture=own("lstm", units=24)),
    _learns("reported", "season_tcn", season, architecture={"name": "tcn", "units": [8, 8, 8]}),
    _learns("reported", "co2_dlinear", co2, architecture={"name": "dlinear"}),
    _learns("reported", "price_gru_layer", price_, architecture={"name": "gru", "units": [16], "head": "softmax"}),
    _nothing("reported", "noise_gru", noise, architecture=own("gru", units=[8])),
    _nothing("reported", "sign_dense", sign, 0.0, architecture=SMALL_DENSE | {"head": "sigmoid"}),
    # Its sign alone: the volume predicts the size of a return even without a signal.
    _nothing(
        "reported",
        "price_sign_lstm",
        price_,
        0.0,
        architecture={"name": "lstm", "units": [4], "head": "sigmoid"},
        dataset__window__target={"kind": "sign"},
    ),
    _nothing("reported", "walk_gru", walk, architecture=own("gru", units=[8])),
]
