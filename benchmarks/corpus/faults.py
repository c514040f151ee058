"""Faults put into drawn experiments, by finding code: each a function of a random generator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks.corpus import generators as of
from benchmarks.corpus.bases import change
from benchmarks.corpus.case import FLAT, Limits
from benchmarks.corpus.drawing import experiment, network, with_rows
from benchmarks.corpus.generators import Drawn
from benchmarks.corpus.kinds import Kind, _any
from benchmarks.workshop import Work

ROWS = 1500
SIGN = {"kind": "sign"}
BELOW = ("behind", "not_learning")
ANY = ("learning", *BELOW)
OPEN = (*ANY, "no_evidence_of_signal", "undetermined")
FAILED = ("numerical_failure",)
# Traces of a network in which nothing moves.
BLIND = (*FLAT, "vanishing_gradients", "dead_output")
SLOW = (*FLAT, "too_few_updates", "learning_rate_too_low")
UNLEARNED: Limits = {"constant": (None, 0.3)}


@dataclass(frozen=True)
class Fault:
    """One injected fault, or several.

    Attributes:
        make: the experiment.
        codes: finding codes injected.
        also: further codes that are true of it.
        same: as in `Case`.
        verdicts: the right ones.
        must: as in `Case`.
        draws: in each half.
    """

    make: Kind
    codes: tuple[str, ...]
    also: tuple[str, ...] = ()
    same: dict[str, tuple[str, ...]] = field(default_factory=dict)
    verdicts: tuple[str, ...] = BELOW
    must: Limits = field(default_factory=dict)
    draws: int = 1


def _signs(draw: np.random.Generator) -> Drawn:
    made = of.exogenous(draw, ROWS)
    return with_rows(made, y=made.rows["y"] - np.median(made.rows["y"]))


# --- rows


def _missing(draw: np.random.Generator) -> Work:
    drawn = of.exogenous(draw, ROWS)
    b = drawn.rows["b"].copy()
    b[int(draw.integers(100, 800))] = np.nan
    return experiment(draw, with_rows(drawn, b=b), window={"missing": "keep"})


def _constant(draw: np.random.Generator) -> Work:
    drawn = of.exogenous(draw, ROWS)
    made = Drawn(drawn.rows | {"idle": np.full(ROWS, draw.uniform(-5, 5))}, (*drawn.features, "idle"), drawn.length)
    return experiment(draw, made, window={"constant": "keep"})


def _unscaled_input(draw: np.random.Generator) -> Work:
    drawn = _any(draw, of.season, of.memory)
    made = with_rows(drawn, y=drawn.rows["y"] * draw.uniform(300, 2000))
    cell = {"name": str(draw.choice(["odd_lstm", "lstm"]))}
    return experiment(draw, made, cell, scaling={"features": "none"}, learning_rate=0.003)


def _unscaled_target(draw: np.random.Generator) -> Work:
    drawn = of.exogenous(draw, ROWS)
    made = with_rows(drawn, y=draw.uniform(500, 3000) + 300 * drawn.rows["y"])
    return experiment(draw, made, scaling={"target": "none"})


def _heavy_tail(draw: np.random.Generator) -> Work:
    drawn = of.exogenous(draw, ROWS, noise=0.2)
    y = np.sinh(2.4 * drawn.rows["y"] / drawn.rows["y"].std())
    architecture = {"name": "odd_gru", "units": [12], "head": "sigmoid"}
    return experiment(draw, with_rows(drawn, y=y), architecture, scaling={"target": "minmax"}, learning_rate=0.0003)


def _misaligned(draw: np.random.Generator) -> Work:
    drawn = of.exogenous(draw, ROWS)
    late = int(draw.integers(2, 4))
    rows = drawn.rows | {"measured": drawn.rows["y"], "y": np.roll(drawn.rows["y"], late)}
    return experiment(draw, Drawn(rows, ("a", "b", "measured"), (6, 10)))


def _rare(draw: np.random.Generator) -> Work:
    drawn = of.exogenous(draw, ROWS, noise=1.0)
    y = drawn.rows["y"] - np.quantile(drawn.rows["y"], 0.97)
    return experiment(draw, with_rows(drawn, y=y), target=SIGN)


def _copies(draw: np.random.Generator) -> Work:
    drawn = of.exogenous(draw, ROWS // 3)
    rows = {name: np.tile(column, 3) for name, column in drawn.rows.items()}
    return experiment(draw, Drawn(rows, drawn.features, drawn.length), window={})


def _hidden(draw: np.random.Generator) -> Work:
    amount = np.where(draw.random(ROWS) < 0.3, draw.gamma(3.0, 0.4, ROWS), 0.0)
    last = np.maximum.accumulate(np.where(amount > 0, np.arange(ROWS), 0))
    y = np.roll(np.minimum(np.arange(ROWS) - last, 8), 1) + 0.2 * draw.standard_normal(ROWS)
    drawn = Drawn({"rain": amount, "y": y}, ("rain",), (10, 14), scaling={"features": "none"})
    return experiment(draw, drawn, {"name": "odd_lstm", "units": 12, "mask_value": 0.0})


def _posted(draw: np.random.Generator) -> Work:
    drawn = _any(draw, of.season, of.exogenous)
    return experiment(draw, drawn, network(draw, ("lstm", "gru")), state="posted", shuffle=False)


def _short(draw: np.random.Generator) -> Work:
    """What tells the target comes some rows before the window."""
    x = draw.standard_normal(ROWS)
    late = int(draw.integers(7, 10))
    y = np.roll(x, late) + 0.4 * draw.standard_normal(ROWS)
    return experiment(draw, Drawn({"x": x, "y": y}, ("x",)), length=late - int(draw.integers(2, 4)))


def _looks_ahead(draw: np.random.Generator) -> Work:
    """A feature made of later rows: a centred mean, or the next value with noise."""
    drawn = _any(draw, of.memory, of.season)
    y = drawn.rows["y"]
    if draw.random() < 0.5:
        leak = np.convolve(y, np.ones(5) / 5, "same")
    else:
        leak = np.roll(y, -1) + 0.1 * y.std() * draw.standard_normal(ROWS)
    return experiment(draw, Drawn({"leak": leak, "y": y}, ("y", "leak"), drawn.length, period=drawn.period))


def _irregular(draw: np.random.Generator) -> Work:
    """Hourly rows of which some are absent, taken as they are."""
    drawn = of.season(draw, int(ROWS * 1.1), noise=0.2)
    kept = np.ones(len(drawn.rows["y"]), bool)
    for start in draw.integers(0, len(kept) - 30, 20):
        kept[start : start + int(draw.integers(3, 12))] = False
    hours = np.datetime64("2020-01-01T00:00:00") + np.arange(len(kept)) * np.timedelta64(3600, "s")
    work = experiment(draw, with_rows(drawn, y=drawn.rows["y"][kept]), series={"holes": "irregular"})
    return change(work, time=hours[kept])


def _no_season(draw: np.random.Generator) -> Work:
    """A strong season, and no period, or a wrong one."""
    drawn = of.season(draw, ROWS, noise=0.2)
    other = {} if draw.random() < 0.5 else {"period": (drawn.period or 0) + 3}
    work = experiment(draw, Drawn(drawn.rows, length=drawn.length))
    return change(work, series=work.series | other)


def _out_of_range(draw: np.random.Generator) -> Work:
    """A level that grows, scaled by the rows of its youth."""
    drawn = of.season(draw, ROWS, noise=0.2)
    y = drawn.rows["y"] + draw.uniform(0.03, 0.05) * np.arange(ROWS)
    return experiment(draw, with_rows(drawn, y=y), among=("lstm", "gru", "norm"))


def _level(draw: np.random.Generator) -> Work:
    """A level that wanders, whose change an input tells: the network has to learn the level first."""
    x = draw.standard_normal(ROWS)
    step = np.roll(x, 1) * 0.5 + 0.5 * draw.standard_normal(ROWS)
    y = np.empty(ROWS)
    y[0] = 0.0
    for i in range(1, ROWS):
        y[i] = 0.998 * y[i - 1] + step[i]
    return experiment(draw, Drawn({"x": x, "y": y}, ("x", "y"), (6, 12)), among=("lstm", "gru", "norm"))


# --- network and training


def _broadcast(draw: np.random.Generator) -> Work:
    architecture = {"name": "odd_lstm", "units": 12, "sequences": True}
    if draw.random() < 0.5:
        architecture = {"name": "odd_dense", "units": [12], "flatten": False}
    return change(experiment(draw, _any(draw, of.season, of.exogenous), architecture), unchecked=True)


def _bounded(draw: np.random.Generator) -> Work:
    """A head that reaches half of the targets only."""
    head = str(draw.choice(["relu", "sigmoid"]))
    return experiment(draw, of.exogenous(draw, ROWS), network(draw, ("lstm", "gru", "dense")) | {"head": head})


def _wrong_loss(draw: np.random.Generator) -> Work:
    if draw.random() < 0.5:
        architecture = network(draw, ("lstm", "gru", "dense")) | {"head": "softmax"}
        return experiment(draw, _signs(draw), architecture, target=SIGN)
    target = {"kind": "classes", "quantiles": [0.33, 0.67]}
    architecture = network(draw, ("lstm", "gru", "dense")) | {"head": "sigmoid"}
    return experiment(draw, of.exogenous(draw, ROWS), architecture, target=target)


def _overflow(draw: np.random.Generator) -> Work:
    architecture = {"name": "odd_dense", "units": [16, 16], "activation": "relu"}
    rate = float(10 ** draw.uniform(3.5, 4.5))
    return experiment(draw, of.exogenous(draw, ROWS), architecture, optimizer="sgd", learning_rate=rate)


def _dead(draw: np.random.Generator) -> Work:
    architecture = {"name": str(draw.choice(["odd_lstm", "odd_gru", "odd_dense"])), "head": "relu", "head_bias": -9.0}
    drawn = _any(draw, of.season, of.exogenous)
    return experiment(draw, drawn, architecture, scaling={"target": "minmax"}, learning_rate=0.001)


def _ignored(draw: np.random.Generator) -> Work:
    drawn = _any(draw, of.season, of.exogenous)
    if draw.random() < 0.5:
        return experiment(draw, drawn, {"name": "odd_lstm", "factor": 0.0})
    return experiment(draw, drawn, {"name": "odd_dense", "ones": True})


def _growing(draw: np.random.Generator) -> Work:
    architecture = {"name": "odd_rnn", "units": [16], "activation": "linear", "recurrent_gain": 1.9}
    return experiment(draw, of.season(draw, ROWS), architecture, length=40, learning_rate=0.001)


def _vanishing(draw: np.random.Generator) -> Work:
    architecture = {"name": "odd_dense", "units": [16] * 8, "activation": "sigmoid"}
    return experiment(draw, of.exogenous(draw, ROWS), architecture, optimizer="sgd", learning_rate=0.01)


def _saturated(draw: np.random.Generator) -> Work:
    name, key = ("odd_lstm", "input_deviation") if draw.random() < 0.5 else ("odd_gru", "input_deviation")
    drawn = _any(draw, of.season, of.exogenous)
    return experiment(draw, drawn, {"name": name, key: 40.0}, learning_rate=0.003)


def _forgetful(draw: np.random.Generator) -> Work:
    late = int(draw.integers(22, 27))
    x = draw.standard_normal(ROWS)
    y = np.roll(x, late) + 0.4 * draw.standard_normal(ROWS)
    architecture = {"name": "odd_lstm", "units": 12, "forget_bias": -3.0}
    return experiment(draw, Drawn({"x": x, "y": y}, ("x",)), architecture, length=late + 4)


def _penalised(draw: np.random.Generator) -> Work:
    architecture = {"name": str(draw.choice(["odd_lstm", "odd_dense"])), "l2": float(draw.choice([1.0, 3.0]))}
    return experiment(draw, _any(draw, of.season, of.exogenous), architecture)


def _penalised_sign(draw: np.random.Generator) -> Work:
    architecture = {"name": "odd_dense", "l2": 2.0, "head": "sigmoid"}
    return experiment(draw, _signs(draw), architecture, target=SIGN)


def _echoing(draw: np.random.Generator, horizon: int) -> Work:
    """A slow walk: the best answer is its last value, and that is what the network gives."""
    level = np.cumsum(draw.standard_normal(ROWS + 300))
    level = level[300:] * 0.5 + 0.02 * draw.standard_normal(ROWS)
    drawn = Drawn({"y": level}, length=(4, 8), scaling={"window": "last"})
    return experiment(draw, drawn, {"name": "lstm", "units": [8], "skip": True}, horizon=horizon)


def _squashed(draw: np.random.Generator) -> Work:
    """Spikes take the range of a target scaled to it: the loss is tiny, whatever is predicted."""
    drawn = of.exogenous(draw, ROWS, noise=0.3)
    y = drawn.rows["y"] + np.where(draw.random(ROWS) < 0.004, draw.choice([-1, 1], ROWS) * 150.0, 0.0)
    architecture = {"name": "odd_gru", "units": [8], "head": "sigmoid"}
    return experiment(draw, with_rows(drawn, y=y), architecture, scaling={"target": "minmax"}, learning_rate=0.0003)


def _one_output(draw: np.random.Generator) -> Work:
    """Categorical cross-entropy of one output: always zero."""
    work = experiment(draw, _signs(draw), network(draw, ("lstm", "gru", "dense")) | {"head": "sigmoid"}, target=SIGN)
    return change(work, training__loss="categorical_crossentropy")


def _memorising(draw: np.random.Generator) -> Work:
    drawn = of.exogenous(draw, 350, noise=0.9)
    architecture = {"name": "odd_gru", "units": [48]}
    return experiment(draw, drawn, architecture, updates=1200, batch_size=16, learning_rate=0.01)


def _fast(draw: np.random.Generator) -> Work:
    drawn = _any(draw, of.season, of.exogenous)
    return experiment(draw, drawn, network(draw, ("lstm", "gru")), learning_rate=float(draw.uniform(2.0, 5.0)))


def _slow(draw: np.random.Generator) -> Work:
    drawn = _any(draw, of.season, of.exogenous)
    return experiment(
        draw, drawn, network(draw, ("lstm", "gru", "dense")), learning_rate=float(10 ** draw.uniform(-7, -6))
    )


def _few_updates(draw: np.random.Generator) -> Work:
    drawn = _any(draw, of.season, of.exogenous)
    cell = network(draw, ("lstm", "gru"))
    return experiment(draw, drawn, cell, batch_size=256, epochs=int(draw.integers(1, 3)), learning_rate=0.001)


def _narrow(draw: np.random.Generator) -> Work:
    """One number cannot stand for two products."""
    a, b, c, d = (draw.standard_normal(4000) for _ in range(4))
    y = np.roll(a * b + c * d, 1) + 0.3 * draw.standard_normal(4000)
    drawn = Drawn({"a": a, "b": b, "c": c, "d": d, "y": y}, ("a", "b", "c", "d"))
    architecture = {"name": str(draw.choice(["odd_gru", "odd_dense"])), "units": [1]}
    return experiment(draw, drawn, architecture, length=2, updates=900, learning_rate=0.01)


def _apart(draw: np.random.Generator) -> Work:
    """One rectified unit between window and head: in some seeds it never wakes."""
    drawn = of.exogenous(draw, ROWS, noise=0.2)
    architecture = {"name": "odd_dense", "units": [3, 1], "activation": "relu"}
    return experiment(draw, drawn, architecture, seeds=4, updates=200)


def _overconfident(draw: np.random.Generator) -> Work:
    """Probabilities that are not those of the classes: trained on weighted or on smoothed ones."""
    if draw.random() < 0.5:
        drawn = of.clicks(draw, ROWS)
        return experiment(draw, drawn, target=SIGN, class_weight="balanced")
    return experiment(draw, _signs(draw), target=SIGN, label_smoothing=0.7)


def _noisy_training(draw: np.random.Generator) -> Work:
    """Dropout in training alone, so that the validation loss lies below the training loss."""
    architecture = {"name": "odd_gru", "units": [24], "dropout": 0.5}
    return experiment(draw, of.season(draw, ROWS, noise=0.1), architecture)


def _relu_cell(draw: np.random.Generator) -> Work:
    """relu inside an LSTM or GRU, over a long window, where states grow."""
    name = str(draw.choice(["odd_lstm", "odd_gru"]))
    architecture = {"name": name, "activation": "relu"}
    return experiment(
        draw, of.season(draw, ROWS), architecture, length=40, learning_rate=float(draw.uniform(0.03, 0.1))
    )


def _decayed(draw: np.random.Generator) -> Work:
    drawn = _any(draw, of.season, of.exogenous)
    decay = float(draw.choice([30.0, 100.0]))
    return experiment(draw, drawn, optimizer="adamw", weight_decay=decay, learning_rate=0.005)


def _fault(codes: str, make: Kind, **more: Any) -> tuple[str, Fault]:
    return codes.split()[0], Fault(make, tuple(codes.split()), **more)


_FAR = ("too_few_updates", "learning_rate_too_low", "collapsed_predictions", "exploding_gradients", "saturated_units")
_STUCK = (*FLAT, "saturated_units", "exploding_gradients", "vanishing_gradients", "dead_output")
_HEAVY = (
    *FLAT,
    "loss_metric_disagree",
    "unscaled_target",
    "heavy_tailed_target",
    "learning_rate_too_low",
    "too_few_updates",
)
FAULTS: dict[str, Fault] = dict(
    [
        _fault("nonfinite_input nonfinite_weights", _missing, verdicts=FAILED, must={"finite": (None, 0.0)}),
        _fault("constant_feature", _constant, verdicts=("learning",), must={"proven": (1.0, None)}),
        _fault(
            "unscaled_input",
            _unscaled_input,
            also=(*FLAT, "saturated_units", "vanishing_gradients", "memory_too_short", "learning_rate_too_low"),
            must={"constant": (None, 0.4)},
        ),
        _fault("unscaled_target", _unscaled_target, also=_FAR, must={"constant": (None, 0.1)}),
        _fault(
            "heavy_tailed_target", _heavy_tail, also=_HEAVY, verdicts=(*BELOW, "undetermined"), must={"constant": (None, 0.2)}
        ),
        _fault("target_misaligned", _misaligned, verdicts=ANY),
        _fault("class_imbalance", _rare, also=(*FLAT, "loss_metric_disagree"), verdicts=OPEN),
        _fault("duplicate_windows", _copies, verdicts=ANY),
        _fault("mask_hides_data", _hidden, also=FLAT, must=UNLEARNED),
        _fault("state_order_broken", _posted, verdicts=ANY),
        _fault(
            "window_too_short",
            _short,
            also=FLAT,
            verdicts=("no_evidence_of_signal", "not_learning"),
            must={"constant": (None, 0.05)},
        ),
        _fault("looks_ahead", _looks_ahead, also=("target_misaligned",), verdicts=ANY),
        _fault("time_irregular", _irregular, verdicts=ANY),
        _fault("season_not_set", _no_season, verdicts=ANY),
        _fault(
            "level_out_of_range",
            _out_of_range,
            also=("unscaled_target", "level_instead_of_change", "overfitting"),
            verdicts=(*BELOW, "overfitting"),
            must={"test_skill": (None, 0.0)},
        ),
        _fault(
            "level_instead_of_change",
            _level,
            also=("level_out_of_range", "overfitting", "unscaled_target"),
            verdicts=(*BELOW, "overfitting"),
            must={"skill": (None, 0.0), "linear_skill": (0.1, None)},
        ),
        _fault("shape_broadcast", _broadcast, also=FLAT, verdicts=(*ANY, "undetermined")),
        _fault("head_cannot_reach_target", _bounded, verdicts=ANY),
        _fault(
            "loss_head_mismatch",
            _wrong_loss,
            also=(*BLIND, "head_cannot_reach_target", "loss_metric_disagree"),
            verdicts=ANY,
        ),
        _fault(
            "nonfinite_weights learning_rate_too_high",
            _overflow,
            same={"learning_rate_too_high": ("exploding_gradients",)},
            verdicts=FAILED,
            must={"finite": (None, 0.0)},
        ),
        _fault("dead_output", _dead, also=BLIND, must={"spread": (None, 1e-6)}),
        _fault("inputs_ignored", _ignored, also=(*BLIND, "memory_too_short"), must={"spread": (None, 1e-6)}),
        _fault(
            "exploding_gradients",
            _growing,
            also=("nonfinite_weights", "learning_rate_too_high"),
            verdicts=(*BELOW, *FAILED),
            must={"constant": (None, 0.3)},
        ),
        _fault("vanishing_gradients", _vanishing, also=SLOW, must=UNLEARNED),
        _fault(
            "saturated_units",
            _saturated,
            also=(*BLIND, "learning_rate_too_low", "memory_too_short", "too_few_updates"),
            verdicts=(*ANY, "overfitting"),
        ),
        _fault(
            "memory_too_short",
            _forgetful,
            also=(*FLAT, "vanishing_gradients", "too_few_updates"),
            same={"memory_too_short": ("vanishing_gradients",)},
            must=UNLEARNED,
        ),
        _fault("over_regularised collapsed_predictions", _penalised, also=BLIND, must={"spread": (None, 0.05)}),
        _fault(
            "loss_at_floor over_regularised", _penalised_sign, also=BLIND, must={"constant": (-0.02, 0.02)}
        ),
        _fault(
            "persistence_echo",
            lambda draw: _echoing(draw, 1),
            also=FLAT,
            verdicts=("no_evidence_of_signal",),
            must={"echo": (None, 0.25)},
        ),
        _fault(
            "echo_over_horizon",
            lambda draw: _echoing(draw, 6),
            also=("persistence_echo", *FLAT),
            verdicts=("no_evidence_of_signal", "undetermined"),
            must={"echo": (None, 0.25)},
        ),
        _fault(
            "loss_metric_disagree", _squashed, also=_HEAVY, verdicts=OPEN, must={"loss": (None, 0.01)}
        ),
        (
            "loss_metric_disagree_2",
            Fault(
                _one_output,
                ("loss_head_mismatch", "loss_metric_disagree"),
                also=(*BLIND, "head_cannot_reach_target"),
                must={"loss": (None, 1e-5)},
            ),
        ),
        _fault("overfitting", _memorising, verdicts=("overfitting",), must={"gap": (0.3, None)}),
        _fault("learning_rate_too_high", _fast, also=_STUCK, must={"skill": (None, 0.0), "finite": (1.0, None)}),
        _fault("learning_rate_too_low", _slow, also=SLOW, must=UNLEARNED),
        _fault("too_few_updates", _few_updates, also=SLOW, must=UNLEARNED),
        _fault("capacity_too_small", _narrow, also=FLAT, must={"constant": (None, 0.3)}),
        _fault(
            "seeds_disagree", _apart, also=("dead_output", *FLAT, "capacity_too_small"), verdicts=(*ANY, "undetermined"),
            must={"disagreement": (0.3, None)},
        ),
        _fault("miscalibrated", _overconfident, also=("class_imbalance",), verdicts=ANY),
        _fault("validation_below_training", _noisy_training, verdicts=("learning",), must={"proven": (1.0, None)}),
        _fault(
            "unbounded_recurrent_activation",
            _relu_cell,
            also=("exploding_gradients", "learning_rate_too_high", "dead_output", "nonfinite_weights", *FLAT),
            verdicts=(*BELOW, *FAILED),
            must={"proven": (None, 0.0)},
        ),
        _fault(
            "weight_decay_large",
            _decayed,
            also=("over_regularised", *BLIND),
            must={"constant": (None, 0.3)},
        ),
    ]
)  # fmt: skip
