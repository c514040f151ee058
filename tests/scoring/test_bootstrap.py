"""The resamples against closed forms, and their p-values over many repetitions."""

import numpy as np
import pandas as pd
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


def test_sequences_are_sums_whose_means_are_those_of_the_windows():
    random = np.random.default_rng(13)
    sequences = random.permutation(np.repeat([2, 3, 5, 9], [1, 4, 2, 6]))
    columns = random.random((13, 2))
    table = bootstrap.group_units(columns, sequences)
    sums = pd.DataFrame(columns).assign(weight=1.0).groupby(sequences).sum().to_numpy()
    np.testing.assert_allclose(table, sums / (13 / 4))
    np.testing.assert_allclose(table.mean(axis=0), [*columns.mean(axis=0), 1])
    np.testing.assert_array_equal(bootstrap.group_units(columns, None), np.column_stack([columns, np.ones(13)]))


def test_a_resample_is_a_mean_over_its_windows_however_many_its_sequences_have():
    weights = np.array([1.0, 4, 2, 6]) / 3.25
    draws = bootstrap.draw(np.column_stack([7 * weights, np.arange(4) * weights, weights]), 1)
    np.testing.assert_allclose(draws.resampled[:, 0], 7)
    assert draws.means == pytest.approx([7, np.mean(np.arange(4) * weights)])
    assert (draws.resampled[:, 1].min(), draws.resampled[:, 1].max()) == pytest.approx((0, 3))


@pytest.mark.parametrize("sign", [-1, 1])
def test_a_p_value_is_below_the_level_where_the_end_that_faces_0_does_not_reach_it(sign):
    random, seen = np.random.default_rng(29), set()
    for _ in range(150):
        values = sign * (random.exponential(size=25) - random.uniform(0, 0.9))
        draws = bootstrap.draw(np.column_stack([values, np.ones(25)]), 1)
        mean, resampled = float(draws.means[0]), draws.resampled[:, 0]
        low, high = bootstrap.interval(draws.widen(mean, resampled))
        found = draws.p_value(mean, resampled) < 0.05
        assert found == (low > 0 or high < 0)
        seen.add(found)
    assert seen == {False, True}


def test_a_ratio_is_widened_in_both_of_its_means():
    draws = bootstrap.Draws(np.zeros(1), np.zeros((1, 1)), 9.0, 1.5)
    above, below = np.array([1.0, 0.5, -1.0, 2.0]), np.array([2.0, 3.0, 2.0, 4.0])
    # Widened by 1.5 from 2 and 3; -1 becomes -2.5, and 0.5 becomes -0.25.
    expected = (2 + 1.5 * (above - 2)) / (3 + 1.5 * (below - 3))
    np.testing.assert_allclose(draws.widen_ratio(2.0, 3.0, above, below), expected)
    np.testing.assert_allclose(
        draws.widen_ratio(2.0, 3.0, above, below, 2.0), (2 + 3 * (above - 2)) / (3 + 1.5 * (below - 3))
    )
    # 0.2 would become -1.2: all denominators move in proportion.
    low = np.array([0.2, 3.0, 6.0, 0.0])
    found = draws.widen_ratio(1.0, 3.0, np.array([1.0, 1.0, 1 / 3, 2.0]), low)
    np.testing.assert_allclose(found, [1 / (3 * (0.2 / 3) ** 1.5), 1 / 3, 0, np.inf], atol=1e-12)


def test_kept_draws_and_streamed_ones_are_the_same(monkeypatch):
    table = np.column_stack([np.random.default_rng(12).random(80), np.ones(80)])
    kept = bootstrap.draw(table, 5).resampled
    monkeypatch.setattr(bootstrap, "_KEPT", 10)
    np.testing.assert_allclose(bootstrap.draw(table, 5).resampled, kept, rtol=1e-12)
