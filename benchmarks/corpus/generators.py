"""Rows drawn at random: series that a small network learns in seconds, and series without anything to learn.

Each generator takes a random generator and a number of rows and returns `Drawn`: the rows, and what suits them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.signal import lfilter

Rows = dict[str, np.ndarray]


@dataclass(frozen=True)
class Drawn:
    """Rows, and the settings that suit them.

    Attributes:
        rows: columns by name, float64 [rows] each.
        features: input columns; the target is `y`.
        length: fewest and most rows of a window.
        horizon: rows ahead.
        period: rows of one season, or None.
        window: further settings of the window.
        scaling: settings of the scaling.
    """

    rows: Rows
    features: tuple[str, ...] = ("y",)
    length: tuple[int, int] = (8, 16)
    horizon: int = 1
    period: int | None = None
    window: dict[str, Any] = field(default_factory=dict)
    scaling: dict[str, Any] = field(default_factory=dict)


Generator = Callable[[np.random.Generator, int], Drawn]


# --- with a signal


def season(draw: np.random.Generator, rows: int, noise: float | None = None) -> Drawn:
    """A season of two harmonics and noise, with a whole period."""
    period = int(draw.choice([7, 8, 12]))
    y = _wave(draw, rows, period)
    share = float(draw.uniform(0.15, 0.4)) if noise is None else noise
    y = 20 + 4 * (y + share * y.std() * draw.standard_normal(rows))
    return Drawn({"y": y}, length=(2 * period, 2 * period + 4), period=period)


def noise_free(draw: np.random.Generator, rows: int) -> Drawn:
    """A sum of sines without noise, with a whole period: the season before is a perfect forecast."""
    return season(draw, rows, noise=0.0)


def chaos(draw: np.random.Generator, rows: int) -> Drawn:
    """The logistic map: exact, and not linear in anything."""
    y = np.empty(rows)
    y[0], rate = draw.uniform(0.2, 0.8), draw.uniform(3.7, 3.9)
    for i in range(1, rows):
        y[i] = rate * y[i - 1] * (1 - y[i - 1])
    return Drawn({"y": y}, length=(2, 5))


def memory(draw: np.random.Generator, rows: int) -> Drawn:
    """An autoregression of order 2 that swings."""
    angle, size = draw.uniform(0.4, 1.2), draw.uniform(0.88, 0.96)
    y = _filtered(draw.standard_normal(rows + 200), [1.0], [1.0, -2 * size * np.cos(angle), size**2])[200:]
    return Drawn({"y": 3 + 2 * y}, length=(6, 12))


def exogenous(draw: np.random.Generator, rows: int, noise: float | None = None) -> Drawn:
    """A bent sum of two of three inputs, one and two rows earlier; the target is no input."""
    a, b, c = (_filtered(draw.standard_normal(rows), [1.0], [1.0, -0.5]) for _ in range(3))
    clean = np.tanh(1.2 * _late(a, 1)) + draw.uniform(0.4, 0.8) * _late(b, 2)
    share = draw.uniform(0.3, 0.6) if noise is None else noise
    y = clean + share * clean.std() * draw.standard_normal(rows)
    return Drawn({"a": a, "b": b, "c": c, "y": y}, ("a", "b", "c"), (4, 10))


def smoothed(draw: np.random.Generator, rows: int) -> Drawn:
    """The exponential mean of an input over some ten rows, many more than a window holds."""
    x = draw.standard_normal(rows)
    decay = float(draw.uniform(0.88, 0.94))
    mean = _filtered(x, [1 - decay], [1.0, -decay])
    y = _late(mean, 1) + 0.15 * mean.std() * draw.standard_normal(rows)
    return Drawn({"x": x, "y": y}, ("x",), (4, 6))


def zero_inflated(draw: np.random.Generator, rows: int) -> Drawn:
    """Demand on some days only: more often, and more of it, in one part of the week."""
    period = 7
    rate = 0.15 + 0.75 * (np.sin(2 * np.pi * np.arange(rows) / period + draw.uniform(0, 6)) > 0.2)
    y = np.where(draw.random(rows) < rate, draw.poisson(1 + 5 * rate), 0).astype(float)
    return Drawn({"y": y}, length=(14, 21), period=period)


def sticky(draw: np.random.Generator, rows: int) -> Drawn:
    """A level that stays for some 25 rows, then jumps; what is measured has noise."""
    jumps = draw.random(rows) < 0.04
    level = np.array([*draw.uniform(-2, 2, 1 + int(jumps.sum()))])[np.cumsum(jumps)]
    return Drawn({"y": level + draw.uniform(0.3, 0.5) * draw.standard_normal(rows)}, length=(6, 12))


def held(draw: np.random.Generator, rows: int) -> Drawn:
    """A level of few values that stays for some ten rows and goes where an input pointed two rows earlier."""
    x = draw.standard_normal(rows)
    jumps = np.roll(np.abs(x) > 1.6, 2)
    last = np.maximum.accumulate(np.where(jumps, np.arange(rows), 0))
    y = np.round(np.roll(x, 2)[last])
    return Drawn({"x": x, "y": y}, ("x", "y"), (4, 8))


def quantised(draw: np.random.Generator, rows: int) -> Drawn:
    """A sensor of few digits: a season or a slow level, rounded to some six values."""
    made = season(draw, rows, noise=0.1) if draw.random() < 0.5 else memory(draw, rows)
    unit = float(np.ptp(made.rows["y"])) / 6
    return Drawn({"y": np.round(made.rows["y"] / unit) * unit}, length=made.length, period=made.period)


def trend(draw: np.random.Generator, rows: int) -> Drawn:
    """A level that grows, with a season; a window is seen less its last value."""
    made = season(draw, rows, noise=0.2)
    y = made.rows["y"] + draw.uniform(0.004, 0.012) * np.arange(rows)
    return Drawn({"y": y}, length=made.length, period=made.period, scaling={"window": "last"})


def solar(draw: np.random.Generator, rows: int) -> Drawn:
    """Power of a solar cell by the hour: zero at night, and by day under clouds that last."""
    hour = np.arange(rows) % 24
    sun = np.maximum(np.sin(2 * np.pi * (hour - 6) / 24), 0.0)
    clouds = _filtered(draw.standard_normal(rows), [1.0], [1.0, -0.9])
    y = sun * 5 / (1 + np.exp(-0.8 * clouds - 0.5))
    return Drawn({"y": y}, length=(26, 30), period=24)


def reverting(draw: np.random.Generator, rows: int) -> Drawn:
    """A positive level that returns to its mean, so that its next change can be predicted."""
    level = _filtered(draw.standard_normal(rows + 100), [1.0], [1.0, -draw.uniform(0.2, 0.5)])[100:]
    return Drawn({"y": 50 * np.exp(0.08 * level)}, length=(3, 8))


def clicks(draw: np.random.Generator, rows: int) -> Drawn:
    """An input that says well whether the rare event comes: about one row in eight is above zero."""
    x = _filtered(draw.standard_normal(rows), [1.0], [1.0, -0.7])
    hint = _late(x, 1) / x.std() + 0.35 * draw.standard_normal(rows)
    return Drawn({"x": x, "z": draw.standard_normal(rows), "y": hint - np.quantile(hint, 0.87)}, ("x", "z"), (3, 6))


def sentinels(draw: np.random.Generator, rows: int) -> Drawn:
    """A sensor that is off in a quarter of the rows and writes -9 then; the last reading counts."""
    x = _filtered(draw.standard_normal(rows), [1.0], [1.0, -0.9])
    x = x / x.std()
    off = draw.random(rows) < 0.25
    off[:3] = False
    y = _late(x, 1) + 0.3 * draw.standard_normal(rows)
    return Drawn({"x": np.where(off, -9.0, x), "y": y}, ("x",), (5, 8), scaling={"features": "none"})


def heavy(draw: np.random.Generator, rows: int) -> Drawn:
    """Two inputs and a target with noise of heavy tails."""
    made = exogenous(draw, rows, noise=0.0)
    y = made.rows["y"] + 0.3 * made.rows["y"].std() * draw.standard_t(3, rows)
    return Drawn(made.rows | {"y": y}, made.features, made.length)


SIGNALS: dict[str, Generator] = {
    "season": season,
    "noise_free": noise_free,
    "chaos": chaos,
    "memory": memory,
    "exogenous": exogenous,
    "zero_inflated": zero_inflated,
    "sticky": sticky,
    "held": held,
    "quantised": quantised,
    "trend": trend,
    "solar": solar,
    "reverting": reverting,
    "heavy": heavy,
}


# --- without


def noise(draw: np.random.Generator, rows: int, kind: str | None = None) -> Drawn:
    """White noise of one of five distributions."""
    kinds = {
        "normal": lambda: draw.standard_normal(rows),
        "student": lambda: draw.standard_t(3, rows),
        "laplace": lambda: draw.laplace(size=rows),
        "uniform": lambda: draw.random(rows),
        "skewed": lambda: draw.lognormal(0, 0.8, rows),
    }
    chosen = kinds[kind or str(draw.choice(sorted(kinds)))]()
    return Drawn({"y": draw.uniform(-5, 5) + draw.uniform(0.5, 5) * chosen}, length=(4, 24))


def walk(draw: np.random.Generator, rows: int) -> Drawn:
    """The level of a random walk, positive, so that its returns are small."""
    return Drawn({"y": 100 * np.exp(0.01 * np.cumsum(draw.standard_normal(rows)))}, length=(4, 20))


def returns(draw: np.random.Generator, rows: int) -> Drawn:
    """Returns of a market: heavy tails, volatility that clusters, and a direction that nothing tells."""
    shocks = draw.standard_t(5, rows) / np.sqrt(5 / 3)
    variance, y = np.empty(rows), np.empty(rows)
    variance[0] = 1.0
    for i in range(rows):
        if i:
            variance[i] = 0.05 + 0.08 * y[i - 1] ** 2 + 0.87 * variance[i - 1]
        y[i] = np.sqrt(variance[i]) * shocks[i]
    return Drawn({"y": y, "size": np.abs(y)}, ("y", "size"), (4, 20))


def unrelated(draw: np.random.Generator, rows: int) -> Drawn:
    """Slow inputs of every kind, and a target that has nothing to do with them."""
    slow = {name: _filtered(draw.standard_normal(rows), [1.0], [1.0, -phi]) for name, phi in (("a", 0.5), ("b", 0.95))}
    wave = np.sin(2 * np.pi * np.arange(rows) / 24)
    return Drawn({**slow, "wave": wave, "y": draw.standard_normal(rows)}, ("a", "b", "wave"), (4, 12))


def averaged(draw: np.random.Generator, rows: int) -> Drawn:
    """Moving means of noise as inputs; the target is noise of its own."""
    weights = np.ones(6) / 6
    inputs = {name: np.convolve(draw.standard_normal(rows + 5), weights, "valid") for name in ("a", "b")}
    return Drawn({**inputs, "y": 4 + 2 * draw.standard_normal(rows)}, ("a", "b"), (4, 12))


def breathing(draw: np.random.Generator, rows: int) -> Drawn:
    """Noise whose spread has a season: its size can be predicted, itself it cannot."""
    spread = 1 + 0.7 * np.sin(2 * np.pi * np.arange(rows) / 12 + draw.uniform(0, 6))
    return Drawn({"y": spread * draw.standard_normal(rows)}, length=(12, 20), period=12)


NULLS: dict[str, Generator] = {
    "noise": noise,
    "returns": returns,
    "unrelated": unrelated,
    "averaged": averaged,
    "breathing": breathing,
}


def _wave(draw: np.random.Generator, rows: int, period: int) -> np.ndarray:
    at = 2 * np.pi * np.arange(rows) / period
    return np.sin(at + draw.uniform(0, 6)) + draw.uniform(0.2, 0.5) * np.sin(2 * at + draw.uniform(0, 6))


def _filtered(values: np.ndarray, above: list[float], below: list[float]) -> np.ndarray:
    return np.asarray(lfilter(above, below, values))


def _late(values: np.ndarray, rows: int) -> np.ndarray:
    """`values` so many rows later; what wraps round is a few rows at the beginning."""
    return np.roll(values, rows)
