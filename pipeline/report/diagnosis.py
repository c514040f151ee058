"""The diagnosis of each experiment as the page shows it: verdict, reasons, findings and their remedies."""

from __future__ import annotations

from typing import Any

from pipeline.report import commands, evidence
from pipeline.report.wording import address, code_title, setting

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
    findings = [finding(name, each) for each in (diagnosis or {}).get("findings") or []]
    # Symptoms last, each kind in the order of the diagnosis.
    findings.sort(key=lambda each: each["weight"]["chip"] == "symptom")
    return {
        "name": name,
        "missing": "" if diagnosis else f"Not diagnosed yet: run `dvc repro diagnose@{name}`.",
        "verdict": chip(diagnosis),
        "reasons": list((diagnosis or {}).get("reasons") or []),
        "findings": findings,
        "cannot_tell": list((diagnosis or {}).get("cannot_tell") or []),
    }


def finding(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    """Return one finding of an experiment as texts, with its remedy (parameters, values and command) or its advice."""
    remedy, reference = entry.get("remedy") or {}, entry.get("reference") or {}
    weight = entry.get("weight") or "symptom"
    return {
        "code": entry["code"],
        "title": code_title(entry["code"]),
        "page": f"../../docs/findings/{entry['code']}.md" if entry["code"].isidentifier() else "",
        "weight": _WEIGHTS.get(weight, {"chip": weight, "tone": "unknown"}),
        "explanation": entry.get("explanation") or "",
        "evidence": evidence.listed(entry),
        "source": reference.get("title") or "",
        "url": reference.get("url") or "",
        "link": address(reference.get("url")),
        "remedy": [(key, setting(value)) for key, value in (remedy.get("set") or {}).items()],
        "command": remedy.get("command") or "",
        "compare": commands.compare(name, remedy.get("command") or ""),
        "advice": entry.get("advice") or "",
    }


def cannot_tell(diagnoses: dict[str, dict[str, Any] | None]) -> list[tuple[str, list[str]]]:
    """Return each limitation that a diagnosis names, once, with the experiments that it applies to."""
    limitations: dict[str, list[str]] = {}
    for name, diagnosis in diagnoses.items():
        for sentence in (diagnosis or {}).get("cannot_tell") or []:
            limitations.setdefault(sentence, []).append(name)
    return list(limitations.items())
