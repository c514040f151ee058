"""One word over all seeds, and the sentences with the numbers that lead to it."""

from __future__ import annotations

from typing import Any

from pipeline.diagnose.assessment import Facts, Standing, best_reference, held, limit
from pipeline.diagnose.rules import Finding

VERDICTS = (
    "learning",
    "no_evidence_of_signal",
    "not_learning",
    "overfitting",
    "numerical_failure",
    "undetermined",
)


def of(standing: Standing, findings: list[Finding]) -> str:
    """The verdict.

    What a network has learned is judged on windows that it was not trained on. A network without skill is called
    `not_learning` where a reference model finds a signal in the same windows, or where it cannot even learn a planted
    one; `no_evidence_of_signal` where the references find nothing and it learned the planted one.
    """
    codes = {finding.code for finding in findings}
    if standing.broken:
        return "numerical_failure"
    if standing.learned and not _far_behind(standing):
        return "learning"
    if standing.learned is None and standing.signal is None:
        return "undetermined"
    if standing.signal:
        return "overfitting" if _by_heart(standing, codes) else "not_learning"
    if standing.signal is None:
        return "not_learning" if _faults(findings) and standing.learned is False else "undetermined"
    if standing.able:
        return "no_evidence_of_signal"
    return "not_learning" if _faults(findings) else "undetermined"


def reasons(facts: Facts, standing: Standing) -> list[str]:
    """Sentences with the numbers behind the verdict."""
    said = []
    reference, unseen = best_reference(facts), held(facts)
    naive = facts["references"]["naive"]["name"] if facts["references"].get("naive") else "the naive forecast"
    where = "validation" if facts["references"].get("held_kind") == "validation" else "held-back training"
    if standing.broken:
        said.append("Weights, losses or predictions of some seed are no numbers.")
    if unseen and not standing.broken:
        said.append(
            f"On {where} windows the network's skill against {naive} is {_n(unseen['skill'])}{_within(unseen)}"
            + ("." if facts["outcome"]["all"]["held"] else f", after {_steps(facts)} on the other training windows.")
        )
    fitted = [one["train"].get("constant_skill") for one in facts["outcome"]["seeds"].values()]
    known = [value for value in fitted if value is not None]
    if known:
        apart = f" ({_n(min(known))} to {_n(max(known))} over {len(known)} seeds)" if len(known) > 1 else ""
        said.append(
            f"On its own training windows its skill against a constant answer is {_n(standing.train_skill)}{apart}."
        )
    if reference:
        kind = "The linear model has" if reference is facts["references"].get("linear") else "Boosted trees have"
        said.append(f"{kind} skill {_n(reference['skill'])}{_within(reference)} against {naive} there.")
    planted = facts["controls"].get("planted")
    if planted and planted.get("share") is not None:
        said.append(
            f"Of a planted signal (strength {_n(planted['strength'])}) the network reaches {_n(planted['share'])} "
            f"in {planted['steps']} steps; {limit('planted_share'):g} is asked for."
        )
    real, zeroed, shuffled = (facts["controls"].get(name) for name in ("real", "zeroed", "shuffled"))
    if real and zeroed and shuffled and real.get("skill") is not None and real["steps"] >= limit("told_steps"):
        said.append(
            f"In {real['steps']} steps it reaches skill {_n(real['skill'])} against a constant answer; "
            f"with the inputs zeroed {_n(zeroed['skill'])}, with the targets shuffled {_n(shuffled['skill'])}."
        )
    return said


def cannot_tell(facts: Facts, standing: Standing) -> list[str]:
    """What stays open in this experiment."""
    open_ = []
    if not facts["outcome"]["all"]["held"]:
        open_.append(
            "There is no validation part: the network's skill is judged on a fifth of the training windows, after a "
            "training of its own that may be shorter."
        )
    if standing.signal is False:
        open_.append(
            "That a linear model and boosted trees find nothing is no proof that there is nothing: a signal that is "
            "weaker than the interval, or of a shape that neither can see, would be missed."
        )
    if facts["data"]["windows"]["train"] < 200:
        open_.append("There are few windows: every interval is wide.")
    return open_


def _far_behind(standing: Standing) -> bool:
    """What was learned is next to nothing of what a reference model finds."""
    if standing.reference is None or standing.skill is None:
        return False
    return standing.skill < limit("far_behind") * standing.reference


def _by_heart(standing: Standing, codes: set[str]) -> bool:
    return "overfitting" in codes and (standing.train_skill or 0.0) > limit("gap")


def _faults(findings: list[Finding]) -> bool:
    return any(finding.cause and finding.code != "overfitting" for finding in findings)


def _n(value: Any) -> str:
    return "unknown" if value is None else f"{value:.3g}".replace("-", "−")


def _within(side: dict[str, Any]) -> str:
    return f" ({_n(side['low'])} to {_n(side['high'])})" if side.get("low") is not None else ""


def _steps(facts: Facts) -> str:
    steps = (facts["controls"].get("held_back") or {}).get("steps")
    return f"{steps} steps" if steps else "a short training"
