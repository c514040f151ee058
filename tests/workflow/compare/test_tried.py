"""How many results were scored on the same test rows."""

from __future__ import annotations

import json
from typing import Any

import pytest

from pipeline.common.errors import UserError
from tests.helpers.compared import revision
from workflow.compare import tried
from workflow.compare.revisions import Revision


def evaluation(*spans: tuple[int, int], series: str = "s", context: int = 0, **target: Any) -> dict[str, Any]:
    folds = [{"test": {"intervals": [list(span)], "context": context}} for span in spans]
    return {
        "settings": {"dataset": {"series": series}},
        "target": {"kind": "value", "of": "value", "column": "x", **target},
        "split": {"folds": folds},
    }


def revisions(*evaluations: dict[str, Any] | None) -> list[Revision]:
    """Return a revision per evaluation, with losses of its own; of None, the evaluation is not in the cache."""
    made = []
    for number, each in enumerate(evaluations):
        hashes = {"reports/evaluation/x.json": f"e{number}", "reports/losses/x.parquet": f"l{number}"}
        settings = {"params.yaml": {"size": "quick", "datasets.d": {"series": "s"}}}
        one = revision(f"r{number}", hashes, params=settings)

        def read(path: str, expected: str, content: Any = each) -> bytes:
            assert path == "reports/evaluation/x.json"
            if content is None:
                raise UserError(path, "must be in DVC's cache", "no file", "Fetch it.")
            return json.dumps(content).encode()

        object.__setattr__(one, "read", read)
        made.append(one)
    return made


def count(*evaluations: dict[str, Any] | None) -> int:
    return tried.family(evaluations[0], tried.results(revisions(*evaluations)))


def test_results_on_the_same_rows_of_the_same_target_count() -> None:
    own = evaluation((80, 100))
    assert count(own) == 1
    assert count(own, own, evaluation((99, 120)), evaluation((60, 81))) == 4
    assert count(own, evaluation((100, 120)), evaluation((60, 80))) == 1
    assert count(own, evaluation((80, 100), series="t")) == 1
    for key, value in (("kind", "sign"), ("of", "difference"), ("column", "y")):
        assert count(own, evaluation((80, 100), **{key: value})) == 1
    # The first rows of a part under `carry` are inputs, and no test rows.
    assert count(own, evaluation((90, 120), context=10)) == 1
    assert count(own, evaluation((90, 120), context=9)) == 2
    assert count(own, evaluation((0, 10), (95, 99))) == 2


def test_what_overlaps_with_one_that_overlaps_counts() -> None:
    chain = [evaluation((start, start + 15)) for start in (100, 110, 120, 130)]
    for base in range(4):
        assert count(chain[base], *chain[:base], *chain[base + 1 :], evaluation((200, 210))) == 4


def test_an_evaluation_that_cannot_be_read_counts_for_its_series() -> None:
    own = evaluation((80, 100))
    assert count(own, None, {"settings": {}}) == 3
    assert tried.family(evaluation((80, 100), series="t"), tried.results(revisions(own, None))) == 0
    assert tried.family(None, tried.results(revisions(own))) == 0


def test_equal_losses_are_one_result() -> None:
    own = evaluation((80, 100))
    one, other = revisions(own, own)
    assert len(tried.results([one, one])) == 1
    assert len(tried.results([one, other])) == 2
    # The same settings under another name; and losses that are all NaN, which are equal on another series too.
    losses = {"path": "reports/losses/x.parquet", "md5": "l0"}
    for series, expected in (("s", 1), ("t", 2)):
        one, other = revisions(own, evaluation((80, 100), series=series))
        other.lock["evaluate@x"]["outs"][1] = losses
        assert len(tried.results([one, other])) == expected
    # Without losses there is nothing to compare.
    assert tried.results([revision("a", {"reports/evaluation/x.json": "1"})]) == []


@pytest.mark.parametrize("params", [{}, {"params.yaml": {"datasets.d": None}}])
def test_a_lock_that_does_not_name_the_series(params: dict[str, Any]) -> None:
    assert revision("a", {}, params=params).series("x") == "None"
