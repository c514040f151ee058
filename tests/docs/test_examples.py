"""The examples with a file of their own run through every stage of an experiment, and the report names their labels."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from pipeline.baselines.stage import baselines
from pipeline.common import files, params
from pipeline.dataset import scaling, splitting, windowing
from pipeline.diagnose.stage import diagnose
from pipeline.evaluate.stage import evaluate
from pipeline.network import predicting, training
from pipeline.report import drawings, page
from pipeline.report.experiments import _about
from pipeline.series import reading
from tests.conftest import PROJECT, tiny_params
from tests.helpers import examples


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Return evaluation and diagnosis of each example's experiment, with one seed."""
    results = {}
    for name in examples.FILES:
        folder = tmp_path_factory.mktemp(name)
        given = yaml.safe_load((PROJECT / "examples" / f"{name}.yaml").read_text(encoding="utf-8"))
        (experiment,) = given["experiments"].values()
        experiment["training"]["seeds"] = [0]
        rest = {key: tiny_params()[key] for key in ("size", "calibration", "diagnosis")}
        (folder / "params.yaml").write_text(yaml.safe_dump(rest | given), encoding="utf-8")
        (folder / "pipeline").symlink_to(PROJECT / "pipeline")
        (folder / "data/own").mkdir(parents=True)
        shutil.copy(PROJECT / "examples" / f"{name}.csv", folder / "data/own")
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            results[name] = _run(params.load())
    return results


def _run(p: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    (series,), (data,), (name,) = p["series"], p["datasets"], p["experiments"]
    reading.raw(p, series)
    for stage in (splitting.split, windowing.window, scaling.scale, baselines):
        stage(p, data)
    training.train(p, name)
    predicting.predict(p, name)
    evaluate(p, name)
    diagnose(p, name)
    return files.read_json(files.EVALUATION / f"{name}.json"), files.read_json(files.DIAGNOSIS / f"{name}.json")


@pytest.mark.parametrize("name", examples.FILES)
def test_the_shipped_rows_are_those_that_are_described(name: str) -> None:
    shipped = pd.read_csv(PROJECT / "examples" / f"{name}.csv")
    pd.testing.assert_frame_equal(shipped, examples.FILES[name]())


def test_a_soft_sensor_learns_sin_from_cos(ran: dict[str, Any]) -> None:
    evaluation, diagnosis = ran["soft_sensor"]
    test = evaluation["parts"]["test"]
    assert test["seeds"]["0"]["r2"] > 0.95
    assert "persistence" not in test["baselines"]
    assert "theta" not in test["baselines"]
    assert test["baselines"]["ridge"]["r2"] > 0.99
    assert evaluation["comparison"]["naive"]["baseline"] == "train_mean"
    assert diagnosis["verdict"] == "learning"
    # Nothing is out of place in a target of the same row, and its season is no missing setting.
    assert not {"target_misaligned", "looks_ahead", "season_not_set"} & {each["code"] for each in diagnosis["findings"]}
    assert "the value of sin in the window's last row, from 8 rows of 1 feature" in _about(evaluation)
    assert "in the window&#39;s last row" in page.render(page.content(evaluation, diagnosis, None))


def test_labels_keep_their_names(ran: dict[str, Any]) -> None:
    evaluation, diagnosis = ran["activity"]
    names = ["lying", "sitting", "stairs", "standing", "walking"]
    assert evaluation["classes"] == 5
    assert evaluation["labels"] == diagnosis["facts"]["data"]["classes"]["names"] == names
    test = evaluation["parts"]["test"]
    assert test["seeds"]["0"]["accuracy"] > test["baselines"]["majority"]["accuracy"] + 0.3
    assert list(test["baselines"]["majority"]) == list(test["baselines"]["logistic"])
    assert "persistence" not in test["baselines"]
    assert {"logistic", "trees"} <= set(test["baselines"])
    assert diagnosis["verdict"] == "learning"
    assert not {"target_misaligned", "looks_ahead", "loss_head_mismatch"} & {e["code"] for e in diagnosis["findings"]}
    assert "which of 5 labels activity has in the window's last row" in _about(evaluation)
    assert "which of 5 labels activity has" in page.render(page.content(evaluation, diagnosis, None))
    (confusion, *_) = drawings.of_experiment(evaluation, diagnosis)["predictions"]
    assert all(f">{name}<" in confusion.svg for name in names)


def test_hostile_names_of_labels_are_written_out(ran: dict[str, Any]) -> None:
    evaluation, diagnosis = ran["activity"]
    hostile = evaluation | {"labels": ["<b>", "&", '"', "</svg>", "x" * 99]}
    (confusion, *_) = drawings.of_experiment(hostile, diagnosis)["predictions"]
    assert "<b>" not in confusion.svg
    assert "&lt;/svg&gt;" in confusion.svg
    assert "x" * 99 not in confusion.svg.partition("</desc>")[2]


def test_every_example_is_run_here_or_needs_a_file_that_is_not_shipped() -> None:
    shipped = {path.stem for path in Path(PROJECT / "examples").glob("*.csv")}
    assert shipped == {*examples.FILES, "heating"}  # that one by tests/test_prepare_example.py
