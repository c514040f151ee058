"""The sources: their rows, their oracles and their settings."""

import numpy as np
import pytest

from pipeline.series import ORACLE, SettingError
from pipeline.sources import autoregression, bundled, market, price, seasonal, steps


def r2(truth: np.ndarray, prediction: np.ndarray) -> float:
    return 1 - np.mean((truth - prediction) ** 2) / np.var(truth)


def column(series, name: str) -> np.ndarray:
    return series.rows[:, series.columns.index(name)]


GENERATORS = {
    "market": lambda rows, seed=3: market.make(rows=rows, signal=0.34, seed=seed),
    "autoregression": lambda rows, seed=3: autoregression.make(rows=rows, phi=0.3, scale=2.0, channels=3, seed=seed),
    "seasonal": lambda rows, seed=3: seasonal.make(rows=rows, period=24, seed=seed),
    "price": lambda rows, seed=3: price.make(rows=rows, signal=0.1, seed=seed),
}


@pytest.mark.parametrize("make", GENERATORS.values(), ids=GENERATORS)
def test_a_longer_series_begins_with_the_rows_of_a_shorter_one(make):
    # So nothing in a row can come from later rows, nor from statistics of the whole.
    short, long = make(300), make(1000)
    np.testing.assert_array_equal(short.rows, long.rows[:300])
    assert not np.array_equal(short.rows, make(300, seed=4).rows)


@pytest.mark.parametrize("make", GENERATORS.values(), ids=GENERATORS)
def test_generators_are_finite_and_hide_their_oracle_from_the_features(make):
    series = make(500)
    assert series.rows.dtype == np.float64
    assert series.rows.shape == (500, len(series.columns))
    assert np.isfinite(series.rows).all()
    assert series.columns[-2:] == ORACLE
    assert not set(ORACLE) & set(series.features)
    assert (series.rows[:, -1] > 0).all()


@pytest.mark.parametrize("make", GENERATORS.values(), ids=GENERATORS)
def test_the_target_has_the_distribution_that_the_oracle_names(make):
    from scipy import stats

    series = make(40_000)
    assert series.oracle is not None
    law = stats.norm() if series.oracle["distribution"] == "normal" else stats.t(series.oracle["degrees"])
    standard = (column(series, series.target) - series.rows[:, -2]) / series.rows[:, -1]
    assert stats.kstest(standard, law.cdf).pvalue > 1e-3
    # What is left is not predictable from the row before.
    assert abs(np.corrcoef(standard[1:], standard[:-1])[0, 1]) < 0.02


@pytest.mark.parametrize("signal", [0.0, 0.34, 0.8])
def test_market_has_the_planted_signal(signal):
    scores = []
    for seed in range(5):
        series = market.make(rows=60_000, signal=signal, seed=seed)
        scores.append(r2(column(series, "return"), series.rows[:, -2]))
    assert np.mean(scores) == pytest.approx(signal, abs=0.02)
    assert column(series, "return").var() == pytest.approx(1, abs=0.1)


def test_market_has_features_apart_heavy_tails_and_clusters():
    from scipy import stats

    series = market.make(rows=60_000, signal=0.34, seed=1)
    assert series.features == [f"f{k}" for k in range(1, 8)]
    target, size = column(series, "return"), np.abs(column(series, "return") - series.rows[:, -2])
    assert stats.kurtosis(target) > 2
    assert all(stats.kurtosis(column(series, name)) > 2 for name in series.features)
    assert all(np.corrcoef(column(series, f)[1:], column(series, f)[:-1])[0, 1] > 0.3 for f in series.features)
    assert np.corrcoef(size[20:], size[:-20])[0, 1] > 0.05


def test_market_location_is_a_function_of_the_rows_before_and_three_fifths_linear():
    series = market.make(rows=30_000, signal=0.34, seed=1)
    location = series.rows[:, -2]
    latent = np.arcsinh(series.rows[:, :6] * np.sqrt((np.e**2 - 1) / 2))
    lags = np.lib.stride_tricks.sliding_window_view(latent, 20, axis=0)[:-1, :, ::-1] @ market.MEMORY
    linear = lags[:, list(market.LINEAR)] @ np.array(list(market.LINEAR.values()))
    even = np.abs(lags[:, list(market.EVEN)] @ np.array(list(market.EVEN.values())))
    design = np.column_stack([np.ones(len(linear)), linear, even])
    fit = np.linalg.lstsq(design, location[20:], rcond=None)[0]
    np.testing.assert_allclose(design @ fit, location[20:], atol=1e-9)
    # Least squares on the features as they are seen, over the last 20 rows.
    seen = np.lib.stride_tricks.sliding_window_view(series.rows[:, :7], 20, axis=0)[:-1].reshape(-1, 140)
    seen = np.column_stack([np.ones(len(seen)), seen])
    half = len(seen) // 2
    fit = np.linalg.lstsq(seen[:half], column(series, "return")[20 : 20 + half], rcond=None)[0]
    score = r2(location[20 + half :], seen[half:] @ fit)
    assert 0.45 < score < 0.75


@pytest.mark.parametrize("phi", [0.0, 0.3, -0.6])
def test_autoregression_has_the_sign_accuracy_of_theory(phi):
    series = autoregression.make(rows=400_000, phi=phi, scale=0.001, seed=1)
    assert (series.columns, series.features) == (["x", *ORACLE], ["x"])
    x, location = column(series, "x"), series.rows[:, -2]
    np.testing.assert_array_equal(location[1:], phi * x[:-1])
    if phi:
        hits = np.mean(np.sign(location[1:]) == np.sign(x[1:]))
        assert hits == pytest.approx(0.5 + np.arcsin(abs(phi)) / np.pi, abs=0.004)
    assert x.std() == pytest.approx(0.001 / np.sqrt(1 - phi**2), rel=0.01)
    assert series.rows[0, -1] == pytest.approx(0.001 / np.sqrt(1 - phi**2))


def test_autoregression_has_independent_channels():
    series = autoregression.make(rows=50_000, phi=0.5, scale=1.0, channels=3, seed=1)
    assert series.features == ["x", "c2", "c3"]
    assert np.abs(np.corrcoef(series.rows[:, :3].T) - np.eye(3)).max() < 0.03


@pytest.mark.parametrize(("rows", "period"), [(4340, 48), (12_650, 48), (5000, 12)])
def test_seasonal_leaves_persistence_twice_the_error_of_the_oracle(rows, period):
    series = seasonal.make(rows=rows, period=period, seed=1)
    value = column(series, "value")
    oracle = np.mean((value - series.rows[:, -2]) ** 2)
    assert series.period == period
    assert oracle < 0.5 * np.mean(np.diff(value) ** 2)
    assert oracle > 0.1 * value.var()
    assert 0.012 < np.var((value - value.min()) / np.ptp(value)) < 0.04


def test_seasonal_season_has_its_period():
    series = seasonal.make(rows=2000, period=30, noise=1e-6, seed=1)
    value = column(series, "value")
    np.testing.assert_allclose(value[30:], value[:-30], atol=0.1)
    assert np.ptp(value) > 10


@pytest.mark.parametrize("signal", [0.0, 0.1, 0.5])
def test_price_has_22_features_and_the_planted_signal(signal):
    series = price.make(rows=50_000, signal=signal, seed=1)
    assert len(series.features) == len(set(series.features)) == 22
    assert r2(column(series, "return"), series.rows[:, -2]) == pytest.approx(signal, abs=0.02)
    assert column(series, "return").var() == pytest.approx(1, abs=0.05)
    np.testing.assert_allclose(series.rows[1:, -2], np.sqrt(signal) * column(series, "order_flow")[:-1])


def test_price_features_are_what_their_names_say():
    series = price.make(rows=100, signal=0.1, seed=1)
    returns = column(series, "return")
    assert column(series, "return_3")[50] == returns[47]
    last = returns[31:51]
    assert column(series, "mean_20")[50] == pytest.approx(last.mean())
    assert column(series, "volatility_20")[50] == pytest.approx(last.std())
    assert column(series, "range_5")[50] == pytest.approx(np.ptp(last[-5:]))
    assert column(series, "up_share_10")[50] == pytest.approx(np.mean(last[-10:] > 0))
    flow = column(series, "log_volume")
    assert column(series, "volume_change")[50] == pytest.approx(flow[50] - flow[49])


def test_price_loses_the_one_cell_asked_for():
    whole = price.make(rows=100, signal=0.1, seed=1)
    series = price.make(rows=100, signal=0.1, seed=1, missing_row=7, missing_column="volatility_20")
    assert np.argwhere(np.isnan(series.rows)).tolist() == [[7, series.columns.index("volatility_20")]]
    kept = ~np.isnan(series.rows)
    np.testing.assert_array_equal(series.rows[kept], whole.rows[kept])


def test_steps_are_zeros_and_then_ones():
    series = steps.make(length=4, counts=[1, 4, 0])
    assert series.rows[:, 0].tolist() == [0, 0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0]
    assert (series.columns, series.sequence_length) == (["step"], 4)
    assert series.oracle == {"distribution": "exact", "degrees": None}


def test_steps_draw_unique_and_sampled_counts():
    unique = steps.make(length=9, counts="unique", sequences=10, seed=1).rows.reshape(10, 9).sum(axis=1)
    assert sorted(unique) == list(range(10))
    assert unique.tolist() != list(range(10))
    sampled = steps.make(length=3, counts="sampled", sequences=400, seed=1).rows.reshape(400, 3).sum(axis=1)
    assert set(sampled) == {1, 2, 3}


def test_bundled_series():
    co2 = bundled.make(name="co2")
    assert co2.rows.shape == (2284, 1)
    assert np.isnan(co2.rows).sum() == 59
    assert co2.time is not None
    assert (str(co2.time[0]), co2.time.dtype) == ("1958-03-29T00:00:00", "datetime64[s]")
    sunspots = bundled.make(name="sunspots")
    assert (len(sunspots.rows), sunspots.target) == (309, "SUNACTIVITY")
    assert sunspots.time is not None
    assert [str(sunspots.time[i])[:4] for i in (0, -1)] == ["1700", "2008"]


BAD_SETTINGS = [
    (lambda: market.make(rows=0, signal=0.1, seed=1), "rows", "0"),
    (lambda: market.make(rows=10.0, signal=0.1, seed=1), "rows", "10.0"),
    (lambda: market.make(rows=True, signal=0.1, seed=1), "rows", "True"),
    (lambda: market.make(rows=10, signal=1.0, seed=1), "signal", "1.0"),
    (lambda: market.make(rows=10, signal=-0.1, seed=1), "signal", "-0.1"),
    (lambda: market.make(rows=10, signal=float("nan"), seed=1), "signal", "nan"),
    (lambda: market.make(rows=10, signal=0.1, seed=-1), "seed", "-1"),
    (lambda: autoregression.make(rows=10, phi=1.0, scale=1.0, seed=1), "phi", "1.0"),
    (lambda: autoregression.make(rows=10, phi=0.1, scale=0.0, seed=1), "scale", "0.0"),
    (lambda: autoregression.make(rows=10, phi=0.1, scale=1.0, channels=0, seed=1), "channels", "0"),
    (lambda: seasonal.make(rows=10, period=11, seed=1), "period", "11"),
    (lambda: seasonal.make(rows=10, period=12, noise=1.0, seed=1), "noise", "1.0"),
    (lambda: price.make(rows=10, signal=0.1, seed=1, missing_row=3), "missing_row", "missing_column"),
    (lambda: price.make(rows=10, signal=0.1, seed=1, missing_column="return"), "missing_column", "missing_row"),
    (lambda: price.make(rows=10, signal=0.1, seed=1, missing_row=10, missing_column="return"), "missing_row", "10"),
    (
        lambda: price.make(rows=10, signal=0.1, seed=1, missing_row=1, missing_column="oracle_scale"),
        "missing_column",
        "order_flow",
    ),
    (lambda: steps.make(length=3, counts=[1, 4]), "counts[1]", "4"),
    (lambda: steps.make(length=3, counts=[]), "counts", "unique"),
    (lambda: steps.make(length=3, counts=[1], seed=1), "seed", "listed"),
    (lambda: steps.make(length=3, counts="unique", seed=1), "sequences", "None"),
    (lambda: steps.make(length=3, counts="unique", sequences=5, seed=1), "sequences", "5"),
    (lambda: steps.make(length=3, counts="sampled", sequences=5), "seed", "None"),
    (lambda: bundled.make(name="nile"), "name", "co2, sunspots"),
]


@pytest.mark.parametrize(("make", "key", "says"), BAD_SETTINGS)
def test_a_wrong_setting_is_named(make, key, says):
    with pytest.raises(SettingError) as caught:
        make()
    assert caught.value.key == key
    assert says in str(caught.value)
