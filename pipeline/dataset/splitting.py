"""Stage `split`: divide the rows of a series into training, validation and test.

It works on row numbers alone and only copies values into the files of the parts. The test parts have a folder of their
own, which no stage before `predict` opens.

    holdout     |ttttttttttttttttttt|.|vvvv|.|ssss|        t train   v validation   s test

    expanding   |ttttttt|.|vv|.|ss|                        . gap: rows that belong to no part
                |ttttttttttttt|.|vv|.|ss|
                |ttttttttttttttttttt|.|vv|.|ss|

    sliding     |ttttttt|.|vv|.|ss|
                      |ttttttt|.|vv|.|ss|
                            |ttttttt|.|vv|.|ss|

Under `strict` no row is in two parts. Under `carry` the files of validation and test begin `length` rows earlier, so
that the first target can be the first row of the part; those earlier rows are inputs and never targets.

With ids, rows of all ids are divided at the same times (`panel.Axis`), or whole ids are put on one side.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.dataset import edges, labels, panel, season, suitable

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Part:
    """Half-open intervals of row numbers; the first `context` rows of the first interval are inputs only.

    Every window is within one interval. With ids, `context` is a list of one number for each interval, unless only the
    first has some. `padding` is the number of rows of padding at the front of each interval, None where there is none.
    """

    intervals: list[tuple[int, int]]
    context: int | list[int] = 0
    padding: list[int] | None = None


@dataclass(frozen=True)
class Fold:
    """The parts of one fold; validation may be left out."""

    train: Part
    validation: Part | None
    test: Part


def folds(
    place: str,
    split: dict[str, Any],
    rows: int,
    length: int,
    times: np.ndarray | None = None,
    cuts: Sequence[int] = (),
    axis: panel.Axis | None = None,
) -> list[Fold]:
    """Divide `rows` rows of one series in time order; of several ids, all at the same times.

    Args:
        place: the dotted name of `split`, for errors.
        split: scheme holdout, expanding or sliding, with its settings.
        rows: number of rows of the series.
        length: input rows of a window; `carry` reaches back by so many rows.
        times: datetime64 [rows], for edges given as dates.
        cuts: rows that do not follow the row before, rising; each begins a new interval of its part.
        axis: the positions of the rows of several ids. Shares, sizes, gaps and edges then count positions, not rows.

    Returns:
        One fold for holdout, `split["folds"]` for the walk-forward schemes, the earliest first.

    Raises:
        UserError: a part would be empty, or overlaps the part before it.
    """
    if axis is not None:
        rows, times = axis.count, axis.times
    if split["scheme"] == "holdout":
        bounds = [edges.holdout(place, split, rows, times)]
    else:
        bounds = [edges.walk_forward(split, rows, k) for k in range(split["folds"])]
    spans = (lambda start, stop: [(start, stop)]) if axis is None else axis.spans
    return [_fold(place, split, rows, length, each, cuts, spans) for each in bounds]


def sequence_folds(
    place: str,
    split: dict[str, Any],
    identity: np.ndarray,
    length: int,
    side: np.ndarray | None = None,
    padding: np.ndarray | None = None,
) -> list[Fold]:
    """Divide whole independent sequences of one length.

    Args:
        place: the dotted name of `split`, for errors.
        split: scheme sequences, with its settings.
        identity: integer [sequences]; equal numbers are equal sequences.
        length: rows of one sequence.
        side: int [sequences], the part of each if it is known; by default that of `panel.sides`.
        padding: int [sequences], rows of padding before each, or None.

    Raises:
        UserError: a part would be empty.
    """
    side = panel.sides(place, split, identity) if side is None else side

    def part(number: int) -> Part:
        own = np.flatnonzero(side == number)
        padded = None if padding is None else padding[own].tolist()
        return Part([(int(i) * length, (int(i) + 1) * length) for i in own], 0, padded)

    return _sided(part)


def given_folds(place: str, parts: list[list[Any]], length: int) -> list[Fold]:
    """Divide sequences as their source does.

    Args:
        place: the dotted name of `split`, for errors.
        parts: part and number of sequences, one run after the other.
        length: rows of one sequence.

    Raises:
        UserError: a part would be empty.
    """
    side = np.repeat([PARTS.index(name) for name, _ in parts], [count for _, count in parts])
    for name in ("train", "test"):
        if not (side == PARTS.index(name)).any():
            fix = "Name some in the file."
            raise UserError(f"{place}.scheme", f"must leave {name} windows", f"0 of {len(side)}", fix)
    return sequence_folds(place, {}, side, length, side)


def group_folds(starts: Sequence[int], rows: int, cuts: Sequence[int], side: np.ndarray) -> list[Fold]:
    """Put whole ids on one side each, as `panel.sides` says; an id is one interval, or several with cuts between."""
    ends = [*starts[1:], rows]

    def part(number: int) -> Part:
        found = []
        for i in np.flatnonzero(side == number).tolist():
            start, stop = starts[i], ends[i]
            inner = cuts[bisect.bisect_right(cuts, start) : bisect.bisect_left(cuts, stop)]
            found += list(itertools.pairwise([start, *inner, stop]))
        return Part(found)

    return _sided(part)


def _sided(part: Callable[[int], Part]) -> list[Fold]:
    train, validation, test = (part(number) for number in range(3))
    return [Fold(train, validation if validation.intervals else None, test)]


def _fold(
    place: str,
    split: dict[str, Any],
    rows: int,
    length: int,
    bounds: edges.Bounds,
    cuts: Sequence[int],
    spans: Callable[[int, int], list[tuple[int, int]]],
) -> Fold:
    """Take the gap off the end of training and validation, and reach back under `carry`, but across no cut.

    `spans` returns the rows of every id between two positions.
    """
    train_from, train_to, validation_from, validation_to, test_from, test_to = bounds
    gap = split["gap"]

    def part(name: str, start: int, stop: int) -> Part:
        own = spans(start, stop) if 0 <= start < stop <= rows else []
        if not own:
            raise UserError(
                f"{place}.{name}",
                "must hold at least one row",
                f"rows {start} to {stop} of {rows}",
                f"Use {'' if split['scheme'] == 'holdout' else 'fewer folds, '}smaller parts or a smaller gap.",
            )
        intervals: list[tuple[int, int]] = []
        contexts: list[int] = []
        for first, end in own:
            before = bisect.bisect_right(cuts, first)
            reach = first - (cuts[before - 1] if before else 0)
            context = min(length, reach) if split["policy"] == "carry" and name != "train" else 0
            own_edges = [first - context, *cuts[before : bisect.bisect_left(cuts, end)], end]
            intervals += list(itertools.pairwise(own_edges))
            contexts += [context] + [0] * (len(own_edges) - 2)
        return Part(intervals, contexts if any(contexts[1:]) else contexts[0])

    next_from = test_from if validation_from is None else validation_from
    train = part("train", train_from, min(train_to, next_from - gap))
    validation = (
        None if validation_from is None else part("validation", validation_from, min(validation_to, test_from - gap))
    )
    return Fold(train, validation, part("test", test_from, test_to))


def contexts(part: dict[str, Any]) -> list[int]:
    """Return the rows at the front of each interval of split.json that are inputs only."""
    context: int | list[int] = part["context"]
    return context if isinstance(context, list) else [context] + [0] * (len(part["intervals"]) - 1)


def rows_of(part: Part | dict[str, Any]) -> np.ndarray:
    """Return the series row of each row of a part's file: int64 [rows of the part]."""
    intervals = part.intervals if isinstance(part, Part) else part["intervals"]
    return np.concatenate([np.arange(start, stop) for start, stop in intervals])


def _season(series: dict[str, Any], rows: np.ndarray, train: Part) -> dict[str, Any]:
    """Describe the season in the longest stretch of the first fold's training rows; nothing later is read."""
    start, stop = max(train.intervals, key=lambda interval: interval[1] - interval[0])
    return season.describe(rows[start:stop, series["columns"].index(series["target"])], series["period"])


class Division(NamedTuple):
    """A series divided for a dataset.

    Attributes:
        folds: the parts of each fold.
        rows: float64 [rows, columns]: those of the series, or its ids as sequences of one length (`panel.lay_out`).
        series: the description of the series, with the length of such sequences.
    """

    folds: list[Fold]
    rows: np.ndarray
    series: dict[str, Any]


def divide(
    place: str, dataset: dict[str, Any], series: dict[str, Any], rows: np.ndarray, times: np.ndarray | None
) -> Division:
    """Divide the rows of a series for a dataset.

    Args:
        place: the dotted name of `split`, for errors.
        dataset: its settings, complete.
        series: `columns`, `target`, `features`, `sequence_length`, `cuts` and, if any, `ids` and `parts` of the series.
        rows: the rows.
        times: their times, if any.

    Raises:
        UserError: a part has no window, or a missing cell that the dataset does not allow.
    """
    window, split = dataset["window"], dataset["split"]
    if split["scheme"] == "given":
        made = Division(given_folds(place, series["parts"], series["sequence_length"]), rows, series)
    elif window["length"] == "sequence":
        made = _in_sequences(place, split, series, rows)
    else:
        # With horizon 0 the first target row of a part is the last row of its first window.
        reach = window["length"] if window["horizon"] else window["length"] - 1
        made = Division(_in_windows(place, split, series, rows, reach, times), rows, series)
    whole = window["length"] == "sequence"
    length, ahead = (made.series["sequence_length"], 0) if whole else (window["length"], window["horizon"])
    used = list(dict.fromkeys([*series["features"], series["target"]]))
    for fold in made.folds:
        for part_name in PARTS:
            part = getattr(fold, part_name)
            if part is not None:
                suitable.require_windows(place, part_name, part, length, ahead, split)
                if window["missing"] == "error":
                    suitable.require_no_missing(dataset["series"], series["columns"], used, made.rows, part)
    return made


def _in_windows(
    place: str, split: dict[str, Any], series: dict[str, Any], rows: np.ndarray, length: int, times: np.ndarray | None
) -> list[Fold]:
    ids = series.get("ids")
    if ids and split["scheme"] == "groups":
        side = panel.sides(place, split, np.arange(len(ids["starts"])), panel.last_targets(series, rows))
        return group_folds(ids["starts"], len(rows), series["cuts"], side)
    axis = panel.Axis.of(ids["starts"], len(rows), times) if ids else None
    return folds(place, split, len(rows), length, times, series["cuts"], axis)


def _in_sequences(place: str, split: dict[str, Any], series: dict[str, Any], rows: np.ndarray) -> Division:
    ids, length = series.get("ids"), series["sequence_length"]
    if not ids:
        sequences = np.ascontiguousarray(rows).reshape(-1, length * rows.shape[1])
        identity = np.unique(sequences, axis=0, return_inverse=True)[1].ravel()
        return Division(sequence_folds(place, split, identity, length), rows, series)
    identity = panel.identity(rows, ids["starts"])
    side = panel.sides(place, split, identity, panel.last_targets(series, rows))
    laid = panel.lay_out(rows, ids["starts"], side)
    made = sequence_folds(place, split, identity, laid.length, side, laid.padding)
    return Division(made, laid.rows, series | {"sequence_length": laid.length})


def _described(fold: Fold) -> dict[str, Any]:
    """Return a fold as split.json holds it; `padding` only where there is some."""
    made = asdict(fold)
    for part in filter(None, made.values()):
        if part["padding"] is None:
            del part["padding"]
    return made


def split(p: dict[str, Any], name: str) -> None:
    """Write split.json and the rows of every part of dataset `name` (docs/files.md).

    Raises:
        UserError: a part has no window, or a missing cell that the dataset does not allow, or the target's column does
            not suit the kind of target.
    """
    dataset = p["datasets"][name]
    place = f"datasets.{name}.split"
    source = files.RAW / dataset["series"]
    described = files.read_json(source / "series.json")
    stored = files.read_array(source / "rows.npy")
    times = files.read_array(source / "time.npy") if described["time"] else None
    known = labels.find(f"datasets.{name}", dataset["window"]["target"], described, stored)
    made, rows, series = divide(place, dataset, described, stored, times)
    folder = files.empty_folder(files.SPLIT / name)
    files.empty_folder(files.TEST / name)
    for k, fold in enumerate(made):
        for part_name in PARTS:
            part = getattr(fold, part_name)
            if part is not None:
                count = sum(stop - start for start, stop in part.intervals)
                pieces = (rows[start:stop] for start, stop in part.intervals)
                files.write_blocks(files.part_file(name, k, part_name), (count, rows.shape[1]), rows.dtype, pieces)
    unseasonal = series["sequence_length"] or known  # a season of codes means nothing
    by_time = dataset["split"]["scheme"] in ("holdout", "expanding", "sliding")
    if "ids" in series:
        series = series | {"ids": series["ids"] | {"whole": not by_time}}
    description = {
        "series": {key: value for key, value in series.items() if key != "source"} | {"name": dataset["series"]},
        "policy": dataset["split"]["policy"] if by_time else "strict",
        "gap": dataset["split"]["gap"] if by_time else 0,
        "rows": len(rows),
        "folds": [_described(fold) for fold in made],
        "season": None if unseasonal else _season(series, rows, made[0].train),
        **({"labels": asdict(known)} if known else {}),
    }
    files.write_json(folder / "split.json", description)
