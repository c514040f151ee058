"""The reference among several baselines."""

import numpy as np

from pipeline.scoring import baselines, choosing


def test_the_naive_baseline_is_the_one_of_the_least_loss_and_of_two_the_first():
    ones = np.ones(5)
    assert choosing.chosen({"train_mean": ones, "persistence": 2 * ones}) == "train_mean"
    assert choosing.chosen({"train_mean": ones, "persistence": ones}) == "persistence"
    assert choosing.chosen({"persistence": np.nan * ones, "train_mean": ones}) == "train_mean"
    # A linear model is never the naive one.
    assert choosing.chosen({"ridge": 0 * ones, "majority": ones}) == "majority"
    assert choosing.chosen({"ridge_last": ones, "ridge": ones, "majority": 0 * ones}, baselines.LINEAR) == "ridge"
