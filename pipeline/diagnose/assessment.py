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
from pipeline.diagnose.facts.unseen import Against, Unseen

# Naive forecasts that know no more than a level, or that repeat the last value of a series without one.
_CONSTANT = ("train_mean", "majority")
_ECHO = ("persistence", "drift")


@dataclass(frozen=True)
class Assessment:
    """Answers to the three questions; None means that the facts do not decide.

    Attributes:
        nonfinite: some seed has NaN or infinite losses, weights or predictions.
        signal: a reference model is better than the best naive forecast on unseen windows, or that forecast itself
            shows a signal; False only where the references' intervals exclude much of one.
        naive_signal: the best naive forecast is better than a constant, and no mere echo.
        hint: a reference model is better than the best naive forecast with a p-value below a weaker level.
        reference: skill of the better reference model against the best naive forecast; None where it has none.
        learned: the network is better than a constant answer on windows that it was not trained on.
        skill: its skill against the best naive forecast there, over all seeds.
        above_constant: its skill against a constant answer there, over all seeds.
        ahead: it is better than the best naive forecast; where no reference points that way, it must be surer.
        even: it is hardly worse than the best naive forecast, or explains nearly everything, as that one does.
        beaten: it is worse than a reference model that finds a signal, or than a naive forecast that shows one.
        behind: it is far behind a reference model, or worse than a naive forecast by more than noise costs.
        train_skill: skill against a constant answer on windows that it was trained on.
        learns_planted_signal: the network learned a planted signal in a short training.
        below_what_is_learnable: something keeps the network from learning what there is to learn.
    """

    nonfinite: bool
    signal: bool | None
    naive_signal: bool
    hint: bool
    reference: float | None
    learned: bool | None
    skill: float | None
    above_constant: float | None
    ahead: bool
    even: bool
    beaten: bool
    behind: bool
    train_skill: float | None
    learns_planted_signal: bool | None
    below_what_is_learnable: bool


def assess(facts: Facts) -> Assessment:
    """Answer the three questions from the facts."""
    nonfinite, unseen = _nonfinite(facts), facts.unseen
    naive_signal = _naive_signal(unseen)
    better = [each for each in references(unseen) if _above(each, limits.REFERENCE_LEVEL.value)]
    signal: bool | None = bool(better) or naive_signal
    # Too few windows to exclude a useful skill are evidence of nothing.
    if not signal and not _ruled_out(unseen):
        signal = None
    reference = max((each.skill or 0.0 for each in better), default=None)
    hint = any(_points_up(each) for each in references(unseen))
    networks = None if nonfinite else unseen.networks
    learned, ahead, even, beaten, behind = (False if nonfinite else None), False, False, nonfinite, False
    if networks:
        learned = _beats_constant(unseen, networks.against_constant)
        ahead = _above(networks.against_naive, None if hint else limits.ALONE_LEVEL.value)
        skill, close = networks.against_naive.skill, _nearly_all(unseen)
        # No skill is defined against a naive forecast without any error: only next to none is as good.
        worse = _below(networks.against_naive) or _many_times(unseen) or (skill is None and not close)
        even = close or (skill is not None and skill >= -limits.NOISE_COST.value)
        beaten = (bool(better) and any(below for _, below in _directly(unseen))) or (naive_signal and worse)
        behind = _behind_reference(unseen) or (worse and _material(unseen, bool(signal)))
        behind = behind and not close
    fitted = unseen.train_skill
    if fitted is None:
        fitted = median([seed.train.constant_skill for seed in facts.outcome.seeds.values()])
    share = facts.controls.planted.share if facts.controls.planted else None
    able = None if share is None else share >= limits.PLANTED_SHARE.value
    below = nonfinite or behind or (learned is not True and (bool(signal) or able is False))
    return Assessment(
        nonfinite,
        signal,
        naive_signal,
        hint,
        reference,
        learned,
        networks.against_naive.skill if networks else None,
        networks.against_constant.skill if networks else None,
        ahead,
        even,
        beaten,
        behind,
        fitted,
        able,
        below,
    )


def references(unseen: Unseen) -> list[Against]:
    """Skill of the reference models that have one against the best naive forecast."""
    return [each for each in (unseen.linear, unseen.trees) if each and each.skill is not None]


def better_reference(unseen: Unseen) -> tuple[str, Against] | None:
    """Name and skill of the better reference: one whose interval is above zero before one that may owe it to luck."""
    both = (("linear", unseen.linear), ("trees", unseen.trees))
    known = [(name, each) for name, each in both if each and each.skill is not None]
    return max(known, key=lambda pair: (_above(pair[1]), pair[1].skill or 0.0), default=None)


def _nonfinite(facts: Facts) -> bool:
    if any(run.nonfinite or not run.weights_finite for run in facts.course.values()):
        return True
    if not all(seed.train.finite for seed in facts.outcome.seeds.values()):
        return True
    networks = facts.unseen.networks
    return bool(networks and networks.unanswered > limits.UNANSWERED.value)


def _beats_constant(unseen: Unseen, side: Against) -> bool | None:
    """Whether a forecast is better than a constant answer; None where nothing decides.

    The loss of a constant is that of the series' level, which wanders: the windows of a slow series or a trend are
    worth a few independent ones only. There a much smaller loss decides, and a somewhat smaller one decides nothing.
    """
    if _above(side) or _wide(unseen, side):
        return True
    return None if side.low is None or (side.skill or 0.0) > limits.SOME_SKILL.value else False


def _wide(unseen: Unseen, side: Against) -> bool:
    """Whether a skill is large on enough windows, though its interval may be too wide to decide."""
    return (side.skill or 0.0) > limits.LARGE_SKILL.value and unseen.windows >= unseen.needed


def _naive_signal(unseen: Unseen) -> bool:
    """Whether the best naive forecast shows a signal: a season, or a level that the last value is near."""
    naive = unseen.naive
    if naive is None or naive.name in _CONSTANT:
        return False
    # The best of several is better than a constant by chance more often than one.
    sure = _above(naive.against_constant, limits.ALONE_LEVEL.value)
    if not sure and not _wide(unseen, naive.against_constant):
        return False
    if naive.name not in _ECHO or unseen.classes:
        return True
    return naive.unit_root is not None and naive.unit_root < limits.UNIT_ROOT.value


def _ruled_out(unseen: Unseen) -> bool:
    """Whether the references' intervals exclude a useful skill."""
    highs = [each.high for each in references(unseen)]
    return bool(highs) and all(high is not None and high <= limits.RULED_OUT.value for high in highs)


def _directly(unseen: Unseen) -> list[tuple[float, bool]]:
    """Skill of each reference model that finds a signal, and whether the network is worse by its interval."""
    networks = unseen.networks
    if networks is None:
        return []
    both = ((unseen.linear, networks.against_linear), (unseen.trees, networks.against_trees))
    return [
        (each.skill, direct is not None and _below(direct))
        for each, direct in both
        if each and each.skill is not None and _above(each, limits.REFERENCE_LEVEL.value)
    ]


def _behind_reference(unseen: Unseen) -> bool:
    """Whether the network has less than half of a reference model's skill, and is worse by its interval."""
    own = unseen.networks.against_naive.skill if unseen.networks else None
    known = [skill for skill, below in _directly(unseen) if below]
    return own is not None and any(own < limits.BEHIND.value * skill for skill in known)


def _many_times(unseen: Unseen) -> bool:
    """Whether the network's loss is many times that of the best naive forecast, however wide the interval.

    Errors that grow with a trend are worth a few independent windows only.
    """
    skill = unseen.networks.against_naive.skill if unseen.networks else None
    return skill is not None and skill < -limits.MANY_TIMES.value and unseen.windows >= unseen.needed


def _material(unseen: Unseen, signal: bool) -> bool:
    """Whether being worse than the best naive forecast is more than what a training on noise costs.

    It is where the data hold a signal. Where they hold none, a network that starts from the same level is a little
    worse, and only a much larger loss is a fault.
    """
    skill = unseen.networks.against_naive.skill if unseen.networks else None
    return signal or (skill is None or skill < -limits.NOISE_COST.value)


def _nearly_all(unseen: Unseen) -> bool:
    """Whether a season explains nearly everything and the network does too, so that nothing is left to gain.

    The last value may explain as much, if it makes no error at all: nothing is then between the two.
    """
    if unseen.networks is None or unseen.naive is None:
        return False
    if unseen.naive.name in _ECHO and unseen.networks.against_naive.skill is not None:
        return False
    sides = (unseen.networks.against_constant.skill, unseen.naive.against_constant.skill)
    return min(side or 0.0 for side in sides) >= limits.NEARLY_ALL.value


def _above(side: Against, level: float | None = None) -> bool:
    """Whether a skill is above 0 by its 95 % interval, and by a p-value below `level` if given."""
    sure = level is None or (side.p_value is not None and side.p_value < level)
    return side.low is not None and side.low > 0 and sure


def _points_up(side: Against) -> bool:
    """Whether a skill is above 0 with a p-value below the weaker level."""
    return (side.skill or 0.0) > 0 and side.p_value is not None and side.p_value < limits.HINT_LEVEL.value


def _below(side: Against) -> bool:
    return side.high is not None and side.high < 0


def median(values: Sequence[float | None]) -> float | None:
    """Median of the values that are known."""
    known = [value for value in values if value is not None]
    return float(np.median(known)) if known else None
