"""Healthy experiments that learn in seconds: what faults are put into. Each is a function of one random seed."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.workshop import Work
from pipeline.series import ORACLE
from pipeline.sources import autoregression, bundled, market, price, seasonal

HOLDOUT = {"scheme": "holdout", "validation": 0.2, "test": 0.1}
STANDARD = {"features": "standard", "target": "standard"}
OWN = Path(__file__).parent / "architectures"
Rows = dict[str, np.ndarray]


def own(name: str, **options: Any) -> dict[str, Any]:
    """An architecture of this folder; `Work.files` always holds them all."""
    return {"name": f"odd_{name}", **options}


def change(work: Work, **changes: Any) -> Work:
    """`work` with other settings: dotted keys, `__` for the dot (`training__learning_rate`).

    `architecture` replaces the whole mapping, every other key one setting. `rows`, `series`, `unchecked` are fields.
    """
    parts: dict[str, Any] = {"dataset": copy.deepcopy(work.dataset), "training": dict(work.training)}
    kept: dict[str, Any] = {"architecture": dict(work.architecture)}
    for key, value in changes.items():
        if "__" not in key:
            kept[key] = value
            continue
        first, *path, last = key.split("__")
        at = kept["architecture"] if first == "architecture" else parts[first]
        for step in path:
            at = at.setdefault(step, {})
        at[last] = value
    return replace(work, **parts, **kept)


def _work(
    rows: Rows | None, length: int, architecture: dict[str, Any], rate: float, epochs: int, seed: int, **more: Any
) -> Work:
    dataset = {
        "split": dict(HOLDOUT),
        "window": {"length": length} | more.pop("window", {}),
        "scaling": STANDARD | more.pop("scaling", {}),
    }
    training = {"learning_rate": rate, "batch_size": 32, "epochs": epochs, "seeds": [seed % 1000]}
    training |= more.pop("training", {})
    return Work(dataset, architecture, training, rows, files=tuple(sorted(OWN.glob("*.py"))), **more)


def _columns(series: Any) -> Rows:
    return {name: series.rows[:, i] for i, name in enumerate(series.columns) if name not in ORACLE}


def season(seed: int) -> Work:
    """A noisy season, two of them in a window."""
    rows = _columns(seasonal.make(rows=3000, period=24, seed=seed, noise=0.15))
    architecture = {"name": "lstm", "units": [16]}
    return _work(rows, 48, architecture, 0.01, 10, seed, series={"target": "value", "period": 24})


def co2(seed: int) -> Work:
    """Real: the weekly CO2 at Mauna Loa; windows less their last value, for the level grows. The rows have no seed."""
    rows = _columns(bundled.make(name="co2"))
    architecture = {"name": "lstm", "units": [16]}
    work = _work(rows, 52, architecture, 0.005, 10, seed, series={"target": "co2", "period": 52})
    return change(work, dataset__window__missing="fill_past", dataset__scaling__window="last")


def sunspots(seed: int) -> Work:
    """Real: the yearly numbers of sunspots. The rows have no seed."""
    rows = _columns(bundled.make(name="sunspots"))
    architecture = {"name": "lstm", "units": [8]}
    series = {"target": "SUNACTIVITY", "period": 11}
    return _work(rows, 22, architecture, 0.005, 60, seed, series=series, training={"batch_size": 16})


def market_(seed: int, signal: float = 0.6) -> Work:
    """Seven features with heavy tails and a return that they predict in part."""
    rows = _columns(market.make(rows=10000, signal=signal, seed=seed))
    architecture = {"name": "stacked_lstm", "units": [16, 16], "activations": ["tanh", "tanh"], "head": "linear"}
    series = {"target": "return", "features": [f"f{i}" for i in range(1, 8)]}
    return _work(rows, 24, architecture, 0.005, 5, seed, series=series, window={"stride": {"train": 2}})


def sign(seed: int, phi: float = 0.8) -> Work:
    """The sign of the next value of an autoregression."""
    rows = _columns(autoregression.make(rows=8000, phi=phi, seed=seed))
    architecture = {"name": "lstm", "units": [8], "head": "sigmoid"}
    window = {"stride": {"train": 2}, "target": {"kind": "sign"}}
    return _work(rows, 10, architecture, 0.01, 4, seed, series={"target": "x"}, window=window)


def price_(seed: int, signal: float = 0.4) -> Work:
    """Three classes of the next return of an invented market with 22 features."""
    rows = _columns(price.make(rows=6000, signal=signal, seed=seed))
    architecture = {"name": "stateful_lstm", "units": [16, 16], "head": "softmax", "recurrent_dropout": 0.0}
    window = {"target": {"kind": "classes", "quantiles": [0.33, 0.67]}}
    series = {"target": "return", "features": list(rows)}
    return _work(rows, 10, architecture, 0.005, 5, seed, series=series, window=window)


def mix(seed: int) -> Work:
    """Three autoregressions and a target that is a bent sum of their last two rows."""
    draw = np.random.default_rng([seed, 1])
    a, b, c = (_smooth(draw.standard_normal(5000), 0.5) for _ in range(3))
    y = np.tanh(1.5 * _late(a, 1)) + 0.6 * _late(b, 2) - 0.4 * _late(c, 1) + 0.3 * draw.standard_normal(5000)
    series = {"target": "y", "features": ["a", "b", "c"]}
    return _work({"a": a, "b": b, "c": c, "y": y}, 12, own("gru", units=[16]), 0.005, 5, seed, series=series)


def products(seed: int) -> Work:
    """A target that is the sum of two products: no single weighted sum of the inputs tells anything of it."""
    draw = np.random.default_rng([seed, 8])
    a, b, c, d = (draw.standard_normal(5000) for _ in range(4))
    y = np.roll(a * b + c * d, 1) + 0.3 * draw.standard_normal(5000)
    architecture = {"name": "stacked_dense", "units": [48, 24], "activations": ["tanh", "tanh"]}
    series = {"target": "y", "features": ["a", "b", "c", "d"]}
    return _work({"a": a, "b": b, "c": c, "d": d, "y": y}, 2, architecture, 0.01, 15, seed, series=series)


def lag(seed: int, steps: int = 12) -> Work:
    """A target that only one input predicts, `steps` rows earlier."""
    draw = np.random.default_rng([seed, 2])
    x = draw.standard_normal(4000)
    y = 0.9 * _late(x, steps) + 0.4 * draw.standard_normal(4000)
    architecture = {"name": "stacked_dense", "units": [32, 16], "activations": ["tanh", "tanh"]}
    series = {"target": "y", "features": ["x"]}
    return _work({"x": x, "y": y}, 2 * steps, architecture, 0.003, 6, seed, series=series)


def steps(seed: int, length: int = 120) -> Work:
    """Zeros and then ones, whose mean is to be told; gates that begin with a memory of the window's length."""
    series = {
        "source": "pipeline/sources/steps.py",
        "length": length,
        "counts": "sampled",
        "sequences": 200,
        "seed": seed,
    }
    architecture = {"name": "masked_lstm", "mask_value": None, "gate_initializer": "chrono", "head": "linear"}
    work = _work(None, 1, architecture, 0.01, 25, seed, series=series, training={"batch_size": 8, "clipnorm": 1.0})
    dataset = {
        "split": {"scheme": "sequences", "validation": 0.2, "test": 0.1},
        "window": {"length": "sequence", "target": {"kind": "sequence_mean"}},
        "scaling": {"features": "none", "target": "none"},
    }
    return replace(work, dataset=dataset)


def noise(seed: int) -> Work:
    """Three columns of white noise, the first of which is to be told: nothing can."""
    draw = np.random.default_rng([seed, 3])
    rows = {name: draw.standard_normal(5000) for name in ("a", "b", "y")}
    return _work(
        rows, 20, {"name": "lstm", "units": [8]}, 0.003, 3, seed, series={"target": "y", "features": list(rows)}
    )


def walk(seed: int) -> Work:
    """A random walk's next step: nothing tells it."""
    draw = np.random.default_rng([seed, 4])
    rows = {"level": np.cumsum(draw.standard_normal(4000))}
    work = _work(rows, 20, {"name": "lstm", "units": [8]}, 0.003, 3, seed, series={"target": "level"})
    return change(work, dataset__window__target={"kind": "difference"}, dataset__scaling__window="last")


def _late(values: np.ndarray, rows: int) -> np.ndarray:
    """`values` so many rows later; what wraps round is a few rows at the beginning."""
    return np.roll(values, rows)


def _smooth(shocks: np.ndarray, phi: float) -> np.ndarray:
    from scipy.signal import lfilter

    return np.asarray(lfilter([np.sqrt(1 - phi**2)], [1.0, -phi], shocks))


BASES: dict[str, Callable[..., Work]] = {
    "season": season,
    "co2": co2,
    "sunspots": sunspots,
    "market": market_,
    "sign": sign,
    "price": price_,
    "mix": mix,
    "lag": lag,
    "products": products,
    "steps": steps,
    "noise": noise,
    "walk": walk,
}
