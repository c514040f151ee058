"""Forecasts without a network on the same windows. Everything is learned from the training part alone.

Regressions: persistence, train_mean, seasonal_naive, ridge. Classes: majority, persistence, logistic.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pipeline.scoring import ridge

if TYPE_CHECKING:
    from pipeline.dataset import Part

Forecast = Callable[["Part"], np.ndarray]

NAIVE = ("persistence", "train_mean", "seasonal_naive", "majority")
LINEAR = ("ridge", "logistic")

# Cells of float64 that a linear model may hold at once: 256 MB.
_CELLS = 2**25
# From so many inputs on, ridge holds all its windows at once.
_WIDEST = 4096


def fit(train: Part, linear: bool = True) -> dict[str, Forecast]:
    """Learn every baseline that suits the target from the training part.

    Args:
        train: the training part.
        linear: whether to include the linear model, which takes most of the time.

    Returns:
        By name, a function from any part to its forecasts: `[windows, steps]` in raw units for regressions,
        `[windows, 1]` probabilities of class 1 for two classes, `[windows, 3]` probabilities for three.
    """
    if train.spec.classes:
        naive = {"majority": _majority(train), "persistence": _persistent_class(train)}
        return {**naive, "logistic": _logistic(train)} if linear else naive
    forecasts = {"persistence": _persistence(train), "train_mean": _train_mean(train)}
    if train.spec.period and train.spec.target["kind"] != "sequence_mean":
        forecasts["seasonal_naive"] = _seasonal_naive(train)
    return {**forecasts, "ridge": _ridge(train)} if linear else forecasts


def _steps(part: Part) -> int:
    return part.spec.horizon if part.spec.target["kind"] == "value" else 1


def _change(value: np.ndarray, last: np.ndarray, kind: str) -> np.ndarray:
    """Turn values of the target column into the target: the value, its difference to `last`, or its return on it."""
    if kind == "difference":
        return value - last
    if kind == "return":
        with np.errstate(divide="ignore", invalid="ignore"):
            return value / last - 1
    return value


# --- regressions


def _train_mean(train: Part) -> Forecast:
    mean = train.raw_targets().mean(axis=0)
    return lambda part: np.tile(mean, (len(part), 1))


def _persistence(train: Part) -> Forecast:
    """Forecast the last value at every step, or no change; the training mean where the last value is missing."""
    mean = train.raw_targets().mean(axis=0)

    def forecast(part: Part) -> np.ndarray:
        if part.spec.target["kind"] in ("difference", "return"):
            return np.zeros((len(part), 1))
        last = np.repeat(np.asarray(part.table["last"], dtype=float)[:, None], _steps(part), axis=1)
        return np.where(np.isfinite(last), last, mean)

    return forecast


def _seasonal_naive(train: Part) -> Forecast:
    """Forecast the value a whole number of seasons before the target: the latest one known at the window's end.

    Where the part does not contain that row, forecast persistence: a part never reads another part.
    """
    persistence = _persistence(train)

    def forecast(part: Part) -> np.ndarray:
        spec = part.spec
        kind = spec.target["kind"]
        rows = np.asarray(spec.first_rows)
        values = part.rows[:, spec.target_column]
        end = np.asarray(part.table["start"]) + spec.length - 1
        known = rows[end]
        # The table's `row` is the first row after the window; a change is that of the horizon's last row.
        target_row = np.asarray(part.table["row"]) + (0 if kind == "value" else spec.horizon - 1)
        last = np.asarray(part.table["last"], dtype=float)
        columns = []
        for step, otherwise in enumerate(persistence(part).T):
            target = target_row + step
            seasons = np.maximum(np.ceil((target - known) / spec.period).astype(int), 1)
            wanted = target - seasons * spec.period
            at = np.searchsorted(rows, wanted).clip(0, len(rows) - 1)
            seasonal = _change(values[at], last, kind)
            columns.append(np.where((rows[at] == wanted) & np.isfinite(seasonal), seasonal, otherwise))
        return np.stack(columns, axis=1)

    return forecast


def _ridge(train: Part) -> Forecast:
    """Linear regression on the flattened window, its penalty chosen by the leave-one-out error."""
    columns = _columns(train)
    wide = columns.width > _WIDEST
    indices = _thinned(columns) if wide else columns.usable
    coefficients, intercept = ridge.fit(
        lambda: _standardised(train, columns, indices), columns.width, train.targets(indices).astype(float), wide
    )

    def forecast(part: Part) -> np.ndarray:
        outputs = np.concatenate([x @ coefficients + intercept for x in _standardised(part, columns)])
        return np.asarray(part.restore(outputs), dtype=float).reshape(len(part), -1)

    return forecast


# --- classes


def _majority(train: Part) -> Forecast:
    """Forecast the shares of the classes among the training windows as probabilities."""
    counts = np.bincount(train.raw_targets().astype(int).ravel(), minlength=train.spec.classes or 0)
    shares = counts / counts.sum()
    outputs = shares[1:] if train.spec.classes == 2 else shares
    return lambda part: np.tile(outputs, (len(part), 1))


def _persistent_class(train: Part) -> Forecast:
    """Forecast the class of the last value, or of the last change over the horizon; majority where it is missing."""
    majority = _majority(train)

    def forecast(part: Part) -> np.ndarray:
        spec = part.spec
        last = np.asarray(part.table["last"], dtype=float)
        end = np.asarray(part.table["start"]) + spec.length - 1
        before = part.rows[end - min(spec.horizon, spec.length - 1), spec.target_column]
        value = _change(last, before, spec.target["of"])
        if spec.classes == 2:
            outputs = (value > 0).astype(float)[:, None]
        else:
            outputs = np.eye(3)[np.digitize(value, spec.thresholds or [], right=True)]
        return np.where(np.isfinite(value)[:, None], outputs, majority(part))

    return forecast


def _logistic(train: Part) -> Forecast:
    """Logistic regression on the flattened window; the training shares where only one class occurs."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    classes = train.spec.classes or 0
    columns = _columns(train)
    indices = _thinned(columns)
    truth = train.raw_targets()[indices].astype(int).ravel()
    if len(np.unique(truth)) < 2:
        return _majority(train)
    x = np.concatenate(list(_standardised(train, columns, indices)))
    with warnings.catch_warnings():
        # Not quite converged is good enough for a baseline; the limit on iterations bounds its time.
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = LogisticRegression(max_iter=200).fit(x, truth)

    def forecast(part: Part) -> np.ndarray:
        outputs = np.zeros((len(part), classes))
        known = np.concatenate([model.predict_proba(x) for x in _standardised(part, columns)])
        outputs[:, model.classes_] = known
        return outputs[:, 1:] if classes == 2 else outputs

    return forecast


# --- flattened windows


class _Columns(NamedTuple):
    """Mean and standard deviation of each input of the flattened window, over the usable training windows."""

    mean: np.ndarray
    std: np.ndarray
    usable: np.ndarray  # indices of the windows without a missing cell

    @property
    def width(self) -> int:
        return len(self.mean)


def _chunks(part: Part, indices: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield flattened windows, some at a time: their indices and float64 `[some, length x features]`."""
    width = part.spec.length * len(part.spec.features)
    size = max(1, min(4096, _CELLS // 4 // width))
    for at in range(0, len(indices), size):
        some = indices[at : at + size]
        yield some, part.inputs(some).reshape(len(some), -1).astype(float)


def _columns(train: Part) -> _Columns:
    width = train.spec.length * len(train.spec.features)
    total, square, usable = np.zeros(width), np.zeros(width), []
    for indices, x in _chunks(train, np.arange(len(train))):
        whole = np.isfinite(x).all(axis=1)
        usable.append(indices[whole])
        total += x[whole].sum(axis=0)
    rows = np.concatenate(usable) if usable else np.zeros(0, dtype=int)
    mean = total / max(len(rows), 1)
    for _, x in _chunks(train, rows):
        square += ((x - mean) ** 2).sum(axis=0)
    std = np.sqrt(square / max(len(rows), 1))
    # Sums of a constant float32 column leave a deviation that is only rounding.
    constant = std <= 1e-6 * np.maximum(np.abs(mean), 1e-30)
    return _Columns(mean, np.where(constant, 1.0, std), rows)


def _standardised(part: Part, columns: _Columns, indices: np.ndarray | None = None) -> Iterator[np.ndarray]:
    """Yield flattened windows in units of the training windows; a missing cell gets the training mean, which is 0."""
    for _, x in _chunks(part, np.arange(len(part)) if indices is None else indices):
        x = (x - columns.mean) / columns.std
        yield np.where(np.isfinite(x), x, 0.0)


def _thinned(columns: _Columns) -> np.ndarray:
    """Return the usable windows, or as many of them, evenly spaced, as fit into memory."""
    most = max(_CELLS // columns.width, 2)
    if len(columns.usable) <= most:
        return columns.usable
    return columns.usable[np.linspace(0, len(columns.usable) - 1, most).astype(int)]
