"""Kinds of healthy experiments, drawn by code: each a function of a random generator.

What they share: a small network that can learn what there is, within some hundred steps. Whether a draw did is measured
on its test windows, which no diagnosis reads (`proof`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.corpus import generators as of
from benchmarks.corpus import grouped, labelled, real
from benchmarks.corpus.drawing import experiment, network, networks, with_rows
from benchmarks.corpus.generators import Drawn, Generator
from benchmarks.workshop import Work

Kind = Callable[[np.random.Generator], Work]
RECURRENT = ("lstm", "gru", "norm", "nested")
ROWS = 1500


def any_of(draw: np.random.Generator, *generators: Generator, rows: int = ROWS) -> Drawn:
    """Return rows of one of the generators."""
    return generators[int(draw.integers(len(generators)))](draw, rows)


def _plain(*generators: Generator, rows: int = ROWS, **settings: Any) -> Kind:
    """Return a kind: one of these series with these settings."""

    def kind(draw: np.random.Generator) -> Work:
        return experiment(draw, any_of(draw, *generators, rows=rows), **settings)

    return kind


def _signs(draw: np.random.Generator, rows: int = ROWS) -> Drawn:
    """Rows whose target lies above zero in about half of them."""
    made = any_of(draw, of.exogenous, of.memory, rows=rows)
    return with_rows(made, y=made.rows["y"] - np.median(made.rows["y"]))


def _carried(draw: np.random.Generator) -> Work:
    """State goes from window to window: the target is a mean over more rows than one window has."""
    drawn = of.smoothed(draw, 2400)
    cell = {"name": "lstm", "units": [12]} if draw.random() < 0.5 else {"name": "odd_gru", "units": [12]}
    return experiment(draw, drawn, cell, state="lanes", shuffle=False, batch_size=16, updates=900, learning_rate=0.01)


def _holes(draw: np.random.Generator) -> Work:
    """Some cells of the inputs are missing, and filled from the past; the target's are left out."""
    drawn = any_of(draw, of.season, of.memory)
    y = drawn.rows["y"].copy()
    y[draw.random(ROWS) < 0.04] = np.nan
    return experiment(draw, with_rows(drawn, y=y), window={"missing": "fill_past"})


def _absent(draw: np.random.Generator) -> Work:
    """Missing cells in an input; windows with one are dropped."""
    drawn = of.exogenous(draw, ROWS)
    a = drawn.rows["a"].copy()
    at = int(draw.integers(100, 900))
    a[at : at + 15] = np.nan
    return experiment(draw, with_rows(drawn, a=a), window={"missing": "drop"})


def _regression_loss(draw: np.random.Generator) -> Work:
    """Robust losses on heavy tails."""
    losses = ["huber", "log_cosh", "Huber", {"name": "huber", "delta": 2.0}]
    return experiment(draw, of.heavy(draw, ROWS), loss=losses[int(draw.integers(len(losses)))])


def _alias(draw: np.random.Generator) -> Work:
    """A loss by its alias or by the name of its class."""
    if draw.random() < 0.4:
        loss = str(draw.choice(["mean_squared_error", "MeanSquaredError", "MSE"]))
        return experiment(draw, any_of(draw, of.season, of.exogenous), loss=loss)
    loss = str(draw.choice(["bce", "BinaryCrossentropy"]))
    return experiment(draw, _signs(draw), target={"kind": "sign"}, loss=loss)


def _class_losses(draw: np.random.Generator) -> Work:
    """Losses of classes other than the usual one, each with the head that it needs."""
    if draw.random() < 0.5:
        loss = str(draw.choice(["kl_divergence", "categorical_focal_crossentropy"]))
        target = {"kind": "classes", "quantiles": [0.33, 0.67]}
        return experiment(draw, of.exogenous(draw, ROWS), target=target, loss=loss)
    smoothing = float(draw.choice([0.0, 0.05]))
    return experiment(draw, _signs(draw), target={"kind": "sign"}, label_smoothing=smoothing)


def _focal(draw: np.random.Generator) -> Work:
    """Focal loss for a rare class that the inputs announce."""
    return experiment(draw, of.clicks(draw, ROWS), target={"kind": "sign"}, loss="binary_focal_crossentropy")


def _imbalance(draw: np.random.Generator) -> Work:
    """A rare class that the inputs announce, with the usual loss."""
    return experiment(draw, of.clicks(draw, ROWS), target={"kind": "sign"})


def _nested(draw: np.random.Generator) -> Work:
    """A body and a head, each a Sequential of its own."""
    if draw.random() < 0.5:
        return experiment(draw, _signs(draw), target={"kind": "sign"}, among=("nested", "nested_lstm"))
    return experiment(draw, any_of(draw, of.season, of.exogenous), among=("nested", "nested_lstm"))


def _masked(draw: np.random.Generator) -> Work:
    """Sentinels in the rows of a sensor that is off, and the mask that is meant for them."""
    architecture = {"name": "odd_lstm", "units": 12, "mask_value": -9.0}
    return experiment(draw, of.sentinels(draw, ROWS), architecture)


def _penalised(draw: np.random.Generator) -> Work:
    """A mild L2 penalty on a series with little noise or none."""
    architecture = {"name": str(draw.choice(["odd_dense", "odd_lstm"])), "l2": float(draw.choice([1e-5, 1e-4]))}
    drawn = of.season(draw, ROWS, noise=float(draw.choice([0.0, 0.25])))
    return experiment(draw, drawn, architecture, updates=450)


def _stopped(draw: np.random.Generator) -> Work:
    """Early stopping that ends with the best weights, of a network that would overfit."""
    drawn = of.exogenous(draw, 900, noise=0.7)
    stopping = {"monitor": "val_loss", "patience": 8, "restore_best": True}
    architecture = networks(24)[str(draw.choice(["dense", "gru"]))]
    return experiment(draw, drawn, architecture, epochs=40, early_stopping=stopping)


def _few(draw: np.random.Generator) -> Work:
    """300 rows."""
    drawn = of.season(draw, 300, noise=0.2) if draw.random() < 0.5 else of.exogenous(draw, 300, noise=0.3)
    return experiment(draw, drawn, updates=250, batch_size=16)


def _horizon(draw: np.random.Generator) -> Work:
    """A whole season ahead, or two days."""
    drawn = of.season(draw, ROWS, noise=0.25)
    period = drawn.period or 1
    return experiment(draw, drawn, horizon=period * int(draw.integers(1, 3)))


def _optimiser(draw: np.random.Generator) -> Work:
    """Optimisers and schedules other than Adam at one rate."""
    choices: list[dict[str, Any]] = [
        {"optimizer": "adamw", "weight_decay": 0.004},
        {"optimizer": "nadam"},
        {"optimizer": "rmsprop", "learning_rate": 0.005},
        {"optimizer": "sgd", "momentum": 0.9, "learning_rate": 0.05},
        {"learning_rate": {"schedule": "cosine", "rate": 0.01, "warmup": 1}},
    ]
    drawn = any_of(draw, of.season, of.exogenous)
    return experiment(draw, drawn, updates=450, **choices[int(draw.integers(len(choices)))])


def _scaled(draw: np.random.Generator) -> Work:
    """Scaling to the range or by quantiles, with heads that suit it."""
    how = str(draw.choice(["minmax", "robust"]))
    return experiment(draw, any_of(draw, of.season, of.memory), scaling={"features": how, "target": how}, updates=700)


def _windowed(draw: np.random.Generator) -> Work:
    """Windows standardised by themselves, or less their last value, on a slow level."""
    drawn = of.memory(draw, ROWS) if draw.random() < 0.5 else of.season(draw, ROWS)
    return experiment(draw, drawn, scaling={"window": "last"})


def _changes(draw: np.random.Generator) -> Work:
    """Differences, returns or their signs, of a level that returns to its mean."""
    kinds = [{"kind": "difference"}, {"kind": "return"}, {"kind": "sign", "of": "difference"}]
    return experiment(draw, of.reverting(draw, ROWS), target=kinds[int(draw.integers(len(kinds)))])


def _folds(draw: np.random.Generator) -> Work:
    """Walk-forward: the test part moves through the series."""
    split = {"scheme": "expanding", "folds": 2, "validation_size": 200, "test_size": 250}
    return experiment(draw, any_of(draw, of.season, of.exogenous), split=split)


def _seeds(draw: np.random.Generator) -> Work:
    """Two trainings."""
    return experiment(draw, any_of(draw, of.season, of.exogenous), seeds=2)


def _sequences(draw: np.random.Generator) -> Work:
    """Independent sequences whose mean is the target."""
    series = {"source": "pipeline/sources/steps.py", "length": 80, "counts": "sampled", "sequences": 200}
    series["seed"] = int(draw.integers(1000))
    work = experiment(draw, Drawn({"y": np.zeros(2)}), network(draw, ("lstm", "gru")), batch_size=8, epochs=20)
    dataset = {
        "split": {"scheme": "sequences", "validation": 0.2, "test": 0.2},
        "window": {"length": "sequence", "target": {"kind": "sequence_mean"}},
        "scaling": {"features": "none", "target": "none"},
    }
    return Work(dataset, work.architecture, work.training, None, series, work.files)


def _real(draw: np.random.Generator, name: str) -> Work:
    """A real series, with settings that suit it."""
    y = real.SIGNALS[name]()
    y = y[-1600:]
    period = {"elnino": 12, "co2_monthly": 12, "turnover": 12, "sunspots": 11}.get(name)
    # A level that moves, or hardly more than its last value to be told: windows less their last value.
    last = {} if name in ("elnino", "sunspots", "eeg") else {"window": "last"}
    drawn = Drawn({"y": y}, length=(period, 2 * period) if period else (6, 12), period=period, scaling=last)
    among = RECURRENT if period else ("lstm", "lstm_skip", "gru")
    return experiment(draw, drawn, among=among, updates=400, learning_rate=0.01 if period else 0.003)


def _named(name: str) -> Kind:
    return lambda draw: _real(draw, name)


# Kinds with fewer than 100 unseen windows that share no target row: no verdict may be right too.
FEW = frozenset({"few_rows", "horizon", "real_turnover", "real_sunspots"})
# Draws in each half, by kind.
HEALTHY: dict[str, tuple[Kind, int]] = {
    "no_validation": (_plain(of.season, of.exogenous, of.memory, validated=0), 3),
    "carried_state": (_carried, 2),
    "zero_inflated": (_plain(of.zero_inflated), 2),
    "sticky": (_plain(of.sticky), 2),
    "held": (_plain(of.held), 2),
    "quantised": (_plain(of.quantised), 2),
    "noise_free": (_plain(of.noise_free, of.chaos, updates=450, rows=1000), 3),
    "trend": (_plain(of.trend, updates=700), 2),
    "solar": (_plain(of.solar, updates=600), 2),
    "holes": (_holes, 2),
    "absent": (_absent, 1),
    "attention": (_plain(of.season, of.exogenous, among=("attention",)), 2),
    "convolution": (_plain(of.season, of.exogenous, among=("convolution",)), 2),
    "bidirectional": (_plain(of.season, of.memory, among=("bidirectional",)), 2),
    "normalised": (_plain(of.season, of.exogenous, among=("norm", "batch_norm"), updates=500), 2),
    "penalised": (_penalised, 2),
    "robust_loss": (_regression_loss, 2),
    "alias_loss": (_alias, 3),
    "class_losses": (_class_losses, 3),
    "focal": (_focal, 2),
    "imbalance": (_imbalance, 2),
    "nested": (_nested, 2),
    "masked": (_masked, 2),
    "stopped": (_stopped, 2),
    "few_rows": (_few, 2),
    "horizon": (_horizon, 2),
    "optimiser": (_optimiser, 3),
    "scaled": (_scaled, 2),
    "windowed": (_windowed, 2),
    "changes": (_changes, 3),
    "folds": (_folds, 2),
    "seeds": (_seeds, 1),
    "sequences": (_sequences, 1),
    "labels": (labelled.learns_labels, 2),
    "soft_sensor": (labelled.learns_sensor, 2),
    "panel": (grouped.learns_panel, 2),
    "label_by_id": (grouped.learns_sequences, 2),
    "cut_windows": (grouped.learns_cut, 1),
    **{f"real_{name}": (_named(name), 1) for name in real.SIGNALS},
}
