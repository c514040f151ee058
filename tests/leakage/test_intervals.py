"""Windows that stay in their part pass; windows that do not are reported with their rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pipeline.common import params
from pipeline.common.errors import UserError
from pipeline.dataset import splitting, windowing
from pipeline.leakage import intervals
from pipeline.leakage.intervals import Windows
from tests.conftest import tiny_params, write_params
from tests.helpers.proofs import SEASON, loaded, prepared, sequences
from tests.helpers.splits import drawn


def every(start: int, stop: int, length: int = 4, ahead: int = 1, context: int | None = None) -> Windows:
    """All windows of a part of one interval."""
    return Windows(
        np.arange(start - (context or 0), stop - length - ahead + 1), length, ahead, [(start, stop)], context
    )


@pytest.mark.parametrize(
    ("parts", "policy", "gap"),
    [
        ({"train": every(0, 20), "test": every(20, 40)}, "strict", 0),
        ({"train": every(0, 20), "validation": every(23, 33), "test": every(36, 50)}, "strict", 3),
        ({"train": every(0, 20), "validation": every(23, 33, context=4), "test": every(36, 50)}, "carry", 3),
        ({"train": every(5, 20, ahead=3), "test": every(20, 40, ahead=3)}, "strict", 0),
        (
            {  # sequences in no order, with targets made of their own rows
                "train": Windows(np.array([0, 8]), 4, 0, [(0, 4), (8, 12)]),
                "test": Windows(np.array([4]), 4, 0, [(4, 8)]),
            },
            "strict",
            0,
        ),
    ],
)
def test_windows_that_keep_to_their_parts(parts: dict[str, Windows], policy: str, gap: int) -> None:
    proof = intervals.check(parts, policy, gap, 2)
    assert (proof.result, proof.found, proof.fold) == ("pass", [], 2)
    assert proof.compared["windows"] == sum(len(windows.start) for windows in parts.values())


def test_rows_are_counted_once_however_many_windows_share_them() -> None:
    parts = {"train": every(0, 20), "test": every(20, 40)._replace(start=np.array([20, 30]))}
    assert intervals.check(parts, "strict", 0).compared == {"windows": 18, "rows": 20 + 10}


def moved(windows: Windows, index: int, to: int) -> Windows:
    start = windows.start.copy()
    start[index] = to
    return windows._replace(start=start)


TRAIN, VALIDATION, TEST = every(0, 20), every(23, 33), every(36, 50)


@pytest.mark.parametrize(
    ("change", "policy", "gap", "message"),
    [
        ({"train": TRAIN._replace(length=5)}, "strict", 3, "1 of 16 train windows predict rows outside the part"),
        ({"train": moved(TRAIN, -1, 40)}, "strict", 3, "train windows predict rows of test; the first is window 15"),
        ({"train": moved(TRAIN, -1, 32)}, "strict", 3, "1 of 16 train windows predict rows of test"),
        ({"train": moved(TRAIN, 3, 17)}, "strict", 3, "window 3: inputs [17, 21), targets [21, 22)"),
        ({"train": moved(TRAIN, 0, -1)}, "strict", 3, "read rows before the part"),
        ({"validation": every(22, 33)}, "strict", 3, "2 rows between the last row of train, 19, and the first target"),
        ({"test": every(35, 50, context=4)}, "carry", 3, "2 rows between the last row of validation, 32"),
        ({"test": every(36, 50, context=4)}, "strict", 3, "read rows before the part"),
        ({"test": every(36, 50, context=4)}, "strict", 3, "test windows share rows with windows of validation"),
        ({"test": every(36, 50, context=4)._replace(context=3)}, "carry", 3, "1 of 14 test windows read rows before"),
        ({"test": every(36, 50)._replace(own=[(30, 50)])}, "strict", 0, "rows [23, 33) of validation belong to test"),
        (
            {"test": TEST._replace(target_row=TEST.start + 5)},
            "strict",
            3,
            "10 of 10 test windows have another target row",
        ),
    ],
)
def test_windows_that_do_not(change: dict[str, Windows], policy: str, gap: int, message: str) -> None:
    parts = {"train": TRAIN, "validation": VALIDATION, "test": TEST}
    assert intervals.check(parts, policy, gap).result == "pass"
    proof = intervals.check(parts | change, policy, gap)
    assert proof.result == "fail"
    assert any(message in line for line in proof.found), proof.found


def test_a_window_across_two_sequences() -> None:
    part = {"intervals": [(0, 4), (4, 8), (12, 16)], "context": 0}
    for start, ok in ((0, True), (4, True), (8, True), (1, False), (6, False), (9, False), (12, False)):
        table = {"start": np.array([start]), "row": np.array([start])}
        windows = intervals.locate(table, part, 4, 0)._replace(target_row=None)
        assert intervals.check({"train": windows}, "strict", 0).result == ("pass" if ok else "fail"), start
    assert intervals.locate({"start": np.array([9]), "row": np.array([0])}, part, 4, 0).start == 13


@settings(max_examples=300, deadline=None)
@given(
    drawn=drawn(),
    length=st.integers(1, 30),
    ahead=st.integers(1, 5),
    strides=st.tuples(st.integers(1, 7), st.integers(1, 7)),
    pick=st.integers(0, 10**6),
)
def test_intervals_of_whatever_split_and_window_make_and_of_one_window_moved_across_an_edge(
    drawn: tuple[dict[str, Any], int], length: int, ahead: int, strides: tuple[int, int], pick: int
) -> None:
    chosen, rows = drawn
    try:
        made = splitting.folds("s", chosen, rows, length)
    except UserError:
        return
    for fold in made:
        parts = {}
        for name in splitting.PARTS:
            part = getattr(fold, name)
            if part is not None:
                start = windowing.starts(part.intervals, length, ahead, strides[name != "train"])
                described = {"intervals": part.intervals, "context": part.context}
                table = {"start": start, "row": splitting.rows_of(part)[start + length]}
                parts[name] = intervals.locate(table, described, length, ahead)
        proof = intervals.check(parts, chosen["policy"], chosen["gap"])
        assert proof.result == "pass", proof.found
        name = list(parts)[pick % len(parts)]
        windows = parts[name]
        assume(len(windows.start))
        start, stop = windows.own[0]
        earliest = start - (windows.context or 0)
        for index, first in ((0, earliest - 1), (-1, stop - length - ahead + 1)):
            across = moved(windows, index, first)._replace(target_row=None)
            assert intervals.check(parts | {name: across}, chosen["policy"], chosen["gap"]).result == "fail"


@pytest.mark.parametrize(("declared", "result"), [(0, "pass"), (3, "fail")])
def test_a_split_that_ignores_the_declared_gap(project: Path, declared: int, result: str) -> None:
    prepared(project)  # gap 0
    p = tiny_params()
    p["datasets"][SEASON]["split"] = p["datasets"][SEASON]["split"] | {"gap": declared}
    write_params(project, p)
    proof = intervals.prove(params.load(), SEASON, 0, loaded())
    assert proof.result == result
    assert declared == 0 or "0 rows between the last row of train, 279" in proof.found[0]


def test_a_split_that_ignores_the_declared_policy(project: Path) -> None:
    holdout = {"scheme": "holdout", "validation": 0.15, "test": 0.15}
    p = prepared(project, split=holdout | {"policy": "carry"})
    assert intervals.prove(p, SEASON, 0, loaded()).result == "pass"
    p["datasets"][SEASON]["split"]["policy"] = "strict"
    assert intervals.prove(p, SEASON, 0, loaded()).result == "fail"
    p = sequences(project)
    assert intervals.prove(p, SEASON, 0, loaded()).result == "pass"
