"""Expected seconds of each stage: those of its last run on this machine, or of a reference run that is shipped."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from pathlib import Path

from pipeline.common import costs, files
from workflow.resources import SHIPPED

# Seconds of a stage of a kind that no table holds.
_UNKNOWN = 5.0
_LEAST = 0.1


def seconds(stages: Iterable[str], last: Path = files.COSTS, shipped: Path = SHIPPED["quick"]) -> dict[str, float]:
    """Return the expected seconds of each stage, by DVC's name of it.

    A stage in neither table, such as one of your own experiments, costs the median of its kind.
    """
    known = {stage: max(cost.seconds, _LEAST) for path in (shipped, last) for stage, cost in costs.read(path).items()}
    kinds: dict[str, list[float]] = {}
    for stage, cost in known.items():
        kinds.setdefault(stage.partition("@")[0], []).append(cost)

    def of(stage: str) -> float:
        kind = kinds.get(stage.partition("@")[0])
        return known.get(stage, statistics.median(kind) if kind else _UNKNOWN)

    return {stage: of(stage) for stage in stages}
