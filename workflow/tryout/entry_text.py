"""The three entries of params.yaml as text, each setting with its reason behind it."""

from __future__ import annotations

from typing import Any

from pipeline.report.wording import setting
from workflow.tryout.proposal import Proposal

MARK = "`make try`"
_FLOW = 70  # columns up to which a list or a mapping is in one line: DVC breaks longer ones where it writes the file
# The choice that a key comes from, where its name is another.
_CHOICES = {"time": "time", "features": "inputs", "length": "window", "epochs": "training"}


def written(name: str, source: str, origin: str, proposal: Proposal) -> str:
    """Return a text with the entries `series.NAME`, `datasets.NAME` and `experiments.NAME`.

    Args:
        name: of all three.
        source: path of the rows.
        origin: where they come from, for a comment.
        proposal: their settings.
    """
    reasons = proposal.reasons | {"source": origin}
    series = {"source": source} | proposal.series
    dataset = {"series": name} | proposal.dataset
    experiment = {"dataset": name} | proposal.experiment
    lines: list[str] = []
    for level, entry in (("series", series), ("datasets", dataset), ("experiments", experiment)):
        lines += [f"{level}:", f"  {name}:  # {MARK}; `make forget NAME={name}` undoes it"]
        lines += _lines(entry, 4, reasons)
    return "\n".join(lines) + "\n"


def _lines(entry: dict[str, Any], indent: int, reasons: dict[str, str]) -> list[str]:
    lines = []
    for key, value in entry.items():
        head = f"{' ' * indent}{setting(key)}:"
        why = reasons.get(_CHOICES.get(key, key), "")
        comment = f"  # {_short(why)}" if why else ""
        if isinstance(value, dict) and (key in ("window", "training") or len(f"{head} {setting(value)}") > _FLOW):
            lines += [head + ("" if key in ("window", "training") else comment), *_lines(value, indent + 2, reasons)]
        elif isinstance(value, list) and len(f"{head} {setting(value)}") > _FLOW:
            lines += [head + comment, *(f"{' ' * indent}- {setting(item)}" for item in value)]
        else:
            lines.append(f"{head} {setting(value)}{comment}")
    return lines


def _short(reason: str) -> str:
    text = " ".join(reason.split())
    return text if len(text) <= 160 else text[:157] + "…"
