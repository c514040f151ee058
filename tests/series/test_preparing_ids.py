"""Functions that make columns run on the rows of one id at a time, and none that looks ahead within an id passes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as limits
from hypothesis import strategies as st

from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.leakage import prepared
from pipeline.series import looking_ahead, reading
from pipeline.series.preparing import Part
from tests.helpers import panels
from tests.series.conftest import Write

LENGTHS = [30, 1, 50, 12]  # of the ids u0 to u3


def save(table: pd.DataFrame) -> pd.DataFrame:
    table.to_csv("data/own/panel.csv", index=False)
    return table


def panel(shuffle: bool = False) -> pd.DataFrame:
    return save(panels.panel(LENGTHS, seed=3, shuffle=shuffle))


def settings(**more: Any) -> dict[str, Any]:
    given: dict[str, Any] = {"source": "data/own/panel.csv", "id": "user", "time": "time", "target": "y"}
    return given | {"features": ["x", "made"], "prepare": "mine:made"} | more


def read(**more: Any) -> Any:
    return reading.read("mine", settings(**more))


ROLLING = "return frame.assign(made=frame.x.rolling(5, min_periods=2).mean())"


@limits(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lengths=st.lists(st.integers(1, 12), min_size=2, max_size=5), seed=st.integers(0, 99), timed=st.booleans())
def test_a_rolling_mean_equals_that_of_a_pandas_groupby(
    write: Write, lengths: list[int], seed: int, timed: bool
) -> None:
    write(ROLLING)
    table = save(panels.panel([*lengths, 2], seed=seed, shuffle=True))
    series = read(time="time" if timed else None)
    order = ["user", "time"] if timed else ["user"]
    first = {user: number for number, user in enumerate(table.user.unique())}
    table = table.sort_values(
        order, key=lambda cells: cells.map(first) if cells.name == "user" else cells, kind="stable"
    )
    means = table.groupby("user", sort=False).x.rolling(5, min_periods=2).mean()
    np.testing.assert_allclose(series.rows[:, 1], means.to_numpy(), rtol=1e-9)
    np.testing.assert_array_equal(series.rows[:, 0], table.x)
    assert series.ids.names == list(first)
    assert series.cuts == series.ids.starts[1:] == np.flatnonzero(~table.user.duplicated())[1:].tolist()


@pytest.mark.parametrize("time", ["time", None])
def test_a_lag_never_crosses_ids(write: Write, time: str | None) -> None:
    write("return frame.assign(made=frame.y.shift(1))")
    panel(shuffle=True)
    series = read(time=time)
    starts = np.isin(np.arange(len(series.rows)), series.ids.starts)
    np.testing.assert_array_equal(np.isnan(series.rows[:, 1]), starts)
    lagged = series.rows[~starts, 1]
    np.testing.assert_array_equal(lagged, series.rows[np.flatnonzero(~starts) - 1, 2])
    assert (lagged // 1000 == series.rows[~starts, 2] // 1000).all()


def test_the_function_sees_the_rows_of_one_id_and_neither_ids_nor_another_index(write: Write) -> None:
    table = panel(shuffle=True)
    write(
        "assert list(frame) == ['y', 'x'] and (frame.y // 1000).nunique() == 1\n"
        "assert frame.index.name == 'time' and frame.index.is_monotonic_increasing\n"
        "return frame.assign(made=len(frame))"
    )
    lengths = table.user.value_counts()
    series = read()
    np.testing.assert_array_equal(np.unique(series.rows[:, 1]), sorted(lengths))
    write("assert frame.index.equals(pd.RangeIndex(len(frame)))\nreturn frame.assign(made=frame.index)")
    series = read(time=None)
    np.testing.assert_array_equal(series.rows[series.ids.starts, 1], 0)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            "return frame.assign(made=1 / (0 if frame.y.iloc[0] >= 3000 else 1))",
            r"mine.py, line 6` must run without an exception. Received: ZeroDivisionError: .*, in user u3. ",
        ),
        (
            "return frame if len(frame) == 1 else frame.assign(made=1.0)",
            r"must make the same columns for every id. Received: no column made, in user u1. ",
        ),
        (
            "return frame.assign(made=1.0, **({'more': 1.0} if len(frame) == 50 else {}))",
            r"must make the same columns for every id. Received: the column more, which .*, in user u2. ",
        ),
        (
            "return frame[frame.y != 2005].assign(made=1.0)",
            r"must return a row for each row. Received: 49 of 50, in user u2",
        ),
        (
            "return frame.assign(made=1 / (frame.y - 2000))",
            r"column made` must be finite. Received: inf in row 0, in user u2",
        ),
        ("return frame.assign(made='a' if len(frame) == 1 else 1.0)", r"must hold numbers. Received: .*, in user u1"),
        (
            "return frame.assign(made=np.random.normal(size=len(frame)) if len(frame) == 12 else 1.0)",
            r"must return the same for the same rows. Received: another column made the second time, in user u3",
        ),
        (
            "import mine_store\nreturn frame.assign(made=1.0)",
            r"ModuleNotFoundError: No module named 'mine_store', in user u0",
        ),
        ("return frame.assign(made=frame.user)", r"has no attribute 'user', in user u0"),
    ],
)
def test_what_fails_for_one_id_is_one_line_that_names_it(write: Write, body: str, words: str) -> None:
    panel()
    write(body)
    with pytest.raises(UserError, match=words) as error:
        read()
    assert "\n" not in str(error.value)


def test_a_column_of_text_that_the_function_asks_for_is_named_with_its_line(write: Write) -> None:
    save(panels.panel(LENGTHS).assign(note="x"))
    write("return frame.assign(made=frame['note'])")
    with pytest.raises(UserError, match=r"panel.csv, line 2, column note` must be a number. Received: 'x'\. "):
        read()


def test_a_function_that_remembers_the_id_before_is_refused(write: Write) -> None:
    panel()
    write("made.last, last = frame.x.iloc[-1], getattr(made, 'last', 0.0)\nreturn frame.assign(made=last)")
    with pytest.raises(UserError, match=r"the same for the same rows. Received: another column made .*, in user u0"):
        read()


def test_names_of_ids_cannot_act_on_a_terminal(write: Write) -> None:
    save(panels.panel([3, 4]).replace({"user": {"u1": "\x1b[31mred"}}))
    write("assert len(frame) == 3\nreturn frame.assign(made=1.0)")
    with pytest.raises(UserError, match=r"in user \\x1b\[31mred"):
        read()
    write("return frame.assign(made=frame.x.shift(-1) if len(frame) == 4 else 1.0)")
    (line,) = looking_ahead.look_ahead(settings())["found"]
    assert r"user \x1b[31mred, row 0" in line


def test_the_column_of_ids_is_no_target_and_no_time(write: Write) -> None:
    panel()
    write(ROLLING)
    for wrong in ({"target": "user"}, {"time": "user"}):
        with pytest.raises(UserError, match=r"series.mine.id` must be another column"):
            read(**wrong)
    with pytest.raises(UserError, match=r"series.mine.id` must name a column of data/own/panel.csv"):
        read(id="nobody")


@pytest.mark.parametrize("id", ["user", None])
def test_a_target_of_text_is_that_of_the_file_and_the_function_does_not_see_it(write: Write, id: str | None) -> None:
    table = panels.panel([20, 30], seed=1, shuffle=id is not None)
    table["kind"] = np.where(table.x > 0, "up", "down")
    save(table)
    write("assert 'kind' not in frame\nreturn frame.assign(made=frame.x.diff())")
    more = {"target": "kind", "id": id, "time": "time" if id else None}
    series = read(**more)
    assert (series.columns, series.features, series.labels) == (["x", "made", "kind"], ["x", "made"], ["down", "up"])
    np.testing.assert_array_equal(series.rows[:, 2], series.rows[:, 0] > 0)
    record = looking_ahead.look_ahead(settings(**more))
    assert (record["columns"], record["found"]) == (["x", "made"], [])
    with pytest.raises(UserError, match=r"column kind` must be a number. Received: '(up|down)'"):
        read(**more, features=["kind"])
    write("return frame.assign(made=frame.x.diff(), kind=frame.x > 1)")
    series = read(**more)
    assert series.labels is None
    np.testing.assert_array_equal(series.rows[:, 2], series.rows[:, 0] > 1)


CLEAN = {
    "rolling mean": ROLLING,
    "lag": "return frame.assign(made=frame.x.shift(3))",
    "forward fill": "return frame.assign(made=frame.x.ffill())",
    "level of the first row": "return frame.assign(made=frame.y - frame.y.iloc[0])",
    "needs ten rows": "assert len(frame) in (1, *range(10, 99)), 'too few'\nreturn frame.assign(made=frame.x.shift(9))",
}


@pytest.mark.parametrize("time", ["time", None])
@pytest.mark.parametrize("name", CLEAN)
def test_a_function_of_the_past_of_each_id_passes(write: Write, name: str, time: str | None) -> None:
    panel(shuffle=time is not None)
    write(CLEAN[name])
    record = looking_ahead.look_ahead(settings(time=time))
    proof = prepared.judged(record)
    assert (proof.result, proof.found) == ("pass", [])
    assert proof.compared["ids"] == 3
    assert sorted(record["ids"]) == ["user u0", "user u2", "user u3"]  # u1 has one row
    assert "user u2" in proof.about
    assert record["prefixes"] > 8
    assert record["replacements"] > 8


LEAKY = {
    # The body, and the id and the first row that later rows change.
    "centred mean": ("return frame.assign(made=frame.x.rolling(5, center=True).mean())", "u0", 2),
    "scaling of each id": ("return frame.assign(made=frame.x - frame.x.mean())", "u0", 0),
    "last value": ("return frame.assign(made=frame.x.iloc[-1])", "u0", 0),
    "the longest alone": ("return frame.assign(made=frame.x.shift(-1 if len(frame) > 40 else 1))", "u2", 0),
}


@pytest.mark.parametrize("name", LEAKY)
def test_a_function_that_looks_ahead_is_named_with_its_id_and_row(write: Write, name: str) -> None:
    body, user, row = LEAKY[name]
    panel()
    write(body)
    record = looking_ahead.look_ahead(settings())
    assert prepared.judged(record).result == "fail"
    (line,) = record["found"]
    assert line.startswith(f"made: user {user}, row {row} (2020-01-01 0{row}:00:00) is ")


def test_a_backward_fill_is_found_in_the_one_id_that_has_a_gap(write: Write) -> None:
    table = panels.panel([20] * 40)
    table.loc[(table.user == "u6") & table.y.between(6008, 6011), "x"] = np.nan
    save(table)
    write("return frame.assign(x=frame.x.bfill(), made=1.0)")
    (line,) = looking_ahead.look_ahead(settings())["found"]
    assert line.startswith("x: user u6, row 8 (2020-01-01 08:00:00) is ")


def test_a_function_that_runs_on_no_part_of_an_id_does_not_pass() -> None:
    frames = [pd.DataFrame({"a": np.arange(9.0)}), pd.DataFrame({"a": np.arange(20.0, 29.0)})]

    def function(frame: pd.DataFrame) -> pd.DataFrame:
        if frame.a.iloc[0] == 20 and not frame.equals(frames[1]):
            raise UserError("here", "must have nine rows", "others", "Never.")
        return frame

    parts = [Part(f"user {number}", frame) for number, frame in enumerate(frames)]
    record = looking_ahead.compare_ids("mine:made", function, parts, ["a"])
    assert record["prefixes"] > 0
    (line,) = record["found"]
    assert line.startswith("the function fails on every part of the rows of user 1: `here` must have nine rows.")


@pytest.mark.parametrize("ids", [2, 5, 300])
def test_few_ids_run_and_the_longest_is_one_of_them(ids: int) -> None:
    lengths = np.full(ids, 200)
    lengths[ids // 2] = 220
    frames = [pd.DataFrame({"a": np.arange(float(length))}) for length in lengths]
    parts = [Part(f"id {number}", frame) for number, frame in enumerate(frames)]
    rows = 0

    def function(frame: pd.DataFrame) -> pd.DataFrame:
        nonlocal rows
        rows += len(frame)
        return frame

    record = looking_ahead.compare_ids("mine:made", function, parts, ["a"])
    assert f"id {ids // 2}" in record["ids"]
    assert {"id 0", f"id {ids - 1}"} <= set(record["ids"])
    assert len(record["ids"]) <= 6
    assert rows <= 6 * (2 * 26 + 1) * 220


def test_the_work_on_long_ids_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looking_ahead, "_ROWS", 40_000)
    parts = [Part(f"id {number}", pd.DataFrame({"a": np.zeros(2_000)})) for number in range(5)]
    rows = 0

    def function(frame: pd.DataFrame) -> pd.DataFrame:
        nonlocal rows
        rows += len(frame)
        return frame

    looking_ahead.compare_ids("mine:made", function, parts, ["a"])
    assert rows < 2.5 * 40_000


def test_the_stage_writes_the_rows_the_ids_and_the_record_and_the_proof_reads_it(write: Write) -> None:
    table = panel(shuffle=True)
    write("return frame.assign(made=frame.x.shift(1))")
    p = {"series": {"mine": settings()}}
    reading.raw(p, "mine")
    described = json.loads((files.RAW / "mine/series.json").read_text())
    assert described["columns"] == ["x", "made", "y"]
    assert described["ids"] == {
        "column": "user",
        "names": table.user.unique().tolist(),
        "starts": described["ids"]["starts"],
    }
    rows, starts = files.read_array(files.RAW / "mine/rows.npy"), described["ids"]["starts"]
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(rows[:, 1])), starts)
    expected = table.assign(time=pd.to_datetime(table.time)).sort_values("time").groupby("user", sort=False).x.shift(1)
    by_row = table.assign(lag=expected).set_index("y").lag
    np.testing.assert_allclose(rows[:, 1], by_row.loc[rows[:, 2]].to_numpy(), rtol=1e-9)
    proof = prepared.prove("mine")
    assert (proof.result, proof.compared["ids"]) == ("pass", 3)
    first = {path.name: path.read_bytes() for path in sorted(Path(files.RAW / "mine").iterdir())}
    reading.raw(p, "mine")
    assert {path.name: path.read_bytes() for path in sorted(Path(files.RAW / "mine").iterdir())} == first
    write("return frame.assign(made=frame.x.bfill().shift(-2))")
    reading.raw(p, "mine")
    proof = prepared.prove("mine")
    assert proof.result == "fail"
    assert proof.found[0].startswith("made: user u")
