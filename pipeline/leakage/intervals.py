"""Intervals: the rows that every window reads and predicts stay in its part, and no part reaches into another.

    rows      0 1 2 3 4 5 6 7 8 9            length 2, 1 ahead, strict, gap 2
    train     x x y                          x input row   y target row
                x x y
    test                x x y                rows 4 and 5 lie between the last row of one part and the first of the next
                          x x y

The check uses the starts in the window tables, the intervals in split.json, and policy and gap as the dataset declares
them, not the functions that made them. It covers every window, in time and memory that grow with their number and not
with their length.
"""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np

from pipeline import dataset
from pipeline.common import files
from pipeline.dataset import splitting
from pipeline.leakage.proof import Proof, judge

_ABOUT = {
    "strict": "All rows of every window are in its own part, no row is in windows of two parts, and the gap is kept.",
    "carry": "The targets of every window are in its own part and in no other, its inputs reach back no further than "
    "declared, and the gap is kept.",
}


class Windows(NamedTuple):
    """The windows of one part, in rows of the series.

    Attributes:
        start: int64 [windows], the first input row.
        length: number of input rows.
        ahead: rows after them up to the last target; 0 where the target is computed from the inputs, or in their row.
        own: half-open intervals of rows that belong to the part, context excluded.
        context: rows before the first interval, or, as a list, before each, that may be inputs under `carry`; None for
            `length`.
        target_row: int64 [windows], the first target row in the window table; None where there is no table.
        same_row: whether the target is that of the last input row.
    """

    start: np.ndarray
    length: int
    ahead: int
    own: list[tuple[int, int]]
    context: int | list[int] | None = None
    target_row: np.ndarray | None = None
    same_row: bool = False


class _Spans(NamedTuple):
    """Half-open spans of rows: int64 [spans] each."""

    start: np.ndarray
    stop: np.ndarray


def locate(
    table: dict[str, np.ndarray], part: dict[str, Any], length: int, ahead: int, same_row: bool = False
) -> Windows:
    """Convert the windows of a table to rows of the series.

    Args:
        table: `start` and `row`, as in docs/files.md.
        part: `intervals` and `context` from split.json.
        length: input rows of a window.
        ahead: rows after them up to the last target.
        same_row: whether the target is that of the last input row.

    Returns:
        The windows. Starts outside the part's file become rows outside its intervals, for `check` to find.
    """
    intervals = np.array(part["intervals"], dtype=np.int64)
    offsets = np.concatenate([[0], np.cumsum(intervals[:, 1] - intervals[:, 0])])
    which = np.clip(np.searchsorted(offsets, table["start"], side="right") - 1, 0, len(intervals) - 1)
    contexts = splitting.contexts(part)
    own = [(int(a) + context, int(b)) for (a, b), context in zip(intervals, contexts, strict=True)]
    start = intervals[which, 0] + table["start"] - offsets[which]
    return Windows(start, length, ahead, own, part["context"], table["row"], same_row)


def check(
    parts: dict[str, Windows],
    policy: str,
    gap: int | None,
    fold: int | None = None,
    position: np.ndarray | None = None,
) -> Proof:
    """Check that every window stays in its part.

    Args:
        parts: windows of the parts of one fold, the earliest first.
        policy: strict (no row in windows of two parts) or carry (inputs may reach back before the part).
        gap: least number of rows between the last row of a part and the first target row of the next part; None for
            parts of independent sequences or whole ids, which have no order in time.
        fold: number of the fold.
        position: int64 [rows of the series], the positions in time of the rows of several ids, in which the gap is
            counted; None for the row numbers themselves.

    Returns:
        The proof `intervals`. Each line of `found` names the first window that violates a rule, with its rows.
    """
    found: list[str] = []
    for name, windows in parts.items():
        found += _check_inside(name, windows, policy)
    for (earlier, a), (later, b) in itertools.combinations(parts.items(), 2):
        found += _check_apart(earlier, a, later, b, policy)
    if gap is not None:
        for (earlier, a), (later, b) in itertools.pairwise(parts.items()):
            found += _check_gap(earlier, a, later, b, gap, position)
    unions = [_union(_all(windows)) for windows in parts.values()]
    compared = {
        "windows": sum(len(windows.start) for windows in parts.values()),
        "rows": int(sum((union.stop - union.start).sum() for union in unions)),
    }
    return judge("intervals", fold, compared, found, _ABOUT[policy])


def prove(p: dict[str, Any], name: str, fold: int, parts: dict[str, dataset.Part]) -> Proof:
    """Apply `check` to the window tables of one fold, with the policy and the gap that the dataset declares."""
    declared = p["datasets"][name]["split"]
    sequences = declared["scheme"] in ("sequences", "groups", "given")
    policy, gap = ("strict", None) if sequences else (declared["policy"], declared["gap"])
    description = files.read_json(files.SPLIT / name / "split.json")
    position = None if sequences else _position(description)
    windows = {
        kind: locate(
            part.table, description["folds"][fold][kind], part.spec.length, part.spec.rows_ahead, part.spec.same_row
        )
        for kind, part in parts.items()
    }
    return check(windows, policy, gap, fold, position)


def _position(description: dict[str, Any]) -> np.ndarray | None:
    """Return the positions in time of the rows of several ids, from the stored times; None for a single series."""
    series = description["series"]
    if "ids" not in series:
        return None
    if series["time"]:
        return np.unique(files.read_array(files.RAW / series["name"] / "time.npy"), return_inverse=True)[1]
    edges = [*series["ids"]["starts"], description["rows"]]
    return np.concatenate([np.arange(stop - start) for start, stop in itertools.pairwise(edges)])


def _all(windows: Windows) -> _Spans:
    return _Spans(windows.start, windows.start + windows.length + windows.ahead)


def _targets(windows: Windows) -> _Spans:
    """Return the target rows; all rows where the target is computed from the inputs."""
    first = windows.length if windows.ahead else windows.length - 1 if windows.same_row else 0
    start = windows.start + first
    return _Spans(start, windows.start + windows.length + windows.ahead)


def _own(windows: Windows) -> _Spans:
    edges = np.array(sorted(windows.own), dtype=np.int64)
    return _Spans(edges[:, 0], edges[:, 1])


def _check_inside(name: str, windows: Windows, policy: str) -> list[str]:
    targets, own = _targets(windows), _own(windows)
    which = np.searchsorted(own.start, targets.start, side="right") - 1
    at = np.maximum(which, 0)
    outside = (which < 0) | (targets.stop > own.stop[at])
    found = _line(name, windows, outside, "predict rows outside the part")
    back = _back(windows) if policy == "carry" else np.zeros(len(windows.own), dtype=np.int64)
    reach = own.start[at] - back[at]
    before = ~outside & (windows.start < np.maximum(reach, 0))
    found += _line(name, windows, before, "read rows before the part, or across the edge of two sequences")
    if windows.target_row is not None:
        expected = windows.start + windows.length - (0 if windows.ahead else 1)
        found += _line(name, windows, windows.target_row != expected, "have another target row in the window table")
    return found


def _back(windows: Windows) -> np.ndarray:
    """Return how many rows before each own interval, in their order, may be read: int64 [intervals]."""
    context = windows.length if windows.context is None else windows.context
    # Of a number, only the first interval has rows before it that may be read.
    listed = context if isinstance(context, list) else [context] + [0] * (len(windows.own) - 1)
    order = sorted(range(len(listed)), key=lambda i: windows.own[i])
    return np.array([listed[i] for i in order], dtype=np.int64)


def _check_apart(earlier: str, a: Windows, later: str, b: Windows, policy: str) -> list[str]:
    found = []
    own_a, own_b = _own(a), _own(b)
    shared = _meets(own_a, _union(own_b))
    if shared.any():
        i = int(np.flatnonzero(shared)[0])
        found.append(f"rows [{own_a.start[i]}, {own_a.stop[i]}) of {earlier} belong to {later} too")
    found += _line(earlier, a, _meets(_targets(a), _union(own_b)), f"predict rows of {later}")
    found += _line(later, b, _meets(_targets(b), _union(own_a)), f"predict rows of {earlier}")
    if policy == "strict":
        found += _line(later, b, _meets(_all(b), _union(_all(a))), f"share rows with windows of {earlier}")
    return found


def _check_gap(earlier: str, a: Windows, later: str, b: Windows, gap: int, position: np.ndarray | None) -> list[str]:
    def at(rows: np.ndarray) -> np.ndarray:
        return rows if position is None else position[np.clip(rows, 0, len(position) - 1)]

    stop = int(at(np.concatenate([_own(a).stop - 1, _all(a).stop - 1])).max()) + 1
    target = int(at(np.concatenate([_own(b).start, _targets(b).start])).min())
    if target - stop >= gap:
        return []
    return [
        f"{target - stop} rows between the last row of {earlier}, {stop - 1}, and the first target of {later}, "
        f"{target}; the gap is {gap}"
    ]


def _union(spans: _Spans) -> _Spans:
    """Return the same rows as disjoint spans, in order."""
    if not len(spans.start):
        return spans
    order = np.argsort(spans.start, kind="stable")
    start, stop = spans.start[order], np.maximum.accumulate(spans.stop[order])
    new = np.concatenate([[True], start[1:] > stop[:-1]])
    return _Spans(start[new], stop[np.append(np.flatnonzero(new)[1:] - 1, len(start) - 1)])


def _meets(spans: _Spans, union: _Spans) -> np.ndarray:
    """Return which spans share a row with one of several disjoint, ordered spans: bool [spans]."""
    if not len(union.start):
        return np.zeros(len(spans.start), dtype=bool)
    following = np.searchsorted(union.stop, spans.start, side="right")
    start = np.append(union.start, np.iinfo(np.int64).max)[following]
    return start < spans.stop


def _line(name: str, windows: Windows, bad: np.ndarray, what: str) -> list[str]:
    """Return one line on the windows that violate a rule, or none."""
    if not bad.any():
        return []
    i = int(np.flatnonzero(bad)[0])
    start, edge = int(windows.start[i]), int(windows.start[i]) + windows.length
    targets = f", targets [{edge}, {edge + windows.ahead})" if windows.ahead else ""
    return [
        f"{int(bad.sum())} of {len(bad)} {name} windows {what}; the first is window {i}: "
        f"inputs [{start}, {edge}){targets}"
    ]
