"""Does a candidate help? A comparison on validation windows, never on test windows.

The two trainings are compared window by window, in the units of the series, on the windows that both have with the
same target. A candidate helps if its mean loss is lower

- by more than other windows would show: the interval of the paired difference excludes 0, at 5 % divided by the number
  of candidates of the round, for the best of four differs more than one does by luck;
  Too few windows give no interval; there the loss must be less than half as high in either half of 20 windows or more.
- for most of the seeds that both have. The same seed is the same initial network, and the same order of batches, where
  neither the architecture nor the batches change. A test over two seeds would find nothing.

The spread over seeds is tested once, at the end, with three seeds or more on the test part.

Without common validation windows (there is no such part, or a candidate gives it another size), the skills that the
diagnoses measured are compared instead, as if they came from independent windows, which widens the interval. Each side
counts with the end of its interval that faces the other one, for a skill has a long tail below and none above 1. The
number of candidates widens the candidate's side alone: the error of the experiment is the same in all comparisons.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

Table = dict[str, np.ndarray]
LEVEL = 0.05
# Chosen: a fall of the loss, or a gain in skill, that counts without an interval.
LARGE = 0.5
FEWEST = 20  # windows for it


class Skill(NamedTuple):
    """Skill of an experiment on windows that it was not trained on, over all its seeds."""

    skill: float
    low: float | None  # of the 95 % interval
    high: float | None
    against: str  # the naive forecast, which must be the same in a comparison
    part: str  # that it is measured on: `validation`, or `last_tenth` of the training windows
    folds: int = 1  # whose windows are judged together


class Side(NamedTuple):
    """One experiment of a comparison."""

    skill: Skill | None
    table: Table | None = None  # of `workflow.fix.losses`; None without a validation part
    overlap: int = 1  # how many windows in a row share a target row
    sequence_length: int | None = None  # rows of an independent sequence
    ids: dict[str, Any] | None = None  # as in `pipeline.scoring.grouping`


class Judgement(NamedTuple):
    """The comparison of a candidate with the experiment that it changes."""

    helps: bool
    on: str  # `windows` (paired) or `skill`
    reduction: float | None  # share by which the loss falls; of `skill` the gain in skill
    low: float | None  # of the 95 % interval
    high: float | None
    p_value: float | None
    seeds: tuple[int, int] | None  # how many are better, of how many
    windows: int | None  # that both have
    text: str  # a clause


def validation_skill(diagnosis: dict[str, Any]) -> Skill | None:
    """Return the skill against the best naive forecast on unseen windows; None if the diagnosis has none."""
    unseen = diagnosis["facts"]["unseen"]
    found = (unseen["networks"] or {}).get("against_naive") or {}
    if not unseen["naive"] or found.get("skill") is None:
        return None
    return Skill(found["skill"], found["low"], found["high"], unseen["naive"]["name"], unseen["part"], unseen["folds"])


def judge(before: Side, after: Side, candidates: int = 1) -> Judgement:
    """Compare a candidate with the experiment that it changes.

    Args:
        before: the experiment.
        after: the candidate.
        candidates: how many candidates of the round are compared.
    """
    if before.table is not None and after.table is not None:
        common = _common(before.table, after.table)
        if common is not None:
            return _by_windows(before, after, common, candidates)
    return _by_skill(before.skill, after.skill, candidates)


def lower(one: Side, other: Side) -> bool:
    """Return whether the first has the lower mean validation loss, on common windows; or else the higher skill."""
    common = None if one.table is None or other.table is None else _common(one.table, other.table)
    if common is not None:
        own, others = (float(np.mean(list(_means(table).values()))) for table in common)
        return own < others or (np.isfinite(own) and not np.isfinite(others))
    return one.skill is not None and (other.skill is None or one.skill.skill > other.skill.skill)


def _common(before: Table, after: Table) -> tuple[Table, Table] | None:
    """Return both tables on the windows that both have; None without any, or if targets differ as thresholds may."""
    rows, left, right = np.intersect1d(before["row"], after["row"], return_indices=True)
    tables = [{name: column[at] for name, column in each.items()} for each, at in ((before, left), (after, right))]
    targets = [{name: column for name, column in each.items() if name.startswith("target_")} for each in tables]
    same = targets[0].keys() == targets[1].keys() and all(
        np.array_equal(column, targets[1][name], equal_nan=True) for name, column in targets[0].items()
    )
    if not len(rows) or not same:
        return None
    kept = [{name: column for name, column in each.items() if name not in targets[0]} for each in tables]
    return kept[0], kept[1]


def _means(table: Table) -> dict[str, float]:
    """Return the mean loss by seed."""
    return {name: float(column.mean()) for name, column in table.items() if name != "row"}


def _by_windows(before: Side, after: Side, common: tuple[Table, Table], candidates: int) -> Judgement:
    from pipeline.scoring import pairing

    overlap = max(before.overlap, after.overlap)
    about: dict[str, Any] = {"sequence_length": before.sequence_length, "ids": before.ids}
    found = pairing.paired(*common, overlap=overlap, **about, networks=True)
    own, new = (_means(table) for table in common)
    both = [seed for seed in own if seed in new]
    # NaN is worse than any loss.
    better = sum(bool(new[seed] < own[seed]) or (np.isnan(own[seed]) and not np.isnan(new[seed])) for seed in both)
    lasting = found["comparison"] == "better" and found["p_value"] * candidates < LEVEL
    few = found["reason"] == "few_windows"
    lasting = lasting or (few and _halved(*common))
    most = 2 * better > len(both) or not both
    text = _fall(found["reduction"], found["low"], found["high"])
    if lasting and not most:
        text += f", but only for {better} of {len(both)} seeds"
    elif not lasting and (found["reduction"] or 0) > 0:
        text += ": too few windows to know" if few else ", which chance explains"
    values = found["reduction"], found["low"], found["high"], found["p_value"]
    return Judgement(lasting and most, "windows", *values, (better, len(both)), found["windows"], text)


def _halved(before: Table, after: Table) -> bool:
    """Return whether the mean loss is less than half as high in the earlier and in the later half of enough windows."""
    order = np.argsort(before["row"], kind="stable")
    if len(order) < FEWEST:
        return False
    for part in np.array_split(order, 2):
        own, new = (
            float(np.mean([column[part].mean() for name, column in table.items() if name != "row"]))
            for table in (before, after)
        )
        if not new < (1 - LARGE) * own:
            return False
    return True


def _fall(reduction: float | None, low: float | None, high: float | None) -> str:
    from pipeline.report.wording import percent

    if reduction is None:
        return "the validation loss has no ratio, for one of the two is NaN or 0"
    if reduction < -1:
        return f"the validation loss is {1 - reduction:,.1f} times as high"
    ends = [low, high] if reduction >= 0 else [None if end is None else -end for end in (high, low)]
    within = f" ({percent(ends[0])} to {percent(ends[1])})" if None not in ends else ""
    return f"the validation loss is {percent(abs(reduction))} {'lower' if reduction >= 0 else 'higher'}{within}"


def _by_skill(before: Skill | None, after: Skill | None, candidates: int) -> Judgement:
    """Compare two skills as if they came from independent windows."""
    from scipy import stats

    nothing = Judgement(False, "skill", None, None, None, None, None, None, "its skill cannot be measured")
    if after is None or after.low is None or after.high is None:
        return nothing
    if max(each.folds for each in (before, after) if each) > 1:
        # Validation rows of a later fold are test rows of an earlier one.
        return nothing._replace(text="the first fold alone has no windows for a comparison")
    if before is None:
        # A network without finite predictions: skill alone is better.
        text = "it has skill, and there was none" if after.low > 0 else "it has no skill beyond chance"
        return nothing._replace(helps=after.low > 0, text=text)
    if before.low is None or before.high is None:
        return nothing._replace(text="the skill before has no interval")
    if before.against != after.against:
        return nothing._replace(text="the two skills are against different naive forecasts")
    gain = after.skill - before.skill
    width = float(stats.norm.ppf(1 - LEVEL / 2))
    wider = float(stats.norm.ppf(1 - LEVEL / 2 / candidates)) / width
    faced = (before.high - before.skill, after.skill - after.low)
    if gain < 0:
        faced = (before.skill - before.low, after.high - after.skill)
    error = float(np.hypot(*faced)) / width
    p_value = float(2 * stats.norm.sf(abs(gain) / error)) if error > 0 else float(gain == 0)
    helps = gain > 0 and gain > float(np.hypot(faced[0], wider * faced[1]))
    text = f"the skill on unseen windows {'rises' if gain >= 0 else 'falls'} by {abs(gain):.3f}"
    if gain > 0 and not helps:
        text += ", which chance explains"
    if before.part != after.part:
        text += " (on other windows)"
    ends = gain - width * error, gain + width * error
    return Judgement(helps, "skill", gain, *ends, p_value, None, None, text)
