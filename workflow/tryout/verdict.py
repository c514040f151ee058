"""The verdict on an experiment in five lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.common import files
from pipeline.report import wording
from workflow.tryout import running

_OUTCOMES = {
    "better": "better than",
    "worse": "worse than",
    "not_distinguishable": "not distinguishable from",
}


def lines(name: str) -> list[str]:
    """Return the five lines, and where the page is."""
    diagnosis = files.read_json(files.DIAGNOSIS / f"{name}.json")
    evaluation = files.read_json(files.EVALUATION / f"{name}.json")
    return [
        f"{name}: {diagnosis['verdict'].replace('_', ' ')}.",
        diagnosis["reasons"][0] if diagnosis["reasons"] else "Nothing could be measured.",
        _test(evaluation),
        _finding(diagnosis),
        _next(diagnosis),
        f"Page: {_page(name)}",
    ]


def _test(evaluation: dict[str, Any]) -> str:
    found = (evaluation.get("comparison") or {}).get("naive")
    if not found or found.get("skill") is None:
        return "On test windows nothing could be compared."
    interval = ""
    if found.get("low") is not None and found.get("high") is not None:
        interval = f" ({wording.skills(found['low'], found['high'])})"
    outcome = _OUTCOMES.get(found["comparison"], found["comparison"])
    against = wording.baseline(found["baseline"])
    return (
        f"On {found['windows']:,} test windows: {outcome} {against}, skill {wording.skill(found['skill'])}{interval}."
    )


def _finding(diagnosis: dict[str, Any]) -> str:
    findings = diagnosis["findings"]
    if not findings:
        return "No check found a fault."
    first = findings[0]
    more = f" ({len(findings) - 1} more)" if len(findings) > 1 else ""
    explanation = first["explanation"].split(". ")[0].rstrip(".")
    return f"{first['weight'].capitalize()}: {first['code'].replace('_', ' ')}{more}. {explanation}."


def _next(diagnosis: dict[str, Any]) -> str:
    step = diagnosis["next"]
    return f"Next: {step['text']}" + (f"  {step['command']}" if step.get("command") else "")


def _page(name: str) -> Path:
    found = running.page(name)
    return found if found.exists() else files.DIAGNOSIS / f"{name}.json"
