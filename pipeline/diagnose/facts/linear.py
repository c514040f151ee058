"""Linear reference models on flattened windows, fast enough for one at each of a dozen window lengths.

Ridge for regressions and, on one column of 0 and 1 per class, for classes: the least squares that it minimises are the
Brier score by which it is judged (with logistic regression the fits of one dataset took a minute).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pipeline.scoring.baselines import _ALPHAS

if TYPE_CHECKING:
    from pipeline.dataset import Part

# Numbers of float64 held at once (64 MB), multiplications of one fit, and the largest matrix that is decomposed.
_CELLS = 2**23
_WORK = 4e9
_WIDEST = 1200
# A spread below this share of the values' size is rounding: float32 has seven digits.
_ROUNDING = 1e-6
# Least probability that is told: a class may be rare, but is never impossible.
_LEAST = 1e-3


class Linear(NamedTuple):
    """A fitted model, of the last `steps` rows of a window."""

    steps: int
    mean: np.ndarray  # [steps x features]
    spread: np.ndarray
    coefficients: np.ndarray  # [steps x features, outputs]
    intercept: np.ndarray  # [outputs]

    def outputs(self, windows: np.ndarray) -> np.ndarray:
        """As the network gives them: float64 [windows, outputs].

        Args:
            windows: [windows, steps or more, features].
        """
        return standardised(flat(windows, self.steps), self.mean, self.spread) @ self.coefficients + self.intercept


def fit(windows: np.ndarray, truth: np.ndarray, steps: int) -> Linear:
    """Ridge regression on the last `steps` rows, its penalty chosen by leave-one-out.

    Args:
        windows: [windows, steps or more, features]; a cell that is not finite counts as the mean.
        truth: float64 [windows, outputs], finite.
        steps: rows that are read.
    """
    x = flat(windows, steps)
    mean, spread = moments(x)
    coefficients, intercept = ridge(standardised(x, mean, spread), truth)
    return Linear(steps, mean, spread, coefficients, intercept)


def most(width: int) -> int:
    """How many windows of `width` inputs a fit may take."""
    affordable = min(_CELLS // width, int(_WORK / (width * min(width, _WIDEST))))
    return max(min(affordable, _WIDEST) if width > _WIDEST else affordable, 64)


def flat(windows: np.ndarray, steps: int) -> np.ndarray:
    """The last `steps` rows, one after the other: float64 [windows, steps x features]."""
    return windows[:, windows.shape[1] - steps :].reshape(len(windows), -1).astype(float)


def moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and spread of the finite cells of each column; spread 1 where there is none but rounding."""
    known = np.isfinite(x)
    counts = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, x, 0.0).sum(axis=0) / counts
    spread = np.sqrt((np.where(known, x - mean, 0.0) ** 2).sum(axis=0) / counts)
    constant = spread <= _ROUNDING * np.maximum(np.abs(mean), 1e-30)
    return mean, np.where(constant, 1.0, spread)


def standardised(x: np.ndarray, mean: np.ndarray, spread: np.ndarray) -> np.ndarray:
    """In units of `moments`; what is not finite becomes the mean, which is 0."""
    x = (x - mean) / spread
    return np.where(np.isfinite(x), x, 0.0)


def ridge(x: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients [inputs, outputs] and intercept [outputs] of the ridge with the least leave-one-out error.

    The decomposition is that of the smaller of X'X and XX', so 36 windows of 2,000 inputs are as cheap as 2,000 of 36.

    Args:
        x: standardised, float64 [windows, inputs].
        truth: float64 [windows, outputs].
    """
    count, center = len(x), truth.mean(axis=0)
    shift = x.mean(axis=0)
    x, y = x - shift, truth - center
    # x = left · diag(sqrt(values)) · right', of which only what is needed is ever formed.
    if x.shape[1] <= count:
        values, right = np.linalg.eigh(x.T @ x)
        values = values.clip(1e-12 * max(values.max(initial=0), 1e-300))
        left = x @ right / np.sqrt(values)
    else:
        values, left = np.linalg.eigh(x @ x.T)
        kept = values > 1e-12 * max(values.max(initial=0), 1e-300)
        values, left = values[kept], left[:, kept]
        right = None
    alphas = _ALPHAS * count
    turned = left.T @ y
    shrinkage = values[:, None] / (values[:, None] + alphas)
    leverage = 1 / count + left**2 @ shrinkage
    errors = np.zeros(len(alphas))
    for column in range(y.shape[1]):
        residual = y[:, [column]] - left @ (shrinkage * turned[:, [column]])
        errors += np.sum((residual / np.maximum(1 - leverage, 1e-9)) ** 2, axis=0)
    best = alphas[int(np.argmin(errors))]
    weighted = turned / (values[:, None] + best)
    coefficients = x.T @ (left @ weighted) if right is None else right @ (np.sqrt(values)[:, None] * weighted)
    return coefficients, center - shift @ coefficients


def probabilities(outputs: np.ndarray, classes: int) -> np.ndarray:
    """What a least-squares model says of 0 and 1 as the head of a network gives it: [windows, 1] of class 1 for two
    classes, rows of sum 1 for three.
    """
    if classes == 2:
        return outputs.clip(_LEAST, 1 - _LEAST)
    kept = outputs.clip(_LEAST, 1)
    return kept / kept.sum(axis=1, keepdims=True)


def restored(part: Part, outputs: np.ndarray) -> np.ndarray:
    """Outputs in raw units, or as probabilities: float64 [windows, outputs]."""
    if part.spec.classes:
        return probabilities(outputs, part.spec.classes)
    return part.restore(outputs)
