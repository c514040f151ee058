"""Fixes of corpus cases: what counts as ending well, and as ending worse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks.corpus.cases import CASES
from benchmarks.fixes import __main__ as fixes
from benchmarks.fixes import worker
from pipeline.common import files
from workflow.fix import loop

TEST = {"network": 0.5, "naive": 0.4, "reference": 0.5}


def found(after: dict[str, Any], **test: Any) -> dict[str, Any]:
    fixed = {"verdict": "learning", "settings": {"training.epochs": {"before": "1", "after": "4"}}}
    fix = {"verdict": "not_learning", "rounds": [{"candidates": [{}, {}]}], "fixed": fixed}
    both = {"before": TEST | {"network": -0.1}, "after": TEST | after}
    return {"case": "some", "fix": fix, "test": both | {"difference": test}}


@pytest.mark.parametrize(
    ("after", "well"),
    [
        ({}, True),
        ({"network": 0.46}, True),
        ({"network": 0.44, "naive": 0.45}, False),
        ({"network": 0.44, "naive": 0.43}, True),
        ({"network": None}, False),
        ({"network": 0.01, "naive": 0.0, "reference": 0.04}, None),
        ({"network": -0.2, "naive": 0.0, "reference": -0.3}, None),
    ],
)
def test_a_case_ends_well_above_the_naive_forecast_or_near_the_reference(after: dict[str, Any], well: bool) -> None:
    row = fixes.row(found(after))
    assert row["well"] is well
    assert (row["verdict"], row["after"], row["candidates"]) == ("not_learning", "learning", 2)


def test_worse_is_decided_over_all_cases_together() -> None:
    def row(p_value: float | None, reduction: float) -> dict[str, Any]:
        return fixes.row(found({}, p_value=p_value, reduction=reduction))

    assert fixes.worse([row(0.01, -0.2), row(0.9, 0.1)]) == ["some"]
    assert fixes.worse([row(0.01, 0.2), row(0.9, 0.1)]) == []  # better
    assert fixes.worse([row(0.03, -0.2), row(0.9, 0.1)]) == []  # 2 x 0.03 is above 5 %
    assert fixes.worse([row(None, -0.2)]) == []


def test_cases_are_drawn_from_the_faulty_ones_of_a_half() -> None:
    cases = fixes.chosen("reported", 30, 1)
    assert len({case.name for case in cases}) == 30
    assert {case.half for case in cases} == {"reported"}
    assert all(case.faults for case in cases)
    assert cases != fixes.chosen("reported", 30, 2)


@pytest.mark.slow
def test_a_training_that_is_too_short_is_fixed(tmp_path: Path) -> None:
    case = next(case for case in CASES if case.name == "too_few_updates_t0")
    result = worker.fix(case, case.seed(1), loop.Limits(rounds=1, candidates=1))
    files.write_json(worker.stored(tmp_path, case, case.seed(1)), result)
    judged, left = fixes.judge([case], tmp_path, 1)
    assert not left
    assert judged["rows"][0]["settings"]
    assert judged["rows"][0]["network"] > judged["rows"][0]["before"]
    assert judged["rows"][0]["p_value"] < 0.05  # of one seed, whose networks differ on the windows
