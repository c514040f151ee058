"""Windows that stay in their part pass; windows that do not are reported with their rows."""

from __future__ import annotations

import itertools
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
            None,
        ),
        (
            {  # parts with a cut, in order of time
                "train": Windows(np.array([0, 5]), 3, 1, [(0, 4), (5, 9)]),
                "test": Windows(np.array([11, 16]), 3, 1, [(11, 15), (16, 20)]),
            },
            "strict",
            2,
        ),
    ],
)
def test_windows_that_keep_to_their_parts(parts: dict[str, Windows], policy: str, gap: int | None) -> None:
    proof = intervals.check(parts, policy, gap, 2)
    assert (proof.result, proof.found, proof.fold) == ("pass", [], 2)
    assert proof.compared["windows"] == sum(len(windows.start) for windows in parts.values())


def test_rows_are_counted_once_however_many_windows_share_them() -> None:
    parts = {"train": every(0, 20), "test": every(20, 40)._replace(start=np.array([20, 30]))}
    assert intervals.check(parts, "strict", 0).compared == {"windows": 18, "rows": 20 + 10}


def test_the_gap_is_kept_after_the_last_interval() -> None:
    train = Windows(np.array([0, 5]), 3, 1, [(0, 4), (5, 9)])
    test = Windows(np.array([10, 15]), 3, 1, [(10, 14), (15, 19)])
    assert intervals.check({"train": train, "test": test}, "strict", 1).result == "pass"
    proof = intervals.check({"train": train, "test": test}, "strict", 2)
    assert proof.result == "fail"
    assert proof.found[0].endswith("of train, 8, and the first target of test, 10; the gap is 2")


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


@pytest.mark.parametrize("policy", ["strict", "carry"])
@pytest.mark.parametrize(
    ("windows", "ok"),
    [
        (Windows(np.array([0, 10]), 3, 1, [(0, 10), (10, 20)]), True),
        (Windows(np.array([8]), 3, 1, [(0, 10), (10, 20)]), False),  # inputs in both intervals
        (Windows(np.array([8]), 3, 0, [(10, 20)]), False),  # targets made of inputs before the part
        (Windows(np.array([16]), 3, 1, [(10, 20)]), True),
        (Windows(np.array([17]), 3, 1, [(10, 20)]), False),
    ],
)
def test_the_edges_of_an_interval(windows: Windows, policy: str, ok: bool) -> None:
    assert (intervals.check({"train": windows}, policy, 0).result == "pass") == ok


def broken(parts: dict[str, Windows], policy: str, gap: int | None) -> bool:
    """Whether a window or a part breaks a rule, by sets of rows; without a gap, parts have no order."""
    rows, targets, read = {}, {}, {}
    for name, w in parts.items():
        rows[name] = {row for a, b in w.own for row in range(a, b)}
        targets[name] = [set(range(s + (w.length if w.ahead else 0), s + w.length + w.ahead)) for s in w.start]
        read[name] = [set(range(s, s + w.length + w.ahead)) for s in w.start]
        back = w.length if w.context is None else w.context
        for inputs, target in zip(read[name], targets[name], strict=True):
            for i, (a, b) in enumerate(w.own):
                reach = a - (back if policy == "carry" and i == 0 else 0)
                if target <= set(range(a, b)) and inputs <= set(range(max(reach, 0), b)):
                    break
            else:
                return True
    for one, other in itertools.combinations(parts, 2):
        if rows[one] & rows[other] or any(target & rows[other] for target in targets[one]):
            return True
        if any(target & rows[one] for target in targets[other]):
            return True
        if policy == "strict" and set().union(*read[one]) & set().union(*read[other]):
            return True
    if gap is None:
        return False
    for one, other in itertools.pairwise(parts):
        stop = max([max(rows[one]) + 1, *(max(each) + 1 for each in read[one])])
        if min([min(rows[other]), *(min(each) for each in targets[other])]) - stop < gap:
            return True
    return False


@settings(max_examples=500, deadline=None)
@given(data=st.data(), length=st.integers(1, 4), ahead=st.integers(0, 2), gap=st.integers(0, 2), several=st.booleans())
def test_the_proof_fails_where_sets_of_rows_do(
    data: st.DataObject, length: int, ahead: int, gap: int, several: bool
) -> None:
    parts, at = {}, data.draw(st.integers(0, 4))
    for name in splitting.PARTS[: data.draw(st.integers(2, 3))]:
        own = []
        for _ in range(data.draw(st.integers(1, 3)) if several else 1):
            stop = at + length + ahead + data.draw(st.integers(0, 4))
            own.append((at, stop))
            at = stop
        at += gap + data.draw(st.sampled_from([0, 0, 0, 1, -1]))
        fits = [row for a, b in own for row in range(a, b - length - ahead + 1)]
        start = data.draw(st.lists(st.sampled_from(fits), max_size=4))
        start += [data.draw(st.integers(max(fits[0] - 3, 0), fits[-1] + 2))] * data.draw(st.integers(0, 1))
        context = data.draw(st.sampled_from([None, 0, 1, length]))
        parts[name] = Windows(np.array(start, dtype=np.int64), length, ahead, own, context)
    for policy, declared in itertools.product(("strict", "carry"), (gap, None)):
        proof = intervals.check(parts, policy, declared)
        assert (proof.result == "fail") == broken(parts, policy, declared), (proof.found, parts)
        rows = sum(
            len({row for s in w.start for row in range(s, s + length + ahead)}) if len(w.start) else 0
            for w in parts.values()
        )
        assert proof.compared == {"windows": sum(len(w.start) for w in parts.values()), "rows": rows}


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(1, 6)), min_size=1, max_size=4),
    st.integers(0, 3),
    st.lists(st.integers(0, 30), min_size=1, max_size=5),
)
def test_windows_are_located_in_the_rows_of_the_series(
    pieces: list[tuple[int, int]], context: int, starts: list[int]
) -> None:
    spans, at = [], 0
    for hole, size in pieces:
        spans.append([at + hole, at + hole + size])
        at += hole + size
    file = [row for a, b in spans for row in range(a, b)]
    starts = [start % len(file) for start in starts]
    table = {"start": np.array(starts), "row": np.array(starts) + 7}
    windows = intervals.locate(table, {"intervals": spans, "context": context}, 2, 1)
    assert windows.start.tolist() == [file[start] for start in starts]
    assert windows.own == [(spans[0][0] + context, spans[0][1]), *map(tuple, spans[1:])]
    assert (windows.length, windows.ahead, windows.context) == (2, 1, context)
    np.testing.assert_array_equal(windows.target_row, table["row"])
    outside = {"start": np.array([-2, len(file)]), "row": np.array([0, 0])}
    located = intervals.locate(outside, {"intervals": spans, "context": 0}, 2, 1).start
    assert located.tolist() == [spans[0][0] - 2, spans[-1][1]]


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
