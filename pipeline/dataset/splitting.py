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
"""

from __future__ import annotations

import bisect
import itertools
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.dataset import labels, season

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Part:
    """Half-open intervals of row numbers; the first `context` rows of the first interval are inputs only.

    Every window is within one interval.
    """

    intervals: list[tuple[int, int]]
    context: int = 0


@dataclass(frozen=True)
class Fold:
    """The parts of one fold; validation may be left out."""

    train: Part
    validation: Part | None
    test: Part


class _Bounds(NamedTuple):
    """First row and end of each part, before the gap is taken off."""

    train_from: int
    train_to: int
    validation_from: int | None
    validation_to: int
    test_from: int
    test_to: int


def folds(
    place: str,
    split: dict[str, Any],
    rows: int,
    length: int,
    times: np.ndarray | None = None,
    cuts: Sequence[int] = (),
) -> list[Fold]:
    """Divide `rows` rows of one series in time order.

    Args:
        place: the dotted name of `split`, for errors.
        split: scheme holdout, expanding or sliding, with its settings.
        rows: number of rows of the series.
        length: input rows of a window; `carry` reaches back by so many rows.
        times: datetime64 [rows], for edges given as dates.
        cuts: rows that do not follow the row before, rising; each begins a new interval of its part.

    Returns:
        One fold for holdout, `split["folds"]` for the walk-forward schemes, the earliest first.

    Raises:
        UserError: a part would be empty, or overlaps the part before it.
    """
    if split["scheme"] == "holdout":
        bounds = [_holdout(place, split, rows, times)]
    else:
        bounds = [_walk_forward(split, rows, k) for k in range(split["folds"])]
    return [_fold(place, split, rows, length, each, cuts) for each in bounds]


def sequence_folds(place: str, split: dict[str, Any], identity: np.ndarray, length: int) -> list[Fold]:
    """Divide whole independent sequences: the last ones are the test, those before them the validation.

    Under `identical: together`, a sequence that equals one of an earlier part moves to that part.

    Args:
        place: the dotted name of `split`, for errors.
        split: scheme sequences, with its settings.
        identity: integer [sequences]; equal numbers are equal sequences.
        length: rows of one sequence.

    Raises:
        UserError: a part would be empty.
    """
    count = len(identity)
    tests = int(split["test"] * count)
    validations = int(split.get("validation", 0) * count)
    side = np.zeros(count, dtype=int)
    side[count - tests - validations :] = 1
    side[count - tests :] = 2
    if split["identical"] == "together":
        earliest = {int(key): int(side[np.flatnonzero(identity == key)].min()) for key in np.unique(identity)}
        side = np.array([earliest[int(key)] for key in identity])
    parts = [Part([(int(i) * length, (int(i) + 1) * length) for i in np.flatnonzero(side == s)]) for s in range(3)]
    for name, part in zip(PARTS, parts, strict=True):
        if not part.intervals and (name != "validation" or validations):
            raise UserError(
                f"{place}.{name}",
                "must hold at least one sequence",
                f"0 of {count}",
                "Enlarge it, or give more sequences.",
            )
    return [Fold(parts[0], parts[1] if parts[1].intervals else None, parts[2])]


def given_folds(place: str, parts: list[list[Any]], length: int) -> list[Fold]:
    """Divide sequences as their source does.

    Args:
        place: the dotted name of `split`, for errors.
        parts: part and number of sequences, one run after the other.
        length: rows of one sequence.

    Raises:
        UserError: a part would be empty.
    """
    spans: dict[str, list[tuple[int, int]]] = {name: [] for name in PARTS}
    at = 0
    for name, count in parts:
        spans[name] += [((at + i) * length, (at + i + 1) * length) for i in range(count)]
        at += count
    for name in ("train", "test"):
        if not spans[name]:
            raise UserError(f"{place}.scheme", f"must leave {name} windows", f"0 of {at}", "Name some in the file.")
    train, validation, test = (Part(spans[name]) for name in PARTS)
    return [Fold(train, validation if validation.intervals else None, test)]


def _edge(place: str, edge: int | str, rows: int, times: np.ndarray | None) -> int:
    """Return the first row at or after an edge, which is a row number or a date."""
    if isinstance(edge, int):
        if edge > rows:
            raise UserError(place, f"must be a row number up to {rows}", edge, "Count rows from 0.")
        return edge
    if times is None:
        raise UserError(
            place,
            "must be a row number, for the series has no time column",
            edge,
            "Give a row number, or name the column in `series.….time`.",
        )
    try:
        return int(np.searchsorted(times, np.datetime64(edge)))
    except ValueError:
        raise UserError(place, "must be a row number or a date", edge, "Write dates as 2020-12-31.") from None


def _holdout(place: str, split: dict[str, Any], rows: int, times: np.ndarray | None) -> _Bounds:
    def part(name: str, stop: int) -> tuple[int, int]:
        given = split[name]
        if isinstance(given, dict):
            end = _edge(f"{place}.{name}.to", given["to"], rows, times) if "to" in given else stop
            return _edge(f"{place}.{name}.from", given["from"], rows, times), end
        return stop - round(given * rows), stop

    test_from, test_to = part("test", rows)
    validation_from, validation_to = part("validation", test_from) if split.get("validation") else (None, test_from)
    train = split.get("train", {})
    train_from = _edge(f"{place}.train.from", train.get("from", 0), rows, times)
    stop = test_from if validation_from is None else validation_from
    train_to = min(stop, _edge(f"{place}.train.to", train.get("to", stop), rows, times))
    if validation_to > test_from:
        raise UserError(
            f"{place}.validation.to",
            f"must not be after the test part's first row, {test_from}",
            validation_to,
            "Move one of them.",
        )
    return _Bounds(train_from, train_to, validation_from, validation_to, test_from, test_to)


def _walk_forward(split: dict[str, Any], rows: int, k: int) -> _Bounds:
    test_from = rows - (split["folds"] - k) * split["test_size"]
    validation_to = test_from - split["gap"]
    validation_from = validation_to - split["validation_size"] if split["validation_size"] else None
    train_to = test_from if validation_from is None else validation_from
    train_from = train_to - split["gap"] - split["train_size"] if split["scheme"] == "sliding" else 0
    return _Bounds(train_from, train_to, validation_from, test_from, test_from, test_from + split["test_size"])


def _fold(place: str, split: dict[str, Any], rows: int, length: int, bounds: _Bounds, cuts: Sequence[int]) -> Fold:
    """Take the gap off the end of training and validation, and reach back under `carry`, but across no cut."""
    train_from, train_to, validation_from, validation_to, test_from, test_to = bounds
    gap = split["gap"]

    def part(name: str, start: int, stop: int) -> Part:
        if not 0 <= start < stop <= rows:
            raise UserError(
                f"{place}.{name}",
                "must hold at least one row",
                f"rows {start} to {stop} of {rows}",
                f"Use {'' if split['scheme'] == 'holdout' else 'fewer folds, '}smaller parts or a smaller gap.",
            )
        before = cuts[: bisect.bisect_right(cuts, start)]
        reach = start - (before[-1] if before else 0)
        context = min(length, reach) if split["policy"] == "carry" and name != "train" else 0
        edges = [start - context, *cuts[len(before) : bisect.bisect_left(cuts, stop)], stop]
        return Part(list(itertools.pairwise(edges)), context)

    next_from = test_from if validation_from is None else validation_from
    train = part("train", train_from, min(train_to, next_from - gap))
    validation = (
        None if validation_from is None else part("validation", validation_from, min(validation_to, test_from - gap))
    )
    return Fold(train, validation, part("test", test_from, test_to))


def rows_of(part: Part | dict[str, Any]) -> np.ndarray:
    """Return the series row of each row of a part's file: int64 [rows of the part]."""
    intervals = part.intervals if isinstance(part, Part) else part["intervals"]
    return np.concatenate([np.arange(start, stop) for start, stop in intervals])


def _require_windows(place: str, name: str, part: Part, length: int, ahead: int, split: dict[str, Any]) -> None:
    longest = max(b - a for a, b in part.intervals)
    if longest < length + ahead:
        fix = "Enlarge the part, shorten `window.length` or `window.horizon`, or use `policy: carry`."
        share = split.get(name)
        if isinstance(share, float):
            least = math.ceil(share * (length + ahead) / longest * 100) / 100
            if least + sum(each for key, each in split.items() if key in PARTS and key != name) < 1:
                fix = f"Set `{name}: {least}`, shorten `window.length` or `window.horizon`, or use `policy: carry`."
        elif name == "train":
            fix = "Make the other parts smaller, or shorten `window.length` or `window.horizon`."
        rule = f"must hold at least one window of {length} rows and {ahead} ahead"
        raise UserError(f"{place}.{name}", rule, f"{longest} rows", fix)


def _require_no_missing(series: str, columns: list[str], used: list[str], rows: np.ndarray, part: Part) -> None:
    index = [columns.index(name) for name in used]
    for start, stop in part.intervals:
        missing = np.argwhere(np.isnan(rows[start:stop][:, index]))
        if len(missing):
            row, column = int(missing[0][0]) + start, used[int(missing[0][1])]
            raise UserError(
                f"series.{series}, row {row}, column {column}",
                "must hold a number",
                "a missing cell",
                "Set the dataset's `window.missing` to drop, fill_past or keep.",
            )


def _season(series: dict[str, Any], rows: np.ndarray, train: Part) -> dict[str, Any]:
    """Describe the season in the longest stretch of the first fold's training rows; nothing later is read."""
    start, stop = max(train.intervals, key=lambda interval: interval[1] - interval[0])
    return season.describe(rows[start:stop, series["columns"].index(series["target"])], series["period"])


def divide(
    place: str, dataset: dict[str, Any], series: dict[str, Any], rows: np.ndarray, times: np.ndarray | None
) -> list[Fold]:
    """Divide the rows of a series for a dataset.

    Args:
        place: the dotted name of `split`, for errors.
        dataset: its settings, complete.
        series: `columns`, `target`, `features`, `sequence_length`, `cuts` and, if any, `parts` of the series.
        rows: the rows.
        times: their times, if any.

    Raises:
        UserError: a part has no window, or a missing cell that the dataset does not allow.
    """
    window, split = dataset["window"], dataset["split"]
    if split["scheme"] == "given":
        length, ahead = series["sequence_length"], 0
        made = given_folds(place, series["parts"], length)
    elif window["length"] == "sequence":
        length, ahead = series["sequence_length"], 0
        sequences = np.ascontiguousarray(rows).reshape(-1, length * rows.shape[1])
        identity = np.unique(sequences, axis=0, return_inverse=True)[1].ravel()
        made = sequence_folds(place, split, identity, length)
    else:
        length, ahead = window["length"], window["horizon"]
        # With horizon 0 the first target row of a part is the last row of its first window.
        made = folds(place, split, len(rows), length if ahead else length - 1, times, series["cuts"])
    used = list(dict.fromkeys([*series["features"], series["target"]]))
    for fold in made:
        for part_name in PARTS:
            part = getattr(fold, part_name)
            if part is not None:
                _require_windows(place, part_name, part, length, ahead, split)
                if window["missing"] == "error":
                    _require_no_missing(dataset["series"], series["columns"], used, rows, part)
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
    series = files.read_json(source / "series.json")
    rows = files.read_array(source / "rows.npy")
    times = files.read_array(source / "time.npy") if series["time"] else None
    known = labels.find(f"datasets.{name}", dataset["window"]["target"], series, rows)
    made = divide(place, dataset, series, rows, times)
    folder = files.empty_folder(files.SPLIT / name)
    files.empty_folder(files.TEST / name)
    for k, fold in enumerate(made):
        for part_name in PARTS:
            part = getattr(fold, part_name)
            if part is not None:
                part_rows = np.concatenate([rows[start:stop] for start, stop in part.intervals])
                files.write_array(files.part_file(name, k, part_name), part_rows)
    whole = dataset["window"]["length"] == "sequence"
    unseasonal = series["sequence_length"] or known  # a season of codes means nothing
    description = {
        "series": {key: value for key, value in series.items() if key != "source"} | {"name": dataset["series"]},
        "policy": "strict" if whole else dataset["split"]["policy"],
        "gap": 0 if whole else dataset["split"]["gap"],
        "rows": len(rows),
        "folds": [asdict(fold) for fold in made],
        "season": None if unseasonal else _season(series, rows, made[0].train),
        **({"labels": asdict(known)} if known else {}),
    }
    files.write_json(folder / "split.json", description)
