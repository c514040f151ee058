"""Baselines on windows small enough to work out by hand, and against scikit-learn."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, RidgeCV

from pipeline.scoring import baselines, ridge
from tests.helpers.parts import make_part


def test_persistence_and_train_mean_of_two_steps():
    train = make_part([1, 2, 4, 8, 16, 32], length=2, horizon=2)
    test = make_part([10, 20, 30, 40], length=2, horizon=2, name="test", first_row=6)
    forecasts = baselines.fit(train)
    assert forecasts["persistence"](test).tolist() == [[20, 20]]
    assert forecasts["train_mean"](test).tolist() == [[(4 + 8 + 16) / 3, (8 + 16 + 32) / 3]]
    assert "seasonal_naive" not in forecasts


@pytest.mark.parametrize("kind", ["difference", "return"])
def test_persistence_of_a_change_is_no_change(kind):
    train = make_part([1, 2, 4, 8, 16, 32], length=2, kind=kind)
    assert baselines.fit(train)["persistence"](train).tolist() == [[0.0]] * len(train)


def test_a_missing_last_value_gives_the_training_mean():
    train = make_part([1, 2, 4, 8, 16], length=1)
    train.table["last"][0] = np.nan
    assert baselines.fit(train)["persistence"](train)[:2, 0].tolist() == [train.raw_targets().mean(), 2]


def test_seasonal_naive_takes_the_row_one_period_before_the_target():
    train = make_part([0, 1, 2, 3, 4, 5, 6, 7], length=2, period=3)
    # Window 0 ends at row 1 and targets row 2, whose season begins before the part: persistence.
    assert baselines.fit(train)["seasonal_naive"](train)[:, 0].tolist() == [1, 0, 1, 2, 3, 4]


def test_seasonal_naive_knows_nothing_after_the_window():
    values = np.arange(10.0)
    train = make_part(values, length=4, horizon=4, period=2)
    # Targets 4, 5, 6, 7 after a window that ends at row 3: rows 2, 3, then two and two seasons back again.
    assert baselines.fit(train)["seasonal_naive"](train)[0].tolist() == [2, 3, 2, 3]


def test_seasonal_naive_of_a_change_counts_from_the_last_value():
    train = make_part([1, 5, 2, 7, 3, 9], length=3, kind="difference", period=2)
    # Window 1 ends at row 3 (7), targets row 4, whose season before is row 2 (2).
    assert baselines.fit(train)["seasonal_naive"](train)[1, 0] == 2 - 7
    two = make_part([1, 5, 2, 7, 3, 9], length=3, horizon=2, kind="difference", period=2)
    # Window 0 ends at row 2 (2), targets row 4, whose last known season is row 2 itself.
    assert baselines.fit(two)["seasonal_naive"](two)[0, 0] == 0


def test_seasonal_naive_does_not_cross_a_gap():
    train = make_part(np.arange(6.0), length=2, period=3)
    train.spec.first_rows[3:] += 10
    train.table["row"][:] = train.spec.first_rows[train.table["start"] + 2]
    forecast = baselines.fit(train)["seasonal_naive"](train)[:, 0]
    assert forecast[-1] == train.table["last"][-1]


@pytest.mark.parametrize("horizon", [1, 3])
def test_ridge_agrees_with_scikit_learn(horizon, monkeypatch):
    random = np.random.default_rng(0)
    train = make_part(np.cumsum(random.normal(size=120)), length=6, horizon=horizon, center=2.0, scale=3.0)
    test = make_part(np.cumsum(random.normal(size=40)), length=6, horizon=horizon, center=2.0, scale=3.0, name="test")

    x = train.inputs().reshape(len(train), -1).astype(float)
    mean, std = x.mean(axis=0), x.std(axis=0)
    theirs = RidgeCV(alphas=ridge.ALPHAS * len(train)).fit((x - mean) / std, train.targets().astype(float))
    seen = (test.inputs().reshape(len(test), -1) - mean) / std
    expected = test.restore(theirs.predict(seen).reshape(len(test), -1))

    ours = baselines.fit(train)["ridge"](test)
    assert ours.shape == (len(test), horizon)
    assert ours == pytest.approx(expected, rel=1e-6)
    # The way for wide windows gives the same.
    monkeypatch.setattr(baselines, "_WIDEST", 1)
    assert baselines.fit(train)["ridge"](test) == pytest.approx(expected, rel=1e-6)


def test_ridge_with_more_inputs_than_windows():
    random = np.random.default_rng(1)
    train = make_part(random.normal(size=70), length=50)
    forecast = baselines.fit(train)["ridge"](train)
    assert np.isfinite(forecast).all()


def test_ridge_ignores_windows_with_a_missing_cell_and_survives_them():
    values = np.sin(np.arange(80.0))
    train = make_part(values, length=4)
    before = baselines.fit(train)["ridge"](train)
    train.scaled[40] = np.nan
    after = baselines.fit(train)["ridge"](train)
    assert np.isfinite(after).all()
    assert after[:20] == pytest.approx(before[:20], abs=1e-3)


@pytest.mark.parametrize("learner", [baselines.fit])
def test_nothing_is_learned_from_the_part_that_is_predicted(learner):
    train = make_part(np.arange(30.0), length=3)
    one = make_part(np.arange(50.0, 70), length=3, name="test")
    other = make_part(np.concatenate([np.arange(50.0, 60), np.full(10, 9e9)]), length=3, name="test")
    for name, forecast in learner(train).items():
        assert forecast(one)[:6].tolist() == forecast(other)[:6].tolist(), name


def test_majority_gives_the_training_shares():
    train = make_part([-1, 1, -1, 1, 1, 1, 1], length=2, kind="sign")
    assert baselines.fit(train)["majority"](train).tolist() == [[0.8]] * 5


def test_persistence_of_a_sign_and_of_classes():
    sign = make_part([-1, 1, -2, 0, 3, 1], length=2, kind="sign")
    assert baselines.fit(sign)["persistence"](sign)[:, 0].tolist() == [1, 0, 0, 1]
    change = make_part([1, 3, 2, 2, 5, 1], length=2, kind="sign", of="difference")
    assert baselines.fit(change)["persistence"](change)[:, 0].tolist() == [1, 0, 0, 1]
    three = make_part([-5, 0, 5, 1, -1, 1], length=1, kind="classes", thresholds=[-1.0, 1.0])
    assert baselines.fit(three)["persistence"](three).argmax(axis=1).tolist() == [0, 1, 2, 1, 0]


def test_logistic_agrees_with_scikit_learn():
    random = np.random.default_rng(2)
    train = make_part(random.normal(size=200), length=5, kind="classes", thresholds=[-0.5, 0.5])
    x = train.inputs().reshape(len(train), -1).astype(float)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    theirs = LogisticRegression(max_iter=200).fit(x, train.raw_targets().ravel()).predict_proba(x)
    assert baselines.fit(train)["logistic"](train) == pytest.approx(theirs, rel=1e-6)


def test_logistic_learns_a_planted_sign():
    random = np.random.default_rng(3)
    values = np.zeros(600)
    for t in range(1, 600):
        values[t] = 0.8 * values[t - 1] + random.normal()
    train = make_part(values, length=3, kind="sign")
    accuracy = ((baselines.fit(train)["logistic"](train) > 0.5) == train.raw_targets()).mean()
    assert accuracy > 0.7


def test_logistic_of_a_single_class_is_its_share():
    train = make_part(np.arange(1.0, 10), length=2, kind="sign")
    assert baselines.fit(train)["logistic"](train).tolist() == [[1.0]] * len(train)
