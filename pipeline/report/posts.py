"""The posts: what each author reported, beside the measurements of the experiments that repeat it."""

from __future__ import annotations

from typing import Any

from pipeline.report import pairs, posted, studies, symptoms

_CHIPS = {True: "reproduced", False: "not reproduced", None: "undecided"}
# The number of parameters is a fact about the network, not a symptom.
_SHAPE = "weights_as_posted"
_SHAPE_CHIPS = {True: "agrees", False: "differs", None: "undecided"}
_SIZES = {
    "windows": "windows in all parts",
    "train_windows": "training windows",
    "test_windows": "test windows",
    "length": "rows per window",
    "features": "features",
    "batch_size": "batch size",
    "epochs": "epochs (at most)",
    "weights": "parameters",
}


def section(
    entry: dict[str, Any],
    evaluations: list[dict[str, Any]],
    by_name: dict[str, dict[str, Any]],
    all_pairs: list[dict[str, Any]],
    study_results: dict[str, Any] | None,
    posted_results: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return one post's section, with every symptom judged for every experiment that it concerns.

    An experiment with a fix (NAME_fixed) is not the post's: it appears in the pairs, and no symptom is judged on it.

    Args:
        entry: The post's entry of posts.yaml.
        evaluations: Output of the stage `evaluate`.
        by_name: Every experiment's card (`cards.card`).
        all_pairs: All pairs (`pairs.sections`).
        study_results: Output of `python -m benchmarks.studies`, or None.
        posted_results: Output of `python -m benchmarks.posts`, or None.
    """
    after_names = {pair["names"][1] for pair in all_pairs}
    of_post = [evaluation for evaluation in evaluations if evaluation["post"] == entry["post"]]
    before = [evaluation for evaluation in of_post if evaluation["experiment"] not in after_names]
    after = [evaluation for evaluation in of_post if evaluation["experiment"] in after_names]
    own_pairs = [pair for pair in all_pairs if pair["post"] == entry["post"]]
    judged = [_judged(symptom, before, posted_results) for symptom in entry["symptoms"]]
    reported = [symptom for symptom in judged if not symptom.get("fact") and any(symptom["cells"])]
    return {
        **entry,
        "symptoms": judged,
        "reproduced": sum(any(cell and cell["reproduced"] for cell in symptom["cells"]) for symptom in reported),
        "reported": len(reported),
        "experiments": [by_name[evaluation["experiment"]] for evaluation in before],
        "after": [by_name[evaluation["experiment"]] for evaluation in after],
        "pairs": own_pairs,
        "effect": pairs.summary(own_pairs),
        "studies": studies.of_post(study_results, entry["post"]),
        "full": posted.of_post(posted_results, entry["post"]),
        "full_missing": posted.missing(posted_results, entry["post"]),
        "sizes": _sizes(entry["posted"], before),
    }


def _judged(
    symptom: dict[str, Any], evaluations: list[dict[str, Any]], posted_results: dict[str, Any] | None
) -> dict[str, Any]:
    """Return a symptom with a cell per experiment (None where the post does not report it) and a sentence on all."""
    cells: list[dict[str, Any] | None] = []
    criterion = ""
    is_shape = symptom["rule"] == _SHAPE
    for evaluation in evaluations:
        if evaluation["experiment"] not in symptom.get("experiments", [evaluation["experiment"]]):
            cells.append(None)
            continue
        reproduced, measured, criterion = symptoms.judge(symptom["rule"], evaluation, symptom.get("figure"))
        chip = (_SHAPE_CHIPS if is_shape else _CHIPS)[reproduced]
        tone = "good" if reproduced else "unknown"
        full = posted.symptom(posted_results, evaluation, symptom["text"])
        if full:
            full["chip"] = (_SHAPE_CHIPS if is_shape else _CHIPS)[full["reproduced"]]
        cells.append({"reproduced": reproduced, "chip": chip, "tone": tone, "measured": measured, "full": full})
    return {**symptom, "cells": cells, "criterion": criterion, "verdict": _statement(evaluations, cells)}


def _statement(evaluations: list[dict[str, Any]], cells: list[dict[str, Any] | None]) -> str:
    """Return a sentence that names the experiments of each outcome."""
    groups: dict[str, list[str]] = {}
    for evaluation, cell in zip(evaluations, cells, strict=True):
        if cell:
            groups.setdefault(cell["chip"], []).append(evaluation["experiment"])
    if not groups:
        return "Concerns no experiment here."
    text = "; ".join(f"{chip} in {', '.join(names)}" for chip, names in groups.items())
    return text[0].upper() + text[1:] + "."


def _sizes(posted: dict[str, Any], evaluations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a row per size: the post's, and for each experiment its own and whether the two agree."""
    result = []
    for key, name in _SIZES.items():
        if key in posted:
            ours = [_size(evaluation, key) for evaluation in evaluations]
            result.append({"name": name, "posted": posted[key], "ours": [(v, v == posted[key]) for v in ours]})
    return result


def _size(evaluation: dict[str, Any], key: str) -> int:
    training = evaluation["settings"]["experiment"]["training"]
    return {
        "windows": sum(part["windows"] for part in evaluation["parts"].values()),
        "train_windows": evaluation["parts"]["train"]["windows"],
        "test_windows": evaluation["parts"]["test"]["windows"],
        "length": evaluation["length"],
        "features": evaluation["features"],
        "batch_size": training["batch_size"],
        "epochs": training["epochs"],
        "weights": evaluation["training"][0]["weights"],
    }[key]
