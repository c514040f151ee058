"""The diagnosis of each experiment as the page shows it: verdict, reasons, findings and their remedies."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pipeline.report.wording import address, joined, quantity, setting

VERDICTS = {
    "learning": {"chip": "learning", "tone": "good"},
    "behind": {"chip": "behind", "tone": "bad"},
    "no_evidence_of_signal": {"chip": "no evidence of signal", "tone": "unknown"},
    "not_learning": {"chip": "not learning", "tone": "bad"},
    "overfitting": {"chip": "overfitting", "tone": "bad"},
    "numerical_failure": {"chip": "numerical failure", "tone": "bad"},
    "undetermined": {"chip": "undetermined", "tone": "unknown"},
}
_WEIGHTS = {
    "cause": {"chip": "cause", "tone": "yes"},
    "note": {"chip": "note", "tone": "unknown"},
    "symptom": {"chip": "symptom", "tone": "unknown"},
}


def verdict(diagnosis: dict[str, Any] | None) -> str | None:
    """Return the verdict of a diagnosis; None without one."""
    return diagnosis.get("verdict") if diagnosis else None


def chip(diagnosis: dict[str, Any] | None) -> dict[str, str] | None:
    """Return the verdict with its colour; None without one."""
    name = verdict(diagnosis)
    return VERDICTS.get(name, {"chip": name, "tone": "unknown"}) if name else None


def section(name: str, diagnosis: dict[str, Any] | None) -> dict[str, Any]:
    """Return one experiment's diagnosis as texts.

    Args:
        name: Name of the experiment.
        diagnosis: Output of the stage `diagnose`, or None.
    """
    findings = [finding(each) for each in (diagnosis or {}).get("findings") or []]
    # Symptoms last, each kind in the order of the diagnosis.
    findings.sort(key=lambda each: each["weight"]["chip"] == "symptom")
    step = (diagnosis or {}).get("next") or {}
    causes = [each["code"] for each in findings if each["weight"]["chip"] == "cause"]
    return {
        "name": name,
        "missing": "" if diagnosis else f"Not diagnosed yet: run `dvc repro diagnose@{name}`.",
        "verdict": chip(diagnosis),
        "reasons": list((diagnosis or {}).get("reasons") or []),
        "findings": findings,
        "causes": joined(causes) if causes else "",
        "next": {"text": step.get("text") or "", "command": step.get("command") or ""},
    }


def finding(entry: dict[str, Any]) -> dict[str, Any]:
    """Return one finding as texts, with its remedy (parameters, values and command) or its advice."""
    remedy, reference = entry.get("remedy") or {}, entry.get("reference") or {}
    weight = entry.get("weight") or "symptom"
    return {
        "code": entry["code"],
        "page": f"../docs/findings/{entry['code']}.md" if entry["code"].isidentifier() else "",
        "weight": _WEIGHTS.get(weight, {"chip": weight, "tone": "unknown"}),
        "explanation": entry.get("explanation") or "",
        "evidence": [
            (name.replace("_", " "), quantity(value)) for name, value in (entry.get("evidence") or {}).items()
        ],
        "title": reference.get("title") or "",
        "url": reference.get("url") or "",
        "link": address(reference.get("url")),
        "remedy": [(name, setting(value)) for name, value in (remedy.get("set") or {}).items()],
        "command": remedy.get("command") or "",
        "advice": entry.get("advice") or "",
    }


def summary(diagnoses: dict[str, dict[str, Any] | None]) -> str:
    """Return how many experiments got each verdict, in a sentence; empty if none was diagnosed."""
    verdicts = [verdict(diagnosis) for diagnosis in diagnoses.values()]
    counts = Counter(name for name in verdicts if name)
    if not counts:
        return ""
    order = [name for name in VERDICTS if name in counts] + [name for name in counts if name not in VERDICTS]
    listed = joined([f"{VERDICTS.get(name, {'chip': name})['chip']} ({counts[name]})" for name in order])
    return f"Verdicts of {counts.total()} diagnosed experiment{'' if counts.total() == 1 else 's'}: {listed}."


def cannot_tell(diagnoses: dict[str, dict[str, Any] | None]) -> list[tuple[str, list[str]]]:
    """Return each limitation that a diagnosis names, once, with the experiments that it applies to."""
    limitations: dict[str, list[str]] = {}
    for name, diagnosis in diagnoses.items():
        for sentence in (diagnosis or {}).get("cannot_tell") or []:
            limitations.setdefault(sentence, []).append(name)
    return list(limitations.items())
