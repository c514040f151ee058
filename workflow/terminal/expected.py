"""Expected seconds of each stage: those of its last run on this machine, or of a reference run that is shipped."""

from __future__ import annotations

import csv
import statistics
from collections.abc import Iterable, Mapping
from pathlib import Path

from pipeline.common import files

# Seconds of a run at quick size on two cores; `python -m workflow.terminal.expected` replaces it by the last run's.
SHIPPED = Path(__file__).with_name("costs.csv")
# Seconds of a stage of a kind that no table holds.
_UNKNOWN = 5.0


def seconds(stages: Iterable[str], last: Path = files.COSTS, shipped: Path = SHIPPED) -> dict[str, float]:
    """Return the expected seconds of each stage, by DVC's name of it.

    A stage in neither table, such as one of your own experiments, costs the median of its kind.
    """
    known = _read(shipped) | _read(last)
    kinds: dict[str, list[float]] = {}
    for stage, cost in known.items():
        kinds.setdefault(stage.partition("@")[0], []).append(cost)

    def of(stage: str) -> float:
        kind = kinds.get(stage.partition("@")[0])
        return known.get(stage, statistics.median(kind) if kind else _UNKNOWN)

    return {stage: of(stage) for stage in stages}


def _read(path: Path) -> dict[str, float]:
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        return {row["stage"]: max(float(row["seconds"]), 0.1) for row in rows}
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # a file that a killed run left behind must not stop the next one


def write(costs: Mapping[str, float], path: Path = SHIPPED) -> None:
    """Write the shipped table."""
    with files.atomic_write(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerows([("stage", "seconds"), *((stage, f"{costs[stage]:.1f}") for stage in sorted(costs))])


if __name__ == "__main__":
    write(_read(files.COSTS))
