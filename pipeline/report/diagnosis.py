"""The diagnosis of each experiment as the page shows it: verdict, reasons, findings and their remedies."""

from __future__ import annotations

from collections import Counter
from typing import Any

from pipeline.report.wording import address, joined, quantity, setting

VERDICTS = {
    "learning": {"chip": "learning", "tone": "good"},
    "no_evidence_of_signal": {"chip": "no evidence of signal", "tone": "unknown"},
    "not_learning": {"chip": "not learning", "tone": "bad"},
    "overfitting": {"chip": "overfitting", "tone": "bad"},
    "numerical_failure": {"chip": "numerical failure", "tone": "bad"},
    "undetermined": {"chip": "undetermined", "tone": "unknown"},
}
_WEIGHTS = {"cause": {"chip": "cause", "tone": "yes"}, "symptom": {"chip": "symptom", "tone": "unknown"}}


def verdict(found: dict[str, Any] | None) -> str | None:
    """The verdict of one experiment's diagnosis; None where there is no diagnosis."""
    return found.get("verdict") if found else None


def chip(found: dict[str, Any] | None) -> dict[str, str] | None:
    """The verdict with its colour; None where there is none."""
    told = verdict(found)
    return VERDICTS.get(told, {"chip": told, "tone": "unknown"}) if told else None


def facts(name: str, found: dict[str, Any] | None) -> dict[str, Any]:
    """What the page shows of one experiment's diagnosis, as texts.

    Args:
        name: of the experiment.
        found: what the stage `diagnose` wrote, or None; then only `missing` says something.
    """
    findings = [finding(one) for one in (found or {}).get("findings") or []]
    # Causes first, each kind in the order of the diagnosis.
    findings.sort(key=lambda one: one["weight"]["chip"] != "cause")
    causes = [one["code"] for one in findings if one["weight"]["chip"] == "cause"]
    return {
        "name": name,
        "missing": "" if found else f"Not diagnosed yet: run `dvc repro diagnose@{name}`.",
        "verdict": chip(found),
        "reasons": list((found or {}).get("reasons") or []),
        "findings": findings,
        "causes": causes,
        "told": joined(causes) if causes else "no cause found" if found else "",
    }


def finding(one: dict[str, Any]) -> dict[str, Any]:
    """One finding as texts; its remedy as parameters with their values, and the command line, or advice."""
    remedy, reference = one.get("remedy") or {}, one.get("reference") or {}
    weight = one.get("weight") or "symptom"
    return {
        "code": one["code"],
        "page": f"../docs/findings/{one['code']}.md" if one["code"].isidentifier() else "",
        "weight": _WEIGHTS.get(weight, {"chip": weight, "tone": "unknown"}),
        "explanation": one.get("explanation") or "",
        "evidence": [(name.replace("_", " "), quantity(value)) for name, value in (one.get("evidence") or {}).items()],
        "title": reference.get("title") or "",
        "url": reference.get("url") or "",
        "link": address(reference.get("url")),
        "remedy": [(name, setting(value)) for name, value in (remedy.get("set") or {}).items()],
        "command": remedy.get("command") or "",
        "advice": one.get("advice") or "",
    }


def counted(diagnoses: dict[str, dict[str, Any] | None]) -> str:
    """How many experiments got which verdict, in a sentence; empty where none was diagnosed."""
    told = [verdict(found) for found in diagnoses.values()]
    known = Counter(one for one in told if one)
    if not known:
        return ""
    order = [name for name in VERDICTS if name in known] + [name for name in known if name not in VERDICTS]
    counts = [f"{known[name]} {VERDICTS.get(name, {'chip': name})['chip']}" for name in order]
    of = f"Of {len(told)} experiments" if None not in told else f"Of {known.total()} experiments diagnosed"
    return f"{of}: {joined(counts)}."


def cannot_tell(diagnoses: dict[str, dict[str, Any] | None]) -> list[tuple[str, list[str]]]:
    """What a diagnosis says that it cannot tell, each sentence once, with the experiments that it is said of."""
    said: dict[str, list[str]] = {}
    for name, found in diagnoses.items():
        for sentence in (found or {}).get("cannot_tell") or []:
            said.setdefault(sentence, []).append(name)
    return list(said.items())
