"""How rows are divided, and where a missing cell is."""

from typing import Any

import pytest

from pipeline.report.pictures import rows
from tests.helpers.pictures import boxes, described, diagnosis, parse, texts
from tests.helpers.reports import made_up


def places(svg):
    """Return the drawn rectangles as shares of the plot's width: start and end."""
    plot = next(each for each in parse(svg).iter("svg") if each.get("class") == "plot")
    wide = float(plot.attrib["viewBox"].split()[2])
    found = [(float(each.attrib["x"]), float(each.attrib["width"]), each.attrib["fill"]) for each in plot.iter("rect")]
    return [(x / wide, (x + width) / wide, fill) for x, width, fill in found]


def test_parts_are_where_their_rows_are() -> None:
    svg = rows.parts(made_up("a", oracle=False)).svg
    train, validation, test = places(svg)
    assert train[:2] == pytest.approx((0, 0.6), abs=0.001)
    assert validation[:2] == pytest.approx((0.6, 0.8), abs=0.001)
    assert test[:2] == pytest.approx((0.8, 1.0), abs=0.001)
    assert test[2] == "var(--test)"
    assert "row of the series" in texts(svg)
    assert "test: rows 800 to 999" in described(svg)[1]


def test_adjacent_intervals_are_one_bar_and_context_is_thinner() -> None:
    one = made_up("a", oracle=False)
    fold = one["split"]["folds"][0]
    fold["train"]["intervals"] = [[0, 100], [100, 300], [400, 600]]
    fold["test"]["context"] = 50
    first, second, _, context, test = places(rows.parts(one).svg)
    assert first[:2] == pytest.approx((0, 0.3), abs=0.001)
    assert second[:2] == pytest.approx((0.4, 0.6), abs=0.001)
    assert context[:2] == pytest.approx((0.8, 0.85), abs=0.001)
    assert test[:2] == pytest.approx((0.85, 1.0), abs=0.001)
    heights = [box["height"] for box in boxes(rows.parts(one).svg) if box["height"] > 12]
    assert heights[3] < heights[4] / 2


def test_known_times_are_the_axis() -> None:
    one = made_up("a", oracle=False)
    ends = [(0, "2020-01-01"), (600, "2020-07-01"), (800, "2021-01-01"), (999, "2021-02-01")]
    one["split"]["axis"] = {"rows": [row for row, _ in ends], "time": [time for _, time in ends]}
    svg = rows.parts(one).svg
    train, _, test = places(svg)
    assert train[1] == pytest.approx(182 / 397, abs=0.002)
    assert test[0] == pytest.approx(366 / 397, abs=0.002)
    assert "time" in texts(svg)
    assert {"2020-01", "2020-07", "2021-01"} <= set(texts(svg))


def test_folds_have_lines_of_their_own() -> None:
    svg = rows.parts(made_up("a", folds=3, oracle=False)).svg
    assert [text for text in texts(svg) if text.startswith("fold")] == ["fold 1", "fold 2", "fold 3"]


def test_the_place_of_a_missing_cell() -> None:
    picture = rows.missing_cell(diagnosis())
    assert picture
    whole, touched = places(picture.svg)
    assert whole[:2] == (0, 1)
    assert touched[:2] == pytest.approx((0.2, 0.24), abs=0.001)
    assert picture.title == "Where the first missing or infinite cell is: row 250, column load"
    assert "40 of 1,000 training windows read one" in picture.caption
    assert "in batch 7 of the 32 batches" in picture.caption


def timed(first: str, last: str, step: str | None, rows: int = 300) -> dict[str, Any]:
    return {"rows": rows, "time": {"first": first, "last": last, "step": step}}


@pytest.mark.parametrize(
    ("split", "when"),
    [
        (timed("2020-01-01T00:00:00", "2020-10-26T00:00:00", "1 day"), "2020-09-07"),
        (timed("2020-01-01T05:30:00", "2020-01-13T16:30:00", "1 hour"), "2020-01-11 15:30"),
        (timed("1995-01-01T00:00:00", "2019-12-01T00:00:00", "1 month"), "2015-11-01"),
        (timed("1900-04-01T00:00:00", "1975-01-01T00:00:00", "1 quarter"), "1962-10-01"),
        (timed("2020-01-01T00:00:00", "2020-10-28T00:00:00", "1 day"), None),
        (timed("2020-01-01T00:00:00", "2021-02-23T00:00:00", "1 business day"), None),
        (timed("2020-01-01T00:00:00", "2020-10-26T00:00:00", None), None),
        ({"rows": 300, "time": None}, None),
    ],
)
def test_the_time_of_a_missing_cell_is_shown_where_the_steps_tell_it(split: dict[str, Any], when: str | None) -> None:
    picture = rows.missing_cell(diagnosis() | {"split": split})
    assert picture
    assert picture.title.endswith(f"row 250 ({when}), column load" if when else "row 250, column load")


def test_of_many_missing_cells_only_the_first_place_is_claimed() -> None:
    made = diagnosis()
    made["facts"]["data"]["nonfinite"] |= {"cells": 9}
    picture = rows.missing_cell(made)
    assert picture
    first, last, _ = places(picture.svg)[1]
    assert last - first < 0.002
    made["facts"]["data"]["nonfinite"] = None
    assert rows.missing_cell(made) is None


@pytest.mark.parametrize(
    ("time", "season", "says"),
    [
        (None, None, ""),
        (("1 hour", 0, 0, None), None, "The rows are 1 hour apart. "),
        (("1 hour", 2, 0, "insert"), None, "Rows of missing cells fill 2 holes. "),
        (("1 hour", 1, 0, "cut"), None, "No window crosses 1 hole. "),
        (("1 hour", 1, 1, "irregular"), None, "declared irregular: 1 hole and 1 row too early are taken"),
        (
            None,
            (None, None, 24, 0.8),
            "A season of 24 rows is visible in the training rows (autocorrelation 0.80)",
        ),
        (None, (24, 0.8, 24, 0.8), ""),
        (None, (7, 0.1, 24, 0.8), "`period` is 7 (autocorrelation 0.10); in the training rows a season of 24 rows"),
        (None, (7, 0.75, 24, 0.8), ""),
        (
            None,
            (7, 0.05, None, None),
            "the training rows show no such season (autocorrelation 0.05)",
        ),
        (None, (7, 0.3, None, None), ""),
        (None, (None, None, None, None), ""),
    ],
)
def test_step_holes_and_season_are_described(time, season, says):
    split = {
        "time": time and dict(zip(("step", "holes", "early", "treated"), time, strict=True)),
        "season": season
        and dict(zip(("given", "autocorrelation", "visible", "visible_autocorrelation"), season, strict=True)),
    }
    text = rows._season(split)
    assert (says in text) if says else text == ""
