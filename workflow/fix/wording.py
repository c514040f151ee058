"""The lines that a fix prints."""

from __future__ import annotations

from typing import Any

from pipeline.report import wording
from workflow.fix.judging import Skill
from workflow.fix.settings import Change


def verdict(word: str) -> str:
    """Return a verdict in words."""
    return word.replace("_", " ")


def skill(found: dict[str, Any] | None) -> str:
    """Return a skill with its interval."""
    if found is None:
        return "unknown"
    text = wording.skill(found["skill"])
    known = found["low"] is not None and found["high"] is not None
    return f"{text} ({wording.skills(found['low'], found['high'])})" if known else text


def state(name: str, word: str, found: Skill | None) -> str:
    """Return the line about an experiment before its fix."""
    if found is None:
        return f"{name}: {verdict(word)}. Its skill on unseen windows is unknown."
    against = wording.baseline(found.against)
    return f"{name}: {verdict(word)}. Its skill on unseen windows is {skill(found._asdict())}, against {against}."


def changes(given: dict[str, Any], was: dict[str, Any]) -> str:
    """Return settings as `parameter before → after`."""
    texts = []
    for parameter, value in given.items():
        earlier = was.get(parameter)
        before = "not set" if earlier is None else wording.setting(earlier)
        texts.append(f"{parameter} {before} → {wording.setting(value)}")
    return "; ".join(texts)


def reasons(codes: list[str]) -> str:
    """Return what a change is for."""
    return wording.joined(["the next step" if code == "next" else code for code in codes])


def round_starts(number: int, best: str, count: int) -> str:
    """Return the line before the candidates of a round are trained."""
    noun = "candidate" if count == 1 else "candidates"
    return f"Round {number}: train and diagnose {count} {noun}, each {best} with one change."


def time_left(seconds: float, elapsed: float, minutes: float) -> str:
    """Return the line about the limit in minutes."""
    expected = f"about {minutes_of(seconds)}, by reports/costs.csv" if seconds else "unknown, not in reports/costs.csv"
    return f"Time of the next candidates: {expected}. Used {minutes_of(elapsed)} of {minutes:g} min."


def not_started(change: Change, seconds: float | None, elapsed: float, minutes: float) -> str:
    """Return the line about a candidate that does not start."""
    expected = f"about {minutes_of(seconds)}" if seconds else "an unknown time"
    return (
        f"  Not started, for {reasons(list(change.reasons))}: it would take {expected}, and {minutes_of(elapsed)} of "
        f"{minutes:g} min are used."
    )


def minutes_of(seconds: float) -> str:
    """Return a duration in minutes, or in seconds below two minutes."""
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def candidate(line: dict[str, Any]) -> str:
    """Return the lines about a candidate.

    Args:
        line: its entry of the JSON.
    """
    head = f"  {line['name']}: {changes(line['set'], line['was'])} (for {reasons(line['for'])})."
    if line["verdict"] is None:
        return f"{head}\n    It could not be trained or diagnosed: {line['why']}"
    text = f"{line['why'][0].upper()}{line['why'][1:]}. Skill on unseen windows {skill(line['skill'])}."
    return f"{head}\n    {text} Verdict: {verdict(line['verdict'])}. {'Kept.' if line['kept'] else 'Not kept.'}"


def fixed(found: dict[str, Any]) -> str:
    """Return the line about the experiment with the fix.

    Args:
        found: `fixed` of the JSON.
    """
    head = f"{found['name']}: {verdict(found['verdict'])}. Its skill on unseen windows is {skill(found['skill'])}."
    test = found["test"]
    if test["missing"]:
        return f"{head} The two cannot be compared on test windows: {test['missing']}."
    return f"{head} On {test['windows']:,} test windows: {verdict(test['comparison'])}, {test['text']}."
