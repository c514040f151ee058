"""The assessment of an experiment: is there a signal, did the network learn it, and can it learn one at all?

The verdict follows from these answers. Rules also use them to decide whether a peculiarity matters: a gradient that
fades over a hundred steps is no fault of a network that learned the signal.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.diagnose import limits
from pipeline.diagnose.facts import Facts
from pipeline.diagnose.facts.controls import Holdout
from pipeline.diagnose.facts.outcome import Skill
from pipeline.diagnose.facts.references import Reference


@dataclass(frozen=True)
class Assessment:
    """Answers to the three questions; None means that the facts do not decide.

    Attributes:
        nonfinite: some seed has NaN or infinite losses, weights or predictions.
        signal: a reference model has skill on unseen windows, against the best naive forecast; False only where the
            references' intervals exclude much of it.
        reference: that skill.
        learned: the network has skill on windows it was not trained on.
        skill: that skill, over all seeds.
        behind: the references have much more skill than the network.
        train_skill: skill against a constant prediction on the training windows, the median over seeds.
        learns_planted_signal: the network learned a planted signal in a short training.
        below_what_is_learnable: something keeps the network from learning what there is to learn.
    """

    nonfinite: bool
    signal: bool | None
    reference: float | None
    learned: bool | None
    skill: float | None
    behind: bool
    train_skill: float | None
    learns_planted_signal: bool | None
    below_what_is_learnable: bool


def assess(facts: Facts) -> Assessment:
    """Answer the three questions from the facts."""
    controls, trained = facts.controls, [seed.train for seed in facts.outcome.seeds.values()]
    nonfinite = any(run.nonfinite or not run.weights_finite for run in facts.course.values())
    nonfinite = nonfinite or not all(seed.finite for seed in trained)
    reference, signal, best = best_reference(facts), None, None
    if reference and reference.skill is not None and reference.low is not None:
        signal = reference.low > 0 and reference.skill > limits.LEAST_SKILL.value
        # Too few windows to exclude a useful skill are evidence of nothing.
        if not signal and max(each.high or 0.0 for each in references(facts)) > limits.RULED_OUT.value:
            signal = None
        best = reference.skill if signal else None
    unseen, learned = unseen_skill(facts), None
    own = unseen.skill if unseen and not nonfinite else None
    if nonfinite:
        learned = False
    elif unseen and own is not None and unseen.low is not None:
        learned = unseen.low > 0 and own > limits.LEAST_SKILL.value
        # Skill that a training on shuffled targets reaches too was not learned from the inputs.
        chance = controls.shuffled.skill if controls.shuffled else None
        if learned and chance is not None and chance >= max(unseen.constant_skill or 0.0, limits.LEAST_SKILL.value):
            learned = None
    fitted = median([seed.constant_skill for seed in trained])
    if not nonfinite and fitted is not None and fitted < limits.FITTED.value and not learned:
        learned = False
    behind = best is not None and (own is None or own < limits.BEHIND.value * best)
    share = controls.planted.share if controls.planted else None
    able = None if share is None else share >= limits.PLANTED_SHARE.value
    below = nonfinite or behind or (learned is not True and able is False)
    return Assessment(nonfinite, signal, best, learned, own, behind, fitted, able, below)


def unseen_skill(facts: Facts) -> Skill | Holdout | None:
    """Skill of the network on windows it was not trained on: validation, or the control that holds windows out."""
    found = facts.outcome.all.held or facts.controls.held_back
    return found if found and found.skill is not None else None


def best_reference(facts: Facts) -> Reference | None:
    """The better reference model: one whose interval is above zero before one that may owe its skill to luck."""
    known = references(facts)
    return max(known, key=lambda each: ((each.low or -1.0) > 0, each.skill or 0.0), default=None)


def references(facts: Facts) -> list[Reference]:
    """The reference models that have a skill."""
    both = (facts.references.linear, facts.references.trees)
    return [each for each in both if each and each.skill is not None]


def median(values: Sequence[float | None]) -> float | None:
    """Median of the values that are known."""
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None
