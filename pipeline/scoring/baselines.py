"""Forecasts without a network on the same windows. Everything is learned from the training part alone.

Naive for regressions: persistence, train_mean, seasonal_naive, drift, window_average; for classes: majority,
persistence; with horizon 0, train_mean or majority alone. Linear: ridge and logistic on the window as the network sees
it; ridge_last and logistic_last on the window less its last row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.scoring import linear as linear_models
from pipeline.scoring import naive
from pipeline.scoring.naive import Forecast, History

if TYPE_CHECKING:
    from pipeline.dataset import Part

__all__ = ["LINEAR", "NAIVE", "Forecast", "History", "fit"]

NAIVE = ("persistence", "train_mean", "seasonal_naive", "drift", "window_average", "majority")
LINEAR = ("ridge", "ridge_last", "logistic", "logistic_last")


def fit(train: Part, linear: bool = True, history: History | None = None) -> dict[str, Forecast]:
    """Learn every naive and linear baseline that suits the target from the training part.

    Args:
        train: the training part.
        linear: whether to include the linear models, which take most of the time.
        history: all rows of the series, of which no forecast reads one after its window; None for those of the training
            part and of the part that is predicted.

    Returns:
        By name, a function from any part to its forecasts: `[windows, steps]` in raw units for regressions,
        `[windows, 1]` probabilities of class 1 for two classes, `[windows, classes]` probabilities for more.
    """
    forecasts = naive.fit(train, history)
    return {**forecasts, **linear_models.fit(train)} if linear else forecasts
