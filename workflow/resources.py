"""Memory and run time that a job asks for, from the measured cost of its stage.

`python -m workflow.resources` replaces the shipped tables, one per size, by the costs of the last runs here.
"""

from __future__ import annotations

import math
from pathlib import Path

from pipeline.common import costs, files
from pipeline.common.costs import Cost

# Of runs at the documented sizes on two cores, one table per size.
SHIPPED = {size: Path(__file__).with_name(f"costs_{size}.csv") for size in ("quick", "full")}
# For a stage that was never measured at this size: megabytes and minutes by kind.
_UNKNOWN = {
    "raw": (2000, 10),
    "split": (2000, 10),
    "window": (2000, 10),
    "scale": (2000, 10),
    "baselines": (4000, 60),
    "train": (4000, 1440),
    "backends": (2000, 10),
    "page": (2000, 10),
    "leaks": (4000, 30),
    "calibrate": (2000, 60),
    "report": (2000, 10),
}
_OTHERS = (4000, 240)
# A busy machine is slower and another library larger than those that were measured.
_MORE_MEMORY, _MORE_TIME = 1.5, 5
_LEAST_MEGABYTES, _LEAST_MINUTES = 1000, 10


def measured(size: str, last: Path = files.COSTS, shipped: Path | None = None) -> dict[str, Cost]:
    """Return the cost of each stage at a size: of its last run on this machine, or of the shipped run.

    Args:
        size: of params.yaml.
        last: table of the last runs here, of any size.
        shipped: table of this size; by default the one that is shipped.
    """
    here = {stage: cost for stage, cost in costs.read(last).items() if cost.size in (size, "")}
    return costs.read(shipped or SHIPPED[size]) | here


def megabytes(stage: str, cost: Cost | None, attempt: int = 1) -> int:
    """Return the memory to ask for; twice as much with each further attempt, as the last one may have had too little.

    Args:
        stage: DVC's name of the stage.
        cost: as measured, or None.
        attempt: 1 for the first one.
    """
    kind = stage.partition("@")[0]
    asked = _UNKNOWN.get(kind, _OTHERS)[0] if cost is None else max(cost.megabytes * _MORE_MEMORY, _LEAST_MEGABYTES)
    return math.ceil(asked / 100) * 100 * 2 ** (attempt - 1)


def minutes(stage: str, cost: Cost | None, attempt: int = 1) -> int:
    """Return the run time to ask for; arguments as for `megabytes`."""
    kind = stage.partition("@")[0]
    asked = _UNKNOWN.get(kind, _OTHERS)[1] if cost is None else max(cost.seconds / 60 * _MORE_TIME, _LEAST_MINUTES)
    return math.ceil(asked) * 2 ** (attempt - 1)


if __name__ == "__main__":
    for size, path in SHIPPED.items():
        found = measured(size)
        if any(cost.size == size for cost in found.values()):
            costs.write(found.items(), path)
