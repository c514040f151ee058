"""The gain of one forecast over another one on the same windows: interval, p-value and conclusion.

Intervals come from resampled blocks (`bootstrap`) and from autoregressions (`long_run`). The widest holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from pipeline.scoring import bootstrap, long_run, scores
from pipeline.scoring.bootstrap import LEVEL, Draws
from pipeline.scoring.long_run import FEWEST, Error

Side = dict[str, Any]
# Why nothing is concluded.
FEW, INTERVAL, BASELINE, UNANSWERED = "few_windows", "interval", "baseline", "unanswered"
# A forecast that leaves more windows without a finite answer is not called better.
UNANSWERED_SHARE = 0.05


class Sample(NamedTuple):
    """Losses of several forecasts on the same windows, and what intervals need of them."""

    table: np.ndarray  # [units, forecasts + 1], windows or sequences; the last column holds weights
    overlap: int  # 1 for sequences
    rows: np.ndarray | None  # [units]; None for sequences, which are independent
    block: int
    draws: Draws

    @property
    def many(self) -> bool:
        """Whether there are at least five units, or five times the overlap."""
        return len(self.table) // self.overlap >= FEWEST

    def mean(self, at: int) -> float:
        """Return the mean of a column over the windows."""
        return float(self.draws.means[at])

    def errors(self, values: np.ndarray) -> tuple[list[Error], float]:
        """Return `long_run.errors` of a column or a difference; of sequences none, since they are independent."""
        if self.rows is None:
            return [], float(len(values))
        return long_run.errors(values, self.overlap, self.rows)


def sample(
    columns: list[np.ndarray],
    differences: list[tuple[int, int]],
    overlap: int = 1,
    sequences: np.ndarray | None = None,
    rows: np.ndarray | None = None,
) -> Sample:
    """Resample windows, or whole sequences.

    Args:
        columns: `[windows]` each, finite, in time order.
        differences: pairs of columns whose differences decide the length of the blocks; a column with itself stands for
            its own values.
        overlap: windows in a row that share a target row.
        sequences: `[windows]`, the number of each window's independent sequence, or None.
        rows: `[windows]`, the series row of each window; None for consecutive windows.
    """
    table = bootstrap.group_units(np.stack(columns, axis=1), sequences)
    if sequences is not None:
        return Sample(table, 1, None, 1, bootstrap.draw(table, 1))
    series = [table[:, a] - (table[:, b] if a != b else 0) for a, b in differences]
    block = bootstrap.block_length(series, overlap)
    rows = np.arange(len(table)) if rows is None else rows
    return Sample(table, overlap, rows, block, bootstrap.draw(table, block))


class Gain(NamedTuple):
    """How much lower one mean loss is than another one."""

    value: float
    p_value: float
    stretch: float  # factor by which the wider interval exceeds that of the resamples
    reach: float  # from the value to the end of the interval that faces 0
    effective: float  # independent windows
    degrees: float  # of freedom of the error with the largest p-value


def gain(units: Sample, at: int, base: int, further: Sequence[Error] = ()) -> Gain:
    """Return the gain of column `at` over column `base`, by the widest interval.

    Args:
        units: windows or sequences.
        at: column of the losses.
        base: column of the baseline's losses.
        further: other errors of the gain. None makes a conclusion surer.
    """
    value = units.mean(base) - units.mean(at)
    known, effective = errors(units, at, base)
    own = known[0].reach(LEVEL)
    known = [*known, *further]
    reach, last = max(error.reach(LEVEL) for error in known), max(known, key=lambda error: error.p_value(value))
    return Gain(value, last.p_value(value), reach / own if own > 0 else 1.0, reach, effective, last.degrees)


def errors(units: Sample, at: int, base: int) -> tuple[list[Error], float]:
    """Return the errors of the difference of two columns for other windows, and how many independent ones it is worth.

    The first is that of the resamples.
    """
    draws, value = units.draws, units.mean(base) - units.mean(at)
    resampled = draws.error(value, draws.resampled[:, base] - draws.resampled[:, at])
    modelled, effective = units.errors(units.table[:, base] - units.table[:, at])
    return [resampled, *modelled], effective


def worth(units: Sample, at: int, base: int) -> float:
    """Return how many independent windows the difference of two columns is worth."""
    return units.errors(units.table[:, base] - units.table[:, at])[1]


def side(units: Sample, at: int, base: int, further: Sequence[Error] = ()) -> Side:
    """Return the skill of column `at` against column `base`, with interval, p-value, conclusion and reason.

    `reason` is None for `better` and `worse`; otherwise `few_windows` (worth fewer than five independent ones) or
    `interval` (it includes 0). `degrees` of freedom belong to the p-value.
    """
    loss, reference = units.mean(at), units.mean(base)
    skill = scores.skill(loss, reference)
    found = gain(units, at, base, further)
    if not units.many or found.effective < FEWEST:
        return undecided(skill, FEW)
    low, high = _interval(units, at, base, found) if skill is not None else (None, None)
    result = {"skill": skill, "low": low, "high": high, "p_value": found.p_value, "degrees": found.degrees}
    if found.p_value >= LEVEL:
        return result | {"comparison": "not_distinguishable", "reason": INTERVAL}
    return result | {"comparison": "better" if found.value > 0 else "worse", "reason": None}


def conclusion(loss: np.ndarray, base: np.ndarray, overlap: int = 1) -> str:
    """Return the `comparison` of `side` for the losses of two forecasts, `[windows]`.

    Where an autoregression alone finds no difference, nothing is resampled: the wider interval holds. `calibrate`
    compares equal forecasts tens of thousands of times, which takes a tenth of the time.
    """
    difference = base - loss
    errors, windows = long_run.errors(difference, overlap)
    if windows < FEWEST or any(error.p_value(float(difference.mean())) >= LEVEL for error in errors):
        return "not_distinguishable"
    return str(side(sample([loss, base], [(0, 1)], overlap), 0, 1)["comparison"])


def _interval(units: Sample, at: int, base: int, found: Gain) -> tuple[float, float]:
    """Return the ends of the interval of the skill; 0 is outside exactly where the p-value is below 5 %."""
    draws, reference = units.draws, units.mean(base)
    resampled = draws.resampled[:, base] - draws.resampled[:, at]
    if np.ptp(resampled) > 0:
        ends = bootstrap.interval(
            draws.widen_ratio(found.value, reference, resampled, draws.resampled[:, base], found.stretch)
        )
    else:
        ends = ((found.value - found.reach) / reference, (found.value + found.reach) / reference)
    # With few windows a resample may exceed 1, which no forecast can.
    return min(ends[0], 1.0), min(ends[1], 1.0)


def at_level(found: Side, level: float) -> tuple[float | None, float | None]:
    """Return the ends of the interval of `side` at a lower level than `LEVEL`, as of one comparison among several.

    They move away from the skill as Student's t does. The end that faces 0 is 0 where the level is the p-value, so that
    0 is outside exactly where the p-value is below the level.
    """
    skill, low, high, p_value = (found[key] for key in ("skill", "low", "high", "p_value"))
    if low is None or high is None or level >= LEVEL:
        return low, high
    from scipy import special

    known, wanted, zero = (float(special.stdtrit(found["degrees"], 1 - own / 2)) for own in (LEVEL, level, p_value))

    def moved(end: float) -> float:
        if p_value >= LEVEL or (end > skill) == (skill > 0):
            return float(skill + (end - skill) * wanted / known)
        if wanted > zero:
            return float(-skill * (wanted - zero) / zero)
        return float(end * (zero - wanted) / (zero - known))

    return moved(low), min(moved(high), 1.0)


def undecided(skill: float | None, reason: str) -> Side:
    """Return a side without a conclusion."""
    nothing = {"low": None, "high": None, "p_value": 1.0, "degrees": None, "comparison": "not_distinguishable"}
    return {"skill": skill, **nothing, "reason": reason}


def worst() -> Side:
    """Return the side of a network of which one training has no finite loss: worse than anything, p-value 0."""
    nothing = {"skill": None, "low": None, "high": None, "p_value": 0.0, "degrees": None}
    return nothing | {"comparison": "worse", "reason": None}


def limited(found: Side, answered: np.ndarray, base_answered: np.ndarray) -> Side:
    """Return a side that is not in favour of a forecast which leaves more than 5 % of the windows unanswered.

    Args:
        found: output of `side`, on the windows that both answer.
        answered: `[windows]`, where the network answers.
        base_answered: `[windows]`, where the baseline does.
    """
    for better, own, reason in (("better", answered, UNANSWERED), ("worse", base_answered, BASELINE)):
        if found["comparison"] == better and float(np.mean(~own)) > UNANSWERED_SHARE:
            return {**found, "p_value": 1.0, "comparison": "not_distinguishable", "reason": reason}
    return found


def oracle_share(draws: Draws) -> dict[str, float] | None:
    """Return the share of the oracle's advantage over the naive baseline; None where that may be no advantage.

    Args:
        draws: columns 0, 1 and 3 are the losses of the network, the naive baseline and the oracle.
    """
    loss, naive, _, best = draws.means[:4]
    resampled = draws.resampled
    gained, gap = resampled[:, 1] - resampled[:, 0], resampled[:, 1] - resampled[:, 3]
    if naive <= best or bootstrap.interval(draws.widen(naive - best, gap))[0] <= 0:
        return None
    low, high = bootstrap.interval(draws.widen_ratio(naive - loss, naive - best, gained, gap))
    return {"share": float((naive - loss) / (naive - best)), "low": low, "high": high}


def accuracy(units: Sample, at: int, windows: int) -> dict[str, Any]:
    """Return the accuracy with two intervals: the blocks', and Wilson's as if the windows were independent.

    Args:
        units: windows or sequences; column `at` holds the hits.
        at: column.
        windows: number of windows.
    """
    from statsmodels.stats.proportion import proportion_confint

    score = units.mean(at)
    binomial = proportion_confint(score * windows, windows, alpha=LEVEL, method="wilson")
    ends = bootstrap.interval(units.draws.widen(score, units.draws.resampled[:, at]))
    block = [float(np.clip(end, 0, 1)) for end in ends] if units.many else [None, None]
    return {"score": score, "binomial": [float(b) for b in binomial], "block": block}
