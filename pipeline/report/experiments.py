"""One experiment in the report: its scores, and how its trainings ended."""

from __future__ import annotations

from collections import Counter
from typing import Any

import yaml

from pipeline.report import comparison
from pipeline.report.wording import METRICS, baseline, count_range, interval, number
from pipeline.report.wording import score as score_text
from pipeline.report.wording import skill as skill_text
from pipeline.scoring import scores

_ENDS = {
    "completed": "finished all epochs",
    "early_stopping": "stopped early",
    "nonfinite": "stopped at a NaN or infinite loss",
}

AS_GIVEN = "the weights as they came"


def experiment(evaluation: dict[str, Any]) -> dict[str, Any]:
    """Return one experiment's scores and settings as its page shows them.

    Args:
        evaluation: Output of the stage `evaluate`.
    """
    name, runs = evaluation["experiment"], evaluation["training"]
    test = evaluation["parts"]["test"]
    main = scores.main_score(evaluation["classes"])
    metrics = scores.CLASSES if evaluation["classes"] else scores.REGRESSION
    ends = Counter(_ENDS.get(run["stopped"], run["stopped"]) for run in runs)
    return {
        "name": name,
        "dataset": evaluation["dataset"],
        "about": _about(evaluation),
        "repeats": _repeats(evaluation),
        "comparison": comparison.section(evaluation),
        "ends": [f"{count} of {len(runs)} training{'s' if len(runs) > 1 else ''} {end}" for end, count in ends.items()],
        "failures": [
            {**run["nonfinite"], "seed": run["seed"], "fold": run["fold"] + 1} for run in runs if run["nonfinite"]
        ],
        "weights": runs[0]["weights"],
        "updates": count_range([run["updates"] for run in runs]),
        "seeds": len(test["seeds"]),
        "metrics": [METRICS[metric] for metric in metrics],
        "parts": [
            (part, _table(evaluation["parts"][part], metrics))
            for part in ("test", "validation", "train")
            if part in evaluation["parts"]
        ],
        "windows": {part: values["windows"] for part, values in evaluation["parts"].items()},
        "dropped": {part: _dropped(values) for part, values in evaluation["parts"].items()},
        "units": evaluation["units"],
        "classes": evaluation["classes"],
        "steps": _groups(test["steps"], main, "step"),
        "folds": _groups([{"fold": k + 1, **fold} for k, fold in enumerate(test["folds"])], main, "fold"),
        "settings": yaml.safe_dump(
            {
                "experiment": evaluation["settings"]["experiment"],
                "dataset": evaluation["settings"]["dataset"],
                "series": evaluation["settings"]["series"],
            },
            sort_keys=False,
            allow_unicode=True,
            default_flow_style=None,
            width=88,
        ),
    }


def _about(evaluation: dict[str, Any]) -> str:
    kind, horizon, column = evaluation["target"]["kind"], evaluation["horizon"], evaluation["target"]["column"]
    if kind == "given":
        count = evaluation["classes"] or horizon
        what = f"one of {count} classes" if evaluation["classes"] else f"{count} value{'s' if count > 1 else ''}"
        features = f"{evaluation['features']} feature{'s' if evaluation['features'] != 1 else ''}"
        return f"Predicts {what} that came with each window of {evaluation['length']:,} rows of {features}."
    if kind == "sequence_mean":
        return f"Predicts the mean of {column} over a whole sequence of {evaluation['length']:,} rows."
    of = {"value": "value", "difference": "change", "return": "return"}
    features = f"{evaluation['features']} feature{'s' if evaluation['features'] != 1 else ''}"
    rows = f"from {evaluation['length']:,} rows of {features}"
    if not horizon:
        what = f"which of {evaluation['classes']} labels {column} has" if kind == "label" else f"the value of {column}"
        return f"Predicts {what} in the window's last row, {rows}."
    ahead = "" if horizon == 1 else f", {horizon} rows ahead,"
    classed = kind in ("sign", "classes", "label")
    word = ("next " if horizon == 1 else "") + of[evaluation["target"].get("of", "value") if classed else kind]
    what = {
        "value": f"the {word} of {column}" if horizon == 1 else f"the next {horizon} values of {column}",
        "sign": f"the sign of the {word} of {column}{ahead}",
        "classes": f"which of three classes the {word} of {column} belongs to{ahead or ','}",
        "label": f"which of {evaluation['classes']} labels {column} has in the next row,"
        if horizon == 1
        else f"which of {evaluation['classes']} labels {column} has{ahead}",
    }.get(kind, f"the {word} of {column}{ahead}")
    return f"Predicts {what} {rows}."


def _repeats(evaluation: dict[str, Any]) -> str:
    """Return a sentence where a classifier is right as often as persistence, which is right more often than majority.

    A network that repeats the last class looks like one that has learned.
    """
    known, baselines = (evaluation.get("comparison") or {}).get("accuracy"), evaluation["parts"]["test"]["baselines"]
    if not known or known["block"][0] is None or "persistence" not in baselines:
        return ""
    last, majority = (baselines[name]["accuracy"] for name in ("persistence", "majority"))
    low, high = known["block"]
    if not low <= last <= high or last <= majority:
        return ""
    return (
        f"Its test accuracy, {number(known['score'])} ({interval(low, high)}), is not distinguishable from that of "
        f"persistence, {number(last)}, which knows nothing but the last class."
    )


def _dropped(part: dict[str, Any]) -> str:
    """Return how many windows were dropped for missing cells, and how many of them had no target; "" for none."""
    if not part["dropped"]:
        return ""
    return f"; {part['dropped']:,} dropped for missing cells, {part['dropped_targets']:,} of them without a target"


def _table(part: dict[str, Any], metrics: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return the rows of the score table: the network over its seeds, each baseline with its skill, the oracle."""
    others = [(baseline(name), score, part["skill"].get(name)) for name, score in part["baselines"].items()]
    others += [("oracle", part["oracle"], None)] if part["oracle"] else []
    others += [(AS_GIVEN, part["given"], None)] if part.get("given") else []
    rows = [("network", [_mean_and_std(part["network"][metric], metric) for metric in metrics], None)]
    rows += [
        (name, [(score_text(score[metric], metric), "") for metric in metrics], skill) for name, score, skill in others
    ]
    return [{"name": name, "cells": cells, "skill": skill_text(skill)} for name, cells, skill in rows]


def _mean_and_std(over: dict[str, float | None], metric: str) -> tuple[str, str]:
    """Return the mean over the seeds and ± their standard deviation, as texts."""
    if over["mean"] is None:
        rest = (
            f"finite: {score_text(over['min'], metric)} to {score_text(over['max'], metric)}"
            if over["min"] is not None
            else ""
        )
        return "–", rest
    return score_text(over["mean"], metric), f"± {number(over['std'], 2)}" if over["std"] is not None else ""


def _groups(groups: list[dict[str, Any]] | None, main: str, label: str) -> dict[str, Any] | None:
    """Return the main score of each step or fold for network and baselines; None if there is only one."""
    if not groups:
        return None
    names = list(groups[0]["baselines"])
    return {
        "label": label,
        "metric": METRICS[main],
        "names": [baseline(name) for name in names],
        "rows": [
            [str(group[label]), "{} {}".format(*_mean_and_std(group["network"][main], main)).strip()]
            + [score_text(group["baselines"][name][main], main) for name in names]
            for group in groups
        ],
    }
