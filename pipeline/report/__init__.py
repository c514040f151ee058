"""Stage `report`: one HTML file that is read offline, and the leaderboard as CSV.

Neither holds a time of day, a duration or a path of a machine: the same evaluations give the same bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.report import comparison, leaderboard, page, published


def report(settings: dict[str, Any]) -> None:
    """Write `reports/index.html` and `reports/leaderboard.csv` from every evaluation that there is.

    Proofs, planted leaks, calibration and published tables are shown where they are there, and named where not.
    """
    names = list(settings["experiments"])
    found = {name: files.EVALUATION / f"{name}.json" for name in names}
    evaluations = [files.read_json(path) for path in found.values() if path.exists()]
    if not evaluations:
        raise UserError(str(files.EVALUATION), "must hold at least one evaluation", "none", "Run `make run` first.")
    outcomes = comparison.corrected(evaluations)
    rows = leaderboard.rows(evaluations, outcomes)
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
    )
    _write(files.REPORT, html)
    _write(files.LEADERBOARD, leaderboard.text(rows))


def _read(path: Path) -> Any:
    return files.read_json(path) if path.exists() else None


def _write(path: Path, text: str) -> None:
    with files.whole(path) as beside:
        beside.write_text(text, encoding="utf-8")
