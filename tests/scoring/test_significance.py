"""Diebold and Mariano's and Pesaran and Timmermann's tests against statsmodels."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.diagnostic import pesaran_timmermann
from statsmodels.tsa.stattools import diebold_mariano_test

from pipeline.scoring import significance


def test_diebold_mariano_is_that_of_statsmodels_on_the_forecasts():
    random = np.random.default_rng(14)
    truth, one, other = random.normal(size=(3, 120))
    for overlap in (1, 8):
        # The cube root of 120, and twice the overlap's own lags.
        lags = 5 if overlap == 1 else 14
        expected = diebold_mariano_test(truth, one, other, criterion="mse", harvey_adj=True, horizon=overlap, lags=lags)
        got = significance.diebold_mariano((one - truth) ** 2, (other - truth) ** 2, overlap)
        assert got == pytest.approx({"statistic": expected.statistic, "p_value": expected.pvalue, "lags": lags})
    assert significance.diebold_mariano(truth, truth + 1) is None
    assert significance.diebold_mariano(truth[:3], one[:3]) is None
    for least, overlap in ((10, 1), (80, 8)):
        assert significance.diebold_mariano(truth[: least - 1], one[: least - 1], overlap) is None
        assert significance.diebold_mariano(truth[:least], one[:least], overlap) is not None
    assert significance.diebold_mariano(truth[:4], one[:4], sequences=np.arange(4)) is None


def test_diebold_mariano_of_independent_sequences_is_students():
    one, other = np.random.default_rng(15).random((2, 9))
    got = significance.diebold_mariano(one, other, overlap=500, sequences=np.arange(9))
    expected = stats.ttest_1samp(one - other, 0)
    assert got["lags"] == 0
    assert got["statistic"] == pytest.approx(expected.statistic)
    assert got["p_value"] == pytest.approx(expected.pvalue)


def test_pesaran_timmermann_is_that_of_statsmodels():
    random = np.random.default_rng(16)
    last, change = random.normal(size=(2, 100))
    forecast = last + change + random.normal(size=100)
    got = significance.signs(last + change, forecast, last)
    expected = pesaran_timmermann(change, forecast - last)
    assert (got["statistic"], got["p_value"]) == pytest.approx((expected.statistic, expected.pvalue))
    assert got["hits"] == pytest.approx(np.mean((change > 0) == (forecast > last)))
    # Overlapping targets are thinned, not taken for independent.
    thinned = significance.signs(last + change, forecast, last, overlap=4)
    assert thinned == pytest.approx(significance.signs((last + change)[::4], forecast[::4], last[::4]))
    assert thinned["p_value"] > got["p_value"]


def test_signs_that_do_not_change_have_no_test():
    truth = np.random.default_rng(17).normal(size=40)
    assert significance.signs(truth, np.ones(40), np.zeros(40)) is None
    assert significance.signs(truth, truth * np.nan, np.zeros(40)) is None
    missing = np.where(np.arange(40) < 5, np.nan, 0.0)
    assert significance.signs(truth, truth, missing)["hits"] == 1


def test_few_signs_have_no_test():
    truth = np.random.default_rng(26).normal(size=60)
    assert significance.signs(truth[:20], truth[:20], np.zeros(20)) is not None
    assert significance.signs(truth[:19], truth[:19], np.zeros(19)) is None
    assert significance.signs(truth, truth, np.zeros(60), overlap=3) is not None
    assert significance.signs(truth[:57], truth[:57], np.zeros(57), overlap=3) is None
