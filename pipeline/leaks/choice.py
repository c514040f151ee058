"""The best of many settings, chosen by its score on the test part."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline import dataset
from pipeline.dataset import Part
from pipeline.leaks import scratch_project
from pipeline.leaks.leak import Leak

if TYPE_CHECKING:
    from pipeline.leakage.proof import Proof

Forecast = Callable[[Part], np.ndarray]
# The number of the chosen setting, its network, and the loss of every setting.
Chosen = tuple[int, Forecast, list[float]]
Choose = Callable[[str, int], Chosen]

_SERIES, _ROWS = 10, 400
_DATASET = {
    "split": {"scheme": "holdout", "validation": 0.15, "test": 0.15},
    "window": {"length": 10},
}
# Units, weight penalty and random seed, as of a small sweep.
SETTINGS = list(itertools.product((4, 8, 16, 32), (1.0, 10.0, 100.0), (0, 1)))


def choose_by_validation(name: str, fold: int) -> Chosen:
    """Train a network per setting and take the one with the lowest loss on the validation part."""
    return _choose(name, fold, "validation")


def choose_by_test(name: str, fold: int) -> Chosen:
    """Train a network per setting and take the one with the lowest loss on the test part: `--sort-by test.r2`."""
    return _choose(name, fold, "test")


def _choose(name: str, fold: int, by: str) -> Chosen:
    train, part = (dataset.load(name, fold, each) for each in ("train", by))
    networks = [_fit(train, *setting) for setting in SETTINGS]
    losses = [float(np.mean((network(part) - part.raw_targets()) ** 2)) for network in networks]
    best = int(np.argmin(losses))
    return best, networks[best], losses


def _fit(train: Part, units: int, penalty: float, seed: int) -> Forecast:
    """Train the output weights of a network of one layer of random tanh units, by ridge regression."""
    random = np.random.default_rng([9, seed])
    length = train.spec.length
    weights, bias = random.standard_normal((length, units)) / np.sqrt(length), random.standard_normal(units)

    def hidden(part: Part) -> np.ndarray:
        return np.asarray(np.tanh(part.inputs()[:, :, 0] @ weights + bias), dtype=float)

    centre, level = hidden(train).mean(axis=0), train.targets().mean(axis=0)
    x, y = hidden(train) - centre, train.targets() - level
    learned = np.linalg.solve(x.T @ x + penalty * np.eye(units), x.T @ y)
    return lambda part: part.restore((hidden(part) - centre) @ learned + level)


def _noise(number: int) -> np.ndarray:
    """Generate white noise: float64 [rows, 1]."""
    return np.random.default_rng([8, number]).standard_normal((_ROWS, 1))


def _prove(step: Choose) -> Proof:
    def chosen(p: dict[str, Any], name: str, fold: int) -> dict[str, bytes]:
        best, _, losses = step(name, fold)
        return {"the chosen setting": str(best).encode(), "the losses it is chosen by": json.dumps(losses).encode()}

    return scratch_project.prove_choice(_noise(0), _DATASET, chosen)


def _score(step: Choose) -> float:
    def forecast(number: int) -> tuple[np.ndarray, np.ndarray]:
        with scratch_project.project(_noise(number), _DATASET) as p:
            _, test = scratch_project.make_parts(p)
            _, network, _ = step(scratch_project.NAME, 0)
            return test.raw_targets(), network(test)

    return scratch_project.r2(map(forecast, range(_SERIES)))


BEST_OF_MANY = Leak(
    name=f"best_of_{len(SETTINGS)}_on_test",
    about=f"White noise, and a sweep of {len(SETTINGS)} settings. The setting is reported whose score is best on the "
    "test windows, and with that score.",
    metric="r2",
    learner=f"networks of one layer of random tanh units, {len(SETTINGS)} settings, {_SERIES} series",
    clean=choose_by_validation,
    leaky=choose_by_test,
    prove=_prove,
    score=_score,
)
