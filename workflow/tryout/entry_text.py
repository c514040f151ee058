"""The three entries of params.yaml as text, each setting with its reason behind it."""

from __future__ import annotations

from typing import Any

from pipeline.report.wording import setting
from workflow.params_form import formed
from workflow.tryout.proposal import Proposal

MARK = "`make try`"
# The choice that a key comes from, where its name is another.
_CHOICES = {"time": "time", "features": "inputs", "length": "window", "epochs": "training"}


def written(name: str, source: str, origin: str, proposal: Proposal, mark: str = MARK) -> str:
    """Return a text with the entries `series.NAME`, `datasets.NAME` and `experiments.NAME`, in DVC's form.

    Args:
        name: of all three.
        source: path of the rows.
        origin: where they come from, for a comment.
        proposal: their settings.
        mark: the command that made them, for a comment.
    """
    reasons = proposal.reasons | {"source": origin}
    series = {"source": source} | proposal.series
    dataset = {"series": name} | proposal.dataset
    experiment = {"dataset": name} | proposal.experiment
    lines: list[str] = []
    for level, entry in (("series", series), ("datasets", dataset), ("experiments", experiment)):
        lines += [f"{level}:", f"  {name}:  # {mark}; `make forget NAME={name}` undoes it"]
        lines += _lines(entry, 4, reasons)
    return formed("\n".join(lines) + "\n")


def _lines(entry: dict[str, Any], indent: int, reasons: dict[str, str]) -> list[str]:
    lines = []
    for key, value in entry.items():
        head = f"{' ' * indent}{setting(key)}:"
        kind = key == "target" and isinstance(value, dict)  # of the window, not the column
        why = reasons.get("task" if kind else _CHOICES.get(key, key), "")
        if key in ("window", "training"):
            lines += [head, *_lines(value, indent + 2, reasons)]
        else:
            lines.append(f"{head} {setting(value)}" + (f"  # {_short(why)}" if why else ""))
    return lines


def _short(reason: str) -> str:
    text = " ".join(reason.split())
    return text if len(text) <= 160 else text[:157] + "…"
