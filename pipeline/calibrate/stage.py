"""Stage `calibrate`: how often the comparison reports `better` where it is false, and where it is true."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

from pipeline.calibrate.comparison_power import EQUAL, KINDS, LEARNER, PLANTED, SIZES, equal, null, planted
from pipeline.common import files
from pipeline.scoring import bootstrap


def calibrate(p: dict[str, Any]) -> None:
    """Write reports/calibration.json (docs/files.md)."""
    from threadpoolctl import threadpool_limits

    counts = p["calibration"]
    # One thread, so that the order of sums is fixed.
    with threadpool_limits(1):
        result = error_rates(counts["series"], counts["planted"], counts["pairs"])
    files.write_json(files.CALIBRATION, result)


def error_rates(series: int, signals: int, pairs: int) -> dict[str, Any]:
    """Return the rates of wrong and right comparisons, by number of test windows.

    Args:
        series: number of series without a signal, at least 3. Each has its own random stream, so that a smaller number
            gives the first ones of a larger number.
        signals: number of series, or of samples, with a signal, for each kind and size.
        pairs: number of pairs of equally good forecasts, for each kind and size.
    """
    nulls = {kind: [null(kind, number) for number in range(at, series, len(KINDS))] for at, kind in enumerate(KINDS)}
    return {
        "level": bootstrap.LEVEL,
        "resamples": bootstrap.RESAMPLES,
        "learner": LEARNER,
        "null": [
            _by_kind(size, {kind: [outcome[size] for outcome in own] for kind, own in nulls.items()}, _rate)
            for size in SIZES
        ],
        "planted": [
            {"kind": kind, "windows": size, "oracle_r2": r2}
            | _rate([planted(kind, size, r2, number) for number in range(signals)])
            for kind, size, r2 in PLANTED
        ],
        "equal": [
            _by_kind(size, {kind: [equal(kind, number, size) for number in range(pairs)] for kind in EQUAL}, _both)
            for size in SIZES
        ],
    }


def _by_kind(size: int, outcomes: dict[str, list[str]], rate: Callable[[list[str]], dict[str, Any]]) -> dict[str, Any]:
    """Return the rates of all outcomes together and, below `kinds`, of each kind."""
    together = list(chain.from_iterable(outcomes.values()))
    return {"windows": size, **rate(together), "kinds": {kind: rate(own) for kind, own in outcomes.items()}}


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
