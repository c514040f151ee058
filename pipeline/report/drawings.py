"""The figures of an experiment's page, by their place, with their captions."""

from __future__ import annotations

from typing import Any

Drawing = tuple[str, str]


def of_finding(code: str, diagnosed: dict[str, Any]) -> list[Drawing]:
    """Return the figures beside a finding, each as SVG and caption.

    Args:
        code: Code of the finding.
        diagnosed: Output of the stage `diagnose`.
    """
    return []


def of_experiment(evaluation: dict[str, Any], diagnosed: dict[str, Any]) -> dict[str, Any]:
    """Return the figures of the page by place: `findings` by code, `controls` and `predictions`.

    Args:
        evaluation: Output of the stage `evaluate`.
        diagnosed: Output of the stage `diagnose`.
    """
    codes = [each["code"] for each in diagnosed.get("findings") or []]
    return {"findings": {code: of_finding(code, diagnosed) for code in codes}, "controls": [], "predictions": []}
