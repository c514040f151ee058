"""A season is found where there is one, and hardly ever where there is none."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import lfilter

from pipeline.dataset import season

ROWS = (100, 300, 1000)


def noise(kind: str, rows: int, rng: np.random.Generator) -> np.ndarray:
    shocks = rng.normal(size=rows + 200)
    made = {
        "white": shocks,
        "walk": np.cumsum(shocks),
        "ar 0.5": lfilter([1], [1, -0.5], shocks),
        "ar 0.95": lfilter([1], [1, -0.95], shocks),
        "ar -0.8": lfilter([1], [1, 0.8], shocks),
        "heavy": rng.standard_t(2, size=rows + 200),
        "clusters": np.exp(0.3 * np.asarray(lfilter([1], [1, -0.97], shocks))) * rng.normal(size=rows + 200),
        "trend": np.arange(rows + 200) * 0.1 + shocks,
        "step": 10.0 * (np.arange(rows + 200) > 200 + rows // 3) + shocks,
        "zeros": (rng.random(rows + 200) < 0.2) * np.abs(shocks),
    }
    return np.asarray(made[kind])[200:]


@pytest.mark.parametrize(
    "kind", ["white", "walk", "ar 0.5", "ar 0.95", "ar -0.8", "heavy", "clusters", "trend", "step", "zeros"]
)
def test_noise_has_no_season(kind: str) -> None:
    rng = np.random.default_rng(0)
    found = [season.find(noise(kind, rows, rng)) for rows in ROWS for _ in range(60)]
    assert sum(period is not None for period in found) <= 2, found


def test_ten_years_of_months_show_a_season_of_several_harmonics() -> None:
    # A year as accidents or sales have it: no single line of the spectrum stands out, its harmonics together do.
    rng, rows = np.random.default_rng(0), 134
    found = []
    for _ in range(100):
        shape = sum(np.sin(2 * np.pi * k * np.arange(rows) / 12 + rng.uniform(0, 6)) / np.sqrt(k) for k in range(1, 6))
        found.append(season.find(0.6**0.5 * shape / np.std(shape) + 0.4**0.5 * rng.normal(size=rows)))
    assert sum(period == 12 for period in found) >= 85


def test_a_damped_cycle_of_a_long_series_is_no_season() -> None:
    rng = np.random.default_rng(0)
    cycle = [1, -2 * 0.95 * np.cos(2 * np.pi / 12), 0.95**2]
    found = [season.find(np.asarray(lfilter([1], cycle, rng.normal(size=3000)))) for _ in range(20)]
    assert found == [None] * 20


SHAPES = {
    "sine": lambda t, p: np.sin(2 * np.pi * t / p),
    "pulse": lambda t, p: 2.0 * ((t % p) < max(p // 6, 1)),
    "saw": lambda t, p: 2.0 * (t % p) / p,
    "two humps": lambda t, p: np.sin(4 * np.pi * t / p) + 0.7 * np.sin(2 * np.pi * t / p + 1),
}


@settings(max_examples=60, deadline=None)
@given(
    shape=st.sampled_from(list(SHAPES)),
    period=st.sampled_from([5, 7, 12, 24, 48, 52]),
    trend=st.sampled_from([0.0, 0.01, 1.0]),
    walks=st.booleans(),
    seed=st.integers(0, 1000),
)
def test_a_season_is_found_on_trends_and_walks(shape: str, period: int, trend: float, walks: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    t = np.arange(1200)
    rough = np.cumsum(rng.normal(size=1200)) * 0.05 if walks else rng.normal(size=1200) * 0.3
    rows = SHAPES[shape](t, period) + trend * t + rough
    assert season.find(rows) == period


@pytest.mark.parametrize("period", [3, 7, 12, 24, 52, 168])
def test_a_season_without_noise(period: int) -> None:
    t = np.arange(1000)
    assert season.find(np.sin(2 * np.pi * t / period)) == period
    assert season.find(np.sin(2 * np.pi * t / period) + 3.0 * t) == period
    assert season.find(np.ones(1000)) is None
    assert season.find(3.0 * t) is None


def test_the_strongest_season_with_the_shortest_lag() -> None:
    rng = np.random.default_rng(0)
    t = np.arange(24 * 7 * 20)
    day = np.sin(2 * np.pi * t / 24)
    weekend = (t // 24) % 7 >= 5
    assert season.find(day + 0.3 * rng.normal(size=len(t))) == 24
    assert season.find(day * (1 - 0.3 * weekend) + 0.3 * rng.normal(size=len(t))) == 24
    assert season.find(0.1 * day + 3.0 * weekend + 0.3 * rng.normal(size=len(t))) == 168


def test_the_period_that_is_given_is_compared() -> None:
    rng = np.random.default_rng(0)
    rows = np.sin(2 * np.pi * np.arange(600) / 24) + 0.3 * rng.normal(size=600)
    right, wrong, none = (season.describe(rows, given) for given in (24, 36, None))
    assert (right["given"], right["visible"]) == (24, 24)
    assert right["autocorrelation"] == right["visible_autocorrelation"] > 0.7
    assert wrong["autocorrelation"] < 0
    assert (none["given"], none["autocorrelation"], none["visible"]) == (None, None, 24)
    holed = np.where(rng.random(600) < 0.2, np.nan, rows)
    assert season.describe(holed, None)["visible"] == 24
    empty = {"given": 7, "autocorrelation": None, "visible": None, "visible_autocorrelation": None}
    assert season.describe(np.where(rng.random(600) < 0.8, np.nan, rows), 7) == empty
    assert season.describe(rows[:20], 7) == empty
    assert season.describe(np.zeros(600), 7) == empty


@given(width=st.integers(2, 9), seed=st.integers(0, 99))
def test_autocorrelation_equals_its_definition(width: int, seed: int) -> None:
    rows = np.random.default_rng(seed).normal(size=60)
    weights = np.ones(width) if width % 2 else np.r_[0.5, np.ones(width - 1), 0.5]
    smooth = np.convolve(rows, weights / width, mode="valid")
    half = len(weights) // 2
    rest = rows[half : 60 - half] - smooth
    expected = [np.mean(rest[p:] * rest[: len(rest) - p]) / np.mean(rest**2) for p in range(10)]
    np.testing.assert_allclose(season.autocorrelation(rows, width, 9), expected)


def test_the_autocorrelation_at_a_period_needs_three_of_them() -> None:
    rows = np.random.default_rng(0).normal(size=30)
    assert season.at(rows[:29], 10) is None
    assert season.at(rows, 10) == season.autocorrelation(rows, 10, 10)[10]
    assert season.at(rows[:6], 2) is not None


@pytest.mark.parametrize(
    ("rows", "known", "left"), [(64, 32, 64), (65, 32, 0), (62, 31, 0), (100, 50, 100), (32, 32, 32)]
)
def test_missing_cells_are_interpolated_unless_most_are_missing(rows: int, known: int, left: int) -> None:
    rng = np.random.default_rng(rows)
    values = rng.normal(size=rows)
    values[rng.choice(rows, rows - known, replace=False)] = np.nan
    filled = season._filled(values)
    assert len(filled) == left
    if left:
        expected = pd.Series(values).interpolate(limit_direction="both").to_numpy()
        np.testing.assert_allclose(filled, expected)


def test_what_rounding_leaves_of_a_steep_line_is_no_season() -> None:
    assert np.isnan(season.autocorrelation(1e15 / 3 * np.arange(400.0), 12, 36)).all()
