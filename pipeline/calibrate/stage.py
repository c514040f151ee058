"""Stage `calibrate`: how often `better` is said where it is not true, and where it is.

Series without any signal, and series with a known one, go the way of an experiment: parts one after the other, every
window of them, the baselines of `baselines.py`, the naive one chosen on validation, the very functions of `skill.py`.
Only the network is a cheaper learner: 32 random tanh features (Huang and others 2006) beside the inputs themselves,
ridge regression on them, its strength chosen on validation, once per seed.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np

from pipeline import dataset
from pipeline.dataset import windowing
from pipeline.scoring import baselines, bootstrap, skill

KINDS = ("white_noise", "random_walk", "volatility_clusters")
WINDOWS = 500
ORACLE_R2 = 0.1
LEARNER = "32 random tanh features and the inputs, ridge regression chosen on validation, 2 draws"
# Targets of one step, and of several whose windows overlap.
_HORIZONS = (1, 10)
_LENGTH = 10
_TRAINING = 1500
_VALIDATION = 300
_SEEDS = (0, 1)
_HIDDEN = 32
_STRENGTHS = np.logspace(-3, 3, 7)
# Rows that a generator needs to forget its start.
_RUN_IN = 100
_SEED = 20240502


def calibrate(series: int, planted: int) -> dict[str, Any]:
    """Everything that `reports/calibration.json` holds (docs/files.md).

    Args:
        series: how many without a signal, at least 3; as many pairs of equal forecasts. Each is its own random stream,
            so that fewer of them are the first of more.
        planted: how many with one.
    """
    nulls = {kind: [null(kind, number) for number in range(at, series, len(KINDS))] for at, kind in enumerate(KINDS)}
    found = [experiment(autoregression(number), 1, number) for number in range(planted)]
    pairs = {
        kind: [equal(kind, number) for number in range(at, max(series, len(EQUAL)), len(EQUAL))]
        for at, kind in enumerate(EQUAL)
    }
    return {
        "level": bootstrap.LEVEL,
        "windows": WINDOWS,
        "resamples": bootstrap.RESAMPLES,
        "learner": LEARNER,
        "null": {
            **_rate([one for told in nulls.values() for one in told]),
            "kinds": {kind: _rate(told) for kind, told in nulls.items()},
        },
        "planted": {"oracle_r2": ORACLE_R2, **_rate(found)},
        "equal": {
            **_both([one for told in pairs.values() for one in told]),
            "kinds": {kind: _both(told) for kind, told in pairs.items()},
        },
    }


def _limits(count: int, of: int) -> tuple[float, float]:
    """Clopper and Pearson's exact 95 % interval (1934) of a rate."""
    from scipy import stats

    lower = stats.beta.ppf(0.025, count, of - count + 1) if count else 0.0
    upper = stats.beta.ppf(0.975, count + 1, of - count) if count < of else 1.0
    return float(lower), float(upper)


def _rate(told: list[str], of: str = "better") -> dict[str, Any]:
    count = Counter(told)[of]
    lower, upper = _limits(count, len(told))
    return {"series": len(told), "better": count, "rate": count / len(told), "lower": lower, "upper": upper}


def _both(told: list[str]) -> dict[str, Any]:
    """Rates of better and worse, which are both wrong."""
    counted = Counter(told)
    wrong = counted["better"] + counted["worse"]
    return {
        "series": len(told),
        "better": counted["better"],
        "better_rate": counted["better"] / len(told),
        "worse": counted["worse"],
        "worse_rate": counted["worse"] / len(told),
        "upper": _limits(wrong, len(told))[1],
    }


# --- series, and the way of an experiment


def rows(kind: str, count: int, random: np.random.Generator) -> np.ndarray:
    """A series that nothing foretells better than a naive baseline, `[count]`.

    white_noise: its mean is the best forecast. random_walk: its last value. volatility_clusters: its mean; shocks of
    Student's t with 4 degrees of freedom in a GARCH(1, 1) (Bollerslev 1986) of persistence 0.95.
    """
    if kind == "volatility_clusters":
        return _clusters(random.standard_t(4, size=count + _RUN_IN) / np.sqrt(2))[_RUN_IN:]
    noise = random.normal(size=count)
    return np.cumsum(noise) if kind == "random_walk" else noise


def _clusters(shocks: np.ndarray) -> np.ndarray:
    """Shocks of variance 1, `[rows]`, times a deviation that remembers them."""
    values, variance = np.empty(len(shocks)), 1.0
    for row, shock in enumerate(shocks):
        values[row] = shock * np.sqrt(variance)
        variance = 0.05 + 0.1 * values[row] ** 2 + 0.85 * variance
    return values


def _rows_needed(horizon: int) -> int:
    return _TRAINING + _VALIDATION + WINDOWS + 3 * (_LENGTH + horizon - 1)


def null(kind: str, number: int) -> str:
    """What is said of the learner on one series without a signal; the horizon changes from series to series."""
    horizon = _HORIZONS[number // len(KINDS) % 2]
    random = np.random.default_rng([_SEED, KINDS.index(kind), number])
    return experiment(rows(kind, _rows_needed(horizon), random), horizon, number, levels=kind == "random_walk")


def autoregression(number: int) -> np.ndarray:
    """An AR(1) whose last value explains `ORACLE_R2` of the next one's variance, `[rows]`."""
    from scipy.signal import lfilter

    random = np.random.default_rng([_SEED, len(KINDS), number])
    noise = random.normal(size=_rows_needed(1) + _RUN_IN)
    return np.asarray(lfilter([1.0], [1.0, -np.sqrt(ORACLE_R2)], noise))[_RUN_IN:]


def experiment(values: np.ndarray, horizon: int, number: int, levels: bool = False) -> str:
    """What is said of the learner against the naive baseline on the last windows of a series.

    Args:
        values: `[rows]`, cut into training, validation and test without a row in common.
        horizon: steps of the target.
        number: of the series, for the learner's random features.
        levels: whether each window is seen relative to its last value, as a series that wanders has to be.
    """
    train, validation, test = parts(values, horizon, levels)
    learned = baselines.fit(train)
    on = {
        part.name: {name: _losses(part, forecast(part)) for name, forecast in learned.items()}
        for part in (validation, test)
    }
    naive = skill.chosen(on["validation"])
    network = {
        seed: _losses(test, learner(train, validation, np.random.default_rng([_SEED, number, seed]))(test))
        for seed in _SEEDS
    }
    told = skill.compare(
        network, (naive, on["test"][naive]), ("ridge", on["test"]["ridge"]), overlap=skill.overlapping(test.spec)
    )
    return str(told["naive"]["comparison"])


def _losses(part: dataset.Part, forecast: np.ndarray) -> np.ndarray:
    return skill.losses(part.raw_targets(), forecast, None)


def parts(values: np.ndarray, horizon: int, levels: bool) -> list[dataset.Part]:
    """Training, validation and test of a series, one after the other, of `WINDOWS` test windows each a row apart."""
    window: dict[str, Any] = {"target": {"kind": "value", "of": "value"}, "horizon": horizon, "missing": "drop"}
    count = {"train": _TRAINING, "validation": _VALIDATION, "test": WINDOWS}
    made, first = [], 0
    center = scale = 0.0
    for name, windows in count.items():
        last = first + windows + _LENGTH + horizon - 1
        own = values[first:last, None]
        if name == "train":
            center, scale = float(own.mean()), float(own.std())
        interval = {"intervals": [[first, last]]}
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
            first_rows=np.arange(first, last),
        )
        made.append(dataset.Part(name, own, ((own - center) / scale).astype(np.float32), table, spec))
        first = last
    return made


def learner(train: dataset.Part, validation: dataset.Part, random: np.random.Generator) -> baselines.Forecast:
    """The network's stand-in, trained: a function from a part to its forecasts `[windows, steps]`, raw units."""
    weights = random.normal(size=(_LENGTH, _HIDDEN)) / np.sqrt(_LENGTH)
    bias = random.normal(size=_HIDDEN)
    raw = train.inputs()[:, :, 0].astype(float)
    spread = raw.std()

    def features(part: dataset.Part) -> np.ndarray:
        inputs = part.inputs()[:, :, 0] / spread
        return np.concatenate([inputs, np.tanh(inputs @ weights + bias)], axis=1)

    x, y = features(train), train.targets().astype(float)
    centre, centre_y = x.mean(axis=0), y.mean(axis=0)
    x = x - centre
    values, vectors = np.linalg.eigh(x.T @ x / len(x))
    turned = vectors.T @ (x.T @ (y - centre_y)) / len(x)
    seen, truth = (features(validation) - centre) @ vectors, validation.targets()
    fits = [turned / (values.clip(0) + strength)[:, None] for strength in _STRENGTHS]
    best = min(fits, key=lambda fit: float(np.mean((seen @ fit + centre_y - truth) ** 2)))

    def forecast(part: dataset.Part) -> np.ndarray:
        outputs = (features(part) - centre) @ (vectors @ best) + centre_y
        return np.asarray(part.restore(outputs), dtype=float)

    return forecast


# --- two forecasts as good as each other


EQUAL = ("independent", "overlapping", "autocorrelated", "volatility_clusters")


def equal(kind: str, number: int) -> str:
    """What is said of two forecasts of the same expected loss: the truth is missed by the same kind of error.

    independent: noise. overlapping: targets are sums of ten rows. autocorrelated: AR(1) with 0.9, truth and errors.
    volatility_clusters: heavy tails whose spread, and that of the errors, changes slowly.
    """
    random = np.random.default_rng([_SEED, 10 + EQUAL.index(kind), number])
    truth, one, other = _alike(kind, random)
    first, second = ((truth + 0.3 * error) ** 2 for error in (one, other))
    overlap = _HORIZONS[1] if kind == "overlapping" else 1
    told = skill.compare({0: first}, ("persistence", second), ("ridge", second), overlap=overlap)
    return str(told["naive"]["comparison"])


def _alike(kind: str, random: np.random.Generator) -> np.ndarray:
    """Truth and two errors, `[3, windows]`, of variance about 1."""
    from scipy.signal import lfilter

    if kind == "overlapping":
        return np.stack(
            [np.convolve(random.normal(size=WINDOWS + 9), np.ones(10) / np.sqrt(10), "valid") for _ in range(3)]
        )
    if kind == "autocorrelated":
        noise = random.normal(size=(3, WINDOWS + _RUN_IN))
        return np.asarray(lfilter([np.sqrt(1 - 0.9**2)], [1.0, -0.9], noise))[:, _RUN_IN:]
    errors = random.normal(size=(2, WINDOWS))
    if kind == "independent":
        return np.concatenate([random.normal(size=(1, WINDOWS)), errors])
    shocks = random.standard_t(4, size=WINDOWS + _RUN_IN) / np.sqrt(2)
    values = _clusters(shocks)
    return np.concatenate([values[None, _RUN_IN:], errors * np.abs(values / shocks)[_RUN_IN:]])
