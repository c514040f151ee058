"""Boosted trees on windows."""

import numpy as np
import pytest

from pipeline.baselines import trees
from pipeline.scoring import baselines, skill
from tests.helpers.parts import make_part


def steps(count=900, seed=0):
    """A tent map with noise: no linear model predicts it."""
    random = np.random.default_rng(seed)
    values = np.empty(count)
    values[0] = 0.3
    for t in range(1, count):
        values[t] = 1 - 1.9 * abs(values[t - 1] - 0.5) + 0.02 * random.normal()
    return values


def test_they_find_what_a_linear_model_misses():
    values = steps()
    train = make_part(values[:600], length=4)
    test = make_part(values[600:], length=4, name="test", first_row=600)
    forecast, about = trees.fit(train, 20.0)
    mse = np.mean((forecast(test) - test.raw_targets()) ** 2)
    ridge = np.mean((baselines.fit(train)["ridge"](test) - test.raw_targets()) ** 2)
    assert mse < ridge / 5
    assert about["windows"] == len(train)
    assert about["rounds"][0] > 10


def test_a_level_that_moves_is_followed():
    values = np.cumsum(np.random.default_rng(1).normal(size=900)) + 0.5 * np.arange(900)
    train = make_part(values[:600], length=4)
    test = make_part(values[600:], length=4, name="test", first_row=600)
    forecast, _ = trees.fit(train, 20.0)
    assert np.mean((forecast(test) - test.raw_targets()) ** 2) < 2.0


@pytest.mark.parametrize("kind", ["sign", "classes"])
def test_classes_get_probabilities(kind):
    values = steps() - 0.5
    thresholds = [-0.1, 0.2] if kind == "classes" else None
    train = make_part(values[:600], length=3, kind=kind, thresholds=thresholds)
    test = make_part(values[600:], length=3, kind=kind, thresholds=thresholds, name="test", first_row=600)
    outputs = trees.fit(train, 20.0)[0](test)
    classes = 3 if kind == "classes" else 2
    assert outputs.shape == (len(test), 3 if classes == 3 else 1)
    brier = skill.losses(test.raw_targets(), outputs, classes).mean()
    majority = baselines.fit(train, linear=False)["majority"](test)
    assert brier < 0.5 * skill.losses(test.raw_targets(), majority, classes).mean()


def test_without_a_signal_no_round_is_taken_or_few():
    noise = np.random.default_rng(2).normal(size=900)
    train = make_part(noise, length=4, kind="sign")
    _, about = trees.fit(train, 20.0)
    assert about["rounds"][0] < 10
    single = make_part(np.arange(1.0, 200), length=4, kind="sign")
    assert trees.fit(single, 20.0) == "a class is missing from the training windows"


def test_every_step_of_a_long_horizon_and_missing_cells():
    values = np.sin(np.arange(700) / 5)
    train = make_part(values[:500], length=20, horizon=30)
    test = make_part(values[500:], length=20, horizon=30, name="test", first_row=500)
    forecast, about = trees.fit(train, 200.0)
    assert len(about["rounds"]) == trees.STEPS
    error = forecast(test) - test.raw_targets()
    assert np.mean(error**2) < 0.1
    test.rows[25] = test.table["last"][6] = np.nan
    assert np.isfinite(forecast(test)).all()
    assert forecast(test)[6] == pytest.approx(train.raw_targets().mean(axis=0))


def test_the_columns_are_the_last_row_and_distances_to_it():
    part = make_part(np.arange(40.0) ** 2, length=5)
    last = part.rows[np.array([3, 8]) + 4, 0]
    made = trees.columns(part, np.array([3, 8]))
    inside = part.rows[np.array([3, 8])[:, None] + np.arange(5), 0]
    expected = np.column_stack([inside[:, :-1] - last[:, None], last, inside.mean(axis=1) - last])
    np.testing.assert_array_equal(made, expected)
    wide = make_part(np.arange(400.0), length=300)
    assert trees.columns(wide, np.array([0])).shape == (1, trees.COLUMNS + 1)
    assert trees.columns(wide, np.array([0]))[0, 0] == 1 - trees.COLUMNS
