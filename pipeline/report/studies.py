"""Studies: runs of many settings that the stages do not repeat, with the bar that they have to reach."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline.report.wording import number, setting

FILE = Path("benchmarks/results/studies.json")
COMMAND = "`python -m benchmarks.studies`"
_BARS = {"True": {"chip": "met", "tone": "good"}, "False": {"chip": "not met", "tone": "bad"}}


def missing(found: dict[str, Any] | None) -> str:
    """Why no study is shown; empty where there are some."""
    return "" if found and found.get("studies") else f"Not run yet: {COMMAND} writes `{FILE}`."


def of_post(found: dict[str, Any] | None, post: int | None) -> list[dict[str, Any]]:
    """The studies that belong to a post (None: those that belong to none), as texts."""
    return [study(one) for one in (found or {}).get("studies") or [] if one.get("post") == post]


def study(one: dict[str, Any]) -> dict[str, Any]:
    """One study as a table: a row per setting, least to greatest of the seeds in each cell."""
    bar = one.get("bar") or {}
    return {
        "name": one["name"],
        "question": one.get("question") or one["name"].replace("_", " "),
        "answer": one.get("answer") or "",
        "command": one.get("command") or "",
        "size": one.get("size") or "",
        "bar": bar.get("text") or "",
        "met": _BARS.get(str(bar.get("met")), {"chip": "not measured", "tone": "unknown"}),
        "columns": [column.replace("_", " ") for column in one["columns"]],
        "rows": [
            {
                "label": row["label"],
                "set": [(name, short(value)) for name, value in (row.get("set") or {}).items()],
                "seeds": ran(row),
                "cells": [spread((row.get("figures") or {}).get(column)) for column in one["columns"]],
            }
            for row in one["rows"]
        ],
    }


def short(value: Any) -> str:
    """A value as params.yaml writes it; of a long list its ends, for all of it stands in the file."""
    if isinstance(value, list) and len(value) > 8:
        return f"[{value[0]}, {value[1]}, …, {value[-1]}], {len(value)} in all"
    return setting(value)


def ran(row: dict[str, Any]) -> int:
    """How many seeds of a row have been run."""
    return max((len(values) for values in (row.get("figures") or {}).values() if isinstance(values, list)), default=0)


def spread(values: Any) -> str:
    """Least to greatest of the seeds, and how many of them are no number; a dash where there is nothing."""
    values = values if isinstance(values, list) else [values] if values is not None else []
    if not values:
        return "–"
    if any(isinstance(value, str | bool) for value in values):
        return ", ".join(dict.fromkeys(setting(value) for value in values))
    known = [value for value in values if value is not None]
    if not known:
        return "not a number"
    low, high = number(min(known)), number(max(known))
    text = low if low == high else f"{low} to {high}"
    return text if len(known) == len(values) else f"{text}; {len(values) - len(known)} of {len(values)} not a number"
