"""A target of known predictability, made of a network's own inputs, in the units and shares of its own targets."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.dataset.sampling import evenly

# Share of the variance, before the mapping to the target's units, that the inputs explain.
_REGRESSION, _CLASSES = 0.8, 0.9
# What a signal is made of, the easiest for most networks first: the last rows; the whole window, which a network that
# pools over time sees better; one feature of the last row.
KINDS = ("last_rows", "window_mean", "one_feature")
# Rows and features of the first kind, and features of the second one.
_ROWS, _FEATURES = 3, 4
# Rows are used whose standard deviation is at least this share of the feature's greatest.
_DIFFERS = 0.5
# Points of the noise's distribution in the oracle's mean.
_POINTS = 64


class Signal(NamedTuple):
    """Targets as the network sees them, and the best possible answer to them."""

    targets: np.ndarray  # float32 [windows, outputs]
    oracle: np.ndarray  # float64 [windows, outputs]: mean target, or probabilities, given the inputs


def plant(
    inputs: np.ndarray, targets: np.ndarray, classes: int | None, seed: int, kind: str = KINDS[0]
) -> Signal | None:
    """Put a signal in place of the targets.

    The signal is the sum of input rows that differ between windows, each in units of its own standard deviation: of the
    last few rows, or of all, of at most four features, or of the last row of one feature. It is ranked into a normal
    score, noise is added, and the sum is ranked into the target's own distribution (or the classes' own shares). So an
    easy signal has the scale of the inputs, the spread and tails of the target, and the range of the head.

    Args:
        inputs: float32 [windows, length, features], as the network sees them.
        targets: float32 [windows, outputs], likewise.
        classes: their number, None for a regression.
        seed: of the noise.
        kind: one of `KINDS`.

    Returns:
        None where no input or no target differs between windows.
    """
    from scipy.special import ndtr, ndtri
    from scipy.stats import rankdata

    score = _score(inputs, kind)
    if score is None or not (targets.std(axis=0) > 0).any():
        return None
    count, random = len(inputs), np.random.default_rng([seed, 77])
    score = ndtri((rankdata(score) - 0.5) / count)
    kept = np.sqrt(_CLASSES if classes else _REGRESSION)
    lost = np.sqrt(1 - kept**2)
    noise = random.normal(size=(count, targets.shape[1] if not classes else 1))
    mixed = kept * score[:, None] + lost * noise
    if classes:
        shares = targets.mean(axis=0) if classes > 2 else np.array([1 - targets.mean(), targets.mean()])
        limits = ndtri(np.cumsum(shares)[:-1].clip(0, 1))
        below = ndtr((limits - kept * score[:, None]) / lost)  # [windows, classes - 1]
        chances = np.diff(np.column_stack([np.zeros(count), below, np.ones(count)]), axis=1)
        drawn = np.searchsorted(limits, mixed[:, 0])
        if classes == 2:
            return Signal(drawn[:, None].astype(np.float32), chances[:, 1:])
        return Signal(np.eye(classes, dtype=np.float32)[drawn], chances)
    points = ndtri((np.arange(_POINTS) + 0.5) / _POINTS)
    planted, mean = np.empty(targets.shape, dtype=np.float32), np.empty(targets.shape)
    for column in range(targets.shape[1]):
        known = np.sort(targets[:, column].astype(float))
        levels = (np.arange(count) + 0.5) / count
        planted[:, column] = np.interp(ndtr(mixed[:, column]), levels, known)
        mean[:, column] = np.interp(ndtr(kept * score[:, None] + lost * points), levels, known).mean(axis=1)
    return Signal(planted, mean)


def _score(inputs: np.ndarray, kind: str = KINDS[0]) -> np.ndarray | None:
    """Return the signal before its ranking: float64 [windows]."""
    std = inputs.std(axis=0, dtype=np.float64)  # [length, features]
    size = np.abs(inputs).mean(axis=0, dtype=np.float64)
    # Rows that hardly differ between windows, such as the padding of sequences, would carry no signal.
    differs = (std > 1e-6 * np.maximum(size, 1e-30)) & (std >= _DIFFERS * std.max(axis=0))
    most = {"last_rows": _ROWS, "window_mean": len(inputs[0]), "one_feature": 1}[kind]
    rows = np.flatnonzero(differs.any(axis=1))[-most:]
    if not len(rows):
        return None
    features = np.flatnonzero(differs[rows].any(axis=0))
    features = features[:1] if kind == "one_feature" else features[evenly(len(features), _FEATURES)]
    total = np.zeros(len(inputs))
    for row in rows:
        for feature in features[differs[row, features]]:
            values = inputs[:, row, feature].astype(np.float64)
            total += (values - values.mean()) / std[row, feature]
    return total
