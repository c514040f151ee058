"""The leaderboard: a row per experiment, in the order of params.yaml."""

from __future__ import annotations

import csv
import io
from typing import Any

from pipeline.common.numbers import significant
from pipeline.report.comparison import ends_at
from pipeline.scoring import baselines, scores

# References that are no naive or linear model: on the leaderboard, and never what the network is compared with.
OTHERS = ("trees", "theta", "ets")
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
    "linear_skill",
    *OTHERS,
    "oracle",
    "skill",
    "skill_against",
    "weights",
    "updates",
    "skill_low",
    "skill_high",
    "p_value",
    "corrected_low",
    "corrected_high",
    "comparison",
    "verdict",
    "skill_linear",
    "comparison_linear",
    "oracle_share",
    "effective_windows",
    "unanswered",
    "accuracy_against",
    "accuracy_against_score",
    "comparison_accuracy",
]


def rows(
    evaluations: list[dict[str, Any]], outcomes: dict[str, dict[str, Any]], verdicts: dict[str, str | None]
) -> list[dict[str, Any]]:
    """Return a row per evaluation, in their order.

    Args:
        evaluations: Output of the stage `evaluate`.
        outcomes: Corrected comparisons by experiment (`comparison.corrected`).
        verdicts: Verdicts by experiment, where there is a diagnosis.
    """
    return [
        row(evaluation, outcomes.get(evaluation["experiment"], {}), verdicts.get(evaluation["experiment"]))
        for evaluation in evaluations
    ]


def row(evaluation: dict[str, Any], outcome: dict[str, Any], verdict: str | None) -> dict[str, Any]:
    """Return one experiment's scores on its test rows, by column; None for a missing score.

    `metric` is R² for regressions and accuracy for classes; `score`, the baselines' scores and `oracle` use it.
    `naive` is the baseline with the lowest loss on the first validation rows (or training rows, if there are none);
    `linear` is chosen likewise, and `linear_skill` is its own skill against `naive`.
    `skill` is 1 - MSE / its MSE (for classes, Brier scores), with the limits of its interval and the p-value of the
    resamples. `comparison` and `comparison_linear` are corrected for the experiments on common test rows, and so is the
    interval from `corrected_low` to `corrected_high`, which belongs to `comparison`; nothing else is. `unanswered`
    counts the windows of which a seed has no finite prediction; scores are of the others. `comparison_accuracy` is
    the same for the errors of classes, against the naive classifier with the most hits on the rows that choose
    `naive`. `verdict` is the diagnosis' and uses no test row.
    """
    test = evaluation["parts"]["test"]
    metric = scores.main_score(evaluation["classes"])
    network = test["network"]
    comparison = evaluation.get("comparison") or {}
    naive, linear = comparison.get("naive") or {}, comparison.get("linear") or {}
    accuracy = comparison.get("accuracy") or {}
    low, high = ends_at(naive, outcome.get("levels", {}).get("naive"))
    chosen = naive.get("baseline")
    model = linear.get("baseline") or next((name for name in baselines.LINEAR if name in test["baselines"]), None)
    loss = scores.main_loss(evaluation["classes"])
    runs = evaluation["training"]
    return {
        "experiment": evaluation["experiment"],
        "dataset": evaluation["dataset"],
        "post": evaluation["post"],
        "target": evaluation["target"]["kind"],
        "metric": metric,
        "score": network[metric]["mean"],
        "score_min": network[metric]["min"],
        "score_max": network[metric]["max"],
        "seeds": len(test["seeds"]),
        **{name: network.get(name, {}).get("mean") for name in (*scores.REGRESSION, *scores.CLASSES)},
        "naive": chosen,
        "naive_score": test["baselines"].get(chosen, {}).get(metric),
        "linear": model,
        "linear_score": test["baselines"].get(model, {}).get(metric),
        "linear_skill": scores.skill(*(test["baselines"].get(name, {}).get(loss) for name in (model, chosen))),
        **{name: test["baselines"].get(name, {}).get(metric) for name in OTHERS},
        "oracle": (test["oracle"] or {}).get(metric),
        "skill": naive.get("skill"),
        "skill_against": chosen,
        "weights": runs[0]["weights"],
        "updates": round(sum(run["updates"] for run in runs) / len(runs)),
        "skill_low": naive.get("low"),
        "skill_high": naive.get("high"),
        "p_value": naive.get("p_value"),
        "corrected_low": low,
        "corrected_high": high,
        "comparison": outcome.get("naive"),
        "verdict": verdict,
        "skill_linear": linear.get("skill"),
        "comparison_linear": outcome.get("linear"),
        "oracle_share": (comparison.get("oracle_share") or {}).get("share"),
        "effective_windows": comparison.get("effective_windows"),
        "unanswered": comparison.get("unanswered"),
        "accuracy_against": accuracy.get("baseline"),
        "accuracy_against_score": accuracy.get("baseline_score"),
        "comparison_accuracy": outcome.get("accuracy"),
    }


def text(rows: list[dict[str, Any]]) -> str:
    """Return the rows as CSV: numbers with five significant digits, None as an empty cell."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for values in significant(rows, 5):
        writer.writerow(["" if values[column] is None else values[column] for column in COLUMNS])
    return file.getvalue()
