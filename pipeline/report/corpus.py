"""The accuracy of the diagnosis on injected faults, healthy networks and noise, and its limitations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.report import diagnosis
from pipeline.report.wording import joined, percent

FILE = Path("benchmarks/results/corpus.json")
COMMAND = "`make bench`"
_HALVES = {"reported": "held-out half", "tuning": "half used for tuning the thresholds"}
# The diagnosis' own targets on the held-out half: least shares, and wrong verdicts in 60 cases at most. Then the
# published scores of the best known tool on its corpus:
# Humbatova, Kim, Jahangirova, Yoo, Tonella, Empirical Software Engineering 30:124 (2025), abstract.
_BARS = {"recall": 0.92, "precision": 0.92}
_OF, _WRONG = 60, {"healthy": 4, "null": 3}
_GROUPS = {"faulty": "faulty", "healthy": "healthy", "null": "nothing to learn"}
_PUBLISHED = {"recall": 0.55, "precision": 0.37}
SOURCE = "https://doi.org/10.1007/s10664-025-10657-7"


def section(results: dict[str, Any] | None, diagnoses: dict[str, dict[str, Any] | None]) -> dict[str, Any]:
    """Return both sections: the scores of each half, by code and by case, and the limitations.

    Args:
        results: Output of `python -m benchmarks.corpus`, or None.
        diagnoses: Output of the stage `diagnose` by experiment, or None.
    """
    known = results or {}
    halves = known.get("halves") or {}
    reported = halves.get("reported")
    return {
        "summary": _summary(reported) if reported else "",
        "missing": "" if reported else f"Not measured yet: run {COMMAND}.",
        "command": known.get("command") or "",
        "halves": [_half(_HALVES[half], halves[half]) for half in _HALVES if half in halves],
        "published": {key: f"at most {share:.2f}" for key, share in _PUBLISHED.items()},
        "source": SOURCE,
        "bars": _bars(reported) if reported else [],
        "codes": _codes(known.get("codes") or {}),
        "kinds": _kinds(known.get("kinds") or {}),
        "notes": ", ".join(f"{code} ({count})" for code, count in (known.get("notes") or {}).items()),
        "cases": [_case(case) for case in known.get("cases") or [] if case.get("half") == "reported"],
        "cannot_tell": diagnosis.cannot_tell(diagnoses),
    }


def _summary(scores: dict[str, Any]) -> str:
    """Return the accuracy on the held-out half in a sentence."""
    return (
        f"In {scores['cases']:,} experiments whose truth is known, it finds {percent(scores.get('recall'))} of the "
        f"faults, and {percent(scores.get('precision'))} of the causes that it reports are true."
    )


def _half(name: str, scores: dict[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "cases": f"{scores['cases']:,}",
        "recall": _share(scores.get("recall")),
        "precision": _share(scores.get("precision")),
        "false_alarms": str(scores.get("false_alarms", "–")),
        "right": [_right(scores.get(group) or {}) for group in _GROUPS],
        "verdict_right": percent(scores.get("verdict_right"), 1),
    }


def _share(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _right(group: dict[str, int]) -> str:
    return f"{group['cases'] - group['wrong']:,} of {group['cases']:,}" if group.get("cases") else "–"


def _bars(scores: dict[str, Any]) -> list[dict[str, Any]]:
    bars = [
        {"text": f"{key} at least {bar:.2f}", **_met(scores.get(key), lambda v, b=bar: v >= b)}
        for key, bar in _BARS.items()
    ]
    for group, most in _WRONG.items():
        counts = scores.get(group) or {}
        share = counts["wrong"] / counts["cases"] if counts.get("cases") else None
        text = f"at most {most} wrong verdicts in {_OF} cases: {_GROUPS[group]}"
        bars.append({"text": text, **_met(share, lambda v, m=most: v <= m / _OF)})
    missed = (scores.get("healthy") or {}).get("not_learning")
    return [*bars, {"text": "no healthy network is called “not learning”", **_met(missed, lambda v: v == 0)}]


def _met(value: float | None, test: Any) -> dict[str, str]:
    if value is None:
        return {"chip": "not measured", "tone": "unknown"}
    return {"chip": "met", "tone": "good"} if test(value) else {"chip": "not met", "tone": "bad"}


def _codes(codes: dict[str, dict[str, int]]) -> list[dict[str, Any]]:
    """Return cases and detections by code, the most often missed first."""
    rows = [{"code": code, **counts, "missed": counts["cases"] - counts["found"]} for code, counts in codes.items()]
    return sorted(rows, key=lambda row: (-row["missed"], row["code"]))


def _kinds(kinds: dict[str, dict[str, dict[str, Any]]]) -> list[dict[str, Any]]:
    """Return right verdicts by kind of experiment without a fault, those with a wrong one first."""
    rows = [
        {
            "kind": kind,
            "group": _GROUPS[group],
            "cases": counts["cases"],
            "right": counts["right"],
            "wrong": ", ".join(f"{count} {word}" for word, count in sorted(counts["wrong"].items())) or "–",
        }
        for group, table in kinds.items()
        for kind, counts in table.items()
    ]
    return sorted(rows, key=lambda row: (row["right"] - row["cases"], row["group"], row["kind"]))


def _case(case: dict[str, Any]) -> dict[str, Any]:
    """Return one case as texts: the injected faults, the accepted findings and the reported ones."""
    right = case.get("verdict") in (case.get("verdicts") or [])
    acceptable = case.get("acceptable") or []
    return {
        "name": case["name"],
        "base": case.get("base") or "",
        "faults": joined([str(fault) for fault in case.get("faults") or []]) or "none",
        "acceptable": _codes_text(acceptable),
        "found": _codes_text(case.get("found") or []),
        "verdict": {**(diagnosis.chip(case) or {"chip": "–"}), "tone": "good" if right else "bad"},
        "verdicts": _codes_text(case.get("verdicts") or []),
    }


def _codes_text(codes: list[Any]) -> str:
    """Return codes as a list; `a / b` if either of two is accepted."""
    return ", ".join(" / ".join(map(str, code)) if isinstance(code, list) else str(code) for code in codes) or "none"
