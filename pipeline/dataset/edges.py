"""First and last position of each part in time, from shares, dates, row numbers or sizes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from pipeline.common.errors import UserError


class Bounds(NamedTuple):
    """First row and end of each part, before the gap is taken off."""

    train_from: int
    train_to: int
    validation_from: int | None
    validation_to: int
    test_from: int
    test_to: int


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


def holdout(place: str, split: dict[str, Any], rows: int, times: np.ndarray | None) -> Bounds:
    """Return the edges of the parts of a holdout; rows are positions in time."""

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
    return Bounds(train_from, train_to, validation_from, validation_to, test_from, test_to)


def walk_forward(split: dict[str, Any], rows: int, k: int) -> Bounds:
    """Return the edges of the parts of fold `k` of a walk forward."""
    test_from = rows - (split["folds"] - k) * split["test_size"]
    validation_to = test_from - split["gap"]
    validation_from = validation_to - split["validation_size"] if split["validation_size"] else None
    train_to = test_from if validation_from is None else validation_from
    train_from = train_to - split["gap"] - split["train_size"] if split["scheme"] == "sliding" else 0
    return Bounds(train_from, train_to, validation_from, test_from, test_from, test_from + split["test_size"])
