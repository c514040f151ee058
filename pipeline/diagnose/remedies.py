"""From a finding to what a reader can do: the parameters to set, and the command that tries it."""

from __future__ import annotations

import json
import shlex
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from pipeline.common.numbers import significant
from pipeline.diagnose.rules import Finding


@cache
def explanations() -> dict[str, dict[str, str]]:
    """Explanation, title and address of the reference, and what to do by hand, per code."""
    text = Path(__file__).with_name("explanations.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


def told(finding: Finding, name: str, experiment: dict[str, Any]) -> dict[str, Any]:
    """A finding as the report and docs/files.md have it.

    Args:
        finding: what a rule gave.
        name: of the experiment.
        experiment: its settings, complete, and `options`, the names that its builder takes.
    """
    about = explanations()[finding.code]
    changes = settings(finding.change, name, experiment)
    return {
        "code": finding.code,
        "weight": "cause" if finding.cause else "symptom",
        "evidence": significant(finding.evidence, 4),
        "explanation": about["explanation"],
        "reference": {"title": about["title"], "url": about["url"]},
        "remedy": {"set": changes, "command": command(changes, name)} if changes else None,
        "advice": about.get("advice"),
    }


def settings(change: dict[str, Any], name: str, experiment: dict[str, Any]) -> dict[str, Any]:
    """The dotted parameters of params.yaml that a change sets; options that the builder does not take are left out."""
    places = {"dataset": f"datasets.{experiment['dataset']}", "experiment": f"experiments.{name}"}
    found = {}
    for key, value in change.items():
        level, rest = key.split(".", 1)
        if rest.startswith("architecture.") and rest.split(".")[1] not in experiment["options"]:
            continue
        found[f"{places[level]}.{rest}"] = value
    return found


def command(changes: dict[str, Any], name: str) -> str:
    """What to type. `++` sets a key whether or not params.yaml spells it out."""
    given = [f"-S {shlex.quote(f'++{key}={_text(value)}')}" for key, value in changes.items()]
    return " ".join(["dvc exp run", *given, f"evaluate@{name}"])


def _text(value: Any) -> str:
    """A value in the grammar of `dvc exp run -S`."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_text(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    return value if isinstance(value, str) else json.dumps(value)
