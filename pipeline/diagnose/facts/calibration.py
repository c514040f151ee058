"""How good a classifier's probabilities would be if their logits were calibrated."""

from __future__ import annotations

import numpy as np

_LEAST = 1e-6  # probability, so that logits are finite
_FEWEST = 50  # windows of a half


def gain(probabilities: np.ndarray, truth: np.ndarray, classes: int) -> float | None:
    """Return the gain in Brier skill by calibration, against the class shares of the same windows.

    Each half, earlier and later, is calibrated on the other by logistic regression on the logarithms of the
    probabilities.

    Args:
        probabilities: float64 [windows, classes], of all classes.
        truth: class numbers [windows].
        classes: their number.

    Returns:
        None for few windows, or where a half lacks a class.
    """
    from sklearn.linear_model import LogisticRegression

    truth = truth.astype(int)
    middle = len(truth) // 2
    halves = np.arange(len(truth)) < middle
    present = [len(np.unique(truth[half])) for half in (halves, ~halves)]
    if middle < _FEWEST or min(present) < classes:
        return None
    kept = np.clip(probabilities, _LEAST, 1.0)
    logits = np.log(kept[:, 1:]) - np.log(kept[:, :1])
    calibrated = np.empty((len(truth), classes))
    for half in (halves, ~halves):
        model = LogisticRegression(C=100.0, max_iter=200).fit(logits[half], truth[half])
        calibrated[~half] = model.predict_proba(logits[~half])
    known = np.eye(classes)[truth]
    own, better, constant = (
        float(np.mean((known - other) ** 2)) for other in (probabilities, calibrated, known.mean(axis=0))
    )
    return (own - better) / constant
