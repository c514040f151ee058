"""Error rates of the comparison without a signal, and its power with one."""

from __future__ import annotations

from typing import Any

from pipeline.report.wording import number, percent, thousands

COMMAND = "`dvc repro -f -s calibrate`"
# Targets: error rate on all series without a signal, on each kind of them, and power with a planted signal.
_NULL, _KIND, _POWER = 0.065, 0.09, 0.80


def error_rates(calibration: dict[str, Any] | None) -> dict[str, Any]:
    """Return the table of error rates.

    Args:
        calibration: Output of the stage `calibrate`, or None.
    """
    if not calibration:
        return {"rows": [], "missing": f"Not computed yet: run {COMMAND}.", "about": ""}
    null, planted, equal = calibration["null"], calibration["planted"], calibration.get("equal")
    rows = [_null(f"no signal: {kind.replace('_', ' ')}", own, _KIND) for kind, own in null["kinds"].items()]
    rows.append(_null("no signal, all together", null, _NULL))
    rows.append(
        {
            "name": f"planted signal, oracle R² {number(planted['oracle_r2'], 2)}",
            "series": thousands(planted["series"]),
            "rate": percent(planted["rate"], 1),
            "limits": f"at least {percent(planted['lower'], 1)}",
            "target": f"rate at least {percent(_POWER)}",
            "chip": _met(planted["rate"] >= _POWER),
        }
    )
    if equal:
        kinds = equal.get("kinds", {})
        rows += [_equal(f"two equally good forecasts: {kind.replace('_', ' ')}", own) for kind, own in kinds.items()]
        rows.append(_equal("two equally good forecasts, all together", equal))
    about = (
        f"{thousands(calibration['windows'])} overlapping test windows per series, level "
        f"{percent(calibration['level'])}, {thousands(calibration['resamples'])} resamples. "
        f"In place of a network: {calibration['learner']}."
    )
    return {"rows": rows, "missing": "", "about": about}


def _null(name: str, rates: dict[str, Any], most: float) -> dict[str, Any]:
    return {
        "name": name,
        "series": thousands(rates["series"]),
        "rate": percent(rates["rate"], 1),
        "limits": f"at most {percent(rates['upper'], 1)}",
        "target": f"limit at most {percent(most, 1)}",
        "chip": _met(rates["upper"] <= most),
    }


def _equal(name: str, rates: dict[str, Any]) -> dict[str, Any]:
    """Return a row for two equally good forecasts, where both 'better' and 'worse' are wrong."""
    return {
        "name": name,
        "series": thousands(rates["series"]),
        "rate": f"{percent(rates['better_rate'], 1)}, worse {percent(rates['worse_rate'], 1)}",
        "limits": f"both at most {percent(rates['upper'], 1)}",
        "target": "",
        "chip": None,
    }


def _met(met: bool) -> dict[str, str]:
    return {"chip": "met", "tone": "good"} if met else {"chip": "not met", "tone": "bad"}
