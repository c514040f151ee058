"""Early stopping by the loss on the test part."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline import dataset
from pipeline.leaks import scratch_project
from pipeline.leaks.leak import Leak
from pipeline.network import backends

if TYPE_CHECKING:
    import keras

    from pipeline.leakage.proof import Proof

Fit = Callable[[dict[str, Any], str, int, int], "tuple[keras.Model, dict[str, Any]]"]

_SERIES, _ROWS, _EPOCHS = 3, 400, 8
_DATASET = {
    "split": {"scheme": "holdout", "validation": 0.15, "test": 0.15},
    "window": {"length": 10},
}
_ARCHITECTURE = {"name": "stacked_dense", "units": [32], "activations": ["tanh"]}


def stop_by_validation(p: dict[str, Any], name: str, fold: int, seed: int) -> tuple[keras.Model, dict[str, Any]]:
    """Train a network and keep the weights of the epoch that was best on the validation part."""
    return _fit(p, name, fold, seed, "validation")


def stop_by_test(p: dict[str, Any], name: str, fold: int, seed: int) -> tuple[keras.Model, dict[str, Any]]:
    """Train a network and keep the weights of the epoch that was best on the test part."""
    return _fit(p, name, fold, seed, "test")


def _fit(p: dict[str, Any], name: str, fold: int, seed: int, watched: str) -> tuple[keras.Model, dict[str, Any]]:
    backends.prepare(1, False, backends.DEFAULT)  # before the first import of Keras
    from pipeline.network.training import fit

    training = p["experiments"][scratch_project.NAME]["training"] | {
        "learning_rate": 0.005,
        "epochs": _EPOCHS,
        "early_stopping": {"monitor": "val_loss", "patience": _EPOCHS, "min_delta": 0.0, "restore_best": True},
    }
    part, validation = (dataset.load(name, fold, each) for each in ("train", watched))
    return fit(part, validation, _ARCHITECTURE, training, seed)


def _noise(number: int) -> np.ndarray:
    """Generate white noise: float64 [rows, 1]."""
    return np.random.default_rng([6, number]).standard_normal((_ROWS, 1))


def _prove(step: Fit) -> Proof:
    from pipeline.leakage import training

    def stopped(p: dict[str, Any], name: str, fold: int) -> dict[str, bytes]:
        return training.watched(*step(p, name, fold, 0))

    return scratch_project.prove_choice(_noise(0), _DATASET, stopped)


def _score(step: Fit) -> float:
    def forecast(number: int) -> tuple[np.ndarray, np.ndarray]:
        with scratch_project.project(_noise(number), _DATASET) as p:
            _, test = scratch_project.make_parts(p)
            network, _ = step(p, scratch_project.NAME, 0, number)
            return test.raw_targets(), test.restore(np.asarray(network.predict_on_batch(test.inputs())))

    return scratch_project.r2(map(forecast, range(_SERIES)))


EARLY_STOPPING = Leak(
    name="early_stopping_on_test",
    about="White noise. The weights kept are those of the epoch that is best on the test windows, which are then "
    "scored (`validation_data=(x_test, y_test)` in Keras).",
    metric="r2",
    learner=f"Keras network of one layer of 32 tanh units, up to {_EPOCHS} epochs, {_SERIES} series",
    clean=stop_by_validation,
    leaky=stop_by_test,
    prove=_prove,
    score=_score,
)
