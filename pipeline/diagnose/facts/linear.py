"""Linear reference models on flattened windows, fast enough for one at each of a dozen window lengths.

Ridge for regressions and, on one column of 0 and 1 per class, for classes. The least squares that it minimises are the
Brier score by which it is scored. With logistic regression the fits of one dataset took a minute.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pipeline.scoring import ridge

if TYPE_CHECKING:
    from pipeline.dataset import Part

# Cells of float64 held at once (64 MB), multiplications of one fit, and the largest matrix that is decomposed.
_CELLS = 2**23
_WORK = 4e9
_WIDEST = 1200
# A deviation below this share of the mean is rounding: float32 has seven digits.
_ROUNDING = 1e-6
# Least probability predicted: a class may be rare, but is never impossible.
_LEAST = 1e-3


class Linear(NamedTuple):
    """A model fitted to the last `steps` rows of a window."""

    steps: int
    mean: np.ndarray  # [steps x features]
    std: np.ndarray
    coefficients: np.ndarray  # [steps x features, outputs]
    intercept: np.ndarray  # [outputs]

    def outputs(self, windows: np.ndarray) -> np.ndarray:
        """Return outputs like the network's: float64 [windows, outputs].

        Args:
            windows: [windows, steps or more, features].
        """
        return standardised(flat(windows, self.steps), self.mean, self.std) @ self.coefficients + self.intercept


def fit(windows: np.ndarray, truth: np.ndarray, steps: int) -> Linear:
    """Fit ridge regression on the last `steps` rows, its penalty chosen by the leave-one-out error.

    Args:
        windows: [windows, steps or more, features]; a cell that is not finite becomes the mean.
        truth: float64 [windows, outputs], finite.
        steps: rows used.
    """
    x = flat(windows, steps)
    mean, std = moments(x)
    x = standardised(x, mean, std)
    coefficients, intercept = ridge.fit(lambda: [x], x.shape[1], truth, dual=x.shape[1] > len(x))
    return Linear(steps, mean, std, coefficients, intercept)


def most(width: int) -> int:
    """Return how many windows of `width` inputs a fit may use."""
    affordable = min(_CELLS // width, int(_WORK / (width * min(width, _WIDEST))))
    return max(min(affordable, _WIDEST) if width > _WIDEST else affordable, 64)


def flat(windows: np.ndarray, steps: int) -> np.ndarray:
    """Flatten the last `steps` rows: float64 [windows, steps x features]."""
    return windows[:, windows.shape[1] - steps :].reshape(len(windows), -1).astype(float)


def moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of the finite cells of each column; deviation 1 for a constant column."""
    known = np.isfinite(x)
    counts = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, x, 0.0).sum(axis=0) / counts
    std = np.sqrt((np.where(known, x - mean, 0.0) ** 2).sum(axis=0) / counts)
    constant = std <= _ROUNDING * np.maximum(np.abs(mean), 1e-30)
    return mean, np.where(constant, 1.0, std)


def standardised(x: np.ndarray, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Standardise by `moments`; a cell that is not finite becomes the mean, which is 0."""
    x = (x - mean) / std
    return np.where(np.isfinite(x), x, 0.0)


def probabilities(outputs: np.ndarray, classes: int) -> np.ndarray:
    """Turn a least-squares model's outputs into probabilities, shaped like those of a network's head.

    Returns:
        [windows, 1] of class 1 for two classes, rows of sum 1 for more.
    """
    if classes == 2:
        return outputs.clip(_LEAST, 1 - _LEAST)
    kept = outputs.clip(_LEAST, 1)
    return kept / kept.sum(axis=1, keepdims=True)


def restored(part: Part, outputs: np.ndarray) -> np.ndarray:
    """Return outputs in raw units, or as probabilities: float64 [windows, outputs]."""
    if part.spec.classes:
        return probabilities(outputs, part.spec.classes)
    return part.restore(outputs)
