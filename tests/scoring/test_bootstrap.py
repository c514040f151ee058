"""The resamples against closed forms, and their p-values over many repetitions."""

import numpy as np
import pytest
from scipy import stats

from pipeline.scoring import bootstrap
from tests.helpers.losses import against, correlated


def test_block_length_grows_with_the_correlation_and_the_overlap():
    random = np.random.default_rng(9)
    noise, slow = random.normal(size=400), correlated(random, 400, 0.95)
    assert bootstrap.block_length([noise]) <= 4
    assert bootstrap.block_length([slow]) >= 15
    assert bootstrap.block_length([noise, slow]) == bootstrap.block_length([slow])
    assert bootstrap.block_length([noise], overlap=10) >= 20
    assert bootstrap.block_length([noise], overlap=1000) == 100
    assert bootstrap.block_length([np.zeros(400)]) == 1
    assert bootstrap.block_length([noise * 1e-12]) == bootstrap.block_length([noise])
    assert [bootstrap.block_length([noise[:n]]) for n in (1, 2, 5, 20)][:3] == [1, 1, 1]


def test_with_blocks_of_one_window_the_widening_is_students():
    for units in (5, 30, 1000):
        deviation = np.sqrt(1 - 1 / units)  # of a resampled mean, as a share of the sample's standard error
        student = stats.t.ppf(0.975, units - 1)
        assert bootstrap.widening(units, 1) * deviation * stats.norm.ppf(0.975) == pytest.approx(student)
    assert bootstrap.widening(500, 50) > bootstrap.widening(500, 5) > bootstrap.widening(500, 1)


def test_the_widening_of_long_blocks_is_priestleys():
    weights = (1 - 1 / 48) ** np.abs(np.arange(-5000, 5001))
    # Of 500 windows' mean: what the sample's own mean takes away, and chi-squared's degrees of freedom.
    share, degrees = 1 - weights.sum() / 500, 500 / (weights**2).sum() - 1
    assert share == pytest.approx(0.81)
    student = stats.t.ppf(0.975, degrees) / stats.norm.ppf(0.975)
    assert bootstrap.widening(500, 48) == pytest.approx(student / np.sqrt(share)) == pytest.approx(1.272, abs=0.001)
    assert np.isfinite(bootstrap.widening(1, 1))


@pytest.mark.parametrize("units", [5, 30])
def test_small_p_values_are_as_rare_as_they_say(units):
    random = np.random.default_rng([24, units])
    found = []
    for _ in range(2500):
        draws = bootstrap.draw(np.column_stack([random.normal(size=units), np.ones(units)]), 1)
        found.append(draws.p_value(draws.means[0], draws.resampled[:, 0]))
    for level in (0.05, 0.01, 0.003):
        rate, deviation = np.mean(np.array(found) < level), np.sqrt(level / 2500)
        assert abs(rate - level) < 3.5 * deviation, level


def test_a_p_value_without_a_spread():
    draws = bootstrap.draw(np.column_stack([np.zeros(30), np.full(30, 2.0), np.ones(30)]), 1)
    assert draws.p_value(0.0, draws.resampled[:, 0]) == 1
    assert 0 < draws.p_value(2.0, draws.resampled[:, 1]) < 1e-6
    assert 0 < draws.p_value(-2.0, -draws.resampled[:, 1]) < 1e-6
    assert against(np.ones(30), np.full(30, 2.0))["naive"]["comparison"] == "better"


@pytest.mark.parametrize("units", [40, 2000])
def test_a_resample_is_of_pairs_and_has_the_spread_of_a_mean(units):
    random = np.random.default_rng(11)
    losses = random.normal(size=units)
    draws = bootstrap.draw(np.column_stack([losses, 3 * losses, np.ones(units)]), 1)
    assert draws.resampled.shape == (1000, 2)
    np.testing.assert_allclose(draws.resampled[:, 1], 3 * draws.resampled[:, 0])
    assert draws.resampled[:, 0].std() == pytest.approx(losses.std() / np.sqrt(units), rel=0.1)
    assert draws.means[0] == pytest.approx(losses.mean())


def test_kept_draws_and_streamed_ones_are_the_same(monkeypatch):
    table = np.column_stack([np.random.default_rng(12).random(80), np.ones(80)])
    kept = bootstrap.draw(table, 5).resampled
    monkeypatch.setattr(bootstrap, "_KEPT", 10)
    np.testing.assert_allclose(bootstrap.draw(table, 5).resampled, kept, rtol=1e-12)
