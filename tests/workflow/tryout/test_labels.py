"""A target of text, or of few whole numbers, becomes a label; HORIZON=0 predicts that of the window's last row."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from pipeline.common.errors import UserError
from pipeline.series import own
from tests.conftest import PROJECT, tiny_params, write_params
from tests.helpers import labelled
from workflow.tryout import copying, options, steps

STAGES = ["W", "N1", "N2", "N3", "REM"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data/own").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    write_params(tmp_path, tiny_params())
    return tmp_path


def plan(frame: pd.DataFrame, *words: str, path: str = "data.txt") -> tuple[dict[str, Any], dict[str, str], Any]:
    """Return the three entries, the reasons by choice, and the plan; params.yaml must accept the entries."""
    frame.to_csv(path, index=False)
    made = steps.plan(Path(path), "mine", options.chosen(options.parse([path, *words])), None)
    steps.checked(made.text, "mine")
    given = yaml.safe_load(made.text)
    entry = {level: given[level]["mine"] for level in ("series", "datasets", "experiments")}
    return entry, {choice.what: choice.why for choice in made.choices}, made


def test_text_becomes_labels() -> None:
    frame = labelled.sticky(600, STAGES).assign(z=1.0, noise=labelled.sticky(600, [0], seed=1)["x"])
    entry, why, made = plan(frame, "--target", "y")
    assert entry["series"]["features"] == ["x", "noise"]
    assert entry["datasets"]["window"]["target"] == {"kind": "label"}
    assert entry["datasets"]["window"]["horizon"] == 1
    assert entry["experiments"]["architecture"]["head"] == "softmax"
    assert why["task"] == "y holds text, 5 different labels"
    assert "target: {kind: label}  # y holds text, 5 different labels" in made.text
    copying.write(Path(made.record.source), made.time, made.times, made.columns)
    series = own.make(path=made.record.source, target="y", features=["x", "noise"])
    assert series.labels == sorted(STAGES)
    assert [series.labels[int(code)] for code in series.rows[:, -1]] == frame["y"].tolist()


def test_a_file_that_is_clean_is_read_as_it_is() -> None:
    frame = labelled.sticky(600, STAGES)
    _, _, made = plan(frame, "--target", "y", path="data/own/stages.csv")
    assert made.record.source == "data/own/stages.csv"


def test_a_name_of_a_target_decides_for_text_too() -> None:
    entry, why, _ = plan(labelled.sticky(600, ["on", "off"]).rename(columns={"y": "Label"}).assign(w=range(600)))
    assert entry["series"]["target"] == "Label"
    assert why["target"] == "its name says so"
    assert entry["experiments"]["architecture"]["head"] == "sigmoid"


def test_few_whole_numbers_become_labels_unless_a_value_is_wanted() -> None:
    frame = labelled.sticky(600, [1, 2, 5])
    entry, why, _ = plan(frame, "--target", "y")
    assert entry["datasets"]["window"]["target"] == {"kind": "label"}
    assert entry["series"]["features"] == ["x"]
    assert why["task"] == "y holds 3 different whole numbers; KIND=value predicts the number"
    entry, why, _ = plan(frame, "--target", "y", "--kind", "value")
    assert "target" not in entry["datasets"]["window"]
    assert entry["series"]["features"] == ["y", "x"]
    assert why["task"] == "chosen by you"
    for other in (frame.assign(y=frame["y"] + 0.5), frame.assign(y=[k % 9 for k in range(600)]), frame[:50]):
        if len(other) > 60:
            assert "target" not in plan(other, "--target", "y")[0]["datasets"]["window"]


def test_a_column_of_few_numbers_alone_stays_a_series() -> None:
    entry, _, _ = plan(labelled.sticky(600, [0, 1, 2])[["y"]])
    assert "target" not in entry["datasets"]["window"]
    assert entry["series"]["features"] == ["y"]


def test_horizon_0() -> None:
    frame = labelled.sticky(600, [0], seed=3).assign(y=labelled.sticky(600, [0], seed=4)["x"])
    entry, why, _ = plan(frame, "--target", "y", "--horizon", "0")
    assert entry["datasets"]["window"]["horizon"] == 0
    assert entry["datasets"]["scaling"]["window"] == "none"
    assert entry["series"]["features"] == ["x"]
    assert why["horizon"] == "chosen by you"
    assert "0 for the window's last row" in plan(frame, "--target", "y")[1]["horizon"]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--target", "y", "--kind", "value"], "`KIND` must be label, because y holds text. Received: value."),
        (["--target", "x", "--horizon", "-1"], "`HORIZON` must be 0 or more. Received: -1."),
        (
            ["--target", "x", "--horizon", "0"],
            "`TARGET=x` must have another column of numbers as an input with HORIZON",
        ),
        (["--target", "x", "--features", "y"], "column y` must be a number. Received: 'W'"),
    ],
)
def test_what_does_not_fit_is_a_line(words: list[str], line: str) -> None:
    frame = labelled.sticky(600, STAGES[:1]).assign(y=(["W", "N1"] * 300))
    with pytest.raises(UserError) as caught:
        plan(frame, *words)
    assert line in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_example_of_activities() -> None:
    shutil.copy(PROJECT / "examples/activity.csv", "data/own/activity.csv")
    entry, _, _ = plan(pd.read_csv("data/own/activity.csv"), path="data/own/activity.csv")
    assert entry["series"] == {"source": "data/own/activity.csv", "target": "activity", "features": ["x", "y", "z"]}
