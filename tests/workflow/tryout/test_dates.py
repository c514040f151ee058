"""Dates in the forms that programs write: the order of their numbers, centuries, midnights and months."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.common.errors import UserError
from workflow.tryout import clock, files, joined, moments, table

HOURS = pd.date_range("2024-01-01", periods=240, freq="h")
MONTHS = pd.date_range("2005-01-01", periods=160, freq="MS")
QUARTERS = pd.date_range("1985-01-01", periods=150, freq="QS")


def read(cells: list[str], *others: str, order: str | None = None) -> clock.Clock:
    rows = [[cell, *others, f"{i % 7}"] for i, cell in enumerate(cells)]
    made = table.make("a.csv", ["date", *("x" for _ in others), "v"], rows, list(range(2, len(rows) + 2)), "line", [])
    return clock.read(made, joined.Wishes(order=order))


def check(found: clock.Clock, times: pd.DatetimeIndex) -> None:
    assert found.values is not None
    np.testing.assert_array_equal(found.values, times.to_numpy().astype("datetime64[us]"))


@pytest.mark.parametrize("freq", ["MS", "QS", "YS", "ME", "h", "6h"])
@pytest.mark.parametrize("form", ["%m/%d/%Y %H:%M", "%d/%m/%Y %H:%M", "%m-%d-%y %H:%M", "%d-%m-%y %H:%M"])
def test_the_calendar_decides_which_number_is_the_day(freq: str, form: str) -> None:
    count = {"h": 11 * 24, "6h": 11 * 4, "YS": 25, "QS": 90}.get(freq, 200)
    times = pd.date_range("2001-01-01", periods=count, freq=freq)
    short = form if "h" in freq else form.removesuffix(" %H:%M")
    check(read(times.strftime(short).tolist()), times)
    check(read(times[::-1].strftime(short).tolist()), times)


@pytest.mark.parametrize("form", ["%m/%d/%Y", "%d/%m/%Y"])
def test_the_fifth_of_each_month(form: str) -> None:
    times = MONTHS + pd.Timedelta("4D")
    found = read(times.strftime(form).tolist())
    check(found, times)
    assert "gives the regular steps" in str(found.notes)


def test_two_readings_that_are_as_regular_are_refused() -> None:
    cells = [f"05/03/{year}" for year in range(1920, 2000)]
    with pytest.raises(UserError, match=r"which number is the day.*Add DATES=dmy"):
        read(cells)
    assert str(read(cells, order="mdy").values[0]) == "1920-05-03T00:00:00.000000"  # type: ignore[index]


@pytest.mark.parametrize("form", ["%y/%m/%d", "%y.%m.%d", "%y-%m-%d", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y"])
@pytest.mark.parametrize("freq", ["D", "B", "W-MON", "MS"])
def test_the_year_of_two_digits_may_be_first_or_last(form: str, freq: str) -> None:
    times = pd.date_range("2015-01-15", periods=200, freq=freq)[:120]
    found = read(times.strftime(form).tolist())
    check(found, times)
    years = " to ".join(dict.fromkeys(str(times[end].year) for end in (0, -1)))
    assert f"years of two digits are read as {years}" in found.notes


def test_a_single_day_is_read_day_first() -> None:
    times = pd.date_range("2015-03-16", periods=96, freq="15min")
    check(read(times.strftime("%d.%m.%y %H:%M").tolist()), times)
    check(read(times.strftime("%y.%m.%d %H:%M").tolist(), order="ymd"), times)


@pytest.mark.parametrize(
    ("start", "count", "freq", "form"),
    [
        ("1949-01-01", 144, "MS", "%b-%y"),
        ("1958-03-01", 520, "MS", "%b-%y"),
        ("1962-01-01", 800, "B", "%m/%d/%y"),
        ("1904-01-01", 1100, "MS", "%b %y"),
        ("2001-01-01", 300, "MS", "%d.%m.%y"),
        ("1920-01-31", 900, "ME", "%d-%b-%y"),
    ],
)
def test_years_of_two_digits_stay_together_and_out_of_the_future(start: str, count: int, freq: str, form: str) -> None:
    times = pd.date_range(start, periods=count, freq=freq)
    check(read(times.strftime(form).tolist()), times)
    check(read(times[::-1].strftime(form).tolist()), times)


@pytest.mark.parametrize("freq", ["15min", "h", "8h", "12h"])
@pytest.mark.parametrize("form", ["%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M:%S", "%m/%d/%Y %I:%M %p"])
def test_a_day_without_a_time_is_its_midnight(freq: str, form: str) -> None:
    times = pd.date_range("2024-01-01", periods=2880 if freq == "15min" else 241, freq=freq)
    cells = [f"{t:{form}}" if t.hour or t.minute else f"{t:{form.split(' ')[0]}}" for t in times]
    found = read(cells)
    check(found, times)
    midnights = int((times.normalize() == times).sum())
    assert f"{midnights:,} cells without a time of day are midnight" in found.notes
    days = read(times[times.normalize() == times].strftime("%d.%m.%Y").tolist() * 1)
    assert "midnight" not in str(days.notes)


def test_a_workbook_with_midnights(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    pd.DataFrame({"Date": HOURS, "Load": np.arange(240.0)}).to_excel(path, index=False)
    check(clock.read(files.read(path), joined.Wishes()), HOURS)


SPANISH = ["ene", "feb", "mar", "abr", "may", "jun", "jul", "ago", "sep", "oct", "nov", "dic"]
FRENCH = ["janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."]
FORMS = {
    "Eurostat": [f"{t:%YM%m}" for t in MONTHS],
    "a colon": [f"{t:%Y:%m}" for t in MONTHS],
    "month-year": [f"{t:%m-%Y}" for t in MONTHS],
    "apostrophe": [f"{t:%b '%y}" for t in MONTHS],
    "no sign": [f"{t:%Y%m}" for t in MONTHS],
    "newest first": [f"{t:%Y%m}" for t in MONTHS[::-1]],
    "Spanish": [
        f"{SPANISH[t.month - 1]}-{t:%y}" for t in MONTHS
    ],
    "French": [
        f"{FRENCH[t.month - 1]} {t.year}"
        for t in MONTHS
    ],
    "Japanese": [f"{t.year}年{t.month}月" for t in MONTHS],
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_months(name: str) -> None:
    check(read(FORMS[name]), MONTHS)


@pytest.mark.parametrize("form", ["{0}Q{1}", "{0}-Q{1}", "{0}/Q{1}", "{0}.Q{1}", "Q{1} {0}", "Q{1}/{0}", "{1}Q{0}",
                                  "Q{1}-{2}", "{1}Q{2}", "{2}Q{1}", "{1}q{2}", "Q{1} '{2}"])  # fmt: skip
def test_quarters(form: str) -> None:
    found = read([form.format(t.year, t.quarter, f"{t:%y}") for t in QUARTERS])
    check(found, QUARTERS)
    assert "of a quarter its first month is taken" in found.notes


@pytest.mark.parametrize("form", [
    "%Y%m%dT%H%M%S", "%Y%m%d %H%M%S", "%Y-%m-%d %H%M", "%Y-%m-%d %H", "%d/%m/%Y %H:%M:%S (CET)",
    "%d/%b/%Y:%H:%M:%S +0100", "[%d/%b/%Y:%H:%M:%S +0100]", "%H:%M %d/%m/%Y", "%I:%M %p %d/%m/%Y", "%H:%M:%S %d %b %Y",
    "%Y%m%d%H%M%S", "%Y%m%d%H%M", "%Y%m%d%H", "%Y%m%dT%H%M%SZ",
])  # fmt: skip
def test_times_of_day(form: str) -> None:
    found = read(HOURS.strftime(form).tolist())
    check(found, HOURS - pd.Timedelta("1h") if "CET" in form or "+01" in form else HOURS)


def test_am_and_pm_with_points() -> None:
    check(read([f"{t:%d/%m/%Y %I:%M:%S} {'a.m.' if t.hour < 12 else 'p. m.'}" for t in HOURS]), HOURS)


def test_other_numbers_of_six_digits_are_no_months() -> None:
    cells = pd.Series([f"{201801 + i}" for i in range(60)])  # 201813 is none
    assert moments.parse(cells) is None


@pytest.mark.parametrize(
    ("digits", "start"), [(1, 946_684_800), (1_000, 946_684_800), (1, 999_996_400), (10**9, 999_996_400)]
)
def test_seconds_of_before_september_2001_have_nine_digits(digits: int, start: int) -> None:
    found = moments.parse(pd.Series([str((start + 3600 * row) * digits) for row in range(30)]))
    assert found is not None
    assert found.aware
    assert (found.values == np.datetime64(start, "s") + 3600 * np.arange(30).astype("timedelta64[s]")).all()


def test_nine_digits_without_the_steps_of_a_clock_are_no_times() -> None:
    drawn = np.sort(np.random.default_rng(0).integers(300_000_000, 900_000_000, 30))
    assert moments.parse(pd.Series(drawn.astype(str))) is None
    assert moments.parse(pd.Series([str(946_684_800 - 3600 * row) for row in range(30)])) is None


@pytest.mark.parametrize("zone", ["+01:00[Europe/Berlin]", "+01:00[CET]", "+01:00"])
def test_an_offset_decides_beside_the_name_of_a_zone(zone: str) -> None:
    found = moments.parse(pd.Series([f"2020-01-{day:02}T00:00:00{zone}" for day in range(1, 20)]))
    assert found is not None
    assert found.aware
    assert found.values[0] == np.datetime64("2019-12-31T23:00")
    found = moments.parse(pd.Series([f"2020-01-{day:02}T00:00:00Z[UTC]" for day in range(1, 20)]))
    assert found is not None
    assert found.values[0] == np.datetime64("2020-01-01T00:00")
