"""Which rows are of one series, and what is said where a time repeats: every advice works."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.common.errors import UserError
from tests.workflow.tryout.files import season
from workflow.tryout import options, steps

pytestmark = pytest.mark.usefixtures("folder")

HOURS = pd.date_range("2024-01-01", periods=1000, freq="h")
LOAD = season(1000, 24).round(2)


def plan(frame: pd.DataFrame, *words: str) -> dict[str, str]:
    frame.to_csv("a.csv", index=False)
    made = steps.plan(Path("a.csv"), "mine", options.chosen(options.parse(["a.csv", *words])), None)
    return {choice.what: choice.value for choice in made.choices}


def line(frame: pd.DataFrame, *words: str) -> str:
    with pytest.raises(UserError) as caught:
        plan(frame, *words)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def advised(text: str) -> list[str]:
    """The option that a line names, as words of a command line."""
    found = re.search(r"(WHERE|ZONE|REPEATED|ID|TARGET|HORIZON)=([\"].*?[\"]|[^ ,;.]+)", text)
    assert found is not None, text
    return [f"--{found[1].lower()}", *shlex.split(found[2])]


def test_one_row_twice_makes_no_panel() -> None:
    frame = pd.DataFrame({"time": HOURS, "kW": LOAD, "status": "ok"})
    again = frame.iloc[[500]].assign(kW=7.0, status="corrected")
    frame = pd.concat([frame.iloc[:501], again, frame.iloc[501:]])
    refused = line(frame, "--target", "kW")
    assert "must not repeat a time" in refused
    assert plan(frame, "--target", "kW", *advised(refused))["period"] == "24"


@pytest.mark.parametrize("flags", ["SW", "10"])
def test_a_flag_of_summer_time_makes_no_panel(flags: str) -> None:
    times = pd.date_range("2023-08-01", periods=3000, freq="h", tz="Europe/Berlin")
    flag = [flags[0] if time.dst() else flags[1] for time in times]
    frame = pd.DataFrame({"time": times.tz_localize(None), "dst": flag, "load": season(3000, 24).round(2)})
    refused = line(frame, "--target", "load")
    assert plan(frame, "--target", "load", *advised(refused))["period"] == "24"


def test_series_of_other_lengths_stay_a_panel() -> None:
    pieces = [pd.DataFrame({"time": HOURS[:n], "load": LOAD[:n], "site": f"s{n}"}) for n in (400, 250, 90)]
    assert plan(pd.concat(pieces[:2]))["id"] == "site"
    uneven = pd.concat([pieces[0], pieces[2]])  # few times repeat: the name must say it
    assert "must not repeat a time" in line(uneven)
    assert plan(uneven.rename(columns={"site": "station"}))["id"] == "station"


def test_rows_that_repeat_the_row_before_hide_no_ids() -> None:
    frame = pd.concat([pd.DataFrame({"time": HOURS, "load": LOAD + i, "site": f"s{i}"}) for i in range(3)])
    assert plan(pd.concat([frame.iloc[:100], frame.iloc[99:]]))["id"] == "site"


@pytest.mark.parametrize("unit", ["ms", "s"])
def test_ids_that_never_or_seldom_share_a_time_are_found_by_their_name(unit: str) -> None:
    rng = np.random.default_rng(0)
    pieces = []
    for device in range(6):
        late = pd.to_timedelta(rng.integers(0, 60_000, 300), unit="ms")
        pieces.append(pd.DataFrame({"timestamp": HOURS[:300] + late, "device_id": f"d{device}", "temp": LOAD[:300]}))
    frame = pd.concat(pieces).sort_values("timestamp")
    frame["timestamp"] = frame["timestamp"].dt.floor(unit)
    assert (frame["timestamp"].nunique() < len(frame)) == (unit == "s")
    assert plan(frame)["id"] == "device_id"
    assert "id" not in plan(frame.drop_duplicates("timestamp"), "--id", "none")


@pytest.mark.parametrize("name", ["site", "station"])
def test_the_hour_that_summer_time_repeats_in_each_series_hides_no_ids(name: str) -> None:
    times = pd.date_range("2022-10-20", periods=500, freq="h", tz="Europe/Berlin").tz_localize(None)
    frame = pd.concat([pd.DataFrame({"time": times, "load": LOAD[:500] + i, name: f"s{i}"}) for i in range(3)])
    refused = line(frame)
    assert "the hour at which daylight saving time ends" in refused
    assert plan(frame, *advised(refused))["id"] == name


def test_patients_one_after_the_other_are_not_joined() -> None:
    frame = pd.DataFrame({"time": HOURS, "patient_id": [f"P{i // 200}" for i in range(1000)], "hr": LOAD})
    assert plan(frame)["id"] == "patient_id"


def test_a_customer_of_each_sale_is_no_id() -> None:
    buyers = np.random.default_rng(0).integers(0, 120, 1000)
    assert "id" not in plan(pd.DataFrame({"time": HOURS, "customer_id": buyers, "sales": LOAD}), "--target", "sales")


def items() -> pd.DataFrame:
    days = pd.date_range("2021-01-01", periods=400)
    pairs = [(store, item) for store in (1, 2, 3) for item in (10, 20)]
    pieces = [
        pd.DataFrame({"date": days, "store": store, "item": item, "sales": (season() + item * store).round()})
        for store, item in pairs
    ]
    return pd.concat(pieces).sort_values(["date", "store", "item"])


@pytest.mark.parametrize("words", [(), ("--id", "store"), ("--id", "none")])
def test_of_series_that_two_columns_tell_apart_one_is_taken(words: tuple[str, ...]) -> None:
    refused = line(items(), *words)
    assert 'WHERE="store=1"' in refused
    assert plan(items(), *advised(refused))["id"] == "item"


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Australia/Sydney", "Europe/London"])
@pytest.mark.parametrize("step", ["h", "15min"])
def test_the_zone_that_is_named_where_an_hour_repeats_works(zone: str, step: str) -> None:
    starts = {"Europe/Berlin": "2022-10-20", "America/New_York": "2022-11-01", "Australia/Sydney": "2022-03-30"}
    times = pd.date_range(starts.get(zone, "2022-10-20"), periods=2000, freq=step, tz=zone)
    frame = pd.DataFrame({"time": times.tz_localize(None), "load": season(2000, 24)})
    refused = line(frame)
    assert f"ZONE={zone}" in refused
    assert "holes" not in plan(frame, *advised(refused))


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Australia/Sydney"])
def test_no_zone_is_named_where_the_hour_of_autumn_is_there_once(zone: str) -> None:
    times = pd.date_range("2022-01-01", periods=8760, freq="h", tz=zone).tz_localize(None)
    times = times[~times.duplicated()]
    frame = pd.DataFrame({"time": times, "load": season(len(times), 24)})
    frame.to_csv("a.csv", index=False)
    made = steps.plan(Path("a.csv"), "mine", {}, None)
    why = next(choice.why for choice in made.choices if choice.what == "zone")
    assert "ZONE=" not in why
    assert "no hour repeats" in why
