"""The table at the end of a run: what became of each experiment, your own ones first, and where the pages are."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

from pipeline.common import files, params
from pipeline.common.errors import escaped, harmless

_HEADER = ("experiment", "verdict", "first finding")


def lines(settings: dict[str, Any], names: set[str] | None = None, failed: Collection[str] = ()) -> Iterator[str]:
    """Yield the lines of the table.

    Args:
        settings: all settings, complete.
        names: the experiments to show; None for all of them.
        failed: experiments that wait for a stage that has just failed: DVC has restored their earlier results.
    """
    shown = [name for name in params.without_candidates(settings)["experiments"] if names is None or name in names]
    own = [name for name in shown if _is_own(settings, name)]
    found = {name: _diagnosis(name) for name in [*own, *(name for name in shown if name not in own)]}
    rows = [
        (name, "failed", "-") if name in failed or diagnosis is None else (name, *_row(diagnosis))
        for name, diagnosis in found.items()
        if diagnosis or name in failed
    ]
    if not rows:
        return
    widths = [max(len(row[k]) for row in [_HEADER, *rows]) for k in range(2)]
    for row in [_HEADER, *rows]:
        yield escaped(f"{row[0]:{widths[0]}}  {row[1]:{widths[1]}}  {row[2]}".rstrip())
    for name in [name for name in own if name not in failed]:
        step = (found[name] or {}).get("next") or {}
        if step.get("text"):
            yield harmless(f"{name}: {step['text']}")
        if step.get("command"):
            yield escaped(f"  {step['command']}")
    for path in [*(files.EXPERIMENTS / f"{name}.html" for name in own), files.REPORT]:
        if path.is_file() and (path != files.REPORT or names is None):
            yield f"The page: {path.resolve()}" if path != files.REPORT else f"The report: {path.resolve()}"


def _is_own(settings: dict[str, Any], name: str) -> bool:
    dataset = settings["datasets"][settings["experiments"][name]["dataset"]]
    return str(settings["series"][dataset["series"]]["source"]).startswith("data/own/")


def _diagnosis(name: str) -> dict[str, Any] | None:
    path = files.DIAGNOSIS / f"{name}.json"
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and "verdict" in found else None


def _row(diagnosis: dict[str, Any]) -> tuple[str, str]:
    codes = [finding["code"] for finding in diagnosis.get("findings", [])]
    more = f" and {len(codes) - 1} more" if len(codes) > 1 else ""
    return str(diagnosis["verdict"]).replace("_", " "), (codes[0].replace("_", " ") + more) if codes else "-"
