"""Theta and ETS as baselines: of one feature, the target itself, and horizons of up to two seasons."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.scoring import naive, smoothing
from pipeline.scoring.naive import Forecast, History

if TYPE_CHECKING:
    from pipeline.dataset import Part


def fit(
    train: Part, history: History, persistence: Forecast, seconds: float
) -> dict[str, tuple[Forecast, dict[str, Any]] | str]:
    """Fit Theta and ETS on the last training rows without a hole, and carry their state from there on.

    Args:
        train: the training part.
        history: all rows of the series.
        persistence: the forecast where there is no state yet.
        seconds: estimated processor seconds that each may take. More training rows are left out.

    Returns:
        By name the forecast and the numbers that describe the fit, or why there is none.
    """
    methods: dict[str, Callable[..., Any]] = {"theta": smoothing.theta, "ets": partial(smoothing.ets, seconds=seconds)}
    return {name: _fit(train, history, persistence, seconds, method) for name, method in methods.items()}


def _fit(
    train: Part, history: History, persistence: Forecast, seconds: float, method: Callable[..., Any]
) -> tuple[Forecast, dict[str, Any]] | str:
    spec = train.spec
    kind = spec.target["kind"]
    if spec.classes or kind in ("sequence_mean", "given"):
        return "the target is no value of the series"
    if spec.same_row:
        return "the target's past counts as unknown with horizon 0"
    if spec.ids:
        return "the series has several ids"
    if spec.features != [spec.columns[spec.target_column]]:
        return "other features than the target"
    if spec.period and spec.horizon > smoothing.SEASONS * spec.period:
        return f"the horizon is longer than {smoothing.SEASONS} seasons"
    first, count = _fitted_rows(train, int(seconds / smoothing.SECONDS_PER_FITTED_ROW))
    # Up to the first cut: nobody knows how much time passes there, so the state ends, and persistence takes over.
    after = history.rows >= first
    after &= history.rows - first == np.cumsum(after) - 1
    rows, values = history.rows[after], _filled(history.values[after])
    if len(rows) * smoothing.SECONDS_PER_ROW > seconds:
        return f"{len(rows):,} rows take longer than the limit"
    # Cells before the first known value have none to be filled with.
    skipped = int(np.isnan(values).sum())
    rows, values, count = rows[skipped:], values[skipped:], count - skipped
    period = spec.period if spec.period and count >= smoothing.SEASONS * spec.period else None
    if count < smoothing.FEWEST or np.ptp(values[:count]) == 0:
        return f"fewer than {smoothing.FEWEST} training rows, or rows of one value"
    fitted = method(values[:count], values, period)
    if isinstance(fitted, str):
        return fitted
    ahead, about = fitted

    def forecast(part: Part) -> np.ndarray:
        ends, base = naive.end_rows(part), persistence(part)
        at = np.searchsorted(rows, ends).clip(0, len(rows) - 1)
        steps = naive.target_rows(part)[:1] - ends[:1, None] if len(part) else np.zeros((1, base.shape[1]), dtype=int)
        known = rows[at] == ends
        made = np.full(base.shape, np.nan)
        made[known] = ahead(at[known], steps[0]) if known.any() else made[known]
        last = np.asarray(part.table["last"], dtype=float)[:, None]
        outputs = naive.change(made, last, kind)
        return np.where(np.isfinite(outputs), outputs, base)

    return forecast, about


def _fitted_rows(train: Part, most: int) -> tuple[int, int]:
    """Return the position from which the training rows have no hole, and how many there are, at most `most`."""
    rows = np.asarray(train.spec.axis)
    holes = np.flatnonzero(np.diff(rows) != 1)
    start = max(int(holes[-1]) + 1 if len(holes) else 0, len(rows) - max(most, 1))
    return int(rows[start]), len(rows) - start


def _filled(values: np.ndarray) -> np.ndarray:
    """Fill missing cells with the value before them; those before the first known value stay missing."""
    known = np.where(np.isfinite(values), np.arange(len(values)), 0)
    return values[np.maximum.accumulate(known)] if len(values) else values
