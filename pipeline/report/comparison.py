"""What an experiment's comparison says: against the chosen naive baseline, and against the linear model.

The numbers are the stage `evaluate`'s. Only the correction for several experiments on the same test windows is done
here, for no single experiment knows of the others.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from pipeline.report.wording import baseline, interval, joined, number, p_value, percent, skills, thousands
from pipeline.report.wording import skill as skill_text

NAIVE, LINEAR = "naive", "linear"
CHIPS = {
    "better": {"chip": "better", "tone": "good"},
    "not_distinguishable": {"chip": "not distinguishable", "tone": "unknown"},
    "worse": {"chip": "worse", "tone": "bad"},
}
_QUESTIONS = {NAIVE: "Is there skill?", LINEAR: "Is a network needed?"}
_UNITS = {"window": "windows", "sequence": "sequences"}


def corrected(evaluations: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What each experiment's comparisons are after Holm's correction (1979).

    A family is the experiments whose test windows are the same ones (`comparison.windows_key`); each question is a
    family of its own. Experiments that share no window are not corrected for each other.

    Returns:
        by experiment `naive` and `linear`, each better, not_distinguishable or worse, and `family`, the names of the
        experiments on the same test windows, its own included. Experiments without a comparison are left out.
    """
    families: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for one in evaluations:
        if one.get("comparison"):
            families[one["comparison"]["windows_key"]].append(one)
    if not families:
        return {}
    from pipeline.scoring import skill

    result: dict[str, dict[str, Any]] = {}
    for family in families.values():
        names = [one["experiment"] for one in family]
        for name in names:
            result[name] = {NAIVE: None, LINEAR: None, "family": names}
        for question in (NAIVE, LINEAR):
            sided = [one for one in family if one["comparison"].get(question)]
            if not sided:
                continue
            sides = [one["comparison"][question] for one in sided]
            # Alone on its windows an experiment has nothing to be corrected for, and statsmodels is slow to say so.
            alone = len(sides) == 1
            outcomes = [sides[0]["comparison"]] if alone else skill.corrected(sides, sided[0]["comparison"]["level"])
            for one, outcome in zip(sided, outcomes, strict=True):
                result[one["experiment"]][question] = outcome
    return result


def facts(evaluation: dict[str, Any], outcomes: dict[str, Any] | None) -> dict[str, Any] | None:
    """What the page shows of one experiment's comparison, as texts; None where none was computed.

    Args:
        evaluation: what the stage `evaluate` wrote.
        outcomes: this experiment's entry of `corrected`.
    """
    found = evaluation.get("comparison")
    if not found or outcomes is None:
        return None
    sides = {
        question: _side(question, found[question], outcomes[question])
        for question in (NAIVE, LINEAR)
        if found.get(question)
    }
    remarks = [_windows(found), _family(outcomes["family"], evaluation["experiment"])]
    remarks += [remark(found[key]) for key, remark in _REMARKS.items() if found.get(key)]
    share = found.get("oracle_share")
    return {
        "sides": sides,
        "remarks": [text for text in remarks if text],
        "level": percent(1 - found["level"]),
        "reached": f"reached {percent(share['share'])}" if share and share["share"] is not None else None,
    }


def counted(outcomes: dict[str, dict[str, Any]]) -> str:
    """How the experiments come out, in a sentence."""
    if not outcomes:
        return ""
    skilled = [name for name, one in outcomes.items() if one[NAIVE] == "better"]
    needed = [name for name in skilled if outcomes[name][LINEAR] == "better"]
    text = f"{len(skilled)} of {len(outcomes)} experiments have skill"
    if not skilled:
        return text + "."
    if not needed:
        return f"{text}; none of them is better than the linear model."
    return f"{text}; {len(needed)} of them {'is' if len(needed) == 1 else 'are'} better than the linear model too."


def _side(question: str, side: dict[str, Any], outcome: str | None) -> dict[str, Any]:
    chosen = side.get("chosen_on")
    rows = {"validation": "validation", "train": "training"}
    tested = side.get("diebold_mariano")
    test = f"{number(tested['statistic'])}, p {p_value(tested['p_value'])}, {tested['lags']} lags" if tested else "–"
    finite = side["skill"] is not None
    uncorrected = CHIPS.get(side["comparison"], {}).get("chip", side["comparison"])
    return {
        "question": _QUESTIONS[question],
        "against": baseline(side["baseline"]),
        "chosen": f"chosen on {rows.get(chosen, chosen)} rows" if chosen else "",
        "chip": CHIPS.get(outcome or "", {"chip": outcome or "–", "tone": "unknown"}),
        "changed": f"{uncorrected} before the correction" if outcome and outcome != side["comparison"] else "",
        "skill": _plus(side["skill"]) if finite else "–",
        "interval": skills(side["low"], side["high"]),
        "remark": _remark(side),
        "p_value": p_value(side["p_value"]) if side["p_value"] else "–",
        "test": test,
        "seeds": ", ".join(skill_text(value) for value in side["seeds"].values()) or "–",
    }


def _plus(value: float) -> str:
    return ("+" if value > 0 else "") + skill_text(value)


def _remark(side: dict[str, Any]) -> str:
    """Why there is no skill to show: only of predictions that are not finite is the p-value 0."""
    if side["skill"] is not None:
        return ""
    return "no finite predictions" if side["p_value"] == 0 else "a perfect baseline"


def _windows(found: dict[str, Any]) -> str:
    count, effective = found["windows"], found.get("effective_windows")
    text = f"{thousands(count)} test windows"
    if effective is not None:
        worth = "as much as" if round(effective) >= count else "about as much as"
        text += f", worth {worth} {thousands(effective)} independent ones"
    unit = _UNITS.get(found["unit"], found["unit"])
    if found["unit"] != "window":
        return f"{text}; resampled {thousands(found['resamples'])} times by whole {unit}, which are independent."
    length = found.get("block_length")
    blocks = f" in blocks of {number(length)} {unit} on average" if length is not None else ""
    return f"{text}; resampled {thousands(found['resamples'])} times{blocks}."


def _family(names: list[str], own: str) -> str:
    others = [name for name in names if name != own]
    if not others:
        return "No other experiment has exactly these test windows, so there is nothing to correct for."
    return f"Corrected (Holm) together with {joined(others)}, on the same test windows."


def _accuracy(found: dict[str, Any]) -> str:
    return (
        f"Accuracy {number(found['score'])}: {interval(*found['block'])} by blocks; {interval(*found['binomial'])} by "
        "the binomial formula, which takes all windows for independent."
    )


def _signs(found: dict[str, Any]) -> str:
    return (
        f"Signs: {percent(found['hits'])} right; Pesaran-Timmermann {number(found['statistic'])}, "
        f"p {p_value(found['p_value'])}."
    )


def _share(found: dict[str, Any]) -> str:
    if found["share"] is None:
        return ""
    low, high = found["low"], found["high"]
    within = f" ({percent(low)} to {percent(high)})" if low is not None and high is not None else ""
    return f"Share of the oracle's skill that was reached: {percent(found['share'])}{within}."


_REMARKS = {"oracle_share": _share, "accuracy": _accuracy, "signs": _signs}
