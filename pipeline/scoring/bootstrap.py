"""One set of resamples for all losses of an experiment: the stationary bootstrap over blocks of windows.

Blocks of random length keep the correlation of neighbouring windows (Politis and Romano 1994; drawn by `arch`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

import numpy as np

LEVEL = 0.05
RESAMPLES = 1000
# The same draws for every experiment: two experiments differ by their losses, never by their luck.
_SEED = 20240501
# Up to so many units the draws are kept: `calibrate` uses the same ones thousands of times.
_KEPT = 1000
# No tail is known that far out; and 0 is only told of a network that is not finite.
_LEAST_P = 1e-12


class Draws(NamedTuple):
    """Mean loss of each forecast on the windows, and on each resample of them."""

    means: np.ndarray  # [forecasts]
    resampled: np.ndarray  # [resamples, forecasts]
    degrees: float
    widening: float

    @staticmethod
    def of(table: np.ndarray, block: int) -> Draws:
        """Draw blocks of mean length `block` from `[units, forecasts + 1]`, losses and, in the last column, weights."""
        drawn = _resample(table, block)
        units = len(table)
        means, resampled = table[:, :-1].mean(axis=0), drawn[:, :-1] / drawn[:, -1:]
        return Draws(means, resampled, degrees(units, block), widening(units, block))

    def wide(self, value: float, resampled: np.ndarray) -> np.ndarray:
        """Resamples of a mean, moved away from it by the widening."""
        return value + self.widening * (resampled - value)

    def wide_ratio(self, above: float, below: float, resampled: np.ndarray, under: np.ndarray) -> np.ndarray:
        """The same for `above / below`, whose sign is that of the widened `above`.

        Args:
            above: a mean of any sign.
            below: a positive one. Where few units would carry a resample of it past 0, all are moved in proportion.
            resampled: of `above`.
            under: of `below`; where one is 0 the ratio is infinite, or 0 for 0 / 0.
        """
        over, base = self.wide(above, resampled), self.wide(below, under)
        if base.min() <= 0:
            base = below * (np.maximum(under, 0) / below) ** self.widening
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.where(over == 0, 0.0, over / base)

    def p_value(self, value: float, resampled: np.ndarray) -> float:
        """Two-sided p-value of a mean's being 0, below 5 % exactly where the interval leaves 0 out.

        The interval is inverted with Student's t: the end that faces 0 gives the standard error. So the tail is smooth,
        and not cut off at one in `RESAMPLES`, of which Holm's correction for 30 experiments would leave nothing.
        Where nothing has a spread it is 1 for a mean of 0, and for any other one the least there is, 1e-12.
        """
        from scipy import stats

        if value == 0:
            return 1.0
        low, high = interval(self.wide(value, resampled))
        reach = value - low if value > 0 else high - value
        if reach <= 0:
            return _LEAST_P
        # The ratio first: it is above 1 exactly where 0 is outside.
        far = abs(value) / reach * stats.t.ppf(1 - LEVEL / 2, self.degrees)
        return max(float(2 * stats.t.sf(far, self.degrees)), _LEAST_P)


def degrees(units: int, block: int) -> float:
    """Degrees of freedom that a resampled mean's variance has; see `widening`. A single unit counts as two."""
    q = 1 - 1 / block
    return max(units, 2) * (1 - q**2) / (1 + q**2) - 1


def widening(units: int, block: int) -> float:
    """How much farther than a resample the truth lies from the estimate, as a factor.

    Plain percentiles are too narrow where blocks are long: over 1,000 pairs of equally good forecasts of 500 windows
    they told 9 % apart for targets that overlap by 5, 15 % by 24, and 15 % of 100 windows by 5; with this factor
    8, 7 and 6 %, and of independent losses 4 % either way. (`calibrate` repeats the like: its part `equal`.) Two
    known causes are mended: a resampled mean varies less than a mean does, for the blocks are drawn around the mean of
    the same windows; and its variance is itself an estimate with few degrees of freedom, as in Student's test.

    The variance of a stationary bootstrap's mean is a sum of autocovariances with weights (1 - 1 / block) ** |lag|
    (Politis and Romano 1994, lemma 1), from which bias and degrees of freedom follow as for any lag window (Priestley
    1981, sections 6.2 and 6.4). With block 1 this is Student's own interval. As blocks are at most a quarter of the
    units, the variance keeps at least half of itself.
    """
    from scipy import stats

    q = 1 - 1 / block
    share = 1 - (1 + q) / (1 - q) / max(units, 2)
    student = stats.t.ppf(1 - LEVEL / 2, degrees(units, block)) / stats.norm.ppf(1 - LEVEL / 2)
    return float(student / np.sqrt(share))


def block_length(series: list[np.ndarray], overlap: int = 1) -> int:
    """Mean length of the blocks, in windows: the longest that `arch`'s rule asks for, at most a quarter of the windows.

    The quarter wins, also over the overlap: fewer than four blocks would be told nothing of.

    Args:
        series: `[windows]` each: differences of losses.
        overlap: windows in a row that share a target row. Their losses are correlated for sure, whatever the rule
            makes of a few hundred of them; blocks of twice that length told 1 to 2 % fewer equal forecasts apart.
    """
    from arch.bootstrap import optimal_block_length

    least = 2 * overlap if overlap > 1 else 1
    lengths = [float(least)]
    for one in series:
        # The rule needs a few dozen windows for its autocorrelations, and a spread.
        if len(one) >= 20 and np.ptp(one) > 0:
            lengths.append(float(optimal_block_length(one / np.abs(one).max())["stationary"].iloc[0]))
    longest = max(length for length in lengths if np.isfinite(length))
    most = max((len(series[0]) if series else 1) // 4, 1)
    return int(min(np.ceil(longest), most))


def units_of(columns: np.ndarray, sequences: np.ndarray | None) -> np.ndarray:
    """What is resampled, `[units, columns + 1]`: windows, or sums over sequences; the last column is a unit's weight.

    Sums are divided by the windows of a sequence on average, so that a column's mean stays the mean over windows.
    """
    table = np.column_stack([columns, np.ones(len(columns))])
    if sequences is None:
        return table
    _, group = np.unique(sequences, return_inverse=True)
    total = np.zeros((int(group.max()) + 1, table.shape[1]))
    np.add.at(total, group, table)
    return total * (len(total) / len(table))


def _counts(units: int, block: int) -> Iterator[np.ndarray]:
    """How often each unit is in each resample."""
    from arch.bootstrap import StationaryBootstrap

    bootstrap = StationaryBootstrap(block, np.arange(units), seed=np.random.default_rng([_SEED]))
    for (index,), _ in bootstrap.bootstrap(RESAMPLES):
        yield np.bincount(index, minlength=units)


@lru_cache(maxsize=32)
def _kept(units: int, block: int) -> np.ndarray:
    return np.stack(list(_counts(units, block))).astype(np.uint16)


def _resample(table: np.ndarray, block: int) -> np.ndarray:
    """Means of the columns over each resample, `[resamples, columns]`."""
    units = len(table)
    if units <= _KEPT:
        return _kept(units, block) @ table / units
    return np.stack([counts @ table for counts in _counts(units, block)]) / units


def interval(values: np.ndarray) -> tuple[float, float]:
    """Central 95 % of the resamples, the ends being resamples themselves: for one may be infinite."""
    ranked = np.sort(values)
    outside = int(LEVEL / 2 * (len(ranked) - 1))
    return float(ranked[outside]), float(ranked[-1 - outside])
