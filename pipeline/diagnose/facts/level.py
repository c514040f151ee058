"""Whether a series returns to a level, so that its last value is a forecast and no mere echo."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pipeline.dataset import Part

# Rows that are tested, the latest ones, and lagged changes in the regression.
_ROWS, _LAGS = 5000, 12


def unit_root(train: Part) -> float | None:
    """Test the target's column for a unit root (Dickey and Fuller 1979), in the training rows.

    Returns:
        The p-value: where it is small, the series returns to its level after a shock. None where it cannot be tested.
    """
    from statsmodels.tsa.stattools import adfuller

    if train.spec.sequence_length:
        return None
    values = np.asarray(train.truth(), dtype=float)
    values = values[np.isfinite(values)][-_ROWS:]
    if len(values) < 4 * _LAGS or np.ptp(values) == 0:
        return None
    try:
        return float(adfuller(values, maxlag=_LAGS, regression="c", autolag=None, result_object=True).pvalue)
    except (ValueError, np.linalg.LinAlgError):  # a column that a few rows determine
        return None
