"""One word over all folds and seeds, and the sentences with the numbers behind it."""

from __future__ import annotations

import math
from collections.abc import Collection

from pipeline.diagnose import limits
from pipeline.diagnose.assessment import Assessment, better_reference, median
from pipeline.diagnose.facts import Facts
from pipeline.diagnose.facts.unseen import Against, Naive, Networks, Unseen
from pipeline.scoring import words

VERDICTS = (
    "learning",
    "behind",
    "no_evidence_of_signal",
    "not_learning",
    "overfitting",
    "numerical_failure",
    "undetermined",
)
# Verdicts beside which nothing needs a cause: a finding is a note there.
NEEDS_NO_CAUSE = ("learning", "no_evidence_of_signal")
# Numbers from here on have three digits instead of three decimals.
_DECIMALS = 10
_MODELS = {"linear": "a linear model", "trees": "boosted trees"}


def decide(assessment: Assessment, codes: Collection[str]) -> str:
    """Return the verdict, given the codes of all findings.

    The trained networks are judged on windows that they were not trained on. `learning`: better than the best naive
    forecast, or as good as one that shows a signal, and not far behind a reference model. `behind`: better than a
    constant, but far behind. `not_learning`: no better than a constant although there is a signal, or `overfitting`
    where the training windows are fitted far better. `no_evidence_of_signal`: neither the references nor the network
    find anything.
    """
    if assessment.nonfinite:
        return "numerical_failure"
    some = bool(assessment.learned or assessment.ahead)
    if assessment.learned is None and not some and not assessment.behind:
        return "undetermined"
    if some and not assessment.behind:
        return _keeps_up(assessment)
    memorised = "overfitting" in codes and (assessment.train_skill or 0.0) > limits.GAP.value
    if assessment.signal and assessment.beaten and memorised:
        return "overfitting"
    # Without an interval, as on a few slow windows, the skill itself says whether there is any.
    if some or (assessment.learned is None and (assessment.above_constant or 0.0) > 0):
        return "behind"
    if assessment.learned is None:
        return "not_learning" if assessment.signal or assessment.hint else "undetermined"
    if assessment.signal:
        return "not_learning" if assessment.beaten else "undetermined"
    return "undetermined" if assessment.signal is None else "no_evidence_of_signal"


def _keeps_up(assessment: Assessment) -> str:
    """Return the verdict of a network that is better than a constant and not behind."""
    if assessment.ahead or (assessment.naive_signal and assessment.even):
        return "learning"
    if assessment.reference is not None:
        enough = (assessment.skill or 0.0) >= limits.BEHIND.value * assessment.reference
        return "learning" if enough else "undetermined"
    # A level without more: the network repeats it, as the best naive forecast does.
    return "undetermined" if assessment.signal is not False else "no_evidence_of_signal"


def reasons(facts: Facts, assessment: Assessment) -> list[str]:
    """Sentences with the numbers behind the verdict; each number names its part, folds and windows."""
    sentences, unseen, controls = [], facts.unseen, facts.controls
    where = place(facts)
    if assessment.nonfinite:
        sentences.append("At least one seed has NaN or infinite weights, losses or predictions.")
    networks, naive = unseen.networks, unseen.naive
    if networks and networks.unanswered > 0:
        left = "" if assessment.nonfinite else ", and are left out"
        sentences.append(f"{networks.unanswered:.1%} of {where} have no finite prediction{left}.".replace("%", " %"))
    if networks and naive and not assessment.nonfinite:
        sentences.append(_network(unseen, networks, naive, where))
        if assessment.ahead and (assessment.skill or 0.0) < limits.SMALL_SKILL.value:
            sentences.append(_small(facts, assessment.skill or 0.0))
    elif unseen.over_budget:
        sentences.append(
            f"There is no validation part, and a second training of {unseen.updates or 0:,} updates is estimated to "
            f"take {_n(unseen.seconds)} s of processor time, more than `diagnosis.second_training` allows."
        )
    if (
        unseen.networks
        and unseen.naive
        and unseen.networks.against_naive.low is None
        and unseen.windows < unseen.needed
    ):
        shared = f", which share target rows {unseen.overlap} in a row" if unseen.overlap > 1 else ""
        sentences.append(f"An interval needs {unseen.needed} windows{shared}; there are {unseen.windows}.")
    same = "the same windows" if networks and naive and not assessment.nonfinite else where
    best = better_reference(unseen)
    if best and naive:
        verb = "have" if best[0] == "trees" else "has"
        sentences.append(
            f"On {same}, {_MODELS[best[0]]} {verb} skill {_n(best[1].skill)}{_within(best[1])} against "
            f"{naive_name(unseen)}."
        )
    if naive and naive.against_constant.skill:
        side = naive.against_constant
        sentences.append(
            f"On {same}, the skill of {naive_name(unseen)} against a constant is {_n(side.skill)}{_within(side)}."
        )
    if assessment.train_skill is not None:
        sentences.append(_trained(facts, assessment.train_skill))
    planted = controls.planted
    if planted and planted.share is not None:
        able = "can" if planted.share >= limits.PLANTED_SHARE.value else "does not"
        sentences.append(
            f"The network {able} learn: an artificial signal in {_counted(planted.windows)}training windows of the "
            f"first fold is recovered to {100 * planted.share:.1f} % in {planted.steps} steps. The pass mark is "
            f"{100 * limits.PLANTED_SHARE.value:.0f} %.".replace("-", "−")
        )
    real, zeroed, shuffled = controls.real, controls.zeroed, controls.shuffled
    if real and zeroed and shuffled and real.skill is not None and real.steps >= limits.SHOWN_STEPS.value:
        sentences.append(
            f"A control of {real.steps} steps reaches skill {_n(real.skill)} against a constant on "
            f"{_counted(real.windows)}training windows of the first fold, {_n(zeroed.skill)} if all inputs are zero, "
            f"and {_n(shuffled.skill)} if the targets are shuffled."
        )
    return sentences


def _small(facts: Facts, skill: float) -> str:
    """Say how small a signal is, and what it is worth."""
    text = f"That is a small signal: {100 * skill:.2g} % of the naive forecast's loss on these windows"
    if facts.data.kind is None:
        # The loss is a mean of squares, of which the typical error is the root.
        return f"{text}, so that a typical error (RMSE) is {100 * (1 - math.sqrt(1 - skill)):.2g} % smaller."
    # Of the first fold's validation windows, which are these windows if there is one fold.
    known = [seed.held for seed in facts.outcome.seeds.values() if seed.held and facts.unseen.folds == 1]
    own, most = median([each.accuracy for each in known]), median([each.majority for each in known])
    if own is None or most is None:
        return f"{text}."
    return f"{text}. Accuracy is {own:.3f} there; the most frequent class gets {most:.3f}."


def place(facts: Facts) -> str:
    """Name the unseen windows: part, folds and number."""
    unseen = facts.unseen
    windows = f"{unseen.windows:,} validation window{'' if unseen.windows == 1 else 's'}"
    if unseen.part != "validation":
        windows = f"the last {unseen.windows:,} training window{'' if unseen.windows == 1 else 's'}"
        if facts.settings.split.get("scheme") in ("expanding", "sliding"):
            windows += " of the first fold"
    return f"{windows} of {unseen.folds} folds" if unseen.folds > 1 else windows


def naive_name(unseen: Unseen) -> str:
    """Name the best naive forecast in words."""
    return words.noun(unseen.naive.name if unseen.naive else "", unseen.classes)


def _network(unseen: Unseen, networks: Networks, best: Naive, where: str) -> str:
    trained = ""
    if unseen.updates is not None:
        trained = f", after a second training of {unseen.updates:,} updates on the others,"
    naive, constant = networks.against_naive, networks.against_constant
    if naive.skill is None:
        return (
            f"On {where}, {naive_name(unseen)} makes no error. There{trained} the network has skill "
            f"{_n(constant.skill)}{_within(constant)} against a constant."
        )
    first = f"On {where}{trained} the network has skill {_n(naive.skill)}{_within(naive)} against {naive_name(unseen)}"
    if best.name in ("train_mean", "majority"):
        return f"{first}."
    return f"{first}, and {_n(constant.skill)}{_within(constant)} against a constant."


def _trained(facts: Facts, skill: float) -> str:
    unseen = facts.unseen
    if unseen.train_windows is None or unseen.train_skill is None:
        count = f"{facts.data.windows.train:,}"
        return f"On {count} training windows of the first fold the network has skill {_n(skill)} against a constant."
    folds = f" of {unseen.folds} folds" if unseen.folds > 1 else ""
    return f"On {unseen.train_windows:,} training windows{folds} the network has skill {_n(skill)} against a constant."


def cannot_tell(facts: Facts, assessment: Assessment) -> list[str]:
    """Questions that the facts of this experiment leave open."""
    sentences, unseen = [], facts.unseen
    if unseen.part != "validation" and unseen.networks:
        sentences.append(
            "There is no validation part. The network's skill is that of a second training of the first seed, of the "
            "same settings and as many updates, on the first nine tenths of the training windows."
        )
    if unseen.recalibrated:
        sentences.append(
            "The training loss distorts probabilities on purpose. They are judged after a logistic regression on the "
            "training windows has mapped them back; the scores in the report are of the probabilities themselves."
        )
    if unseen.part != "validation" and not unseen.networks:
        sentences.append("There is no validation part, and no second training: the trained network is not judged.")
    if assessment.signal is False:
        sentences.append(
            "A linear model and boosted trees find no signal. That does not prove that there is none: they would miss "
            "one that is weaker than their intervals are wide, or of a form that neither can represent."
        )
    if assessment.signal is False and assessment.learns_planted_signal is False and not assessment.learned:
        sentences.append("This network could not have shown a signal: it learns no planted one in as many steps.")
    if facts.data.windows.train < limits.FEW_WINDOWS.value:
        sentences.append("There are few training windows, so every interval is wide.")
    return sentences


def _counted(windows: int | None) -> str:
    return "" if windows is None else f"{windows:,} "


def _n(value: float | None) -> str:
    if value is not None and value < limits.LEAST_SHOWN.value:
        return f"below {limits.LEAST_SHOWN.value:,.0f}".replace("-", "−")
    if value is None:
        return "unknown"
    return (f"{value:.3f}" if abs(value) < _DECIMALS else f"{value:.3g}").replace("-", "−").replace("−0.000", "0.000")


def _within(side: Against) -> str:
    return f" ({_n(side.low)} to {_n(side.high)})" if side.low is not None else ""
