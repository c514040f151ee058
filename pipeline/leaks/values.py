"""Cleaning and features that look ahead: a centred mean, filling from the future, and a mean that is known later."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from pipeline.dataset import windowing
from pipeline.leaks import scratch_project
from pipeline.leaks.leak import Leak
from pipeline.scoring import baselines

if TYPE_CHECKING:
    from pipeline.leakage.proof import Proof

Step = Callable[[np.ndarray], np.ndarray]

_SERIES, _ROWS, _WIDTH = 10, 1000, 5
_DATASET = {
    "split": {"scheme": "holdout", "validation": 0, "test": 0.3},
    "window": {"length": 10, "missing": "keep"},
}


def trailing_mean(rows: np.ndarray) -> np.ndarray:
    """Average each row with up to four rows before it: float64 [rows, 1]."""
    sums = np.cumsum(np.vstack([np.zeros((1, rows.shape[1])), rows]), axis=0)
    at = np.arange(1, len(sums))
    start = np.maximum(at - _WIDTH, 0)
    return np.asarray((sums[at] - sums[start]) / (at - start)[:, None])


def centred_mean(rows: np.ndarray) -> np.ndarray:
    """Average each row with up to two rows before it and two after it: float64 [rows, 1]."""
    half = _WIDTH // 2
    sums = np.cumsum(np.vstack([np.zeros((1, rows.shape[1])), rows]), axis=0)
    at = np.arange(len(rows))
    start, stop = np.maximum(at - half, 0), np.minimum(at + half + 1, len(rows))
    return np.asarray((sums[stop] - sums[start]) / (stop - start)[:, None])


def fill_past(rows: np.ndarray) -> np.ndarray:
    """Fill missing cells with the last measured value before them: float64 [rows, 1]."""
    return windowing.clean(rows, [(0, len(rows))], "fill_past")


def fill_future(rows: np.ndarray) -> np.ndarray:
    """Fill missing cells with the next measured value after them, like pandas' `bfill`: float64 [rows, 1]."""
    return fill_past(rows[::-1])[::-1]


def earlier_block_mean(rows: np.ndarray) -> np.ndarray:
    """Give each row the mean of the block of five rows before its own: float64 [rows, 1]; that of the first is 0."""
    return np.vstack([np.zeros((_WIDTH, rows.shape[1])), block_mean(rows)[:-_WIDTH]])[: len(rows)]


def block_mean(rows: np.ndarray) -> np.ndarray:
    """Give each row the mean of its own block of five rows, as a daily mean joined to its hours: float64 [rows, 1]."""
    starts = np.arange(0, len(rows), _WIDTH)
    counts = np.diff(np.append(starts, len(rows)))
    return np.repeat(np.add.reduceat(rows, starts) / counts[:, None], counts, axis=0)


def _noise(seed: list[int], missing: float) -> np.ndarray:
    """Generate white noise with a share of missing cells: float64 [rows, 1]."""
    random = np.random.default_rng(seed)
    values = random.standard_normal(_ROWS)
    values[random.random(_ROWS) < missing] = np.nan
    return values[:, None]


def _prove(name: str, missing: float) -> Callable[[Step], Proof]:
    def prove(step: Step) -> Proof:
        from pipeline.leakage import prefix

        return prefix.check({name: step}, _noise([5, 0], missing), range(1, _ROWS, 13))

    return prove


def _prove_prepare(step: Step) -> Proof:
    import pandas as pd

    from pipeline.leakage import prepared
    from pipeline.series import looking_ahead

    def function(frame: pd.DataFrame) -> pd.DataFrame:
        return frame.assign(mean=step(frame[["value"]].to_numpy())[:, 0])

    frame = pd.DataFrame(_noise([5, 0], 0.0), columns=["value"])
    return prepared.judged(looking_ahead.compare("features:means", function, frame, ["mean", "value"]))


def _score(missing: float, features: list[str]) -> Callable[[Step], float]:
    """Return a function that computes R² of ridge regression on the test windows with a measured target."""

    def score(step: Step) -> float:
        def forecast(number: int) -> tuple[np.ndarray, np.ndarray]:
            raw = _noise([5, number], missing)
            with scratch_project.project(np.hstack([raw, step(raw)]), _DATASET, features) as p:
                train, test = scratch_project.make_parts(p)
            return test.raw_targets(), baselines.fit(train)["ridge"](test)

        return scratch_project.r2(map(forecast, range(_SERIES)))

    return score


CENTRED = Leak(
    name="centred_rolling_feature",
    about="White noise, with its rolling mean over 5 rows as a second input. The mean is centred, so it contains two "
    "future rows.",
    metric="r2",
    learner=f"ridge regression, {_SERIES} series",
    clean=trailing_mean,
    leaky=centred_mean,
    prove=_prove("rolling mean", 0.0),
    score=_score(0.0, ["value", "feature"]),
)

BACK_FILLING = Leak(
    name="back_filling",
    about="White noise with half of its cells missing. A missing input is filled with the next measured value, which "
    "is the target where the last input is missing.",
    metric="r2",
    learner=f"ridge regression, {_SERIES} series",
    clean=fill_past,
    leaky=fill_future,
    prove=_prove("filling", 0.5),
    score=_score(0.5, ["feature"]),
)

JOINED = Leak(
    name="joined_later_mean",
    about="White noise, and a function of the user's that joins the mean of each block of 5 rows to the rows of the "
    "block. All but the last row of a block then know later ones.",
    metric="r2",
    learner=f"ridge regression, {_SERIES} series",
    clean=earlier_block_mean,
    leaky=block_mean,
    prove=_prove_prepare,
    score=_score(0.0, ["value", "feature"]),
)
