"""Published tests, shown beside the resamples: Diebold and Mariano's of losses, Pesaran and Timmermann's of signs."""

from __future__ import annotations

import numpy as np

from pipeline.scoring.long_run import FEWEST

# Diebold and Mariano's variance needs more: with fewer, their test found 9 to 19 % of equal forecasts to differ.
_FEWEST_LAGGED = 10
# Pesaran and Timmermann's statistic is normal in large samples only.
_FEWEST_SIGNS = 20


def diebold_mariano(
    network: np.ndarray, baseline: np.ndarray, overlap: int = 1, sequences: np.ndarray | None = None
) -> dict[str, float] | None:
    """Test for equal losses by Diebold and Mariano (1995), two-sided, with the correction of Harvey and others (1997).

    The variance is Newey and West's (1987). With the usual number of lags, one less than the overlap, its weights keep
    only two thirds of the variance of overlapping sums. So twice as many lags are used, and at least the cube root of
    the windows; none for independent units.

    Args:
        network: losses `[units]`; a negative statistic means that they are lower than the baseline's.
        baseline: losses `[units]`.
        overlap: windows in a row that share a target row: the test's horizon.
        sequences: not None where the units are independent.

    Returns:
        `statistic`, `p_value`, `lags`; None where the difference does not vary, or with fewer than five sequences or
        fewer windows than ten times the overlap.
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
    """Test whether predicted and true signs are independent, by Pesaran and Timmermann (1992), two-sided.

    It assumes independent windows, so only every `overlap`-th one is used.

    Args:
        truth: `[windows]`.
        forecast: `[windows]`, mean over the seeds.
        reference: `[windows]`, above which the sign is positive: the last value, no change, or probability 0.5.
        overlap: windows in a row that share a target row.

    Returns:
        `statistic`, `p_value`, and `hits`, the share of correct signs; None where truth or forecast has one sign only,
        or with fewer than 20 windows left.
    """
    from statsmodels.stats.diagnostic import pesaran_timmermann

    if not np.isfinite(forecast).all():
        return None
    known = np.isfinite(reference)
    changes, predicted = ((values - reference)[known][::overlap] for values in (truth, forecast))
    if len(changes) < _FEWEST_SIGNS:
        return None
    try:
        test = pesaran_timmermann(changes, predicted)
    except ValueError:
        return None
    hits = float(np.mean((changes > 0) == (predicted > 0)))
    return {"statistic": float(test.statistic), "p_value": float(test.pvalue), "hits": hits}
