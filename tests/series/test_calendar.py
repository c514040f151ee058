from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.series import calendar

# Steps of pandas whose missing rows have one possible time; of the others only the number is known.
EXACT = ["10ms", "s", "5min", "15min", "h", "6h", "12h", "D", "3D", "B", "W-WED", "4W", "30D"]
EXACT += ["MS", "ME", "QE", "QS", "QE-NOV", "6MS", "YE", "YS", "YE-JUN"]
COUNTED = ["BME", "BMS", "SME", "SMS", "BQE", "BYE", "2MS", "2YS", "10YS", "WOM-3FRI"]


@given(data=st.data(), freq=st.sampled_from(EXACT + COUNTED), rows=st.integers(12, 200))
def test_steps_of_pandas_are_steps_and_missing_rows_are_found(data: st.DataObject, freq: str, rows: int) -> None:
    first = data.draw(st.sampled_from(["1901-03-01", "1999-12-31 23:30", "2015-06-15 08:00"]))
    times = pd.date_range(first, periods=rows, freq=freq).to_numpy().astype("datetime64[us]")
    steps = calendar.measure(times)
    assert steps is not None
    assert not (steps.late | steps.early).any()
    assert not steps.missing.any()
    # Fewer than one in ten, so that the usual step stays the usual one; neither end.
    some = st.lists(st.integers(3, rows - 3), min_size=1, max_size=max(rows // 12, 1), unique=True)
    gone = np.array(data.draw(some))
    left = np.delete(times, gone)
    holed = calendar.measure(left)
    assert holed is not None
    assert holed.missing.sum() == len(gone)
    assert not holed.early.any()
    inserted = [holed.between(row) for row in np.flatnonzero(holed.late)]
    assert sum(map(len, inserted)) == len(gone)
    again = np.sort(np.concatenate([left, *inserted]))
    if freq in EXACT:
        np.testing.assert_array_equal(again, times)
    refilled = calendar.measure(again)
    assert refilled is not None
    assert not (refilled.late | refilled.early).any()


@pytest.mark.parametrize(
    ("freq", "name"),
    [
        ("10ms", "10 milliseconds"),
        ("s", "1 second"),
        ("15min", "15 minutes"),
        ("90min", "1.5 hours"),
        ("h", "1 hour"),
        ("D", "1 day"),
        ("B", "1 business day"),
        ("W", "1 week"),
        ("10D", "10 days"),
        ("ME", "1 month"),
        ("QS", "1 quarter"),
        ("YE", "1 year"),
    ],
)
def test_names(freq: str, name: str) -> None:
    steps = calendar.measure(pd.date_range("2020-01-01", periods=40, freq=freq).to_numpy())
    assert steps is not None
    assert steps.name == name


def test_a_week_of_other_days_and_times_near_midnight() -> None:
    days = pd.date_range("2020-01-01", periods=400, freq="D")
    sunday_to_thursday = days[~days.weekday.isin([4, 5])]
    steps = calendar.measure(sunday_to_thursday.to_numpy())
    assert steps is not None
    assert steps.name == "1 business day"
    assert not (steps.late | steps.early).any()
    shop = calendar.measure(days[days.weekday != 6].to_numpy())
    assert shop is not None
    assert shop.name == "1 day of Mon, Tue, Wed, Thu, Fri, Sat"
    assert not (shop.late | shop.early).any()
    # Midnight in London is 23:00 of the day before in summer.
    london = days[days.weekday < 5].tz_localize("Europe/London").tz_convert("UTC").tz_localize(None).to_numpy()
    steps = calendar.measure(london)
    assert steps is not None
    assert steps.name == "1 business day"
    assert not (steps.late | steps.early).any()
    # A holiday is a hole, and a Saturday with a row comes too early.
    holiday = calendar.measure(np.delete(london, 100))
    assert holiday is not None
    assert holiday.missing.sum() == 1
    assert holiday.between(99) == london[100]
    extra = np.sort(np.append(days[days.weekday < 5].to_numpy(), np.datetime64("2020-02-01")))
    steps = calendar.measure(extra)
    assert steps is not None
    assert steps.early.sum() == 1


def test_a_free_wednesday_is_a_hole_and_a_weekend_is_none() -> None:
    few = np.array(["2024-01-01", "2024-01-02", "2024-01-04", "2024-01-05", "2024-01-06"], dtype="datetime64[us]")
    steps = calendar.measure(few)
    assert steps is not None
    assert steps.missing.tolist() == [0, 1, 0, 0]
    weekend = pd.date_range("2024-01-02", periods=8, freq="B").to_numpy()
    steps = calendar.measure(weekend)
    assert steps is not None
    assert not steps.missing.any()


@given(seed=st.integers(0, 2**32 - 1), step=st.sampled_from([1_000_000, 60_000_000, 600_000_000]))
def test_jitter_is_no_hole(seed: int, step: int) -> None:
    rng = np.random.default_rng(seed)
    ideal = np.arange(200) * step
    jittered = (ideal + rng.uniform(-0.1, 0.1, 200) * step).astype("datetime64[us]")
    steps = calendar.measure(jittered)
    assert steps is not None
    assert not (steps.late | steps.early).any()
    gone = int(rng.integers(5, 195))
    steps = calendar.measure(np.delete(jittered, gone))
    assert steps is not None
    assert np.flatnonzero(steps.missing).tolist() == [gone - 1]


@pytest.mark.parametrize(("share", "late", "early"), [(1.24, False, False), (1.26, True, False), (0.74, False, True)])
def test_the_tolerance_is_a_quarter_of_a_step(share: float, late: bool, early: bool) -> None:
    lengths = np.full(40, 3600e6)
    lengths[20] *= share
    steps = calendar.measure(np.cumsum(lengths).astype(np.int64).astype("datetime64[us]"))
    assert steps is not None
    assert (steps.late.any(), steps.early.any()) == (late, early)


def test_many_missing_rows_do_not_hide_the_step() -> None:
    rng = np.random.default_rng(0)
    times = pd.date_range("2020-01-01", periods=3000, freq="h").to_numpy()[rng.random(3000) < 0.45]
    steps = calendar.measure(times)
    assert steps is not None
    assert steps.name == "1 hour"
    assert len(times) + steps.missing.sum() == 1 + int((times[-1] - times[0]) / np.timedelta64(1, "h"))


def test_two_rows_have_no_usual_step() -> None:
    assert calendar.measure(np.array(["2020-01-01", "2020-01-02"], dtype="datetime64[s]")) is None
    assert calendar.measure(np.array(["2020-01-01", "2020-01-02", "2020-01-03"], dtype="datetime64[s]")) is not None


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (60, "1 minute"),
        (900, "15 minutes"),
        (90, "1.5 minutes"),
        (3600, "1 hour"),
        (86_400, "1 day"),
        (604_800, "1 week"),
        (10 * 86_400, "10 days"),
        (1, "1 second"),
        (0.25, "250 milliseconds"),
        (1.2345, "1234.5 milliseconds"),
        (0.0001, "0.0001 seconds"),
    ],
)
def test_a_length_is_written_in_its_largest_unit(seconds: float, shown: str) -> None:
    assert calendar.length(seconds * 1e6) == shown
