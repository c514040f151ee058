"""The benchmarks: each bar with its figure, as `make bench` measured it last."""

from __future__ import annotations

from pathlib import Path
from typing import Any

FILE = Path("benchmarks/results/benchmarks.json")
COMMAND = "`make bench`"
_MET = {
    "True": {"chip": "met", "tone": "good"},
    "False": {"chip": "not met", "tone": "bad"},
    "None": {"chip": "not measured", "tone": "unknown"},
}


def section(results: dict[str, Any] | None) -> dict[str, Any]:
    """Return the bars as texts, or why there are none.

    Args:
        results: Output of `python -m benchmarks`, or None.
    """
    bars = (results or {}).get("bars") or []
    measured = [row for row in bars if row["met"] is not None]
    met = sum(row["met"] for row in measured)
    return {
        "missing": "" if bars else f"Not measured yet: run {COMMAND}.",
        "summary": f"{met} of {len(measured)} bars are met." if measured else "",
        "command": COMMAND,
        "rows": [
            {
                "what": row["what"],
                "against": row["against"] or "–",
                "bar": row["bar"],
                "figure": row["figure"] or "–",
                "met": _MET[str(row["met"])],
            }
            for row in bars
        ],
    }
