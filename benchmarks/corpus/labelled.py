"""Drawn experiments with labels, and with the target in the row of the last inputs (horizon 0)."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

from benchmarks.corpus.drawing import experiment, network, with_rows
from benchmarks.corpus.generators import Drawn
from benchmarks.workshop import Work

ROWS = 1500
LABEL = {"kind": "label"}
_AMONG = ("lstm", "gru", "dense")


def states(draw: np.random.Generator, rows: int = ROWS, horizon: int | None = None) -> Drawn:
    """A chain of three to six states, and two signals that each state moves to a level of its own, under noise.

    With a horizon of 1 the signals are those of the next row's state.
    """
    count = int(draw.integers(3, 7))
    horizon = int(draw.integers(2)) if horizon is None else horizon
    moves = draw.random(rows) < 0.15
    state = np.where(moves, draw.integers(count, size=rows), 0)
    state = state[np.maximum.accumulate(np.where(moves, np.arange(rows), 0))]
    levels = np.stack([draw.permutation(count), draw.permutation(count)]).astype(float)
    a, b = levels[:, state] + draw.uniform(0.4, 0.8) * draw.standard_normal((2, rows))
    y = np.roll(state, horizon).astype(float)
    return Drawn({"a": a, "b": b, "y": y}, ("a", "b"), (4, 10), horizon)


def sensor(draw: np.random.Generator, rows: int = ROWS) -> Drawn:
    """A slow measurement that follows two fast ones with inertia, in the same row."""
    a, b = (lfilter([1.0], [1.0, -0.6], draw.standard_normal(rows)) for _ in range(2))
    y = lfilter([0.5, 0.3], [1.0, -0.4], a) + 0.5 * b
    y = 5 + 2 * y + draw.uniform(0.2, 0.6) * draw.standard_normal(rows)
    return Drawn({"a": a, "b": b, "y": y}, ("a", "b"), (6, 12), 0)


def learns_labels(draw: np.random.Generator) -> Work:
    """Labels that the signals show."""
    return experiment(draw, states(draw), target=LABEL, among=_AMONG)


def learns_sensor(draw: np.random.Generator) -> Work:
    """A soft sensor."""
    return experiment(draw, sensor(draw), among=_AMONG)


def no_labels(draw: np.random.Generator) -> Work:
    """Labels without any order, beside signals that show nothing of them."""
    drawn = states(draw)
    count = len(np.unique(drawn.rows["y"]))
    return experiment(
        draw, with_rows(drawn, y=draw.integers(count, size=ROWS).astype(float)), target=LABEL, among=_AMONG, updates=200
    )


def no_sensor(draw: np.random.Generator) -> Work:
    """A measurement with nothing in common with the others."""
    drawn = sensor(draw)
    return experiment(draw, with_rows(drawn, y=draw.standard_normal(ROWS)), among=_AMONG, updates=200)


def copied_label(draw: np.random.Generator) -> Work:
    """A column that is the label, or was moved up a few rows: the window holds the label of its own last row."""
    drawn = states(draw, horizon=0)
    y = draw.integers(len(np.unique(drawn.rows["y"])), size=ROWS).astype(float)
    rows = with_rows(drawn, y=y, b=np.roll(y, -int(draw.integers(3))))
    return experiment(draw, rows, target=LABEL, among=_AMONG)


def sigmoid_labels(draw: np.random.Generator) -> Work:
    """Sigmoids for labels that exclude each other."""
    architecture = network(draw, _AMONG) | {"head": "sigmoid"}
    return experiment(draw, states(draw), architecture, target=LABEL)
