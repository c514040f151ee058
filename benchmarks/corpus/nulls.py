"""Kinds of experiments in which there is nothing to learn, drawn by code: each a function of a random generator."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.corpus import generators as of
from benchmarks.corpus import grouped, labelled, real
from benchmarks.corpus.drawing import QUICK, experiment, networks
from benchmarks.corpus.generators import Drawn
from benchmarks.corpus.kinds import Kind
from benchmarks.workshop import Work

ROWS = 1500
ANY = (*QUICK, "attention", "convolution", "batch_norm", "nested_lstm")
SIGN = {"kind": "sign"}
_COMMON: dict[str, Any] = {"among": ANY, "updates": 200}


def _noise(kind: str | None = None, rows: int = ROWS, **settings: Any) -> Kind:
    """Return a kind: white noise with these settings."""
    return lambda draw: experiment(draw, of.noise(draw, rows, kind), **_COMMON | settings)


def _of(generator: of.Generator, **settings: Any) -> Kind:
    """Return a kind: rows of this generator with these settings."""
    return lambda draw: experiment(draw, generator(draw, ROWS), **_COMMON | settings)


def _shuffled(draw: np.random.Generator) -> Work:
    """A real series in another order, so that no row tells the next."""
    y = draw.permutation(real.SHUFFLED[str(draw.choice(sorted(real.SHUFFLED)))]())[-ROWS:]
    return experiment(draw, Drawn({"y": y}, length=(4, 16)), updates=200)


def _market(draw: np.random.Generator) -> Work:
    """Real returns with their sizes in order, and a sign drawn for each day: what is left to tell is nothing."""
    moves = real.MARKETS[str(draw.choice(sorted(real.MARKETS)))]()
    start = int(draw.integers(len(moves) - ROWS))
    y = np.abs(moves[start : start + ROWS]) * draw.choice([-1.0, 1.0], ROWS)
    target = SIGN if draw.random() < 0.5 else None
    return experiment(draw, Drawn({"y": y}, length=(5, 20)), among=ANY, target=target, updates=200)


def _classes(draw: np.random.Generator) -> Work:
    """Classes of noise: even or not, two or three."""
    if draw.random() < 0.5:
        low = float(draw.choice([0.15, 0.25, 0.33]))
        target = {"kind": "classes", "quantiles": [low, 1 - low]}
        return experiment(draw, of.unrelated(draw, ROWS), among=ANY, target=target, updates=200)
    drawn = of.noise(draw, ROWS, "normal")
    y = drawn.rows["y"] - np.quantile(drawn.rows["y"], float(draw.choice([0.3, 0.5, 0.75])))
    return experiment(draw, Drawn({"y": y}, length=(4, 12)), among=ANY, target=SIGN, updates=200)


def _chrono(draw: np.random.Generator) -> Work:
    """Gates that begin with a long memory."""
    architecture = {"name": "masked_lstm", "mask_value": None, "gate_initializer": "chrono", "head": "linear"}
    return experiment(draw, of.noise(draw, ROWS), architecture | {"units": 8}, length=30, updates=150)


def _dropout(draw: np.random.Generator) -> Work:
    """Dropout in a network of noise."""
    architecture = {"name": str(draw.choice(["odd_gru", "odd_lstm"])), "dropout": 0.3}
    return experiment(draw, of.noise(draw, ROWS), architecture, updates=250)


def _wide(draw: np.random.Generator) -> Work:
    """A network with more weights than windows, trained for longer: it fits some of the noise."""
    architecture = networks(48)[str(draw.choice(["dense", "gru"]))]
    return experiment(draw, of.noise(draw, 900, "normal"), architecture, updates=400, learning_rate=0.003)


def _stopped(draw: np.random.Generator) -> Work:
    stopping = {"monitor": "val_loss", "patience": 3, "restore_best": True}
    return experiment(draw, of.noise(draw, ROWS), epochs=20, early_stopping=stopping)


def _folds(draw: np.random.Generator) -> Work:
    split = {"scheme": "expanding", "folds": 2, "validation_size": 250, "test_size": 250}
    return experiment(draw, of.noise(draw, ROWS), split=split, updates=200)


def _carried(draw: np.random.Generator) -> Work:
    """State carried from window to window, through noise."""
    architecture = {"name": "lstm", "units": [8]}
    drawn = of.noise(draw, 2000)
    return experiment(draw, drawn, architecture, state="lanes", shuffle=False, batch_size=16, length=6, updates=250)


# Kinds with fewer than 100 unseen windows that share no target row: no verdict is right too.
FEW = frozenset({"few_rows", "horizon"})
# Draws in each half, by kind.
NULLS: dict[str, tuple[Kind, int]] = {
    **{f"noise_{kind}": (_noise(kind), 2) for kind in ("normal", "student", "laplace", "uniform", "skewed")},
    "walk_level": (_of(of.walk, target={"kind": "value"}, scaling={"window": "last"}), 2),
    "walk_difference": (_of(of.walk, target={"kind": "difference"}, scaling={"window": "last"}), 2),
    "walk_return": (_of(of.walk, target={"kind": "return"}), 2),
    "walk_sign": (_of(of.walk, target=SIGN | {"of": "difference"}, scaling={"window": "last"}), 2),
    "shuffled": (_shuffled, 3),
    "market": (_market, 3),
    "returns": (_of(of.returns), 2),
    "returns_sign": (_of(of.returns, target=SIGN), 3),
    "unrelated": (_of(of.unrelated), 3),
    "averaged": (_of(of.averaged), 2),
    "breathing": (_of(of.breathing), 2),
    "classes": (_classes, 4),
    "short": (_noise(length=2), 2),
    "long": (_noise(length=60, among=("lstm", "gru", "dense", "convolution")), 2),
    "no_validation": (_noise(validated=0), 3),
    "pooled": (_noise(among=("pooled",)), 2),
    "chrono": (_chrono, 2),
    "slow": (_noise(learning_rate=1e-4), 2),
    "slower": (_noise(learning_rate=1e-5), 1),
    "dropout": (_dropout, 2),
    "seeds": (_noise(seeds=2), 1),
    "folds": (_folds, 2),
    "wide": (_wide, 2),
    "stopped": (_stopped, 2),
    "carried": (_carried, 1),
    "horizon": (_noise(horizon=6), 2),
    "minmax": (_noise("normal", scaling={"features": "minmax", "target": "minmax"}), 1),
    "few_rows": (_noise(rows=300, batch_size=16, updates=120), 2),
    "labels": (labelled.no_labels, 2),
    "soft_sensor": (labelled.no_sensor, 1),
    "panel": (grouped.no_panel, 2),
    "label_by_id": (grouped.no_sequences, 1),
    "cut_windows": (grouped.no_cut, 1),
}
