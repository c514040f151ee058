"""Files of several ids: the column is found, and the series is divided by time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from pipeline.series import own
from tests.helpers import panels
from workflow.tryout import copying, options, steps

pytestmark = pytest.mark.usefixtures("folder")


def season(table: pd.DataFrame) -> pd.Series:
    return np.sin(2 * np.pi * table["time"].dt.hour / 24) + 0.1 * table["x"]


def plan(*words: str, lengths: tuple[int, ...] = (300, 250, 280), seed: int = 1, **more: object) -> steps.Plan:
    table = panels.panel(list(lengths), seed=seed, **more)  # type: ignore[arg-type]
    table["y"] = season(table)
    table.to_csv("a.csv", index=False)
    return steps.plan(Path("a.csv"), "mine", options.chosen(options.parse(["a.csv", "--target", "y", *words])), None)


def test_the_column_of_ids_is_found_where_times_repeat() -> None:
    made = plan(shuffle=True)
    shown = {choice.what: choice.value for choice in made.choices}
    assert (shown["id"], shown["period"], shown["spacing"]) == ("user", "24", "1 hour")
    series = yaml.safe_load(made.text)["series"]["mine"]
    assert (series["id"], series["time"], series["features"]) == ("user", "time", ["y", "x"])
    copying.write(Path("data/own/mine.csv"), made.time, made.times, made.columns, made.ids)
    read = own.make(path="data/own/mine.csv", target="y", id="user", time="time")
    assert read.ids is not None
    assert sorted(read.ids.names) == ["u0", "u1", "u2"]


def test_the_ids_may_be_named_and_need_no_times() -> None:
    shown = {choice.what: choice.value for choice in plan("--id", "user", "--time", "none").choices}
    assert shown["id"] == "user"


def test_no_choice_looks_at_later_rows_of_any_id() -> None:
    before = plan()
    table = panels.panel([300, 250, 280], seed=1)
    table["y"] = season(table)
    later = table["time"] >= table["time"].min() + np.timedelta64(215, "h")
    table.loc[later, ["x", "y"]] = np.random.default_rng(3).normal(5, 9, (later.sum(), 2))
    table.to_csv("a.csv", index=False)
    after = steps.plan(Path("a.csv"), "mine", options.chosen(options.parse(["a.csv", "--target", "y"])), None)
    assert after.choices == before.choices


def test_text_of_several_ids_becomes_labels() -> None:
    table = panels.panel([300, 250, 280], seed=1, shuffle=True)
    table["state"] = np.where(season(table) > 0, "high", "low")
    table.loc[3, "state"] = ""
    table.to_csv("a.csv", index=False)
    words = ["a.csv", "--target", "state", "--features", "x"]
    made = steps.plan(Path("a.csv"), "mine", options.chosen(options.parse(words)), None)
    entries = yaml.safe_load(made.text)
    assert entries["series"]["mine"]["id"] == "user"
    assert entries["datasets"]["mine"]["window"]["target"] == {"kind": "label"}
    copying.write(Path("data/own/mine.csv"), made.time, made.times, made.columns, made.ids)
    read = own.make(path="data/own/mine.csv", target="state", features=["x"], id="user", time="time")
    assert read.labels == ["high", "low"]
    assert np.isnan(read.rows[:, 1]).sum() == 1
