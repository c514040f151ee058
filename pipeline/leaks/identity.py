"""Whole ids in a split: windows of the same id on both sides teach a learner to recognise the id."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.dataset import windowing
from pipeline.leaks import scratch_project
from pipeline.leaks.leak import Leak

if TYPE_CHECKING:
    from pipeline.leakage.proof import Proof

# First series row of each window, by part: int64 [windows].
Starts = dict[str, np.ndarray]
Divide = Callable[[dict[str, Any], str], Starts]

_SERIES, _IDS, _ROWS, _LENGTH, _NEIGHBOURS = 10, 40, 30, 5, 5
_TEST = 0.25
_DATASET = {
    "split": {"scheme": "groups", "validation": 0, "test": _TEST},
    "window": {"length": _LENGTH, "stride": {"train": _LENGTH, "evaluation": _LENGTH}},
}


# --- the steps


def by_ids(p: dict[str, Any], name: str) -> Starts:
    """Make training and test windows by the real stages: whole ids are held out."""
    parts = scratch_project.make_parts(p)
    return {part.name: np.asarray(part.spec.first_rows)[part.table["start"]] for part in parts}


def by_windows(p: dict[str, Any], name: str) -> Starts:
    """Draw the test windows from the windows of all ids: `train_test_split` with its `shuffle=True`."""
    intervals = [(i * _ROWS, (i + 1) * _ROWS) for i in range(_IDS)]
    start = windowing.starts(intervals, _LENGTH, 1, _LENGTH)
    drawn = np.random.default_rng(0).permutation(len(start))
    tests = int(_TEST * len(start))
    return {"train": np.sort(start[drawn[tests:]]), "test": np.sort(start[drawn[:tests]])}


# --- proof and scores


def _patients(number: int) -> tuple[np.ndarray, np.ndarray]:
    """Generate rows of ids with a level and a signature of their own, which have nothing to do with one another.

    Returns:
        float64 [rows, 2], `value` and `feature`; and the id of each row.
    """
    random = np.random.default_rng([11, number])
    level, signature = (np.repeat(random.standard_normal(_IDS), _ROWS) for _ in range(2))
    noise = random.standard_normal((2, _IDS * _ROWS))
    return np.column_stack([level + 0.3 * noise[0], signature + 0.05 * noise[1]]), np.repeat(np.arange(_IDS), _ROWS)


def _prove(step: Divide) -> Proof:
    from pipeline.leakage import ids

    rows, owner = _patients(0)
    with scratch_project.project(rows, _DATASET, ["feature"], owner) as p:
        parts = step(p, scratch_project.NAME)
    windows = {name: ids.Windows(owner[start], owner[start + _LENGTH]) for name, start in parts.items()}
    return ids.check(windows, [str(i) for i in range(_IDS)], whole=True)


def _score(step: Divide) -> float:
    """Return R² of nearest neighbours on the test windows that belong to the ids that the clean step holds out."""
    from sklearn.neighbors import KNeighborsRegressor

    held_out = _IDS - int(_TEST * _IDS)

    def forecast(number: int) -> tuple[np.ndarray, np.ndarray]:
        rows, owner = _patients(number)
        with scratch_project.project(rows, _DATASET, ["feature"], owner) as p:
            parts = step(p, scratch_project.NAME)
        inputs = {name: rows[start[:, None] + np.arange(_LENGTH), 1] for name, start in parts.items()}
        targets = {name: rows[start + _LENGTH, 0] for name, start in parts.items()}
        learner = KNeighborsRegressor(_NEIGHBOURS).fit(inputs["train"], targets["train"])
        scored = owner[parts["test"]] >= held_out
        return targets["test"][scored], learner.predict(inputs["test"][scored])

    return scratch_project.r2(map(forecast, range(_SERIES)))


SHARED_IDS = Leak(
    name="ids_on_both_sides",
    about=f"{_IDS} patients with a signal and a level of their own, which have nothing to do with one another. Windows "
    "are split instead of patients, so that a learner recognises a patient by the signal and knows the level.",
    metric="r2",
    learner=f"{_NEIGHBOURS} nearest neighbours, {_SERIES} series",
    clean=by_ids,
    leaky=by_windows,
    prove=_prove,
    score=_score,
)
