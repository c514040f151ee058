"""The shipped example of a function that makes columns: merged, read, proved, trained."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline import dataset, raw
from pipeline.common import files, params
from pipeline.dataset import scaling, splitting, windowing
from pipeline.leakage import perturbation, prepared
from pipeline.network import predicting, training
from pipeline.report import trust
from pipeline.series import preparing
from tests.conftest import PROJECT
from tests.helpers.project import Project
from tests.helpers.proofs import CHEAP
from tools import merge


@pytest.fixture
def example(project: Path) -> Path:
    """The project with the example's entries, and its file where the user copies it."""
    shutil.copytree(PROJECT / "examples", project / "examples")
    (project / "data/own").mkdir(parents=True)
    shutil.copy(project / "examples/heating.csv", project / "data/own/heating.csv")
    merge.main(["examples/prepare.yaml"])
    return project


def prepare() -> None:
    raw.main(["heating"])
    for stage in (splitting.split, windowing.window, scaling.scale):
        stage(params.load(), "heating_hourly")


def test_the_example_learns_from_the_columns_that_it_makes(example: Path) -> None:
    prepare()
    table = files.read_json(files.RAW / "heating/series.json")
    assert table["columns"] == ["load", "load_change", "temperature_mean"]
    frame = pd.read_csv("data/own/heating.csv")
    rows = files.read_array(files.RAW / "heating/rows.npy")
    np.testing.assert_allclose(rows[100, 2], frame.temperature[77:101].mean())
    np.testing.assert_allclose(rows[100, 1], frame.load[100] - frame.load[99])
    p = params.load()
    training.train(p, "heating_gru")
    predicting.predict(p, "heating_gru")
    part = dataset.load("heating_hourly", 0, "test")
    found = files.read_table(files.MODELS / "heating_gru/predictions/fold0/test.parquet")["seed0_0"]
    truth = part.raw_targets()[:, 0]
    assert 1 - np.mean((found - truth) ** 2) / truth.var() > 0.8


def test_its_proof_is_among_those_of_the_page(example: Path) -> None:
    prepare()
    proof = prepared.prove("heating")
    assert (proof.result, proof.compared["prefixes"]) == ("pass", proof.compared["replacements"])
    p = params.load()
    other = perturbation.check(p, "heating_hourly", 0, "test", CHEAP)
    assert other.result == "pass"
    shown = trust.section({"heating_hourly": {"proofs": [vars(other), vars(proof)]}}, None, [])
    assert [column["title"] for column in shown["columns"]] == ["Perturbed test", "Prepare"]
    assert "2 proofs" in shown["verdict"]


@pytest.fixture
def leaky(example: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The example with the backward fill that its comment names."""
    import pipeline.prepare

    source = (PROJECT / "pipeline/prepare/past.py").read_text(encoding="utf-8")
    changed = source.replace(
        "    return frame.assign(", "    frame['temperature'] = frame.temperature.bfill()\n    return frame.assign("
    )
    assert changed != source
    folder = example / "code"
    folder.mkdir()
    (folder / "past.py").write_text(changed, encoding="utf-8")
    monkeypatch.setattr(preparing, "FOLDER", folder)
    monkeypatch.setattr(pipeline.prepare, "__path__", [str(folder)])
    sys.modules.pop("pipeline.prepare.past", None)
    text = params.FILE.read_text(encoding="utf-8")
    params.FILE.write_text(text.replace("temperature_mean]", "temperature]"), encoding="utf-8")
    yield
    sys.modules.pop("pipeline.prepare.past", None)


def test_a_backward_fill_in_it_is_named(leaky: None) -> None:
    prepare()
    proof = prepared.prove("heating")
    assert proof.result == "fail"
    (line,) = proof.found
    assert line.startswith("temperature: row 400 (2024-01-17 16:00:00) is ")


@pytest.mark.slow
def test_its_commands_run_by_snakemake_prove_the_function_and_run_nothing_twice(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    shutil.copy(project.folder / "examples/heating.csv", project.folder / "data/own/heating.csv")
    project("dvc", "add", "data/own/heating.csv")
    project("python", "-m", "tools.merge", "examples/prepare.yaml")
    target = "reports/experiments/heating_gru.html"
    project("snakemake", "--cores", "1", target)
    proofs = json.loads((project.folder / "reports/leakage/heating_hourly.json").read_text())["proofs"]
    (proof,) = [each for each in proofs if each["name"] == "prepare"]
    assert proof["result"] == "pass"
    assert "Nothing to be done" in project("snakemake", "--cores", "1", target).stderr
    # A function that looks ahead is found by the next run of the same command.
    code = project.folder / "pipeline/prepare/past.py"
    text = code.read_text(encoding="utf-8")
    code.write_text(text.replace("rolling(24, min_periods=1)", "rolling(24, min_periods=1, center=True)"))
    project("snakemake", "--cores", "1", target)
    proofs = json.loads((project.folder / "reports/leakage/heating_hourly.json").read_text())["proofs"]
    (proof,) = [each for each in proofs if each["name"] == "prepare"]
    assert proof["result"] == "fail"
    assert "temperature_mean" in proof["found"][0]
