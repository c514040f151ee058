"""Functions that make columns: what they may return, and that each that looks ahead is named with its first row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.leakage import prepared
from pipeline.series import looking_ahead, reading
from tests.series.conftest import ROWS, Write


def settings(**more: Any) -> dict[str, Any]:
    return {"source": "data/own/a.csv", "time": "date", "target": "load", "prepare": "mine:made"} | more


def read(**more: Any) -> Any:
    return reading.read("mine", settings(**more))


def test_the_columns_that_a_function_makes_are_those_of_the_series(write: Write) -> None:
    write("return frame.assign(double=2 * frame.load, early=frame.index.hour < 6)")
    series = read(features=["double", "early", "day"])
    assert (series.columns, series.features) == (["double", "early", "day", "load"], ["double", "early", "day"])
    np.testing.assert_array_equal(series.rows[:, 0], 2 * series.rows[:, 3])
    np.testing.assert_array_equal(series.rows[:, 1], np.arange(ROWS) % 24 < 6)
    assert np.isnan(series.rows[40:45, 3]).all()
    assert str(series.time[1].astype("datetime64[s]")) == "2020-01-01T01:00:00"


def test_the_example_that_ships_looks_at_the_past_alone(write: Write) -> None:
    source = Path(reading.__file__).parents[1] / "prepare/past.py"
    write("", head=source.read_text(encoding="utf-8"))
    record = looking_ahead.look_ahead(settings(prepare="mine:means", features=["load_mean", "day_change"]))
    assert record["found"] == []


CLEAN = {
    "rolling mean": "return frame.assign(x=frame.load.rolling(5, min_periods=1).mean())",
    "forward fill": "return frame.assign(x=frame.load.ffill())",
    "expanding scaling": "return frame.assign(x=frame.load / frame.load.expanding().std())",
    "exponential mean": "return frame.assign(x=frame.load.ewm(halflife=5).mean())",
    "earlier days": "daily = frame.load.resample('D').mean().shift(1)\n"
    "return frame.assign(x=daily.reindex(frame.index, method='ffill'))",
    "hour": "return frame.assign(x=np.sin(frame.index.hour / 24 * 6.28))",
    "needs ten rows": "assert len(frame) >= 10, 'too few'\nreturn frame.assign(x=frame.load.shift(9))",
    "another target": "return frame.assign(load=frame.load.diff(), x=1.0)",
}


@pytest.mark.parametrize("name", CLEAN)
def test_a_function_of_the_past_passes(write: Write, name: str) -> None:
    write(CLEAN[name])
    record = looking_ahead.look_ahead(settings(features=["x", "load"]))
    proof = prepared.judged(record)
    assert (proof.result, proof.found) == ("pass", [])
    assert (record["columns"], record["function"]) == (["x", "load"], "mine:made")
    assert record["prefixes"] > 8
    assert record["replacements"] > 8
    assert record["cells"] > 3000


LEAKY = {
    # The body, the column, and the first row that later rows change.
    "centred mean": ("return frame.assign(x=frame.load.rolling(5, center=True).mean())", "x", 2),
    "backward fill": ("return frame.assign(x=frame.load.bfill())", "x", 40),
    "whole series": ("return frame.assign(x=(frame.load - frame.load.mean()) / frame.load.std())", "x", 0),
    "extremes": ("return frame.assign(x=frame.load / frame.load.abs().max())", "x", 0),
    "later time": ("return frame.assign(x=frame.load.reindex(frame.index + pd.Timedelta('3h')).to_numpy())", "x", 0),
    "day of its hours": (
        "daily = frame.load.resample('D').mean()\nreturn frame.assign(x=daily.reindex(frame.index, method='ffill'))",
        "x",
        0,
    ),
    "length": ("return frame.assign(x=np.linspace(0, 1, len(frame)))", "x", 1),
    "rank": ("return frame.assign(x=frame.day.rank())", "x", 0),
    "late": ("return frame.assign(x=frame.load.where(frame.index.day < 9, frame.load.shift(-1)))", "x", 192),
    "target": ("return frame.assign(x=1.0, load=frame.load.shift(-1))", "load", 0),
}


@pytest.mark.parametrize("name", LEAKY)
def test_a_function_that_looks_ahead_is_named_with_its_column_and_first_row(write: Write, name: str) -> None:
    body, column, row = LEAKY[name]
    write(body)
    record = looking_ahead.look_ahead(settings(features=["x", "load"]))
    proof = prepared.judged(record)
    assert proof.result == "fail"
    (line,) = proof.found
    day, hour = divmod(row, 24)
    assert line.startswith(f"{column}: row {row} (2020-01-{day + 1:02} {hour:02}:00:00) is ")


@limits(deadline=None, max_examples=40)
@given(st.integers(1, 12), st.integers(0, 15), st.integers(30, 90), st.integers(0, 99))
def test_the_first_row_is_that_of_any_moving_mean(width: int, ahead: int, rows: int, seed: int) -> None:
    frame = pd.DataFrame({"a": np.random.default_rng(seed).normal(size=rows)})

    def function(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(x=frame.a.shift(-ahead).rolling(width).mean())

    found = looking_ahead.compare("mine:made", function, frame, ["a", "x"])["found"]
    if ahead == 0:
        assert found == []
    else:
        # The mean of rows r + ahead - width + 1 to r + ahead; earlier ones have no value.
        assert [line.partition(" is ")[0] for line in found] == [f"x: row {width - 1}"]


def test_a_function_that_never_runs_on_a_part_does_not_pass(write: Write) -> None:
    write(f"assert frame.day.max() == 6 and len(frame) == {ROWS}, 'never'\nreturn frame")
    found = looking_ahead.look_ahead(settings())["found"]
    assert len(found) == 1
    assert "fails on every part" in found[0]
    assert "never" in found[0]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("return frame.lod", r"mine.py, line 6` must run without an exception. Received: AttributeError: .*lod"),
        ("return frame.assign(x=1 / 0)", r"mine.py, line 6` must run without an exception. Received: ZeroDivisionE"),
        ("import nothing_like_it\nreturn frame", r"mine.py, line 6` must run without an exception.*nothing_like_it"),
        ("return frame.to_numpy()", r"mine.py, made` must return a pandas data frame. Received: ndarray"),
        ("return None", r"Received: NoneType"),
        ("return frame.dropna()", r"must return a row for each row. Received: 295 of 300"),
        ("return frame[::-1]", r"must return the index of the rows it is given"),
        ("return frame.reset_index(drop=True)", r"must return the index"),
        ("return frame.rename(columns={'day': 'load'})", r"must name each column once"),
        ("return frame.assign(load='a')", r"column load` must hold numbers"),
        ("return frame.assign(load=frame.load / 0)", r"column load` must be finite. Received: -?inf in row 0"),
        ("return frame.assign(load=np.random.normal(size=len(frame)))", r"must return the same for the same rows"),
        ("return frame[['day']]", r"series.mine.target` must name a column of what mine:made returns"),
        ("return frame.assign(x=frame['note'])", r"a.csv, line 2, column note` must be a number. Received: 'x'"),
    ],
)
def test_what_a_function_may_not_do_is_one_line(write: Write, body: str, words: str) -> None:
    write(body)
    with pytest.raises(UserError, match=words) as error:
        read()
    assert "\n" not in str(error.value)


def test_a_function_that_reads_another_file_is_refused(write: Write) -> None:
    Path("data/own/weather.csv").write_text("x\n" + "1\n" * ROWS, encoding="utf-8")
    write("return frame.assign(x=pd.read_csv('data/own/weather.csv').x.to_numpy())")
    with pytest.raises(
        UserError, match=r"mine.py, made` must read nothing but the frame. Received: data/own/weather.csv"
    ):
        read(features=["x"])
    assert len(pd.read_csv("data/own/weather.csv")) == ROWS  # nobody else is kept from it
    write("import colorsys, sched\nreturn frame.assign(x=1.0)")
    assert read(features=["x"]).columns == ["x", "load"]


@pytest.mark.parametrize(
    ("prepare", "words"),
    [
        ("other:made", r"series.mine.prepare` must be `module:function`, of a file in pipeline/prepare/"),
        ("../mine:made", r"must be `module:function`"),
        ("os.path:join", r"must be `module:function`"),
        ("mine", r"must name a function of pipeline/prepare/mine.py"),
        ("mine:other", r"must name a function of pipeline/prepare/mine.py"),
    ],
)
def test_a_function_outside_its_folder_is_refused(write: Write, prepare: str, words: str) -> None:
    write("return frame")
    with pytest.raises(UserError, match=words):
        read(prepare=prepare)


def test_a_link_out_of_the_folder_is_refused(write: Write, tmp_path: Path) -> None:
    write("return frame")
    (tmp_path / "outside.py").write_text("def made(frame):\n    return frame\n", encoding="utf-8")
    (tmp_path / "code/linked.py").symlink_to(tmp_path / "outside.py")
    with pytest.raises(UserError, match="must be `module:function`"):
        read(prepare="linked:made")


def test_a_file_that_is_not_python_is_named_with_its_line(write: Write) -> None:
    write("return (")
    with pytest.raises(UserError, match=r"mine.py, line 6` must be Python"):
        read()


def test_the_stage_writes_the_record_and_the_proof_reads_it(write: Write) -> None:
    write("return frame.assign(x=frame.load.bfill())")
    reading.raw({"series": {"mine": settings(features=["x"])}}, "mine")
    first = (files.RAW / "mine/prepare.json").read_bytes()
    proof = prepared.prove("mine")
    assert (proof.name, proof.fold, proof.result) == ("prepare", None, "fail")
    reading.raw({"series": {"mine": settings(features=["x"])}}, "mine")
    assert (files.RAW / "mine/prepare.json").read_bytes() == first
    reading.raw({"series": {"mine": {**settings(), "prepare": None}}}, "mine")
    assert not (files.RAW / "mine/prepare.json").exists()
    assert prepared.prove("mine").result == "not_applicable"
