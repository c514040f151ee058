"""Ridge regression with a penalty chosen by the leave-one-out error, on windows that need not fit into memory.

It equals scikit-learn's RidgeCV, which needs several copies of all windows: here 54,000 windows of 700 inputs are read
in chunks, twice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

import numpy as np

# Strength of the penalty per window, on standardised inputs.
ALPHAS = np.logspace(-6, 2, 9)


def fit(
    chunks: Callable[[], Iterable[np.ndarray]], width: int, truth: np.ndarray, dual: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Fit the ridge with the least leave-one-out error.

    Args:
        chunks: returns the windows, some at a time and in order: standardised, float64 [some, inputs], each column of
            mean 0 over all windows. It is called twice.
        width: number of inputs.
        truth: float64 [windows, outputs].
        dual: decompose XX' in place of X'X. It makes 36 windows of 2,000 inputs as cheap as 2,000 windows of 36, but
            holds all windows in memory at once.

    Returns:
        Coefficients [inputs, outputs] and intercept [outputs].
    """
    count, centre = len(truth), truth.mean(axis=0)
    truth = truth - centre
    values, vectors, turned = _axes(chunks, width, truth, dual)
    alphas = ALPHAS * count
    shrunk = 1 / (values[:, None] + alphas)
    errors = np.zeros(len(alphas))
    for x, y in _with(truth, chunks()):
        z = x @ vectors
        leverage = 1 / count + z**2 @ shrunk
        for column in range(y.shape[1]):
            residual = y[:, [column]] - z @ (shrunk * turned[:, [column]])
            # A window with leverage 1 is always fitted exactly: its own error carries no information.
            errors += np.sum((residual / np.maximum(1 - leverage, 1e-9)) ** 2, axis=0)
    best = int(np.argmin(errors))
    return vectors @ (shrunk[:, [best]] * turned), centre


def _axes(
    chunks: Callable[[], Iterable[np.ndarray]], width: int, truth: np.ndarray, dual: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the eigenvalues of X'X [axes], its eigenvectors V [inputs, axes], and V'X'y [axes, outputs]."""
    if dual:
        x = np.concatenate([np.zeros((0, width)), *chunks()])
        values, left = np.linalg.eigh(x @ x.T)
        kept = values > 1e-12 * max(values.max(initial=0), 1e-300)
        vectors = x.T @ (left[:, kept] / np.sqrt(values[kept]))
        return values[kept], vectors, vectors.T @ (x.T @ truth)
    gram, moment = np.zeros((width, width)), np.zeros((width, truth.shape[1]))
    for x, y in _with(truth, chunks()):
        gram += x.T @ x
        moment += x.T @ y
    values, vectors = np.linalg.eigh(gram)
    return values.clip(0), vectors, vectors.T @ moment


def _with(truth: np.ndarray, chunks: Iterable[np.ndarray]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pair each chunk of windows with its rows of `truth`."""
    at = 0
    for x in chunks:
        yield x, truth[at : at + len(x)]
        at += len(x)
