"""Scores against scikit-learn and by hand."""

import numpy as np
import pytest
from sklearn import metrics

from pipeline.scoring import scores

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize("steps", [1, 3])
def test_regression_agrees_with_scikit_learn(steps):
    truth = RANDOM.normal(size=(50, steps))
    prediction = 0.5 * truth + RANDOM.normal(size=(50, steps))
    ours = scores.regression(truth, prediction)
    assert ours["r2"] == pytest.approx(metrics.r2_score(truth, prediction))
    assert ours["mse"] == pytest.approx(metrics.mean_squared_error(truth, prediction))
    assert ours["mae"] == pytest.approx(metrics.mean_absolute_error(truth, prediction))
    assert ours["rmse"] == pytest.approx(np.sqrt(metrics.mean_squared_error(truth, prediction)))
    assert ours["mase"] is None


def test_mase_by_hand():
    truth, prediction = np.array([[1.0], [3.0]]), np.array([[2.0], [6.0]])
    assert scores.regression(truth, prediction, np.array([2.0, 2.0]))["mase"] == 1.0
    assert scores.regression(truth, prediction, np.array([1.0, 3.0]))["mase"] == 1.0
    assert scores.regression(truth, prediction, np.array([0.0, 0.0]))["mase"] is None


def test_spread_of_a_constant_prediction_is_zero():
    truth = RANDOM.normal(size=(20, 1))
    ours = scores.regression(truth, np.full_like(truth, 0.3))
    assert ours["spread"] == pytest.approx(0, abs=1e-12)
    assert ours["r2"] <= 0


@pytest.mark.parametrize("size", [1e-3, 1e3])
def test_the_spread_is_a_share_of_the_truths_standard_deviation_in_any_units(size):
    truth = size * RANDOM.normal(size=(40, 2))
    prediction = truth[::-1] * [0.3, 0.6]
    expected = prediction.std(axis=0).mean() / truth.std(axis=0).mean()
    assert scores.regression(truth, prediction)["spread"] == pytest.approx(expected)
    assert scores.regression(np.zeros((3, 1)), np.arange(3.0)[:, None])["spread"] is None


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_only_answered_windows_are_scored_and_the_others_are_counted(bad):
    random = np.random.default_rng(5)
    truth, prediction = random.normal(size=(2, 9, 2))
    scale = random.random(9) + 1
    whole = scores.regression(np.delete(truth, [2, 5], 0), np.delete(prediction, [2, 5], 0), np.delete(scale, [2, 5]))
    assert whole["unanswered"] == 0
    prediction[2, 1] = prediction[5, 0] = bad
    assert scores.regression(truth, prediction, scale) == pytest.approx(whole | {"unanswered": 2})
    nothing = scores.regression(truth, prediction * np.nan)
    assert nothing.pop("unanswered") == 9
    assert set(nothing.values()) == {None}


@pytest.mark.parametrize("classes", [2, 3])
def test_losses_of_classes_are_of_the_answered_windows(classes):
    random = np.random.default_rng(6)
    truth, outputs = random.integers(0, classes, 9), random.random((9, 1 if classes == 2 else 3))
    whole = scores.classification(np.delete(truth, 4), np.delete(outputs, 4, 0), classes)
    outputs[4] = np.nan
    ours = scores.classification(truth, outputs, classes)
    assert (ours["brier"], ours["log_loss"]) == pytest.approx((whole["brier"], whole["log_loss"]))
    assert (ours["unanswered"], whole["unanswered"]) == (1, 0)
    # Keras's argmax of NaN is class 0.
    assert ours["accuracy"] == pytest.approx((8 * whole["accuracy"] + (truth[4] == 0)) / 9)


def test_r2_of_a_constant_truth_is_none():
    ours = scores.regression(np.ones((3, 1)), np.zeros((3, 1)))
    assert ours["r2"] is None
    assert ours["mse"] == 1.0


def test_naive_error_bridges_no_gap_and_no_two_sequences():
    values = np.array([0.0, 1.0, 10.0, 12.0])
    assert scores.naive_error(values, np.array([0, 1, 5, 6])) == 1.5
    assert scores.naive_error(values, np.arange(4), sequence_length=2) == 1.5
    assert scores.naive_error(values, np.arange(4), lag=2) == pytest.approx((10 + 11) / 2)
    assert scores.naive_error(values, np.arange(4), lag=4) is None
    assert scores.naive_error(np.array([0.0, np.nan, 1.0, 3.0]), np.arange(4)) == 2.0


def test_skill():
    assert scores.skill(1.0, 2.0) == 0.5
    assert scores.skill(2.0, 2.0) == 0.0
    assert scores.skill(None, 2.0) is None
    assert scores.skill(1.0, 0.0) is None


def _many(classes):
    truth = np.concatenate([np.arange(classes), RANDOM.integers(0, classes, 60)])
    outputs = RANDOM.uniform(0.05, 0.95, (len(truth), classes))
    return truth, outputs


@pytest.mark.parametrize("classes", [3, 5, 17])
def test_three_classes_or_more_agree_with_scikit_learn(classes):
    truth, outputs = _many(classes)
    rows = outputs / outputs.sum(axis=1, keepdims=True)
    guess = outputs.argmax(axis=1)
    ours = scores.classification(truth, outputs, classes)
    assert ours["accuracy"] == pytest.approx(metrics.accuracy_score(truth, guess))
    assert ours["balanced_accuracy"] == pytest.approx(metrics.balanced_accuracy_score(truth, guess))
    assert ours["log_loss"] == pytest.approx(metrics.log_loss(truth, rows))
    assert ours["brier"] == pytest.approx(metrics.brier_score_loss(truth, rows, scale_by_half=False))
    assert ours["mcc"] == pytest.approx(metrics.matthews_corrcoef(truth, guess))
    assert ours["confusion"] == metrics.confusion_matrix(truth, guess).tolist()


def test_two_classes_agree_with_scikit_learn():
    truth = RANDOM.integers(0, 2, 80)
    one = np.clip(0.3 * truth + RANDOM.uniform(0, 0.7, 80), 0, 1)[:, None]
    guess = (one[:, 0] > 0.5).astype(int)
    ours = scores.classification(truth, one, 2)
    assert ours["accuracy"] == pytest.approx(metrics.accuracy_score(truth, guess))
    assert ours["log_loss"] == pytest.approx(metrics.log_loss(truth, one[:, 0]))
    assert ours["brier"] == pytest.approx(metrics.brier_score_loss(truth, one[:, 0]))
    assert ours["mcc"] == pytest.approx(metrics.matthews_corrcoef(truth, guess))


def test_a_class_that_never_occurs_does_not_count_in_the_balanced_accuracy():
    truth, outputs = np.array([0, 0, 1, 1]), np.eye(3)[[0, 2, 1, 1]]
    assert scores.classification(truth, outputs, 3)["balanced_accuracy"] == pytest.approx(0.75)


def test_nan_outputs_give_the_share_of_class_0_as_accuracy():
    truth = np.array([0, 1, 2, 2, 0])
    ours = scores.classification(truth, np.full((5, 3), np.nan), 3)
    assert ours["accuracy"] == pytest.approx(0.4)
    assert ours["log_loss"] is None
    assert ours["brier"] is None
    assert ours["mcc"] == 0.0
    two = scores.classification(np.array([0, 1]), np.full((2, 1), np.nan), 2)
    assert two["accuracy"] == 0.5
    assert two["log_loss"] is None


def test_sigmoid_outputs_that_are_all_zero_are_not_finite():
    assert scores.classification(np.array([0]), np.zeros((1, 3)), 3)["log_loss"] is None


def test_log_loss_has_the_floor_of_keras():
    ours = scores.classification(np.array([1]), np.array([[1.0]]), 2)
    assert ours["log_loss"] == pytest.approx(1e-7, rel=1e-3)


def test_over_seeds():
    assert scores.over_seeds([1.0, 3.0]) == {"mean": 2.0, "std": pytest.approx(np.sqrt(2)), "min": 1.0, "max": 3.0}
    assert scores.over_seeds([1.0]) == {"mean": 1.0, "std": None, "min": 1.0, "max": 1.0}
    assert scores.over_seeds([1.0, None]) == {"mean": None, "std": None, "min": 1.0, "max": 1.0}
    assert scores.over_seeds([None])["max"] is None
