"""Error rates of the comparison without a signal, and its power with one."""

from __future__ import annotations

from typing import Any

from pipeline.report.wording import number, percent, thousands

COMMAND = "`dvc repro -f -s calibrate`"
# Targets. Upper limits of wrong conclusions: on all series without a signal; of equally good forecasts, over the kinds
# of one size, and of one kind.
_NULL, _EQUAL, _KIND = 0.02, 0.07, 0.09
# Power by number of test windows and R² of the best possible forecast.
_POWER = {(100, 0.3): 0.5, (500, 0.1): 0.8}


def error_rates(calibration: dict[str, Any] | None) -> dict[str, Any]:
    """Return the table of error rates: a row per kind of series, a cell per number of test windows.

    Args:
        calibration: Output of the stage `calibrate`, or None.
    """
    if not calibration:
        return {"sizes": [], "rows": [], "missing": f"Not computed yet: run {COMMAND}.", "about": ""}
    null, equal = calibration["null"], calibration["equal"]
    sizes = [own["windows"] for own in null]
    rows = [
        _wrong(f"no signal: {_name(kind)}", [own["kinds"][kind] for own in null], _KIND, ("better",))
        for kind in null[0]["kinds"]
    ]
    rows.append(_wrong("no signal, all together", null, _NULL, ("better",)))
    rows += [
        _wrong(f"equally good forecasts: {_name(kind)}", [own["kinds"][kind] for own in equal], _KIND)
        for kind in equal[0]["kinds"]
    ]
    rows.append(_wrong("equally good forecasts, all together", equal, _EQUAL))
    rows += [_found(own, sizes) for own in calibration["planted"]]
    about = (
        f"Level {percent(calibration['level'])}, {thousands(calibration['resamples'])} resamples. "
        f"In place of a network: {calibration['learner']}."
    )
    return {"sizes": [thousands(size) for size in sizes], "rows": rows, "missing": "", "about": about}


def _name(kind: str) -> str:
    return kind.replace("_", " ")


def _wrong(
    name: str, rates: list[dict[str, Any]], most: float, outcomes: tuple[str, ...] = ("better", "worse")
) -> dict[str, Any]:
    """Return a row for comparisons in which every one of these outcomes is wrong."""
    shares = [sum(own[outcome] for outcome in outcomes) / own["series"] for own in rates]
    return {
        "name": name,
        "series": thousands(rates[0]["series"]),
        "cells": [
            f"{percent(share, 1)}, at most {percent(own['upper'], 1)}" for share, own in zip(shares, rates, strict=True)
        ],
        "target": f"limits at most {percent(most)}",
        "chip": _met(all(own["upper"] <= most for own in rates)),
    }


def _found(rates: dict[str, Any], sizes: list[int]) -> dict[str, Any]:
    """Return a row for forecasts that are better than the naive one."""
    least = _POWER.get((rates["windows"], rates["oracle_r2"]))
    text = f"{percent(rates['rate'], 1)}, at least {percent(rates['lower'], 1)}"
    return {
        "name": f"signal: {_name(rates['kind'])}, oracle R² {number(rates['oracle_r2'], 2)}",
        "series": thousands(rates["series"]),
        "cells": [text if size == rates["windows"] else "" for size in sizes],
        "target": "" if least is None else f"rate at least {percent(least)}",
        "chip": None if least is None else _met(rates["rate"] >= least),
    }


def _met(met: bool) -> dict[str, str]:
    return {"chip": "met", "tone": "good"} if met else {"chip": "not met", "tone": "bad"}
