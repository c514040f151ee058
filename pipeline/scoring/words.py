"""Forecasts without a network in words."""

from __future__ import annotations

# As a noun, and the verb before it in a clause.
_NAIVE = {
    "persistence": ("the last value", "repeating "),
    "drift": ("the last value with drift", ""),
    "seasonal_naive": ("the last season", "repeating "),
    "window_average": ("the mean of the window", ""),
    "train_mean": ("the training mean", "predicting "),
    "majority": ("the shares of the classes", "predicting "),
}
_SHARES = "the shares that follow the last class"


def noun(name: str, classes: int | None = None) -> str:
    """Return a naive forecast as in `better than the last value`; another one's name as it is.

    Args:
        name: of the forecast.
        classes: the number of classes; None or 0 for a regression.
    """
    return _SHARES if classes and name == "persistence" else _NAIVE.get(name, (name, ""))[0]


def clause(name: str, classes: int | None = None) -> str:
    """Return a naive forecast as in `repeating the last value gets 0.98`; another one's name as it is."""
    verb = "predicting " if classes and name == "persistence" else _NAIVE.get(name, (name, ""))[1]
    return verb + noun(name, classes)
