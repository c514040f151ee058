"""Alignment with horizon 0 and with labels: the target's own row is no alarm, a copy of it among the inputs is one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.diagnose import remedies
from pipeline.diagnose.facts import ahead, alignment, data, level
from tests.conftest import PROJECT
from tests.diagnose.test_rules import decide, spaces
from tests.helpers import labelled

ROWS = 600


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "pipeline").symlink_to(PROJECT / "pipeline")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(frame: pd.DataFrame, kind: str = "label", horizon: int = 0) -> tuple[alignment.Alignment, bool, bool]:
    """Return the alignment of the training windows, and whether it is reported as misaligned or as looking ahead."""
    features = [name for name in frame.columns if name != "y"]
    window = {"length": 6, "horizon": horizon, "target": {"kind": kind}}
    labelled.made(frame, labelled.settings(features, window))
    train = labelled.parts()["train"]
    facts = alignment.facts(train)
    others = [asdict(each) for each in ahead.facts(train)]
    known = {"data": {"alignment": asdict(facts), "season": None, "ahead": others}}
    return facts, decide("target_misaligned", known) is not None, decide("looks_ahead", known) is not None


def wave(step: float = 0.3) -> pd.DataFrame:
    t = step * np.arange(ROWS)
    return pd.DataFrame({"x": np.cos(t), "y": np.sin(t)})


@pytest.mark.parametrize("step", [0.1, 0.3, 0.7, 1.2])
def test_sin_from_cos_is_no_alarm(folder: Path, step: float) -> None:
    facts, misaligned, looks = found(wave(step), "value")
    assert facts.own.declared == 1.0
    assert facts.own.offset == 0
    assert facts.known == 0.0
    assert not misaligned
    assert not looks


@pytest.mark.parametrize("horizon", [0, 1])
@pytest.mark.parametrize("stay", [0.2, 0.9, 0.98])
def test_sticky_labels_are_no_alarm(folder: Path, horizon: int, stay: float) -> None:
    facts, misaligned, looks = found(labelled.sticky(ROWS, ["a", "b", "c"], stay=stay), horizon=horizon)
    assert facts.own.declared == 1.0
    assert facts.own.offset == 0
    # The target's own column holds the target in earlier rows as often as labels stay, and not always.
    assert facts.known_own is not None
    assert facts.known_own < 1
    assert not misaligned
    assert not looks


def test_the_label_of_the_row_before_is_an_honest_input(folder: Path) -> None:
    frame = labelled.sticky(ROWS, [0, 1, 2], stay=0.97)
    frame["before"] = frame["y"].shift(1).fillna(0)
    facts, misaligned, _ = found(frame)
    assert facts.known == pytest.approx(facts.known_own, abs=0.01)
    assert not misaligned


@pytest.mark.parametrize("late", [0, 2])
@pytest.mark.parametrize("stay", [0.2, 0.9])
def test_a_copy_of_the_label_among_the_inputs_is_reported(folder: Path, late: int, stay: float) -> None:
    frame = labelled.sticky(ROWS, [0, 1, 2], stay=stay)
    frame["copy"] = np.roll(frame["y"], -late)
    facts, misaligned, _ = found(frame)
    assert misaligned
    assert (facts.known_feature, facts.known_lag) == ("copy", late + 1)


@pytest.mark.parametrize("horizon", [0, 1])
def test_a_season_is_missing_only_where_it_would_help(folder: Path, horizon: int) -> None:
    season = {"visible": 24, "visible_autocorrelation": 0.9, "given": None, "autocorrelation": None}
    facts = {"data": {"season": season}, "settings": {"=window": {"horizon": horizon}}}
    assert (decide("season_not_set", facts) is not None) == bool(horizon)


@pytest.mark.parametrize(
    ("classes", "head", "units", "loss", "reported"),
    [
        (5, "softmax", 5, "categorical_crossentropy", False),
        (5, "sigmoid", 5, "binary_crossentropy", True),
        (5, "sigmoid", 5, "categorical_crossentropy", True),
        (5, "softmax", 5, "mean_squared_error", False),
        (2, "sigmoid", 1, "binary_crossentropy", False),
        (2, "softmax", 1, "categorical_crossentropy", True),
    ],
)
def test_heads_of_many_classes(classes: int, head: str, units: int, loss: str, reported: bool) -> None:
    facts: dict[str, Any] = {
        "data": {"kind": classes},
        "network": {"loss": loss, "head": {"activation": head, "units": units}},
        "experiment": {"=training": {"label_smoothing": 0.0}, "compiled": None},
    }
    assert (decide("loss_head_mismatch", facts) is not None) == reported


@pytest.mark.parametrize(("classes", "name"), [(2, "ln 2"), (7, "ln 7")])
def test_the_loss_of_a_constant_answer(classes: int, name: str) -> None:
    facts: dict[str, Any] = {
        "data": {"classes": {"=shares": [1 / classes] * classes, "entropy": None}},
        "network": {"loss": "categorical_crossentropy"},
        "=course": {"0": type("Run", (), {"last": float(np.log(classes)), "penalty_share": 0.0})()},
    }
    evidence = decide("loss_at_floor", facts)
    assert evidence is not None
    assert evidence.values["constant"] == name


def test_no_fact_takes_the_target_for_its_own_past(folder: Path) -> None:
    found(wave(), "value")
    train = labelled.parts()["train"]
    assert data.persistence(train) is None
    assert level.unit_root(train) is not None  # of the column, whatever the horizon


@pytest.mark.parametrize(("horizon", "kind", "left"), [(0, "value", 0), (0, "label", 1), (1, "value", 1)])
def test_no_remedy_needs_the_targets_past(horizon: int, kind: str, left: int) -> None:
    window = {"horizon": horizon, "target": {"kind": kind}}
    facts = spaces({"experiment": {"name": "e", "dataset": "d", "=options": [], "=training": {}, "=architecture": {}}})
    facts.settings = SimpleNamespace(split={}, window=window, scaling={"window": "none"})
    assert len(remedies.settings({"dataset.scaling.window": "last"}, facts)) == left
