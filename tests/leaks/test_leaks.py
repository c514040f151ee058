from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from pipeline import dataset
from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.dataset import scaling, splitting, windowing
from pipeline.leaks import __main__, batches, choice, division, rows, scratch_project, stage, values
from pipeline.leaks.values import centred_mean, fill_future, trailing_mean
from pipeline.network import predicting
from tests.helpers.parts import make_part

PROOFS = {
    "scaler_on_all_rows": "perturbation_test",
    "shuffle_before_split": "intervals",
    "no_gap": "intervals",
    "given_windows_at_random": "overlap",
    "ids_on_both_sides": "ids",
    "thresholds_on_all_rows": "perturbation_test",
    "centred_rolling_feature": "prefix",
    "back_filling": "prefix",
    "joined_later_mean": "prepare",
    "label_among_inputs": "reads",
    "early_stopping_on_test": "perturbation_test",
    "best_of_24_on_test": "perturbation_test",
    "drop_last_on_test": "state",
}
KEYS = ["name", "about", "proof", "caught", "clean_passes", "found", "metric", "clean", "leaky", "gain", "learner"]
LEAKS = {leak.name: leak for leak in stage.all_leaks()}


def test_all_are_planted_in_the_order_of_the_report() -> None:
    assert list(LEAKS) == list(PROOFS)


@pytest.mark.parametrize("name", PROOFS)
def test_the_proof_catches_the_leak_and_passes_its_clean_twin(name: str) -> None:
    outcome = stage.prove(LEAKS[name])
    assert outcome["proof"] == PROOFS[name]
    assert outcome["caught"] is True
    assert outcome["clean_passes"] is True
    assert 1 <= len(outcome["found"]) <= 5


@pytest.mark.parametrize("name", PROOFS)
def test_the_clean_step_in_place_of_the_leaky_one_is_not_caught(name: str) -> None:
    leak = LEAKS[name]
    # Cached, for both are the same step now, and a proof that trains takes its time.
    outcome = stage.prove(replace(leak, leaky=leak.clean, prove=functools.cache(leak.prove)))
    assert outcome["caught"] is False
    assert outcome["found"] == []


@pytest.mark.parametrize("name", ["shuffle_before_split", "centred_rolling_feature"])
def test_the_leaky_step_in_place_of_the_clean_one_does_not_pass(name: str) -> None:
    leak = LEAKS[name]
    assert stage.prove(replace(leak, clean=leak.leaky))["clean_passes"] is False


def test_the_file_holds_the_keys_and_gains_that_agree(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(division, "_SERIES", 2)
    monkeypatch.setattr(values, "_SERIES", 2)
    some = [LEAKS["no_gap"], LEAKS["back_filling"]]
    monkeypatch.setattr(stage, "all_leaks", lambda: some)
    __main__.main([])
    written = files.read_json(files.LEAKS)
    assert [list(entry) for entry in written["leaks"]] == [KEYS, KEYS]
    assert [entry["name"] for entry in written["leaks"]] == ["no_gap", "back_filling"]
    for entry in written["leaks"]:
        assert entry["gain"] == pytest.approx(entry["leaky"] - entry["clean"], abs=1e-9)
        assert entry["gain"] > 0
    first = files.LEAKS.read_bytes()
    __main__.main([])
    assert files.LEAKS.read_bytes() == first
    assert sorted(path.name for path in project.iterdir()) == ["params.yaml", "pipeline", "reports"]


def test_the_command_takes_no_argument() -> None:
    with pytest.raises(UserError, match="takes no argument"):
        __main__.main(["all"])


def test_gains_are_rounded_so_that_the_figures_shown_agree() -> None:
    leak = replace(LEAKS["no_gap"], clean=lambda: 0.00004, leaky=lambda: 0.12346, score=lambda step: step())
    assert stage.score(leak) == {
        "metric": "r2",
        "clean": 0.0,
        "leaky": 0.1235,
        "gain": 0.1235,
        "learner": leak.learner,
    }


def test_scaling_by_all_rows_takes_the_range_of_the_series() -> None:
    series = np.arange(100.0)[:, None]
    settings = {
        "split": {"scheme": "holdout", "validation": 0.2, "test": 0.3},
        "window": {"length": 4},
        "scaling": {"features": "minmax", "target": "minmax"},
    }
    with scratch_project.project(series, settings) as p:
        splitting.split(p, scratch_project.NAME)
        windowing.window(p, scratch_project.NAME)
        scaling.scale(p, scratch_project.NAME)
        clean = files.read_json(files.SCALED / scratch_project.NAME / "scaling.json")
        rows.scale_by_all_rows(p, scratch_project.NAME)
        leaky = files.read_json(files.SCALED / scratch_project.NAME / "scaling.json")
        train, validation = (
            files.read_array(files.SCALED / scratch_project.NAME / "fold0" / f"{k}.npy") for k in splitting.PARTS[:2]
        )
        assert train.max() == pytest.approx(49 / 99)
        assert validation.max() == pytest.approx(69 / 99)
    assert clean["folds"][0]["target"]["scale"] == pytest.approx(49)
    assert leaky["folds"][0]["target"]["scale"] == pytest.approx(99)
    assert leaky["folds"][0]["features"]["value"]["scale"] == pytest.approx(99)


def test_classes_by_all_rows_take_the_quantiles_of_the_series() -> None:
    series = np.arange(104.0)[:, None]
    settings = {
        "split": {"scheme": "holdout", "validation": 0, "test": 0.5},
        "window": {"length": 4, "target": {"kind": "classes", "of": "value", "quantiles": [0.25, 0.75]}},
    }
    with scratch_project.project(series, settings) as p:
        splitting.split(p, scratch_project.NAME)
        windowing.window(p, scratch_project.NAME)
        clean = files.read_json(files.WINDOWS / scratch_project.NAME / "windows.json")["folds"][0]
        rows.classes_by_all_rows(p, scratch_project.NAME)
        leaky = files.read_json(files.WINDOWS / scratch_project.NAME / "windows.json")["folds"][0]
        table = files.read_table(files.WINDOWS / scratch_project.NAME / "fold0" / "train.parquet")
    # Targets of training are 4 … 51, those of the series 4 … 103.
    assert clean["thresholds"] == pytest.approx([15.75, 39.25])
    assert leaky["thresholds"] == pytest.approx([28.75, 78.25])
    np.testing.assert_array_equal(table["target_0"], (np.arange(4, 52) > 28.75).astype(float))
    assert leaky["shares"] == pytest.approx([25 / 48, 23 / 48, 0])


def test_means_over_five_rows() -> None:
    series = np.array([[1.0], [2.0], [3.0], [4.0], [5.0], [6.0]])
    np.testing.assert_allclose(trailing_mean(series)[:, 0], [1, 1.5, 2, 2.5, 3, 4])
    np.testing.assert_allclose(centred_mean(series)[:, 0], [2, 2.5, 3, 4, 4.5, 5])


def test_means_of_blocks_of_five_rows() -> None:
    series = np.arange(12.0)[:, None]
    np.testing.assert_allclose(values.block_mean(series)[:, 0], [2] * 5 + [7] * 5 + [10.5] * 2)
    np.testing.assert_allclose(values.earlier_block_mean(series)[:, 0], [0] * 5 + [2] * 5 + [7] * 2)


def test_filling_from_the_future_takes_the_next_measured_value() -> None:
    series = np.array([[np.nan], [1.0], [np.nan], [np.nan], [2.0], [np.nan]])
    np.testing.assert_array_equal(fill_future(series)[:, 0], [1, 1, 2, 2, 2, np.nan])


def test_the_best_setting_is_that_with_the_least_loss_on_the_part_that_chooses() -> None:
    with scratch_project.project(choice._noise(1), choice._DATASET) as p:
        train, test = scratch_project.make_parts(p)
        validation = dataset.load(scratch_project.NAME, 0, "validation")
        by_test = choice.choose_by_test(scratch_project.NAME, 0)
        by_validation = choice.choose_by_validation(scratch_project.NAME, 0)
    assert len(set(choice.SETTINGS)) == 24
    for part, (best, network, losses) in ((test, by_test), (validation, by_validation)):
        own = [np.mean((choice._fit(train, *each)(part) - part.raw_targets()) ** 2) for each in choice.SETTINGS]
        assert losses == pytest.approx(own)
        assert best == int(np.argmin(own))
        assert np.mean((network(part) - part.raw_targets()) ** 2) == pytest.approx(min(own))
    assert by_test[0] != by_validation[0]


def test_the_networks_of_the_sweep_are_ridge_regressions_on_random_units() -> None:
    from sklearn.linear_model import Ridge

    with scratch_project.project(choice._noise(2), choice._DATASET) as p:
        train, test = scratch_project.make_parts(p)
    random = np.random.default_rng([9, 1])
    weights, bias = random.standard_normal((10, 8)) / 10**0.5, random.standard_normal(8)
    hidden = [np.tanh(part.inputs()[:, :, 0] @ weights + bias) for part in (train, test)]
    expected = Ridge(alpha=10.0).fit(hidden[0], train.targets()).predict(hidden[1])
    found = choice._fit(train, 8, 10.0, 1)(test)
    np.testing.assert_allclose(found[:, 0], test.restore(expected.reshape(-1, 1))[:, 0], rtol=1e-5)


@pytest.mark.parametrize(("size", "kept"), [(1, 29), (4, 28), (29, 29), (15, 15), (30, 0)])
def test_whole_batches_leave_out_the_last_incomplete_one(size: int, kept: int) -> None:
    part = make_part(np.random.default_rng(0).normal(size=34), length=5)
    network = SimpleNamespace(predict_on_batch=lambda inputs: inputs[:, -1])
    every = predicting.windows(part, network, {"state": "none"})
    assert len(every) == 29
    np.testing.assert_array_equal(
        batches.whole_batches(part, network, {"state": "none", "batch_size": size}), every[:kept]
    )


def test_what_is_reported_is_the_best_batch_size() -> None:
    def first(count: int) -> batches.Predict:
        return lambda part, network, training: predicting.windows(part, network, training)[:count]

    whole = batches._score(predicting.windows)
    kept = {count: batches._score(first(count)) for count in (128, 160, 168)}
    assert whole < kept[168] < kept[160] < kept[128]
    assert batches._score(batches.whole_batches) == pytest.approx(max(kept.values()))


def test_both_divisions_ask_about_the_same_rows() -> None:
    with scratch_project.project(division._walk(500, 0), division._dataset(421)) as p:
        clean, leaky = division.by_rows(p, scratch_project.NAME), division.by_window_number(p, scratch_project.NAME)
        shuffled = division.by_shuffled_windows(p, scratch_project.NAME)
    np.testing.assert_array_equal(clean["test"].start, leaky["test"].start)
    assert clean["train"].start.max() == 421 - 60
    assert leaky["train"].start.max() == 420
    assert len(shuffled["test"].start) == len(leaky["test"].start)
    together = np.sort(np.concatenate([shuffled["train"].start, shuffled["test"].start]))
    np.testing.assert_array_equal(together, np.arange(441))


def test_a_project_gives_back_the_rows_to_the_bit() -> None:
    series = np.array([[1 / 3, np.nan], [np.pi, -0.0], [1e-300, 2.0]])
    before = Path.cwd()
    with scratch_project.project(
        series, {"split": {"scheme": "holdout", "validation": 0, "test": 0.5}, "window": {"length": 1}}
    ) as p:
        stored = np.array(files.read_array(files.RAW / scratch_project.NAME / "rows.npy"))
        assert p["datasets"][scratch_project.NAME]["window"]["horizon"] == 1
    assert Path.cwd() == before
    # The second column is no feature, so it is not read.
    np.testing.assert_array_equal(stored, series[:, :1])
