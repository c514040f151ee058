"""The page of the comparison."""

from __future__ import annotations

import dataclasses
import re

from tests.helpers.compared import revision, side
from tests.helpers.reports import PageReader, visible_text
from workflow.compare import page
from workflow.compare.revisions import Side


def render(sides: dict[str, list[Side]], names: list[str], same: list[str] | None = None, old: str = "") -> str:
    revisions = [revision(name, {}, settings=name != old) for name in names]
    sections = [page.section(name, each) for name, each in sides.items()]
    return page.render(revisions, sections, same or [], [])


def whole() -> str:
    other = side("faster", 0.5, experiment__training__learning_rate=0.0005)
    other.evaluation["training"][0] |= {"nonfinite": {"epoch": 1, "batch": 45}}
    sides = [side("HEAD"), other, Side("old")]
    return render({"x": sides, "words": sides}, ["HEAD", "faster", "old"], ["y", "z"], old="old")


def test_the_page_is_well_nested_and_loads_nothing() -> None:
    text = whole()
    reader = PageReader()
    reader.feed(text)
    assert (reader.wrong, reader.open, reader.headings.count("h1")) == ([], [], 1)
    assert len(reader.ids) == len(set(reader.ids))
    assert {address[1:] for _, _, address in reader.refs if address.startswith("#")} <= set(reader.ids)
    assert [ref for ref in reader.refs if ref[0] != "a" and not ref[2].startswith(("#", "data:"))] == []
    assert not re.search(r"<script |@import|url\((?!#)|https?://", text.split("<script>")[0])
    assert not re.search(r"#0[1-9a-b]0[1-9a-b]0[1-9a-b]", text)
    assert whole() == text


def test_the_page_shows_the_effect_of_the_change() -> None:
    text = visible_text(whole())
    assert "faster and old compared with HEAD . 2 of 4 experiments differ." in text
    assert "experiments.x.training.learning_rate 0.001 0.0005 –" in text.replace("_ ", "_")
    assert "better faster : the test loss is 50.0 % lower (50.0 % to 50.0 %)." in text
    assert "old : not compared, because it is not evaluated in old ." in text
    assert "Nothing differs in y, z." in text
    assert "Compared on the same 120 test windows in each." in text
    assert "1 training of faster ended in NaN or infinity, the first in epoch 1, batch 45." in text
    assert "The params.yaml of old fails the current checks" in text
    assert "python -m workflow.compare HEAD faster old" in text
    assert "Seconds" not in text


def test_the_score_by_which_settings_are_chosen_is_the_first_fold_s_and_comes_first() -> None:
    sides = [side("HEAD"), side("faster", 0.5)]
    for one in sides:
        own = one.evaluation["parts"]["validation"]
        own["network"]["r2"] = {"mean": 0.123, "std": 0.004}
    folds = [{"network": {"r2": {"mean": mean, "std": None}}} for mean in (0.456, 0.789)]
    sides[1].evaluation["parts"]["validation"]["folds"] = folds
    del sides[0].evaluation["parts"]["test"]["network"]["r2"]
    rows = page.section("x", sides)["rows"]
    assert [row["validation"] for row in rows] == [("0.123", "± 0.0040"), ("0.456", "")]
    assert rows[0]["score"] == "–"
    text = visible_text(render({"x": sides}, ["HEAD", "faster"]))
    assert "R² (validation) R² MSE" in text
    assert "Settings are chosen by their validation score" in text
    del sides[0].evaluation["parts"]["validation"]
    assert page.section("x", sides)["rows"][0]["validation"] == ("–", "")


def test_names_are_escaped() -> None:
    bad = '<i>&$x_"'
    other = side(bad, 0.5, experiment__training__learning_rate=bad)
    text = render({"x": [side("a"), other]}, ["a", bad], [bad])
    assert "<i>" not in text
    assert text.count("&lt;i&gt;&amp;$x_") > 8


def test_seconds_stand_where_there_are_any() -> None:
    text = visible_text(
        render({"x": [side("a"), dataclasses.replace(side("workspace", 0.5), seconds=12.34)]}, ["a", "w"])
    )
    assert "Updates Seconds" in text
    assert "960 12.3" in text


def test_losses_in_other_units_are_marked() -> None:
    sides = [side("a"), side("b", dataset__scaling__target="none")]
    assert "`datasets.d.scaling.target` changes the units of the loss" in page.section("x", sides)["curves"][0][1]
    sides = [side("a"), side("b", experiment__training__learning_rate=0.1)]
    assert "units" not in page.section("x", sides)["curves"][0][1]
