"""What differs between the sides of one experiment: settings, sources, and losses on the same test windows."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.common.numbers import significant
from pipeline.common.params import leaves
from pipeline.report import pairs
from pipeline.report.wording import joined, setting, thousands
from workflow.compare.revisions import Side

ABSENT = "not set"
# Of the numbers in reports/evaluation/.
DIGITS = 7
# What the recorded losses are measured in: where one of these differs, curves can be compared in shape alone.
_UNITS = ("experiment.training.loss", "dataset.scaling.target", "dataset.window.target", "dataset.window.horizon")


def changed(sides: list[Side]) -> list[dict[str, Any]]:
    """Every setting in which the sides differ, as their scores were computed with it.

    Returns:
        `parameter`, as `dvc exp run -S` takes it (below `dataset.` or `series.` where the sides' have other names);
        `values`, a text per side, None where the side has no settings at all.
    """
    flat = [None if side.settings is None else leaves(side.settings) for side in sides]
    known = [one for one in flat if one is not None]
    prefixes = _prefixes([side.settings for side in sides if side.settings], _name(sides))
    result = []
    for path in dict.fromkeys(path for one in known for path in one):
        values = [None if one is None else setting(one[path]) if path in one else ABSENT for one in flat]
        if len({value for value in values if value is not None}) > 1:
            head, _, rest = path.partition(".")
            result.append(
                {"parameter": f"{prefixes.get(head, head)}.{rest}".strip("."), "path": path, "values": values}
            )
    return result


def stale(side: Side) -> list[str]:
    """Settings in which params.yaml of the side says something else than its scores were computed with."""
    if side.evaluation is None or side.declared is None or side.settings is None:
        return []
    # The evaluation's numbers are rounded.
    then, now = leaves(side.settings), leaves(significant(side.declared, DIGITS))
    prefixes = _prefixes([side.settings, side.declared], side.evaluation["experiment"])
    paths = [path for path in dict.fromkeys([*then, *now]) if then.get(path, ABSENT) != now.get(path, ABSENT)]
    heads = (path.partition(".") for path in paths)
    return [f"{prefixes.get(head, head)}.{rest}".strip(".") for head, _, rest in heads]


def sources(base: Side, other: Side) -> list[str]:
    """Code, data files and locked packages that differ, of the stages that both sides have."""
    one, two = base.sources or {}, other.sources or {}
    found = {
        path
        for kind in set(one) & set(two)
        for path in set(one[kind]) | set(two[kind])
        if one[kind].get(path) != two[kind].get(path)
    }
    return sorted(found)


def unlike(base: Side, other: Side) -> str:
    """Why two sides cannot be compared window by window, in a few words; empty where they can.

    The windows must be the same ones, of the same rows, and their targets and losses must mean the same.
    """
    for side in (other, base):
        if side.evaluation is None:
            there = "is not evaluated" if side.known else "does not exist"
            return f"it {there} in `{side.revision}`"
        if side.losses is None:
            return f"no loss of each window is stored in `{side.revision}`"
    one, two = ({**(side.evaluation or {})} for side in (base, other))
    if reason := pairs.unlike(one, two):
        return f"the targets are not the same: {reason}"
    rows, own = (np.asarray((side.losses or {})["row"]) for side in (base, other))
    if not np.array_equal(rows, own):
        common = len(np.intersect1d(rows, own))
        return (
            f"the test windows are not the same: {thousands(len(rows))} in `{base.revision}`, {thousands(len(own))} in "
            f"`{other.revision}`, {thousands(common)} of them in both"
        )
    keys = {(each.get("comparison") or {}).get("windows_key") for each in (one, two)}
    return "the test windows have the same rows, and other targets" if len(keys) > 1 else ""


def effects(sides: list[Side]) -> list[dict[str, Any]]:
    """The loss of every side but the first against that of the first, on the same test windows.

    Returns:
        per side after the first: `missing` (why there is none; empty where there is, and where nothing differs),
        `found` (`skill.paired`: `posted` is the first side, `remedied` this one; or None), `outcome` (its `comparison`
        after Holm's correction for the number of sides; or None).
    """
    from pipeline.scoring import skill

    base, *others = sides
    result: list[dict[str, Any]] = []
    for other in others:
        missing, found = "" if other.same else unlike(base, other), None
        if not missing and not other.same and base.evaluation and other.evaluation and base.losses and other.losses:
            overlap = max(base.evaluation["overlap"], other.evaluation["overlap"])
            length = base.evaluation["sequence_length"]
            found = skill.paired(base.losses, other.losses, overlap=overlap, sequence_length=length)
        result.append({"missing": missing, "found": found, "outcome": None})
    told = [one for one in result if one["found"]]
    outcomes = (
        skill.corrected([one["found"] for one in told])
        if len(told) > 1
        else [one["found"]["comparison"] for one in told]
    )
    for one, outcome in zip(told, outcomes, strict=True):
        one["outcome"] = outcome
    return result


def retrained(base: Side) -> dict[str, Any] | None:
    """What other random numbers do to the first side: its other seeds against its first one; or None (`skill`)."""
    from pipeline.scoring import skill

    if base.evaluation is None or base.losses is None:
        return None
    about = {key: base.evaluation[key] for key in ("overlap", "sequence_length")}
    return skill.unchanged(base.losses, **about)


def other_units(differing: list[dict[str, Any]]) -> str:
    """Which of the settings that differ change what the recorded losses are measured in; empty where none does."""
    found = [one["parameter"] for one in differing if one["path"].startswith(_UNITS)]
    return joined([f"`{parameter}`" for parameter in found])


def _name(sides: list[Side]) -> str:
    return next((side.evaluation["experiment"] for side in sides if side.evaluation), "NAME")


def _prefixes(settings: list[dict[str, Any]], name: str) -> dict[str, str]:
    """What `experiment.`, `dataset.` and `series.` are in params.yaml, where all sides have the same name there."""
    result = {"experiment": f"experiments.{name}"}
    datasets = {(one.get("experiment") or {}).get("dataset") for one in settings}
    if len(datasets) == 1:
        result["dataset"] = f"datasets.{datasets.pop()}"
    series = {(one.get("dataset") or {}).get("series") for one in settings}
    if len(series) == 1:
        result["series"] = f"series.{series.pop()}"
    return result
