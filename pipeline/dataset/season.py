"""A season in the training rows: is one visible, and of how many rows?

A season is a set of lines in the spectrum: its power is at whole multiples of 1 / period, whereas that of an
autoregression or a random walk is spread over neighbouring frequencies. A line is therefore judged against its
neighbours; neither a trend nor differencing changes that ratio. In few rows, where no single line stands out, two
weaker ones that are multiples of one frequency do. Each line suggests a period, and its double and triple. The period
after which the rows are most alike is taken, and the shortest of those that are about as good. What is not as alike
after two and three periods is a damped cycle and no season.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

_FEWEST = 32  # rows
_MOST = 1 << 18  # rows that are looked at, the last ones
_CYCLES = 4  # of a season in the rows, at least
_AROUND = 24  # bins of the spectrum on either side of a line
_NEAR = 6  # bins of its nearer surroundings
_RATIO = 16.0  # of a line to the mean power around it; the logarithm of the number of rows is added
_WEAKER, _TOGETHER = 6.0, 14.0  # the same of each of two lines of one season, and of their sum
_ALIKE = 0.1  # least autocorrelation at the period
_MARGIN = 0.05  # by which a longer period must be better; with fewer than 1,600 rows two standard errors
_LASTING = 0.7  # share of the autocorrelation that is left after two and three periods
_LINES = 12  # strongest lines that suggest periods


def describe(values: np.ndarray, given: int | None) -> dict[str, Any]:
    """Compare the period that is given with the season that is visible in training rows.

    Args:
        values: float64 [rows], the target in training rows without a cut. Missing cells are NaN.
        given: the period in the settings, or None.

    Returns:
        `given`, `autocorrelation` (of the rows less their moving average, at that period; or null), `visible` (the
        period that is found, or null) and `visible_autocorrelation`.
    """
    rows = _filled(np.asarray(values, dtype=np.float64)[-_MOST:])
    found = find(rows)
    corr = [None if period is None else at(rows, period) for period in (given, found)]
    # Few digits, so that processors that add in another order agree.
    own, visible = (None if each is None or np.isnan(each) else round(each, 4) for each in corr)
    return {"given": given, "autocorrelation": own, "visible": found, "visible_autocorrelation": visible}


def find(rows: np.ndarray) -> int | None:
    """Return the period of the season that is visible in the rows, float64 [rows], or None."""
    longest = len(rows) // _CYCLES
    lines = [line for line in _lines(rows) if 2 <= round(1 / line) <= longest]
    if not lines:
        return None
    corr = autocorrelation(rows, round(1 / min(lines)), 3 * longest)
    lowest = np.minimum.accumulate(corr)
    periods = sorted({round(k / line) for line in lines for k in (1, 2, 3)})
    # Rows that are alike merely because they are near each other are no less alike in between.
    contrast = {p: float(corr[p] - lowest[p - 1]) for p in periods if 2 <= p <= longest and _lasts(corr, p)}
    best = max(contrast.values(), default=0.0)
    margin = max(_MARGIN, 2 / np.sqrt(len(rows)))
    period = next((p for p, value in contrast.items() if value >= best - margin), None)
    return period if period is not None and corr[period] >= _ALIKE else None


def at(rows: np.ndarray, period: int) -> float | None:
    """Return the autocorrelation of the rows at a period, less their moving average over it; None for too few rows."""
    if len(rows) < 3 * period:
        return None
    return float(autocorrelation(rows, period, period)[period])


def autocorrelation(rows: np.ndarray, width: int, most: int) -> np.ndarray:
    """Return the autocorrelation of the rows less their centred moving average: float64 [most + 1].

    Args:
        rows: float64 [rows].
        width: rows of the average; an even number takes half of the first and of the last row of one more.
        most: longest lag. Lags that the rows do not have are NaN.
    """
    level = rows - rows.mean()
    weights = np.ones(width) if width % 2 else np.concatenate([[0.5], np.ones(width - 1), [0.5]])
    sums = np.concatenate([[0.0], np.cumsum(level)])
    wide = len(weights)
    total = sums[wide:] - sums[:-wide]
    if not width % 2:
        total -= 0.5 * (level[: len(total)] + level[wide - 1 :])
    rest = level[wide // 2 : wide // 2 + len(total)] - total / width
    result = np.full(most + 1, np.nan)
    size = 1 << (2 * len(rest) - 1).bit_length()
    products = np.fft.irfft(np.abs(np.fft.rfft(rest, size)) ** 2, size)[: min(most + 1, len(rest))]
    scale = products[0] / len(rest)
    # What rounding leaves of a constant or a straight line is no season.
    if scale > 1e-20 * max(float(np.abs(level).max()), 1e-300) ** 2:
        result[: len(products)] = products / (len(rest) - np.arange(len(products))) / scale
    return result


def _lasts(corr: np.ndarray, period: int) -> bool:
    """Return whether the rows are as alike after two and three periods, which need not be whole numbers of rows."""
    later = []
    for k in (2, 3):
        slack = min(k - 1, period // 4)
        near = corr[k * period - slack : k * period + slack + 1]
        later += [np.nanmax(near)] if np.isfinite(near).any() else []
    return bool(later) and bool(np.mean(later) >= _LASTING * corr[period] > 0)


def _filled(values: np.ndarray) -> np.ndarray:
    """Interpolate missing cells; no row is left where more than half of them are missing."""
    known = np.flatnonzero(np.isfinite(values))
    if len(known) < _FEWEST or 2 * len(known) < len(values):
        return np.empty(0)
    return np.interp(np.arange(len(values)), known, values[known])


def _lines(rows: np.ndarray) -> list[float]:
    """Return the frequencies of lines in the spectrum, in cycles per row, the strongest first."""
    from scipy.ndimage import median_filter

    changes = np.diff(rows)
    count = len(changes)
    if count < _FEWEST - 1 or changes.max() == changes.min():
        return []
    taper = np.sin(np.pi * (np.arange(count) + 0.5) / count) ** 2
    power = np.abs(np.fft.rfft((changes - changes.mean()) * taper)) ** 2
    power[0] = 0
    # The median of an exponential variable is log(2) times its mean. A line itself fills three bins.
    # Near the top of a broad peak the closest neighbours are stronger than the others.
    sizes = (2 * min(_AROUND, max(len(power) // 4, 4)) + 1, 2 * _NEAR + 1)
    around = np.max([median_filter(power, size, mode="mirror") for size in sizes], axis=0) / np.log(2)
    ratio = power / np.maximum(around, 1e-12 * power.max())
    peak = np.concatenate([[False], (power[1:-1] >= power[:-2]) & (power[1:-1] >= power[2:]), [power[-1] > power[-2]]])
    peak[: _CYCLES - 1] = False
    at = np.flatnonzero(peak & (ratio > _RATIO + np.log(count)))
    if not at.size:
        at = _harmonics(power, ratio, np.flatnonzero(peak & (ratio > _WEAKER)))
    # Strength in the rows themselves: differencing weakens slow seasons.
    strength = power[at] / (2 * np.sin(np.pi * at / count)) ** 2
    at = at[np.argsort(-strength, kind="stable")][:_LINES]
    return [_centre(power, int(k)) / count for k in at]


def _harmonics(power: np.ndarray, ratio: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Return those of some weaker lines that another one is a multiple of, or a multiple and a half; and the other."""
    centres = [_centre(power, int(k)) for k in at]
    found: set[int] = set()
    for (k, low), (other, high) in itertools.combinations(zip(at.tolist(), centres, strict=True), 2):
        # The lower line is the first of its season, or the second, whose first is too weak.
        for order in (1, 2):
            base = low / order
            multiple = round(high / base)
            near = abs(high - multiple * base) < 0.25 * (1 + multiple / order)
            strong = ratio[k] + ratio[other] > _TOGETHER + np.log(len(power))
            if near and strong and multiple > order and base >= _CYCLES - 0.5:
                found |= {k, other}
    return np.array(sorted(found), dtype=np.int64)


def _centre(power: np.ndarray, k: int) -> float:
    """Interpolate the position of a line between two bins, for the taper of a squared sine."""
    if k + 1 >= len(power):
        return float(k)
    left, middle, right = np.sqrt(power[k - 1 : k + 2])
    side, sign = (right, 1.0) if right >= left else (left, -1.0)
    share = side / middle if middle > 0 else 0.0
    return k + sign * float(np.clip((2 * share - 1) / (share + 1), -0.5, 0.5))
