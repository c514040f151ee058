"""Bars: their lengths are their values, and what is cut off says so."""

import pytest

from pipeline.report.pictures.bars import Bar, Group, Share, bars, stacked
from tests.helpers.pictures import boxes, described, parse, texts


def drawn(*given: Bar, **more: object) -> str:
    return bars("k", "Skills", [Group("", given)], "skill", **more)  # type: ignore[arg-type]


def test_lengths_are_values() -> None:
    svg = drawn(Bar("a", 0.5), Bar("b", 0.25), Bar("c", -0.5), limits=(-1.0, 1.0))
    a, b, c = boxes(svg)
    assert a["width"] == pytest.approx(2 * b["width"], rel=0.01)
    assert c["width"] == pytest.approx(a["width"], rel=0.01)
    assert c["x"] + c["width"] == pytest.approx(a["x"], abs=0.2)
    assert a["x"] == b["x"] == pytest.approx(210, abs=0.2)  # 0 is in the middle


def test_a_bar_that_goes_on_ends_in_an_arrow_beside_its_true_number() -> None:
    svg = drawn(Bar("a", -11.1), limits=(-1.0, 1.0))
    assert "−11.1" in texts(svg)
    assert boxes(svg)[0]["width"] == pytest.approx(202, abs=0.2)
    assert any(each.attrib["d"].endswith("z") for each in parse(svg).iter("path"))
    assert not any(
        each.attrib["d"].endswith("z") for each in parse(drawn(Bar("a", -1.0), limits=(-1.0, 1.0))).iter("path")
    )


def test_intervals_and_the_best_value_are_drawn_and_written() -> None:
    svg = drawn(Bar("a", 0.5, low=0.25, high=0.75, best=1.0), limits=(0.0, 1.0))
    assert "0.500 (0.250 to 0.750) of 1.00" in texts(svg)
    interval = next(each.attrib["d"] for each in parse(svg).iter("path") if each.get("stroke") == "var(--ink)")
    assert interval.startswith("M109.0 ")
    assert "H311.0" in interval
    best = next(each.attrib["d"] for each in parse(svg).iter("path") if each.get("stroke") == "var(--oracle)")
    assert best.startswith("M412.0 ")


def test_what_is_not_finite_is_named_and_not_drawn() -> None:
    svg = drawn(Bar("a", None), Bar("b", 1.0))
    assert "NaN" in texts(svg)
    assert len(boxes(svg)) == 1


def test_logarithmic_bars_begin_at_the_left_end_and_zero_has_none() -> None:
    svg = drawn(Bar("a", 0.01), Bar("b", 1.0), Bar("c", 0.0), scale="log", mark=(0.1, "usual"))
    a, b = boxes(svg)
    assert a["x"] == b["x"] == 8
    assert a["width"] < b["width"]
    assert "usual" in texts(svg)


def test_shares_fill_the_whole() -> None:
    svg = stacked(
        "k", "Loss", [("seed 0", [Share("penalty", 0.9, "reference"), Share("error", 0.1, "left")])], "the loss"
    )
    penalty, error = [box for box in boxes(svg) if box["height"] == 22]
    assert penalty["width"] == pytest.approx(9 * error["width"], rel=0.01)
    assert penalty["x"] + penalty["width"] == pytest.approx(error["x"], abs=0.11)
    assert error["x"] + error["width"] == pytest.approx(420, abs=0.2)
    assert described(svg) == ("Loss", "Shares of the loss. seed 0: penalty 90.0%, error 10.0%.")


def test_a_tiny_share_is_still_seen() -> None:
    svg = stacked("k", "t", [("", [Share("bad", 1e-6, "reference"), Share("good", 1 - 1e-6, "left")])], "cells")
    assert min(box["width"] for box in boxes(svg) if box["height"] == 22) >= 0.5


def test_all_values_are_in_the_description() -> None:
    svg = bars("k", "t", [Group("Seen", [Bar("a", 0.5)]), Group("Unseen", [Bar("b", -2.0)])], "skill", limits=(-1, 1))
    assert described(svg)[1] == "Seen: a: 0.500. Unseen: b: −2.00."
