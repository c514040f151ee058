"""Standard errors of a mean of correlated windows that also hold for a dozen of them.

The stationary bootstrap resamples what was seen, and a few dozen windows show too little of a slow correlation: of
pairs of equally good forecasts with AR(0.9) errors it finds a difference in 47 % at 12 windows, 16 % at 40 and 10 % at
500. A first-order autoregression needs one number, whose bias is known.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

# With fewer units, fewer windows than this many times the overlap, or fewer independent windows, nothing is concluded.
FEWEST = 5
# The smallest p-value: no tail is known that far out, and 0 is reserved for a network without finite losses.
LEAST_P = 1e-12
# A lag-1 autocorrelation r of n values is too low by (1 + 3 r) / n on average (Kendall 1954). It is raised by so many
# times this bias, because its error counts most where windows are few: at 12 windows with AR(0.97) errors, 1.5 times
# leaves 9 % wrong conclusions, and 2.5 times 5 %.
_BIASES = 2.5
# Above this, a mean and a slow wave look the same in any number of windows that tests have.
_MOST = 0.97
# Groups of consecutive windows whose means are a second series: at least so many, and n ** 0.6 of n windows. A slow
# wave that noise hides between neighbours shows in them. Where an AR(0.95) with a quarter of the variance of a loss
# hides, wrong conclusions fall from 44 to 20 % at 100 windows and from 45 to 9 % at 500; for AR(2) cycles of ten rows
# from 10 and 15 to 4 %. At an oracle R² of 0.1 this costs 4 of 96 % of power at 500 windows.
_GROUPS = 20
_GROWTH = 0.6


class Error(NamedTuple):
    """Standard error of a mean, and the degrees of freedom of its square."""

    standard: float
    degrees: float

    def reach(self, level: float) -> float:
        """Return half the width of the two-sided interval that misses the mean with probability `level`."""
        from scipy import special

        return float(special.stdtrit(self.degrees, 1 - level / 2)) * self.standard

    def p_value(self, mean: float) -> float:
        """Return the two-sided p-value of a true mean of 0; without a spread 1 for 0, otherwise the smallest one."""
        from scipy import special

        if mean == 0:
            return 1.0
        if self.standard <= 0:
            return LEAST_P
        return max(float(2 * special.stdtr(self.degrees, -abs(mean) / self.standard)), LEAST_P)


def errors(values: np.ndarray, overlap: int = 1, rows: np.ndarray | None = None) -> tuple[list[Error], float]:
    """Return standard errors of the mean of correlated values, of which the largest interval holds.

    The first is that of the windows; where they overlap, of the means of as many as share a target row. The second is
    that of the means of longer groups of consecutive windows.

    Args:
        values: differences of losses, `[windows]` in time order.
        overlap: windows in a row that share a target row; so many are worth at most one.
        rows: `[windows]`, the series row of each window. Two windows that are not neighbours, as the last of one fold
            and the first of the next, say nothing about the correlation of neighbours.

    Returns:
        The errors, and the number of independent windows that the windows are worth.
    """
    count = len(values)
    rows = np.arange(count) if rows is None else rows
    groups = _groups(values, rows, overlap)
    if len(groups[0]) < 2:
        return [], float(len(groups[0]))
    worth = _effective(*groups, _BIASES)
    found = [_error(groups[0], worth, max(worth - 1, 0.3))]
    size = group_size(count)
    if size > overlap:
        groups = _groups(values, rows, size)
        # Their bias is smaller, and only the first error pays for a correlation that is not known exactly.
        found.append(_error(groups[0], _effective(*groups, 1.0), len(groups[0]) - 1))
    return found, worth


def group_size(count: int) -> int:
    """Return how many consecutive windows of `count` form a longer group; 0 where there are too few."""
    return count // max(_GROUPS, round(count**_GROWTH))


def _groups(values: np.ndarray, rows: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the means of groups of consecutive windows, up to the last one, and the row of each first window."""
    rest = len(values) % size
    return values[rest:].reshape(-1, size).mean(axis=1), rows[rest::size]


def _effective(values: np.ndarray, rows: np.ndarray, biases: float) -> float:
    """Return the number of independent values with a mean as exact: n (1 - r) / (1 + r), of an AR(1).

    Args:
        values: `[values]` in time order.
        rows: `[values]`; neighbours are the closest ones.
        biases: how often the bias of r is added to it.
    """
    count, centred, apart = len(values), _centred(values), np.diff(rows)
    squares, neighbours = float(centred @ centred), apart <= apart.min()
    if not squares:
        return float(count)
    r = float((centred[1:] * centred[:-1])[neighbours].mean()) * (count - 1) / squares
    r = float(np.clip(r + biases * (1 + 3 * r) / count, 0, _MOST))
    return count * (1 - r) / (1 + r)


def _centred(values: np.ndarray) -> np.ndarray:
    """Return the values less their mean: zeros for values that differ by rounding alone."""
    equal = np.ptp(values) <= 1e-12 * np.abs(values).max()
    return np.zeros(len(values)) if equal else values - values.mean()


def _error(values: np.ndarray, effective: float, degrees: float) -> Error:
    count = len(values)
    # The sample's own mean takes away as much of the variance as one independent value has.
    variance = float(np.mean(_centred(values) ** 2)) * count / max(count - count / effective, 1)
    return Error(float(np.sqrt(variance / effective)), degrees)
