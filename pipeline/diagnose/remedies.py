"""From a finding to its entry in the report: explanation, parameters to set, and the command that tries them."""

from __future__ import annotations

import json
import shlex
from typing import Any

from pipeline.common import training
from pipeline.common.numbers import significant
from pipeline.diagnose.facts import Experiment
from pipeline.diagnose.rules import RULES, Evidence


def as_entry(code: str, evidence: Evidence, experiment: Experiment) -> dict[str, Any]:
    """A finding in the form of docs/files.md.

    Args:
        code: of the finding.
        evidence: as its rule returned it.
        experiment: that it was found in.
    """
    rule = RULES[code]
    title, url = rule.reference
    changes = settings(evidence.change, experiment)
    return {
        "code": code,
        "weight": "cause" if rule.cause else "symptom",
        "evidence": significant(evidence.values, 4),
        "explanation": rule.explanation,
        "reference": {"title": title, "url": url},
        "remedy": {"set": changes, "command": command(changes, experiment.name)} if changes else None,
        "advice": rule.advice,
    }


def settings(change: dict[str, Any], experiment: Experiment) -> dict[str, Any]:
    """The dotted parameters of params.yaml that a change sets, without options that the builder does not take."""
    places = {"dataset": f"datasets.{experiment.dataset}", "experiment": f"experiments.{experiment.name}"}
    changes = {}
    for key, value in change.items():
        level, rest = key.split(".", 1)
        if rest.startswith("architecture.") and rest.split(".")[1] not in experiment.options:
            continue
        if rest == "training.learning_rate":  # the greatest one of a schedule
            rest = f"training.{training.rate_key(experiment.training)}"
        changes[f"{places[level]}.{rest}"] = value
    return changes


def command(changes: dict[str, Any], name: str) -> str:
    """The command line that tries them. `++` sets a key whether or not params.yaml has it."""
    given = [f"-S {shlex.quote(f'++{key}={_text(value)}')}" for key, value in changes.items()]
    return " ".join(["dvc exp run", *given, f"evaluate@{name}"])


def _text(value: Any) -> str:
    """A value in the grammar of `dvc exp run -S`."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_text(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    return value if isinstance(value, str) else json.dumps(value)
