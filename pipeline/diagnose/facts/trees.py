"""Gradient-boosted trees on flattened windows, for signals that a linear model misses (Friedman 2001).

They are fitted to the residuals of the naive forecast. So on a series without a fixed level, where a tree cannot
extrapolate, they start from the last value and read distances to it. Errors are squared: for classes that is the Brier
score.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from pipeline.dataset.sampling import evenly
from pipeline.diagnose.facts import linear

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingRegressor

    from pipeline.dataset import Part

# Windows that are fitted, columns of a window, and most steps of a long horizon that have trees of their own.
WINDOWS = 4000
_COLUMNS = 256
_STEPS = 4
_ROUNDS = 60
_SEED = 1


def fit(part: Part, naive: np.ndarray, from_last: bool) -> Callable[[Part, np.ndarray], np.ndarray]:
    """Fit one set of trees per output; its number of trees is chosen on the last fifth of the windows.

    Args:
        part: the windows, all with finite targets.
        naive: their naive forecast, [windows, steps] raw, or probabilities.
        from_last: give inputs as distances to the window's last row, beside that row itself.

    Returns:
        A function from a part and its naive forecast to its forecast: raw units or probabilities, as `naive`.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    spec = part.spec
    residual = (part.targets() if spec.classes else part.raw_targets()) - naive
    unit = float(np.std(residual)) or 1.0
    steps = evenly(residual.shape[1], _STEPS)
    x = columns(part.inputs(), from_last)
    cut = len(x) - len(x) // 5
    models = []
    for step in steps:
        y = residual[:, step] / unit
        model = HistGradientBoostingRegressor(
            max_iter=_ROUNDS,
            learning_rate=0.1,
            max_leaf_nodes=15,
            min_samples_leaf=max(2, min(20, cut // 10)),
            max_bins=63,
            early_stopping=False,
            random_state=_SEED,
        ).fit(x[:cut], y[:cut])
        rounds = [float(np.mean((y[cut:]) ** 2))]
        rounds += [float(np.mean((y[cut:] - fitted) ** 2)) for fitted in model.staged_predict(x[cut:])]
        models.append((model, int(np.argmin(rounds))))

    def forecast(other: Part, base: np.ndarray) -> np.ndarray:
        inputs = columns(other.inputs(), from_last)
        correction = np.stack([_predict(model, rounds, inputs) for model, rounds in models], axis=1) * unit
        # Between two steps with trees of their own the correction changes linearly.
        if len(correction):
            correction = np.stack([np.interp(np.arange(base.shape[1]), steps, row) for row in correction])
        result = base + correction
        return linear.probabilities(result, spec.classes) if spec.classes else result

    return forecast


def _predict(model: HistGradientBoostingRegressor, rounds: int, inputs: np.ndarray) -> np.ndarray:
    """Return the prediction of the first `rounds` trees: [windows]."""
    return next(itertools.islice(model.staged_predict(inputs), rounds - 1, None)) if rounds else np.zeros(len(inputs))


def columns(windows: np.ndarray, from_last: bool) -> np.ndarray:
    """Return at most about 256 columns per window: the latest rows, and means of ever longer blocks of older ones.

    Args:
        windows: [windows, length, features]; cells that are not finite become NaN, which the trees accept.
        from_last: return distances to the last row, and that row itself.

    Returns:
        float64 [windows, columns].
    """
    count, length, features = windows.shape
    windows = np.where(np.isfinite(windows), windows, np.nan).astype(float)
    if from_last:
        last = windows[:, -1:]
        windows = np.concatenate([windows[:, :-1] - last, last], axis=1)
    rows = max(_COLUMNS // features, 2)
    if length <= rows:
        return windows.reshape(count, -1)
    whole = rows // 2
    # Edges of the blocks, as distances from the end: evenly spaced on a logarithmic scale.
    edges = np.unique(np.geomspace(whole, length, rows - whole + 1).astype(int))
    blocks = []
    for near, far in itertools.pairwise(edges.tolist()):
        block = windows[:, length - far : length - near]
        known = np.isfinite(block)
        sums, counts = np.where(known, block, 0.0).sum(axis=1), known.sum(axis=1)
        blocks.append(np.where(counts > 0, sums / np.maximum(counts, 1), np.nan))
    return np.concatenate([*blocks, windows[:, length - whole :].reshape(count, -1)], axis=1)
