"""Stage `page`: the page of one experiment, and a short form of it in Markdown.

Both are made from the results of this experiment alone, and of its dataset's proofs. Neither contains a time, a
duration or a path of the machine, so equal results give equal bytes.
"""

from __future__ import annotations

from typing import Any

from pipeline.common import files
from pipeline.report import cards, diagnosis, drawings, experiments, markdown, pictures, templates, trust


def page(settings: dict[str, Any], name: str) -> None:
    """Write `reports/experiments/NAME.html` and `NAME.md`.

    Args:
        settings: Output of `params.load()`.
        name: Name of the experiment.
    """
    evaluation = files.read_json(files.EVALUATION / f"{name}.json")
    diagnosed = files.read_json(files.DIAGNOSIS / f"{name}.json")
    leakage = files.read_json(files.LEAKAGE / f"{settings['experiments'][name]['dataset']}.json")
    shown = content(evaluation, diagnosed, leakage)
    files.write_text(files.EXPERIMENTS / f"{name}.html", render(shown))
    files.write_text(files.EXPERIMENTS / f"{name}.md", markdown.text(evaluation, shown["card"], shown["diagnosis"]))


def render(shown: dict[str, Any]) -> str:
    """Return the page as one HTML text."""
    return templates.fill(templates.FOLDER / "page.html", style=pictures.STYLE, script=pictures.SCRIPT, **shown)


def content(evaluation: dict[str, Any], diagnosed: dict[str, Any], leakage: dict[str, Any]) -> dict[str, Any]:
    """Return everything that the page shows.

    Args:
        evaluation: Output of the stage `evaluate`.
        diagnosed: Output of the stage `diagnose`.
        leakage: Output of the stage `leakage` for the experiment's dataset.
    """
    name = evaluation["experiment"]
    own = files.is_own(evaluation["settings"]["series"].get("source"))
    card = cards.card(name, evaluation, diagnosed, own=own, leakage=leakage)
    return {
        "card": card,
        "size": evaluation["size"],
        "post": evaluation["post"],
        "experiment": experiments.experiment(evaluation),
        "diagnosis": diagnosis.section(name, diagnosed),
        "drawings": drawings.of_experiment(evaluation, diagnosed),
        "trust": trust.section({evaluation["dataset"]: leakage}, None, [evaluation]),
        "versions": templates.versions({evaluation["settings"]["experiment"]["training"]["backend"]}),
    }
