"""Market-like returns with seven features, heavy tails, volatility clusters and a planted signal (datascience 123707).

Each feature f_k is made from a latent u_k, a normal first-order autoregression of unit variance: f_k = sinh(u_k),
scaled to unit variance, which has heavy tails (kurtosis 36), and f7 = exp(u_7 / 2), the volatility. Both can be
inverted, so a function of earlier u is a function of earlier features.

    return_t = location_t + scale_t · student_t(5)

    location_t: has variance `signal`. Three quarters of it come from a sum of u_1 … u_4 over the last 20 rows, with the
                largest weight on the latest. One quarter is the absolute value of such a sum of u_5 and u_6, which no
                linear function of a window can predict. Of the first part, a linear model of the features misses some
                because of the tails of sinh: it reaches about 0.6 of the signal in all.
    scale_t:    proportional to exp(0.4 u_7) one row earlier, so that the noise has variance 1 - `signal`.

Every expectation is exact; nothing is estimated from the generated rows.
"""

from __future__ import annotations

import numpy as np

from pipeline.series import ORACLE, Series, autoregress, number, streams, whole_number

PERSISTENCE = [0.9, 0.8, 0.7, 0.5, 0.8, 0.6, 0.98]
LINEAR = {0: 1.0, 1: -0.8, 2: 0.6, 3: 0.6}  # latent → weight in the linear part
EVEN = {4: 1.0, 5: -0.7}  # latent → weight in the even part
LINEAR_SHARE = 0.75  # of the variance of the location
MEMORY = 0.6 ** np.arange(20)  # weight of the rows t-1, t-2, … t-20
CLUSTERS = 0.4  # change of log volatility per unit of u_7
DEGREES = 5
BURN_IN = MEMORY.size


def _std(weights: dict[int, float]) -> float:
    """Return the standard deviation of the sum over latents and rows, from the autocovariance phi^|i-j|."""
    lags = np.abs(np.subtract.outer(np.arange(MEMORY.size), np.arange(MEMORY.size)))
    return float(np.sqrt(sum(w**2 * MEMORY @ (PERSISTENCE[k] ** lags) @ MEMORY for k, w in weights.items())))


def make(*, rows: int, signal: float, seed: int) -> Series:
    """Generate the series.

    Args:
        rows: number of rows, 1 or more.
        signal: the oracle's R², 0 <= signal < 1.
        seed: 0 or more.

    Returns:
        Series with the features f1 … f7, the target `return` (unit variance, not a feature) and a student_t oracle.

    Raises:
        SettingError: a setting is out of its range.
    """
    from scipy.signal import lfilter

    rows, signal = whole_number("rows", rows, 1), number("signal", signal, 0, 1, include_above=True)
    features = [f"f{number}" for number in range(1, 8)]
    table = np.empty((rows, 10))
    linear, even = np.zeros(rows), np.zeros(rows)
    *latents, noise = streams(seed, 8)
    for k, stream in enumerate(latents):
        u = autoregress(stream.standard_normal(rows + BURN_IN), PERSISTENCE[k])
        for total, weights in ((linear, LINEAR), (even, EVEN)):
            if k in weights:
                # The leading 0 keeps row t itself out of the location of row t.
                total += weights[k] * lfilter(np.append(0.0, MEMORY), [1.0], u)[BURN_IN:]
        if k < 6:
            table[:, k] = np.sinh(u[BURN_IN:]) / np.sqrt((np.e**2 - 1) / 2)
    table[:, 6] = np.exp(u[BURN_IN:] / 2)
    linear /= _std(LINEAR)
    even = (np.abs(even) / _std(EVEN) - np.sqrt(2 / np.pi)) / np.sqrt(1 - 2 / np.pi)
    location = np.sqrt(signal) * (np.sqrt(LINEAR_SHARE) * linear + np.sqrt(1 - LINEAR_SHARE) * even)
    # E exp(2c u) = exp(2c²), and Student's t has variance degrees / (degrees - 2).
    scale = np.sqrt((1 - signal) * (DEGREES - 2) / DEGREES) * np.exp(CLUSTERS * u[BURN_IN - 1 : -1] - CLUSTERS**2)
    table[:, 7] = location + scale * noise.standard_t(DEGREES, rows)
    table[:, 8], table[:, 9] = location, scale
    oracle = {"distribution": "student_t", "degrees": DEGREES}
    return Series(table, [*features, "return", *ORACLE], "return", features, oracle=oracle)
