"""Random numbers for generators: one stream per column, so that no row depends on a later one."""

from __future__ import annotations

import numpy as np

from pipeline.series.settings import whole_number


def streams(seed: object, count: int) -> list[np.random.Generator]:
    """Return independent random streams of one seed, one per column.

    Each column has a stream of its own, so a longer series begins with the rows of a shorter one: no row can depend on
    a later one, nor on the number of rows.

    Raises:
        SettingError: the seed is not a whole number, 0 or more.
    """
    return np.random.default_rng(whole_number("seed", seed, 0)).spawn(count)


def autoregress(shocks: np.ndarray, phi: float) -> np.ndarray:
    """Return a stationary first-order autoregression of unit variance, x_t = phi x_{t-1} + sqrt(1 - phi²) shock_t.

    Args:
        shocks: independent, of unit variance, [rows]; overwritten. The first one is the first value.
        phi: -1 < phi < 1.

    Returns:
        float64 [rows].
    """
    from scipy.signal import lfilter

    shocks[1:] *= np.sqrt(1 - phi**2)
    return np.asarray(lfilter([1.0], [1.0, -phi], shocks))
