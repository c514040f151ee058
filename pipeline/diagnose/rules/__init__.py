"""Findings: one rule per code, each a function from facts to evidence. In the order in which they are reported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from pipeline.diagnose.assessment import Facts, Standing

Evidence = dict[str, Any]


@dataclass
class Finding:
    """One thing that was found.

    Attributes:
        code: one of the fixed codes.
        cause: whether it can be why a network does not learn, or is only what one sees of it.
        evidence: numbers and names.
        change: what to set, `{key: value}`; a key begins with `dataset.` or `experiment.` in place of a name's path.
    """

    code: str
    cause: bool
    evidence: Evidence
    change: dict[str, Any] = field(default_factory=dict)


Rule = Callable[[Facts, Standing], Finding | None]


def findings(facts: Facts, standing: Standing) -> list[Finding]:
    """Apply every rule."""
    from pipeline.diagnose.rules import network, outcome, rows, training

    every = (*rows.RULES, *network.RULES, *training.RULES, *outcome.RULES)
    found = [finding for rule in every if (finding := rule(facts, standing))]
    return sorted(found, key=lambda one: not one.cause)
