"""Baselines of labels, and with horizon 0: what they know, and that the target's past is not among it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.baselines import slow
from pipeline.baselines.stage import baselines as stage
from pipeline.common import files
from pipeline.evaluate.plot_tables import calibration, confusion
from pipeline.scoring import baselines, naive
from tests.conftest import PROJECT
from tests.helpers import labelled

NAMES = ["delta", "alpha", "charlie", "bravo"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pipeline").symlink_to(PROJECT / "pipeline")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def made(horizon: int, kind: str = "label", **series: Any) -> tuple[dict[str, Any], pd.DataFrame]:
    frame = labelled.sticky(700, NAMES, stay=0.8)
    if kind == "value":
        frame["y"] = frame["x"].rolling(2).mean().bfill() + np.random.default_rng(1).normal(scale=0.1, size=700)
    given = labelled.settings(["x"], {"length": 4, "horizon": horizon, "target": {"kind": kind}})
    given["series"]["mine"] |= series
    return labelled.made(frame, given), frame


@pytest.mark.parametrize("horizon", [1, 3])
def test_persistence_of_labels_is_how_often_each_followed_the_last_one(folder: Path, horizon: int) -> None:
    _, frame = made(horizon)
    parts = labelled.parts()
    train, test = parts["train"], parts["test"]
    forecasts = naive.fit(train)
    assert list(forecasts) == ["majority", "persistence"]
    shares = np.bincount(train.raw_targets()[:, 0].astype(int), minlength=4) / len(train)
    np.testing.assert_allclose(forecasts["majority"](test)[0], shares)
    stop = int(train.table["row"][-1]) + horizon  # `row` is the first row after the window
    own = frame["y"].iloc[3:stop]
    table = pd.crosstab(own, own.shift(-horizon)).to_numpy()
    expected = (table + shares) / (table.sum(axis=1, keepdims=True) + 1)
    codes = np.searchsorted(sorted(NAMES), frame["y"].to_numpy().astype(str))
    last = codes[np.asarray(test.table["row"]) - 1]
    np.testing.assert_allclose(forecasts["persistence"](test), expected[last])


@pytest.mark.parametrize("kind", ["label", "value"])
def test_with_horizon_0_no_forecast_knows_the_targets_past(folder: Path, kind: str) -> None:
    made(0, kind, period=7)
    parts = labelled.parts()
    train, test = parts["train"], parts["test"]
    learned = baselines.fit(train)
    own = {"majority", "logistic", "logistic_last"} if kind == "label" else {"train_mean", "ridge", "ridge_last"}
    assert set(learned) == own
    assert set(naive.unlearned(train)) == own & {"majority", "train_mean"}
    late = slow.fit(train, naive.History.of(train), learned["majority" if kind == "label" else "train_mean"], 5.0)
    assert set(late.forecasts) == {"trees"}
    if kind == "value":
        assert late.left_out["theta"] == "the target's past counts as unknown with horizon 0"
    rows = np.array(test.rows)
    rows[:, test.spec.target_column] = 0.0
    blind = replace(test, rows=rows, raw=None, table={key: test.table[key] for key in ("start", "row", "last")})
    for name, forecast in (learned | late.forecasts).items():
        outputs = forecast(test)
        assert np.isfinite(outputs).all(), name
        if name != "trees":
            np.testing.assert_array_equal(outputs, forecast(replace(blind, table=test.table)), err_msg=name)


def test_the_linear_model_of_a_soft_sensor_is_ridge_on_the_window(folder: Path) -> None:
    made(0, "value")
    parts = labelled.parts()
    outputs, truth = baselines.fit(parts["train"])["ridge"](parts["test"]), parts["test"].raw_targets()
    assert 1 - np.mean((outputs - truth) ** 2) / truth.var() > 0.9


@pytest.mark.parametrize("horizon", [0, 1])
def test_the_stage_chooses_among_what_there_is(folder: Path, horizon: int) -> None:
    p, _ = made(horizon)
    stage(p, "mine")
    chosen = files.read_json(files.BASELINES / "mine" / "baselines.json")
    assert chosen["chosen"]["naive"]["baseline"] == ("persistence" if horizon else "majority")
    assert "trees" in chosen["names"]
    table = files.read_table(files.fold_folder(files.BASELINES, "mine", 0) / "test.parquet")
    for name in chosen["names"]:
        np.testing.assert_allclose(sum(table[f"{name}_{k}"] for k in range(4)), 1.0, rtol=1e-6)


def test_plots_name_the_labels() -> None:
    truth = np.array([[0.0], [1.0], [2.0], [2.0]])
    outputs = {0: np.eye(3)[[0, 1, 2, 1]]}
    rows = list(confusion(truth, outputs, 3, ["a", "b", "c"]))
    assert {row["truth"] for row in rows} <= {"a", "b", "c"}
    assert {row["class"] for row in calibration(truth, outputs, 3, ["a", "b", "c"])} == {"a", "b", "c"}
