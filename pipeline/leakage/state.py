"""State: a network's prediction for a window depends neither on the windows beside it nor on the batches.

Every window has a prediction, whatever the batch size. A loader that drops the last, incomplete batch makes the score
depend on it (Qiu et al., TFB: Towards Comprehensive and Fair Benchmarking of Time Series Forecasting Methods, PVLDB
17(9), 2363-2377, 2024).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline import dataset
from pipeline.dataset import Part
from pipeline.leakage import training
from pipeline.leakage.proof import MOST, Proof
from pipeline.network import predicting

if TYPE_CHECKING:
    import keras


def prove(p: dict[str, Any], name: str, fold: int) -> Proof:
    """Check a network after a short training on the last windows of validation or, without one, of training."""
    kind = "validation" if dataset.has(name, fold, "validation") else "train"
    network, settings, _ = training.fit(name, fold)
    part = training.last(dataset.load(name, fold, kind))
    return check(part, network, settings, fold)


def check(
    part: Part,
    network: keras.Model,
    settings: dict[str, Any],
    fold: int | None = None,
    predict: Callable[[Part, keras.Model, dict[str, Any]], np.ndarray] = predicting.windows,
) -> Proof:
    """Predict a part in batches of several sizes, and some of its windows among others.

    Args:
        part: its windows.
        network: the network, which carries no state.
        settings: `training` as in params.yaml.
        fold: number of the fold.
        predict: the function that is checked.
    """
    outputs = predict(part, network, settings)
    if len(outputs) != len(part):
        return judge(None, fold, [_dropped(settings["batch_size"], len(outputs), len(part))])
    independence = predicting.check_batch_independence(part, network, settings, outputs)
    finite = outputs[np.isfinite(outputs)].astype(float)
    # If all predictions are alike, a hundredth of their size stands in for their deviation.
    unit = max(float(finite.std()), 0.01 * float(np.abs(finite).max())) if finite.size else 0.0
    tolerance = independence["tolerance"] * unit
    found = []
    # Neither size divides the number of windows.
    for size in (len(part) // 2 + 1, len(part) + 1):
        again = predict(part, network, settings | {"batch_size": size})
        if len(again) != len(part):
            found.append(_dropped(size, len(again), len(part)))
        elif not np.allclose(again, outputs, rtol=0, atol=tolerance, equal_nan=True):
            found.append(f"batches of {size}: other predictions for the same windows")
    return judge(independence, fold, found)


def _dropped(size: int, count: int, windows: int) -> str:
    return f"batches of {size}: {count} of {windows} windows have a prediction"


def judge(independence: dict[str, Any] | None, fold: int | None = None, found: list[str] | None = None) -> Proof:
    """Make the proof `state`.

    Args:
        independence: result of `predicting.check_batch_independence`; None where windows have no prediction.
        fold: number of the fold.
        found: lines on other batch sizes, which fail.
    """
    found = list(found or [])
    result = "fail" if found or independence is None else independence["result"]
    if independence is not None and independence["result"] != "pass":
        difference = independence["difference"]
        amount = "no finite output" if difference is None else f"a difference of {difference:.2g} standard deviations"
        found.append(
            f"state {independence['state']}: {amount} among other windows, {independence['tolerance']:.2g} allowed"
        )
    about = (
        "A network that carries no state makes the same prediction for a window, whichever windows are fed before and "
        "beside it. Every window has a prediction, in batches of any size."
    )
    windows = independence["windows"] if independence is not None else 0
    return Proof("state", fold, result, {"windows": windows}, found[:MOST], about)
