"""Where an experiment stands: is there a signal, was it learned, is the network able to learn one at all?

These few answers are what the verdict is made of, and what tells a rule whether a peculiarity matters: a gradient that
fades over a hundred steps is no fault of a network that learned what the references find.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

Facts = dict[str, Any]


@cache
def thresholds() -> dict[str, float]:
    """Every threshold by its name."""
    text = Path(__file__).with_name("thresholds.yaml").read_text(encoding="utf-8")
    return {name: float(entry["value"]) for name, entry in yaml.safe_load(text).items()}


def limit(name: str) -> float:
    """One threshold."""
    return thresholds()[name]


@dataclass(frozen=True)
class Standing:
    """What the measurements say about the three questions; None is 'cannot tell'.

    Attributes:
        broken: some seed's loss, weights or predictions are no numbers.
        signal: a reference model has skill on windows it has not seen, against the best naive forecast; False only
            where their intervals leave no room for much of it.
        reference: that skill.
        learned: the network has skill on windows it was not trained on.
        skill: that skill, over all seeds.
        behind: the references reach much more than the network.
        train_skill: against a constant answer on the training windows, the middle seed's.
        able: the network learned a planted signal in a short training.
        trouble: something keeps the network from what there is to learn.
    """

    broken: bool
    signal: bool | None
    reference: float | None
    learned: bool | None
    skill: float | None
    behind: bool
    train_skill: float | None
    able: bool | None
    trouble: bool


def of(facts: Facts) -> Standing:
    """Read the three answers off the facts."""
    broken = not all(run["weights_finite"] and not run["nonfinite"] for run in facts["course"].values())
    broken = broken or not all(one["train"]["finite"] for one in facts["outcome"]["seeds"].values())
    reference = best_reference(facts)
    signal = None
    if reference is not None and reference["low"] is not None:
        signal = reference["low"] > 0 and reference["skill"] > limit("least_skill")
        # Too few windows to rule a good part of skill out are no evidence of anything.
        if not signal and max(side["high"] or 0.0 for side in references(facts)) > limit("ruled_out"):
            signal = None
    best = reference["skill"] if reference and signal else None
    unseen = held(facts)
    learned = None
    if broken:
        learned = False
    elif unseen and unseen["low"] is not None:
        learned = unseen["low"] > 0 and unseen["skill"] > limit("least_skill")
        # What a training on shuffled targets reaches as well was not learned from the inputs.
        shuffled = (facts["controls"].get("shuffled") or {}).get("skill")
        if learned and shuffled is not None and shuffled >= max(unseen["constant_skill"], limit("least_skill")):
            learned = None
    fitted = middle([one["train"].get("constant_skill") for one in facts["outcome"]["seeds"].values()])
    if not broken and fitted is not None and fitted < limit("fitted") and not learned:
        learned = False
    own = unseen["skill"] if unseen and not broken else None
    behind = bool(signal and best is not None and (own is None or own < limit("behind") * best))
    share = (facts["controls"].get("planted") or {}).get("share")
    able = None if share is None else share >= limit("planted_share")
    trouble = broken or behind or (learned is not True and able is False)
    return Standing(broken, signal, best, learned, own, behind, fitted, able, trouble)


def held(facts: Facts) -> dict[str, Any] | None:
    """Skill of the network on windows it was not trained on: validation, or the held-back control."""
    found = facts["outcome"]["all"]["held"] or facts["controls"].get("held_back")
    return found if found and found.get("skill") is not None else None


def best_reference(facts: Facts) -> dict[str, Any] | None:
    """The reference model with the greater skill, of those that have an interval."""
    known = references(facts)
    # Of two the one that is surely above zero counts, for the other may owe its figure to luck.
    return max(known, key=lambda side: ((side["low"] or -1.0) > 0, side["skill"])) if known else None


def references(facts: Facts) -> list[dict[str, Any]]:
    """The reference models that have a skill."""
    sides = [facts["references"].get(name) for name in ("linear", "trees")]
    return [side for side in sides if side and side.get("skill") is not None]


def middle(values: list[float | None]) -> float | None:
    """Median of those that are known."""
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None
