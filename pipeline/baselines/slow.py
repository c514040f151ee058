"""References that take longest: boosted trees, ETS and the Theta method, within a limit of processor seconds.

The limit is an estimate, made of rows, windows and columns and never of a clock: on a slow machine the same forecasts
take longer.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from pipeline.baselines import trees
from pipeline.dataset import Part
from pipeline.scoring import univariate
from pipeline.scoring.naive import Forecast, History


class Fitted(NamedTuple):
    """The forecasts by name, the numbers that describe each, and why the others are left out."""

    forecasts: dict[str, Forecast]
    about: dict[str, dict[str, Any]]
    left_out: dict[str, str]


def fit(train: Part, history: History, persistence: Forecast, seconds: float) -> Fitted:
    """Fit the slow references.

    Args:
        train: the training part.
        history: all rows of the series; the state of `theta` and `ets` is carried along them.
        persistence: the forecast where there is no state yet.
        seconds: estimated processor seconds that each may take. More training windows or rows are left out.
    """
    made = Fitted({}, {}, {})
    results = {"trees": trees.fit(train, seconds), **univariate.fit(train, history, persistence, seconds)}
    for name, result in results.items():
        if isinstance(result, str):
            made.left_out[name] = result
        else:
            made.forecasts[name], made.about[name] = result
    return made
