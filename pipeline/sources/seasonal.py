"""A noisy seasonal series that persistence predicts badly (datascience 107289).

value_t = 20 + 5 (season_t + a_t): a season of three harmonics that peak together, and weakly autocorrelated noise
a_t = 0.1 a_{t-1} + 0.3 a_{t-2} + e_t. Persistence repeats the noise of the last row and lags behind the fast harmonics:
at the default noise, the oracle's squared error is about two fifths of that of persistence.
"""

from __future__ import annotations

import numpy as np

from pipeline.series import ORACLE, Series, number, streams, whole_number

HARMONICS = {1: 0.60, 2: 0.15, 4: 0.25}  # cycles per period → share of the season's variance
PHI_1, PHI_2 = 0.1, 0.3
LEVEL, UNIT = 20.0, 5.0
BURN_IN = 100


def make(*, rows: int, period: int, seed: int, noise: float = 0.2) -> Series:
    """Generate the series.

    Args:
        rows: number of rows, 1 or more.
        period: rows of one season, 12 or more, so that the fastest harmonic has three rows.
        seed: 0 or more.
        noise: share of the noise in the variance, 0 < noise < 1.

    Returns:
        Series of one column `value` (variance 25) with its period and a normal oracle: given the past, only e_t is
        unknown.

    Raises:
        SettingError: a setting is out of its range.
    """
    from scipy.signal import lfilter

    rows, period = whole_number("rows", rows, 1), whole_number("period", period, 12)
    noise = number("noise", noise, 0, 1)
    angle = 2 * np.pi * np.arange(rows) / period
    season = sum(np.sqrt(2 * share) * np.cos(cycles * angle) for cycles, share in HARMONICS.items())
    # Variance of a second-order autoregression with unit shocks (Yule-Walker).
    variance = (1 - PHI_2) / ((1 + PHI_2) * ((1 - PHI_2) ** 2 - PHI_1**2))
    shock = np.sqrt(noise / variance)
    (stream,) = streams(seed, 1)
    shocks = stream.normal(0.0, shock, rows + BURN_IN)
    a = np.asarray(lfilter([1.0], [1.0, -PHI_1, -PHI_2], shocks))
    past = PHI_1 * a[BURN_IN - 1 : -1] + PHI_2 * a[BURN_IN - 2 : -2]
    table = np.empty((rows, 3))
    table[:, 0] = LEVEL + UNIT * (np.sqrt(1 - noise) * season + a[BURN_IN:])
    table[:, 1] = LEVEL + UNIT * (np.sqrt(1 - noise) * season + past)
    table[:, 2] = UNIT * shock
    oracle = {"distribution": "normal", "degrees": None}
    return Series(table, ["value", *ORACLE], "value", ["value"], period=period, oracle=oracle)
