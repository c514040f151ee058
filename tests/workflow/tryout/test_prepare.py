"""`make try PREPARE=module:function`: settings for the columns that a function of the user's makes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from pipeline.common.errors import UserError
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


def test_several_series_are_refused(folder: Path) -> None:
    panels.panel([300, 250], seed=1).to_csv("a.csv", index=False)
    with pytest.raises(UserError, match="WHERE=user=") as refused:
        plan("--prepare", "past:means", "--target", "y")
    assert refused.value.place == "PREPARE"


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
