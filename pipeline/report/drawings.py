"""The pictures of an experiment's page, by their place."""

from __future__ import annotations

from typing import Any

from pipeline.report import pictures
from pipeline.report.pictures import Picture


def of_experiment(evaluation: dict[str, Any], diagnosed: dict[str, Any]) -> dict[str, Any]:
    """Return the pictures of the page: `findings` by code, `controls`, `predictions`, `training` and `rows`.

    Args:
        evaluation: Output of the stage `evaluate`.
        diagnosed: Output of the stage `diagnose`.
    """
    codes = [each["code"] for each in diagnosed.get("findings") or []]
    measured = diagnosed if diagnosed.get("facts") else None
    controls = [pictures.controls(measured)] if measured else []
    predictions = [pictures.predictions(evaluation), pictures.scatter(evaluation), *pictures.residuals(evaluation)]
    predictions += [pictures.confusion(evaluation)] if evaluation["classes"] == 2 else []
    predictions += [pictures.reliability(evaluation)]
    return {
        "findings": {code: pictures.for_finding(code, diagnosed, evaluation) for code in codes},
        "controls": _there(controls),
        "predictions": _there(predictions),
        "training": [pictures.curves(evaluation)],
        "rows": [pictures.parts(evaluation)],
    }


def _there(drawn: list[Picture | None]) -> list[Picture]:
    return [picture for picture in drawn if picture]
