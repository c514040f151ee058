"""One card per experiment: what happened, why, what to try, and how sure that is.

A card is made of the evaluation and the diagnosis alone, so that an experiment's page needs no other experiment.
"""

from __future__ import annotations

from typing import Any

from pipeline.report import commands, evidence, trust
from pipeline.report import diagnosis as diagnoses
from pipeline.report.wording import METRICS, baseline, code_title, joined, plain, short_score, thousands
from pipeline.scoring import baselines, scores, words

FAILED, NOT_RUN = "failed", "not_run"
_CHIPS = {
    **diagnoses.VERDICTS,
    FAILED: {"chip": "failed", "tone": "bad"},
    NOT_RUN: {"chip": "not run yet", "tone": "unknown"},
}
# Worst first. In the sentence on all of them: of one network, and of several.
_COUNTED = {
    FAILED: ("{} failed to run", "{} failed to run"),
    "numerical_failure": ("{} broke (NaN)", "{} broke (NaN)"),
    "not_learning": ("{} is not learning", "{} are not learning"),
    "overfitting": ("{} overfits", "{} overfit"),
    "behind": ("{} is behind a simpler forecast", "{} are behind a simpler forecast"),
    "undetermined": ("{} could not be judged", "{} could not be judged"),
    "no_evidence_of_signal": ("{} has no evidence of a signal", "{} have no evidence of a signal"),
    "learning": ("{} is learning", "{} are learning"),
    NOT_RUN: ("{} has not been run", "{} have not been run"),
}
_HEADLINES = {
    "learning": "predicts better than the best naive forecast",
    "not_learning": "predicts no better than a constant, although there is something to learn",
    "overfitting": "fits its training windows far better than others",
    "no_evidence_of_signal": "nothing to learn was found in these data",
    "numerical_failure": "the training broke: NaN or infinite values",
    "undetermined": "cannot be judged yet",
    NOT_RUN: "has not been run yet",
}
# Verdicts beside which nothing needs a cause.
_SETTLED = ("learning", "no_evidence_of_signal")
_NEED_NO_CAUSE = (*_SETTLED, "undetermined")
_PARTS = ("train", "validation", "test")
# Independent windows from which a verdict is called fairly sure, and sure.
_SOME, _MANY = 10, 30
# Independent windows from which their number is no reason for a verdict that is left open.
_ENOUGH = 100
# Share of the windows from which the number of independent ones is not worth a word.
_NEARLY = 0.95
# Skill from which a network fits its training windows, and a score far below that of training.
_FITS, _FAR = 0.9, 0.3
# Skill against a constant below which a network has hardly learned, although its interval is above zero.
_HARDLY = 0.05
_LEVELS = ("low", "medium", "high")


def card(
    name: str,
    evaluation: dict[str, Any] | None,
    diagnosis: dict[str, Any] | None,
    failure: dict[str, str] | None = None,
    own: bool = False,
    leakage: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """Return one experiment's card as texts.

    Args:
        name: Name of the experiment.
        evaluation: Output of the stage `evaluate`, or None.
        diagnosis: Output of the stage `diagnose`, or None.
        failure: `stage` that failed in the last run, and `reason`; or None.
        own: Whether its series is a file of the user.
        leakage: Output of the stage `leakage` for its dataset, or None. A proof that fails is the first sentence.
    """
    verdict = FAILED if failure else diagnoses.verdict(diagnosis) or NOT_RUN
    if verdict == NOT_RUN and evaluation:
        verdict = "undetermined"
    because, why = _why(verdict, diagnosis, failure)
    leak = None if failure else next((each for each in (leakage or {}).get("proofs") or [] if _fails(each)), None)
    return {
        "name": name,
        "own": own,
        "code": verdict,
        "verdict": _CHIPS.get(verdict, {"chip": verdict.replace("_", " "), "tone": "unknown"}),
        "leaks": leak is not None,
        "headline": _headline(verdict, evaluation, diagnosis, failure),
        "happened": [*_leaking(leak), *([] if evaluation is None else _happened(evaluation, bool(failure)))],
        "why": why,
        "because": because,
        "try": _next(name, diagnosis, failure, verdict, why, leak is not None),
        "sure": "" if failure else _sure(evaluation, diagnosis),
    }


def in_order(cards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the user's own experiments before the documented ones, leaks and then the worst of each first."""
    rank = {verdict: place for place, verdict in enumerate(_COUNTED)}
    return sorted(cards, key=lambda each: (not each["own"], not each["leaks"], rank.get(each["code"], len(rank))))


def summary(each: dict[str, Any]) -> str:
    """Return the headline and the scores behind it as one text."""
    return " ".join([f"{each['headline'][0].upper()}{each['headline'][1:]}.", *each["happened"]])


def counted(cards: list[dict[str, Any]]) -> str:
    """Return how many networks got each verdict, worst first, in a sentence; empty without a card."""
    counts = {verdict: sum(each["code"] == verdict for each in cards) for verdict in _COUNTED}
    listed = [_COUNTED[verdict][count > 1].format(count) for verdict, count in counts.items() if count]
    other = len(cards) - sum(counts.values())
    listed += [f"{other} got another verdict"] if other else []
    of = "Of 1 network," if len(cards) == 1 else f"Of {len(cards)} networks,"
    return f"{of} {joined(listed)}." if listed else ""


def main_mean(part: dict[str, Any], classes: int | None) -> float | None:
    """Return the network's main score on a part of an evaluation, the mean over seeds.

    None where its loss is not finite: argmax over NaN is class 0, and the accuracy that of naming class 0.
    """
    network = part["network"]
    unanswered = network[scores.main_loss(classes)]["mean"] is None
    return None if unanswered else network[scores.main_score(classes)]["mean"]


def forecast(name: str, classes: int | None = None) -> str:
    """Return a baseline as a clause: `repeating the last value`."""
    if name in baselines.LINEAR:
        return "a linear model"
    return words.clause(name, classes) if name in baselines.NAIVE else baseline(name)


def _fails(proof: dict[str, Any]) -> bool:
    return bool(proof["result"] == "fail")


def _leaking(proof: dict[str, Any] | None) -> list[str]:
    """Return a sentence on the proof that fails, if there is one."""
    if proof is None:
        return []
    return [f"The proof {trust.title(proof['name']).lower()} fails, so these scores may be too good."]


def _headline(
    verdict: str, evaluation: dict[str, Any] | None, diagnosis: dict[str, Any] | None, failure: dict[str, str] | None
) -> str:
    if failure:
        return f"stage `{failure['stage']}` failed"
    if verdict == "behind":
        unseen = ((diagnosis or {}).get("facts") or {}).get("unseen") or {}
        ahead = _ahead(unseen)
        constant = ((unseen.get("networks") or {}).get("against_constant") or {}).get("skill")
        hardly = constant is not None and constant < _HARDLY
        fits = "is hardly better than a constant" if hardly else "has learned something"
        fits = "fits its training windows" if _fails_later(evaluation) else fits
        return f"{fits}, but {ahead} is better" if ahead else f"{fits}, but less than there is to learn"
    if verdict == "undetermined" and diagnosis is None:
        return "has not been diagnosed yet"
    if verdict == "undetermined" and (few := _too_few(diagnosis)):
        return few
    if verdict == "learning" and not _beats_naive(diagnosis):
        return "predicts as well as the best naive forecast"
    return _HEADLINES.get(verdict, verdict.replace("_", " "))


def _too_few(diagnosis: dict[str, Any] | None) -> str:
    """Return that there are too few windows to judge on; empty where their number is no reason."""
    unseen = ((diagnosis or {}).get("facts") or {}).get("unseen") or {}
    count, effective = unseen.get("windows"), unseen.get("effective")
    if not count or effective is None or effective >= _ENOUGH:
        return ""
    kind = "validation" if unseen.get("part") == "validation" else "held-back"
    worth = f", worth about {thousands(effective)} independent ones," if effective < _NEARLY * count else ""
    return f"{thousands(count)} {kind} windows{worth} are too few to be sure"


def _beats_naive(diagnosis: dict[str, Any] | None) -> bool:
    """Return whether the interval of the skill against the best naive forecast is above zero."""
    networks = (((diagnosis or {}).get("facts") or {}).get("unseen") or {}).get("networks") or {}
    low = (networks.get("against_naive") or {}).get("low")
    return low is not None and low > 0


def _ahead(unseen: dict[str, Any]) -> str:
    """Return the simplest forecast that is ahead of the network on unseen windows, as a clause; empty if none is."""
    own = ((unseen.get("networks") or {}).get("against_naive") or {}).get("skill")
    if own is None:
        return ""
    skills = {
        forecast(str((unseen.get("naive") or {}).get("name")), unseen.get("classes")): 0.0,
        "a linear model": (unseen.get("linear") or {}).get("skill"),
        "a forecast of boosted trees": (unseen.get("trees") or {}).get("skill"),
    }
    return next((name for name, skill in skills.items() if skill is not None and skill > own), "")


def _fails_later(evaluation: dict[str, Any] | None) -> bool:
    """Return whether the network fits its training windows and is far worse on the test windows."""
    if evaluation is None or evaluation["classes"]:
        return False
    fits, later = (evaluation["parts"][part]["network"]["r2"]["mean"] for part in ("train", "test"))
    return fits is not None and fits > _FITS and (later is None or later < fits - _FAR)


def _happened(evaluation: dict[str, Any], earlier: bool) -> list[str]:
    """Return the main score of each part, and that of the references on the test windows, as sentences."""
    classes, main = evaluation["classes"], scores.main_score(evaluation["classes"])
    means = {part: main_mean(evaluation["parts"][part], classes) for part in _PARTS if part in evaluation["parts"]}
    folds = len(evaluation["split"]["folds"])
    listed = [
        f"{short_score(mean)} on {thousands(evaluation['parts'][part]['windows'])} "
        f"{'training' if part == 'train' else part} windows"
        for part, mean in means.items()
    ]
    text = f"{METRICS[main]} is {joined(listed)}{f', of {folds} folds' if folds > 1 else ''}."
    if all(mean is None for mean in means.values()):
        text = "The predictions are NaN or infinite."
        text += " The accuracy of such predictions is that of always naming class 0." if classes else ""
    test, chosen = evaluation["parts"]["test"], evaluation.get("chosen") or {}
    others = []
    for side in ("naive", "linear"):
        name = (chosen.get(side) or {}).get("baseline")
        if name and name in test["baselines"]:
            others.append(f"{forecast(name, classes)} gets {short_score(test['baselines'][name].get(main))}")
    if test["oracle"]:
        others.append(f"the best possible forecast gets {short_score(test['oracle'].get(main))}")
    lines = [f"The results of an earlier run: {text}"] if earlier else [text]
    lines += [f"On the test windows, {joined(others)}."] if others else []
    return [*lines, *_as_given(evaluation, main)]


def _as_given(evaluation: dict[str, Any], main: str) -> list[str]:
    """Return a sentence on the weights that a network came with, which were trained elsewhere, if it came with any."""
    known = {
        part: evaluation["parts"][part].get("given") for part in ("validation", "test") if part in evaluation["parts"]
    }
    scored = [f"{short_score(score.get(main))} on {part} windows" for part, score in known.items() if score]
    return (
        [f"The weights as they came get {joined(scored)}; it is unknown which windows they were trained on."]
        if scored
        else []
    )


def _why(verdict: str, diagnosis: dict[str, Any] | None, failure: dict[str, str] | None) -> tuple[str, str]:
    """Return what the text is, `Why` or `Measured`, and the text: the cause, or the first measurement without one."""
    if failure:
        return "Why", failure["reason"]
    if not diagnosis:
        return "Measured", ""
    causes = [each for each in diagnosis.get("findings") or [] if each.get("weight") == "cause"]
    if not causes:
        first = (diagnosis.get("reasons") or [""])[0]
        needs_one = verdict not in _NEED_NO_CAUSE
        return ("Why", f"No check found a fault. {first}".strip()) if needs_one else ("Measured", first)
    change = (diagnosis.get("next") or {}).get("set") or {}
    main = next((each for each in causes if change and (each.get("remedy") or {}).get("set") == change), causes[0])
    others = [code_title(each["code"]).lower() for each in causes if each is not main]
    more = f" Also found: {joined(others)}." if others else ""
    return "Why", f"{code_title(main['code'])}. {main.get('explanation') or ''}{_numbers(main)}{more}"


def _numbers(finding: dict[str, Any]) -> str:
    """Return the first numbers of a finding's evidence as a sentence; empty where there is none."""
    short = {
        key: value
        for key, value in (finding.get("evidence") or {}).items()
        if not isinstance(value, dict | list | bool)
    }
    rows = evidence.listed({"code": finding["code"], "evidence": short}, plain)
    return f" Measured: {', '.join(f'{name} {value}' for name, value in rows[:3])}." if rows else ""


def _next(
    name: str, diagnosis: dict[str, Any] | None, failure: dict[str, str] | None, verdict: str, why: str, leaks: bool
) -> dict[str, str]:
    """Return the next step: a text without what `why` has said, the command that tries it, and the one to compare."""
    if leaks and verdict == "learning":
        text = "Look at the proof that fails, under Leaks. Mend the leak, or declare what is expected, then run again."
        return {"text": text, "command": commands.again(name), "compare": "", "fix": ""}
    if failure:
        text = "Fix that, then run again. Only what failed, and what needs it, is computed."
        return {"text": text, "command": commands.again(name), "compare": "", "fix": ""}
    step = (diagnosis or {}).get("next") or {}
    if verdict == NOT_RUN or not diagnosis:
        return {"text": "Run it.", "command": commands.again(name), "compare": "", "fix": ""}
    text, command = step.get("text") or "", step.get("command") or ""
    for each in diagnosis.get("findings") or []:
        first = (each.get("explanation") or "").split(". ")[0].rstrip(".")
        text = text.replace(f" {first}.", "", 1) if first and first in why else text
    return {
        "text": text,
        "command": command,
        "compare": commands.compare(name, command),
        "fix": "" if verdict in _SETTLED else commands.fix(name, command),
    }


def _sure(evaluation: dict[str, Any] | None, diagnosis: dict[str, Any] | None) -> str:
    """Return how sure the verdict is, and what that depends on; empty without a diagnosis."""
    if not diagnosis:
        return ""
    if diagnosis.get("verdict") == "numerical_failure":
        return "high: NaN or infinite values were recorded."
    unseen = (diagnosis.get("facts") or {}).get("unseen") or {}
    if not unseen.get("windows"):
        return "low: no windows are left to judge the network on."
    effective = unseen.get("effective")
    level = 0 if effective is None or effective < _SOME else 1 if effective < _MANY else 2
    validated = unseen.get("part") == "validation"
    kind = "validation" if validated else "held-back training"
    folds = unseen.get("folds") or 1
    text = f"{thousands(unseen['windows'])} {kind} windows{f' of {folds} folds' if folds > 1 else ''}"
    if effective is not None and effective < _NEARLY * unseen["windows"]:
        text += f", worth about {thousands(effective)} independent ones"
    notes = [text]
    if not validated:
        level = min(level, 1)
        notes.append("there is no validation part, so a second training was judged")
    notes += _seeds(evaluation)
    if any(each.get("code") == "seeds_disagree" for each in diagnosis.get("findings") or []):
        level = max(level - 1, 0)
        notes.append("the seeds disagree")
    if any("every interval is wide" in each for each in diagnosis.get("cannot_tell") or []):
        level = min(level, 1)
    if diagnosis.get("verdict") == "undetermined":
        level = 0
    return f"{_LEVELS[level]}: {'; '.join(notes)}."


def _seeds(evaluation: dict[str, Any] | None) -> list[str]:
    """Return the range of the seeds' scores on validation windows, or on training windows without any."""
    if evaluation is None:
        return []
    main = scores.main_score(evaluation["classes"])
    part = "validation" if "validation" in evaluation["parts"] else "train"
    own = evaluation["parts"][part]
    if len(own["seeds"]) < 2:
        return ["one seed only, so chance is unknown"]
    over = own["network"][main]
    if over["min"] is None or main_mean(own, evaluation["classes"]) is None:
        return []
    where = "validation" if part == "validation" else "training"
    ends = [short_score(over["min"]), short_score(over["max"])]
    values = ends[0] if ends[0] == ends[1] else " to ".join(ends)
    return [f"{len(own['seeds'])} seeds get {METRICS[main]} {values} on {where} windows"]
