"""The rules that decide whether a symptom is reproduced."""

import math

import pytest

from pipeline.report import symptoms
from tests.helpers.reports import made_up


def judge(rule, evaluation, figure=None):
    return symptoms.judge(rule, evaluation, figure).reproduced


def test_r2_near_zero():
    one = made_up("a")
    for seed in one["parts"]["train"]["seeds"].values():
        seed["r2"] = -0.02
    assert judge("r2_near_zero_on_training", one) is True
    one["parts"]["train"]["seeds"]["1"]["r2"] = 0.06
    assert judge("r2_near_zero_on_training", one) is False
    one["parts"]["train"]["seeds"]["1"]["r2"] = None
    assert judge("r2_near_zero_on_training", one) is False


@pytest.mark.parametrize("rule", ["one_value_for_all", "predictions_hug_the_mean", "no_better_than_train_mean"])
def test_constant_predictions(rule):
    constant = made_up("a", constant=True)
    for part in constant["parts"].values():
        part["baselines"]["train_mean"]["mse"] = part["seeds"]["0"]["mse"]
    learned = made_up("a", noise=0.05)
    for part in learned["parts"].values():
        part["baselines"]["train_mean"]["mse"] = 0.5
    assert judge(rule, constant) is True
    assert judge(rule, learned) is False


@pytest.mark.parametrize(
    ("train", "test", "reproduced"),
    [(0.02, 0.0, True), (0.5, 0.48, False), (0.5, 0.0, False), (0.02, 0.3, False), (None, 0.0, False)],
)
def test_no_overfitting(train, test, reproduced):
    one = made_up("a")
    one["parts"]["train"]["seeds"]["1"]["r2"], one["parts"]["test"]["seeds"]["1"]["r2"] = train, test
    one["parts"]["train"]["seeds"]["0"]["r2"], one["parts"]["test"]["seeds"]["0"]["r2"] = 0.0, 0.0
    assert judge("no_overfitting", one) is reproduced


def test_low_loss_and_its_penalty():
    one = made_up("a", losses=[1.2, 1.0], penalty=0.97)
    outcome = symptoms.judge("loss_as_low_as_posted", one, 0.002)
    assert outcome.reproduced is False
    assert "penalty 97%" in outcome.measured
    assert judge("loss_as_low_as_posted", made_up("a", losses=[1.2, 0.0025]), 0.002) is True


def test_validation_below_training():
    assert judge("validation_loss_below_training", made_up("a")) is False
    one = made_up("a")
    for run in one["training"]:
        run["curves"]["val_loss"][-1] = 0.1
    assert judge("validation_loss_below_training", one) is True
    assert judge("validation_loss_below_training", made_up("a", validation=False)) is None


def test_worse_than_persistence():
    one = made_up("a")
    one["parts"]["test"]["baselines"]["persistence"]["mse"] = 1e-6
    assert judge("worse_than_persistence", one) is True
    one["parts"]["test"]["baselines"]["persistence"]["mse"] = 1e6
    assert judge("worse_than_persistence", one) is False


def test_nan_at_a_higher_rate():
    one = made_up("a", nan=True)
    assert judge("turns_nan_at_a_higher_rate", one) is True
    one["settings"]["experiment"]["training"]["learning_rate"] = 1e-4
    assert judge("turns_nan_at_a_higher_rate", one) is None
    assert judge("turns_nan_at_a_higher_rate", made_up("a")) is False


def test_the_stateful_classifier():
    broken = made_up("a", classes=3, nan=True, losses=[None])
    clean = made_up("a", classes=3, losses=[1.1, 1.0, 0.9])
    for rule in ("accuracy_is_share_of_class_0", "nothing_changes_after_epoch_1", "nan_in_epoch_1"):
        assert judge(rule, broken) is True, rule
        assert judge(rule, clean) is False, rule
    assert judge("loss_at_floor", broken, 1e-6) is False
    assert judge("loss_at_floor", made_up("a", classes=3, losses=[0.28, 1.1921e-07]), 1e-6) is True
    assert judge("nothing_changes_after_epoch_1", made_up("a", classes=3, losses=[0.28, 1e-7, 1e-7])) is True
    assert judge("nothing_changes_after_epoch_1", made_up("a", classes=3, losses=[0.28])) is None
    assert judge("accuracy_falls_after_epoch_1", broken) is None
    for run in clean["training"]:
        run["curves"]["accuracy"] = [0.999]
    falls = clean["parts"]["train"]["network"]["accuracy"]["max"] < 0.999
    assert judge("accuracy_falls_after_epoch_1", clean) is falls
    for run in clean["training"]:
        run["curves"]["accuracy"] = [0.0]
    assert judge("accuracy_falls_after_epoch_1", clean) is False


def test_the_sign_classifier():
    assert judge("loss_at_ln_2", made_up("a", classes=2, losses=[0.7, math.log(2) + 0.0019])) is True
    assert judge("loss_at_ln_2", made_up("a", classes=2, losses=[0.7, math.log(2) - 0.0025])) is False
    one = made_up("a", classes=2)
    for part in one["parts"].values():
        part["windows"] = 9429
        for seed in part["seeds"].values():
            seed["accuracy"] = 0.512
    assert judge("accuracy_at_chance", one) is True
    one["parts"]["train"]["seeds"]["0"]["accuracy"] = 0.56
    assert judge("accuracy_at_chance", one) is False


def test_weights():
    assert judge("weights_as_posted", made_up("a", weights=4641), 4641) is True
    assert judge("weights_as_posted", made_up("a", weights=4385), 4641) is False
