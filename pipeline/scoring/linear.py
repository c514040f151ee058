"""Linear models on the flattened window: ridge for regressions, logistic regression for classes.

Each sees the window as the network does, and less its last row (NLinear, Zeng and others 2023): a level that moves
makes the second the better one.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pipeline.scoring import naive, ridge
from pipeline.scoring.blocks import blocks
from pipeline.scoring.naive import Forecast

if TYPE_CHECKING:
    from sklearn.linear_model import LogisticRegression

    from pipeline.dataset import Part

# Strength of logistic regression's penalty per window, on standardised inputs; from strong to weak, each fit starting
# from the one before.
PENALTIES = np.logspace(1, -5, 7)
# Cells of float64 that a linear model may hold at once: 256 MB; and that the penalty is chosen on.
_CELLS = 2**25
_SEARCHED = 2**20
# From so many inputs on, or with fewer windows than inputs, ridge holds all its windows at once.
_WIDEST = 4096
_ITERATIONS = 200


def fit(train: Part) -> dict[str, Forecast]:
    """Fit the linear model that suits the target on each view of the window."""
    name, model = ("logistic", _logistic) if train.spec.classes else ("ridge", _ridge)
    forecasts = {name: model(train, False)}
    # Windows less their last row are one view already; one row less itself is none.
    # Padding has no level to be less of.
    if train.spec.scaling["window"] != "last" and train.spec.length > 1 and train.spec.padding is None:
        forecasts[f"{name}_last"] = model(train, True)
    return forecasts


def _ridge(train: Part, from_last: bool) -> Forecast:
    """Linear regression on the flattened window, its penalty chosen by the leave-one-out error.

    A level is predicted as its change from the window's last value where the window is seen that way.
    """
    columns = _columns(train, from_last)
    wide = columns.width > min(_WIDEST, len(columns.usable))
    indices = _thinned(columns.usable, _CELLS // columns.width) if wide else columns.usable
    level = from_last and train.spec.target["kind"] in ("value", "sequence_mean") and not train.spec.same_row
    mean = train.raw_targets().mean(axis=0)
    truth = train.targets().astype(float)
    if level:
        truth = train.raw_targets() - np.asarray(train.table["last"], dtype=float)[:, None]
    coefficients, intercept = ridge.fit(
        lambda: _standardised(train, columns, indices), columns.width, truth[indices], wide
    )

    def forecast(part: Part) -> np.ndarray:
        outputs = np.concatenate([x @ coefficients + intercept for x in _standardised(part, columns)])
        if not level:
            return np.asarray(part.restore(outputs), dtype=float).reshape(len(part), -1)
        outputs = outputs + np.asarray(part.table["last"], dtype=float)[:, None]
        return np.where(np.isfinite(outputs), outputs, mean)

    return forecast


def _logistic(train: Part, from_last: bool) -> Forecast:
    """Logistic regression on the flattened window; the training shares where only one class occurs."""
    classes = train.spec.classes or 0
    columns = _columns(train, from_last)
    indices = _thinned(columns.usable, _CELLS // columns.width)
    truth = train.raw_targets().astype(int).ravel()
    if len(np.unique(truth[indices])) < 2:
        return naive.majority(train)
    penalty = _chosen_penalty(train, columns, truth)
    x = np.concatenate(list(_standardised(train, columns, indices)))
    model = _fit_logistic(_penalised(penalty, len(x)), x, truth[indices])

    def forecast(part: Part) -> np.ndarray:
        outputs = np.concatenate([_probabilities(model, x, classes) for x in _standardised(part, columns)])
        return outputs[:, 1:] if classes == 2 else outputs

    return forecast


def _chosen_penalty(train: Part, columns: _Columns, truth: np.ndarray) -> float:
    """Return the penalty with the least Brier score on the last fifth of the training windows, learned before them."""
    usable = np.zeros(len(train), dtype=bool)
    usable[columns.usable] = True
    most = _SEARCHED // columns.width
    early, late = (_thinned(side[usable[side]], most) for side in blocks(train))
    if not len(late) or len(np.unique(truth[early])) < 2:
        return float(PENALTIES[len(PENALTIES) // 2])
    x, seen = (np.concatenate(list(_standardised(train, columns, side))) for side in (early, late))
    known = np.eye(train.spec.classes or 0)[truth[late]]
    model, scores = _penalised(PENALTIES[0], len(x)), []
    for penalty in PENALTIES:
        model.set_params(C=1 / (penalty * len(x)))
        _fit_logistic(model, x, truth[early])
        scores.append(float(np.mean(np.sum((_probabilities(model, seen, known.shape[1]) - known) ** 2, axis=1))))
    return float(PENALTIES[int(np.argmin(scores))])


def _penalised(penalty: float, windows: int) -> LogisticRegression:
    from sklearn.linear_model import LogisticRegression

    return LogisticRegression(C=1 / (penalty * windows), max_iter=_ITERATIONS, warm_start=True)


def _fit_logistic(model: LogisticRegression, x: np.ndarray, truth: np.ndarray) -> LogisticRegression:
    from sklearn.exceptions import ConvergenceWarning

    with warnings.catch_warnings():
        # Not quite converged is good enough for a baseline; the limit on iterations bounds its time.
        warnings.simplefilter("ignore", ConvergenceWarning)
        return model.fit(x, truth)


def _probabilities(model: LogisticRegression, x: np.ndarray, classes: int) -> np.ndarray:
    """Return the probability of every class, 0 for one that the model has not seen: [windows, classes]."""
    outputs = np.zeros((len(x), classes))
    outputs[:, model.classes_] = model.predict_proba(x)
    return outputs


# --- flattened windows


class _Columns(NamedTuple):
    """Mean and standard deviation of each input of the flattened window, over the usable training windows."""

    from_last: bool  # whether windows are seen less their last row
    mean: np.ndarray
    std: np.ndarray
    usable: np.ndarray  # indices of the windows without a missing cell

    @property
    def width(self) -> int:
        return len(self.mean)


def _chunks(part: Part, indices: np.ndarray, from_last: bool) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield flattened windows, some at a time: their indices and float64 `[some, length x features]`."""
    width = part.spec.length * len(part.spec.features)
    size = max(1, min(4096, _CELLS // 4 // width))
    positions = [part.spec.columns.index(name) for name in part.spec.features]
    for at in range(0, len(indices), size):
        some = indices[at : at + size]
        if from_last:
            rows = part.rows[part.table["start"][some][:, None] + np.arange(part.spec.length)][..., positions]
            windows = rows - rows[:, -1:]
        else:
            windows = part.inputs(some).astype(float)
        yield some, windows.reshape(len(some), -1)


def _columns(train: Part, from_last: bool) -> _Columns:
    width = train.spec.length * len(train.spec.features)
    total, square, usable = np.zeros(width), np.zeros(width), []
    # The target's past may be unknown: no forecast is made of it.
    unknown = train.spec.same_row or train.spec.target["kind"] == "given"
    last = np.isfinite(np.asarray(train.table["last"], dtype=float)) | unknown
    for indices, x in _chunks(train, np.arange(len(train)), from_last):
        whole = np.isfinite(x).all(axis=1) & (last[indices] | (not from_last))
        usable.append(indices[whole])
        total += x[whole].sum(axis=0)
    rows = np.concatenate(usable) if usable else np.zeros(0, dtype=int)
    mean = total / max(len(rows), 1)
    for _, x in _chunks(train, rows, from_last):
        square += ((x - mean) ** 2).sum(axis=0)
    std = np.sqrt(square / max(len(rows), 1))
    # Sums of a constant float32 column leave a deviation that is only rounding.
    constant = std <= 1e-6 * np.maximum(np.abs(mean), 1e-30)
    return _Columns(from_last, mean, np.where(constant, 1.0, std), rows)


def _standardised(part: Part, columns: _Columns, indices: np.ndarray | None = None) -> Iterator[np.ndarray]:
    """Yield flattened windows in units of the training windows; a missing cell gets the training mean, which is 0."""
    for _, x in _chunks(part, np.arange(len(part)) if indices is None else indices, columns.from_last):
        x = (x - columns.mean) / columns.std
        yield np.where(np.isfinite(x), x, 0.0)


def _thinned(indices: np.ndarray, most: int) -> np.ndarray:
    """Return the indices, or `most` of them, evenly spaced, but at least two."""
    most = max(most, 2)
    return indices if len(indices) <= most else indices[np.linspace(0, len(indices) - 1, most).astype(int)]
