"""Exponential smoothing (ETS) and the Theta method: fitted once on training rows, then carried along the rows.

A forecast from a window's end is made of the state there, which depends on the rows up to it and on no later one. The
recursions are those of statsmodels, whose own forecasts from that row are the same (tests/scoring/test_smoothing.py);
fitting anew for each window would take hours.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

# Forms with additive errors: trend, damped, seasonal; the one with the least AIC is taken (Hyndman and others 2002).
FORMS = [(trend, damped, season) for season in (False, True) for trend, damped in ((0, 0), (1, 0), (1, 1))]
_ITERATIONS = 50
# Estimated processor seconds per training row of fitting the forms, and per row of carrying the state along; measured
# on a core of 2023.
SECONDS_PER_FITTED_ROW = 1.5e-4
SECONDS_PER_ROW = 2e-6
# Likewise per training row and parameter of fitting one form together with its initial states.
SECONDS_PER_INITIAL_STATE = 2.5e-5
# Fewest training rows, and seasons in them where there is a season.
FEWEST = 24
SEASONS = 2

# Maps positions [windows], in the rows that the state was carried along, and steps ahead [steps] to values.
Forecaster = Callable[[np.ndarray, np.ndarray], np.ndarray]


def ets(
    train: np.ndarray, values: np.ndarray, period: int | None, seconds: float = 0.0
) -> tuple[Forecaster, dict[str, Any]] | str:
    """Fit ETS with additive components and carry its state along.

    The form with the least AIC is taken with heuristic initial states. Where the time allows, it is then fitted
    together with its initial states, which improves a long season.

    Args:
        train: float64 [rows], the first of `values`, which it learns from. No missing cell.
        values: float64 [rows], no missing cell.
        period: rows of a season, or None.
        seconds: estimated processor seconds that fitting the initial states may take.

    Returns:
        The forecaster and the numbers that describe the fit; or why there is none.
    """
    fits = [(_fit_ets(train, form, period, "heuristic"), form) for form in FORMS if period or not form[2]]
    fits = [(fitted, form) for fitted, form in fits if np.isfinite(fitted.aic)]
    if not fits:
        return "no form could be fitted"
    fitted, form = min(fits, key=lambda each: each[0].aic)
    trend, damped, season = form
    initial = "heuristic"
    if SECONDS_PER_INITIAL_STATE * len(train) * (len(fitted.params) + 2 + (period or 0) * season) <= seconds:
        fitted, initial = _fit_ets(train, form, period, "estimated"), "estimated"
    about = {name: float(value) for name, value in zip(fitted.param_names, fitted.params, strict=True)}
    about = {name: value for name, value in about.items() if not name.startswith("initial")}
    beta, gamma = about.get("smoothing_trend", 0.0), about.get("smoothing_seasonal", 0.0)
    phi = about.get("damping_trend", 1.0)
    first = np.asarray(fitted.initial_seasonal, dtype=float) if season else np.zeros(1)
    state = float(fitted.initial_level), float(fitted.initial_trend) if trend else 0.0, first
    states = carried(values, state, about["smoothing_level"], beta, gamma, phi)
    name = f"A{('N', 'A', 'Ad')[trend + damped]}{'A' if season else 'N'}"
    return forecaster(*states, phi, len(first)), {"form": name, "initial": initial, "rows": len(train), **about}


def _fit_ets(train: np.ndarray, form: tuple[int, int, bool], period: int | None, initial: str) -> Any:
    """Return statsmodels' results of one form, its initial states heuristic or estimated."""
    from statsmodels.tsa.exponential_smoothing.ets import ETSModel

    trend, damped, season = form
    model = ETSModel(
        train,
        error="add",
        trend="add" if trend else None,
        damped_trend=bool(damped),
        seasonal="add" if season else None,
        seasonal_periods=period if season else None,
        initialization_method=initial,
    )
    with warnings.catch_warnings():
        # Not quite converged is good enough for a baseline; the limit on iterations bounds its time.
        warnings.simplefilter("ignore")
        return model.fit(maxiter=_ITERATIONS, disp=False)


def carried(
    values: np.ndarray, initial: tuple[float, float, np.ndarray], alpha: float, beta: float, gamma: float, phi: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Carry level, trend and season along (Hyndman and others 2008, table 2.2, additive errors).

    Args:
        values: float64 [rows].
        initial: level and trend before the first row, and the season of the rows before it, the earliest first.
        alpha: smoothing of the level.
        beta: of the trend.
        gamma: of the season.
        phi: damping of the trend.

    Returns:
        Level and trend after each row, float64 [rows], and the season of each row, after those of `initial`.
    """
    level, slope, before = initial
    season = before.tolist()
    levels, slopes = [], []
    for at, value in enumerate(values.tolist()):
        expected = level + phi * slope
        error = value - expected - season[at]
        level, slope = expected + alpha * error, phi * slope + beta * error
        season.append(season[at] + gamma * error)
        levels.append(level)
        slopes.append(slope)
    return np.array(levels), np.array(slopes), np.array(season)


def forecaster(level: np.ndarray, slope: np.ndarray, season: np.ndarray, phi: float, period: int) -> Forecaster:
    """Return the forecasts from the states of `carried`."""

    def forecast(at: np.ndarray, steps: np.ndarray) -> np.ndarray:
        damped = np.cumsum(phi ** np.arange(1, steps.max() + 1))[steps - 1]
        # The season of row t is at t + period; of the seasons known, the latest one of the same phase.
        phase = at[:, None] + 1 + (steps - 1) % period
        return level[at][:, None] + slope[at][:, None] * damped + season[phase]

    return forecast


def theta(train: np.ndarray, values: np.ndarray, period: int | None) -> tuple[Forecaster, dict[str, Any]] | str:
    """Fit the Theta method (Assimakopoulos and Nikolopoulos 2000; Hyndman and Billah 2003) and carry its level along.

    Slope, smoothing and season are learned from `train`; arguments and result are those of `ets`.
    """
    from scipy.signal import lfilter
    from statsmodels.tsa.forecasting.theta import ThetaModel

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = ThetaModel(train, period=period or 1, deseasonalize=bool(period), use_test=True).fit()
        b0, alpha = (float(value) for value in fitted.params)
        components = fitted.forecast_components(period or 1)
    if not 0 < alpha <= 1:
        return "no smoothing could be fitted"
    times = bool(period) and fitted.model.method.startswith("mul")
    # The season of the rows after training, put back to that of the first row.
    season = np.roll(np.asarray(components["seasonal"], dtype=float), len(train) % (period or 1))
    if not period:
        season = np.zeros(1)
    own = season[np.arange(len(values)) % len(season)]
    plain = values / own if times else values - own
    level = lfilter([alpha], [1.0, alpha - 1.0], plain, zi=[(1 - alpha) * plain[0]])[0]

    def forecast(at: np.ndarray, steps: np.ndarray) -> np.ndarray:
        count = at[:, None] + 1
        trend = b0 * (steps - 1 + (1 - (1 - alpha) ** count) / alpha)
        made = level[at][:, None] + trend / 2
        ahead = season[(at[:, None] + steps) % len(season)]
        return made * ahead if times else made + ahead

    return forecast, {"rows": len(train), "b0": b0, "alpha": alpha, "seasonal": "mul" if times else "add"}
