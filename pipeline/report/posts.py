"""The posts: what each author saw, beside what was measured here in the experiments as they were posted."""

from __future__ import annotations

from typing import Any

from pipeline.report import pairs, studies, symptoms

_CHIPS = {True: "comes out", False: "does not come out", None: "cannot tell"}
_SHAPE = "weights_as_posted"  # a fact about the network, no symptom
_SHAPE_CHIPS = {True: "agrees", False: "differs", None: "cannot tell"}


def post(
    entry: dict[str, Any],
    evaluations: list[dict[str, Any]],
    shown: dict[str, Any],
    told_pairs: list[dict[str, Any]],
    found_studies: dict[str, Any] | None,
) -> dict[str, Any]:
    """One post's facts beside what was measured: every symptom judged for every experiment that it concerns.

    A remedied experiment is no experiment of the post's: it is shown among the pairs, and judged by no symptom.

    Args:
        entry: of posts.yaml.
        evaluations: what the stage `evaluate` wrote.
        shown: by experiment what the page shows of it (`experiments.experiment`).
        told_pairs: all pairs (`pairs.sections`).
        found_studies: what the studies' command wrote, or None.
    """
    remedied = {pair["names"][1] for pair in told_pairs}
    every = [one for one in evaluations if one["post"] == entry["post"]]
    own = [one for one in every if one["experiment"] not in remedied]
    mine = [pair for pair in told_pairs if pair["post"] == entry["post"]]
    judged = []
    for symptom in entry["symptoms"]:
        concerned = symptom.get("experiments")
        cells: list[dict[str, Any] | None] = []
        criterion = ""
        for one in own:
            if concerned is not None and one["experiment"] not in concerned:
                cells.append(None)
                continue
            outcome = symptoms.judge(symptom["rule"], one, symptom.get("figure"))
            criterion = outcome.criterion
            yes = outcome.came_out
            shape = symptom["rule"] == _SHAPE
            chip = (_SHAPE_CHIPS if shape else _CHIPS)[yes]
            tone = "unknown" if yes is None or (shape and not yes) else "yes" if yes and not shape else "no"
            cells.append({"came": yes, "chip": chip, "tone": tone, "measured": outcome.measured})
        judged.append({**symptom, "cells": cells, "criterion": criterion, "verdict": _statement(own, cells)})
    told = [one for one in judged if not one.get("fact") and any(one["cells"])]
    came = sum(any(cell is not None and bool(cell["came"]) for cell in one["cells"]) for one in told)
    return {
        **entry,
        "symptoms": judged,
        "came": came,
        "told": len(told),
        "experiments": [shown[one["experiment"]] for one in own],
        "remedied": [shown[one["experiment"]] for one in every if one["experiment"] in remedied],
        "pairs": mine,
        "effect": pairs.counted(mine),
        "studies": studies.of_post(found_studies, entry["post"]),
        "sizes": _sizes(entry["posted"], own),
    }


def _statement(own: list[dict[str, Any]], cells: list[dict[str, Any] | None]) -> str:
    """In which experiments the symptom came out, as a sentence."""
    groups: dict[str, list[str]] = {}
    for one, cell in zip(own, cells, strict=True):
        if cell:
            groups.setdefault(cell["chip"], []).append(one["experiment"])
    if not groups:
        return "No experiment here is concerned."
    return "; ".join(f"{chip} in {', '.join(names)}" for chip, names in groups.items()).capitalize() + "."


def _sizes(posted: dict[str, Any], own: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The post's sizes beside ours, a row per size; `same` tells whether they agree."""
    names = {
        "windows": "windows in all parts",
        "train_windows": "training windows",
        "test_windows": "test windows",
        "length": "rows of a window",
        "features": "features",
        "batch_size": "batch size",
        "epochs": "epochs set",
        "weights": "parameters",
    }
    result = []
    for key, name in names.items():
        if key in posted:
            ours = [_size(one, key) for one in own]
            result.append({"name": name, "posted": posted[key], "ours": [(v, v == posted[key]) for v in ours]})
    return result


def _size(one: dict[str, Any], key: str) -> int:
    training = one["settings"]["experiment"]["training"]
    return {
        "windows": sum(part["windows"] for part in one["parts"].values()),
        "train_windows": one["parts"]["train"]["windows"],
        "test_windows": one["parts"]["test"]["windows"],
        "length": one["length"],
        "features": one["features"],
        "batch_size": training["batch_size"],
        "epochs": training["epochs"],
        "weights": one["training"][0]["weights"],
    }[key]
