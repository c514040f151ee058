"""Scores of stored predictions. A score is None where it is undefined or where predictions are NaN or infinite.

Scores of several steps (horizon > 1) are means over the steps, as scikit-learn's `uniform_average`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

REGRESSION = ("r2", "mse", "mae", "rmse", "mase")
CLASSES = ("accuracy", "balanced_accuracy", "log_loss", "brier", "mcc")

# Keras clips probabilities this far from 0 and 1 before it takes logarithms (`keras.config.epsilon()`), so a log loss
# here can be compared with the loss that its training prints.
EPSILON = 1e-7


def main_score(classes: int | None) -> str:
    """Return the name of the score that is shown where there is room for one; larger is better."""
    return "accuracy" if classes else "r2"


def main_loss(classes: int | None) -> str:
    """Return the name of the loss that skill is measured in; less is better."""
    return "brier" if classes else "mse"


def regression(truth: np.ndarray, prediction: np.ndarray, naive: np.ndarray | None = None) -> dict[str, float | None]:
    """Compute R², MSE, MAE, RMSE, MASE and the spread of the predictions.

    Args:
        truth: `[windows, steps]`.
        prediction: `[windows, steps]`, same units.
        naive: `[windows]`, the naive forecast's mean absolute error on the training rows (see `naive_error`), which
            scales each window's error in MASE (Hyndman and Koehler 2006), or None where it is undefined.

    Returns:
        One number per name, over the windows whose predictions are all finite; `unanswered` counts the others.
        `spread` is the predictions' standard deviation as a share of the truth's.
    """
    answered = np.isfinite(prediction).all(axis=1)
    unanswered = int((~answered).sum())
    if not answered.any():
        return {**dict.fromkeys((*REGRESSION, "spread")), "unanswered": unanswered}
    truth, prediction = truth[answered], prediction[answered]
    naive = None if naive is None else naive[answered]
    error = prediction - truth
    squared = np.mean(error**2, axis=0)
    variance = np.var(truth, axis=0)
    mse = float(np.mean(squared))
    usable = naive is not None and bool(np.all(np.isfinite(naive) & (naive > 0)))
    std = float(np.mean(np.std(truth, axis=0)))
    return {
        "r2": float(np.mean(1 - squared / variance)) if (variance > 0).all() else None,
        "mse": mse,
        "mae": float(np.mean(np.abs(error))),
        "rmse": float(np.sqrt(mse)),
        "mase": float(np.mean(np.abs(error).mean(axis=1) / naive)) if usable else None,
        "spread": float(np.mean(np.std(prediction, axis=0))) / std if std > 0 else None,
        "unanswered": unanswered,
    }


def naive_error(values: np.ndarray, rows: np.ndarray, lag: int = 1, sequence_length: int | None = None) -> float | None:
    """Return the mean absolute error of forecasting the value `lag` rows before, within the training rows.

    Args:
        values: `[rows]`, the target column of the training part, raw units.
        rows: `[rows]`, the series row of each value; no difference is taken across a gap between two intervals.
        lag: 1, or the rows of a season.
        sequence_length: rows of one independent sequence; no difference is taken across two sequences.
    """
    if len(values) <= lag:
        return None
    together = rows[lag:] - rows[:-lag] == lag
    if sequence_length:
        together &= rows[lag:] // sequence_length == rows[:-lag] // sequence_length
    steps = np.abs(values[lag:] - values[:-lag])[together]
    steps = steps[np.isfinite(steps)]
    return float(steps.mean()) if len(steps) else None


def skill(score: float | None, baseline: float | None) -> float | None:
    """Return 1 - score / baseline's score, for losses (MSE, Brier score): 1 is perfect, 0 is no better."""
    return 1 - score / baseline if score is not None and np.isfinite(score) and baseline and baseline > 0 else None


def probabilities(outputs: np.ndarray, classes: int) -> np.ndarray:
    """Turn outputs of the head into one probability per class, `[windows, classes]`, rows of sum 1.

    Two classes have one output, the probability of class 1. Rows of more outputs are divided by their sum, as in
    Keras's categorical cross-entropy, so that a sigmoid head (stats 470563) is scored as it was trained.
    """
    if classes == 2:
        class_1 = outputs.reshape(len(outputs))
        return np.stack([1 - class_1, class_1], axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return outputs / outputs.sum(axis=1, keepdims=True)


def predicted_classes(outputs: np.ndarray, classes: int) -> np.ndarray:
    """Return the class number per window: 1 above 0.5, or the class of the largest output.

    argmax over NaN is 0, in NumPy and in Keras: once weights are NaN, accuracy becomes the share of class 0
    (stats 470563).
    """
    if classes == 2:
        return (outputs.reshape(len(outputs)) > 0.5).astype(int)
    return np.argmax(outputs, axis=1)


def confusion(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Count windows by true class (rows) and predicted class (columns), `[classes, classes]`."""
    table = np.zeros((classes, classes), dtype=int)
    np.add.at(table, (truth.astype(int), predicted.astype(int)), 1)
    return table


def classification(truth: np.ndarray, outputs: np.ndarray, classes: int) -> dict[str, Any]:
    """Compute accuracy, balanced accuracy, log loss (nats), Brier score, MCC and the confusion matrix.

    Args:
        truth: `[windows]`, class numbers.
        outputs: `[windows, 1]` probability of class 1, or `[windows, classes]` outputs of the head.
        classes: their number.

    Returns:
        One number per name, and `confusion` as lists. The Brier score is that of class 1 for two classes, and summed
        over more. It and the log loss are means over the windows whose outputs are finite; `unanswered` counts the
        others.
    """
    truth = truth.reshape(len(truth)).astype(int)
    if not len(truth):
        return {**dict.fromkeys(CLASSES), "confusion": None, "unanswered": 0}
    table = confusion(truth, predicted_classes(outputs, classes), classes)
    chance = probabilities(outputs, classes)
    answered = np.isfinite(chance).all(axis=1)
    finite = bool(answered.any())
    known = chance[answered, truth[answered]]
    error = np.sum((chance[answered] - np.eye(classes)[truth[answered]]) ** 2, axis=1)
    return {
        "accuracy": float(np.trace(table) / table.sum()),
        "balanced_accuracy": _balanced(table),
        "log_loss": float(-np.mean(np.log(np.clip(known, EPSILON, 1 - EPSILON)))) if finite else None,
        "brier": float(error.mean()) / (2 if classes == 2 else 1) if finite else None,
        "mcc": _mcc(table),
        "confusion": table.tolist(),
        "unanswered": int((~answered).sum()),
    }


def _balanced(table: np.ndarray) -> float:
    """Return the mean recall over the classes that occur."""
    occurs = table.sum(axis=1) > 0
    return float(np.mean(np.diag(table)[occurs] / table.sum(axis=1)[occurs]))


def _mcc(table: np.ndarray) -> float:
    """Return Matthews' correlation for any number of classes (Gorodkin 2004); 0 where one side has a single class."""
    counts = table.astype(float)
    true, predicted, total = counts.sum(axis=1), counts.sum(axis=0), counts.sum()
    covariance = np.trace(counts) * total - true @ predicted
    width = (total**2 - true @ true) * (total**2 - predicted @ predicted)
    return float(covariance / np.sqrt(width)) if width > 0 else 0.0


def over_seeds(values: list[float | None]) -> dict[str, float | None]:
    """Return mean, sample standard deviation, minimum and maximum over the seeds.

    The mean is None as soon as one seed lacks the score: a mean over the other seeds would hide the failure.
    """
    known = [v for v in values if v is not None]
    whole = len(known) == len(values) and bool(known)
    return {
        "mean": float(np.mean(known)) if whole else None,
        "std": float(np.std(known, ddof=1)) if whole and len(known) > 1 else None,
        "min": min(known) if known else None,
        "max": max(known) if known else None,
    }
