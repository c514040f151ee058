"""Charts: values can be read back off the axes, names are harmless, and equal numbers give equal bytes."""

import numpy as np
import pytest

from pipeline.report.pictures.chart import Chart
from pipeline.report.pictures.scales import Scale, around
from pipeline.report.pictures.svg import Entry
from tests.helpers.pictures import described, drawn, parse, texts

HOSTILE = "</svg><script>alert(1)</script>\u202e&\"'\x00\x1b[31m=1+1"


def chart(x: np.ndarray, y: np.ndarray, name: str = "truth", **given: float) -> str:
    made = Chart(around(x, pad=0.0), around(y), "row", name)
    made.line(x, y, name, "truth")
    return made.svg("key", name, name)


def test_a_line_is_where_its_values_are() -> None:
    x, y = np.arange(300.0), np.random.default_rng(0).normal(size=300)
    at, values = drawn(chart(x, y), "truth")
    assert at == pytest.approx(x, abs=300 / 3000)
    assert values == pytest.approx(y, abs=np.ptp(y) / 1200)


def test_a_gap_is_a_gap() -> None:
    y = np.array([1.0, 2.0, np.nan, 3.0, np.inf, 4.0, 5.0])
    svg = chart(np.arange(7.0), y)
    at, values = drawn(svg, "truth")
    assert values == pytest.approx([1.0, 2.0, 3.0, 4.0, 5.0], abs=0.01)
    assert at == pytest.approx([0, 1, 3, 5, 6], abs=0.01)
    path = next(each.attrib["d"] for each in parse(svg).iter("path") if each.get("data-name"))
    assert path.count("M") == 3
    assert path.count("h0") == 1  # a value between two gaps is a dot


def test_values_far_outside_stay_finite() -> None:
    made = Chart(Scale(0.0, 2.0), Scale(0.0, 1.0), "row")
    made.line([0, 1, 2], [0.5, 1e30, 0.5], "seed", "network")
    assert drawn(made.svg("k", "t", "d"), "seed")[1][1] > 1e3


def test_names_are_harmless() -> None:
    svg = chart(np.arange(3.0), np.arange(3.0), HOSTILE)
    root = parse(svg)  # it is still one element
    assert not [each for each in root.iter() if each.tag == "script"]
    for character in "\u202e\x00\x1b":
        assert character not in svg
    assert any(text.startswith("</svg>") for text in texts(svg))
    assert described(svg)[0].startswith("</svg><script>")


def test_equal_numbers_give_equal_bytes_and_keys_their_own_ids() -> None:
    x, y = np.arange(5.0), np.arange(5.0) ** 2
    assert chart(x, y) == chart(x, y)
    made = Chart(around(x), around(y), "row")
    assert (
        parse(made.svg("a", "t", "d")).attrib["aria-labelledby"]
        != parse(made.svg("b", "t", "d")).attrib["aria-labelledby"]
    )


def test_the_name_and_the_description_are_those_given() -> None:
    made = Chart(Scale(0.0, 1.0), Scale(0.0, 1.0), "row")
    svg = made.svg("k", "Losses", "0.5 in the first epoch.")
    assert described(svg) == ("Losses", "0.5 in the first epoch.")
    assert parse(svg).attrib["role"] == "img"


def test_even_steps_and_irregular_times_are_told_exactly() -> None:
    assert parse(chart(np.arange(5.0) * 3 + 7, np.arange(5.0))).attrib["data-even"] == "7 3"
    times = np.array([0.0, 2678400.0, 5097600.0])  # the first of three months
    made = Chart(Scale(0.0, 5097600.0, "time"), Scale(0.0, 1.0), "time")
    made.line(times, [0.1, 0.2, 0.3], "truth", "truth")
    assert parse(made.svg("k", "t", "d")).attrib["data-at"] == "0 2678400 5097600"


def test_a_legend_lists_each_name_once_and_breaks_its_lines() -> None:
    made = Chart(Scale(0.0, 1.0), Scale(0.0, 1.0), "row")
    entries = [Entry(f"a rather long name {k}", "network") for k in range(5)]
    svg = made.svg("k", "t", "d", [*entries, entries[0]])
    listed = [each for each in parse(svg).iter("text") if (each.text or "").startswith("a rather")]
    assert len(listed) == 5
    assert len({each.attrib["y"] for each in listed}) > 1


def test_a_level_and_an_area_are_where_their_values_are() -> None:
    made = Chart(Scale(0.0, 10.0), Scale(0.0, 4.0), "row", height=100)
    made.level(1.0, "level", "reference")
    made.area((2.0, 4.0), (0.0, 2.0), "area", "area")
    made.upright(5.0, "mark", "ink")
    root = parse(made.svg("k", "t", "d"))
    plot = next(each for each in root.iter("svg") if each.get("class") == "plot")
    wide = float(plot.attrib["viewBox"].split()[2])
    box = next(each.attrib for each in plot.iter("rect"))
    assert (float(box["x"]) / wide, float(box["width"]) / wide) == pytest.approx((0.2, 0.2), abs=0.001)
    assert (float(box["y"]), float(box["height"])) == (500, 500)
    level, mark = (each.attrib["d"] for each in plot.iter("path"))
    assert level.startswith("M0 750h")
    assert float(mark[1:].split()[0]) / wide == pytest.approx(0.5, abs=0.001)
