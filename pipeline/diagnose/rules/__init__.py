"""Findings: each is one function from facts to evidence, and all that is known about it stands in its decorator.

The function's name is the finding's code, and its docstring how it is detected. docs/findings is made from both
(`python -m tools.findings`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace as Limits
from typing import Any

from pipeline.diagnose.assessment import Assessment
from pipeline.diagnose.facts import Facts
from pipeline.diagnose.limits import Limit


@dataclass(frozen=True)
class Evidence:
    """Evidence of a finding.

    Attributes:
        values: numbers and names, as the report shows them.
        change: settings that may mend it; a key begins with `dataset.` or `experiment.` for the path to either.
        worth: skill that the change is expected to bring, by a control or the course of the loss.
    """

    values: dict[str, Any]
    change: dict[str, Any] = field(default_factory=dict)
    worth: float | None = None


Decide = Callable[[Facts, Assessment, Limits], Evidence | None]
RULES: dict[str, rule] = {}


@dataclass
class rule:
    """Make a function the rule of the finding that bears its name. It gets the values of `limits` as attributes.

    Attributes:
        explanation: what it means and why it matters, for the report.
        reference: title and address of where to read more.
        advice: what no parameter can do.
        limits: every number that facts are compared with, but 0 and 1.
        cause: whether it can be why a network does not learn; otherwise it is a symptom.
        doubt: whether it can be why a network seems to learn.
        fails: whether it can be why a loss, weights or predictions are not finite.
        unless: findings that explain the same: beside one of them this one is not reported.
    """

    explanation: str
    reference: tuple[str, str]
    advice: str | None = None
    limits: dict[str, Limit] = field(default_factory=dict)
    cause: bool = True
    doubt: bool = False
    fails: bool = False
    unless: tuple[str, ...] = ()

    def __call__(self, decide: Decide) -> Decide:
        """Register the function, and return it as it is."""
        self.decide, RULES[decide.__name__] = decide, self
        return decide


def findings(facts: Facts, assessment: Assessment) -> dict[str, Evidence]:
    """Apply every rule; return the evidence by code: causes before symptoms, those of known worth first.

    Where something is not finite, what can be why comes before all else: no other worth counts before that is mended.
    """
    found = {}
    for code, each in RULES.items():
        limits = Limits(**{name: limit.value for name, limit in each.limits.items()})
        if evidence := each.decide(facts, assessment, limits):
            found[code] = evidence
    found = {code: evidence for code, evidence in found.items() if not found.keys() & set(RULES[code].unless)}

    def rank(code: str) -> tuple[bool, bool, bool, float]:
        rule, evidence = RULES[code], found[code]
        fails = assessment.nonfinite and rule.fails
        return not rule.cause, not fails, evidence.worth is None, -(evidence.worth or 0.0)

    return {code: found[code] for code in sorted(found, key=rank)}


# Down here, for these modules use `rule`; in the order of the report.
from pipeline.diagnose.rules import rows, time, targets, heads, network, penalties, training, outcome  # noqa: E402, F401, I001
