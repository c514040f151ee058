"""The short form of a page."""

import pytest

from pipeline.report import cards, diagnosis, markdown
from tests.helpers.reports import diagnosed, everything, made_up, symptom


def text(one, found):
    name = one["experiment"]
    return markdown.text(one, cards.card(name, one, found), diagnosis.section(name, found))


@pytest.mark.parametrize("one", everything(), ids=lambda one: one["experiment"])
def test_it_is_short_whatever_was_found(one):
    codes = [symptom(f"code_{number}") for number in range(40)]
    lines = text(one, diagnosed(one["experiment"], "behind", codes)).splitlines()
    assert len(lines) <= markdown.MOST
    assert lines[-1] == "- 28 more"


def test_it_holds_verdict_cause_command_and_scores():
    found = diagnosed("a", "behind")
    found["next"] = {"text": "Set `x`.", "set": {}, "command": "dvc exp run -n a_try -S x=1 page@a"}
    lines = text(made_up("a", oracle=False), found).splitlines()
    assert lines[0] == "## a: behind"
    assert lines[2].startswith("**Has learned something, but less than there is to learn.** R² is ")
    assert "**Why:** Learning rate too low. Ten times the rate of `training` does it." in lines[4]
    assert "**Try:** Set `x`." in lines
    assert "    dvc exp run -n a_try -S x=1 page@a" in lines
    assert "| R² | train (120 windows) | validation (120 windows) | test (120 windows) |" in lines
    assert [line.split(" |")[0] for line in lines if line.startswith("| ")][1:] == [
        "| network",
        "| train mean",
        "| ridge",
    ]
    assert lines[-1] == "- `learning_rate_too_low` (cause)"


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("a <b>, [x](y) and *this*_", r"a \<b\>, \[x\](y) and \*this\*\_"),
        ("`a_b` | c_d", r"`a_b` \| c\_d"),
        ("one\n# two", r"one \# two"),
        ("`", r"\`"),
    ],
)
def test_nothing_of_a_text_is_markup_but_code(given, shown):
    assert markdown.escaped(given) == shown
