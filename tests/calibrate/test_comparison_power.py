"""The simulated series, parts and learner."""

import numpy as np
import pytest
from scipy import stats

from pipeline.calibrate import comparison_power
from pipeline.scoring import baselines, skill


@pytest.mark.parametrize("horizon", [1, 10])
def test_the_parts_are_those_of_the_stages(horizon):
    values = np.random.default_rng(1).normal(size=comparison_power._rows_needed(horizon)).cumsum()
    train, validation, test = comparison_power.parts(values, horizon, levels=True)
    assert len(test) == comparison_power.WINDOWS
    assert skill.overlapping(test.spec) == horizon
    # No row of one part is in another one, and the last target is the last row.
    assert train.spec.first_rows[-1] + 1 == validation.spec.first_rows[0]
    assert validation.spec.first_rows[-1] + 1 == test.spec.first_rows[0]
    assert test.raw_targets()[-1, -1] == values[-1]
    persistence = baselines.fit(train)["persistence"](test)
    assert persistence[3, 0] == values[test.table["row"][3] - 1]
    np.testing.assert_allclose(test.restore(test.targets()), test.raw_targets(), atol=1e-3)
    assert train.spec.target_center == pytest.approx(values[: len(train.rows)].mean())


def test_the_series_are_what_they_are_called():
    random = np.random.default_rng(2)
    kinds = {kind: comparison_power.rows(kind, 20000, random) for kind in comparison_power.KINDS}
    assert {len(values) for values in kinds.values()} == {20000}

    def correlation(values):
        return np.corrcoef(values[1:], values[:-1])[0, 1]

    assert abs(correlation(kinds["white_noise"])) < 0.03
    assert abs(correlation(np.diff(kinds["random_walk"]))) < 0.03
    clusters = kinds["volatility_clusters"]
    assert stats.kurtosis(clusters) > 2
    assert correlation(np.abs(clusters)) > 0.1
    planted = np.concatenate([comparison_power.autoregression(number, 0.1) for number in range(10)])
    assert correlation(planted) ** 2 == pytest.approx(0.1, abs=0.02)


def test_the_learner_finds_a_linear_signal_and_little_else():
    shares = []
    for number in range(5):
        train, validation, test = comparison_power.parts(comparison_power.autoregression(number, 0.1), 1, levels=False)
        forecast = comparison_power.learner(train, validation, np.random.default_rng(number))(test)
        truth = test.raw_targets()
        shares.append(1 - np.mean((forecast - truth) ** 2) / truth.var())
    assert np.mean(shares) > 0.06


@pytest.mark.parametrize("size", [30, 500])
def test_equal_forecasts_have_equal_expected_losses(size):
    for kind in comparison_power.EQUAL:
        losses = []
        for number in range(60):
            alike = comparison_power._alike(kind, np.random.default_rng([3, number]), size)
            assert alike.shape == (3, size)
            truth, one, other = alike
            losses.append([np.mean((truth + one) ** 2), np.mean((truth + other) ** 2)])
        first, second = np.transpose(losses)
        assert abs(np.mean(first - second)) < 4 * np.std(first - second) / np.sqrt(60)
        assert np.std(first - second) > 0


def test_the_smaller_sizes_are_the_first_windows_of_the_larger_ones():
    values = comparison_power.autoregression(1, 0.5)
    whole = comparison_power.compare(values, 1, 1)
    assert list(whole) == [12, 30, 100, 500]
    assert whole == {**whole, **comparison_power.compare(values, 1, 1, sizes=(100, 30))}
    assert whole[500] == "better"


def test_the_signal_of_independent_windows_explains_as_much_as_it_says(monkeypatch):
    shares = []
    monkeypatch.setattr(
        comparison_power.gains, "conclusion", lambda loss, base: shares.append(loss.mean() / base.mean())
    )
    for number in range(20):
        comparison_power.planted("independent", 500, 0.3, number)
    assert np.mean(shares) == pytest.approx(0.7, abs=0.02)
