"""A target of known predictability, made of a network's own inputs, in the units and shares of its own targets."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# Share of the variance, before it is put into the target's units, that the inputs explain.
_REGRESSION, _CLASSES = 0.8, 0.9
# Input rows and features that the signal is made of: few and recent, so that it is easy for a sound network.
_ROWS, _FEATURES = 3, 4
# Of the greatest spread that a feature has in any row, the share that such a row has.
_DIFFERS = 0.5
# Points of the noise's distribution in the oracle's mean.
_POINTS = 64


class Planted(NamedTuple):
    """Targets as the network sees them, and the best possible answer to them."""

    targets: np.ndarray  # float32 [windows, outputs]
    oracle: np.ndarray  # float64 [windows, outputs]: mean target, or probabilities, given the inputs


def plant(inputs: np.ndarray, targets: np.ndarray, classes: int | None, seed: int) -> Planted | None:
    """Put a signal in place of the targets.

    The sum of the last few input rows that are not the same in all windows, of at most four features, each in units of
    its own spread, is ranked into a normal score; noise is added; and the sum is ranked into the target's own
    distribution (or the classes' own shares). So an easy signal meets the inputs' own scale, the target's own spread
    and tails, and the head's own range.

    Args:
        inputs: float32 [windows, length, features], as the network sees them.
        targets: float32 [windows, outputs], likewise.
        classes: None, 2 or 3.

    Returns:
        None where no input or no target differs between windows.
    """
    from scipy.special import ndtr, ndtri
    from scipy.stats import rankdata

    score = _score(inputs)
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
        found = np.searchsorted(limits, mixed[:, 0])
        if classes == 2:
            return Planted(found[:, None].astype(np.float32), chances[:, 1:])
        return Planted(np.eye(classes, dtype=np.float32)[found], chances)
    points = ndtri((np.arange(_POINTS) + 0.5) / _POINTS)
    made, mean = np.empty(targets.shape, dtype=np.float32), np.empty(targets.shape)
    for column in range(targets.shape[1]):
        known = np.sort(targets[:, column].astype(float))
        levels = (np.arange(count) + 0.5) / count
        made[:, column] = np.interp(ndtr(mixed[:, column]), levels, known)
        mean[:, column] = np.interp(ndtr(kept * score[:, None] + lost * points), levels, known).mean(axis=1)
    return Planted(made, mean)


def _score(inputs: np.ndarray) -> np.ndarray | None:
    """The signal before its ranking: float64 [windows]."""
    spread = inputs.std(axis=0, dtype=np.float64)  # [length, features]
    size = np.abs(inputs).mean(axis=0, dtype=np.float64)
    # Rows that hardly differ between windows, as the padding of sequences, would carry no signal.
    differs = (spread > 1e-6 * np.maximum(size, 1e-30)) & (spread >= _DIFFERS * spread.max(axis=0))
    rows = np.flatnonzero(differs.any(axis=1))[-_ROWS:]
    if not len(rows):
        return None
    features = np.flatnonzero(differs[rows].any(axis=0))
    features = features[np.unique(np.linspace(0, len(features) - 1, min(_FEATURES, len(features))).astype(int))]
    total = np.zeros(len(inputs))
    for row in rows:
        for feature in features[differs[row, features]]:
            values = inputs[:, row, feature].astype(np.float64)
            total += (values - values.mean()) / spread[row, feature]
    return total
