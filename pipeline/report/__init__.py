"""Stage `report`: one HTML file that is read offline, and the leaderboard as CSV.

Neither holds a time of day, a duration or a path of a machine: the same evaluations give the same bytes.
"""

from __future__ import annotations

from typing import Any

from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.report import leaderboard, page


def report(settings: dict[str, Any]) -> None:
    """Write `reports/index.html` and `reports/leaderboard.csv` from every evaluation that there is."""
    names = list(settings["experiments"])
    found = {name: files.EVALUATION / f"{name}.json" for name in names}
    evaluations = [files.read_json(path) for path in found.values() if path.exists()]
    if not evaluations:
        raise UserError(str(files.EVALUATION), "must hold at least one evaluation", "none", "Run `make run` first.")
    absent = [name for name, path in found.items() if not path.exists()]
    rows = [leaderboard.row(evaluation) for evaluation in evaluations]
    html = page.render(settings["size"], evaluations, rows, absent)
    _write(files.REPORT, html)
    _write(files.LEADERBOARD, leaderboard.text(rows))


def _write(path: Any, text: str) -> None:
    with files.whole(path) as beside:
        beside.write_text(text, encoding="utf-8")
