"""Stage `report`: the index, one HTML file that works offline; the leaderboard as CSV; and the verdicts as JSON.

None contains a time, a duration or a path of the machine, so equal evaluations give equal bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pipeline.common import files, params
from pipeline.common.errors import UserError
from pipeline.report import (
    cards,
    comparison,
    corpus,
    diagnosis,
    failures,
    index,
    leaderboard,
    pairs,
    posted,
    published,
    speed,
    studies,
    verdicts,
)


def report(settings: dict[str, Any], failed: Sequence[failures.Failure] = ()) -> None:
    """Write `reports/index.html`, `reports/leaderboard.csv` and `reports/verdicts.json`.

    Everything but one evaluation is optional: the index names what is missing. Where a stage failed, not even that is
    needed, and the experiments that wait for it get a card with the reason.

    Args:
        settings: Output of `params.load()`.
        failed: Stages that failed in the run that writes the index, in their order; none where DVC runs the stage.
    """
    settings = params.without_candidates(settings)
    names = list(settings["experiments"])
    known = {name: _read(files.EVALUATION / f"{name}.json") for name in names}
    evaluations = [evaluation for evaluation in known.values() if evaluation]
    if not evaluations and not failed:
        raise UserError(str(files.EVALUATION), "must hold at least one evaluation", "none", "Run `make run` first.")
    outcomes = comparison.corrected(evaluations)
    diagnoses = {name: _read(files.DIAGNOSIS / f"{name}.json") for name in names}
    broken = failures.by_experiment(settings, list(failed))
    leakage = {name: _read(files.LEAKAGE / f"{name}.json") for name in settings["datasets"]}
    shown = cards.in_order(
        [
            cards.card(
                name,
                known[name],
                diagnoses[name],
                broken.get(name),
                files.is_own(_series(settings, name).get("source")),
                leakage[settings["experiments"][name]["dataset"]],
            )
            for name in names
        ]
    )
    words = {name: diagnosis.verdict(each) for name, each in diagnoses.items()}
    rows = leaderboard.rows(evaluations, outcomes, words)
    html = index.render(
        index.Results(
            size=settings["size"],
            cards=shown,
            evaluations=evaluations,
            leaderboard=rows,
            outcomes=outcomes,
            leakage=leakage,
            leaks=_read(files.LEAKS),
            calibration=_read(files.CALIBRATION),
            published=published.tables(),
            diagnoses=diagnoses,
            pairs=_pairs(settings, evaluations, diagnoses),
            studies=_read(studies.FILE),
            corpus=_read(corpus.FILE),
            benchmarks=_read(speed.FILE),
            posted=_read(posted.FILE),
            pages={name for name in names if (files.EXPERIMENTS / f"{name}.html").exists()},
            failed=failures.of_none(settings, list(failed)),
        )
    )
    files.write_text(files.REPORT, html)
    files.write_text(files.LEADERBOARD, leaderboard.text(rows))
    files.write_json(files.VERDICTS, verdicts.verdicts(shown, diagnoses))


def _series(settings: dict[str, Any], name: str) -> dict[str, Any]:
    return settings["series"][settings["datasets"][settings["experiments"][name]["dataset"]]["series"]]


def _pairs(
    settings: dict[str, Any], evaluations: list[dict[str, Any]], diagnoses: dict[str, Any]
) -> list[dict[str, Any]]:
    paired = sorted({name for pair in pairs.names(settings["experiments"]) for name in pair})
    losses = {name: files.LOSSES / f"{name}.parquet" for name in paired}
    return pairs.sections(
        settings,
        {evaluation["experiment"]: evaluation for evaluation in evaluations},
        {name: files.read_table(path) for name, path in losses.items() if path.exists()},
        diagnoses,
    )


def _read(path: Path) -> Any:
    return files.read_json(path) if path.exists() else None
