"""Tests of others, shown beside the resamples: Diebold and Mariano's of losses, Pesaran and Timmermann's of signs."""

from __future__ import annotations

import numpy as np

# Of fewer units, or fewer windows than so many times the overlap, nothing is concluded: blocks that are at most a
# quarter of the windows are then too short for the overlap, and told 7 to 18 % of equal forecasts apart where there
# are one to three times as many windows as the overlap, but 2 to 4 % from four times on.
FEWEST = 5
# Diebold and Mariano's variance needs more: below, their test told 9 to 19 % of equal forecasts apart.
_FEWEST_LAGGED = 10
# Pesaran and Timmermann's statistic is normal in large samples only.
_FEWEST_SIGNS = 20


def diebold_mariano(
    network: np.ndarray, baseline: np.ndarray, overlap: int = 1, sequences: np.ndarray | None = None
) -> dict[str, float] | None:
    """Diebold and Mariano's test (1995) of equal losses with the correction of Harvey and others (1997), two-sided.

    The variance is Newey and West's (1987). With a lag less than the overlap, as usual, its weights keep but two thirds
    of the variance of sums that overlap; so there are twice as many lags, and at least the cube root of the windows.
    Of independent units there are none.

    Args:
        network: losses `[units]`; a negative statistic says that they are the lower ones.
        baseline: losses `[units]`.
        overlap: windows in a row that share a target row: the test's horizon.
        sequences: not None where the units are independent.

    Returns:
        `statistic`, `p_value`, `lags`; None where the difference has no spread, or there are fewer than five
        sequences, or ten times the overlap in windows.
    """
    from statsmodels.tsa.stattools import diebold_mariano_test

    difference = network - baseline
    horizon = overlap if sequences is None else 1
    fewest = _FEWEST_LAGGED if sequences is None else FEWEST
    if len(difference) // horizon < fewest or np.ptp(difference) <= 1e-12 * np.abs(difference).max():
        return None
    with np.errstate(invalid="ignore", divide="ignore"):
        test = diebold_mariano_test(
            np.zeros(len(difference)),
            network,
            baseline,
            lags=max(2 * (horizon - 1), int(np.ceil(len(difference) ** (1 / 3)))) if sequences is None else 0,
            criterion=lambda truth, loss: loss,
            harvey_adj=True,
            horizon=horizon,
        )
    if not np.isfinite(test.statistic) or not np.isfinite(test.pvalue):
        return None
    return {"statistic": float(test.statistic), "p_value": float(test.pvalue), "lags": int(test.lags)}


def signs(truth: np.ndarray, forecast: np.ndarray, reference: np.ndarray, overlap: int = 1) -> dict[str, float] | None:
    """Pesaran and Timmermann's test (1992) that the signs foretold have nothing to do with those that came, two-sided.

    It takes windows for independent, so only every `overlap`-th one is used.

    Args:
        truth: `[windows]`.
        forecast: `[windows]`, mean over the seeds.
        reference: `[windows]`, above which the sign is positive: the last value, no change, or probability 0.5.
        overlap: windows in a row that share a target row.

    Returns:
        `statistic`, `p_value`, and `hits`, the share of right signs; None where truth or forecast has one sign only,
        or fewer than 20 windows are left.
    """
    from statsmodels.stats.diagnostic import pesaran_timmermann

    if not np.isfinite(forecast).all():
        return None
    known = np.isfinite(reference)
    came, said = ((one - reference)[known][::overlap] for one in (truth, forecast))
    if len(came) < _FEWEST_SIGNS:
        return None
    try:
        test = pesaran_timmermann(came, said)
    except ValueError:
        return None
    hits = float(np.mean((came > 0) == (said > 0)))
    return {"statistic": float(test.statistic), "p_value": float(test.pvalue), "hits": hits}
