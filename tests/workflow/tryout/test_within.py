"""Days or years in one column, and in another one that counts within them: both are the time, and no ids."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.common.errors import UserError
from tests.workflow.tryout.files import season
from workflow.tryout import options, steps

pytestmark = pytest.mark.usefixtures("folder")

HALVES = pd.date_range("2024-01-01", periods=1000, freq="30min")
HOURS = pd.date_range("2024-01-01", periods=1000, freq="h")
DAYS = pd.date_range("2019-01-01", periods=1000)
WEEKS = pd.date_range("2015-01-05", periods=400, freq="W-MON")
MONTHS = pd.date_range("2000-01-01", periods=240, freq="MS")


def plan(frame: pd.DataFrame, *words: str) -> steps.Plan:
    frame.to_csv("a.csv", index=False)
    return steps.plan(Path("a.csv"), "mine", options.chosen(options.parse(["a.csv", "--target", "v", *words])), None)


def half(times: pd.DatetimeIndex) -> pd.Index:
    return 2 * times.hour + times.minute // 30 + 1


FORMS = [
    ("SETTLEMENT_DATE", HALVES.strftime("%Y-%m-%d"), "SETTLEMENT_PERIOD", half(HALVES), HALVES),
    ("Date", HOURS.strftime("%Y%m%d"), "Time", HOURS.strftime("%H%M%S"), HOURS),
    ("<DATE>", HOURS.strftime("%Y%m%d"), "<TIME>", HOURS.strftime("%H%M"), HOURS),
    ("Date", HOURS.strftime("%Y%m%d"), "Time", [str(10000 * hour) for hour in HOURS.hour], HOURS),
    ("Date", HALVES.strftime("%d/%m/%Y"), "Heure", [f"{t.hour}h{t.minute:02}" for t in HALVES], HALVES),
    ("DeliveryDate", HOURS.strftime("%m/%d/%Y"), "HE", HOURS.hour + 1, HOURS),
    ("YEAR", DAYS.year, "DOY", DAYS.dayofyear, DAYS),
    ("Year", WEEKS.isocalendar().year, "Week", WEEKS.isocalendar().week, WEEKS),
    ("Year", MONTHS.year, "Period", MONTHS.strftime("M%m"), MONTHS),
    ("Year", MONTHS.year, "Period", MONTHS.month, MONTHS),
]


@pytest.mark.parametrize("order", ["as it is", "newest first", "shuffled"])
@pytest.mark.parametrize(("date", "dates", "part", "parts", "times"), FORMS, ids=[f"{f[0]} {f[2]}" for f in FORMS])
def test_a_count_within_a_day_or_a_year_is_a_part_of_the_time(
    date: str, dates: list[str], part: str, parts: list[str], times: pd.DatetimeIndex, order: str
) -> None:
    values = season(len(times), 24).round(3)
    frame = pd.DataFrame({date: list(dates), part: list(parts), "v": values})
    if order == "newest first":
        frame = frame[::-1]
    elif order == "shuffled" and date in ("SETTLEMENT_DATE", "YEAR", "Year"):
        frame = frame.sample(frac=1, random_state=0)
    made = plan(frame)
    assert made.ids is None
    assert made.times is not None
    np.testing.assert_array_equal(made.times, times.to_numpy().astype("datetime64[us]"))
    np.testing.assert_allclose(made.columns["v"], values)
    assert plan(frame, "--time", f"{date}+{part}").times is not None


def test_days_of_an_hour_more_or_less_need_their_zone() -> None:
    utc = pd.date_range("2023-10-01", periods=2000, freq="30min", tz="UTC")
    local = utc.tz_convert("Europe/London")
    first = local.normalize().tz_convert("UTC")
    frame = pd.DataFrame({"date": local.strftime("%Y-%m-%d"), "period": ((utc - first).total_seconds() // 1800 + 1)})
    frame = frame.astype({"period": int}).assign(v=season(2000, 48))
    assert frame["period"].max() == 50
    with pytest.raises(UserError, match=r"must count to 48 on each day. Received: 49 on 2023-10-29. .*ZONE="):
        plan(frame)
    made = plan(frame, "--zone", "Europe/London")
    np.testing.assert_array_equal(made.times, utc.tz_localize(None).to_numpy().astype("datetime64[us]"))


def test_a_mean_of_the_year_among_months_is_named() -> None:
    rows = [(year, f"M{month:02}", month % 5) for year in range(2000, 2012) for month in range(1, 14)]
    with pytest.raises(UserError, match=r"column Period` must count months from 1 to 12. Received: 'M13'"):
        plan(pd.DataFrame(rows, columns=["Year", "Period", "v"]))


@pytest.mark.parametrize("column", ["store", "machine", "site", "lesson"])
def test_numbers_of_stores_are_ids(column: str) -> None:
    frame = pd.DataFrame({"date": DAYS[:100].repeat(24), column: list(range(1, 25)) * 100, "v": season(2400, 24)})
    assert plan(frame).ids is not None


def test_machines_of_years_are_ids() -> None:
    names = [f"M{i}" for i in range(1, 13)]
    frame = pd.DataFrame({"year": np.repeat(range(1950, 2020), 12), "machine": names * 70, "v": season(840, 5)})
    assert plan(frame).ids is not None
