"""`reports/verdicts.json`: every experiment's verdict and next step, for scripts."""

from __future__ import annotations

from typing import Any

from pipeline.report import cards


def verdicts(shown: list[dict[str, Any]], diagnoses: dict[str, dict[str, Any] | None]) -> dict[str, Any]:
    """Return the content of the file, the experiments in the order of the index.

    Args:
        shown: A card per experiment (`cards.in_order`).
        diagnoses: Output of the stage `diagnose` by experiment, or None.
    """
    return {"experiments": {card["name"]: _entry(card, diagnoses.get(card["name"])) for card in shown}}


def _entry(card: dict[str, Any], diagnosis: dict[str, Any] | None) -> dict[str, Any]:
    findings = [] if card["code"] == cards.FAILED else (diagnosis or {}).get("findings") or []
    return {
        "verdict": card["code"],
        "summary": cards.summary(card),
        "findings": [{key: each.get(key) for key in ("code", "weight", "evidence")} for each in findings],
        "next": {"text": card["try"]["text"], "command": card["try"]["command"] or None},
    }
