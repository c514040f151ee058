"""What the report says, put together from the evaluations, and filled into the template."""

from __future__ import annotations

import platform
import re
from importlib import metadata
from pathlib import Path
from typing import Any

import yaml

from pipeline.report import (
    comparison,
    corpus,
    diagnosis,
    experiments,
    methods,
    posts,
    published,
    studies,
    trust,
)
from pipeline.report.wording import METRICS, baseline, number, thousands

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
    diagnoses: dict[str, dict[str, Any] | None],
    pairs: list[dict[str, Any]],
    found_studies: dict[str, Any] | None,
    found_corpus: dict[str, Any] | None,
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
        diagnoses: by experiment what the stage `diagnose` wrote, or None.
        pairs: posted and remedied (`pairs.sections`).
        found_studies: what the studies' command wrote, or None.
        found_corpus: what the corpus' command wrote, or None.
    """
    shown = {
        one["experiment"]: experiments.experiment(one, outcomes.get(one["experiment"]))
        | {"diagnosis": diagnosis.facts(one["experiment"], diagnoses.get(one["experiment"]))}
        for one in evaluations
    }
    entries = yaml.safe_load(_POSTS.read_text(encoding="utf-8"))
    told_posts = [posts.post(entry, evaluations, shown, pairs, found_studies) for entry in entries]
    told_posts = [entry for entry in told_posts if entry["experiments"] or entry["remedied"]]
    told = {one["name"] for entry in told_posts for one in (*entry["experiments"], *entry["remedied"])}
    return fill(
        _FOLDER / "page.html",
        size=size,
        boards=[_board(rows, shown, "r2"), _board(rows, shown, "accuracy")],
        counted=comparison.counted(outcomes),
        trust=trust.section(leakage, leaks, evaluations),
        posts=told_posts,
        others=[one for name, one in shown.items() if name not in told],
        other_pairs=[pair for pair in pairs if pair["post"] is None],
        other_studies=studies.of_post(found_studies, None),
        studies_missing=studies.missing(found_studies),
        diagnosed=diagnosis.counted({name: diagnoses.get(name) for name in shown}),
        corpus=corpus.section(found_corpus, diagnoses),
        published=published.sections(evaluations, tables),
        calibration=methods.calibration(calibration),
        command=methods.COMMAND,
        absent=absent,
        versions=versions(),
    )


def fill(template: Path, **shown: Any) -> str:
    """A template with what it shows, escaped wherever it does not say `safe`.

    A template of another folder has the report's macros and layout, and its own style after the report's.
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
    filters = {"number": number, "thousands": thousands, "baseline": baseline, "code": code, "breakable": breakable}
    environment.filters.update(filters)
    style = "\n".join((folder / "style.css").read_text(encoding="utf-8") for folder in folders)
    return environment.get_template(template.name).render(style=style, **shown)


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
        "rows": [
            {
                **row,
                "told": shown[row["experiment"]]["comparison"],
                "diagnosis": shown[row["experiment"]]["diagnosis"],
            }
            for row in rows
            if row["metric"] == metric
        ],
    }
