"""What the report says, put together from the evaluations, and filled into the template."""

from __future__ import annotations

import platform
import re
from collections import Counter
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from pipeline import scores
from pipeline.report import comparison, figures, methods, published, symptoms, trust
from pipeline.report.wording import METRICS, baseline, number, thousands

_FOLDER = Path(__file__).parent
_POSTS = _FOLDER.with_name("posts.yaml")
_PACKAGES = (
    "keras",
    "tensorflow",
    "numpy",
    "scipy",
    "scikit-learn",
    "pandas",
    "pyarrow",
    "statsmodels",
    "arch",
    "matplotlib",
    "jinja2",
    "dvc",
    "snakemake",
)
_CHIPS = {True: "comes out", False: "does not come out", None: "cannot tell"}
_SHAPE = "weights_as_posted"  # a fact about the network, no symptom
_SHAPE_CHIPS = {True: "agrees", False: "differs", None: "cannot tell"}
_ENDS = {
    "completed": "all epochs done",
    "early_stopping": "stopped early",
    "nonfinite": "stopped at a loss that is not a number",
}


def render(
    size: str,
    evaluations: list[dict[str, Any]],
    rows: list[dict[str, Any]],
    outcomes: dict[str, dict[str, Any]],
    *,
    absent: list[str],
    leakage: dict[str, dict[str, Any] | None],
    leaks: dict[str, Any] | None,
    calibration: dict[str, Any] | None,
    tables: dict[str, Any],
) -> str:
    """The whole page as one HTML text.

    Args:
        size: quick or full.
        evaluations: what the stage `evaluate` wrote, in the order of params.yaml.
        rows: the leaderboard's rows, in the same order.
        outcomes: the corrected comparisons by experiment (`comparison.corrected`).
        absent: names of experiments without an evaluation.
        leakage: by dataset what the stage `leakage` wrote, or None.
        leaks: what the stage `leaks` wrote, or None.
        calibration: what the stage `calibrate` wrote, or None.
        tables: published tables by name (`published.tables`).
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = {"number": number, "thousands": thousands, "baseline": baseline, "code": code, "breakable": breakable}
    environment.filters.update(filters)
    shown = {one["experiment"]: experiment(one, outcomes.get(one["experiment"])) for one in evaluations}
    posts = [post(entry, evaluations, shown) for entry in yaml.safe_load(_POSTS.read_text(encoding="utf-8"))]
    posts = [entry for entry in posts if entry["experiments"]]
    told = {one["name"] for entry in posts for one in entry["experiments"]}
    return environment.get_template("page.html").render(
        size=size,
        style=(_FOLDER / "style.css").read_text(encoding="utf-8"),
        boards=[_board(rows, shown, "r2"), _board(rows, shown, "accuracy")],
        counted=comparison.counted(outcomes),
        trust=trust.section(leakage, leaks, evaluations),
        posts=posts,
        others=[one for name, one in shown.items() if name not in told],
        published=published.sections(evaluations, tables),
        calibration=methods.calibration(calibration),
        command=methods.COMMAND,
        absent=absent,
        versions=versions(),
    )


def versions() -> list[tuple[str, str]]:
    """Name and version of Python and of what computed the numbers."""
    found = [("python", platform.python_version())]
    for package in _PACKAGES:
        try:
            found.append((package, metadata.version(package)))
        except metadata.PackageNotFoundError:
            continue
    return found


def code(text: str) -> Any:
    """Text with what stands in backticks set as code; everything else is escaped."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just before


def breakable(name: str) -> Any:
    """A name, escaped, that a narrow column may break after each underscore."""
    from markupsafe import Markup, escape

    return Markup(str(escape(name)).replace("_", "_<wbr>"))  # noqa: S704 - escaped just before


def _board(rows: list[dict[str, Any]], shown: dict[str, dict[str, Any]], metric: str) -> dict[str, Any]:
    return {
        "metric": METRICS[metric],
        "title": "Regressions" if metric == "r2" else "Classifiers",
        "linear": "Ridge" if metric == "r2" else "Logistic regression",
        "rows": [{**row, "told": shown[row["experiment"]]["comparison"]} for row in rows if row["metric"] == metric],
    }


def post(entry: dict[str, Any], evaluations: list[dict[str, Any]], shown: dict[str, Any]) -> dict[str, Any]:
    """One post's facts beside what was measured: every symptom judged for every experiment that it concerns."""
    own = [one for one in evaluations if one["post"] == entry["post"]]
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


def experiment(one: dict[str, Any], outcomes: dict[str, Any] | None) -> dict[str, Any]:
    """What the report shows of one experiment; `outcomes` are its corrected comparisons."""
    name, runs = one["experiment"], one["training"]
    test = one["parts"]["test"]
    main = "accuracy" if one["classes"] else "r2"
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
