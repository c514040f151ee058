"""Stage `report`: one HTML file that is read offline, and the leaderboard as CSV.

Neither holds a time of day, a duration or a path of a machine: the same evaluations give the same bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.report import comparison, corpus, diagnosis, leaderboard, page, pairs, published, studies


def report(settings: dict[str, Any]) -> None:
    """Write `reports/index.html` and `reports/leaderboard.csv` from every evaluation that there is.

    Diagnoses, losses, proofs, planted leaks, calibration, studies, the corpus and published tables are shown where they
    are there, and named where not.
    """
    names = list(settings["experiments"])
    found = {name: files.EVALUATION / f"{name}.json" for name in names}
    evaluations = [files.read_json(path) for path in found.values() if path.exists()]
    if not evaluations:
        raise UserError(str(files.EVALUATION), "must hold at least one evaluation", "none", "Run `make run` first.")
    outcomes = comparison.corrected(evaluations)
    diagnoses = {name: _read(files.DIAGNOSIS / f"{name}.json") for name in names}
    paired = sorted({name for pair in pairs.names(settings["experiments"]) for name in pair})
    losses = {name: files.LOSSES / f"{name}.parquet" for name in paired}
    rows = leaderboard.rows(evaluations, outcomes, {name: diagnosis.verdict(one) for name, one in diagnoses.items()})
    html = page.render(
        settings["size"],
        evaluations,
        rows,
        outcomes,
        absent=[name for name, path in found.items() if not path.exists()],
        leakage={name: _read(files.LEAKAGE / f"{name}.json") for name in settings["datasets"]},
        leaks=_read(files.LEAKS),
        calibration=_read(files.CALIBRATION),
        tables=published.tables(),
        diagnoses=diagnoses,
        pairs=pairs.sections(
            settings,
            {one["experiment"]: one for one in evaluations},
            {name: files.read_table(path) for name, path in losses.items() if path.exists()},
            diagnoses,
        ),
        found_studies=_read(studies.FILE),
        found_corpus=_read(corpus.FILE),
    )
    _write(files.REPORT, html)
    _write(files.LEADERBOARD, leaderboard.text(rows))


def _read(path: Path) -> Any:
    return files.read_json(path) if path.exists() else None


def _write(path: Path, text: str) -> None:
    with files.atomic_write(path) as beside:
        beside.write_text(text, encoding="utf-8")
