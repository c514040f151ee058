"""The standard errors against closed forms and statsmodels, and over many repetitions of equal forecasts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import signal, stats
from statsmodels.tsa.stattools import acf

from pipeline.scoring import long_run
from tests.helpers.losses import correlated


def test_independent_windows_have_students_error():
    values = np.tile([1.0, -2.0, 4.0], 4)  # negatively correlated neighbours are worth no more than independent ones
    (error,), worth = long_run.errors(values)
    assert worth == 12
    expected = stats.ttest_1samp(values, 0)
    assert error.standard == pytest.approx(values.std(ddof=1) / np.sqrt(12))
    assert error.degrees == 11
    assert error.p_value(values.mean()) == pytest.approx(expected.pvalue)
    assert error.p_value(-values.mean()) == error.p_value(values.mean())
    low, high = expected.confidence_interval(0.9)
    assert 2 * error.reach(0.1) == pytest.approx(high - low)


def test_the_error_of_an_autoregression_by_hand():
    values = correlated(np.random.default_rng(1), 15, 0.6)
    found = acf(values, nlags=1, fft=False)[1]
    r = found + 2.5 * (1 + 3 * found) / 15
    assert 0 < r < 0.97
    effective = 15 * (1 - r) / (1 + r)
    (error,), worth = long_run.errors(values)
    assert worth == pytest.approx(effective)
    assert error.degrees == pytest.approx(effective - 1)
    # The variance of a sample falls short of the true one by that of its mean.
    assert error.standard == pytest.approx(np.sqrt(values.var() / (1 - 1 / effective) / effective))


def test_the_groups_are_of_consecutive_windows_and_end_with_the_last_one():
    values = correlated(np.random.default_rng(2), 107, 0.5)
    assert len(long_run.errors(values[:39])[0]) == 1
    assert len(long_run.errors(values[:40])[0]) == 2
    means = values[2:].reshape(21, 5).mean(axis=1)
    found = acf(means, nlags=1, fft=False)[1]
    r = np.clip(found + (1 + 3 * found) / 21, 0, 0.97)
    effective = 21 * (1 - r) / (1 + r)
    error = long_run.errors(values)[0][1]
    assert error.degrees == 20
    assert error.standard == pytest.approx(np.sqrt(means.var() * 21 / (21 - 21 / effective) / effective))


def test_of_overlapping_windows_the_means_of_so_many_count():
    values = np.random.default_rng(3).normal(size=400)
    for overlap, rest in ((7, 1), (10, 0)):
        means = values[rest:].reshape(-1, overlap).mean(axis=1)
        errors, worth = long_run.errors(values, overlap)
        # Longer groups are a second series.
        assert (len(errors), errors[0], worth) == (2, *long_run.errors(means)[0][:1], long_run.errors(means)[1])
        assert worth <= 400 // overlap
    # Of 400 windows, longer groups hold 400 // round(400**0.6) = 11.
    assert len(long_run.errors(values, 11)[0]) == 1
    assert long_run.errors(values[:30], 16) == ([], 1)
    assert long_run.errors(values[:30], 15)[1] <= 2


def test_windows_of_two_folds_are_no_neighbours():
    random = np.random.default_rng(4)
    folds = [correlated(random, 10, 0.7) for _ in range(4)]
    values, rows = np.concatenate(folds), np.concatenate([np.arange(10) + 50 * fold for fold in range(4)])
    centred = values - values.mean()
    pairs = np.delete(centred[1:] * centred[:-1], [9, 19, 29])
    r = pairs.sum() / (centred @ centred) * 39 / 36
    r = min(r + 2.5 * (1 + 3 * r) / 40, 0.97)
    apart, together = long_run.errors(values, rows=rows)[0][0], long_run.errors(values)[0][0]
    assert apart.degrees == pytest.approx(max(40 * (1 - r) / (1 + r) - 1, 0.3))
    assert apart.standard != pytest.approx(together.standard)
    # Windows at a stride are neighbours all the same.
    assert long_run.errors(values, rows=np.arange(40) * 3) == long_run.errors(values)


@given(st.integers(0, 1000), st.floats(1e-6, 1e6), st.floats(-5, 5), st.integers(2, 90))
def test_the_unit_and_the_mean_of_the_values_do_not_matter(seed, unit, shift, count):
    values = correlated(np.random.default_rng(seed), count, 0.5)
    ours, theirs = long_run.errors(values), long_run.errors((values + shift) * unit)
    assert ours[1] == pytest.approx(theirs[1], rel=1e-6)
    for one, other in zip(ours[0], theirs[0], strict=True):
        assert (one.standard * unit, one.degrees) == pytest.approx((other.standard, other.degrees), rel=1e-6)


def test_equal_differences_have_no_error_and_one_value_has_no_spread():
    (error,), worth = long_run.errors(np.full(12, 0.1))
    assert (error.standard, worth) == (0, 12)
    assert (error.p_value(0.1), error.p_value(0.0), error.reach(0.05)) == (long_run.LEAST_P, 1, 0)
    assert long_run.Error(1.0, 30).p_value(1e9) == long_run.LEAST_P
    assert long_run.errors(np.ones(1)) == ([], 1)


@pytest.mark.parametrize(("windows", "rho"), [(12, 0.9), (30, 0.9), (12, 0.97), (100, 0)])
def test_equal_forecasts_are_rarely_found_to_differ(windows, rho):
    random, wrong = np.random.default_rng([5, windows]), 0
    noise = random.normal(size=(600, 3, windows + 100))
    truth, one, other = signal.lfilter([1], [1, -rho], noise)[:, :, 100:].transpose(1, 0, 2)
    for values in (truth + 0.3 * one) ** 2 - (truth + 0.3 * other) ** 2:
        errors, worth = long_run.errors(values)
        wrong += worth >= long_run.FEWEST and max(error.p_value(values.mean()) for error in errors) < 0.05
    assert 0 < wrong / 600 < 0.07


def test_a_slow_wave_that_noise_hides_shows_in_the_groups():
    random, found = np.random.default_rng(6), np.zeros(2)
    for _ in range(200):
        values = 0.25 * correlated(random, 500, 0.95) + random.normal(size=500)
        found += [error.p_value(values.mean()) < 0.05 for error in long_run.errors(values)[0]]
    assert found[0] / 200 > 0.25
    assert found[1] / 200 < 0.1
