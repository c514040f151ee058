"""Differences between the sides of one experiment: settings, sources, and losses on the same test windows."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.common.numbers import significant
from pipeline.common.params import leaves
from pipeline.report import pairs
from pipeline.report.wording import joined, setting, thousands
from workflow.compare.revisions import Side

ABSENT = "not set"
# Significant digits of the numbers in reports/evaluation/.
DIGITS = 7
# Settings that change the units of the recorded losses: if one differs, curves can be compared only in shape.
_UNITS = (
    "experiment.training.loss",
    "experiment.training.label_smoothing",
    "experiment.training.class_weight",
    "dataset.scaling.target",
    "dataset.window.target",
    "dataset.window.horizon",
)


def changed(sides: list[Side]) -> list[dict[str, Any]]:
    """Return every setting in which the scores of the sides differ.

    Returns:
        Per setting `parameter`, as `dvc exp run -S` takes it (below `dataset.` or `series.` if their names differ),
        `path`, and `values`: a text per side, None if the side has no settings.
    """
    flat = [None if side.settings is None else leaves(side.settings) for side in sides]
    known = [settings for settings in flat if settings is not None]
    prefixes = _prefixes([side.settings for side in sides if side.settings], _name(sides))
    result = []
    for path in dict.fromkeys(path for settings in known for path in settings):
        values = [None if own is None else setting(own[path]) if path in own else ABSENT for own in flat]
        if len({value for value in values if value is not None}) > 1:
            result.append({"parameter": _parameter(path, prefixes), "path": path, "values": values})
    return result


def stale(side: Side) -> list[str]:
    """Return the settings that params.yaml has changed since the scores were computed."""
    if side.evaluation is None or side.declared is None or side.settings is None:
        return []
    # The numbers of an evaluation are rounded.
    then, now = leaves(side.settings), leaves(significant(side.declared, DIGITS))
    prefixes = _prefixes([side.settings, side.declared], side.evaluation["experiment"])
    paths = [path for path in dict.fromkeys([*then, *now]) if then.get(path, ABSENT) != now.get(path, ABSENT)]
    return [_parameter(path, prefixes) for path in paths]


def sources(base: Side, other: Side) -> list[str]:
    """Return the code, data files and locked packages that differ, among the stages that both sides have."""
    left, right = base.sources or {}, other.sources or {}
    return sorted(
        {
            path
            for stage in set(left) & set(right)
            for path in set(left[stage]) | set(right[stage])
            if left[stage].get(path) != right[stage].get(path)
        }
    )


def mismatch(base: Side, other: Side) -> str:
    """Return why two sides cannot be compared window by window; empty if they can.

    The windows must have the same rows, and their targets and losses must have the same meaning.
    """
    for side in (other, base):
        if side.evaluation is None:
            return f"it {'is not evaluated' if side.known else 'does not exist'} in `{side.revision}`"
        if side.losses is None:
            return f"`{side.revision}` has no losses of single windows"
        if "score_scale" not in side.evaluation and side.evaluation["units"] != "original":
            return f"the losses of `{side.revision}` are in units that it does not record"
    evaluations = [{**(side.evaluation or {})} for side in (base, other)]
    if reason := pairs.mismatch(*evaluations):
        return f"the targets differ: {reason}"
    rows, own = (np.asarray((side.losses or {})["row"]) for side in (base, other))
    if not np.array_equal(rows, own):
        common = len(np.intersect1d(rows, own))
        return (
            f"the test windows differ: {thousands(len(rows))} in `{base.revision}`, {thousands(len(own))} in "
            f"`{other.revision}`, {thousands(common)} of them in both"
        )
    keys = {(evaluation.get("comparison") or {}).get("windows_key") for evaluation in evaluations}
    return "the test windows have the same rows, but different targets" if len(keys) > 1 else ""


def effects(sides: list[Side], tried: int = 0) -> list[dict[str, Any]]:
    """Compare the loss of every other side with that of the first, on the same test windows.

    Args:
        sides: Sides of one experiment.
        tried: Number of comparisons that could have been made on these test rows (`workflow.compare.tried`).

    Returns:
        Per other side `missing` (why it is not compared; empty if it is, and if nothing differs), `paired` (result of
        `pairing.paired`: `before` is the first side, `after` this one; or None), `outcome` (its `comparison` after
        Holm's correction for the number of sides, or for `tried`; or None).
    """
    from pipeline.scoring import pairing, skill

    base, *others = sides
    result: list[dict[str, Any]] = []
    for other in others:
        missing, paired = "" if other.same else mismatch(base, other), None
        if not missing and not other.same and base.evaluation and other.evaluation and base.losses and other.losses:
            overlap = max(base.evaluation["overlap"], other.evaluation["overlap"])
            about = {"sequence_length": base.evaluation["sequence_length"], "scale": scale(base)}
            about["ids"] = base.evaluation.get("ids")
            paired = pairing.paired(base.losses, other.losses, overlap=overlap, **about)
        result.append({"missing": missing, "paired": paired, "outcome": None})
    compared = [effect for effect in result if effect["paired"]]
    outcomes = [effect["paired"]["comparison"] for effect in compared]
    if max(len(compared), tried) > 1:
        outcomes = skill.corrected([effect["paired"] for effect in compared], tried=tried)
    for effect, outcome in zip(compared, outcomes, strict=True):
        effect["outcome"] = outcome
    return result


def retrained(base: Side) -> dict[str, Any] | None:
    """Compare the first side's other seeds with its first one; None if there is only one."""
    from pipeline.scoring import pairing

    if base.evaluation is None or base.losses is None:
        return None
    about: dict[str, Any] = {key: base.evaluation.get(key) for key in ("overlap", "sequence_length", "ids")}
    return pairing.unchanged(base.losses, **about, scale=scale(base))


def scale(side: Side) -> float:
    """Return the unit of a side's scores, in units of the series; 1 for results that are older than `score_scale`."""
    return float((side.evaluation or {}).get("score_scale", 1.0))


def other_units(differing: list[dict[str, Any]]) -> str:
    """Return the differing settings that change the units of the recorded losses; empty if none does."""
    return joined([f"`{row['parameter']}`" for row in differing if row["path"].startswith(_UNITS)])


def _name(sides: list[Side]) -> str:
    return next((side.evaluation["experiment"] for side in sides if side.evaluation), "NAME")


def _parameter(path: str, prefixes: dict[str, str]) -> str:
    """Return a setting as `dvc exp run -S` takes it."""
    head, _, rest = path.partition(".")
    return f"{prefixes.get(head, head)}.{rest}".strip(".")


def _prefixes(settings: list[dict[str, Any]], name: str) -> dict[str, str]:
    """Return the places of `experiment`, `dataset` and `series` in params.yaml; only names that all sides share."""
    result = {"experiment": f"experiments.{name}"}
    datasets = {(own.get("experiment") or {}).get("dataset") for own in settings}
    if len(datasets) == 1:
        result["dataset"] = f"datasets.{datasets.pop()}"
    series = {(own.get("dataset") or {}).get("series") for own in settings}
    if len(series) == 1:
        result["series"] = f"series.{series.pop()}"
    return result
