"""The section of the report about the benchmarks."""

from pipeline.report import speed
from tests.helpers.reports import BENCHMARKS, made_up, render, visible_text


def test_each_bar_with_its_figure_and_whether_it_is_met():
    shown = speed.section(BENCHMARKS)
    assert [(row["figure"], row["met"]["chip"]) for row in shown["rows"]] == [
        ("0.612x", "met"),
        ("0.901x", "not met"),
        ("–", "not measured"),
    ]
    assert shown["summary"] == "1 of 2 bars are met."


def test_the_index_shows_them_or_the_command():
    text = visible_text(render([made_up("a")], benchmarks=BENCHMARKS))
    assert "1 of 2 bars are met." in text
    assert "make run before at most 0.65x 0.612x met" in text
    assert "Not measured yet: run make bench ." in visible_text(render([made_up("a")], benchmarks=None))
