"""Calibration of probabilities, and how much better a classifier's would be with it."""

from __future__ import annotations

import numpy as np

_LEAST = 1e-6  # probability, so that logarithms are finite
_STRENGTH = 100.0  # inverse strength of the penalty: next to none beside hundreds of windows
_FEWEST = 50  # windows of a half


def mapped(known: np.ndarray, truth: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Map probabilities by the logistic regression of the classes on the logarithms of the odds against class 0.

    Args:
        known: probabilities to learn from, float64 [windows, classes].
        truth: their class numbers, int [windows]; each class occurs.
        others: probabilities to map, float64 [others, classes].

    Returns:
        float64 [others, classes].
    """
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=_STRENGTH, max_iter=1000).fit(log_odds(known), truth)
    return np.asarray(model.predict_proba(log_odds(others)))


def gain(probabilities: np.ndarray, truth: np.ndarray, classes: int) -> float | None:
    """Return the gain in Brier skill by calibration, against the class shares of the same windows.

    Each half, earlier and later, is calibrated on the other.

    Args:
        probabilities: float64 [windows, classes], of all classes.
        truth: class numbers [windows].
        classes: their number.

    Returns:
        None for few windows, or where a half lacks a class.
    """
    truth = truth.astype(int)
    middle = len(truth) // 2
    halves = np.arange(len(truth)) < middle
    present = [len(np.unique(truth[half])) for half in (halves, ~halves)]
    if middle < _FEWEST or min(present) < classes:
        return None
    calibrated = np.empty((len(truth), classes))
    for half in (halves, ~halves):
        calibrated[~half] = mapped(probabilities[half], truth[half], probabilities[~half])
    known = np.eye(classes)[truth]
    own, better, constant = (
        float(np.mean((known - other) ** 2)) for other in (probabilities, calibrated, known.mean(axis=0))
    )
    return (own - better) / constant


def log_odds(probabilities: np.ndarray) -> np.ndarray:
    """Return the logarithms of the odds against class 0: float64 [windows, classes - 1]; NaN counts as 0."""
    logs = np.log(np.clip(np.nan_to_num(probabilities), _LEAST, 1.0))
    return np.asarray(logs[:, 1:] - logs[:, :1])
