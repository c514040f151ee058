"""What the report shows of one experiment: its scores, its figures with their captions, and how its trainings ended."""

from __future__ import annotations

from collections import Counter
from typing import Any

import yaml

from pipeline.report import comparison, figures
from pipeline.report.wording import METRICS, baseline, number
from pipeline.scoring import scores

_ENDS = {
    "completed": "all epochs done",
    "early_stopping": "stopped early",
    "nonfinite": "stopped at a loss that is not a number",
}


def experiment(one: dict[str, Any], outcomes: dict[str, Any] | None) -> dict[str, Any]:
    """What the report shows of one experiment; `outcomes` are its corrected comparisons."""
    name, runs = one["experiment"], one["training"]
    test = one["parts"]["test"]
    main = scores.main_score(one["classes"])
    metrics = scores.CLASSES if one["classes"] else scores.REGRESSION
    ends = Counter(_ENDS.get(run["stopped"], run["stopped"]) for run in runs)
    return {
        "name": name,
        "dataset": one["dataset"],
        "main": {"name": METRICS[main], **test["network"][main]},
        "about": _about(one),
        "comparison": comparison.facts(one, outcomes),
        "ends": [f"{count} of {len(runs)} trainings: {end}" for end, count in ends.items()],
        "failures": [
            {**run["nonfinite"], "seed": run["seed"], "fold": run["fold"] + 1} for run in runs if run["nonfinite"]
        ],
        "weights": runs[0]["weights"],
        "updates": _between([run["updates"] for run in runs]),
        "seeds": len(test["seeds"]),
        "metrics": [METRICS[metric] for metric in metrics],
        "parts": [
            (part, _table(one["parts"][part], metrics))
            for part in ("test", "validation", "train")
            if part in one["parts"]
        ],
        "windows": {part: values["windows"] for part, values in one["parts"].items()},
        "units": one["units"],
        "classes": one["classes"],
        "steps": _groups(test["steps"], main, "step"),
        "folds": _groups([{"fold": k + 1, **fold} for k, fold in enumerate(test["folds"])], main, "fold"),
        "figures": [
            (figures.split(one, name), _split_caption(one)),
            (figures.curves(one, name), _curves_caption(one)),
            (figures.stretch(one, name), _stretch_caption(one)),
        ],
        "settings": yaml.safe_dump(
            {
                "experiment": one["settings"]["experiment"],
                "dataset": one["settings"]["dataset"],
                "series": one["settings"]["series"],
            },
            sort_keys=False,
            allow_unicode=True,
            default_flow_style=None,
            width=88,
        ),
    }


def _between(values: list[int]) -> str:
    low, high = min(values), max(values)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _about(one: dict[str, Any]) -> str:
    kind, horizon, column = one["target"]["kind"], one["horizon"], one["target"]["column"]
    if kind == "sequence_mean":
        return f"Predicts the mean of {column} over a whole sequence of {one['length']:,} rows."
    of = {"value": "value", "difference": "change", "return": "return"}
    ahead = "" if horizon == 1 else f", {horizon} rows ahead"
    word = ("next " if horizon == 1 else "") + of[
        one["target"].get("of", "value") if kind in ("sign", "classes") else kind
    ]
    what = {
        "value": f"the {word} of {column}" if horizon == 1 else f"the next {horizon} values of {column}",
        "sign": f"the sign of the {word} of {column}{ahead},",
        "classes": f"to which of three classes the {word} of {column}{ahead} belongs,",
    }.get(kind, f"the {word} of {column}{ahead}")
    features = f"{one['features']} feature{'s' if one['features'] != 1 else ''}"
    return f"Predicts {what} from {one['length']:,} rows of {features}."


def _table(part: dict[str, Any], metrics: tuple[str, ...]) -> list[dict[str, Any]]:
    """Rows of the score table: the network over its seeds, each baseline with the skill against it, the oracle."""
    rows: list[dict[str, Any]] = [
        {"name": "network", "cells": [_spread(part["network"][metric]) for metric in metrics], "skill": None}
    ]
    for name, score in part["baselines"].items():
        cells = [(number(score[m]) if score[m] is not None else "–", "") for m in metrics]
        rows.append({"name": baseline(name), "cells": cells, "skill": part["skill"].get(name)})
    if part["oracle"]:
        cells = [(number(part["oracle"][m]) if part["oracle"][m] is not None else "–", "") for m in metrics]
        rows.append({"name": "oracle", "cells": cells, "skill": None})
    return rows


def _spread(over: dict[str, float | None]) -> tuple[str, str]:
    """Mean over the seeds, and ± their standard deviation."""
    if over["mean"] is None:
        rest = f"finite: {number(over['min'])} to {number(over['max'])}" if over["min"] is not None else ""
        return "–", rest
    return number(over["mean"]), f"± {number(over['std'], 2)}" if over["std"] is not None else ""


def _groups(groups: list[dict[str, Any]] | None, main: str, label: str) -> dict[str, Any] | None:
    """The main score of each step or fold, network beside baselines; None where there is but one."""
    if not groups:
        return None
    names = list(groups[0]["baselines"])
    return {
        "label": label,
        "metric": METRICS[main],
        "names": [baseline(name) for name in names],
        "rows": [
            [str(group[label]), "{} {}".format(*_spread(group["network"][main])).strip()]
            + [
                number(group["baselines"][name][main]) if group["baselines"][name][main] is not None else "–"
                for name in names
            ]
            for group in groups
        ],
    }


def _split_caption(one: dict[str, Any]) -> str:
    folds, policy = len(one["split"]["folds"]), one["split"]["policy"]
    gap = one["split"]["gap"]
    text = f"The {one['split']['rows']:,} rows to scale, in their order. "
    if one["sequence_length"]:
        text = f"The {one['split']['rows'] // one['sequence_length']:,} sequences to scale, one after the other. "
    text += f"{folds} folds, each scored on its own test rows. " if folds > 1 else ""
    text += f"{gap} rows between two parts belong to none. " if gap else ""
    if policy == "carry":
        return text + "The thin strip marks earlier rows that a later part may read as inputs, never as targets."
    return text + "No row is in two parts, so no two colours overlap."


def _curves_caption(one: dict[str, Any]) -> str:
    seeds = len(one["parts"]["test"]["seeds"])
    text = "A line per training, solid for the first seed. " if len(one["training"]) > 1 else "One training. "
    if one["classes"]:
        text += "The long dashes are the loss of predicting the training shares alone: "
        text += "a curve that stays there has learned nothing. "
    if any(max((v or 0 for v in run["curves"].get("penalty", [])), default=0) > 0 for run in one["training"]):
        text += "The grey line is what the weights' penalty adds: "
        text += "where that is nearly all of the loss, the loss says little about the fit. "
    if any(run["nonfinite"] for run in one["training"]):
        text += "The dotted line marks the epoch in which the loss was no number any more. "
    if "validation" not in one["parts"]:
        text += "This split has no validation part. "
    return (text + ("See whether the seeds agree." if seeds > 1 else "")).strip()


def _stretch_caption(one: dict[str, Any]) -> str:
    drawn = one["parts"]["test"]["drawn"]
    if one["target"]["kind"] == "sequence_mean":
        return (
            "A mark per sequence and seed (filled: the first). On the diagonal the prediction is right; "
            "marks in one horizontal line are one value for all sequences."
        )
    if one["classes"] == 3:
        return (
            "Share of each true class that was given each class, all test windows and seeds. "
            "A good classifier is strong on the diagonal; one full column is one class for everything."
        )
    count = len(drawn["row"])
    if one["classes"] == 2:
        text = (
            f"The first {count} test windows: marks at 0 and 1 are the truth, the line is the network's probability. "
        )
        text += "A line that lies on one half knows nothing."
    else:
        step = ", first step" if one["horizon"] > 1 else ""
        text = f"The first {count} test windows{step}. "
        text += "A network that lies on persistence has learned to repeat; a flat one gives the mean."
    return text + (" The oracle is the best that can be known." if drawn["oracle"] is not None else "")
