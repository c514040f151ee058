"""The differences between revisions: settings, sources and losses."""

from __future__ import annotations

import dataclasses

import pytest
import yaml

from pipeline.scoring import pairing
from tests.helpers.compared import SETTINGS, side
from tests.helpers.reports import stored
from workflow.compare import numbers, page
from workflow.compare.revisions import Side


def test_settings_that_differ_are_named_as_dvc_takes_them() -> None:
    found = numbers.changed(
        [
            side("a"),
            side("b", experiment__training__learning_rate=0.0005, dataset__scaling__target="none", size="full"),
            side("c", series__seed=3),
        ]
    )
    assert [(one["parameter"], one["values"]) for one in found] == [
        ("experiments.x.training.learning_rate", ["0.001", "0.0005", "0.001"]),
        ("datasets.d.scaling.target", ["standard", "none", "standard"]),
        ("series.s.seed", ["not set", "not set", "3"]),
    ]
    assert numbers.changed([side("a"), side("b")]) == []


def test_a_dataset_of_another_name_has_no_one_path() -> None:
    other = side("b", experiment__dataset="e", dataset__scaling__target="none")
    found = numbers.changed([side("a"), other, Side("c", known=False)])
    assert [(one["parameter"], one["values"]) for one in found] == [
        ("experiments.x.dataset", ["d", "e", None]),
        ("dataset.scaling.target", ["standard", "none", None]),
    ]


def test_settings_that_were_edited_after_the_run_are_named() -> None:
    behind = side("a")
    assert numbers.stale(behind) == []
    declared = yaml.safe_load(yaml.safe_dump(SETTINGS))
    declared["experiment"]["training"]["learning_rate"] = 0.2
    assert numbers.stale(dataclasses.replace(behind, declared=declared)) == ["experiments.x.training.learning_rate"]
    # The evaluation has seven digits of a number.
    behind.evaluation["settings"]["experiment"]["training"]["learning_rate"] = 0.1234568
    declared["experiment"]["training"]["learning_rate"] = 0.12345678
    assert numbers.stale(dataclasses.replace(behind, declared=declared)) == []
    assert numbers.stale(dataclasses.replace(behind, declared=None)) == []


def test_sources_that_differ_are_those_of_stages_that_both_have() -> None:
    one = dataclasses.replace(side("a"), sources={"train": {"x.py": "1", "y.py": "1"}, "raw": {"z.py": "1"}})
    two = dataclasses.replace(side("b"), sources={"train": {"x.py": "1", "y.py": "2"}, "split": {"w.py": "1"}})
    assert numbers.sources(one, two) == ["y.py"]


def test_the_difference_is_that_of_skill_paired() -> None:
    (effect,) = numbers.effects([side("a"), side("b", 0.5)])
    expected = pairing.paired(stored("x"), stored("x", factor=0.5), overlap=1, sequence_length=None)
    assert effect == {"missing": "", "paired": expected, "outcome": "better"}
    assert numbers.effects([side("a", 0.5), side("b")])[0]["outcome"] == "worse"
    assert numbers.effects([side("a"), side("b")])[0]["outcome"] == "not_distinguishable"
    assert numbers.retrained(side("a")) == pairing.unchanged(stored("x"), overlap=1, sequence_length=None)


def test_several_revisions_are_corrected_for_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    sides = [side("a"), side("b", 0.9), side("c", 0.8)]
    paired = pairing.paired
    monkeypatch.setattr(pairing, "paired", lambda *tables, **about: paired(*tables, **about) | {"p_value": 0.03})
    assert [one["outcome"] for one in numbers.effects(sides[:2])] == ["better"]
    assert [one["outcome"] for one in numbers.effects(sides)] == ["not_distinguishable"] * 2
    # One that is shown, and others that could be.
    assert [one["outcome"] for one in numbers.effects(sides[:2], 1)] == ["better"]
    assert [one["outcome"] for one in numbers.effects(sides[:2], 2)] == ["not_distinguishable"]
    shown = page.section("x", sides[:2], 3)
    assert (shown["corrected"], shown["rows"][1]["uncorrected"]) == (2, "better")
    assert "3 different results are scored on these test rows" in " ".join(shown["remarks"])
    assert page.section("x", sides[:2], 2)["corrected"] == 0
    assert page.section("x", sides, 2)["corrected"] == 2
    # Without a difference there is no comparison.
    same = [*sides[:2], dataclasses.replace(side("c"), same=True)]
    assert [one["outcome"] for one in numbers.effects(same)] == ["better", None]
    assert page.section("x", same)["summary"][1] == {"name": "c", "text": "nothing differs.", "chip": None}
    rows = page.section("x", sides)["rows"]
    assert [row["uncorrected"] for row in rows] == ["", "better", "better"]


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (side("b", first=5), "the test windows differ: 120 in `a`, 120 in `b`, 115 of them in both"),
        (side("b", rows=60), "the test windows differ: 120 in `a`, 60 in `b`, 60 of them in both"),
        (Side("b"), "it is not evaluated in `b`"),
        (Side("b", known=False), "it does not exist in `b`"),
        (dataclasses.replace(side("b"), losses=None), "`b` has no losses of single windows"),
    ],
)
def test_different_test_windows_are_named_and_get_no_interval(other: Side, reason: str) -> None:
    (effect,) = numbers.effects([side("a"), other])
    assert effect == {"missing": reason, "paired": None, "outcome": None}
    assert numbers.effects([other, side("a")])[0]["paired"] is None
    row = page.section("x", [side("a"), other])["rows"][1]
    assert (row["reduction"], row["interval"], row["p_value"], row["chip"]) == ("", "", "", None)


def test_other_targets_on_the_same_rows_are_named_too() -> None:
    other = side("b")
    other.evaluation["comparison"]["windows_key"] = "another"
    assert numbers.mismatch(side("a"), other) == "the test windows have the same rows, but different targets"
    other = side("b")
    other.evaluation["units"] = "standardised"
    assert numbers.mismatch(side("a"), other) == "the targets differ: units original and standardised"


def test_another_scaling_changes_no_difference() -> None:
    sides = [side("a"), side("b", 0.5)]
    for each, scale in zip(sides, (2.0, 4.0), strict=True):
        each.evaluation.update(units="standardised", score_scale=scale)
        each.evaluation["parts"]["test"]["network"]["mse"] = {"mean": 0.1, "std": 0.01}
    (effect,) = numbers.effects(sides)
    assert effect["paired"]["reduction"] == pytest.approx(0.5)
    assert effect["paired"]["before"] == pytest.approx(pairing.paired(stored("x"), stored("x"))["before"] / 4)
    assert numbers.retrained(sides[0])["before"] == pytest.approx(stored("x")["loss_0"].mean() / 4)
    section = page.section("x", sides)
    assert [row["loss"] for row in section["rows"]] == ["0.100", "0.400"]
    assert (
        "The loss of `b` is converted from units of 4.00 to units of 2.00, the scaling of `a`."
        in (section["remarks"][1])
    )
    # Results of earlier versions have standardised losses, without their unit.
    del sides[1].evaluation["score_scale"]
    assert numbers.mismatch(*sides) == "the losses of `b` are in units that it does not record"
    sides[1].evaluation["units"] = sides[0].evaluation["units"] = "original"
    sides[0].evaluation["score_scale"] = 1.0
    assert numbers.mismatch(*sides) == ""
