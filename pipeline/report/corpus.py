"""How good the diagnosis is, measured on injected faults, and what it cannot tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.report import diagnosis
from pipeline.report.wording import joined, percent

FILE = Path("benchmarks/results/corpus.json")
COMMAND = "`make bench`"
_HALVES = {"reported": "reported half", "tuning": "half that the thresholds were tuned on"}
# What the diagnosis promises on the reported half, and what others found for the best of the known tools on theirs:
# Humbatova, Kim, Jahangirova, Yoo, Tonella, Empirical Software Engineering 30:124 (2025), abstract.
_BARS = {"recall": 0.90, "precision": 0.90, "verdict_right": 0.95}
_PUBLISHED = {"recall": 0.55, "precision": 0.37}
SOURCE = "https://doi.org/10.1007/s10664-025-10657-7"


def section(found: dict[str, Any] | None, diagnoses: dict[str, dict[str, Any] | None]) -> dict[str, Any]:
    """Both sections: scores of each half, found per code, the cases; and what the diagnoses say they cannot tell.

    Args:
        found: what the corpus' command wrote, or None where it did not run.
        diagnoses: by experiment what the stage `diagnose` wrote, or None.
    """
    known = found or {}
    halves = known.get("halves") or {}
    reported = halves.get("reported")
    return {
        "missing": "" if reported else f"Not measured yet: run {COMMAND}.",
        "command": known.get("command") or "",
        "halves": [_half(_HALVES[half], halves[half]) for half in _HALVES if half in halves],
        "published": {key: f"at most {share:.2f}" for key, share in _PUBLISHED.items()},
        "source": SOURCE,
        "bars": _bars(reported) if reported else [],
        "codes": _codes(known.get("codes") or {}),
        "cases": [_case(one) for one in known.get("cases") or [] if one.get("half") == "reported"],
        "cannot_tell": diagnosis.cannot_tell(diagnoses),
    }


def _half(name: str, scores: dict[str, Any]) -> dict[str, Any]:
    counts = {key: scores.get(key) for key in ("cases", "faulty", "healthy")}
    return {
        "name": name,
        **{key: "–" if count is None else f"{count:,}" for key, count in counts.items()},
        "recall": _share(scores.get("recall")),
        "precision": _share(scores.get("precision")),
        "false_alarms": _alarms(scores),
        "verdict_right": percent(scores.get("verdict_right"), 1),
    }


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _alarms(scores: dict[str, Any]) -> str:
    """Healthy cases with a finding: a count of them, or their share."""
    value = scores.get("false_alarms")
    if value is None:
        return "–"
    return f"{value} of {scores.get('healthy', '–')}" if isinstance(value, int) else percent(value, 1)


def _bars(scores: dict[str, Any]) -> list[dict[str, Any]]:
    words = {
        "recall": "recall at least {}",
        "precision": "precision at least {}",
        "verdict_right": "verdict right in {}",
    }
    shown = {"verdict_right": percent(_BARS["verdict_right"])}
    bars = [
        {"text": words[key].format(shown.get(key, f"{bar:.2f}")), **_met(scores.get(key), lambda v, b=bar: v >= b)}
        for key, bar in _BARS.items()
    ]
    return [*bars, {"text": "no false alarm", **_met(scores.get("false_alarms"), lambda v: v == 0)}]


def _met(value: float | None, test: Any) -> dict[str, str]:
    if value is None:
        return {"chip": "not measured", "tone": "unknown"}
    return {"chip": "met", "tone": "good"} if test(value) else {"chip": "not met", "tone": "bad"}


def _codes(codes: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    """Cases and found per code, those that were missed most first."""
    rows = [
        {"code": code, "cases": one["cases"], "found": one["found"], "missed": one["cases"] - one["found"]}
        for code, one in codes.items()
    ]
    return sorted(rows, key=lambda row: (-row["missed"], row["code"]))


def _case(one: dict[str, Any]) -> dict[str, Any]:
    """One case: what was injected, what counts as right, what was said."""
    right = one.get("verdict") in (one.get("verdicts") or [])
    acceptable = one.get("acceptable") or []
    return {
        "name": one["name"],
        "base": one.get("base") or "",
        "faults": joined([str(fault) for fault in one.get("faults") or []]) or "none",
        "acceptable": _words(acceptable),
        "found": _words(one.get("found") or []),
        "verdict": {**(diagnosis.chip(one) or {"chip": "–"}), "tone": "good" if right else "bad"},
        "verdicts": _words(one.get("verdicts") or []),
    }


def _words(codes: list[Any]) -> str:
    """Codes as a list; of a fault that may be told by one of several, `a / b`."""
    return ", ".join(" / ".join(map(str, one)) if isinstance(one, list) else str(one) for one in codes) or "none"
