"""Holes in the time column are found, and treated as the settings say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.series import Series, SettingError, holes, reading


def series(times: Any) -> Series:
    times = np.asarray(times, dtype="datetime64[us]")
    return Series(np.arange(len(times), dtype=float)[:, None], ["x"], "x", ["x"], time=times)


def hourly(rows: int = 200, gone: tuple[int, ...] = ()) -> np.ndarray:
    return np.delete(pd.date_range("2021-01-04", periods=rows, freq="h").to_numpy(), gone)


def test_regular_times_need_no_setting() -> None:
    for chosen in (None, *holes.HOLES):
        made = holes.treat(series(hourly()), chosen)
        assert (len(made.rows), made.cuts) == (200, [])
        assert made.steps == {"step": "1 hour", "holes": 0, "early": 0, "treated": None}
    assert holes.treat(Series(np.zeros((3, 1)), ["x"], "x", ["x"]), "insert").steps is None


def test_the_error_names_the_first_hole_their_number_and_the_three_ways_out() -> None:
    with pytest.raises(SettingError) as caught:
        holes.treat(series(hourly(gone=(5, 6, 7, 90))), None)
    line = str(caught.value)
    assert line.startswith("time must rise by 1 hour from row to row")
    assert "2021-01-04 08:00 only 4 hours after 2021-01-04 04:00; in all 2 holes with 4 missing rows" in line
    assert "\n" not in line
    for way in ("insert", "cut", "irregular"):
        assert way in line


@given(data=st.data(), rows=st.integers(20, 120))
def test_inserted_rows_are_missing_cells_and_the_others_stay(data: st.DataObject, rows: int) -> None:
    gone = data.draw(st.lists(st.integers(2, rows - 3), min_size=1, max_size=rows // 8, unique=True))
    full = pd.date_range("2021-01-04", periods=rows, freq="B").to_numpy()
    left = np.sort(np.setdiff1d(np.arange(rows), gone))
    before = series(full[left])
    made = holes.treat(before, "insert")
    np.testing.assert_array_equal(made.time, full)
    np.testing.assert_array_equal(made.rows[left], before.rows)
    assert np.isnan(made.rows[gone]).all()
    assert made.cuts == []
    cut = holes.treat(before, "cut")
    assert cut.cuts == (np.flatnonzero(np.diff(left) > 1) + 1).tolist()
    irregular = holes.treat(before, "irregular")
    assert irregular.cuts == []
    for same in (cut, irregular):
        np.testing.assert_array_equal(same.rows, before.rows)
        np.testing.assert_array_equal(same.time, before.time)
    assert irregular.steps == {
        "step": "1 business day",
        "holes": len(cut.cuts),
        "early": 0,
        "treated": "irregular",
    }


def test_inserting_needs_whole_steps_and_few_of_them() -> None:
    early = np.sort(np.append(hourly(), np.datetime64("2021-01-05T00:20")))
    with pytest.raises(SettingError, match=r"whole number of times 1 hour.*20 minutes after 2021-01-05, .*cut"):
        holes.treat(series(early), "insert")
    assert holes.treat(series(early), "cut").cuts == [25, 26]
    # Ten years of hours for one.
    far = np.append(hourly(1000), hourly(1000) + np.timedelta64(365, "D"))
    assert len(holes.treat(series(far), "insert").rows) == 365 * 24 + 1000
    far = np.append(hourly(100), hourly(100) + np.timedelta64(365, "D"))
    with pytest.raises(SettingError, match="must not insert more than 10 rows for each"):
        holes.treat(series(far), "insert")
    with pytest.raises(SettingError, match="must be one of error, insert, cut, irregular"):
        holes.treat(series(hourly()), "fill")


def test_a_step_that_changes_is_named() -> None:
    quarters = pd.date_range(hourly()[-1], periods=150, freq="15min").to_numpy()[1:]
    with pytest.raises(SettingError, match="the step changes from 1 hour to 15 minutes"):
        holes.treat(series(np.concatenate([hourly(), quarters])), "error")
    # One row too many is no change.
    with pytest.raises(SettingError) as caught:
        holes.treat(series(np.sort(np.append(hourly(), np.datetime64("2021-01-05T00:20")))), None)
    assert "2021-01-05 00:20 already 20 minutes after 2021-01-05; in all 0 holes with 0 missing rows" in str(
        caught.value
    )
    assert "and 2 shorter steps" in str(caught.value)
    assert "changes" not in str(caught.value)


@pytest.mark.parametrize("freq", ["h", "30min", "15min"])
def test_the_hour_that_summer_skips_is_named(freq: str) -> None:
    local = pd.date_range("2021-03-20", "2021-04-10", freq=freq, tz="Europe/Berlin").tz_localize(None).to_numpy()
    with pytest.raises(SettingError, match="daylight saving time begins: set `zone`"):
        holes.treat(series(local), None)
    by_day = np.delete(hourly(), [20])
    with pytest.raises(SettingError) as caught:
        holes.treat(series(by_day), None)
    assert "daylight" not in str(caught.value)
    # Days of 23 hours are no holes.
    utc = pd.date_range("2021-03-20", "2021-12-10", freq="D", tz="Europe/Berlin").tz_convert("UTC").tz_localize(None)
    assert holes.treat(series(utc.to_numpy()), None).cuts == []


def test_the_series_on_disk_has_its_step_and_its_cuts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data/own").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    times = hourly(60, gone=(30, 31))
    rows = "".join(f"{time},{i}\n" for i, time in enumerate(times.astype("datetime64[s]")))
    Path("data/own/a.csv").write_text("t,x\n" + rows)
    settings = {"source": "data/own/a.csv", "time": "t", "target": "x"}
    with pytest.raises(Exception, match=r"`series.mine.time` must rise by 1 hour"):
        reading.read("mine", settings)
    for chosen, rows_written, cuts in (("cut", 58, [30]), ("insert", 60, []), ("irregular", 58, [])):
        own = settings | {"holes": chosen}
        reading.raw({"series": {"mine": own}}, "mine")
        written = json.loads(Path("data/raw/mine/series.json").read_text())
        assert (written["rows"], written["cuts"]) == (rows_written, cuts)
        assert written["time"] == {
            "first": "2021-01-04T00:00:00",
            "last": "2021-01-06T11:00:00",
            "step": "1 hour",
            "holes": 1,
            "early": 0,
            "treated": chosen,
        }
        assert len(np.load("data/raw/mine/time.npy")) == len(np.load("data/raw/mine/rows.npy")) == rows_written


def test_the_bundled_series_have_no_holes() -> None:
    for name, step in (("co2", "1 week"), ("sunspots", "1 year")):
        made = reading.read(name, {"source": "pipeline/sources/bundled.py", "name": name, "holes": "error"})
        assert made.steps is not None
        assert (made.steps["step"], made.steps["holes"]) == (step, 0)
