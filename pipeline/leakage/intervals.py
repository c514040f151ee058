"""Intervals: which rows every window reads and which it predicts, and that no part reaches into another.

    rows      0 1 2 3 4 5 6 7 8 9            length 2, 1 ahead, strict, gap 2
    train     x x y                          x input row   y target row
                x x y
    test                x x y                rows 4 and 5 lie between the last row of one part and the first of the next
                          x x y

Worked out from the starts in the window tables, the intervals in split.json, and policy and gap as the dataset declares
them, not with the functions that made them.
Every window is looked at, in time and memory that grow with the windows and not with their length.
"""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np

from pipeline import dataset
from pipeline.common import files
from pipeline.leakage.proof import Proof, judged

_ABOUT = {
    "strict": "Every window's rows lie in its own part, no row is in windows of two parts, and any gap is kept.",
    "carry": "Every window's targets lie in its own part and in no other, its inputs reach back no further than "
    "declared, and any gap is kept.",
}


class Windows(NamedTuple):
    """The windows of one part, in rows of the series.

    Attributes:
        first: int64 [windows], the first input row.
        length: input rows.
        ahead: rows after them up to the last target; 0 where the target is made of the inputs.
        own: half-open intervals of rows that belong to the part, context excluded.
        context: rows before the first interval that may be inputs under `carry`; None for `length`.
        row: int64 [windows], the first target row by the window table; None where there is no table.
    """

    first: np.ndarray
    length: int
    ahead: int
    own: list[tuple[int, int]]
    context: int | None = None
    row: np.ndarray | None = None


class _Spans(NamedTuple):
    """Half-open spans of rows: int64 [spans] each."""

    begin: np.ndarray
    stop: np.ndarray


def located(table: dict[str, np.ndarray], part: dict[str, Any], length: int, ahead: int) -> Windows:
    """Where the windows of a table lie in the series.

    Args:
        table: `start` and `row`, as docs/files.md has them.
        part: `intervals` and `context` from split.json.
        length: input rows of a window.
        ahead: rows after them up to the last target.

    Returns:
        Starts outside the part's file become rows outside its intervals, for `check` to find.
    """
    intervals = np.array(part["intervals"], dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(intervals[:, 1] - intervals[:, 0])])
    which = np.clip(np.searchsorted(offsets, table["start"], side="right") - 1, 0, len(intervals) - 1)
    own = [(int(a), int(b)) for a, b in intervals]
    own[0] = (own[0][0] + part["context"], own[0][1])
    first = intervals[which, 0] + table["start"] - offsets[which]
    return Windows(first, length, ahead, own, part["context"], table["row"])


def check(parts: dict[str, Windows], policy: str, gap: int, fold: int | None = None) -> Proof:
    """Whether every window keeps to its part.

    Args:
        parts: windows of the parts of one fold, the earliest first.
        policy: strict (no row in windows of two parts) or carry (inputs may reach back before the part).
        gap: rows that must lie between the last row of a part and the first target row of the next one; parts of
            several intervals are independent sequences, which no time orders.
        fold: number of the fold.

    Returns:
        The proof `intervals`. Each line of `found` names the first window at fault, with its rows.
    """
    found: list[str] = []
    for name, windows in parts.items():
        found += _inside(name, windows, policy)
    for (one, a), (other, b) in itertools.combinations(parts.items(), 2):
        found += _apart(one, a, other, b, policy)
    if all(len(windows.own) == 1 for windows in parts.values()):
        for (one, a), (other, b) in itertools.pairwise(parts.items()):
            found += _gap(one, a, other, b, gap)
    unions = [_union(_all(windows)) for windows in parts.values()]
    compared = {
        "windows": sum(len(windows.first) for windows in parts.values()),
        "rows": int(sum((union.stop - union.begin).sum() for union in unions)),
    }
    return judged("intervals", fold, compared, found, _ABOUT[policy])


def dataset_proof(p: dict[str, Any], name: str, fold: int, parts: dict[str, dataset.Part]) -> Proof:
    """`check` on the window tables of one fold, with the policy and the gap that the dataset declares."""
    declared = p["datasets"][name]["split"]
    sequences = declared["scheme"] == "sequences"
    policy, gap = ("strict", 0) if sequences else (declared["policy"], declared["gap"])
    description = files.read_json(files.SPLIT / name / "split.json")
    windows = {
        kind: located(part.table, description["folds"][fold][kind], part.spec.length, part.spec.rows_ahead)
        for kind, part in parts.items()
    }
    return check(windows, policy, gap, fold)


def _all(windows: Windows) -> _Spans:
    return _Spans(windows.first, windows.first + windows.length + windows.ahead)


def _goals(windows: Windows) -> _Spans:
    """Target rows; all rows where the target is made of the inputs."""
    begin = windows.first + (windows.length if windows.ahead else 0)
    return _Spans(begin, windows.first + windows.length + windows.ahead)


def _own(windows: Windows) -> _Spans:
    edges = np.array(sorted(windows.own), dtype=np.int64)
    return _Spans(edges[:, 0], edges[:, 1])


def _inside(name: str, windows: Windows, policy: str) -> list[str]:
    goals, own = _goals(windows), _own(windows)
    which = np.searchsorted(own.begin, goals.begin, side="right") - 1
    at = np.maximum(which, 0)
    outside = (which < 0) | (goals.stop > own.stop[at])
    found = _line(name, windows, outside, "predict rows outside the part")
    back = 0
    if policy == "carry":
        back = windows.length if windows.context is None else windows.context
    # Only the first interval has rows before it that may be read.
    reach = own.begin[at] - np.where(own.begin[at] == windows.own[0][0], back, 0)
    before = ~outside & (windows.first < np.maximum(reach, 0))
    found += _line(name, windows, before, "read rows before the part, or across the edge of two sequences")
    if windows.row is not None:
        told = windows.first + windows.length - (0 if windows.ahead else 1)
        found += _line(name, windows, windows.row != told, "have another target row in the window table")
    return found


def _apart(one: str, a: Windows, other: str, b: Windows, policy: str) -> list[str]:
    found = []
    mine, its = _own(a), _own(b)
    shared = _meets(mine, _union(its))
    if shared.any():
        i = int(np.flatnonzero(shared)[0])
        found.append(f"rows [{mine.begin[i]}, {mine.stop[i]}) of {one} belong to {other} too")
    found += _line(one, a, _meets(_goals(a), _union(its)), f"predict rows of {other}")
    found += _line(other, b, _meets(_goals(b), _union(mine)), f"predict rows of {one}")
    if policy == "strict":
        found += _line(other, b, _meets(_all(b), _union(_all(a))), f"share rows with windows of {one}")
    return found


def _gap(one: str, a: Windows, other: str, b: Windows, gap: int) -> list[str]:
    last = max([a.own[0][1], *(_all(a).stop.max(keepdims=True) if len(a.first) else [])])
    first = min([b.own[0][0], *(_goals(b).begin.min(keepdims=True) if len(b.first) else [])])
    if first - last >= gap:
        return []
    return [
        f"{first - last} rows between the last row of {one}, {last - 1}, and the first target of {other}, {first}; "
        f"the gap is {gap}"
    ]


def _union(spans: _Spans) -> _Spans:
    """The same rows as disjoint spans, in order."""
    if not len(spans.begin):
        return spans
    order = np.argsort(spans.begin, kind="stable")
    begin, stop = spans.begin[order], np.maximum.accumulate(spans.stop[order])
    new = np.concatenate([[True], begin[1:] > stop[:-1]])
    return _Spans(begin[new], stop[np.append(np.flatnonzero(new)[1:] - 1, len(begin) - 1)])


def _meets(spans: _Spans, union: _Spans) -> np.ndarray:
    """Which spans share a row with disjoint, ordered ones: bool [spans]."""
    if not len(union.begin):
        return np.zeros(len(spans.begin), dtype=bool)
    following = np.searchsorted(union.stop, spans.begin, side="right")
    begin = np.append(union.begin, np.iinfo(np.int64).max)[following]
    return begin < spans.stop


def _line(name: str, windows: Windows, bad: np.ndarray, what: str) -> list[str]:
    """One line on the windows at fault, or none."""
    if not bad.any():
        return []
    i = int(np.flatnonzero(bad)[0])
    first, edge = int(windows.first[i]), int(windows.first[i]) + windows.length
    targets = f", targets [{edge}, {edge + windows.ahead})" if windows.ahead else ""
    return [
        f"{int(bad.sum())} of {len(bad)} {name} windows {what}; the first is window {i}: "
        f"inputs [{first}, {edge}){targets}"
    ]
