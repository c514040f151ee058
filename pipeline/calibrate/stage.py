"""Stage `calibrate`: how often the comparison reports `better` where it is false, and where it is true."""

from __future__ import annotations

from itertools import chain
from typing import Any

from pipeline.calibrate.comparison_power import EQUAL, KINDS, LEARNER, ORACLE_R2, WINDOWS, autoregressive, equal, null
from pipeline.common import files
from pipeline.scoring import bootstrap


def calibrate(p: dict[str, Any]) -> None:
    """Write reports/calibration.json (docs/files.md)."""
    from threadpoolctl import threadpool_limits

    # One thread, so that the order of sums is fixed.
    with threadpool_limits(1):
        files.write_json(files.CALIBRATION, error_rates(**p["calibration"]))


def error_rates(series: int, planted: int) -> dict[str, Any]:
    """Return the rates of wrong and right comparisons.

    Args:
        series: number of series without a signal, at least 3, and of pairs of equally good forecasts. Each has its own
            random stream, so that a smaller number gives the first ones of a larger number.
        planted: number of series with a signal.
    """
    nulls = {kind: [null(kind, number) for number in range(at, series, len(KINDS))] for at, kind in enumerate(KINDS)}
    signals = [autoregressive(number) for number in range(planted)]
    pairs = {
        kind: [equal(kind, number) for number in range(at, max(series, len(EQUAL)), len(EQUAL))]
        for at, kind in enumerate(EQUAL)
    }
    return {
        "level": bootstrap.LEVEL,
        "windows": WINDOWS,
        "resamples": bootstrap.RESAMPLES,
        "learner": LEARNER,
        "null": {
            **_rate(list(chain.from_iterable(nulls.values()))),
            "kinds": {kind: _rate(outcomes) for kind, outcomes in nulls.items()},
        },
        "planted": {"oracle_r2": ORACLE_R2, **_rate(signals)},
        "equal": {
            **_both(list(chain.from_iterable(pairs.values()))),
            "kinds": {kind: _both(outcomes) for kind, outcomes in pairs.items()},
        },
    }


def _limits(count: int, total: int) -> tuple[float, float]:
    """Return Clopper and Pearson's exact 95 % interval (1934) of a rate."""
    from scipy import stats

    lower = stats.beta.ppf(0.025, count, total - count + 1) if count else 0.0
    upper = stats.beta.ppf(0.975, count + 1, total - count) if count < total else 1.0
    return float(lower), float(upper)


def _rate(outcomes: list[str]) -> dict[str, Any]:
    """Return the rate of `better`, with its limits."""
    count, total = outcomes.count("better"), len(outcomes)
    lower, upper = _limits(count, total)
    return {"series": total, "better": count, "rate": count / total, "lower": lower, "upper": upper}


def _both(outcomes: list[str]) -> dict[str, Any]:
    """Return the rates of `better` and `worse`, which are both false."""
    better, worse, total = outcomes.count("better"), outcomes.count("worse"), len(outcomes)
    return {
        "series": total,
        "better": better,
        "better_rate": better / total,
        "worse": worse,
        "worse_rate": worse / total,
        "upper": _limits(better + worse, total)[1],
    }
