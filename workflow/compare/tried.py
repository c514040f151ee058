"""How many results have been scored on the same test rows: in every DVC experiment and in the revisions compared.

Whoever looks at many settings and compares the best with the last commit has made that many comparisons, whichever of
them are on the page. Earlier commits of git are not counted, unless they are named.
"""

from __future__ import annotations

import json
from typing import Any

from pipeline.common.errors import UserError
from pipeline.scoring import families
from workflow.compare.revisions import Revision


def results(revisions: list[Revision]) -> list[dict[str, Any]]:
    """Return what each different result of any experiment of params.yaml was scored on.

    Equal losses on the same rows are one result: the same settings in another revision or under another name.

    Returns:
        Results of `families.describe`; only `series` where the evaluation cannot be read.
    """
    read: dict[str, dict[str, Any]] = {}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for revision in revisions:
        for name in revision.evaluated():
            evaluation, losses = revision.hashes(name)
            if evaluation and losses:
                if evaluation[1] not in read:
                    read[evaluation[1]] = _read(revision, name, *evaluation)
                about = read[evaluation[1]]
                found[losses, json.dumps(about)] = about
    return list(found.values())


def _read(revision: Revision, name: str, path: str, digest: str) -> dict[str, Any]:
    try:
        return families.describe(json.loads(revision.read(path, digest)))
    except (UserError, ValueError, KeyError, TypeError):
        # Of another machine or an earlier version: its rows are unknown, and so it counts for its series.
        return {"series": revision.series(name)}


def family(evaluation: dict[str, Any] | None, known: list[dict[str, Any]]) -> int:
    """Return how many of these results are in the family of an evaluation (`families.groups`).

    Those whose rows are unknown are in it if the series is the same.

    Args:
        evaluation: Output of the stage `evaluate`; None gives 0.
        known: Output of `results`, which has it too.
    """
    if evaluation is None:
        return 0
    own = families.describe(evaluation)
    readable = [about for about in known if "rows" in about]
    unknown = sum(about["series"] == own["series"] for about in known if "rows" not in about)
    # The first family is that of the first member.
    return len(families.groups([own, *readable])[0]) - 1 + unknown
