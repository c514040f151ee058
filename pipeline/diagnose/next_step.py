"""What to do after a verdict: one step, with the settings that it changes and what it is expected to bring."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NamedTuple

from pipeline.common import training
from pipeline.diagnose import limits, remedies
from pipeline.diagnose.assessment import Assessment, better_reference
from pipeline.diagnose.facts import Facts
from pipeline.diagnose.rules import RULES, Evidence
from pipeline.diagnose.rules.outcome import STOPPING, restores
from pipeline.diagnose.rules.training import gap, stopped_early
from pipeline.diagnose.verdict import place

# Factors of a longer training, of a wider layer and of a smaller learning rate.
_LONGER, _WIDER, _SMALLER = 4, 2, 0.1
# Share of the rows for validation: the usual one, the largest that is proposed, and that of all held-out parts.
_VALIDATION, _MOST_VALIDATION, _MOST_HELD_OUT = 0.15, 0.4, 0.9
# Rates of dropout that are tried against memorising, the smallest first.
_DROPOUT = (0.2, 0.5)

_MORE = "Save more windows of the part validation in the file."


class Step(NamedTuple):
    """One step.

    Attributes:
        text: what to do, why, and what it is expected to change.
        change: settings as in `Evidence.change`; empty where no setting helps.
    """

    text: str
    change: dict[str, Any]


def as_entry(step: Step, facts: Facts) -> dict[str, Any]:
    """Return a step in the form of docs/files.md."""
    changes = remedies.settings(step.change, facts)
    command = remedies.command(changes, facts, "try") if changes else None
    return {"text": step.text, "set": changes, "command": command}


def choose(facts: Facts, assessment: Assessment, verdict: str, found: dict[str, Evidence]) -> Step:
    """Return the step that follows a verdict.

    Of a verdict that needs an action it always has settings to change: the first possible one of windows that cannot be
    judged, the findings in their order, narrower intervals, and what the measurements suggest.
    """
    if verdict == "learning":
        return _of_learning(facts, found)
    if verdict == "no_evidence_of_signal":
        return _without_signal(facts, assessment)
    candidates = [*_to_be_judged(facts)] if verdict == "undetermined" else []
    candidates += [*_of_findings(facts, found)]
    candidates += [*_narrower(facts)] if verdict == "undetermined" else []
    causes = [RULES[code] for code in found if RULES[code].cause]
    prefix = "" if causes or verdict == "undetermined" else "No check found a fault. "
    prefix += "".join(f"{rule.advice} " for rule in causes if rule.advice)
    measured = _finite(facts) if verdict == "numerical_failure" else _by_measurement(facts, assessment)
    candidates += [Step(prefix + step.text, step.change) for step in measured]
    possible = (
        step for step in candidates if remedies.settings(step.change, facts) or (_came(facts) and not step.change)
    )
    return next(possible, Step(f"No setting is expected to help. {_MORE}", {})) if _came(facts) else next(possible)


def _of_learning(facts: Facts, found: dict[str, Evidence]) -> Step:
    """Nothing to do, unless a finding says that the skill may not be what it seems, or what may bring more."""
    doubts = [RULES[code] for code in found if RULES[code].doubt]
    if doubts:
        return Step(f"Check this before you trust the skill. {doubts[0].explanation} {doubts[0].advice}", {})
    step = next(_of_findings(facts, {code: each for code, each in found.items() if RULES[code].cause}), None)
    if step:
        return Step(f"Nothing has to be fixed. To improve it: {step.text[0].lower()}{step.text[1:]}", step.change)
    seeds = facts.experiment.training["seeds"]
    more = training.enough_seeds(seeds)
    if more != seeds:
        return Step(
            f"Nothing has to be fixed. Train {training.LEAST_SEEDS} seeds: their spread shows how much of the skill is "
            "chance.",
            {"experiment.training.seeds": more},
        )
    return Step("Nothing has to be fixed. The report compares the network with the others on the test windows.", {})


def _without_signal(facts: Facts, assessment: Assessment) -> Step:
    known = _longer_window(facts)
    if known:
        length, skill = known
        return Step(
            f"Nothing in a window of {facts.data.length} rows predicts the target. A linear model on {length} rows has "
            f"skill {skill:.2g}: use that window.",
            {"dataset.window.length": length},
        )
    # The changes of a random walk cannot be predicted, but its level can be.
    step = next(_less_the_last_value(facts), None) if assessment.behind else None
    if step and remedies.settings(step.change, facts):
        return step
    text = (
        "No setting of this network is expected to help. Add inputs that know more of the target, predict another "
        "target or horizon, or collect more rows."
    )
    share, _ = _share(facts, 2.0)
    change = {} if _came(facts) else _validation(facts, share, 2.0)
    return Step(
        f"{text} To look for a smaller signal, judge more windows: {_size(change)}." if change else text, change
    )


def _to_be_judged(facts: Facts) -> Iterator[Step]:
    """Steps to windows that a verdict can be based on."""
    unseen = facts.unseen
    if _came(facts):
        if unseen.over_budget:
            yield Step(f"Hold windows out, so that the trained network itself can be judged. {_MORE}", {})
        if unseen.windows < unseen.needed:
            yield Step(
                f"Cannot be judged: {unseen.windows} windows, {unseen.needed} are needed. {_MORE}",
                {},
            )
        return
    if unseen.over_budget:
        change = _validation(facts, _VALIDATION, 1.0)
        listed = _listed({key.split(".", 1)[1]: value for key, value in change.items()})
        yield Step(
            f"Hold windows out before training, so that the trained network itself can be judged: {listed}. Or allow "
            "the second training with a larger `diagnosis.second_training`.",
            change,
        )
    if unseen.windows < unseen.needed:
        shared = f" of {unseen.overlap} overlapping steps" if unseen.overlap > 1 else ""
        factor = unseen.needed / max(unseen.windows, 1)
        share, enough = _share(facts, factor)
        change = _validation(facts, share, factor)
        yield Step(
            f"Cannot be judged: {unseen.windows} windows{shared}, {unseen.needed} are needed: {_size(change)}. "
            f"Expected: {'an interval' if enough else 'more windows, though not enough: collect more rows, too'}.",
            change,
        )


def _narrower(facts: Facts) -> Iterator[Step]:
    """Steps to narrower intervals."""
    unseen = facts.unseen
    if _came(facts):
        yield Step(
            f"The intervals on {unseen.windows} windows are too wide for a conclusion. Twice as many make them about "
            f"30 % narrower. {_MORE}",
            {},
        )
        return
    share, enough = _share(facts, 2.0)
    change = _validation(facts, share, 2.0)
    yield Step(
        f"The intervals on {unseen.windows} windows are too wide for a conclusion. "
        f"{'Twice as many make them about 30 %' if enough else 'More windows make them'} narrower: {_size(change)}.",
        change,
    )
    if (facts.settings.window.get("stride") or {}).get("evaluation", 1) > 1:
        yield Step(
            f"The intervals on {unseen.windows} windows are too wide for a conclusion. Judge every window: evaluation "
            "stride 1.",
            {"dataset.window.stride.evaluation": 1},
        )


def _of_findings(facts: Facts, found: dict[str, Evidence]) -> Iterator[Step]:
    """Steps of the findings that have settings, after the advice of the causes before them that have none."""
    before = ""
    for code, evidence in found.items():
        rule, changes = RULES[code], remedies.settings(evidence.change, facts)
        why = rule.explanation.split(". ")[0].rstrip(".")
        if not changes:
            if rule.cause and (by_hand := _by_hand(evidence, facts)):
                yield Step(f"{before}{by_hand}{why}.", {})
                before += by_hand
            before += f"{rule.advice} " if rule.cause and rule.advice else ""
            continue
        worth = "What it is worth was not measured."
        if evidence.worth is not None:
            worth = f"Expected gain in skill: {_worth(evidence.worth)}."
        listed = _listed({key.split(".", 2)[-1]: value for key, value in changes.items()})
        yield Step(f"{before}Set {listed}. {why}. {worth}", evidence.change)


def _by_hand(evidence: Evidence, facts: Facts) -> str:
    """Say how to change what came in a file, which no setting changes."""
    places = {"architecture": "the network itself", "window": "the windows in the file"}
    said = ""
    for level, words in places.items():
        needed = remedies.by_hand(evidence.change, facts, level)
        said += f"Change {words}: {_listed(needed)}. " if needed else ""
    return said


def _listed(changes: dict[str, Any]) -> str:
    return ", ".join(f"`{key}: {remedies.text(value)}`" for key, value in changes.items())


def _worth(worth: float) -> str:
    most = -limits.LEAST_SHOWN.value
    return f"more than {most:,.0f}" if worth > most else f"{worth:.2g}"


def _finite(facts: Facts) -> Iterator[Step]:
    """Steps to finite numbers where no finding has any."""
    settings, networks = facts.experiment.training, facts.unseen.networks
    if networks and networks.unanswered > 0 and facts.settings.window["missing"] == "keep":
        yield Step(
            "Leave out the windows with missing values, for which the network predicts NaN. Expected: finite "
            "predictions.",
            {"dataset.window.missing": "drop"},
        )
    if not any(settings[key] for key in ("clipnorm", "clipvalue", "global_clipnorm")):
        yield Step(
            "Limit the gradient's norm to 1, so that no batch throws the weights far off. Expected: finite weights.",
            {"experiment.training.global_clipnorm": 1.0},
        )
    yield _smaller_rate(facts, "Expected: finite weights.")


def _by_measurement(facts: Facts, assessment: Assessment) -> Iterator[Step]:
    """Steps that the measurements suggest without a finding, the surest first."""
    settings, ahead = facts.experiment.training, _ahead(facts)
    difference = gap(facts, assessment)
    memorised = difference > limits.GAP.value
    late = max((run.late_fall for run in facts.course.values() if run.late_fall is not None), default=0.0)
    longer, patience = {"experiment.training.epochs": settings["epochs"] * _LONGER}, stopped_early(facts)
    words = "a longer patience" if patience else f"{settings['epochs'] * _LONGER} epochs"
    if late > limits.LATE_FALL.value and not memorised:
        yield Step(
            f"{ahead}The loss was still falling by {100 * late:.0f} % in the last quarter of the training: {words}. "
            "Expected: a lower loss on both parts.",
            patience or longer,
        )
    yield from _less_the_last_value(facts, ahead)
    multiple = _better_rate(facts)
    if multiple and not memorised:
        rate = float(f"{training.rate(settings) * multiple:.2g}")
        yield Step(
            f"{ahead}One batch is learned better at {multiple:g} times the learning rate: {rate:g}. Expected: a lower "
            "training loss.",
            {"experiment.training.learning_rate": rate},
        )
    if known := _longer_window(facts):
        yield Step(
            f"{ahead}A linear model on {known[0]} rows has skill {known[1]:.2g}: use that window.",
            {"dataset.window.length": known[0]},
        )
    if memorised:
        yield from _memorised(facts, f"{ahead}The skill on training windows is {difference:.2g} higher: ")
        return
    units = facts.experiment.architecture.get("units")
    if units:
        wider = [_WIDER * n for n in units] if isinstance(units, list) else _WIDER * units
        yield Step(
            f"{ahead}The training windows are not fitted better than the others: twice as many units. Expected: a "
            "lower training loss.",
            {"experiment.architecture.units": wider},
        )
    yield Step(f"{ahead}Train longer: {words}. What that is worth was not measured.", patience or longer)
    yield Step(f"{ahead}Train longer: {settings['epochs'] * _LONGER} epochs.", longer)


def _less_the_last_value(facts: Facts, ahead: str = "") -> Iterator[Step]:
    """The step to a target less its last value, where that is the best naive forecast."""
    naive, window = facts.unseen.naive, facts.settings.window
    level = window["target"]["kind"] == "value" and facts.data.kind is None and window.get("length") != "sequence"
    level &= facts.settings.scaling["window"] == "none"
    if naive and naive.name in ("persistence", "drift") and level:
        share = naive.against_constant.skill or 0.0
        yield Step(
            f"{ahead}The last value alone has skill {share:.2g} against a constant: predict less the last value. "
            "Expected: at least the skill of the last value.",
            {"dataset.scaling.window": "last"},
        )


def _memorised(facts: Facts, why: str) -> Iterator[Step]:
    """Steps against a skill that is much higher on training windows, the mildest first."""
    settings, architecture = facts.experiment.training, facts.experiment.architecture
    expected = "Expected: a smaller difference."
    if not restores(settings):
        part = {} if facts.unseen.part == "validation" else _validation(facts, _VALIDATION, 1.0)
        if part or facts.unseen.part == "validation":
            yield Step(
                f"{why}stop at the least validation loss. {expected}",
                part | {"experiment.training.early_stopping": STOPPING},
            )
    for rate in _DROPOUT:
        if (facts.network.dropout or 0.0) < rate:
            yield Step(f"{why}dropout {rate:g}. {expected}", {"experiment.architecture.dropout": rate})
    units = architecture.get("units")
    if units:
        half = [max(1, n // _WIDER) for n in units] if isinstance(units, list) else max(1, units // _WIDER)
        yield Step(f"{why}half as many units. {expected}", {"experiment.architecture.units": half})
    fewer = max(1, settings["epochs"] // 2)
    yield Step(f"{why}half as many epochs. {expected}", {"experiment.training.epochs": fewer})
    yield _smaller_rate(facts, expected)


def _smaller_rate(facts: Facts, expected: str) -> Step:
    rate = float(f"{training.rate(facts.experiment.training) * _SMALLER:.2g}")
    return Step(f"Use a tenth of the learning rate: {rate:g}. {expected}", {"experiment.training.learning_rate": rate})


def _ahead(facts: Facts) -> str:
    """Say how far the better reference is ahead; empty where none surely is."""
    best, networks = better_reference(facts.unseen), facts.unseen.networks
    own = networks.against_naive.skill if networks else None
    if best is None or own is None or (best[1].low or 0.0) <= 0 or (best[1].skill or 0.0) <= max(own, 0.0):
        return ""
    subject = "a linear model is" if best[0] == "linear" else "boosted trees are"
    skills = f"skill {best[1].skill:.2g} against {own:.2g}".replace("-", "−")
    return f"On {place(facts)}, {subject} ahead ({skills}). "


def _better_rate(facts: Facts) -> float | None:
    """Return the multiple of the learning rate that leaves less than half as much of one batch's loss."""
    rates = facts.controls.memorise.rates if facts.controls.memorise else {}
    left = {float(name): rate.ratio for name, rate in rates.items() if rate.finite and rate.ratio is not None}
    own = left.get(1.0)
    best = min(left, key=lambda multiple: left[multiple], default=None)
    if best is None or best == 1 or (own is not None and left[best] > limits.BEHIND.value * own):
        return None
    return best


def _longer_window(facts: Facts) -> tuple[int, float] | None:
    """Return the best longer window of the linear model and its skill, if that is higher by more than a small one."""
    known = {int(length): skill for length, skill in (facts.references.longer or {}).items() if skill is not None}
    own = known.pop(facts.data.length, None)
    best = max(known, key=lambda length: known[length], default=None)
    if best is None or known[best] - max(own or 0.0, 0.0) <= limits.SMALL_SKILL.value:
        return None
    return best, known[best]


def _came(facts: Facts) -> bool:
    """Return whether the windows came in a file, which alone divides them."""
    return bool(facts.settings.split.get("scheme") == "given")


def _share(facts: Facts, factor: float) -> tuple[float, bool]:
    """Return the share of the rows for so many times as many validation windows, and whether so many fit.

    The share is in steps of 0.01. A part of n windows has (n - 1) x stride rows, and those of one window with its
    targets; of its targets alone if the inputs may be rows of the part before (carry).
    """
    split, unseen = facts.settings.split, facts.unseen
    given, test = split.get("validation"), split.get("test")
    if not isinstance(given, int | float) or given <= 0:
        return _VALIDATION, True
    window = facts.settings.window
    if window["length"] == "sequence" or not unseen.windows:
        share = given * factor
    else:
        stride = window["stride"]["evaluation"]
        inputs = 0 if split.get("policy") == "carry" else facts.data.length
        alone = inputs + window["horizon"] - stride
        rows = unseen.windows * stride + alone
        share = given * (factor * unseen.windows * stride + alone) / rows
    left = _MOST_HELD_OUT - (test if isinstance(test, int | float) else 0.0)
    most = math.floor(100 * min(_MOST_VALIDATION, left) + limits.ROUNDING.value) / 100
    return min(math.ceil(share * 100 - limits.ROUNDING.value) / 100, most), share <= most


def _validation(facts: Facts, share: float, factor: float) -> dict[str, Any]:
    """Return the change to a validation part of that share; of folds, to that many times the rows."""
    split, given = facts.settings.split, facts.settings.split.get("validation")
    if split["scheme"] in ("expanding", "sliding"):
        size = math.ceil(split["validation_size"] * factor - limits.ROUNDING.value)
        return {"dataset.split.validation_size": size or split["test_size"]}
    if isinstance(given, dict) or (isinstance(given, int | float) and given >= share):
        return {}
    return {"dataset.split.validation": share}


def _size(change: dict[str, Any]) -> str:
    """Return the size of a validation part as a change of `_validation` sets it."""
    size = next(iter(change.values()), None)
    return f"validation {size} rows" if isinstance(size, int) and size > 0 else f"validation {size}"
