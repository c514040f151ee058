"""Predictions in batches of which the last, incomplete one is dropped: `drop_last=True` of a data loader on test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.dataset import Part
from pipeline.leaks import scratch_project
from pipeline.leaks.leak import Leak
from pipeline.network import backends, predicting

if TYPE_CHECKING:
    from pipeline.leakage.proof import Proof

Predict = Callable[[Part, Any, dict[str, Any]], np.ndarray]

_SERIES, _ROWS, _SIZES = 10, 600, (8, 16, 32, 64, 128)
_DATASET = {"split": {"scheme": "holdout", "validation": 0, "test": 0.3}, "window": {"length": 10}}
_ARCHITECTURE = {"name": "stacked_dense", "units": [8], "activations": ["tanh"]}


def whole_batches(part: Part, network: Any, training: dict[str, Any]) -> np.ndarray:
    """Predict the windows of whole batches, the first ones of the part: float32 [windows of whole batches, outputs]."""
    size = training["batch_size"]
    kept = len(part) // size * size
    if not kept:
        return np.empty((0, part.spec.outputs), dtype=np.float32)
    table = {column: values[:kept] for column, values in part.table.items()}
    return predicting.windows(replace(part, table=table), network, training)


def _fading(number: int) -> np.ndarray:
    """Generate a series whose autocorrelation is 0.9, and falls to 0 over its last fifth: float64 [rows, 1]."""
    noise = np.random.default_rng([7, number]).standard_normal(_ROWS)
    at = np.arange(_ROWS)
    last = np.interp(at, [0.8 * _ROWS, _ROWS], [0.9, 0.0])
    values = np.zeros(_ROWS)
    for row in at[1:]:
        values[row] = last[row] * values[row - 1] + np.sqrt(1 - last[row] ** 2) * noise[row]
    return values[:, None]


def _prove(step: Predict) -> Proof:
    from pipeline.leakage import state, training

    backends.prepare(1, False, backends.DEFAULT)  # before the first import of Keras
    from pipeline.network import models

    with scratch_project.project(_fading(0), _DATASET) as p:
        _, test = scratch_project.make_parts(p)
        network = models.build(_ARCHITECTURE, test.spec.shape())
        return state.check(test, network, training.SETTINGS, predict=step)


def _score(step: Predict) -> float:
    """Return the best R² of ridge regression over the batch sizes, each for all series."""
    from sklearn.linear_model import Ridge

    forecasts = []
    for number in range(_SERIES):
        with scratch_project.project(_fading(number), _DATASET) as p:
            train, test = scratch_project.make_parts(p)
        learner = Ridge().fit(train.inputs()[:, :, 0], train.targets())
        network = SimpleNamespace(predict_on_batch=lambda inputs, learner=learner: learner.predict(inputs[:, :, 0]))
        forecasts.append((test, [step(test, network, {"state": "none", "batch_size": size}) for size in _SIZES]))

    def r2(number: int) -> float:
        scored = ((test, outputs[number].reshape(-1, 1)) for test, outputs in forecasts)
        return scratch_project.r2((test.raw_targets()[: len(each)], _restored(test, each)) for test, each in scored)

    return max(map(r2, range(len(_SIZES))))


def _restored(test: Part, outputs: np.ndarray) -> np.ndarray:
    """Return the outputs for the first windows of a part in raw units; they may be fewer than its windows."""
    table = {column: values[: len(outputs)] for column, values in test.table.items()}
    return replace(test, table=table).restore(outputs)


DROP_LAST = Leak(
    name="drop_last_on_test",
    about="A series that becomes unpredictable in its last rows. Test windows are predicted in batches, and the last, "
    "incomplete batch is dropped (`drop_last=True` in PyTorch), so that the score depends on the batch size. The best "
    f"of the batch sizes {', '.join(map(str, _SIZES))} is reported. It changes published scores: Qiu et al., TFB: "
    "Towards Comprehensive and Fair Benchmarking of Time Series Forecasting Methods, PVLDB 17(9), 2363-2377, 2024.",
    metric="r2",
    learner=f"ridge regression, {_SERIES} series",
    clean=predicting.windows,
    leaky=whole_batches,
    prove=_prove,
    score=_score,
)
