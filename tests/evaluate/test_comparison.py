"""The stage's comparison of the test windows with baselines chosen without them."""

import numpy as np
import pytest

from pipeline import dataset
from pipeline.scoring import baselines, significance, skill
from tests.helpers.evaluated import HOLDOUT, WAVE, build, predict, run

pytestmark = pytest.mark.usefixtures("empty_folder")


def test_the_comparison_of_the_test_windows():
    settings = build(WAVE, split_settings=HOLDOUT, window_settings={"length": 5}, period=19)
    predict(lambda part, seed: part.raw_targets() + 0.01 * (seed + 1))
    evaluation, _ = run(settings)
    test, comparison = evaluation["parts"]["test"], evaluation["comparison"]
    naive = comparison["naive"]
    assert naive["chosen_on"] == "validation"
    validation = {k: score["mse"] for k, score in evaluation["parts"]["validation"]["baselines"].items()}
    assert naive["baseline"] == min(set(validation) & set(baselines.NAIVE), key=lambda name: validation[name])
    linear = min(set(validation) & set(baselines.LINEAR), key=lambda name: validation[name])
    assert naive["skill"] == pytest.approx(test["skill"][naive["baseline"]], rel=1e-5)
    assert (comparison["linear"]["baseline"], comparison["linear"]["chosen_on"]) == (linear, "validation")
    assert comparison["linear"]["skill"] == pytest.approx(test["skill"][linear], rel=1e-5)
    assert (naive["comparison"], comparison["linear"]["comparison"]) == ("better", "better")
    assert naive["seeds"]["0"] > naive["skill"] > naive["seeds"]["1"]
    assert (comparison["windows"], comparison["unit"], comparison["oracle_share"], comparison["accuracy"]) == (
        15,
        "window",
        None,
        None,
    )
    assert comparison["signs"] is None  # of 15 windows
    assert evaluation["state"] is None


def test_the_naive_baseline_is_not_chosen_on_test():
    # A level that jumps just before the test part: there persistence is far better than the mean.
    noise = np.random.default_rng(1).normal(size=200)
    settings = build(
        noise + 50 * (np.arange(200) > 159), split_settings=HOLDOUT, window_settings={"length": 5}, seeds=[0]
    )
    predict(lambda part, seed: part.raw_targets(), seeds=[0])
    evaluation, _ = run(settings)
    scored = evaluation["parts"]["test"]["baselines"]
    assert scored["persistence"]["mse"] < scored["train_mean"]["mse"] / 100
    assert evaluation["comparison"]["naive"]["baseline"] == "train_mean"


def test_without_validation_it_is_chosen_on_training():
    settings = build(
        WAVE,
        split_settings={"scheme": "holdout", "validation": 0, "test": 0.2},
        window_settings={"length": 5},
        seeds=[7],
    )
    predict(lambda part, seed: part.raw_targets(), seeds=[7])
    comparison = run(settings)[0]["comparison"]
    assert comparison["naive"]["chosen_on"] == "train"
    assert comparison["linear"]["chosen_on"] == "held_back"


@pytest.mark.parametrize("validation", [True, False])
def test_it_is_chosen_on_the_first_fold_for_later_ones_have_seen_test_rows(validation):
    # The level jumps where the first test part starts, which the second fold validates, or trains, on.
    values = (-1.0) ** np.arange(100) + 50 * (np.arange(100) >= 60)
    expanding = {"scheme": "expanding", "folds": 2, "test_size": 20} | ({"validation_size": 10} if validation else {})
    settings = build(values, split_settings=expanding, window_settings={"length": 5}, seeds=[0])
    predict(lambda part, seed: part.raw_targets(), seeds=[0])
    evaluation, _ = run(settings)
    naive = evaluation["comparison"]["naive"]
    assert naive["chosen_on"] == ("validation" if validation else "train")
    scored = evaluation["parts"][naive["chosen_on"]]["baselines"]
    assert scored["persistence"]["mse"] < scored["train_mean"]["mse"]
    assert naive["baseline"] == "train_mean"


def test_overlapping_signs_are_thinned():
    random = np.random.default_rng(4)
    settings = build(
        random.normal(size=400), split_settings=HOLDOUT, window_settings={"length": 5, "horizon": 3}, seeds=[0]
    )
    forecast = random.normal(size=400)
    predict(lambda part, seed: part.raw_targets() + forecast[: len(part), None], seeds=[0])
    test = dataset.load("tiny", 0, "test")
    truth = test.raw_targets()[:, -1]
    expected = significance.signs(truth, truth + forecast[: len(test)], test.table["last"], 3)
    got = run(settings)[0]["comparison"]["signs"]
    assert got == pytest.approx(expected, rel=1e-5)
    assert got["hits"] != pytest.approx(
        significance.signs(truth, truth + forecast[: len(test)], test.table["last"], 1)["hits"]
    )


def test_the_folds_are_compared_together_in_time_order():
    expanding = {"scheme": "expanding", "folds": 2, "test_size": 20, "validation_size": 10}
    settings = build(WAVE, split_settings=expanding, window_settings={"length": 5, "horizon": 2})
    predict(lambda part, seed: part.raw_targets() + 0.3)
    evaluation, _ = run(settings)
    comparison = evaluation["comparison"]
    parts = [dataset.load("tiny", fold, "test") for fold in (0, 1)]
    rows = np.concatenate([part.table["row"] for part in parts])
    assert (np.diff(rows) > 0).all()
    assert comparison["windows"] == len(rows)
    assert evaluation["overlap"] == 2
    assert comparison["block_length"] >= 4
    raw = np.concatenate([part.raw_targets() for part in parts])
    assert comparison["windows_key"] == skill.windows_key("tiny", rows, raw)
    mean = evaluation["parts"]["test"]["skill"][comparison["naive"]["baseline"]]
    assert comparison["naive"]["skill"] == pytest.approx(mean, rel=1e-5)


def test_standardised_units_change_no_sign_and_no_key():
    comparison = []
    for units in ("original", "standardised"):
        settings = build(
            10 + 5 * np.tile(WAVE, 2),
            split_settings=HOLDOUT,
            window_settings={"length": 5, "target": {"kind": "difference"}},
            score_units=units,
        )
        predict(lambda part, seed: part.raw_targets() * 0.5)
        comparison.append(run(settings)[0]["comparison"])
    assert comparison[0]["signs"]["hits"] == comparison[1]["signs"]["hits"] == 1
    assert comparison[0]["windows_key"] == comparison[1]["windows_key"]
    assert comparison[0]["naive"]["skill"] == pytest.approx(comparison[1]["naive"]["skill"])


def test_classes_are_compared_by_their_probabilities_and_their_hits():
    random = np.random.default_rng(3)
    settings = build(
        random.normal(size=400),
        split_settings=HOLDOUT,
        window_settings={"length": 5, "target": {"kind": "sign"}},
        oracle=("normal", np.zeros(400), 1.0),
    )
    predict(lambda part, seed: np.where(part.raw_targets() > 0, 0.9, 0.2))
    comparison = run(settings)[0]["comparison"]
    assert comparison["naive"]["baseline"] in ("majority", "persistence")
    assert comparison["linear"]["baseline"] in ("logistic", "logistic_last")
    assert comparison["naive"]["comparison"] == "better"
    assert comparison["accuracy"]["score"] == 1
    assert comparison["accuracy"]["binomial"][0] < 1
    assert comparison["signs"]["hits"] == 1
    assert comparison["oracle_share"] is None  # an oracle without an advantage


def test_the_classifier_with_the_most_hits_is_not_chosen_on_test():
    # Long runs of one sign, more of them up, until the test part: there two of three rows are up, and none repeats.
    sign = np.tile(np.repeat([1.0, -1.0, 1.0], 12), 12)[:400]
    sign[320:] = np.tile([1.0, 1.0, -1.0], 27)[:80]
    settings = build(
        sign * np.random.default_rng(4).uniform(0.5, 1.5, size=400),
        split_settings=HOLDOUT,
        window_settings={"length": 5, "target": {"kind": "sign"}},
    )
    predict(lambda part, seed: np.where(part.raw_targets() > 0, 0.9, 0.2))
    evaluation, _ = run(settings)
    parts = evaluation["parts"]
    hits = {part: {k: v["accuracy"] for k, v in parts[part]["baselines"].items()} for part in ("validation", "test")}
    assert hits["validation"]["persistence"] > hits["validation"]["majority"]
    assert hits["test"]["persistence"] < hits["test"]["majority"]
    accuracy = evaluation["comparison"]["accuracy"]
    assert (accuracy["baseline"], accuracy["baseline_score"]) == ("persistence", hits["test"]["persistence"])


def test_sequences_are_the_unit_of_the_comparison():
    sequences = np.concatenate([np.r_[np.zeros(10 - k % 10), np.ones(k % 10)] for k in range(1, 31)])
    settings = build(
        sequences,
        split_settings={"scheme": "sequences", "validation": 0, "test": 0.2, "identical": "by_position"},
        scaling={"features": "none", "target": "none"},
        window_settings={"length": "sequence", "target": {"kind": "sequence_mean"}},
        sequence_length=10,
        oracle=("exact", 0.0, 0.0),
    )
    predict(lambda part, seed: part.raw_targets() + 0.01 * (1 + part.table["row"][:, None] % 7))
    comparison = run(settings)[0]["comparison"]
    assert (comparison["unit"], comparison["block_length"], comparison["windows"]) == ("sequence", 1, 6)
    assert comparison["naive"]["comparison"] == "better"
    assert comparison["linear"]["comparison"] == "worse"
    assert comparison["signs"] is None
    assert comparison["oracle_share"]["share"] == pytest.approx(comparison["naive"]["skill"], rel=1e-4)
