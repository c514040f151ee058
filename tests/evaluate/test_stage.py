"""The stage on real parts of tiny series, with predictions and histories written by hand."""

import json
import subprocess
import sys

import numpy as np
import pytest
from sklearn import metrics

from pipeline import dataset
from pipeline.common import files
from pipeline.scoring import pairing
from tests.conftest import PROJECT
from tests.helpers.evaluated import HOLDOUT, NAME, WAVE, build, predict, run

pytestmark = pytest.mark.usefixtures("empty_folder")


def test_a_regression_from_end_to_end():
    settings = build(WAVE, split_settings=HOLDOUT, window_settings={"length": 5}, period=19)
    predict(lambda part, seed: part.raw_targets() + 0.1 * (seed + 1))
    evaluation, short = run(settings)
    test = dataset.load("tiny", 0, "test")
    truth = test.raw_targets()
    got = evaluation["parts"]["test"]
    assert got["windows"] == len(test)
    assert got["seeds"]["0"]["mse"] == pytest.approx(0.01)
    assert got["seeds"]["1"]["r2"] == pytest.approx(metrics.r2_score(truth, truth + 0.2), rel=1e-5)
    assert got["network"]["mae"] == pytest.approx({"mean": 0.15, "std": 0.05 * 2**0.5, "min": 0.1, "max": 0.2})
    persistence = np.mean((test.table["last"] - truth[:, 0]) ** 2)
    assert got["baselines"]["persistence"]["mse"] == pytest.approx(persistence)
    assert got["skill"]["persistence"] == pytest.approx(1 - 0.025 / persistence, rel=1e-5)
    # Too few windows for trees.
    naive = {"persistence", "train_mean", "seasonal_naive", "drift", "window_average"}
    assert set(got["baselines"]) == naive | {"ridge", "ridge_last", "theta", "ets"}
    assert set(evaluation["parts"]) == {"train", "validation", "test"}
    assert got["drawn"]["truth"] == pytest.approx(truth[:, 0].tolist(), rel=1e-6)
    assert evaluation["training"][0]["curves"] == {"loss": [1.0, 0.5], "penalty": [0.0, 0.0], "val_loss": [1.1, None]}
    assert short["weights"] == 101
    assert short["updates"] == 20


def test_the_metrics_are_those_of_the_validation_part_and_none_of_test():
    settings = build(WAVE, split_settings=HOLDOUT, window_settings={"length": 5}, period=19)
    evaluation, short = predicted(settings, test=0.0)
    other, same = predicted(settings, test=0.3)
    assert other["parts"]["test"]["network"]["mse"] != evaluation["parts"]["test"]["network"]["mse"]
    assert short == same
    own = evaluation["parts"]["validation"]
    naive, linear = (own["baselines"][evaluation["comparison"][kind]["baseline"]] for kind in ("naive", "linear"))
    mse = own["network"]["mse"]["mean"]
    assert list(short) == ["validation", "naive", "linear", "seeds", "train", "weights", "updates"]
    scores = ["r2", "mse", "rmse", "mae", "mase", "skill", "skill_linear"]
    assert sorted(short["validation"]) == sorted(scores)
    assert {key: short["validation"][key] for key in scores[:5]} == pytest.approx(
        {key: own["network"][key]["mean"] for key in scores[:5]}, rel=1e-3
    )
    assert short["validation"]["skill"] == pytest.approx(1 - mse / naive["mse"], rel=1e-3)
    assert short["validation"]["skill_linear"] == pytest.approx(1 - mse / linear["mse"], rel=1e-3)
    assert short["naive"] == pytest.approx({"r2": naive["r2"]}, rel=1e-3)
    assert short["linear"] == pytest.approx({"r2": linear["r2"]}, rel=1e-3)
    assert short["train"] == pytest.approx({"r2": evaluation["parts"]["train"]["network"]["r2"]["mean"]}, rel=1e-3)
    assert short["seeds"] == pytest.approx({"r2_std": own["network"]["r2"]["std"]}, rel=1e-3)


def test_of_several_folds_the_metrics_are_those_of_the_first():
    expanding = {"scheme": "expanding", "folds": 3, "test_size": 15, "validation_size": 15}
    settings = build(WAVE, split_settings=expanding, window_settings={"length": 5})
    parts = {(fold, kind): dataset.load("tiny", fold, kind) for fold in (0, 1) for kind in ("validation", "test")}
    # What this is for: the second fold's validation rows are the first one's test rows.
    assert {*parts[1, "validation"].table["row"]} & {*parts[0, "test"].table["row"]}
    first = parts[0, "test"].table["row"][0]
    shorts = []
    for error in (0.0, 0.4):
        predict(lambda part, seed, e=error: part.raw_targets() + 0.1 + e * (part.table["row"] >= first)[:, None])
        evaluation, short = run(settings)
        shorts.append(short)
    assert shorts[0] == shorts[1]
    assert shorts[1]["validation"]["mae"] == pytest.approx(0.1)
    assert evaluation["parts"]["validation"]["network"]["mae"]["mean"] > 0.2


def predicted(settings, test):
    """Evaluate predictions with an error of 0.1 or 0.2 by seed, and another one on the test part."""
    predict(lambda part, seed: part.raw_targets() + 0.1 * (seed + 1) + (test if part.name == "test" else 0))
    return run(settings)


def test_equal_inputs_give_equal_bytes():
    settings = build(WAVE, split_settings=HOLDOUT, window_settings={"length": 5})
    predict(lambda part, seed: part.raw_targets() * 0.5)
    run(settings)
    paths = [files.EVALUATION / f"{NAME}.json", files.METRICS / f"{NAME}.json", files.LOSSES / f"{NAME}.parquet"]
    before = [path.read_bytes() for path in paths]
    run(settings)
    assert [path.read_bytes() for path in paths] == before


def test_the_loss_of_each_test_window_is_stored_for_each_seed():
    expanding = {"scheme": "expanding", "folds": 2, "test_size": 20, "validation_size": 10}
    settings = build(WAVE, split_settings=expanding, window_settings={"length": 5, "horizon": 2})
    predict(lambda part, seed: part.raw_targets() + part.table["row"][:, None] * 0.001 * (seed + 1) * [1.0, 3.0])
    evaluation, _ = run(settings)
    table = files.read_table(files.LOSSES / f"{NAME}.parquet")
    rows = np.concatenate([dataset.load("tiny", fold, "test").table["row"] for fold in (0, 1)])
    assert list(table) == ["row", "loss_0", "loss_1"]
    assert table["row"].dtype == np.int64
    np.testing.assert_array_equal(table["row"], np.sort(rows))
    for seed in (0, 1):
        # (1 + 9) / 2 of the squared error of the first step.
        np.testing.assert_allclose(table[f"loss_{seed}"], 5 * (table["row"] * 0.001 * (seed + 1)) ** 2)
        mean = evaluation["parts"]["test"]["seeds"][str(seed)]["mse"]
        assert table[f"loss_{seed}"].mean() == pytest.approx(mean, rel=1e-6)


def test_identical_forecasts_are_identical_whatever_rows_scale_them():
    # A trend: the spread of the training rows depends on how many there are.
    values = 0.5 * np.arange(200) + 10 * np.tile(WAVE, 2)[:200]
    tables, scales = [], []
    for split in (
        {"scheme": "holdout", "validation": 0, "test": 0.3},
        {"scheme": "holdout", "test": 0.3, "validation": 0.2},
    ):
        settings = build(values, split_settings=split, window_settings={"length": 5}, score_units="standardised")
        predict(lambda part, seed: part.raw_targets() + np.sin(part.table["row"])[:, None] * (seed + 1))
        evaluation, _ = run(settings)
        scales.append(evaluation["score_scale"])
        assert scales[-1] == pytest.approx(dataset.load("tiny", 0, "train").spec.target_scale, rel=1e-6)
        tables.append(files.read_table(files.LOSSES / f"{NAME}.parquet"))
        np.testing.assert_allclose(tables[-1]["loss_1"], (2 * np.sin(tables[-1]["row"])) ** 2)
        mean = evaluation["parts"]["test"]["seeds"]["1"]["mse"] * scales[-1] ** 2
        assert tables[-1]["loss_1"].mean() == pytest.approx(mean, rel=1e-5)
    assert scales[0] / scales[1] > 1.2
    got = pairing.paired(*tables, scale=scales[0])
    assert (got["reduction"], got["p_value"], got["comparison"]) == (0, 1, "not_distinguishable")
    mean = np.mean([tables[0][f"loss_{seed}"].mean() for seed in (0, 1)])
    assert got["before"] == got["after"] == pytest.approx(mean / scales[0] ** 2)


def test_all_folds_are_scored_in_the_units_of_the_first():
    expanding = {"scheme": "expanding", "folds": 2, "test_size": 40}
    values = np.arange(200.0) ** 2 / 100
    settings = build(values, split_settings=expanding, window_settings={"length": 5}, score_units="standardised")
    predict(lambda part, seed: part.raw_targets() + 3.0)
    evaluation, _ = run(settings)
    first, last = (dataset.load("tiny", fold, "train").spec.target_scale for fold in (0, 1))
    assert last > 1.3 * first
    assert evaluation["score_scale"] == pytest.approx(first, rel=1e-6)
    assert [fold["network"]["mae"]["mean"] for fold in evaluation["parts"]["test"]["folds"]] == pytest.approx(
        [3 / first] * 2, rel=1e-5
    )


def test_stored_losses_of_classes_are_brier_scores_and_of_no_number_none():
    settings = build(WAVE, split_settings=HOLDOUT, window_settings={"length": 5, "target": {"kind": "sign"}})
    predict(lambda part, seed: np.full((len(part), 1), np.nan if seed else 0.3))
    evaluation, _ = run(settings)
    table = files.read_table(files.LOSSES / f"{NAME}.parquet")
    assert table["loss_0"].mean() == pytest.approx(evaluation["parts"]["test"]["seeds"]["0"]["brier"], rel=1e-6)
    assert np.isnan(table["loss_1"]).all()


def test_no_validation_part_and_one_seed():
    settings = build(
        WAVE,
        split_settings={"scheme": "holdout", "validation": 0, "test": 0.2},
        window_settings={"length": 5},
        seeds=[7],
    )
    predict(lambda part, seed: part.raw_targets(), seeds=[7])
    evaluation, short = run(settings)
    assert set(evaluation["parts"]) == {"train", "test"}
    assert short == {
        "validation": "none: no setting can be chosen",
        "train": {"r2": 1.0},
        "weights": 101,
        "updates": 20,
    }
    assert evaluation["parts"]["test"]["network"]["r2"] == {"mean": 1.0, "std": None, "min": 1.0, "max": 1.0}


def test_predictions_that_are_not_finite_are_a_result():
    settings = build(WAVE, split_settings=HOLDOUT, window_settings={"length": 5})
    predict(lambda part, seed: part.raw_targets() * (np.nan if seed else 1))
    evaluation, short = run(settings)
    assert evaluation["parts"]["test"]["network"]["mse"]["mean"] is None
    assert evaluation["parts"]["test"]["seeds"]["0"]["mse"] == 0
    assert short["validation"]["mse"] is None
    assert evaluation["parts"]["test"]["skill"]["persistence"] is None
    comparison = evaluation["comparison"]["naive"]
    assert (comparison["skill"], comparison["p_value"], comparison["comparison"]) == (None, 0.0, "worse")
    assert short["validation"]["skill"] is None


def test_standardised_scores_are_in_units_of_the_training_rows():
    settings = build(10 + 5 * WAVE, split_settings=HOLDOUT, window_settings={"length": 5}, score_units="standardised")
    predict(lambda part, seed: part.raw_targets() + 1.0)
    evaluation, _ = run(settings)
    deviation = dataset.load("tiny", 0, "train").spec.target_scale
    assert deviation > 2
    assert evaluation["parts"]["test"]["network"]["mae"]["mean"] == pytest.approx(1 / deviation)
    # MASE has no units: the same in both.
    mase = evaluation["parts"]["test"]["network"]["mase"]["mean"]
    settings = build(10 + 5 * WAVE, split_settings=HOLDOUT, window_settings={"length": 5})
    assert run(settings)[0]["parts"]["test"]["network"]["mase"]["mean"] == pytest.approx(mase)


def test_several_steps_are_scored_together_and_each():
    settings = build(WAVE, split_settings=HOLDOUT, window_settings={"length": 5, "horizon": 3})
    predict(lambda part, seed: part.raw_targets() + np.array([0.0, 0.1, 0.2]))
    test = run(settings)[0]["parts"]["test"]
    assert [step["network"]["mae"]["mean"] for step in test["steps"]] == pytest.approx([0, 0.1, 0.2])
    assert test["network"]["mae"]["mean"] == pytest.approx(0.1)


def test_folds_are_pooled_and_each():
    expanding = {"scheme": "expanding", "folds": 2, "test_size": 20, "validation_size": 10}
    settings = build(WAVE, split_settings=expanding, window_settings={"length": 5})
    later = dataset.load("tiny", 1, "test").table["row"][0]
    predict(lambda part, seed: part.raw_targets() + np.where(part.table["row"] >= later, 0.3, 0.1)[:, None])
    test = run(settings)[0]["parts"]["test"]
    assert [fold["network"]["mae"]["mean"] for fold in test["folds"]] == pytest.approx([0.1, 0.3])
    assert test["network"]["mae"]["mean"] == pytest.approx(0.2)
    assert test["windows"] == 30


def test_a_sign_with_its_oracle():
    random = np.random.default_rng(1)
    noise = random.normal(size=400)
    settings = build(
        noise,
        split_settings=HOLDOUT,
        window_settings={"length": 5, "target": {"kind": "sign"}},
        oracle=("normal", np.zeros(400), 1.0),
    )
    predict(lambda part, seed: np.full((len(part), 1), 0.5))
    evaluation, short = run(settings)
    test = evaluation["parts"]["test"]
    assert evaluation["classes"] == 2
    assert sum(evaluation["shares"]) == pytest.approx(1)
    assert test["network"]["log_loss"]["mean"] == pytest.approx(np.log(2))
    assert test["oracle"]["log_loss"] == pytest.approx(np.log(2))
    assert set(test["baselines"]) == {"majority", "persistence", "logistic", "logistic_last", "trees"}
    validation = evaluation["parts"]["validation"]
    assert short["oracle"]["accuracy"] == pytest.approx(validation["oracle"]["accuracy"], rel=1e-3)
    brier = {name: score["brier"] for name, score in validation["baselines"].items()}
    against = brier[evaluation["comparison"]["naive"]["baseline"]]
    assert short["validation"]["skill"] == pytest.approx(1 - 0.25 / against, rel=1e-2, abs=1e-4)


def test_three_classes_whose_outputs_are_nan():
    window_settings = {"length": 5, "target": {"kind": "classes", "quantiles": [0.2, 0.6]}}
    settings = build(WAVE, split_settings=HOLDOUT, window_settings=window_settings)
    predict(lambda part, seed: np.full((len(part), 3), np.nan))
    evaluation, _ = run(settings)
    train = evaluation["parts"]["train"]
    assert train["network"]["accuracy"]["mean"] == pytest.approx(train["truth"]["shares"][0])
    assert train["seeds"]["0"]["confusion"][1][0] > 0
    assert train["seeds"]["0"]["confusion"][1][1] == 0


def test_sequences():
    sequences = np.concatenate([np.r_[np.zeros(10 - k), np.ones(k)] for k in range(1, 11)])
    settings = build(
        sequences,
        split_settings={"scheme": "sequences", "validation": 0, "test": 0.2},
        scaling={"features": "none", "target": "none"},
        window_settings={"length": "sequence", "target": {"kind": "sequence_mean"}},
        sequence_length=10,
        oracle=("exact", 0.0, 0.0),
    )
    predict(lambda part, seed: np.full((len(part), 1), 0.4))
    test = run(settings)[0]["parts"]["test"]
    assert test["oracle"]["mse"] == 0
    assert test["network"]["spread"]["mean"] == 0
    assert test["network"]["mase"]["mean"] is None
    assert test["drawn"]["truth"] == pytest.approx([0.9, 1.0])


def test_what_predict_found_of_the_state_is_told():
    settings = build(WAVE, split_settings=HOLDOUT, window_settings={"length": 5})
    predict(lambda part, seed: part.raw_targets())
    found = {"state": "none", "windows": 15, "difference": 0.0, "tolerance": 0.01, "result": "pass"}
    files.write_json(files.MODELS / NAME / "predictions" / "state.json", found)
    assert run(settings)[0]["state"] == found


def test_neither_stage_imports_keras():
    code = (
        "import sys; import pipeline.evaluate, pipeline.report; print(sorted({m.split('.')[0] for m in sys.modules}))"
    )
    modules = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=PROJECT
    ).stdout
    assert not {"keras", "tensorflow", "jax"} & set(json.loads(modules.replace("'", '"')))
