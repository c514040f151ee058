"""How many results have been scored on the same test rows: in every DVC experiment and in the revisions compared.

Whoever looks at many settings and compares the best with the last commit has made that many comparisons, whichever of
them are on the page. Earlier commits of git are not counted, unless they are named.
"""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from pipeline.common.errors import UserError
from workflow.compare.revisions import Revision


class Result(NamedTuple):
    """What one evaluation was scored on.

    Attributes:
        series: Name of the series.
        target: Its kind, its quantity and its column; empty if the evaluation is not in the cache.
        spans: Half-open intervals of the test rows, context excluded; empty if the evaluation is not in the cache.
    """

    series: str
    target: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()


def results(revisions: list[Revision]) -> list[Result]:
    """Return each different result of any experiment of params.yaml once.

    Equal losses on the same rows are one result: the same settings in another revision or under another name.
    """
    read: dict[str, Result] = {}
    found: dict[tuple[str, Result], None] = {}
    for revision in revisions:
        for name in revision.evaluated():
            evaluation, losses = revision.hashes(name)
            if evaluation and losses:
                if evaluation[1] not in read:
                    read[evaluation[1]] = _read(revision, name, *evaluation)
                found[losses, read[evaluation[1]]] = None
    return [result for _, result in found]


def _read(revision: Revision, name: str, path: str, digest: str) -> Result:
    try:
        return _result(json.loads(revision.read(path, digest)))
    except (UserError, ValueError, KeyError, TypeError):
        # Of another machine or an earlier version: its rows are unknown, and so it counts for its series.
        return Result(revision.series(name))


def family(evaluation: dict[str, Any] | None, known: list[Result]) -> int:
    """Return how many of these results are of the same series and target, and of test rows that overlap.

    Results that overlap with one that overlaps count too. Those whose rows are unknown count if the series is the same.

    Args:
        evaluation: Output of the stage `evaluate`, whose result is counted too; None gives 0.
        known: Output of `results`.
    """
    if evaluation is None:
        return 0
    own = _result(evaluation)
    unknown = sum(result.series == own.series for result in known if not result.spans)
    apart = [result for result in known if result.spans and result[:2] == own[:2]]
    within = [own]
    counted = 0
    while within:
        first = within.pop()
        near = [result for result in apart if _overlap(first, result)]
        apart = [result for result in apart if not _overlap(first, result)]
        within += near
        counted += len(near)
    return counted + unknown


def _result(evaluation: dict[str, Any]) -> Result:
    target = evaluation["target"]
    tests = [fold["test"] for fold in evaluation["split"]["folds"]]
    spans = [
        (start + (part["context"] if not number else 0), stop)
        for part in tests
        for number, (start, stop) in enumerate(part["intervals"])
    ]
    names = tuple(str(target.get(key)) for key in ("kind", "of", "column"))
    return Result(evaluation["settings"]["dataset"]["series"], names, tuple(spans))


def _overlap(one: Result, other: Result) -> bool:
    """Return whether two results have a test row in common."""
    # In the order of their starts, an interval overlaps with an earlier one if it starts before that one's end.
    ends = [0, 0]
    for start, stop, side in sorted((*span, side) for side, result in enumerate((one, other)) for span in result.spans):
        if start < ends[1 - side]:
            return True
        ends[side] = max(ends[side], stop)
    return False
