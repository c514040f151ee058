"""Experiments with one fault, drawn by code: each a function of a random generator. `faults` says what is wrong."""

from __future__ import annotations

import numpy as np

from benchmarks.corpus import generators as of
from benchmarks.corpus.bases import change
from benchmarks.corpus.drawing import experiment, network, with_rows
from benchmarks.corpus.generators import Drawn
from benchmarks.corpus.kinds import any_of
from benchmarks.workshop import Work

ROWS = 1500
SIGN = {"kind": "sign"}


def signs(draw: np.random.Generator) -> Drawn:
    """Rows with as many signs of one kind as of the other."""
    made = of.exogenous(draw, ROWS)
    return with_rows(made, y=made.rows["y"] - np.median(made.rows["y"]))


# --- rows


def missing(draw: np.random.Generator) -> Work:
    """A missing cell in a feature that the network reads."""
    drawn = of.exogenous(draw, ROWS)
    b = drawn.rows["b"].copy()
    b[int(draw.integers(100, 800))] = np.nan
    return experiment(draw, with_rows(drawn, b=b), window={"missing": "keep"})


def constant(draw: np.random.Generator) -> Work:
    """A feature that never changes."""
    drawn = of.exogenous(draw, ROWS)
    made = Drawn(drawn.rows | {"idle": np.full(ROWS, draw.uniform(-5, 5))}, (*drawn.features, "idle"), drawn.length)
    return experiment(draw, made, window={"constant": "keep"})


def unscaled_input(draw: np.random.Generator) -> Work:
    """Unscaled inputs, some hundreds or thousands wide."""
    drawn = any_of(draw, of.season, of.memory)
    made = with_rows(drawn, y=drawn.rows["y"] * draw.uniform(300, 2000))
    cell = {"name": str(draw.choice(["odd_lstm", "lstm"]))}
    return experiment(draw, made, cell, scaling={"features": "none"}, learning_rate=0.003)


def unscaled_target(draw: np.random.Generator) -> Work:
    """An unscaled target, far away and wide."""
    drawn = of.exogenous(draw, ROWS)
    made = with_rows(drawn, y=draw.uniform(500, 3000) + 300 * drawn.rows["y"])
    return experiment(draw, made, scaling={"target": "none"})


def heavy_tail(draw: np.random.Generator) -> Work:
    """A heavy-tailed target scaled to its range, behind a sigmoid."""
    drawn = of.exogenous(draw, ROWS, noise=0.2)
    y = np.sinh(2.4 * drawn.rows["y"] / drawn.rows["y"].std())
    architecture = {"name": "odd_gru", "units": [12], "head": "sigmoid"}
    return experiment(draw, with_rows(drawn, y=y), architecture, scaling={"target": "minmax"}, learning_rate=0.0003)


def misaligned(draw: np.random.Generator) -> Work:
    """The target was written some rows too late, so that the window holds it."""
    drawn = of.exogenous(draw, ROWS)
    late = int(draw.integers(2, 4))
    rows = drawn.rows | {"measured": drawn.rows["y"], "y": np.roll(drawn.rows["y"], late)}
    return experiment(draw, Drawn(rows, ("a", "b", "measured"), (6, 10)))


def rare(draw: np.random.Generator) -> Work:
    """One class in 33 rows."""
    drawn = of.exogenous(draw, ROWS, noise=1.0)
    y = drawn.rows["y"] - np.quantile(drawn.rows["y"], 0.97)
    return experiment(draw, with_rows(drawn, y=y), target=SIGN)


def copies(draw: np.random.Generator) -> Work:
    """A file written three times into one."""
    drawn = of.exogenous(draw, ROWS // 3)
    rows = {name: np.tile(column, 3) for name, column in drawn.rows.items()}
    return experiment(draw, Drawn(rows, drawn.features, drawn.length), window={})


def hidden(draw: np.random.Generator) -> Work:
    """The number of dry days: the mask hides the zeros that count."""
    amount = np.where(draw.random(ROWS) < 0.3, draw.gamma(3.0, 0.4, ROWS), 0.0)
    last = np.maximum.accumulate(np.where(amount > 0, np.arange(ROWS), 0))
    y = np.roll(np.minimum(np.arange(ROWS) - last, 8), 1) + 0.2 * draw.standard_normal(ROWS)
    drawn = Drawn({"rain": amount, "y": y}, ("rain",), (10, 14), scaling={"features": "none"})
    return experiment(draw, drawn, {"name": "odd_lstm", "units": 12, "mask_value": 0.0})


def posted(draw: np.random.Generator) -> Work:
    """State handed from batch to batch, in an order that does not go on."""
    drawn = any_of(draw, of.season, of.exogenous)
    return experiment(draw, drawn, network(draw, ("lstm", "gru")), state="posted", shuffle=False)


def short(draw: np.random.Generator) -> Work:
    """What tells the target comes some rows before the window."""
    x = draw.standard_normal(ROWS)
    late = int(draw.integers(7, 10))
    y = np.roll(x, late) + 0.4 * draw.standard_normal(ROWS)
    return experiment(draw, Drawn({"x": x, "y": y}, ("x",)), length=late - int(draw.integers(2, 4)))


def looks_ahead(draw: np.random.Generator) -> Work:
    """A feature made of later rows: a centred mean, or the next value with noise."""
    drawn = any_of(draw, of.memory, of.season)
    y = drawn.rows["y"]
    if draw.random() < 0.5:
        leak = np.convolve(y, np.ones(5) / 5, "same")
    else:
        leak = np.roll(y, -1) + 0.1 * y.std() * draw.standard_normal(ROWS)
    return experiment(draw, Drawn({"leak": leak, "y": y}, ("y", "leak"), drawn.length, period=drawn.period))


def irregular(draw: np.random.Generator) -> Work:
    """Hourly rows of which some are absent, taken as they are."""
    drawn = of.season(draw, int(ROWS * 1.1), noise=0.2)
    kept = np.ones(len(drawn.rows["y"]), bool)
    for start in draw.integers(0, len(kept) - 30, 20):
        kept[start : start + int(draw.integers(3, 12))] = False
    hours = np.datetime64("2020-01-01T00:00:00") + np.arange(len(kept)) * np.timedelta64(3600, "s")
    work = experiment(draw, with_rows(drawn, y=drawn.rows["y"][kept]), series={"holes": "irregular"})
    return change(work, time=hours[kept])


def no_season(draw: np.random.Generator) -> Work:
    """A strong season, and no period, or a wrong one."""
    drawn = of.season(draw, ROWS, noise=0.2)
    other = {} if draw.random() < 0.5 else {"period": (drawn.period or 0) + 3}
    work = experiment(draw, Drawn(drawn.rows, length=drawn.length))
    return change(work, series=work.series | other)


def out_of_range(draw: np.random.Generator) -> Work:
    """A level that grows, scaled by the rows of its youth."""
    drawn = of.season(draw, ROWS, noise=0.2)
    y = drawn.rows["y"] + draw.uniform(0.03, 0.05) * np.arange(ROWS)
    return experiment(draw, with_rows(drawn, y=y), among=("lstm", "gru", "norm"))


def level(draw: np.random.Generator) -> Work:
    """A level that wanders, whose change an input tells: the network has to learn the level first."""
    x = draw.standard_normal(ROWS)
    step = np.roll(x, 1) * 0.5 + 0.5 * draw.standard_normal(ROWS)
    y = np.empty(ROWS)
    y[0] = 0.0
    for i in range(1, ROWS):
        y[i] = 0.9998 * y[i - 1] + step[i]
    return experiment(draw, Drawn({"x": x, "y": y}, ("x", "y"), (6, 12)), among=("lstm", "gru", "norm"), updates=100)


# --- network and training


def broadcast(draw: np.random.Generator) -> Work:
    """An output for each step of the window, broadcast against the target."""
    architecture = {"name": "odd_lstm", "units": 12, "sequences": True}
    if draw.random() < 0.5:
        architecture = {"name": "odd_dense", "units": [12], "flatten": False}
    return change(experiment(draw, any_of(draw, of.season, of.exogenous), architecture), unchecked=True)


def bounded(draw: np.random.Generator) -> Work:
    """A head that reaches half of the targets only."""
    head = str(draw.choice(["relu", "sigmoid"]))
    return experiment(draw, of.exogenous(draw, ROWS), network(draw, ("lstm", "gru", "dense")) | {"head": head})


def wrong_loss(draw: np.random.Generator) -> Work:
    """Softmax over one unit, or sigmoids for three classes that exclude each other."""
    if draw.random() < 0.5:
        architecture = network(draw, ("lstm", "gru", "dense")) | {"head": "softmax"}
        return experiment(draw, signs(draw), architecture, target=SIGN)
    target = {"kind": "classes", "quantiles": [0.33, 0.67]}
    architecture = network(draw, ("lstm", "gru", "dense")) | {"head": "sigmoid"}
    return experiment(draw, of.exogenous(draw, ROWS), architecture, target=target)


def overflow(draw: np.random.Generator) -> Work:
    """Steps of gradient descent that outgrow themselves."""
    architecture = {"name": "odd_dense", "units": [16, 16], "activation": "relu"}
    rate = float(10 ** draw.uniform(3.5, 4.5))
    return experiment(draw, of.exogenous(draw, ROWS), architecture, optimizer="sgd", learning_rate=rate)


def dead(draw: np.random.Generator) -> Work:
    """A rectified head whose bias keeps it at zero."""
    architecture = {"name": str(draw.choice(["odd_lstm", "odd_gru", "odd_dense"])), "head": "relu", "head_bias": -9.0}
    drawn = any_of(draw, of.season, of.exogenous)
    return experiment(draw, drawn, architecture, scaling={"target": "minmax"}, learning_rate=0.001)


def ignored(draw: np.random.Generator) -> Work:
    """What reaches the head is zero, or made of ones."""
    drawn = any_of(draw, of.season, of.exogenous)
    if draw.random() < 0.5:
        return experiment(draw, drawn, {"name": "odd_lstm", "factor": 0.0})
    return experiment(draw, drawn, {"name": "odd_dense", "ones": True})


def growing(draw: np.random.Generator) -> Work:
    """1.9 to the power of the window."""
    architecture = {"name": "odd_rnn", "units": [16], "activation": "linear", "recurrent_gain": 1.9}
    return experiment(draw, of.season(draw, ROWS), architecture, length=40, learning_rate=0.001)


def vanishing(draw: np.random.Generator) -> Work:
    """Eight sigmoids one after the other."""
    architecture = {"name": "odd_dense", "units": [16] * 8, "activation": "sigmoid"}
    return experiment(draw, of.exogenous(draw, ROWS), architecture, optimizer="sgd", learning_rate=0.01)


def saturated(draw: np.random.Generator) -> Work:
    """Weights so large that every gate sits at a bound."""
    name, key = ("odd_lstm", "input_deviation") if draw.random() < 0.5 else ("odd_gru", "input_deviation")
    drawn = any_of(draw, of.season, of.exogenous)
    return experiment(draw, drawn, {"name": name, key: 40.0}, learning_rate=0.003)


def forgetful(draw: np.random.Generator) -> Work:
    """Forget gates at 0.05, and a target that needs the window's beginning."""
    late = int(draw.integers(22, 27))
    x = draw.standard_normal(ROWS)
    y = np.roll(x, late) + 0.4 * draw.standard_normal(ROWS)
    architecture = {"name": "odd_lstm", "units": 12, "forget_bias": -3.0}
    return experiment(draw, Drawn({"x": x, "y": y}, ("x",)), architecture, length=late + 4)


def penalised(draw: np.random.Generator) -> Work:
    """An L2 penalty that nothing pays for."""
    architecture = {"name": str(draw.choice(["odd_lstm", "odd_dense"])), "l2": float(draw.choice([1.0, 3.0]))}
    return experiment(draw, any_of(draw, of.season, of.exogenous), architecture)


def penalised_sign(draw: np.random.Generator) -> Work:
    """The same for a classifier."""
    architecture = {"name": "odd_dense", "l2": 2.0, "head": "sigmoid"}
    return experiment(draw, signs(draw), architecture, target=SIGN)


def echoing(draw: np.random.Generator, horizon: int) -> Work:
    """A slow walk: the best answer is its last value, and that is what the network gives."""
    level = np.cumsum(draw.standard_normal(ROWS + 300))
    level = level[300:] * 0.5 + 0.02 * draw.standard_normal(ROWS)
    drawn = Drawn({"y": level}, length=(4, 8), scaling={"window": "last"})
    return experiment(draw, drawn, {"name": "lstm", "units": [8], "skip": True}, horizon=horizon)


def squashed(draw: np.random.Generator) -> Work:
    """Spikes take the range of a target scaled to it: the loss is tiny, whatever is predicted."""
    drawn = of.exogenous(draw, ROWS, noise=0.3)
    spikes = np.zeros(ROWS)
    spikes[draw.choice(ROWS // 2, 6, replace=False)] = np.resize([150.0, -150.0], 6)
    y = drawn.rows["y"] + spikes
    architecture = {"name": "odd_gru", "units": [8], "head": "sigmoid"}
    return experiment(draw, with_rows(drawn, y=y), architecture, scaling={"target": "minmax"}, learning_rate=0.0003)


def one_output(draw: np.random.Generator) -> Work:
    """Categorical cross-entropy of one output: always zero."""
    work = experiment(draw, signs(draw), network(draw, ("lstm", "gru", "dense")) | {"head": "sigmoid"}, target=SIGN)
    return change(work, training__loss="categorical_crossentropy")


def memorising(draw: np.random.Generator) -> Work:
    """A wide network and many updates on 350 noisy rows."""
    drawn = of.exogenous(draw, 400, noise=1.5)
    architecture = {"name": "odd_gru", "units": [48]}
    return experiment(draw, drawn, architecture, updates=1200, batch_size=16, learning_rate=0.01)


def fast(draw: np.random.Generator) -> Work:
    """A learning rate of 2 to 5."""
    drawn = any_of(draw, of.season, of.exogenous)
    return experiment(draw, drawn, network(draw, ("lstm", "gru")), learning_rate=float(draw.uniform(2.0, 5.0)))


def slow(draw: np.random.Generator) -> Work:
    """A learning rate below a millionth."""
    drawn = any_of(draw, of.season, of.exogenous)
    return experiment(
        draw, drawn, network(draw, ("lstm", "gru", "dense")), learning_rate=float(10 ** draw.uniform(-7, -6))
    )


def few_updates(draw: np.random.Generator) -> Work:
    """A handful of updates."""
    drawn = any_of(draw, of.season, of.exogenous)
    cell = network(draw, ("lstm", "gru"))
    return experiment(draw, drawn, cell, batch_size=256, epochs=int(draw.integers(1, 3)), learning_rate=0.001)


def narrow(draw: np.random.Generator) -> Work:
    """One number cannot stand for two products."""
    a, b, c, d = (draw.standard_normal(4000) for _ in range(4))
    y = np.roll(a * b + c * d, 1) + 0.3 * draw.standard_normal(4000)
    drawn = Drawn({"a": a, "b": b, "c": c, "d": d, "y": y}, ("a", "b", "c", "d"))
    architecture = {"name": str(draw.choice(["odd_gru", "odd_dense"])), "units": [1]}
    return experiment(draw, drawn, architecture, length=2, updates=900, learning_rate=0.01)


def apart(draw: np.random.Generator) -> Work:
    """One rectified unit between window and head: in some seeds it never wakes."""
    drawn = of.exogenous(draw, ROWS, noise=0.2)
    architecture = {"name": "odd_dense", "units": [3, 1, 1], "activation": "relu"}
    return experiment(draw, drawn, architecture, seeds=4, updates=100)


def overconfident(draw: np.random.Generator) -> Work:
    """Probabilities that are not those of the classes: trained on weighted or on smoothed ones."""
    if draw.random() < 0.5:
        drawn = of.clicks(draw, ROWS)
        return experiment(draw, drawn, target=SIGN, class_weight="balanced")
    return experiment(draw, signs(draw), target=SIGN, label_smoothing=0.7)


def noisy_training(draw: np.random.Generator) -> Work:
    """Dropout in training alone, so that the validation loss lies below the training loss."""
    architecture = {"name": "odd_gru", "units": [24], "dropout": 0.6}
    return experiment(draw, of.exogenous(draw, ROWS, noise=0.2), architecture)


def relu_cell(draw: np.random.Generator) -> Work:
    """Relu inside LSTM layers, over a long window, where states grow."""
    architecture = {"name": "lstm", "units": [16, 16], "activation": "relu"}
    return experiment(draw, of.season(draw, ROWS), architecture, length=40, learning_rate=float(draw.uniform(0.1, 0.3)))


def decayed(draw: np.random.Generator) -> Work:
    """Weight decay that undoes a tenth or more of the weights at each update."""
    drawn = any_of(draw, of.season, of.exogenous)
    decay = float(draw.choice([30.0, 100.0]))
    return experiment(draw, drawn, optimizer="adamw", weight_decay=decay, learning_rate=0.005)
