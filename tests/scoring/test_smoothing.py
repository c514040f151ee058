"""Carried states against statsmodels, which is given only the rows up to each window's end."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.tsa.exponential_smoothing.ets import ETSModel
from statsmodels.tsa.forecasting.theta import ThetaModel
from statsmodels.tsa.holtwinters import SimpleExpSmoothing

from pipeline.scoring import smoothing

STEPS = np.array([1, 2, 5, 9])


def series(seed, count=140, period=6, level=50.0, trend=0.1):
    random = np.random.default_rng(seed)
    season = np.sin(np.arange(count) * 2 * np.pi / period) * 4
    return level + trend * np.arange(count) + season + random.normal(size=count) + np.cumsum(random.normal(size=count))


@pytest.mark.parametrize("form", smoothing.FORMS)
def test_ets_forecasts_are_those_of_statsmodels_given_the_rows_up_to_there(form, monkeypatch):
    monkeypatch.setattr(smoothing, "FORMS", [form])
    trend, damped, season = form
    values, train = series(1), 90
    forecast, about = smoothing.ets(values[:train], values, 6)
    assert about["form"] == "A" + ("N", "A", "Ad")[trend + damped] + ("A" if season else "N")
    kind = {"error": "add", "trend": "add" if trend else None, "damped_trend": bool(damped)}
    kind |= {"seasonal": "add" if season else None, "seasonal_periods": 6 if season else None}
    fitted = ETSModel(values[:train], **kind, initialization_method="heuristic").fit(maxiter=50, disp=False)
    known = {"initial_level": fitted.initial_level}
    known |= {"initial_trend": fitted.initial_trend} if trend else {}
    known |= {"initial_seasonal": fitted.initial_seasonal} if season else {}
    for end in (30, 89, 90, 139):
        theirs = ETSModel(values[: end + 1], **kind, initialization_method="known", **known).smooth(fitted.params)
        expected = np.asarray(theirs.forecast(9))[STEPS - 1]
        np.testing.assert_allclose(forecast(np.array([end]), STEPS)[0], expected, rtol=1e-8)


def test_with_time_the_initial_states_are_fitted_too():
    values, train = series(1), 90
    # 90 rows, three parameters of the form and two more, and a season of 6.
    enough = smoothing.SECONDS_PER_INITIAL_STATE * 90
    forms = {seconds: smoothing.ets(values[:train], values, 6, seconds) for seconds in (0.0, 5 * enough, 99 * enough)}
    assert [about["initial"] for _, about in forms.values()] == ["heuristic", "heuristic", "estimated"]
    forecast, about = forms[99 * enough]
    assert not any(name.startswith("initial_") for name in about)
    trend, damped, season = next(form for form in smoothing.FORMS if form == _form(about["form"]))
    kind = {"error": "add", "trend": "add" if trend else None, "damped_trend": bool(damped)}
    kind |= {"seasonal": "add" if season else None, "seasonal_periods": 6 if season else None}
    fitted = ETSModel(values[:train], **kind, initialization_method="estimated").fit(maxiter=50, disp=False)
    expected = np.asarray(fitted.forecast(9))[STEPS - 1]
    np.testing.assert_allclose(forecast(np.array([train - 1]), STEPS)[0], expected, rtol=1e-8)


def _form(name):
    return int("A" in name[1:-1]), int("d" in name), name.endswith("A")


def test_of_the_forms_the_one_of_the_least_aic_is_taken():
    noise = np.random.default_rng(0).normal(size=200)
    assert smoothing.ets(noise, noise, 6)[1]["form"].endswith("N")
    assert smoothing.ets(series(2), series(2), 6)[1]["form"].endswith("A")
    assert smoothing.ets(series(2), series(2), None)[1]["form"].endswith("N")


@pytest.mark.parametrize(("level", "period"), [(50.0, 6), (0.0, 6), (50.0, None)])
def test_theta_forecasts_are_those_of_statsmodels_at_the_end_of_training(level, period):
    for train in (90, 93):
        values = series(3, level=level, trend=0.0 if not level else 0.1)
        forecast, about = smoothing.theta(values[:train], values, period)
        theirs = ThetaModel(values[:train], period=period or 1, deseasonalize=bool(period)).fit()
        expected = np.asarray(theirs.forecast(9))[STEPS - 1]
        np.testing.assert_allclose(forecast(np.array([train - 1]), STEPS)[0], expected, rtol=1e-7)
        assert about["seasonal"] == ("mul" if period and level else "add")


def test_thetas_level_is_the_simple_smoothing_of_the_rows_up_to_there():
    values = series(4)
    forecast, about = smoothing.theta(values[:90], values, None)
    for end in (0, 50, 120):
        smooth = SimpleExpSmoothing(values[: end + 2], initialization_method="known", initial_level=values[0])
        level = smooth.fit(smoothing_level=about["alpha"], optimized=False).level[end]
        slope = about["b0"] / 2 * (1 + (1 - (1 - about["alpha"]) ** (end + 1)) / about["alpha"])
        assert forecast(np.array([end]), np.array([2]))[0, 0] == pytest.approx(level + slope)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), end=st.integers(60, 139), method=st.sampled_from(["ets", "theta"]))
def test_no_later_row_changes_a_forecast(seed, end, method):
    values = series(seed % 3)
    train = values[:60]
    changed = values.copy()
    changed[end + 1 :] = np.random.default_rng(seed).normal(size=139 - end) * 1e6
    one, other = (getattr(smoothing, method)(train, rows, 6)[0] for rows in (values, changed))
    shorter = getattr(smoothing, method)(train, values[: end + 1], 6)[0]
    at = np.array([59, end])
    np.testing.assert_array_equal(one(at, STEPS), other(at, STEPS))
    np.testing.assert_array_equal(one(at, STEPS), shorter(at, STEPS))


def test_the_forms_are_all_that_an_additive_error_allows():
    assert set(smoothing.FORMS) == {
        (0, 0, False),
        (1, 0, False),
        (1, 1, False),
        (0, 0, True),
        (1, 0, True),
        (1, 1, True),
    }
