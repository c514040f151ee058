"""Simulated comparisons: series without a signal, series with a known one, and pairs of equally good forecasts.

Each series is handled like an experiment: consecutive parts, all their windows, the baselines of `baselines`, the naive
one chosen on validation, and the comparison of `gains` itself. Only the network is replaced by a cheaper learner, once
per seed: ridge regression on the inputs and 32 random tanh features (Huang and others 2006), its strength chosen on
validation.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from pipeline import dataset
from pipeline.dataset import windowing
from pipeline.scoring import baselines, choosing, gains, skill

KINDS = ("white_noise", "random_walk", "volatility_clusters")
# Numbers of test windows.
SIZES = (12, 30, 100, 500)
WINDOWS = max(SIZES)
# Signals to find: kind, number of test windows, and the R² of the best possible forecast.
PLANTED = (
    ("autoregression", 100, 0.3),
    ("autoregression", 500, 0.1),
    ("independent", 12, 0.9),
    ("independent", 30, 0.5),
    ("independent", 100, 0.3),
    ("independent", 500, 0.1),
)
LEARNER = "32 random tanh features and the inputs, ridge regression chosen on validation, 2 draws"
# Targets of one step, and of several whose windows overlap.
_HORIZONS = (1, 10)
_LENGTH = 10
_TRAINING = 1500
_VALIDATION = 300
_SEEDS = (0, 1)
_HIDDEN = 32
_STRENGTHS = np.logspace(-3, 3, 7)
# Rows after which a generator has forgotten its start.
_RUN_IN = 100
_SEED = 20240502


def rows(kind: str, count: int, random: np.random.Generator) -> np.ndarray:
    """Generate a series that no forecast predicts better than a naive baseline, `[count]`.

    The best forecast of white_noise is its mean; of random_walk its last value; of volatility_clusters its mean: they
    are shocks of Student's t with 4 degrees of freedom in a GARCH(1, 1) (Bollerslev 1986) of persistence 0.95.
    """
    if kind == "volatility_clusters":
        return _clusters(random.standard_t(4, size=count + _RUN_IN) / np.sqrt(2))[_RUN_IN:]
    noise = random.normal(size=count)
    return np.cumsum(noise) if kind == "random_walk" else noise


def _clusters(shocks: np.ndarray) -> np.ndarray:
    """Multiply shocks of variance 1, `[rows]`, by a deviation that depends on earlier ones."""
    values, variance = np.empty(len(shocks)), 1.0
    for row, shock in enumerate(shocks):
        values[row] = shock * np.sqrt(variance)
        variance = 0.05 + 0.1 * values[row] ** 2 + 0.85 * variance
    return values


def _rows_needed(horizon: int) -> int:
    return _TRAINING + _VALIDATION + WINDOWS + 3 * (_LENGTH + horizon - 1)


def null(kind: str, number: int) -> dict[int, str]:
    """Compare the learner on one series without a signal, by size; the horizon alternates between series."""
    horizon = _HORIZONS[number // len(KINDS) % 2]
    random = np.random.default_rng([_SEED, KINDS.index(kind), number])
    return compare(rows(kind, _rows_needed(horizon), random), horizon, number, levels=kind == "random_walk")


def autoregression(number: int, oracle_r2: float) -> np.ndarray:
    """Generate an AR(1) whose last value explains `oracle_r2` of the next one's variance, `[rows]`."""
    from scipy.signal import lfilter

    random = np.random.default_rng([_SEED, len(KINDS), number])
    noise = random.normal(size=_rows_needed(1) + _RUN_IN)
    return np.asarray(lfilter([1.0], [1.0, -np.sqrt(oracle_r2)], noise))[_RUN_IN:]


def planted(kind: str, size: int, oracle_r2: float, number: int) -> str:
    """Compare a forecast of a signal with the best naive one, on `size` windows.

    `autoregression` is one series of that name, and the forecast the learner's. Each window of `independent` is a draw
    of its own; there the best possible forecast is compared with the mean.
    """
    if kind == "autoregression":
        return compare(autoregression(number, oracle_r2), 1, number, sizes=(size,))[size]
    random = np.random.default_rng([_SEED, 20, number, size])
    forecast, error = random.normal(size=(2, size)) * np.sqrt([[oracle_r2], [1 - oracle_r2]])
    return gains.conclusion(error**2, (forecast + error) ** 2)


def compare(
    values: np.ndarray, horizon: int, number: int, levels: bool = False, sizes: Iterable[int] = SIZES
) -> dict[int, str]:
    """Compare the learner with the naive baseline on the first test windows of a series: better, worse or neither.

    Args:
        values: `[rows]`, cut into training, validation and test without a common row.
        horizon: steps of the target.
        number: number of the series, for the learner's random features.
        levels: whether each window is scaled relative to its last value, as a random walk requires.
        sizes: numbers of test windows, each at most `WINDOWS`.
    """
    train, validation, test = parts(values, horizon, levels)
    learned = baselines.fit(train, linear=False)
    naive = choosing.chosen({name: _losses(validation, forecast(validation)) for name, forecast in learned.items()})
    base = _losses(test, learned[naive](test))
    network = np.mean(
        [
            _losses(test, learner(train, validation, np.random.default_rng([_SEED, number, seed]))(test))
            for seed in _SEEDS
        ],
        axis=0,
    )
    overlap = skill.overlapping(test.spec)
    return {size: gains.conclusion(network[:size], base[:size], overlap) for size in sizes}


def _losses(part: dataset.Part, forecast: np.ndarray) -> np.ndarray:
    return skill.losses(part.raw_targets(), forecast, None)


def parts(values: np.ndarray, horizon: int, levels: bool) -> list[dataset.Part]:
    """Cut a series into consecutive training, validation and test parts, with `WINDOWS` test windows at stride 1."""
    window: dict[str, Any] = {"target": {"kind": "value", "of": "value"}, "horizon": horizon, "missing": "drop"}
    count = {"train": _TRAINING, "validation": _VALIDATION, "test": WINDOWS}
    made, start = [], 0
    center = scale = 0.0
    for name, windows in count.items():
        stop = start + windows + _LENGTH + horizon - 1
        own = values[start:stop, None]
        if name == "train":
            center, scale = float(own.mean()), float(own.std())
        interval = {"intervals": [[start, stop]]}
        table, _ = windowing.table(own, interval, 1, _LENGTH, window, [0], 0, None)
        spec = dataset.Spec(
            length=_LENGTH,
            horizon=horizon,
            features=["value"],
            target=window["target"],
            classes=None,
            outputs=horizon,
            columns=["value"],
            target_column=0,
            thresholds=None,
            shares=None,
            period=None,
            sequence_length=None,
            oracle=None,
            scaling={"features": "standard", "target": "standard", "window": "last" if levels else "none"},
            target_center=center,
            target_scale=scale,
            score_units="original",
            stride={"train": 1, "evaluation": 1},
            first_rows=np.arange(start, stop),
        )
        made.append(dataset.Part(name, own, ((own - center) / scale).astype(np.float32), table, spec))
        start = stop
    return made


def learner(train: dataset.Part, validation: dataset.Part, random: np.random.Generator) -> baselines.Forecast:
    """Train the network's stand-in: a function from a part to its forecasts `[windows, steps]`, raw units."""
    weights = random.normal(size=(_LENGTH, _HIDDEN)) / np.sqrt(_LENGTH)
    bias = random.normal(size=_HIDDEN)
    raw = train.inputs()[:, :, 0].astype(float)
    std = raw.std()

    def features(part: dataset.Part) -> np.ndarray:
        inputs = part.inputs()[:, :, 0] / std
        return np.concatenate([inputs, np.tanh(inputs @ weights + bias)], axis=1)

    x, y = features(train), train.targets().astype(float)
    centre, centre_y = x.mean(axis=0), y.mean(axis=0)
    x = x - centre
    values, vectors = np.linalg.eigh(x.T @ x / len(x))
    projected = vectors.T @ (x.T @ (y - centre_y)) / len(x)
    seen, truth = (features(validation) - centre) @ vectors, validation.targets()
    fits = [projected / (values.clip(0) + strength)[:, None] for strength in _STRENGTHS]
    best = min(fits, key=lambda fit: float(np.mean((seen @ fit + centre_y - truth) ** 2)))

    def forecast(part: dataset.Part) -> np.ndarray:
        outputs = (features(part) - centre) @ (vectors @ best) + centre_y
        return np.asarray(part.restore(outputs), dtype=float)

    return forecast


# --- equally good forecasts


EQUAL = ("independent", "heavy_tails", "overlapping", "autocorrelated", "volatility_clusters")


def equal(kind: str, number: int, size: int) -> str:
    """Compare two forecasts of the same expected loss on `size` windows; their errors are of the same kind.

    Truth and errors are noise for independent; errors of Student's t with 3 degrees of freedom for heavy_tails; sums of
    ten rows for overlapping; AR(1) with 0.9 for autocorrelated; for volatility_clusters they have heavy tails and a
    common scale that changes slowly.
    """
    random = np.random.default_rng([_SEED, 10 + EQUAL.index(kind), number, size])
    truth, *errors = _alike(kind, random, size)
    first, second = ((truth + 0.3 * error) ** 2 for error in errors)
    return gains.conclusion(first, second, _HORIZONS[1] if kind == "overlapping" else 1)


def _alike(kind: str, random: np.random.Generator, size: int) -> np.ndarray:
    """Generate a truth and two errors, `[3, size]`, of variance about 1 (3 for heavy tails)."""
    from scipy.signal import lfilter

    if kind == "overlapping":
        return np.stack(
            [np.convolve(random.normal(size=size + 9), np.ones(10) / np.sqrt(10), "valid") for _ in range(3)]
        )
    if kind == "autocorrelated":
        noise = random.normal(size=(3, size + _RUN_IN))
        return np.asarray(lfilter([np.sqrt(1 - 0.9**2)], [1.0, -0.9], noise))[:, _RUN_IN:]
    if kind == "volatility_clusters":
        errors = random.normal(size=(2, size))
        shocks = random.standard_t(4, size=size + _RUN_IN) / np.sqrt(2)
        values = _clusters(shocks)
        return np.concatenate([values[None, _RUN_IN:], errors * np.abs(values / shocks)[_RUN_IN:]])
    errors = random.standard_t(3, size=(2, size)) if kind == "heavy_tails" else random.normal(size=(2, size))
    return np.concatenate([random.normal(size=(1, size)), errors])
