"""The result of one experiment at the posted size, and all of them together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from benchmarks.posts.cases import Case
from benchmarks.posts.estimate import Estimate
from benchmarks.scratch import PROJECT
from pipeline.common import files
from pipeline.common.costs import Cost
from pipeline.common.numbers import significant
from pipeline.report import comparison, leaderboard, pairs, symptoms

RESULTS = PROJECT / "benchmarks" / "results"
COMMAND = "python -m benchmarks.posts"
MINUTES = 60  # for each experiment, unless the command has another limit
_POSTS = PROJECT / "pipeline/report/posts.yaml"
_COLUMNS = (
    "metric",
    "score",
    "naive",
    "naive_score",
    "linear",
    "linear_score",
    "oracle",
    "skill",
    "skill_low",
    "skill_high",
)


def result(
    case: Case,
    plan: Estimate,
    limit: float,
    evaluation: dict[str, Any],
    diagnosis: dict[str, Any],
    spent: dict[str, Cost],
) -> dict[str, Any]:
    """Return the content of benchmarks/results/posts/EXPERIMENT.json; see docs/files.md.

    Args:
        case: the experiment.
        plan: the number of epochs.
        limit: minutes that it was given.
        evaluation: of the stage `evaluate`.
        diagnosis: of the stage `diagnose`.
        spent: cost by stage.
    """
    outcome = comparison.corrected([evaluation]).get(case.name, {})
    row = leaderboard.row(evaluation, outcome, diagnosis["verdict"])
    trainings = evaluation["training"]
    scored = {part: each["network"][row["metric"]]["mean"] for part, each in evaluation["parts"].items()}
    found = {
        "experiment": case.name,
        "post": case.post,
        "size": evaluation["size"],
        "seeds": case.training["seeds"],
        "epochs": {
            "posted": plan.posted,
            "set": plan.epochs,
            "run": [len(each["curves"]["loss"]) for each in trainings],
        },
        "minutes": limit,
        "device": plan.device,
        "windows": {part: each["windows"] for part, each in evaluation["parts"].items()},
        "loss": [each["curves"]["loss"][-1] for each in trainings],
        "penalty": [each["curves"]["penalty"][-1] for each in trainings],
        "nonfinite": [each["nonfinite"] for each in trainings],
        "scores": scored,
        **{key: row[key] for key in _COLUMNS},
        "comparison": outcome.get("naive"),
        "comparison_linear": outcome.get("linear"),
        "verdict": diagnosis["verdict"],
        "causes": [each["code"] for each in diagnosis["findings"] if each["weight"] == "cause"],
        "symptoms": _symptoms(evaluation),
        "seconds": {stage: cost.seconds for stage, cost in spent.items()},
        "megabytes": max(cost.megabytes for cost in spent.values()),
        "command": f"{COMMAND} {case.name}" + ("" if limit == MINUTES else f" --minutes {limit:g}"),
    }
    return {**significant(found, 5), "settings": case.settings}


def _symptoms(evaluation: dict[str, Any]) -> list[dict[str, Any]]:
    """Judge the symptoms of the post; none of an experiment with a fix, which is not the post's."""
    name = evaluation["experiment"]
    if name.endswith(pairs.SUFFIX):
        return []
    entries = yaml.safe_load(_POSTS.read_text(encoding="utf-8"))
    of_post: list[dict[str, Any]] = next(
        (entry["symptoms"] for entry in entries if entry["post"] == evaluation["post"]), []
    )
    judged = []
    for symptom in of_post:
        if name in symptom.get("experiments", [name]):
            reproduced, measured, _ = symptoms.judge(symptom["rule"], evaluation, symptom.get("figure"))
            judged.append({"text": symptom["text"], "reproduced": reproduced, "measured": measured})
    return judged


def path_of(name: str, folder: Path = RESULTS) -> Path:
    """Return the file of one experiment's result."""
    return folder / "posts" / f"{name}.json"


def stored(case: Case, limit: float, folder: Path = RESULTS) -> dict[str, Any] | None:
    """Return the result of the same settings, with all epochs or in at least as many minutes; None without one."""
    path = path_of(case.name, folder)
    found: dict[str, Any] = files.read_json(path) if path.exists() else {}
    if found.get("settings") != case.settings:
        return None
    whole = found["epochs"]["set"] == found["epochs"]["posted"]
    return found if whole or found["minutes"] >= limit else None


def collect(names: list[str], folder: Path = RESULTS) -> dict[str, Any]:
    """Join the results of the named experiments in posts.json, in this order, without their settings."""
    paths = [path_of(name, folder) for name in names]
    found = [files.read_json(path) for path in paths if path.exists()]
    rows = [{key: value for key, value in each.items() if key != "settings"} for each in found]
    made = {"command": COMMAND, "experiments": rows}
    files.write_json(folder / "posts.json", made)
    return made


def line(found: dict[str, Any]) -> str:
    """Return a result as one line."""
    epochs, score = found["epochs"], {part: _shown(value) for part, value in found["scores"].items()}
    causes = ", ".join(found["causes"]) or "no cause"
    return (
        f"{found['experiment']}: {max(epochs['run'])} of {epochs['posted']} epochs, {found['metric']} "
        f"train {score['train']}, test {score['test']}, {found['naive']} {_shown(found['naive_score'])}, "
        f"{found['comparison']}; {found['verdict']}: {causes}; {sum(found['seconds'].values()) / 60:.1f} min, "
        f"{found['megabytes']:,.0f} MB"
    )


def _shown(value: float | None) -> str:
    return "NaN" if value is None else f"{value:.3f}"
