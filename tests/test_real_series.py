"""A real series that is not bundled, added as a user would: the shipped example, merged into params.yaml."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline import dataset, raw
from pipeline.common import files, params
from pipeline.dataset import scaling, splitting, windowing
from pipeline.network import predicting, training
from pipeline.scoring import baselines
from tests.conftest import PROJECT
from tools import merge

PLACES = (PROJECT / "data/own/ETTh1.csv", PROJECT.parent / "shared/data/ETTh1.csv")
ETTH1 = next((path for path in PLACES if path.exists()), PLACES[0])
DATASET = "etth1_24"
pytestmark = pytest.mark.skipif(not ETTH1.exists(), reason="ETTh1.csv is not shipped with the project, and not here")


@pytest.fixture
def etth1(project: Path) -> str:
    """The project with the example's dataset, up to its scaling."""
    (project / "data/own").mkdir(parents=True)
    shutil.copy(ETTH1, project / "data/own/ETTh1.csv")
    shutil.copytree(PROJECT / "examples", project / "examples")
    merge.main(["examples/etth1.yaml"])
    raw.main(["etth1"])
    for stage in (splitting.split, windowing.window, scaling.scale):
        stage(params.load(), DATASET)
    return DATASET


def _errors(part: dataset.Part, forecast: np.ndarray) -> tuple[float, float]:
    """MSE and MAE in units of the standard deviation of the training rows."""
    error = (forecast - part.raw_targets()) / part.spec.target_scale
    return float(np.mean(error**2)), float(np.mean(np.abs(error)))


def test_the_published_split_gives_the_published_windows(etth1: str) -> None:
    assert len(files.read_array(files.RAW / "etth1" / "rows.npy")) == 17420
    described = files.read_json(files.SPLIT / etth1 / "split.json")
    fold, length = described["folds"][0], params.load()["datasets"][etth1]["window"]["length"]
    assert (described["policy"], described["gap"]) == ("carry", 0)
    assert fold["train"]["intervals"] == [[0, 8640]]
    assert fold["validation"]["intervals"] == [[8640 - length, 11520]]
    assert fold["test"]["intervals"] == [[11520 - length, 14400]]
    test = dataset.load(etth1, 0, "test")
    assert len(test) == 2857
    np.testing.assert_array_equal(test.table["row"], np.arange(11520, 14400 - 24 + 1))


def test_the_example_names_a_table_of_its_own_windows(etth1: str) -> None:
    import yaml

    tables = yaml.safe_load((PROJECT / "pipeline/report/published.yaml").read_text(encoding="utf-8"))
    p = params.load()
    named = {name: each for name, each in p["experiments"].items() if each["published"]}
    assert {each["dataset"] for each in named.values()} == {DATASET}
    for each in named.values():
        table, chosen = tables[each["published"]], p["datasets"][each["dataset"]]
        assert table["horizon"] == chosen["window"]["horizon"]
        assert table["units"] == chosen["score_units"]
        assert table["windows"] == len(dataset.load(etth1, 0, "test"))
        assert len(each["training"]["seeds"]) == 3


@pytest.mark.parametrize(
    ("name", "mse", "mae"),
    [("persistence", 0.034, 0.139), ("seasonal_naive", 0.046, 0.166), ("ridge", 0.0264, 0.1234)],
)
def test_baselines_score_as_measured_elsewhere(etth1: str, name: str, mse: float, mae: float) -> None:
    """Over 24 steps in standardised units; the figures were measured independently, to so many digits."""
    digits = 5e-5 if name == "ridge" else 5e-4
    part = dataset.load(etth1, 0, "test")
    found = _errors(part, baselines.fit(dataset.load(etth1, 0, "train"))[name](part))
    assert found[0] == pytest.approx(mse, abs=digits)
    assert found[1] == pytest.approx(mae, abs=digits)


@pytest.mark.slow
def test_each_seed_of_the_network_keeps_the_bar(etth1: str) -> None:
    """At most 0.0275 and 0.1255, where persistence has 0.034 and 0.139 and the published networks 0.098 and more."""
    experiment = "etth1_lstm_skip"
    p = params.load()
    training.train(p, experiment)
    predicting.predict(p, experiment)
    part = dataset.load(etth1, 0, "test")
    table = files.read_table(files.MODELS / experiment / "predictions/fold0/test.parquet")
    for seed in (0, 1, 2):
        outputs = np.stack([table[f"seed{seed}_{step}"] for step in range(24)], axis=1)
        mse, mae = _errors(part, outputs)
        assert mse <= 0.0275, f"seed {seed}: {mse}"
        assert mae <= 0.1255, f"seed {seed}: {mae}"
