"""One word over all seeds, and the sentences with the numbers behind it."""

from __future__ import annotations

from collections.abc import Collection

from pipeline.diagnose import limits
from pipeline.diagnose.assessment import Assessment, best_reference, unseen_skill
from pipeline.diagnose.facts import Facts
from pipeline.diagnose.facts.controls import Holdout
from pipeline.diagnose.facts.outcome import Skill
from pipeline.diagnose.facts.references import Reference
from pipeline.diagnose.rules import RULES

VERDICTS = ("learning", "no_evidence_of_signal", "not_learning", "overfitting", "numerical_failure", "undetermined")


def decide(assessment: Assessment, codes: Collection[str]) -> str:
    """Return the verdict, given the codes of all findings.

    The network is judged on windows it was not trained on. Without skill there it is `not_learning` where a reference
    model finds a signal in the same windows, or where it cannot even learn a planted one; `no_evidence_of_signal` where
    the references find nothing and it learned the planted signal.
    """
    faults = any(RULES[code].cause and code != "overfitting" for code in codes)
    if assessment.nonfinite:
        return "numerical_failure"
    if assessment.learned and not _far_behind(assessment):
        return "learning"
    if assessment.learned is None and assessment.signal is None:
        return "undetermined"
    if assessment.signal:
        memorised = "overfitting" in codes and (assessment.train_skill or 0.0) > limits.GAP.value
        return "overfitting" if memorised else "not_learning"
    if assessment.signal is None:
        return "not_learning" if faults and assessment.learned is False else "undetermined"
    if assessment.learns_planted_signal:
        return "no_evidence_of_signal"
    return "not_learning" if faults else "undetermined"


def reasons(facts: Facts, assessment: Assessment) -> list[str]:
    """Sentences with the numbers behind the verdict."""
    sentences, controls = [], facts.controls
    reference, unseen = best_reference(facts), unseen_skill(facts)
    naive = facts.references.naive.name if facts.references.naive else "the naive forecast"
    if assessment.nonfinite:
        sentences.append("At least one seed has NaN or infinite weights, losses or predictions.")
    if unseen and not assessment.nonfinite:
        where = "validation windows"
        if isinstance(unseen, Holdout):
            where = f"held-out training windows, after {unseen.steps} steps on the others,"
        sentences.append(f"On {where} the network's skill against {naive} is {_n(unseen.skill)}{_within(unseen)}.")
    fitted = [seed.train.constant_skill for seed in facts.outcome.seeds.values()]
    known = [value for value in fitted if value is not None]
    if known:
        over = f" ({_n(min(known))} to {_n(max(known))} over {len(known)} seeds)" if len(known) > 1 else ""
        skill = _n(assessment.train_skill)
        sentences.append(f"On its training windows its skill against a constant prediction is {skill}{over}.")
    if reference:
        model = "A linear model has" if reference is facts.references.linear else "Boosted trees have"
        skill = f"{_n(reference.skill)}{_within(reference)}"
        sentences.append(f"{model} skill {skill} against {naive} on unseen windows.")
    planted = controls.planted
    if planted and planted.share is not None:
        sentences.append(
            f"In {planted.steps} steps the network learns {_n(planted.share)} of a planted signal of strength "
            f"{_n(planted.strength)}; {limits.PLANTED_SHARE.value:g} or more shows that it can learn."
        )
    real, zeroed, shuffled = controls.real, controls.zeroed, controls.shuffled
    if real and zeroed and shuffled and real.skill is not None and real.steps >= limits.SHOWN_STEPS.value:
        sentences.append(
            f"In {real.steps} steps it reaches skill {_n(real.skill)} against a constant prediction; "
            f"with all inputs set to zero {_n(zeroed.skill)}, with shuffled targets {_n(shuffled.skill)}."
        )
    return sentences


def cannot_tell(facts: Facts, assessment: Assessment) -> list[str]:
    """Questions that the facts of this experiment leave open."""
    sentences = []
    if not facts.outcome.all.held:
        sentences.append(
            "There is no validation part. The network's skill is judged on a fifth of the training windows, after a "
            "separate training on the others, which may be shorter."
        )
    if assessment.signal is False:
        sentences.append(
            "A linear model and boosted trees find no signal. That does not prove that there is none: they would miss "
            "one that is weaker than their intervals are wide, or of a form that neither can represent."
        )
    if facts.data.windows.train < limits.FEW_WINDOWS.value:
        sentences.append("There are few training windows, so every interval is wide.")
    return sentences


def _far_behind(assessment: Assessment) -> bool:
    """Whether the network learned next to nothing of what a reference model finds."""
    if assessment.reference is None or assessment.skill is None:
        return False
    return assessment.skill < limits.FAR_BEHIND.value * assessment.reference


def _n(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3g}".replace("-", "−")


def _within(side: Skill | Holdout | Reference) -> str:
    return f" ({_n(side.low)} to {_n(side.high)})" if side.low is not None else ""
