"""Rows that belong together by a column of ids: their order, their times and their holes."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.common.errors import UserError
from pipeline.series import Series, SettingError, holes, ids, own, reading
from tests.helpers import panels


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty project; files go below data/own."""
    (tmp_path / "data/own").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def csv(text: str) -> str:
    Path("data/own/a.csv").write_text(text)
    return "data/own/a.csv"


def test_rows_of_an_id_are_brought_together_and_sorted_by_time(project: Path) -> None:
    text = "who,time,a\nb,2020-01-02,1\na,2020-01-01,2\nb,2020-01-01,3\n a ,2020-01-02,4\nb,2020-01-03,5\n"
    series = own.make(path=csv(text), target="a", id="who", time="time")
    assert series.ids == ids.Ids("who", ["b", "a"], [0, 3])
    assert series.cuts == [3]
    np.testing.assert_array_equal(series.rows[:, 0], [3, 1, 5, 2, 4])
    untimed = own.make(path=csv(text), target="a", id="who")
    np.testing.assert_array_equal(untimed.rows[:, 0], [1, 3, 5, 2, 4])


@settings(max_examples=30, deadline=None)
@given(lengths=st.lists(st.integers(2, 9), min_size=2, max_size=5), seed=st.integers(0, 99))
def test_rows_equal_a_pandas_groupby(lengths: list[int], seed: int) -> None:
    table = panels.panel(lengths, seed=seed, shuffle=True)
    numbers, names = pd.factorize(table["user"])
    order, known = ids.grouped("user", numbers, list(names), table["time"].to_numpy())
    expected = pd.concat([rows.sort_values("time") for _, rows in table.groupby("user", sort=False)])
    pd.testing.assert_frame_equal(table.iloc[order], expected)
    assert known.intervals(len(table)) == [
        (start, start + (table["user"] == name).sum()) for name, start in zip(names, known.starts, strict=True)
    ]


@pytest.mark.parametrize("values", [[7, 7, 30, 30], [7.0, 7.0, 30.0, 30.0], ["7", "7", "30", "30"]])
def test_numbers_and_texts_are_ids(project: Path, values: list[object]) -> None:
    pd.DataFrame({"who": values, "a": [1.0, 2, 3, 4]}).to_parquet("data/own/a.parquet")
    series = own.make(path="data/own/a.parquet", target="a", id="who")
    assert series.ids == ids.Ids("who", ["7", "30"], [0, 2])


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            "a,2020-01-01,1\nb,2020-01-01,2\na,2020-01-01,3\n",
            "line 4, column time` must not repeat a time of the same id",
        ),
        ("a,2020-01-01,1\n,2020-01-01,2\na,2020-01-02,3\n", "line 3, column who` must name an id"),
        ("a,2020-01-01,1\nb,2020-01-01,2\nc,2020-01-02,3\n", "whose cells repeat"),
        ("a,2020-01-01,1\na,2020-01-02,2\n", "two ids or more"),
        ("a,2020-01-01,1\na,,2\nb,2020-01-01,3\n", "line 3, column time"),
    ],
)
def test_wrong_ids_and_times_are_refused(project: Path, rows: str, message: str) -> None:
    with pytest.raises((UserError, SettingError), match=message):
        own.make(path=csv("who,time,a\n" + rows), target="a", id="who", time="time")


@pytest.mark.parametrize("column", ["nobody", "a", "time"])
def test_the_column_of_ids_is_one_of_its_own(project: Path, column: str) -> None:
    with pytest.raises(SettingError, match=r"^id must"):
        own.make(
            path=csv("who,time,a\nx,2020-01-01,1\nx,2020-01-02,2\ny,2020-01-01,1\n"), target="a", id=column, time="time"
        )


def test_local_times_are_converted_for_each_id(project: Path) -> None:
    text = "who,time,a\n"
    for who in ("x", "y"):
        text += "".join(f"{who},2020-10-25 0{hour}:00,1\n" for hour in (1, 2, 2, 3))
    series = own.make(path=csv(text), target="a", id="who", time="time", zone="Europe/Berlin")
    assert series.time is not None
    hours = (series.time - np.datetime64("2020-10-24T23:00")).astype("timedelta64[h]").astype(int)
    assert hours.tolist() == [0, 1, 2, 3] * 2


def hourly(*lengths_and_steps: tuple[int, int], left_out: tuple[int, ...] = ()) -> Series:
    """Make a series with one id for each pair of rows and minutes; some rows are left out."""
    times = [
        np.datetime64("2020-01-01T00:00:00.000000") + np.arange(n) * np.timedelta64(m, "m")
        for n, m in lengths_and_steps
    ]
    starts = np.cumsum([0, *[n for n, _ in lengths_and_steps][:-1]])
    kept = np.setdiff1d(np.arange(sum(n for n, _ in lengths_and_steps)), left_out)
    begins = np.searchsorted(kept, starts).tolist()
    rows = kept[:, None].astype(float)
    known = ids.Ids("who", [f"u{i}" for i in range(len(starts))], begins)
    return Series(rows, ["a"], "a", ["a"], time=np.concatenate(times)[kept], ids=known, cuts=begins[1:])


def test_the_step_is_that_of_every_id_and_holes_are_treated_in_each() -> None:
    whole = holes.treat(hourly((10, 60), (12, 60)), None)
    assert (whole.steps or {})["step"] == "1 hour"
    assert whole.cuts == [10]
    holed = hourly((10, 60), (12, 60), left_out=(4, 15))
    with pytest.raises(SettingError, match=r"in all 1 hole .* in who u0"):
        holes.treat(holed, None)
    cut = holes.treat(holed, "cut")
    assert (cut.cuts, (cut.steps or {})["holes"]) == ([4, 9, 14], 2)
    inserted = holes.treat(holed, "insert")
    assert inserted.ids is not None
    assert (inserted.ids.starts, inserted.cuts, len(inserted.rows)) == ([0, 10], [10], 22)
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(inserted.rows[:, 0])), [4, 15])


def test_ids_of_two_steps_are_refused_unless_they_are_irregular() -> None:
    two = hourly((10, 60), (12, 30))
    with pytest.raises(SettingError, match=r"the same step in every id.*1 hour in who u0, 30 minutes in u1"):
        holes.treat(two, None)
    assert (holes.treat(two, "irregular").steps or {})["step"] is None


def test_series_json_names_the_ids_and_only_where_there_are_some(project: Path) -> None:
    path = csv("who,a\nx,1\nx,2\ny,3\n")
    for settings_ in ({"source": path, "target": "a", "id": "who"}, {"source": path, "target": "a"}):
        reading.write("s", reading.read("s", settings_), settings_)
        table = json.loads(Path("data/raw/s/series.json").read_text())
        if "id" in settings_:
            assert table["ids"] == {"column": "who", "names": ["x", "y"], "starts": [0, 2]}
        else:
            assert "ids" not in table


def test_text_of_the_target_becomes_labels_in_the_order_of_the_ids(project: Path) -> None:
    text = "who,time,x,kind\nb,2020-01-02,1,up\na,2020-01-01,2,down\nb,2020-01-01,3,flat\n"
    series = own.make(path=csv(text), target="kind", features=["x"], id="who", time="time")
    assert series.labels == ["down", "flat", "up"]
    np.testing.assert_array_equal(series.rows, [[3, 1], [1, 2], [2, 0]])
