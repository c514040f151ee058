"""How often the comparison is wrong where there is nothing to find, and right where there is: the calibration table."""

from __future__ import annotations

from typing import Any

from pipeline.report.wording import number, percent, thousands

COMMAND = "`dvc repro -f -s calibrate`"
# What the comparison promises: on all null series together, on each kind of them, and with a signal planted.
_NULL, _KIND, _POWER = 0.065, 0.09, 0.80


def calibration(found: dict[str, Any] | None) -> dict[str, Any]:
    """The table of the methods section, from what the stage `calibrate` wrote (None where it did not run)."""
    if not found:
        return {"rows": [], "missing": f"Not computed yet: run {COMMAND}.", "about": ""}
    null, planted, equal = found["null"], found["planted"], found.get("equal")
    rows = [_null(f"no signal: {kind.replace('_', ' ')}", own, _KIND) for kind, own in null["kinds"].items()]
    rows.append(_null("no signal, all together", null, _NULL))
    rows.append(
        {
            "name": f"a signal planted, oracle's R² {number(planted['oracle_r2'], 2)}",
            "series": thousands(planted["series"]),
            "rate": percent(planted["rate"], 1),
            "limits": f"at least {percent(planted['lower'], 1)}",
            "promise": f"rate at least {percent(_POWER)}",
            "chip": _kept(planted["rate"] >= _POWER),
        }
    )
    if equal:
        kinds = equal.get("kinds", {})
        rows += [_equal(f"two equally good forecasts: {kind.replace('_', ' ')}", own) for kind, own in kinds.items()]
        rows.append(_equal("two equally good forecasts, all together", equal))
    about = (
        f"{thousands(found['windows'])} overlapping test windows per series, level {percent(found['level'])}, "
        f"{thousands(found['resamples'])} resamples. In the network's place: {found['learner']}."
    )
    return {"rows": rows, "missing": "", "about": about}


def _null(name: str, found: dict[str, Any], most: float) -> dict[str, Any]:
    return {
        "name": name,
        "series": thousands(found["series"]),
        "rate": percent(found["rate"], 1),
        "limits": f"at most {percent(found['upper'], 1)}",
        "promise": f"limit at most {percent(most, 1)}",
        "chip": _kept(found["upper"] <= most),
    }


def _equal(name: str, found: dict[str, Any]) -> dict[str, Any]:
    """A row of the hardest null, in which both 'better' and 'worse' are wrong."""
    return {
        "name": name,
        "series": thousands(found["series"]),
        "rate": f"{percent(found['better_rate'], 1)}, worse {percent(found['worse_rate'], 1)}",
        "limits": f"both at most {percent(found['upper'], 1)}",
        "promise": "",
        "chip": None,
    }


def _kept(kept: bool) -> dict[str, str]:
    return {"chip": "kept", "tone": "good"} if kept else {"chip": "not kept", "tone": "bad"}
