"""Rows of several ids: a common axis of time, whole ids on one side of a split, and sequences at equal distances.

    panel, by time      id a  |tttttttttttt|vvv|sss|      t train   v validation   s test
                        id b      |tttttttt|vvv|sss|
                        id c  |tttttt|

    whole ids           id a  |tttttttttttttttttttt|
                        id b      |vvvvvvvvvvvvvvvv|
                        id c  |sssss|

A sequence is a whole id as one window. All sequences have the length of the longest training sequence: a shorter one
begins with rows of missing cells, its padding, and a longer one keeps its last rows.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from pipeline.common.errors import UserError


@dataclass(frozen=True)
class Axis:
    """The positions of rows in time: the rank of a row's time, or its place in its id if there are no times.

    Attributes:
        starts: int64 [ids], the first row of each id.
        position: int64 [rows], rising within each id.
        times: datetime64 [positions], or None.
    """

    starts: np.ndarray
    position: np.ndarray
    times: np.ndarray | None

    @staticmethod
    def of(starts: Sequence[int], rows: int, times: np.ndarray | None) -> Axis:
        """Place the rows of ids that begin at `starts` on one axis."""
        first = np.asarray(starts, dtype=np.int64)
        if times is None:
            lengths = np.diff(np.append(first, rows))
            return Axis(first, np.arange(rows) - np.repeat(first, lengths), None)
        known, position = np.unique(times, return_inverse=True)
        return Axis(first, position.astype(np.int64), known)

    @property
    def count(self) -> int:
        """Number of positions."""
        return int(self.position.max()) + 1

    def spans(self, start: int, stop: int) -> list[tuple[int, int]]:
        """Return the rows of each id from position `start` to before `stop`, as half-open intervals; no empty ones."""
        found = []
        for first, end in zip(self.starts, [*self.starts[1:], len(self.position)], strict=True):
            own = self.position[first:end]
            a, b = (int(first + np.searchsorted(own, edge)) for edge in (start, stop))
            if a < b:
                found.append((a, b))
        return found


def sides(place: str, split: dict[str, Any], identity: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    """Put each id on one side: int64 [ids], 0 for training, 1 for validation, 2 for test.

    By default the last ids are the test and those before them the validation. `order: random` draws them, and
    `stratify` keeps the shares of the labels on every side.

    Args:
        place: the dotted name of `split`, for errors.
        split: scheme sequences or groups, with its settings.
        identity: integer [ids]; equal numbers are equal sequences, which stay together under `identical: together`: all
            of them are put on the side of the first one.
        labels: [ids], for `stratify`.

    Raises:
        UserError: a side would be empty, or a label has too few ids.
    """
    count = len(identity)
    tests = int(split["test"] * count)
    validations = int(split.get("validation", 0) * count)
    side = np.zeros(count, dtype=int)
    if split.get("order", "last") == "last":
        side[count - tests - validations :] = 1
        side[count - tests :] = 2
    elif split["stratify"]:
        side = _stratified(place, split["seed"], tests, validations, labels if labels is not None else identity)
    else:
        # In the order in which scikit-learn's GroupKFold(shuffle=True) fills its folds.
        drawn = np.random.RandomState(split["seed"]).permutation(count)
        side[drawn[:tests]] = 2
        side[drawn[tests : tests + validations]] = 1
    if split.get("identical") == "together":
        earliest = np.full(int(identity.max(initial=0)) + 1, 2)
        np.minimum.at(earliest, identity, side)
        side = earliest[identity]
    for number, name in enumerate(("train", "validation", "test")):
        if not (side == number).any() and (name != "validation" or validations):
            rule, fix = "must hold at least one sequence", "Enlarge it, or give more sequences."
            if split["scheme"] == "groups":
                rule, fix = "must hold at least one id", "Enlarge it, or give more ids."
            raise UserError(f"{place}.{name}", rule, f"0 of {count}", fix)
    return side


def _stratified(place: str, seed: int, tests: int, validations: int, labels: np.ndarray) -> np.ndarray:
    """Draw sides with the same shares of labels, by scikit-learn's train_test_split: int64 [ids]."""
    from sklearn.model_selection import train_test_split

    side = np.zeros(len(labels), dtype=int)
    left = np.arange(len(labels))
    try:
        for number, size in ((2, tests), (1, validations)):
            if size:
                left, drawn = train_test_split(left, test_size=size, random_state=seed, stratify=labels[left])
                side[drawn] = number
    except ValueError as error:
        rule = "must be false, unless every label has an id for each part"
        fix = "Set it to false, enlarge the parts, or give more ids of each label."
        raise UserError(f"{place}.stratify", rule, str(error)[:160], fix) from None
    return side


class Sequences(NamedTuple):
    """Whole ids at equal distances.

    Attributes:
        rows: float64 [sequences * length, columns]; rows of padding are NaN.
        length: rows of one sequence.
        padding: int64 [sequences], rows of padding before each.
    """

    rows: np.ndarray
    length: int
    padding: np.ndarray


def lay_out(rows: np.ndarray, starts: Sequence[int], side: np.ndarray) -> Sequences:
    """Lay whole ids out at the distance of the longest training sequence.

    Args:
        rows: float64 [rows, columns].
        starts: the first row of each id.
        side: int64 [ids], 0 for training.
    """
    stops = np.append(np.asarray(starts[1:], dtype=np.int64), len(rows))
    lengths = stops - np.asarray(starts, dtype=np.int64)
    length = int(lengths[side == 0].max())
    made = np.full((len(starts), length, rows.shape[1]), np.nan)
    for number, (stop, own) in enumerate(zip(stops, np.minimum(lengths, length), strict=True)):
        made[number, length - own :] = rows[stop - own : stop]
    return Sequences(made.reshape(-1, rows.shape[1]), length, length - np.minimum(lengths, length))


def last_targets(series: dict[str, Any], rows: np.ndarray) -> np.ndarray:
    """Return the target in the last row of each id, which `stratify` keeps the shares of: float64 [ids]."""
    last = [*(start - 1 for start in series["ids"]["starts"][1:]), len(rows) - 1]
    return np.asarray(rows[last, series["columns"].index(series["target"])])


def series_rows(starts: Sequence[int], rows: int, length: int) -> np.ndarray:
    """Return the row of the series that stands in each row of laid out sequences: int64, -1 for padding."""
    stops = np.append(np.asarray(starts[1:], dtype=np.int64), rows)
    at = stops[:, None] - np.arange(length, 0, -1)
    return np.where(at >= np.asarray(starts, dtype=np.int64)[:, None], at, -1).ravel()


def identity(rows: np.ndarray, starts: Sequence[int]) -> np.ndarray:
    """Number the ids so that two have the same number if all of their rows are equal: int64 [ids]."""
    known: dict[bytes, int] = {}
    edges = [*starts, len(rows)]
    pieces = (np.ascontiguousarray(rows[a:b]).tobytes() for a, b in itertools.pairwise(edges))
    return np.array([known.setdefault(piece, len(known)) for piece in pieces], dtype=np.int64)
