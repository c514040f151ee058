"""Stage `split`: which rows belong to training, validation and test.

Works on row numbers alone; values are only copied into the files of the parts. The test part is a folder of its
own, which no stage before `predict` opens.

    holdout     |ttttttttttttttttttt|.|vvvv|.|ssss|        t train   v validation   s test

    expanding   |ttttttt|.|vv|.|ss|                        . gap: rows that belong to no part
                |ttttttttttttt|.|vv|.|ss|
                |ttttttttttttttttttt|.|vv|.|ss|

    sliding     |ttttttt|.|vv|.|ss|
                      |ttttttt|.|vv|.|ss|
                            |ttttttt|.|vv|.|ss|

Under `strict` no row is in two parts. Under `carry` the files of validation and test begin `length` rows earlier, so
that their first window can end just before the part; those rows are inputs and never targets.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from pipeline.common import files
from pipeline.common.errors import UserError

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Part:
    """Half-open intervals of row numbers; the first `context` rows of the first one are inputs only."""

    intervals: list[tuple[int, int]]
    context: int = 0


@dataclass(frozen=True)
class Fold:
    train: Part
    validation: Part | None
    test: Part


def folds(place: str, split: dict[str, Any], rows: int, length: int, times: np.ndarray | None = None) -> list[Fold]:
    """Divide `rows` rows of one series in time order.

    Args:
        place: the dotted name of `split`, for errors.
        split: scheme holdout, expanding or sliding with its settings, from params.yaml.
        rows: number of rows of the series.
        length: rows of a window's inputs: how far `carry` reaches back.
        times: datetime64 [rows], for edges that are given as dates.

    Returns:
        One fold for holdout, `split["folds"]` for the walk-forward schemes, the earliest first.

    Raises:
        UserError: a part would be empty, or begins before the one before it ends.
    """
    if split["scheme"] == "holdout":
        bounds = [_holdout(place, split, rows, times)]
    else:
        bounds = [_walk_forward(split, rows, k) for k in range(split["folds"])]
    return [_fold(place, split, rows, length, *b) for b in bounds]


def sequence_folds(place: str, split: dict[str, Any], identity: np.ndarray, length: int) -> list[Fold]:
    """Divide independent sequences, never through one: the last ones are the test, those before them the validation.

    Args:
        identity: integer [sequences]; equal numbers are equal sequences.
        length: rows of one sequence.

    Under `identical: together` a sequence whose equal lies in an earlier part moves there.
    """
    count = len(identity)
    tests = int(split["test"] * count)
    validations = int(split.get("validation", 0) * count)
    side = np.zeros(count, dtype=int)
    side[count - tests - validations :] = 1
    side[count - tests :] = 2
    if split["identical"] == "together":
        first = {int(key): int(side[np.flatnonzero(identity == key)].min()) for key in np.unique(identity)}
        side = np.array([first[int(key)] for key in identity])
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


def _edge(place: str, edge: int | str, rows: int, times: np.ndarray | None) -> int:
    """A row number from a row number or a date: the first row at or after it."""
    if isinstance(edge, int):
        if edge > rows:
            raise UserError(place, f"must be a row number up to {rows}", edge, "Count rows from 0.")
        return edge
    if times is None:
        raise UserError(
            place,
            "must be a row number where the series names no time column",
            edge,
            "Give a row number, or `series.….time`.",
        )
    try:
        return int(np.searchsorted(times, np.datetime64(edge)))
    except ValueError:
        raise UserError(place, "must be a row number or a date", edge, "Write dates as 2020-12-31.") from None


def _holdout(
    place: str, split: dict[str, Any], rows: int, times: np.ndarray | None
) -> tuple[int, int, int | None, int, int, int]:
    """Bounds before the gap: train from and to, validation from and to (or None), test from and to."""

    def part(name: str, stop: int) -> tuple[int, int]:
        given = split[name]
        if isinstance(given, dict):
            end = _edge(f"{place}.{name}.to", given["to"], rows, times) if "to" in given else stop
            return _edge(f"{place}.{name}.from", given["from"], rows, times), end
        return stop - round(given * rows), stop

    test_from, test_to = part("test", rows)
    validation_from, validation_to = part("validation", test_from) if "validation" in split else (None, test_from)
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
    return train_from, train_to, validation_from, validation_to, test_from, test_to


def _walk_forward(split: dict[str, Any], rows: int, k: int) -> tuple[int, int, int | None, int, int, int]:
    test_from = rows - (split["folds"] - k) * split["test_size"]
    validation_to = test_from - split["gap"]
    validation_from = validation_to - split["validation_size"] if split["validation_size"] else None
    train_to = test_from if validation_from is None else validation_from
    train_from = train_to - split["gap"] - split["train_size"] if split["scheme"] == "sliding" else 0
    return train_from, train_to, validation_from, test_from, test_from, test_from + split["test_size"]


def _fold(
    place: str,
    split: dict[str, Any],
    rows: int,
    length: int,
    train_from: int,
    train_to: int,
    validation_from: int | None,
    validation_to: int,
    test_from: int,
    test_to: int,
) -> Fold:
    """Take the gap off the end of training and validation, and reach back under `carry`."""
    gap = split["gap"]

    def part(name: str, start: int, stop: int) -> Part:
        if not 0 <= start < stop <= rows:
            raise UserError(
                f"{place}.{name}",
                "must hold at least one row",
                f"rows {start} to {stop} of {rows}",
                "Use fewer folds, smaller parts or a smaller gap.",
            )
        context = min(length, start) if split["policy"] == "carry" and name != "train" else 0
        return Part([(start - context, stop)], context)

    next_from = test_from if validation_from is None else validation_from
    train = part("train", train_from, min(train_to, next_from - gap))
    validation = (
        None if validation_from is None else part("validation", validation_from, min(validation_to, test_from - gap))
    )
    return Fold(train, validation, part("test", test_from, test_to))


def rows_of(part: Part | dict[str, Any]) -> np.ndarray:
    """Row numbers of the series, int64 [rows of the part], in the order of the part's file."""
    intervals = part.intervals if isinstance(part, Part) else part["intervals"]
    return np.concatenate([np.arange(a, b) for a, b in intervals])


def _require_windows(place: str, name: str, part: Part, length: int, ahead: int) -> None:
    longest = max(b - a for a, b in part.intervals)
    if longest < length + ahead:
        raise UserError(
            f"{place}.{name}",
            f"must hold at least one window of {length} rows and {ahead} ahead",
            f"{longest} rows",
            "Enlarge the part, shorten `window.length` or `window.horizon`, or use `policy: carry`.",
        )


def _require_no_missing(series: str, columns: list[str], used: list[str], rows: np.ndarray, part: Part) -> None:
    for a, b in part.intervals:
        index = [columns.index(name) for name in used]
        bad = np.argwhere(np.isnan(rows[a:b][:, index]))
        if len(bad):
            row, column = int(bad[0][0]) + a, used[int(bad[0][1])]
            raise UserError(
                f"series.{series}, row {row}, column {column}",
                "must hold a number",
                "a missing cell",
                "Set the dataset's `window.missing` to drop, fill_past or keep.",
            )


def split(p: dict[str, Any], name: str) -> None:
    """Write the files of every part of dataset `name`, as docs/files.md says."""
    dataset = p["datasets"][name]
    place = f"datasets.{name}.split"
    source = files.RAW / dataset["series"]
    series = files.read_json(source / "series.json")
    rows = files.read_array(source / "rows.npy")
    window = dataset["window"]
    if window["length"] == "sequence":
        length, ahead = series["sequence_length"], 0
        shaped = np.ascontiguousarray(rows).reshape(-1, length * rows.shape[1])
        identity = np.unique(shaped, axis=0, return_inverse=True)[1].ravel()
        parted = sequence_folds(place, dataset["split"], identity, length)
        policy, gap = "strict", 0
    else:
        length, ahead = window["length"], window["horizon"]
        times = files.read_array(source / "time.npy") if series["time"] else None
        parted = folds(place, dataset["split"], len(rows), length, times)
        policy, gap = dataset["split"]["policy"], dataset["split"]["gap"]
    used = list(dict.fromkeys([*series["features"], series["target"]]))
    for fold in parted:
        for part_name in PARTS:
            part = getattr(fold, part_name)
            if part is not None:
                _require_windows(place, part_name, part, length, ahead)
                if window["missing"] == "error":
                    _require_no_missing(dataset["series"], series["columns"], used, rows, part)

    development, test = files.empty_folder(files.SPLIT / name), files.empty_folder(files.TEST / name)
    for k, fold in enumerate(parted):
        for part_name in PARTS:
            part = getattr(fold, part_name)
            if part is not None:
                path = test / f"fold{k}.npy" if part_name == "test" else development / f"fold{k}" / f"{part_name}.npy"
                files.write_array(path, np.concatenate([rows[a:b] for a, b in part.intervals]))
    description = {
        "series": {key: value for key, value in series.items() if key != "source"} | {"name": dataset["series"]},
        "policy": policy,
        "gap": gap,
        "rows": len(rows),
        "folds": [asdict(fold) for fold in parted],
    }
    files.write_json(development / "split.json", description)
