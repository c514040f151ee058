"""The page: all results of a run, filled into the template."""

from __future__ import annotations

import platform
import re
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from pipeline.report import (
    comparison,
    corpus,
    diagnosis,
    experiments,
    leaderboard,
    methods,
    posts,
    published,
    studies,
    trust,
)
from pipeline.report.wording import METRICS, baseline, number, score, thousands

_FOLDER = Path(__file__).parent
_POSTS = _FOLDER / "posts.yaml"
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


@dataclass(frozen=True)
class Results:
    """Everything that the page shows; what is missing is named there with the command that makes it.

    Attributes:
        size: `quick` or `full`.
        evaluations: Output of the stage `evaluate`, in the order of params.yaml.
        leaderboard: Rows of the leaderboard, in the same order.
        outcomes: Corrected comparisons by experiment (`comparison.corrected`).
        absent: Names of experiments without an evaluation.
        leakage: Output of the stage `leakage` by dataset, or None.
        leaks: Output of the stage `leaks`, or None.
        calibration: Output of the stage `calibrate`, or None.
        published: Published tables by name (`published.tables`).
        diagnoses: Output of the stage `diagnose` by experiment, or None.
        pairs: Experiments with and without a fix (`pairs.sections`).
        studies: Output of `python -m benchmarks.studies`, or None.
        corpus: Output of `python -m benchmarks.corpus`, or None.
    """

    size: str
    evaluations: list[dict[str, Any]]
    leaderboard: list[dict[str, Any]]
    outcomes: dict[str, dict[str, Any]]
    absent: list[str]
    leakage: dict[str, dict[str, Any] | None]
    leaks: dict[str, Any] | None
    calibration: dict[str, Any] | None
    published: dict[str, Any]
    diagnoses: dict[str, dict[str, Any] | None]
    pairs: list[dict[str, Any]]
    studies: dict[str, Any] | None
    corpus: dict[str, Any] | None


def render(results: Results) -> str:
    """Return the page as one HTML text."""
    names = [evaluation["experiment"] for evaluation in results.evaluations]
    shown = {
        name: experiments.experiment(evaluation, results.outcomes.get(name), results.diagnoses.get(name))
        for name, evaluation in zip(names, results.evaluations, strict=True)
    }
    sections = [
        posts.section(entry, results.evaluations, shown, results.pairs, results.studies)
        for entry in yaml.safe_load(_POSTS.read_text(encoding="utf-8"))
    ]
    sections = [section for section in sections if section["experiments"] or section["after"]]
    of_posts = {each["name"] for section in sections for each in (*section["experiments"], *section["after"])}
    return fill(
        _FOLDER / "page.html",
        size=results.size,
        boards=[_board(results.leaderboard, shown, metric) for metric in ("r2", "accuracy")],
        skill_summary=comparison.summary(results.outcomes),
        verdict_summary=diagnosis.summary({name: results.diagnoses.get(name) for name in names}),
        trust=trust.section(results.leakage, results.leaks, results.evaluations),
        posts=sections,
        others=[each for name, each in shown.items() if name not in of_posts],
        other_pairs=[pair for pair in results.pairs if pair["post"] is None],
        other_studies=studies.of_post(results.studies, None),
        studies_missing=studies.missing(results.studies),
        corpus=corpus.section(results.corpus, results.diagnoses),
        published=published.sections(results.evaluations, results.published),
        error_rates=methods.error_rates(results.calibration),
        command=methods.COMMAND,
        absent=results.absent,
        versions=versions(),
    )


def fill(template: Path, **shown: Any) -> str:
    """Render a template; everything that it does not mark `safe` is escaped.

    A template in another folder can use the report's macros and layout; its style follows the report's.
    """
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    folders = list(dict.fromkeys([_FOLDER, template.parent]))
    environment = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters = {
        "number": number,
        "score": score,
        "thousands": thousands,
        "baseline": baseline,
        "code": code,
        "breakable": breakable,
    }
    environment.filters.update(filters)
    style = "\n".join((folder / "style.css").read_text(encoding="utf-8") for folder in folders)
    return environment.get_template(template.name).render(style=style, **shown)


def versions() -> list[tuple[str, str]]:
    """Return name and version of Python and of the libraries behind the numbers."""
    result = [("python", platform.python_version())]
    for package in _PACKAGES:
        try:
            result.append((package, metadata.version(package)))
        except metadata.PackageNotFoundError:
            continue
    return result


def code(text: str) -> Any:
    """Return the text, escaped, with everything in backticks set as code."""
    from markupsafe import Markup, escape

    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))  # noqa: S704 - escaped just before


def breakable(name: str) -> Any:
    """Return a name, escaped, with a possible line break after each underscore."""
    from markupsafe import Markup, escape

    return Markup(str(escape(name)).replace("_", "_<wbr>"))  # noqa: S704 - escaped just before


def _board(rows: list[dict[str, Any]], shown: dict[str, dict[str, Any]], metric: str) -> dict[str, Any]:
    return {
        "metric": METRICS[metric],
        "title": "Regressions" if metric == "r2" else "Classifiers",
        "linear": "Linear model",
        "others": leaderboard.OTHERS,
        "rows": [
            row
            | {
                "compared": shown[row["experiment"]]["comparison"],
                "diagnosis": shown[row["experiment"]]["diagnosis"],
            }
            for row in rows
            if row["metric"] == metric
        ],
    }
