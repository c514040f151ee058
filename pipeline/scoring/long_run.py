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
        from scipy import stats

        return float(stats.t.ppf(1 - level / 2, self.degrees)) * self.standard

    def p_value(self, mean: float) -> float:
        """Return the two-sided p-value of a true mean of 0; without a spread 1 for 0, otherwise the smallest one."""
        from scipy import stats

        if mean == 0:
            return 1.0
        if self.standard <= 0:
            return LEAST_P
        return max(float(2 * stats.t.sf(abs(mean) / self.standard, self.degrees)), LEAST_P)


def errors(values: np.ndarray, overlap: int = 1, rows: np.ndarray | None = None) -> tuple[list[Error], float]:
    """Return standard errors of the mean of correlated values, of which the largest interval holds.

    One is that of the windows, the other that of the means of groups of consecutive windows.

    Args:
        values: differences of losses, `[windows]` in time order.
        overlap: windows in a row that share a target row; so many are worth at most one.
        rows: `[windows]`, the series row of each window. Two windows that are not neighbours, as the last of one fold
            and the first of the next, say nothing about the correlation of neighbours.

    Returns:
        The errors, and the number of independent windows that the windows are worth.
    """
    count = len(values)
    if count < 2:
        return [], float(count)
    effective = _effective(values, overlap, _joints(rows, count))
    found, worth = [_error(values, effective, max(effective - 1, 0.3))], effective
    size = count // max(_GROUPS, round(count**_GROWTH))
    if size > 1:
        groups = values[count % size :].reshape(-1, size).mean(axis=1)
        # Its bias is smaller, and its number of groups is known: only the windows' own error pays for few degrees.
        own = _effective(groups, overlap / size, np.zeros(len(groups) - 1, bool), 1.0)
        found.append(_error(groups, own, len(groups) - 1))
        worth = min(worth, own * size)
    return found, worth


def _joints(rows: np.ndarray | None, count: int) -> np.ndarray:
    """Return where a window is not followed by its neighbour, `[windows - 1]`; neighbours are the closest windows."""
    if rows is None:
        return np.zeros(count - 1, bool)
    apart = np.diff(rows)
    return np.asarray(apart > apart.min())


def _effective(values: np.ndarray, overlap: float, joints: np.ndarray, biases: float = _BIASES) -> float:
    """Return the number of independent values with a mean as exact: n (1 - r) / (1 + r), of an AR(1)."""
    count, centred = len(values), _centred(values)
    squares, neighbours = float(centred @ centred), int(np.sum(~joints))
    most = count / max(overlap, 1)
    if not neighbours or not squares:
        return most
    r = float((centred[1:] * centred[:-1])[~joints].sum()) / squares * (count - 1) / neighbours
    r = float(np.clip(r + biases * (1 + 3 * r) / count, 0, _MOST))
    return min(count * (1 - r) / (1 + r), most)


def _centred(values: np.ndarray) -> np.ndarray:
    """Return the values less their mean: zeros for values that differ by rounding alone."""
    equal = np.ptp(values) <= 1e-12 * np.abs(values).max()
    return np.zeros(len(values)) if equal else values - values.mean()


def _error(values: np.ndarray, effective: float, degrees: float) -> Error:
    count = len(values)
    # The sample's own mean takes away as much of the variance as one independent value has.
    variance = float(np.mean(_centred(values) ** 2)) * count / max(count - count / effective, 1)
    return Error(float(np.sqrt(variance / effective)), degrees)
