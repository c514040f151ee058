"""Splits of windows instead of rows: after a shuffle, or in order but with common rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.common import files
from pipeline.dataset import windowing
from pipeline.leaks import scratch_project
from pipeline.leaks.leak import Leak

if TYPE_CHECKING:
    from pipeline.leakage.intervals import Windows
    from pipeline.leakage.proof import Proof

Divide = Callable[[dict[str, Any], str], dict[str, "Windows"]]

_SERIES, _LENGTH, _HORIZON, _NEIGHBOURS = 20, 40, 20, 5


def _dataset(edge: int) -> dict[str, Any]:
    """Describe a dataset with windows of 40 rows and the change over the next 20; test rows from `edge` on."""
    return {
        "split": {"scheme": "holdout", "validation": 0, "test": {"from": edge}},
        "window": {"length": _LENGTH, "horizon": _HORIZON, "target": {"kind": "difference"}},
    }


# --- the steps


def by_rows(p: dict[str, Any], name: str) -> dict[str, Windows]:
    """Make training and test windows by the real stages: first the rows are split, then each part."""
    from pipeline.leakage import intervals

    parts = scratch_project.make_parts(p)
    fold = files.read_json(files.SPLIT / name / "split.json")["folds"][0]
    return {
        part.name: intervals.locate(part.table, fold[part.name], part.spec.length, part.spec.horizon) for part in parts
    }


def by_shuffled_windows(p: dict[str, Any], name: str) -> dict[str, Windows]:
    """Draw the test windows from all windows of the series: `train_test_split` with its `shuffle=True`."""
    start, edge, rows = _all_windows(p, name)
    tests = int(np.count_nonzero(start >= edge))
    drawn = np.random.default_rng(0).permutation(len(start))
    return _parts(np.sort(start[drawn[tests:]]), np.sort(start[drawn[:tests]]), edge, rows)


def by_window_number(p: dict[str, Any], name: str) -> dict[str, Windows]:
    """Take the last windows of the series as test windows: `train_test_split` with `shuffle=False`."""
    start, edge, rows = _all_windows(p, name)
    return _parts(start[start < edge], start[start >= edge], edge, rows)


def _all_windows(p: dict[str, Any], name: str) -> tuple[np.ndarray, int, int]:
    """Return the first row of every window of the series, the declared first test row, and the number of rows."""
    rows = len(files.read_array(files.RAW / p["datasets"][name]["series"] / "rows.npy"))
    return windowing.starts([(0, rows)], _LENGTH, _HORIZON, 1), p["datasets"][name]["split"]["test"]["from"], rows


def _parts(train: np.ndarray, test: np.ndarray, edge: int, rows: int) -> dict[str, Windows]:
    """Return windows by their first rows, with the rows that the dataset declares for each part."""
    from pipeline.leakage.intervals import Windows

    return {
        "train": Windows(train, _LENGTH, _HORIZON, [(0, edge)]),
        "test": Windows(test, _LENGTH, _HORIZON, [(edge, rows)]),
    }


# --- proof and scores


def _walk(rows: int, number: int) -> np.ndarray:
    """Generate sums of independent normal steps, whose next step is unpredictable: float64 [rows, 1]."""
    return np.cumsum(np.random.default_rng([1, number]).standard_normal(rows))[:, None]


def _prove(rows: int, edge: int) -> Callable[[Divide], Proof]:
    def prove(step: Divide) -> Proof:
        from pipeline.leakage import intervals

        with scratch_project.project(_walk(rows, 0), _dataset(edge)) as p:
            return intervals.check(step(p, scratch_project.NAME), "strict", 0)

    return prove


def _score(rows: int, edge: int) -> Callable[[Divide], float]:
    """Return a function that computes R² of nearest neighbours on test windows that start at `edge` or later.

    All test windows of the clean twin start there. Of those drawn by a shuffle the others are left out, so that both
    are scored on the same rows.
    """

    def score(step: Divide) -> float:
        from sklearn.neighbors import KNeighborsRegressor

        def forecast(number: int) -> tuple[np.ndarray, np.ndarray]:
            values = _walk(rows, number)
            with scratch_project.project(values, _dataset(edge)) as p:
                parts = step(p, scratch_project.NAME)
            start = parts["test"].start
            inputs, targets = _windows(values[:, 0], start[start >= edge])
            learner = KNeighborsRegressor(_NEIGHBOURS).fit(*_windows(values[:, 0], parts["train"].start))
            return targets, learner.predict(inputs)

        return scratch_project.r2(map(forecast, range(_SERIES)))

    return score


def _windows(values: np.ndarray, start: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return inputs [windows, length] and the change over the horizon [windows]."""
    last = start + _LENGTH - 1
    return values[start[:, None] + np.arange(_LENGTH)], values[last + _HORIZON] - values[last]


SHUFFLE = Leak(
    name="shuffle_before_split",
    about=f"A random walk and its change over the next {_HORIZON} rows. Overlapping windows are shuffled and then "
    "split, so that almost every test window has training windows that start one row earlier or later.",
    metric="r2",
    learner=f"{_NEIGHBOURS} nearest neighbours, {_SERIES} series",
    clean=by_rows,
    leaky=by_shuffled_windows,
    prove=_prove(1000, 800),
    score=_score(1000, 800),
)

# Few test windows, as where a model is refitted again and again: only the first ones overlap training windows.
NO_GAP = Leak(
    name="no_gap",
    about=f"A random walk and its change over the next {_HORIZON} rows. Windows are split by their number without a "
    f"gap, so that the last training windows reach into the {_HORIZON} test windows.",
    metric="r2",
    learner=f"{_NEIGHBOURS} nearest neighbours, {_SERIES} series",
    clean=by_rows,
    leaky=by_window_number,
    prove=_prove(500, 500 - _LENGTH - 2 * _HORIZON + 1),
    score=_score(500, 500 - _LENGTH - 2 * _HORIZON + 1),
)


# --- windows that came without their rows

Side = Callable[[int], np.ndarray]
_TESTS = 200  # windows


def in_order(count: int) -> np.ndarray:
    """Return 0 for training, 2 for test, and 1 for the windows between them, as far apart as a window and its target.

    Args:
        count: number of windows, in time order.
    """
    side = np.zeros(count, dtype=int)
    side[count - _TESTS - _LENGTH - _HORIZON :] = 1
    side[count - _TESTS :] = 2
    return side


def at_random(count: int) -> np.ndarray:
    """Divide overlapping windows as `train_test_split` does with its `shuffle=True`; arguments as for `in_order`."""
    return np.random.default_rng(0).permutation(in_order(count))


def _given(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Return windows [windows, length] of a random walk and their targets [windows], as a file holds them."""
    values = _walk(1000, number)[:, 0]
    return _windows(values, windowing.starts([(0, len(values))], _LENGTH, _HORIZON, 1))


def _prove_given(step: Side) -> Proof:
    from pipeline.leakage import overlap

    inputs, _ = _given(0)
    side = step(len(inputs))
    parts: dict[str, tuple[np.ndarray, np.ndarray]] = {}
    for name, code in (("train", 0), ("test", 2)):
        own = inputs[side == code]
        parts[name] = (own.reshape(-1, 1), np.arange(len(own)) * _LENGTH)
    return overlap.check(parts, _LENGTH, False, name=scratch_project.NAME)


def _score_given(step: Side) -> float:
    """Compute R² of nearest neighbours on the test windows that are so in order too."""
    from sklearn.neighbors import KNeighborsRegressor

    def forecast(number: int) -> tuple[np.ndarray, np.ndarray]:
        inputs, targets = _given(number)
        side = step(len(inputs))
        tests = (side == 2) & (in_order(len(inputs)) == 2)
        learner = KNeighborsRegressor(_NEIGHBOURS).fit(inputs[side == 0], targets[side == 0])
        return targets[tests], learner.predict(inputs[tests])

    return scratch_project.r2(map(forecast, range(_SERIES)))


GIVEN = Leak(
    name="given_windows_at_random",
    about=f"A random walk and its change over the next {_HORIZON} rows, as a file of windows without their rows. "
    "Overlapping windows are divided at random, so that training windows begin inside test windows.",
    metric="r2",
    learner=f"{_NEIGHBOURS} nearest neighbours, {_SERIES} series",
    clean=in_order,
    leaky=at_random,
    prove=_prove_given,
    score=_score_given,
)
