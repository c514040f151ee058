"""A real series from elsewhere, added as a user adds one: by an edit of params.yaml alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from pipeline import baselines, dataset, raw, scale, split, window
from pipeline.common import files, params
from tests.conftest import PROJECT, tiny_params, write_params

ETTH1 = PROJECT.parent / "shared/data/ETTh1.csv"
pytestmark = pytest.mark.skipif(not ETTH1.exists(), reason="ETTh1.csv is not shipped with the project, and not here")


@pytest.fixture
def etth1(project: Path) -> str:
    (project / "data/own").mkdir(parents=True)
    shutil.copy(ETTH1, project / "data/own/ETTh1.csv")
    p = tiny_params()
    p["series"]["etth1"] = {"source": "data/own/ETTh1.csv", "time": "date", "target": "OT", "period": 24}
    p["datasets"]["etth1_24"] = {
        "series": "etth1",
        "split": {
            "scheme": "holdout",
            "validation": {"from": "2017-06-26 00:00"},
            "test": {"from": 11520, "to": 14400},
            "policy": "carry",
        },
        "window": {"length": 96, "horizon": 24},
        "scaling": {"features": "standard", "target": "standard", "window": "last"},
        "score_units": "standardised",
    }
    write_params(project, p)
    raw.main(["etth1"])
    for stage in (split.split, window.window, scale.scale):
        stage(params.load(), "etth1_24")
    return "etth1_24"


def test_the_published_split_gives_the_published_windows(etth1: str) -> None:
    assert len(files.read_array(files.RAW / "etth1" / "rows.npy")) == 17420
    fold = files.read_json(files.SPLIT / etth1 / "split.json")["folds"][0]
    assert fold["train"]["intervals"] == [[0, 8640]]
    assert fold["validation"]["intervals"] == [[8544, 11520]]
    assert len(dataset.load(etth1, 0, "test")) == 2857


def test_persistence_scores_as_measured_elsewhere(etth1: str) -> None:
    """MSE and MAE of persistence over 24 steps in standardised units: 0.034 and 0.139, measured independently."""
    part = dataset.load(etth1, 0, "test")
    error = (
        baselines.fit(dataset.load(etth1, 0, "train"))["persistence"](part) - part.raw_targets()
    ) / part.spec.target_scale
    assert np.mean(error**2) == pytest.approx(0.034, abs=0.001)
    assert np.mean(np.abs(error)) == pytest.approx(0.139, abs=0.001)
