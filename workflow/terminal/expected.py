"""Expected seconds of each stage: those of its last run on this machine, or of a reference run that is shipped."""

from __future__ import annotations

import csv
import statistics
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipeline.common import costs, files

# Seconds of a run at quick size on two cores; `python -m workflow.terminal.expected` replaces it by the last run's.
SHIPPED = Path(__file__).with_name("costs.csv")
# Seconds of a stage of a kind that no table holds.
_UNKNOWN = 5.0
_LEAST = 0.1


def seconds(stages: Iterable[str], last: Path = files.COSTS, shipped: Path = SHIPPED) -> dict[str, float]:
    """Return the expected seconds of each stage, by DVC's name of it.

    A stage in neither table, such as one of your own experiments, costs the median of its kind.
    """
    known = {stage: max(cost, _LEAST) for stage, cost in (costs.seconds(shipped) | costs.seconds(last)).items()}
    kinds: dict[str, list[float]] = {}
    for stage, cost in known.items():
        kinds.setdefault(stage.partition("@")[0], []).append(cost)

    def of(stage: str) -> float:
        kind = kinds.get(stage.partition("@")[0])
        return known.get(stage, statistics.median(kind) if kind else _UNKNOWN)

    return {stage: of(stage) for stage in stages}


def write(table: Mapping[str, float], path: Path = SHIPPED) -> None:
    """Write the shipped table."""
    with files.atomic_write(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        rows = ((stage, f"{table[stage]:.1f}") for stage in sorted(table))
        csv.writer(file, lineterminator="\n").writerows([("stage", "seconds"), *rows])


if __name__ == "__main__":
    write(costs.seconds())
