"""The index: a card per experiment, the leaderboard, the posts, and how far all of it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import yaml

from pipeline.report import (
    cards,
    comparison,
    corpus,
    failures,
    intervals,
    leaderboard,
    methods,
    posts,
    published,
    speed,
    studies,
    templates,
    trust,
)
from pipeline.report.wording import METRICS, thousands

_POSTS = templates.FOLDER / "posts.yaml"


@dataclass(frozen=True)
class Results:
    """Everything that the index shows; what is missing is named there with the command that makes it.

    Attributes:
        size: `quick` or `full`.
        cards: A card per experiment, in the order of the page (`cards.in_order`).
        evaluations: Output of the stage `evaluate`, in the order of params.yaml.
        leaderboard: Rows of the leaderboard, in the same order.
        outcomes: Corrected comparisons by experiment (`comparison.corrected`).
        leakage: Output of the stage `leakage` by dataset, or None.
        leaks: Output of the stage `leaks`, or None.
        calibration: Output of the stage `calibrate`, or None.
        published: Published tables by name (`published.tables`).
        diagnoses: Output of the stage `diagnose` by experiment, or None.
        pairs: Experiments with and without a fix (`pairs.sections`).
        studies: Output of `python -m benchmarks.studies`, or None.
        corpus: Output of `python -m benchmarks.corpus`, or None.
        benchmarks: Output of `python -m benchmarks`, or None.
        posted: Output of `python -m benchmarks.posts`, or None.
        pages: Names of the experiments that have a page.
        failed: Stages that failed in this run and belong to no experiment (`failures.Failure`).
    """

    size: str
    cards: list[dict[str, Any]]
    evaluations: list[dict[str, Any]]
    leaderboard: list[dict[str, Any]]
    outcomes: dict[str, dict[str, Any]]
    leakage: dict[str, dict[str, Any] | None]
    leaks: dict[str, Any] | None
    calibration: dict[str, Any] | None
    published: dict[str, Any]
    diagnoses: dict[str, dict[str, Any] | None]
    pairs: list[dict[str, Any]]
    studies: dict[str, Any] | None
    corpus: dict[str, Any] | None
    benchmarks: dict[str, Any] | None = None
    posted: dict[str, Any] | None = None
    pages: set[str] = field(default_factory=set)
    failed: list[failures.Failure] = field(default_factory=list)


def render(results: Results) -> str:
    """Return the index as one HTML text."""
    by_name = {card["name"]: card for card in results.cards}
    sections = [
        posts.section(entry, results.evaluations, by_name, results.pairs, results.studies, results.posted)
        for entry in yaml.safe_load(_POSTS.read_text(encoding="utf-8"))
    ]
    return templates.fill(
        templates.FOLDER / "index.html",
        size=results.size,
        counted=cards.counted(results.cards),
        groups=_groups(results.cards),
        verdicts=list(dict.fromkeys((card["code"], card["verdict"]["chip"]) for card in results.cards)),
        boards=[_board(results, by_name, metric) for metric in ("r2", "accuracy")],
        skill_summary=comparison.summary(results.outcomes, results.evaluations),
        trust=trust.section(results.leakage, results.leaks, results.evaluations),
        posts=[section for section in sections if section["experiments"] or section["after"]],
        other_pairs=[pair for pair in results.pairs if pair["post"] is None],
        other_studies=studies.of_post(results.studies, None),
        studies_missing=studies.missing(results.studies),
        corpus=corpus.section(results.corpus, results.diagnoses),
        speed=speed.section(results.benchmarks),
        published=published.sections(results.evaluations, results.published),
        error_rates=methods.error_rates(results.calibration),
        command=methods.COMMAND,
        versions=templates.versions(
            {each["settings"]["experiment"]["training"]["backend"] for each in results.evaluations}
        ),
        pages=results.pages,
        failed=results.failed,
    )


def _groups(shown: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return the cards under a heading each: the user's own experiments, and the documented ones."""
    named = (("Your series", True), ("Documented experiments", False))
    groups = [(title, [card for card in shown if card["own"] is own]) for title, own in named]
    return [(title, group) for title, group in groups if group]


def _board(results: Results, by_name: dict[str, dict[str, Any]], metric: str) -> dict[str, Any]:
    evaluations = {evaluation["experiment"]: evaluation for evaluation in results.evaluations}
    sections = {
        name: comparison.section(evaluation, results.outcomes.get(name)) for name, evaluation in evaluations.items()
    }
    rows = [
        row
        | {
            "compared": sections[row["experiment"]],
            "card": by_name[row["experiment"]],
            "drawn": _drawn(evaluations[row["experiment"]], sections[row["experiment"]]),
            "tested": _tested(evaluations[row["experiment"]]),
        }
        for row in results.leaderboard
        if row["metric"] == metric
    ]
    order = {card["name"]: place for place, card in enumerate(results.cards)}
    return {
        "metric": METRICS[metric],
        "title": "Regressions" if metric == "r2" else "Classifiers",
        "others": leaderboard.OTHERS,
        "rows": sorted(rows, key=lambda row: order[row["experiment"]]),
    }


def _tested(evaluation: dict[str, Any]) -> str:
    """Return the number of test windows, and of their folds if there are several."""
    folds = len(evaluation["split"]["folds"])
    count = evaluation["parts"]["test"]["windows"]
    return f"{thousands(count)} window{'' if count == 1 else 's'}{f' of {folds} folds' if folds > 1 else ''}"


def _drawn(evaluation: dict[str, Any], compared: dict[str, Any] | None) -> dict[str, str]:
    """Return the pictures of both skills with the intervals of their outcomes."""
    sides = compared["sides"] if compared else {}
    return {
        question: intervals.drawn(evaluation["comparison"][question]["skill"], *sides[question]["ends"])
        if question in sides
        else ""
        for question in (comparison.NAIVE, comparison.LINEAR)
    }
