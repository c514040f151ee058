"""Entries of params.yaml as text: added and removed without another changed byte."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import settings as limits
from hypothesis import strategies as st

from pipeline.common.errors import UserError
from tests.conftest import PROJECT
from workflow import entries

REAL = (PROJECT / "params.yaml").read_text(encoding="utf-8")
SMALL = """# head
size: quick

datasets:
  one: {series: x, split: {scheme: holdout}}   # flow
# margin
experiments:
  # about a
  a:
    dataset: one
    training:
      learning_rate: 0.1  # too high
      # a remark of a
      epochs: {quick: 1, full: 2}

  # about b
  b: {dataset: one}
calibration: {series: 6}
"""
NEW = {"dataset": "one", "training": {"learning_rate": 1e-06, "epochs": {"quick": 3, "full": 2}}}

_scalars = st.one_of(st.integers(), st.floats(allow_nan=False), st.booleans(), st.none(), st.text(max_size=8))
_settings = st.dictionaries(
    st.sampled_from(["dataset", "training", "split", "new"]),
    st.one_of(_scalars, st.lists(_scalars, max_size=3), st.dictionaries(st.text("ab", min_size=1), _scalars)),
    min_size=1,
)


def _variant(text: str, ending: str, final: bool) -> str:
    text = text if final else text.rstrip("\n")
    return text.replace("\n", ending)


@limits(deadline=None)
@given(
    text=st.sampled_from([SMALL, SMALL.replace("calibration: {series: 6}\n", "")]),
    level=st.sampled_from(["datasets", "experiments"]),
    ending=st.sampled_from(["\n", "\r\n"]),
    final=st.booleans(),
    settings=_settings,
    comment=st.sampled_from(["", "b with training.learning_rate 0.1 instead of 1.0e-06."]),
    data=st.data(),
)
def test_an_entry_that_goes_leaves_every_byte_as_it_was(
    text: str, level: str, ending: str, final: bool, settings: dict[str, Any], comment: str, data: st.DataObject
) -> None:
    before = _variant(text, ending, final)
    after = data.draw(st.sampled_from(sorted(yaml.safe_load(before)[level])))
    added = entries.insert(before, level, after, "a_fix1", settings, comment)
    assert yaml.safe_load(added)[level]["a_fix1"] == settings
    assert comment in added
    assert added.count(entries.COMMENT) == bool(comment)
    # A second one after it, removed in either order.
    both = entries.insert(added, level, "a_fix1", "a_fix2", settings)
    first = data.draw(st.booleans())
    names = ["a_fix1", "a_fix2"] if first else ["a_fix2", "a_fix1"]
    for name in names:
        both = entries.remove(both, level, name)
    assert both == before
    assert entries.remove(before, level, "a_fix1") == before


@pytest.mark.parametrize("level", ["datasets", "experiments"])
def test_the_real_file_comes_back_to_the_byte(level: str) -> None:
    after = list(yaml.safe_load(REAL)[level])[-1]
    added = entries.insert(REAL, level, after, "a_fix1", NEW, "a with less.")
    assert len(added) > len(REAL)
    assert entries.remove(added, level, "a_fix1") == REAL


def test_an_entry_has_the_style_of_the_one_before_and_its_comment() -> None:
    added = entries.insert(SMALL, "experiments", "a", "a_fixed", NEW, "a with less.")
    block = """  # `make fix`: a with less.
  a_fixed:
    dataset: one
    training:
      learning_rate: 1.0e-06
      epochs: {quick: 3, full: 2}
"""
    assert added == SMALL.replace("full: 2}\n\n  # about b", f"full: 2}}\n{block}\n  # about b")
    flow = entries.insert(SMALL, "datasets", "one", "two", {"series": "x", "split": {"gap": 1}})
    assert "flow\n  two: {series: x, split: {gap: 1}}\n# margin" in flow


def test_only_the_comment_of_a_fix_goes_with_its_entry() -> None:
    added = entries.insert(SMALL, "experiments", "a", "a_fix1", NEW)
    kept = added.replace("  a_fix1:", "  # mine\n  a_fix1:")
    assert entries.remove(kept, "experiments", "a_fix1") == SMALL.replace("full: 2}\n\n", "full: 2}\n  # mine\n\n")


def test_entries_on_one_line_are_refused() -> None:
    text = "datasets: {one: {}}\nexperiments: {a: {}}\n"
    with pytest.raises(UserError, match=r"params.yaml:2` must hold its entries line by line. Received: experiments"):
        entries.insert(text, "experiments", "a", "b", NEW)


def test_a_text_whose_values_would_change_is_refused() -> None:
    # The empty lines belong to the text of `a`: an entry before them would cut them off.
    text = "experiments:\n  a:\n    x: |+\n      text\n\n\n  b: 1\n"
    with pytest.raises(UserError, match="must be plain enough"):
        entries.insert(text, "experiments", "a", "c", NEW)
