"""The network against the chosen naive baseline and against the linear model.

The stage `evaluate` computes the comparisons. Only the correction for several experiments on common test rows is
done here, since no single experiment knows the others.
"""

from __future__ import annotations

from typing import Any

from pipeline.report.wording import baseline, interval, joined, number, p_value, percent, skills, thousands
from pipeline.report.wording import skill as skill_text

NAIVE, LINEAR, ACCURACY = "naive", "linear", "accuracy"
CHIPS = {
    "better": {"chip": "better", "tone": "good"},
    "not_distinguishable": {"chip": "not distinguishable", "tone": "unknown"},
    "worse": {"chip": "worse", "tone": "bad"},
}
# Why nothing is concluded, where the interval does not show it.
REASONS = {
    "few_windows": "fewer than five independent windows",
    "unanswered": "over 5 % of the windows have no finite prediction",
    "baseline": "the baseline is NaN",
}
NOT_JUDGED = {"chip": "not judged", "tone": "unknown"}
_UNCORRECTED = (
    "These outcomes are those of this experiment alone. They are not corrected for other experiments on the same test "
    "rows; those on the index page are."
)
_QUESTIONS = {NAIVE: "Is there skill?", LINEAR: "Is a network needed?", ACCURACY: "Is it right more often?"}
_UNITS = {"window": "windows", "sequence": "sequences", "id": "ids"}
_PARTS = {"validation": "validation", "train": "training", "held_back": "held-back training"}


def corrected(evaluations: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return each experiment's outcomes after Holm's correction (1979).

    A family is the experiments of the same series and target whose test rows overlap (`pipeline.scoring.families`);
    each question is a family of its own. Experiments that share no test row are not corrected for each other.

    Returns:
        By experiment `naive`, `linear` and, of classes, `accuracy`, each better, not_distinguishable or worse, and
        `family`, the names of the experiments on common test rows, including its own; and `levels`, by question the
        level of the interval that belongs to the outcome. Experiments without a comparison are left out.
    """
    known = [evaluation for evaluation in evaluations if evaluation.get("comparison")]
    if not known:
        return {}
    from pipeline.scoring import families, skill

    result: dict[str, dict[str, Any]] = {}
    groups = families.groups([families.describe(evaluation) for evaluation in known])
    for family in ([known[member] for member in group] for group in groups):
        names = [evaluation["experiment"] for evaluation in family]
        for name in names:
            result[name] = {**dict.fromkeys(_QUESTIONS), "family": names, "levels": {}}
        for question in _QUESTIONS:
            compared = [evaluation for evaluation in family if _asked(evaluation["comparison"], question)]
            if not compared:
                continue
            sides = [evaluation["comparison"][question] for evaluation in compared]
            # A single experiment needs no correction, and importing statsmodels is slow.
            level = compared[0]["comparison"]["level"]
            single = len(sides) == 1
            outcomes = [sides[0]["comparison"]] if single else skill.corrected(sides, level)
            for evaluation, outcome, own in zip(compared, outcomes, skill.levels(sides, level), strict=True):
                result[evaluation["experiment"]][question] = outcome
                result[evaluation["experiment"]]["levels"][question] = own
    return result


def _asked(result: dict[str, Any], question: str) -> bool:
    """Return whether a comparison answers a question; accuracy is of classes only."""
    return "comparison" in (result.get(question) or {})


def section(evaluation: dict[str, Any], outcomes: dict[str, Any] | None = None) -> dict[str, Any] | None:
    """Return one experiment's comparison as texts; None if none was computed.

    Args:
        evaluation: Output of the stage `evaluate`.
        outcomes: This experiment's entry of `corrected`; None for its own outcomes, which no other experiment changes.
    """
    result = evaluation.get("comparison")
    if not result:
        return None
    asked = [question for question in _QUESTIONS if _asked(result, question)]
    own = outcomes or {question: result[question]["comparison"] for question in asked}
    family, levels = (outcomes["family"], outcomes["levels"]) if outcomes else ([], {})
    sides = {
        question: _side(question, result[question], own[question], len(family), levels.get(question))
        for question in asked
    }
    correction = _family(family, evaluation["experiment"]) if outcomes else _UNCORRECTED
    remarks = [_windows(result), unanswered(result), correction]
    remarks += [remark(result[key]) for key, remark in _REMARKS.items() if result.get(key)]
    share = result.get("oracle_share")
    return {
        "sides": sides,
        "remarks": [text for text in remarks if text],
        "level": percent(1 - result["level"]),
        "unanswered": unanswered(result).rstrip("."),
        "reached": f"{percent(share['share'])} of its skill" if share and (share["share"] or 0) > 0 else None,
    }


def summary(outcomes: dict[str, dict[str, Any]], evaluations: list[dict[str, Any]]) -> str:
    """Return how many experiments have skill, beat the linear model, and cannot be judged, in a sentence."""
    if not outcomes:
        return ""
    sides = {each["experiment"]: (each.get("comparison") or {}).get(NAIVE) or {} for each in evaluations}
    open_ = [name for name, outcome in outcomes.items() if label(sides[name], outcome[NAIVE]) == NOT_JUDGED]
    left = "" if not open_ else f" {len(open_)} of {len(outcomes)} could not be judged."
    if len(open_) == len(outcomes):
        return left.strip()
    skilled = [name for name, outcome in outcomes.items() if outcome[NAIVE] == "better"]
    needed = [name for name in skilled if outcomes[name][LINEAR] == "better"]
    text = f"{len(skilled)} of {len(outcomes)} experiments {'has' if len(skilled) == 1 else 'have'} skill"
    if not skilled:
        return f"{text}.{left}"
    if not needed:
        return f"{text}; none of them beats the linear model.{left}"
    return f"{text}; {len(needed)} of them also {'beats' if len(needed) == 1 else 'beat'} the linear model.{left}"


def label(side: dict[str, Any], outcome: str | None) -> dict[str, str]:
    """Return the label of an outcome: `not judged` where nothing could be tested."""
    if side.get("reason") in REASONS and outcome != "worse":
        return NOT_JUDGED
    return CHIPS.get(outcome or "", {"chip": outcome or "–", "tone": "unknown"})


def ends_at(side: dict[str, Any], level: float | None) -> tuple[float | None, float | None]:
    """Return the ends of a comparison's interval at the level of its outcome; those of 95 % without one."""
    if level is None:
        return side.get("low"), side.get("high")
    from pipeline.scoring import gains

    return gains.at_level(side, level)


def _side(question: str, side: dict[str, Any], outcome: str | None, family: int, level: float | None) -> dict[str, Any]:
    """Return one comparison as texts; `ends` are those of its interval at the level of its outcome."""
    ends = ends_at(side, level)
    chosen = side.get("chosen_on")
    tested = side.get("diebold_mariano")
    test = f"{number(tested['statistic'])}, p {p_value(tested['p_value'])}, {tested['lags']} lags" if tested else "–"
    alone = CHIPS.get(side["comparison"], {}).get("chip", side["comparison"])
    lost = f"{alone} alone (p {p_value(side['p_value'])}), not after the correction for {family} experiments "
    lost += "on these test rows"
    return {
        "question": _QUESTIONS[question],
        "against": baseline(side["baseline"]),
        "chosen": f"chosen on {_PARTS.get(chosen, chosen)} rows" if chosen else "",
        "chip": label(side, outcome),
        "changed": lost if outcome and outcome != side["comparison"] else "",
        "skill": _plus(side["skill"]) if side["skill"] is not None else "–",
        "ends": ends,
        "interval": skills(*ends),
        "remark": _remark(side),
        "why": REASONS.get(side.get("reason") or "", ""),
        "p_value": p_value(side["p_value"]) if side["p_value"] else "–",
        "test": test,
        "seeds": ", ".join(skill_text(value) for value in (side.get("seeds") or {}).values()) or "–",
    }


def _plus(value: float) -> str:
    return ("+" if value > 0 else "") + skill_text(value)


def _remark(side: dict[str, Any]) -> str:
    """Return why there is no skill: the p-value is 0 only if predictions are NaN or infinite."""
    if side["skill"] is not None or side.get("reason") in REASONS:
        return ""
    return "no finite predictions" if side["p_value"] == 0 else "the baseline is perfect"


def unanswered(result: dict[str, Any]) -> str:
    """Return how many windows the network does not answer with a finite number; empty for none."""
    count = result.get("unanswered")
    return f"{thousands(count)} of {thousands(result['windows'])} windows without a finite prediction." if count else ""


def _windows(result: dict[str, Any]) -> str:
    count, effective = result["windows"], result.get("effective_windows")
    text = f"{thousands(count)} test windows"
    if effective is not None:
        about = "" if round(effective) >= count else "about "
        text += f", {about}as informative as {thousands(effective)} independent ones"
    unit = _UNITS.get(result["unit"], result["unit"])
    resampled = f"{text}; resampled {thousands(result['resamples'])} times"
    if result["unit"] != "window":
        of_ids = "taken as independent" if result["unit"] == "id" else "which are independent"
        return f"{resampled} by whole {unit}, {of_ids}."
    length = result.get("block_length")
    return f"{resampled}{f' in blocks of {number(length)} {unit} on average' if length is not None else ''}."


def _family(names: list[str], own: str) -> str:
    others = [name for name in names if name != own]
    if not others:
        return "No correction is needed: no other experiment has a test row in common."
    return f"Corrected (Holm) together with {joined(others)}, on common test rows."


def _accuracy(result: dict[str, Any]) -> str:
    naive = f" {baseline(result['baseline'])}: {number(result['baseline_score'])}." if "baseline" in result else ""
    return (
        f"Accuracy {number(result['score'])}: {interval(*result['block'])} by blocks; {interval(*result['binomial'])} "
        f"by the binomial formula, which treats all windows as independent.{naive}"
    )


def _signs(result: dict[str, Any]) -> str:
    return (
        f"Signs: {percent(result['hits'])} correct; Pesaran-Timmermann {number(result['statistic'])}, "
        f"p {p_value(result['p_value'])}."
    )


def _share(result: dict[str, Any]) -> str:
    if result["share"] is None:
        return ""
    low, high = result["low"], result["high"]
    within = f" ({percent(low)} to {percent(high)})" if low is not None and high is not None else ""
    return f"Share of the oracle's skill reached by the network: {percent(result['share'])}{within}."


_REMARKS = {"oracle_share": _share, "accuracy": _accuracy, "signs": _signs}
