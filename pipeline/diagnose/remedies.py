"""From a finding to its entry in the report: explanation, parameters to set, and the command that tries them."""

from __future__ import annotations

import json
import shlex
from typing import Any

from pipeline.common import training
from pipeline.common.numbers import significant
from pipeline.diagnose.facts import Facts
from pipeline.diagnose.rules import RULES, Evidence
from pipeline.diagnose.verdict import NEEDS_NO_CAUSE

# Settings that windows which came in a file do not have.
_NOT_OF_GIVEN = ("dataset.split.", "dataset.window.", "dataset.scaling.window")


def as_entry(code: str, evidence: Evidence, facts: Facts, verdict: str) -> dict[str, Any]:
    """A finding in the form of docs/files.md.

    Args:
        code: of the finding.
        evidence: as its rule returned it.
        facts: of the experiment that it was found in.
        verdict: beside which a cause may be no more than a note.
    """
    rule = RULES[code]
    title, url = rule.reference
    changes = settings(evidence.change, facts)
    cause = "note" if verdict in NEEDS_NO_CAUSE else "cause"
    return {
        "code": code,
        "weight": cause if rule.cause else "symptom",
        "evidence": significant(evidence.values, 4),
        "worth": significant(evidence.worth, 2),
        "explanation": rule.explanation,
        "reference": {"title": title, "url": url},
        "remedy": {"set": changes, "command": command(changes, facts, code)} if changes else None,
        "advice": rule.advice,
    }


def settings(change: dict[str, Any], facts: Facts) -> dict[str, Any]:
    """The dotted parameters of params.yaml that a change sets.

    Options that the builder does not take are left out, and so are values that are set already, what a file of windows
    decides, and a scaling of each window for values of its last row, which would need the target's past.
    """
    experiment, window = facts.experiment, facts.settings.window
    same_row = window.get("horizon") == 0 and window["target"]["kind"] == "value"
    places = {"dataset": f"datasets.{experiment.dataset}", "experiment": f"experiments.{experiment.name}"}
    changes = {}
    for key, value in change.items():
        level, rest = key.split(".", 1)
        if rest.startswith("architecture.") and rest.split(".")[1] not in experiment.options:
            continue
        if facts.settings.split.get("scheme") == "given" and key.startswith(_NOT_OF_GIVEN):
            continue
        if rest == "scaling.window" and same_row:
            continue
        if rest == "training.learning_rate":  # the greatest one of a schedule
            rest = f"training.{training.rate_key(experiment.training)}"
        current = _current(rest, facts)
        # A setting of several keys is set already if no key that is named differs.
        if (current | value if isinstance(current, dict) and isinstance(value, dict) else value) != current:
            changes[f"{places[level]}.{rest}"] = value
    return changes


def by_hand(change: dict[str, Any], facts: Facts, place: str) -> dict[str, Any]:
    """The part of a change that no parameter makes.

    Args:
        change: as in `Evidence.change`.
        facts: of the experiment.
        place: `architecture`, for options that the network's builder does not take; `window`, for what windows that
            came in a file decide.

    Returns:
        Values by their keys within the place.
    """
    given = facts.settings.split.get("scheme") == "given"
    left = {}
    for key, value in change.items():
        _, own, rest = key.split(".", 2)
        lacks = rest.split(".")[0] not in facts.experiment.options if own == "architecture" else given
        if own == place and lacks:
            left[rest] = value
    return left


def _current(key: str, facts: Facts) -> Any:
    """The value of a setting, without the first word of its path; None where it is not set."""
    value: Any = {
        **vars(facts.settings),
        "architecture": facts.experiment.architecture,
        "training": facts.experiment.training,
    }
    for word in key.split("."):
        value = value.get(word) if isinstance(value, dict) else None
    return value


def command(changes: dict[str, Any], facts: Facts, suffix: str) -> str:
    """The command line that tries them, up to the experiment's page, and saves the result as `NAME_SUFFIX`.

    `++` sets a key whether or not params.yaml has it. Of a value that params.yaml gives per size, only that of the size
    of the facts is set.
    """
    name = facts.experiment.name
    given = [f"-S {shlex.quote(f'++{_sized(key, facts)}={text(value)}')}" for key, value in changes.items()]
    return " ".join([f"dvc exp run -n {name}_{suffix}", *given, f"page@{name}"])


def _sized(key: str, facts: Facts) -> str:
    """Return a dotted path with the size behind the part of it that is per size."""
    for place in facts.experiment.per_size:
        if key == place or key.startswith(f"{place}."):
            return f"{place}.{facts.experiment.size}{key[len(place) :]}"
    return key


def text(value: Any) -> str:
    """A value in the grammar of `dvc exp run -S`."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {text(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(text, value)) + "]"
    return value if isinstance(value, str) else json.dumps(value)
