"""Naive forecasts: what is known without a model. They learn from the training part and read no row after a window.

The seasonal naive forecast and the drift read rows before the window too, of earlier parts as well: whoever forecasts
has them in hand.

With horizon 0 the target stands in for a measurement that is made late, seldom or never, so its earlier rows count as
unknown. The mean, or the shares of the classes, is then the only naive forecast. Earlier rows that are known can be
given as a column of their own, whose linear models are references.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from pipeline.dataset import Part, Spec

Forecast = Callable[["Part"], np.ndarray]


class History(NamedTuple):
    """Values of the target's column by time.

    Attributes:
        rows: int64 [rows], ascending positions in time (`Spec.positions`): no season is counted across a cut.
        values: float64 [rows]; a missing cell is NaN.
    """

    rows: np.ndarray
    values: np.ndarray

    @staticmethod
    def of(*parts: Part) -> History:
        """Join the rows of parts; of a row in several parts, take the value in the first of them."""
        rows = np.concatenate([np.asarray(part.spec.axis) for part in parts])
        values = np.concatenate([np.asarray(part.rows[:, part.spec.target_column]) for part in parts])
        rows, at = np.unique(rows, return_index=True)
        return History(rows, values[at])

    def at(self, wanted: np.ndarray) -> np.ndarray:
        """Return the values of rows, NaN where there is no such row: float64, shaped like `wanted`."""
        if not len(self.rows):
            return np.full(wanted.shape, np.nan)
        at = np.searchsorted(self.rows, wanted).clip(0, len(self.rows) - 1)
        return np.where(self.rows[at] == wanted, self.values[at], np.nan)


def change(value: np.ndarray, last: np.ndarray, kind: str) -> np.ndarray:
    """Turn values of the target column into the target: the value, its difference to `last`, or its return on it."""
    if kind == "difference":
        return value - last
    if kind == "return":
        with np.errstate(divide="ignore", invalid="ignore"):
            return value / last - 1
    return value


def end_rows(part: Part) -> np.ndarray:
    """Return the position in time of each window's last input: int64 [windows]."""
    return np.asarray(part.spec.axis)[np.asarray(part.table["start"]) + part.spec.length - 1]


def target_rows(part: Part) -> np.ndarray:
    """Return the position in time of each target of a column's own future: int64 [windows, steps]."""
    # A change is that of the horizon's last row. No window crosses a cut.
    spec = part.spec
    first = 1 if spec.target["kind"] == "value" and spec.horizon else spec.horizon
    return end_rows(part)[:, None] + np.arange(first, spec.horizon + 1)


def fit(train: Part, history: History | None = None) -> dict[str, Forecast]:
    """Learn the naive forecasts that suit the target.

    Args:
        train: the training part.
        history: all rows of the series; None for those of the training part and of the part that is predicted.
    """
    spec = train.spec
    if spec.same_row:
        return {"majority": majority(train)} if spec.classes else {"train_mean": _train_mean(train)}
    given = spec.target["kind"] == "given"
    if spec.classes:
        return {"majority": majority(train)} | ({} if given else {"persistence": _persistent_class(train)})
    forecasts = {"persistence": _persistence(train), "train_mean": _train_mean(train)}
    if given and spec.target.get("past") is None:  # nothing is known of the target's past
        del forecasts["persistence"]
    if given or spec.target["kind"] == "sequence_mean":
        return forecasts

    def known(part: Part) -> History:
        return history or History.of(train, part)

    if spec.period:
        forecasts["seasonal_naive"] = _seasonal_naive(spec, forecasts["persistence"], known)
    if spec.target["kind"] == "value":
        forecasts["drift"] = _drift(forecasts["persistence"], known)
        forecasts["window_average"] = _window_average(train)
    return forecasts


def unlearned(train: Part) -> dict[str, Forecast]:
    """Return the naive forecasts that learn no more than a mean or shares, for the diagnosis.

    It asks whether there is a signal and whether a network learns it. A table of transitions has learned what the last
    class says, so here persistence repeats that class; whether a network is better than the table is the comparison's
    question.
    """
    if train.spec.classes and not train.spec.same_row and train.spec.target["kind"] != "given":
        return {"majority": majority(train), "persistence": _repeated_class(train)}
    forecasts = fit(train)
    return {name: forecast for name, forecast in forecasts.items() if name not in ("drift", "window_average")}


# --- regressions


def _train_mean(train: Part) -> Forecast:
    """Forecast the mean of the training targets.

    Where each id is scaled by its own rows, a constant output of a network is another value for each id, so the mean is
    that of the id's own targets too.
    """
    targets = train.raw_targets()
    mean = targets.mean(axis=0)
    number = train.spec.groups(np.asarray(train.table["row"])) if train.spec.target_by_id is not None else None
    if number is None:
        return lambda part: np.tile(mean, (len(part), 1))
    means = np.tile(mean, (len(train.spec.ids), 1))
    for own in np.unique(number):
        means[own] = targets[number == own].mean(axis=0)
    return lambda part: means[part.spec.groups(np.asarray(part.table["row"]))]


def _persistence(train: Part) -> Forecast:
    """Forecast the last value at every step, or no change; the training mean where the last value is missing."""
    mean = train.raw_targets().mean(axis=0)

    def forecast(part: Part) -> np.ndarray:
        if part.spec.target["kind"] in ("difference", "return"):
            return np.zeros((len(part), 1))
        last = np.repeat(np.asarray(part.table["last"], dtype=float)[:, None], len(mean), axis=1)
        return np.where(np.isfinite(last), last, mean)

    return forecast


def _seasonal_naive(spec: Spec, persistence: Forecast, known: Callable[[Part], History]) -> Forecast:
    """Forecast the value a whole number of seasons before the target: the latest one known at the window's end.

    Where that row is missing, or before the first row of the series, forecast persistence.
    """
    period = spec.period or 1

    def forecast(part: Part) -> np.ndarray:
        ends, targets = end_rows(part)[:, None], target_rows(part)
        seasons = np.maximum(-(-(targets - ends) // period), 1)
        values = known(part).at(targets - seasons * period)
        last = np.asarray(part.table["last"], dtype=float)[:, None]
        seasonal = change(values, last, spec.target["kind"])
        return np.where(np.isfinite(seasonal), seasonal, persistence(part))

    return forecast


def _drift(persistence: Forecast, known: Callable[[Part], History]) -> Forecast:
    """Continue the line from the first known value to the window's last one (Hyndman and Athanasopoulos 2021, 5.2)."""

    def forecast(part: Part) -> np.ndarray:
        history, ends = known(part), end_rows(part)
        finite = np.flatnonzero(np.isfinite(history.values))
        if not len(finite):
            return persistence(part)
        at = np.full(len(ends), finite[0])
        if part.spec.ids:
            # The first known value of the window's own id; one after the window's end leaves no line.
            begins = part.spec.positions(np.asarray(part.spec.ids))[part.spec.groups(part.table["row"])]
            at = finite[np.searchsorted(history.rows[finite], begins).clip(0, len(finite) - 1)]
        passed = ends - history.rows[at]
        slope = (np.asarray(part.table["last"], dtype=float) - history.values[at]) / np.maximum(passed, 1)
        # Before the first value is known, or with a missing last one, there is no line.
        slope = np.where((passed > 0) & np.isfinite(slope), slope, 0.0)
        return persistence(part) + slope[:, None] * (target_rows(part) - ends[:, None])

    return forecast


def _window_average(train: Part) -> Forecast:
    """Forecast the mean of the window at every step; the training mean where a cell is missing."""
    mean = train.raw_targets().mean(axis=0)

    def forecast(part: Part) -> np.ndarray:
        average = np.asarray(part.table["mean"], dtype=float)[:, None]
        return np.where(np.isfinite(average), average, mean)

    return forecast


# --- classes


def majority(train: Part) -> Forecast:
    """Forecast the shares of the classes among the training windows as probabilities."""
    shares = _shares(train)
    outputs = shares[1:] if train.spec.classes == 2 else shares
    return lambda part: np.tile(outputs, (len(part), 1))


def _shares(train: Part) -> np.ndarray:
    counts = np.bincount(train.raw_targets().astype(int).ravel(), minlength=train.spec.classes or 0)
    return counts / counts.sum()


def _persistent_class(train: Part) -> Forecast:
    """Forecast how often each class followed the last known one in training, as probabilities.

    The last known class is that of the last value or label, or of the last change over the horizon. Each row of the
    table of transitions counts one more window with the training shares, so that no probability is 0 without reason;
    where the last class is missing, the shares stand alone.
    """
    classes, shares = train.spec.classes or 0, _shares(train)
    before, after = _last_class(train), train.raw_targets().astype(int).ravel()
    counts = np.zeros((classes + 1, classes))
    np.add.at(counts, (before, after), 1)
    counts[classes] = 0
    table = (counts + shares) / (counts.sum(axis=1, keepdims=True) + 1)

    def forecast(part: Part) -> np.ndarray:
        outputs = table[_last_class(part)]
        return outputs[:, 1:] if classes == 2 else outputs

    return forecast


def _repeated_class(train: Part) -> Forecast:
    """Forecast the last known class with probability 1; the training shares where it is missing."""
    classes = train.spec.classes or 0
    table = np.concatenate([np.eye(classes), _shares(train)[None]])

    def forecast(part: Part) -> np.ndarray:
        outputs = table[_last_class(part)]
        return outputs[:, 1:] if classes == 2 else outputs

    return forecast


def _last_class(part: Part) -> np.ndarray:
    """Return the last class known at each window's end, the number of classes where it is missing: int [windows]."""
    spec = part.spec
    last = np.asarray(part.table["last"], dtype=float)
    end = np.asarray(part.table["start"]) + spec.length - 1
    before = part.rows[end - min(spec.horizon, spec.length - 1), spec.target_column]
    value = change(last, before, spec.target["of"])
    sign = spec.target["kind"] == "sign"
    classes = (value > 0).astype(int) if sign else np.digitize(value, spec.thresholds or [], right=True)
    return np.where(np.isfinite(value), classes, spec.classes or 0)
