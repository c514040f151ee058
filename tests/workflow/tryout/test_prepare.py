"""`make try PREPARE=module:function`: settings for the columns that a function of the user's makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from pipeline.common.errors import UserError
from pipeline.prepare import past
from pipeline.series import reading
from tests.helpers import panels
from tests.helpers.project import Project
from tests.workflow.tryout.files import season, table, text
from tests.workflow.tryout.test_try import FORGET, TRY, files
from workflow.tryout import copying, options, steps

FUNCTION = """def made(frame):
    return frame.assign(load_mean=frame["load"].rolling(7, min_periods=1).mean(), note="x")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data/own").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def plan(*words: str) -> steps.Plan:
    return steps.plan(Path("a.csv"), "mine", options.chosen(options.parse(["a.csv", *words])), None)


def hourly(holes: bool = False) -> None:
    frame = panels.panel([900], seed=1).drop(columns="user")
    frame["y"] = season(900, 24)
    frame.loc[40:45, "x"] = np.nan
    if holes:
        frame = frame.drop(index=[500, 501])
    frame.to_csv("a.csv", index=False, sep=";")


@pytest.mark.parametrize("holes", [False, True])
def test_the_columns_that_the_function_makes_are_proposed_and_read(folder: Path, holes: bool) -> None:
    hourly(holes)
    made = plan("--prepare", "past:means", "--target", "y", "--features", "y", "x_mean")
    entry: dict[str, Any] = yaml.safe_load(made.text)["series"]["mine"]
    assert list(entry)[:3] == ["source", "prepare", "time"]
    assert (entry["prepare"], entry["target"], entry["features"]) == ("past:means", "y", ["y", "x_mean"])
    assert made.record.options["prepare"] == "past:means"
    # The copy holds the columns of the file; the stage `raw` makes the others.
    copying.write(Path(made.record.source), made.time, made.times, made.columns, made.ids)
    assert Path(made.record.source).read_text().startswith("time,y,x\n")
    read = reading.read("mine", entry)
    assert read.columns == ["y", "x_mean"]
    assert len(read.rows) == 898 if holes else 900


def test_a_made_column_can_be_the_target_and_is_an_input_by_default(folder: Path) -> None:
    hourly()
    entry = yaml.safe_load(plan("--prepare", "past:means", "--target", "y_change").text)["series"]["mine"]
    assert entry["target"] == "y_change"
    assert sorted(entry["features"]) == ["x", "x_change", "x_mean", "y", "y_change", "y_mean"]


@pytest.mark.parametrize(
    ("words", "place", "part"),
    [
        (["--prepare", "past:means", "--target", "y_men"], "TARGET", "Did you mean `y_mean`?"),
        (["--prepare", "past:means", "--target", "y", "--features", "z"], "FEATURES", "that past:means makes"),
        (["--prepare", "past:nothing", "--target", "y"], "PREPARE", "def nothing(frame):"),
        (["--prepare", "future:means", "--target", "y"], "PREPARE", "The modules are: past."),
    ],
)
def test_what_does_not_exist_is_refused_in_one_line(folder: Path, words: list[str], place: str, part: str) -> None:
    hourly()
    with pytest.raises(UserError) as refused:
        plan(*words)
    assert refused.value.place == place
    assert part in str(refused.value)


@pytest.mark.parametrize("time", [True, False])
def test_of_several_series_the_columns_are_those_of_each(folder: Path, time: bool) -> None:
    table = panels.panel([300, 250], seed=1, shuffle=time)
    table = table.assign(y=table.groupby("user").x.cumsum().round(6)).drop(columns=[] if time else "time")
    table.to_csv("a.csv", index=False)
    words = [] if time else ["--id", "user"]
    made = plan("--prepare", "past:means", "--target", "y", "--features", "y", "x_change", *words)
    entry: dict[str, Any] = yaml.safe_load(made.text)["series"]["mine"]
    assert (entry["prepare"], entry["id"], entry["features"]) == ("past:means", "user", ["y", "x_change"])
    copying.write(Path(made.record.source), made.time, made.times, made.columns, made.ids)
    series = reading.read("mine", entry)
    assert series.ids is not None
    np.testing.assert_array_equal(series.rows[series.ids.starts, series.columns.index("x_change")], 0)
    ordered = table.sort_values("time") if time else table
    for name, (start, stop) in zip(series.ids.names, series.ids.intervals(len(series.rows)), strict=True):
        own = ordered.x[ordered.user == name].diff().fillna(0)
        np.testing.assert_allclose(series.rows[start:stop, series.columns.index("x_change")], own)


def test_a_label_of_text_for_each_id_stays_the_target(folder: Path) -> None:
    table = panels.panel([20] * 40, seed=1)
    table["kind"] = np.where(table.user.str[-1].isin(list("02468")), "even", "odd")
    table["user"] = "p" + table.user
    table.drop(columns="y").to_csv("a.csv", index=False)
    made = plan("--prepare", "past:means", "--target", "kind")
    entries = yaml.safe_load(made.text)
    entry = entries["series"]["mine"]
    assert (entry["target"], sorted(entry["features"])) == ("kind", ["x", "x_change", "x_mean"])
    assert entries["datasets"]["mine"]["window"] == {"length": "sequence", "target": {"kind": "label"}}
    copying.write(Path(made.record.source), made.time, made.times, made.columns, made.ids)
    series = reading.read("mine", entry)
    assert (series.labels, series.columns[-1]) == (["even", "odd"], "kind")


def test_a_function_that_fails_for_one_id_is_refused_with_its_name(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    panels.panel([300, 250], seed=1).to_csv("a.csv", index=False)
    monkeypatch.setattr(past, "means", lambda frame: frame if len(frame) == 300 else frame[1:])
    with pytest.raises(UserError, match=r"must return a row for each row. Received: 249 of 250, in user u1"):
        plan("--prepare", "past:means", "--target", "y")


def test_it_is_written_and_undone_to_the_byte_and_the_function_stays(tmp_path: Path) -> None:
    project = Project(tmp_path / "project")
    code = project.folder / "pipeline/prepare/mine.py"
    code.write_text(FUNCTION)
    mine = tmp_path / "mine.csv"
    mine.write_text(text(table()))
    before = files(project)
    project(*TRY, str(mine), "--no-run", "--target", "load", "--prepare", "mine:made")
    assert project.params()["series"]["mine"]["prepare"] == "mine:made"
    assert project.params()["series"]["mine"]["features"] == ["load", "load_mean"]
    project(*FORGET, "mine")
    assert files(project) == before
    assert code.read_text() == FUNCTION
