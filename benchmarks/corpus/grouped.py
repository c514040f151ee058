"""Drawn experiments of several ids in one file: panels, and whole sequences with one label each; and cut windows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from scipy.signal import lfilter

from benchmarks.corpus.drawing import experiment
from benchmarks.corpus.generators import Drawn
from benchmarks.workshop import Work

_AMONG = ("lstm", "gru", "dense")
_BY_ID: dict[str, Any] = {"id": "id"}


def panel(draw: np.random.Generator, signal: bool = True, alike: bool = False) -> tuple[Drawn, dict[str, Any]]:
    """Ids with the same autoregression of order 2, or with noise, and a split for them.

    Divided by time there are few long ids; if they are not alike, each has a level of its own, and is scaled by its own
    rows. Divided by ids there are many short ones.
    """
    by_time = bool(draw.integers(2))
    lengths = draw.integers(230, 245, size=8) if by_time else draw.integers(26, 40, size=60)
    angle, size = draw.uniform(0.4, 1.2), draw.uniform(0.88, 0.96)
    weights = [1.0, -2 * size * np.cos(angle), size**2] if signal else [1.0]
    pieces = [lfilter([1.0], weights, draw.standard_normal(length + 100))[100:] for length in lengths]
    levels = 20 * draw.standard_normal(len(lengths)) if by_time and not alike else np.zeros(len(lengths))
    y = np.concatenate([level + 2 * piece for level, piece in zip(levels, pieces, strict=True)])
    scaling = {"per": "id"} if by_time else {}
    rows = {"id": np.repeat(np.arange(len(lengths)), lengths).astype(float), "y": y}
    parts = {"validation": 0.2, "test": 0.2}
    split = {"scheme": "holdout"} | parts if by_time else {"scheme": "groups", "order": "random"} | parts
    return Drawn(rows, length=(6, 12), scaling=scaling), split


def sequences(draw: np.random.Generator, signal: bool = True) -> Drawn:
    """Sequences of 8 to 14 rows, each with one label: whether its first input rises. Or the label is drawn."""
    lengths = draw.integers(8, 15, size=420)
    label = draw.integers(2, size=len(lengths))
    a, b = draw.standard_normal((2, int(lengths.sum())))
    rises = np.concatenate([np.linspace(-1, 1, length) for length in lengths])
    y = np.repeat(label, lengths).astype(float)
    a = a + (2 * y - 1) * rises * (draw.uniform(0.8, 1.2) if signal else 0.0)
    return Drawn({"id": np.repeat(np.arange(len(lengths)), lengths).astype(float), "a": a, "b": b, "y": y}, ("a", "b"))


def _whole(draw: np.random.Generator, drawn: Drawn) -> Work:
    """Return an experiment on whole sequences, by a network that skips the padding."""
    split = {"scheme": "sequences", "validation": 0.25, "test": 0.25, "order": "random", "stratify": True}
    cell = {"name": "masked_lstm", "units": int(draw.choice([8, 12])), "head": "sigmoid"}
    work = experiment(draw, drawn, cell, split=split, target={"kind": "label"}, series=_BY_ID, batch_size=16, epochs=25)
    window = {"length": "sequence", "target": {"kind": "label"}}
    return replace(work, dataset=work.dataset | {"window": window})


def _cut(draw: np.random.Generator, y: np.ndarray) -> Work:
    """Return an experiment on windows of a standardised series and its next value, as a script would cut them."""
    y = (y - y.mean()) / y.std()
    length = int(draw.integers(6, 13))
    windows = np.lib.stride_tricks.sliding_window_view(y, length + 1)
    work = experiment(draw, Drawn({"y": y}), among=_AMONG)
    dataset = {
        "split": {"scheme": "given"},
        "window": {"length": "sequence", "target": {"kind": "given", "past": 0}},
        "scaling": {"features": "none", "target": "none"},
    }
    given = {"X": windows[:, :length, None], "y": windows[:, length]}
    return replace(work, dataset=dataset, rows=None, series={}, windows=given)


def learns_panel(draw: np.random.Generator) -> Work:
    """A panel whose ids swing alike."""
    drawn, split = panel(draw)
    return experiment(draw, drawn, among=_AMONG, split=split, series=_BY_ID)


def no_panel(draw: np.random.Generator) -> Work:
    """A panel of noise."""
    drawn, split = panel(draw, signal=False)
    return experiment(draw, drawn, among=_AMONG, split=split, series=_BY_ID, updates=200)


def unscaled_panel(draw: np.random.Generator) -> Work:
    """A panel whose inputs are some hundreds or thousands wide, and unscaled."""
    drawn, split = panel(draw, alike=True)
    wide = replace(drawn, rows=drawn.rows | {"y": drawn.rows["y"] * draw.uniform(300, 2000)}, scaling={})
    plain = {"features": "none"}
    return experiment(
        draw, wide, {"name": "lstm", "units": [12]}, split=split, series=_BY_ID, scaling=plain, learning_rate=0.003
    )


def learns_sequences(draw: np.random.Generator) -> Work:
    """Sequences whose label shows."""
    return _whole(draw, sequences(draw))


def no_sequences(draw: np.random.Generator) -> Work:
    """Sequences whose label is drawn."""
    return _whole(draw, sequences(draw, signal=False))


def learns_cut(draw: np.random.Generator) -> Work:
    """Cut windows of an autoregression of order 2."""
    angle, size = draw.uniform(0.4, 1.2), draw.uniform(0.88, 0.96)
    return _cut(draw, lfilter([1.0], [1.0, -2 * size * np.cos(angle), size**2], draw.standard_normal(1700))[200:])


def no_cut(draw: np.random.Generator) -> Work:
    """Cut windows of noise."""
    return _cut(draw, draw.standard_normal(1500))
