"""Stage `report`: one HTML file that works offline, and the leaderboard as CSV.

Neither contains a time, a duration or a path of the machine, so equal evaluations give equal bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.common import files, params
from pipeline.common.errors import UserError
from pipeline.report import comparison, corpus, diagnosis, leaderboard, page, pairs, published, studies


def report(settings: dict[str, Any]) -> None:
    """Write `reports/index.html` and `reports/leaderboard.csv` from all evaluations.

    Diagnoses, losses, proofs, planted leaks, calibration, studies and the corpus are optional: the page names what is
    missing.
    """
    settings = params.without_candidates(settings)
    names = list(settings["experiments"])
    paths = {name: files.EVALUATION / f"{name}.json" for name in names}
    evaluations = [files.read_json(path) for path in paths.values() if path.exists()]
    if not evaluations:
        raise UserError(str(files.EVALUATION), "must hold at least one evaluation", "none", "Run `make run` first.")
    outcomes = comparison.corrected(evaluations)
    diagnoses = {name: _read(files.DIAGNOSIS / f"{name}.json") for name in names}
    verdicts = {name: diagnosis.verdict(each) for name, each in diagnoses.items()}
    rows = leaderboard.rows(evaluations, outcomes, verdicts)
    html = page.render(
        page.Results(
            size=settings["size"],
            evaluations=evaluations,
            leaderboard=rows,
            outcomes=outcomes,
            absent=[name for name, path in paths.items() if not path.exists()],
            leakage={name: _read(files.LEAKAGE / f"{name}.json") for name in settings["datasets"]},
            leaks=_read(files.LEAKS),
            calibration=_read(files.CALIBRATION),
            published=published.tables(),
            diagnoses=diagnoses,
            pairs=_pairs(settings, evaluations, diagnoses),
            studies=_read(studies.FILE),
            corpus=_read(corpus.FILE),
        )
    )
    _write(files.REPORT, html)
    _write(files.LEADERBOARD, leaderboard.text(rows))


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


def _write(path: Path, text: str) -> None:
    with files.atomic_write(path) as beside:
        beside.write_text(text, encoding="utf-8")
