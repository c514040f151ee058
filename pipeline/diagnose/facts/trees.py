"""Gradient-boosted trees on flattened windows: what a linear model cannot see (Friedman 2001).

They learn what the naive forecast leaves over, so that on a series without a fixed level, where a tree cannot
extrapolate, they start from the last value, and see distances to it. Squared errors throughout: for classes that is
the Brier score.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from pipeline.diagnose.facts import linear

if TYPE_CHECKING:
    from pipeline.dataset import Part

# Windows that are fitted, columns that a window is brought to, and of a long horizon the most steps with trees.
WINDOWS = 4000
_COLUMNS = 256
_STEPS = 4
_ROUNDS = 60
_SEED = 1


def fit(part: Part, naive: np.ndarray, from_last: bool) -> Callable[[Part, np.ndarray], np.ndarray]:
    """Fit one set of trees per output; how many of them count is chosen on the last fifth of the windows.

    Args:
        part: the windows, all with finite targets.
        naive: their naive forecast, [windows, steps] raw, or probabilities.
        from_last: give inputs as distances to the window's last row, beside that row itself.

    Returns:
        A function from a part and its naive forecast to its forecast: raw units or probabilities, as `naive`.
    """
    from sklearn.ensemble import HistGradientBoostingRegressor

    spec = part.spec
    left = (part.targets() if spec.classes else part.raw_targets()) - naive
    unit = float(np.std(left)) or 1.0
    steps = np.unique(np.linspace(0, left.shape[1] - 1, min(_STEPS, left.shape[1])).astype(int))
    x = columns(part.inputs(), from_last)
    cut = len(x) - len(x) // 5
    models = []
    for step in steps:
        y = left[:, step] / unit
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
        rounds += [float(np.mean((y[cut:] - said) ** 2)) for said in model.staged_predict(x[cut:])]
        models.append((model, int(np.argmin(rounds))))

    def forecast(other: Part, base: np.ndarray) -> np.ndarray:
        inputs = columns(other.inputs(), from_last)
        said = np.stack([_said(model, rounds, inputs) for model, rounds in models], axis=1) * unit
        # Between two steps with trees of their own the correction changes linearly.
        every = np.stack([np.interp(np.arange(base.shape[1]), steps, row) for row in said]) if len(said) else said
        result = base + every
        return linear.probabilities(result, spec.classes) if spec.classes else result

    return forecast


def _said(model: object, rounds: int, inputs: np.ndarray) -> np.ndarray:
    """What the first `rounds` trees say: [windows]."""
    said = np.zeros(len(inputs))
    for count, one in enumerate(model.staged_predict(inputs), start=1):  # type: ignore[attr-defined]
        if count > rounds:
            break
        said = one
    return said


def columns(windows: np.ndarray, from_last: bool) -> np.ndarray:
    """At most about 256 columns per window: the latest rows whole, means of ever longer blocks for the older ones.

    Args:
        windows: [windows, length, features]; what is not finite becomes NaN, which the trees know how to treat.

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
    for near, far in pairwise(edges.tolist()):
        block = windows[:, length - far : length - near]
        known = np.isfinite(block)
        sums, counts = np.where(known, block, 0.0).sum(axis=1), known.sum(axis=1)
        blocks.append(np.where(counts > 0, sums / np.maximum(counts, 1), np.nan))
    return np.concatenate([*blocks, windows[:, length - whole :].reshape(count, -1)], axis=1)
