"""What a line advises works, what looks like times is never passed over, and no input knows the target to come."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from pipeline.common.errors import UserError
from tests.workflow.tryout.files import season
from workflow.tryout import columns, options, steps

pytestmark = pytest.mark.usefixtures("folder")

HOURS = pd.date_range("2024-01-01", periods=400, freq="h")
FRAME = pd.DataFrame({"time": HOURS, "v": season(400, 24).round(2)})


def plan(frame: pd.DataFrame, *words: str) -> steps.Plan:
    frame.to_csv("a.csv", index=False)
    return steps.plan(Path("a.csv"), "mine", options.chosen(options.parse(["a.csv", *words])), None)


def line(frame: pd.DataFrame, *words: str) -> str:
    """The error for a file; nothing if there is none."""
    try:
        plan(frame, *words)
    except UserError as error:
        return str(error)
    return ""


def of_make(frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, **variables: str) -> steps.Plan:
    frame.to_csv("a.csv", index=False)
    for name, value in ({"FILE": "a.csv"} | variables).items():
        monkeypatch.setenv(name, value)
    given = options.parse(["--given", " ".join(["FILE", *variables])])
    return steps.plan(Path("a.csv"), "mine", options.chosen(given), None)


@pytest.mark.parametrize("mark", ["--.-", "-", "no data, off", "no data,off"])
def test_the_mark_of_missing_cells_that_a_line_names_is_taken(mark: str, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = FRAME.assign(v=[mark if i % 37 == 3 else f"{v}" for i, v in enumerate(FRAME["v"])])
    if mark != "-":
        with pytest.raises(UserError, match=re.escape(f'add MISSING="{mark}"')):
            of_make(frame, monkeypatch, TARGET="v")
    made = of_make(frame, monkeypatch, TARGET="v", MISSING=mark)
    assert np.isnan(made.columns["v"]).sum() == 11


def test_several_marks_stay_several(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = ["off" if i % 37 == 3 else "no data" if i % 37 == 5 else f"{v}" for i, v in enumerate(FRAME["v"])]
    made = of_make(FRAME.assign(v=cells), monkeypatch, TARGET="v", MISSING="off, no data")
    assert np.isnan(made.columns["v"]).sum() == 22


def test_names_with_commas_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    frame = FRAME.rename(columns={"v": "Load, kW"}).assign(**{"Temp, C": rng.normal(size=400), "w": HOURS.hour})
    made = of_make(frame, monkeypatch, TARGET="Load, kW", FEATURES="Load, kW,w, Temp, C")
    assert yaml.safe_load(made.text)["series"]["mine"]["features"] == ["Load, kW", "w", "Temp, C"]
    assert made.record.options["features"] == ["Load", "kW", "w", "Temp", "C"]


@pytest.mark.parametrize("rows", [70, 110, 300])
@pytest.mark.parametrize("horizon", [3, 20, 100])
def test_the_horizon_that_is_advised_fits(rows: int, horizon: int) -> None:
    frame = pd.DataFrame({"v": season(rows)})
    for more in ((), ("--window", "20")):
        refused = line(frame, "--horizon", f"{horizon}", *more)
        if found := re.search(r"such as (\d+)", refused):
            assert line(frame, "--horizon", found[1], *more) == ""
        assert found or not refused or "Give more rows" in refused or "`WINDOW`" in refused


def test_a_counter_alone_is_named() -> None:
    frame = pd.DataFrame({"n": 5 + 2 * np.arange(200)})
    with pytest.raises(UserError, match=r'Received: n rises by one step .*TARGET="n"'):
        plan(frame)
    assert plan(frame, "--target", "n").columns


UNREAD = {
    "Date": [f"{t:%d}~{t:%m}~{t:%Y}" for t in HOURS],
    "ts": [f"{t:%H}h {t:%M}m, {t:%d}/{t:%m}" for t in HOURS],
    "Period": [f"{2000 + i // 12}/{i % 12 + 1}X" for i in range(400)],
    "yearweek": [f"{2000 + i // 52}{i % 52 + 1:02}" for i in range(400)],
    "column": [f"am {t:%d}~{t:%m}~{t:%Y} {t:%H}" for t in HOURS],
}


@pytest.mark.parametrize("name", UNREAD)
def test_times_that_cannot_be_read_are_refused(name: str) -> None:
    frame = pd.DataFrame({name: UNREAD[name], "v": FRAME["v"]})
    with pytest.raises(UserError, match=rf"column {name}` must hold times .*Received: '.*TIME=none") as caught:
        plan(frame)
    assert "\n" not in str(caught.value)
    made = plan(frame, "--time", "none")
    assert made.times is None
    assert made.record.options["target"] == "v"


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("time", [f"{i / 256:.6f}" for i in range(400)]),
        ("Elapsed time", [f"{i // 60}:{i % 60:02}.000" for i in range(400)]),
        ("period", [f"{i % 12 + 1}" for i in range(400)]),
        ("note", [f"version 1.2.{i}" for i in range(400)]),
        ("date", ["" if i % 2 else "later" for i in range(400)]),
    ],
)
def test_what_is_no_date_is_passed_over(name: str, cells: list[str]) -> None:
    assert plan(pd.DataFrame({name: cells, "v": FRAME["v"]}), "--target", "v").times is None


@pytest.mark.parametrize("later", [1, 3])
def test_a_column_that_shows_the_target_to_come_is_no_input(later: int) -> None:
    frame = FRAME.assign(ahead=FRAME["v"].shift(-later), before=FRAME["v"].shift(later))
    made = plan(frame, "--target", "v")
    assert "- v\n    - before\n" in made.text
    assert "ahead\n" not in made.text
    why = next(choice.why for choice in made.choices if choice.what == "left out")
    assert why == f"equals the target {later} {'row' if later == 1 else 'rows'} later"


def test_of_ids_too_and_by_training_rows_alone() -> None:
    frames = [FRAME.assign(v=FRAME["v"] * (i + 1), unit=f"u{i}") for i in range(3)]
    frame = pd.concat([each.assign(ahead=each["v"].shift(-1)) for each in frames])
    assert "ahead" not in plan(frame, "--target", "v").text.split("split")[0]
    single = FRAME.assign(ahead=np.where(np.arange(400) < 200, 7.0 + np.arange(400) % 3, FRAME["v"].shift(-1)))
    assert "- ahead" in plan(single, "--target", "v").text


def test_a_flag_that_seldom_changes_is_no_leak() -> None:
    target = np.zeros(300)
    target[100:] = 1
    both = columns.Columns({"y": target, "x": np.roll(target, -1)})
    assert columns.inputs(both, "y", slice(0, 250), None)[0] == ["y", "x"]
