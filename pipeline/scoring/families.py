"""Families of comparisons: experiments on common test rows, which are corrected together for their number."""

from __future__ import annotations

from collections import defaultdict
from typing import Any


def describe(evaluation: dict[str, Any]) -> dict[str, Any]:
    """Return what an evaluation was scored on, from the output of the stage `evaluate`.

    Returns:
        `series`, its name; `target`, its kind, quantity and column; `rows`, the test rows of all folds as half-open
        intervals, without the rows that are inputs alone.
    """
    rows = []
    for fold in evaluation["split"]["folds"]:
        part = fold["test"]
        inputs = part["context"]
        inputs = inputs if isinstance(inputs, list) else [inputs] + [0] * (len(part["intervals"]) - 1)
        rows += [[start + context, stop] for (start, stop), context in zip(part["intervals"], inputs, strict=True)]
    target = [str(evaluation["target"].get(key)) for key in ("kind", "of", "column")]
    return {"series": evaluation["settings"]["dataset"].get("series"), "target": target, "rows": rows}


def groups(descriptions: list[dict[str, Any]]) -> list[list[int]]:
    """Return families of experiments, as their positions in the list.

    Two experiments of the same series and target with a common test row are of one family, and so are two that both
    share rows with a third. A sweep of window lengths, whose first rows differ, is one family.

    Args:
        descriptions: outputs of `describe`.

    Returns:
        Positions in ascending order; families in the order of their first member.
    """
    family = list(range(len(descriptions)))

    def first(member: int) -> int:
        while family[member] != member:
            member = family[member]
        return member

    alike: dict[tuple[Any, ...], list[tuple[int, int, int]]] = defaultdict(list)
    for member, about in enumerate(descriptions):
        spans = alike[(about["series"], *about["target"])]
        spans += [(start, stop, member) for start, stop in about["rows"] if start < stop]
    for spans in alike.values():
        # In the order of their starts, an interval that begins before an earlier one's end overlaps with it.
        end, holder = float("-inf"), -1
        for start, stop, member in sorted(spans):
            if start < end:
                one, other = sorted((first(holder), first(member)))
                family[other] = one
            if stop > end:
                end, holder = stop, member
    result = defaultdict(list)
    for member in range(len(family)):
        result[first(member)].append(member)
    return list(result.values())
