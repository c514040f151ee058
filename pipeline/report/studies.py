"""Studies: trainings under many settings that no stage repeats, each with a target to reach."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.report.wording import score_range, setting

FILE = Path("benchmarks/results/studies.json")
COMMAND = "`python -m benchmarks.studies`"
_BARS = {"True": {"chip": "met", "tone": "good"}, "False": {"chip": "not met", "tone": "bad"}}


def missing(results: dict[str, Any] | None) -> str:
    """Return why no study is shown; empty if there are studies."""
    return "" if results and results.get("studies") else f"Not run yet: {COMMAND} writes `{FILE}`."


def of_post(results: dict[str, Any] | None, post: int | None) -> list[dict[str, Any]]:
    """Return the studies of a post as texts; for None, those of no post."""
    return [study(entry) for entry in (results or {}).get("studies") or [] if entry.get("post") == post]


def study(entry: dict[str, Any]) -> dict[str, Any]:
    """Return one study as a table: a row per setting, the range over the seeds in each cell."""
    bar = entry.get("bar") or {}
    return {
        "name": entry["name"],
        "question": entry.get("question") or entry["name"].replace("_", " "),
        "answer": entry.get("answer") or "",
        "command": entry.get("command") or "",
        "size": entry.get("size") or "",
        "bar": bar.get("text") or "",
        "met": _BARS.get(str(bar.get("met")), {"chip": "not measured", "tone": "unknown"}),
        "columns": [column.replace("_", " ") for column in entry["columns"]],
        "rows": [
            {
                "label": row["label"],
                "set": [(name, short(value)) for name, value in (row.get("set") or {}).items()],
                "seeds": finished(row),
                "cells": [value_range((row.get("figures") or {}).get(column)) for column in entry["columns"]],
            }
            for row in entry["rows"]
        ],
    }


def short(value: Any) -> str:
    """Return a value as params.yaml writes it; a long list is shortened to its ends."""
    if isinstance(value, list) and len(value) > 8:
        return f"[{value[0]}, {value[1]}, …, {value[-1]}], {len(value)} in all"
    return setting(value)


def finished(row: dict[str, Any]) -> int:
    """Return how many seeds of a row have been trained."""
    return max((len(values) for values in (row.get("figures") or {}).values() if isinstance(values, list)), default=0)


def value_range(values: Any) -> str:
    """Return the range over the seeds and how many are NaN, or the distinct words; a dash if there is no value."""
    values = values if isinstance(values, list) else [values] if values is not None else []
    if not values:
        return "–"
    if any(isinstance(value, str | bool) for value in values):
        return ", ".join(dict.fromkeys(setting(value) for value in values))
    return score_range(values)
