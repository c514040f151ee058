"""The leaderboard: a row per experiment, in the order of params.yaml."""

from __future__ import annotations

import csv
import io
from typing import Any

from pipeline import baselines, scores

COLUMNS = [
    "experiment",
    "dataset",
    "post",
    "target",
    "metric",
    "score",
    "score_min",
    "score_max",
    "seeds",
    *scores.REGRESSION,
    *scores.CLASSES,
    "naive",
    "naive_score",
    "linear",
    "linear_score",
    "oracle",
    "skill",
    "skill_against",
    "weights",
    "updates",
]


def row(evaluation: dict[str, Any]) -> dict[str, Any]:
    """One experiment's scores on its test rows, by column; None where there is no such thing.

    `metric` is R² for regressions and accuracy for classes; `score`, the baselines' scores and `oracle` are of that
    metric. `skill` is 1 - MSE / MSE of the best naive baseline, or the same of Brier scores for classes. The best is
    picked on these very rows, so the comparison is the hardest that the naive ones can make it.
    """
    test = evaluation["parts"]["test"]
    classes = bool(evaluation["classes"])
    metric, less = ("accuracy", "brier") if classes else ("r2", "mse")
    mine = test["network"]
    naive, naive_score = _best(test["baselines"], baselines.NAIVE, metric)
    linear, linear_score = _best(test["baselines"], baselines.LINEAR, metric)
    against = _least(test["baselines"], less)
    runs = evaluation["training"]
    return {
        "experiment": evaluation["experiment"],
        "dataset": evaluation["dataset"],
        "post": evaluation["post"],
        "target": evaluation["target"]["kind"],
        "metric": metric,
        "score": mine[metric]["mean"],
        "score_min": mine[metric]["min"],
        "score_max": mine[metric]["max"],
        "seeds": len(test["seeds"]),
        **{name: mine.get(name, {}).get("mean") for name in (*scores.REGRESSION, *scores.CLASSES)},
        "naive": naive,
        "naive_score": naive_score,
        "linear": linear,
        "linear_score": linear_score,
        "oracle": (test["oracle"] or {}).get(metric),
        "skill": test["skill"].get(against),
        "skill_against": against,
        "weights": runs[0]["weights"],
        "updates": round(sum(run["updates"] for run in runs) / len(runs)),
    }


def _best(found: dict[str, Any], names: tuple[str, ...], metric: str) -> tuple[str | None, float | None]:
    """Name and score of the best of these baselines; more is better."""
    known = {name: found[name][metric] for name in names if name in found and found[name][metric] is not None}
    best = max(known, key=lambda name: known[name], default=None)
    return best, known[best] if best else None


def _least(found: dict[str, Any], metric: str) -> str | None:
    known = {n: found[n][metric] for n in baselines.NAIVE if n in found and found[n][metric] is not None}
    return min(known, key=lambda name: known[name], default=None)


def text(rows: list[dict[str, Any]]) -> str:
    """The rows as CSV; numbers with five significant digits, an empty cell where there is none."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in scores.significant(rows, 5):
        writer.writerow(["" if one[column] is None else one[column] for column in COLUMNS])
    return file.getvalue()
