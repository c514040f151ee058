"""One set of resamples for all losses of an experiment: the stationary bootstrap over blocks of windows.

Blocks of random length keep the correlation of neighbouring windows (Politis and Romano 1994; drawn by `arch`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from pipeline.scoring.long_run import Error

LEVEL = 0.05
RESAMPLES = 1000
# The same draws for every experiment, so that two experiments differ by their losses alone.
_SEED = 20240501
# Up to this many units the draws are cached: `calibrate` uses the same ones thousands of times.
_KEPT = 1000


class Draws(NamedTuple):
    """Mean loss of each forecast on the windows, and on each resample of them."""

    means: np.ndarray  # [forecasts]
    resampled: np.ndarray  # [resamples, forecasts]
    degrees: float
    widening: float

    def widen(self, value: float, resampled: np.ndarray, stretch: float = 1.0) -> np.ndarray:
        """Move the resamples of a mean away from it by the widening, times `stretch`."""
        return value + stretch * self.widening * (resampled - value)

    def widen_ratio(
        self,
        numerator: float,
        denominator: float,
        numerators: np.ndarray,
        denominators: np.ndarray,
        stretch: float = 1.0,
    ) -> np.ndarray:
        """Widen the resamples of a ratio of two means; its sign is that of the widened numerator.

        Args:
            numerator: a mean of any sign.
            denominator: a positive mean. Where widening would push one of its resamples below 0, all of them are moved
                in proportion instead.
            numerators: resamples of the numerator.
            denominators: resamples of the denominator; where one is 0 the ratio is infinite, or 0 for 0 / 0.
            stretch: another factor by which the numerator is widened.
        """
        above, below = self.widen(numerator, numerators, stretch), self.widen(denominator, denominators)
        if below.min() <= 0:
            below = denominator * (np.maximum(denominators, 0) / denominator) ** self.widening
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(above == 0, 0.0, above / below)

    def error(self, value: float, resampled: np.ndarray) -> Error:
        """Return the standard error of a mean, whose p-value is below 5 % exactly where the interval excludes 0.

        The interval is inverted with Student's t: the end that faces 0 gives the standard error. The tail is therefore
        smooth and not cut off at one in `RESAMPLES`, of which Holm's correction for 30 experiments would leave nothing.
        """
        low, high = interval(self.widen(value, resampled))
        reach = max(value - low if value > 0 else high - value, 0.0)
        return Error(reach / Error(1.0, self.degrees).reach(LEVEL), self.degrees)

    def p_value(self, value: float, resampled: np.ndarray) -> float:
        """Return the two-sided p-value of a mean of 0, below 5 % exactly where the interval excludes 0.

        Where the resamples do not vary, it is 1 for a mean of 0 and the smallest value, 1e-12, for any other mean.
        """
        return self.error(value, resampled).p_value(value)


def draw(table: np.ndarray, block: int) -> Draws:
    """Draw blocks of mean length `block` from `[units, forecasts + 1]`, losses and, in the last column, weights."""
    drawn = _resample(table, block)
    units = len(table)
    means, resampled = table[:, :-1].mean(axis=0), drawn[:, :-1] / drawn[:, -1:]
    return Draws(means, resampled, degrees(units, block), widening(units, block))


def degrees(units: int, block: int) -> float:
    """Return the degrees of freedom of a resampled mean's variance; see `widening`. A single unit counts as two."""
    q = 1 - 1 / block
    return max(units, 2) * (1 - q**2) / (1 + q**2) - 1


def widening(units: int, block: int) -> float:
    """Return the factor by which the truth lies farther from the estimate than a resample does.

    Plain percentiles are too narrow where blocks are long. Over 1,000 pairs of equally good forecasts of 500 windows
    they found a difference in 9 % of the pairs for targets that overlap by 5 and in 15 % by 24, and in 15 % of 100
    windows by 5. With this factor it is 8, 7 and 6 %, and 4 % for independent losses either way. (`calibrate` repeats
    this in its part `equal`.) Two known causes are corrected: a resampled mean varies less than a mean does, because
    the blocks are drawn around the mean of the same windows; and its variance is itself an estimate with few degrees
    of freedom, as in Student's test.

    The variance of a stationary bootstrap's mean is a sum of autocovariances with weights (1 - 1 / block) ** |lag|
    (Politis and Romano 1994, lemma 1), from which bias and degrees of freedom follow as for any lag window (Priestley
    1981, sections 6.2 and 6.4). With block 1 this is Student's own interval. As blocks are at most a quarter of the
    units, at least half of the variance is kept.
    """
    from scipy import stats

    q = 1 - 1 / block
    share = 1 - (1 + q) / (1 - q) / max(units, 2)
    student = stats.t.ppf(1 - LEVEL / 2, degrees(units, block)) / stats.norm.ppf(1 - LEVEL / 2)
    return float(student / np.sqrt(share))


def block_length(series: list[np.ndarray], overlap: int = 1) -> int:
    """Return the mean length of the blocks, in windows: the longest by `arch`'s rule, at most a quarter of the windows.

    The quarter takes precedence, also over the overlap: fewer than four blocks allow no conclusion.

    Args:
        series: `[windows]` each: differences of losses.
        overlap: windows in a row that share a target row. Their losses are certainly correlated, even where the rule
            does not see it in a few hundred of them. Blocks of twice that length found a difference between 1 to 2 %
            fewer equal forecasts.
    """
    from arch.bootstrap import optimal_block_length

    least = 2 * overlap if overlap > 1 else 1
    lengths = [float(least)]
    for values in series:
        # The rule needs a few dozen windows for its autocorrelations, and values that vary.
        if len(values) >= 20 and np.ptp(values) > 0:
            # Differences of hits are mostly 0, for which the rule divides by 0.
            with np.errstate(divide="ignore", invalid="ignore"):
                lengths.append(float(optimal_block_length(values / np.abs(values).max())["stationary"].iloc[0]))
    longest = max(length for length in lengths if np.isfinite(length))
    most = max((len(series[0]) if series else 1) // 4, 1)
    return int(min(np.ceil(longest), most))


def group_units(columns: np.ndarray, sequences: np.ndarray | None) -> np.ndarray:
    """Return the units to resample, `[units, columns + 1]`: windows, or sums over sequences, and a unit's weight.

    Sums are divided by the mean number of windows in a sequence, so that a column's mean stays the mean over windows.
    """
    table = np.column_stack([columns, np.ones(len(columns))])
    if sequences is None:
        return table
    _, group = np.unique(sequences, return_inverse=True)
    total = np.zeros((int(group.max()) + 1, table.shape[1]))
    np.add.at(total, group, table)
    return total * (len(total) / len(table))


def _counts(units: int, block: int) -> Iterator[np.ndarray]:
    """Yield how often each unit is in each resample."""
    from arch.bootstrap import StationaryBootstrap

    bootstrap = StationaryBootstrap(block, np.arange(units), seed=np.random.default_rng([_SEED]))
    for (index,), _ in bootstrap.bootstrap(RESAMPLES):
        yield np.bincount(index, minlength=units)


@lru_cache(maxsize=32)
def _kept(units: int, block: int) -> np.ndarray:
    return np.stack(list(_counts(units, block))).astype(float)


def _resample(table: np.ndarray, block: int) -> np.ndarray:
    """Return the means of the columns over each resample, `[resamples, columns]`."""
    units = len(table)
    if units <= _KEPT:
        return _kept(units, block) @ table / units
    return np.stack([counts @ table for counts in _counts(units, block)]) / units


def interval(values: np.ndarray) -> tuple[float, float]:
    """Return the central 95 % of the resamples; the ends are resamples themselves, because one may be infinite."""
    ranked = np.sort(values)
    outside = int(LEVEL / 2 * (len(ranked) - 1))
    return float(ranked[outside]), float(ranked[-1 - outside])
