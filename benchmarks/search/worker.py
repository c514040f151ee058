"""Train, diagnose and test some draws in one process, and store a file for each, so that it can be judged again.

A stored file holds `about` (`draws.draw`), and `refused` (the reason why the settings do not go together, or null),
`facts` of the diagnosis and `test` (`judging.outcome`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from benchmarks import processes, workshop
from benchmarks.search import draws
from pipeline.common import files
from pipeline.common.errors import UserError


def stored(folder: Path, seed: int, seconds: float, number: int) -> Path:
    """Return the path of one draw."""
    return folder / f"{seed}_{seconds:g}" / f"{number}.json"


def measure(seed: int, number: int, seconds: float) -> dict[str, Any]:
    """Return what is stored of one draw: train, diagnose without the test part, then evaluate on it."""
    from threadpoolctl import threadpool_limits

    from benchmarks.search import judging
    from pipeline.diagnose import stage

    work, about = draws.draw(seed, number, seconds)
    with threadpool_limits(1):
        try:
            with workshop.project(work) as p:
                facts = stage.measure(workshop.run(p))
                test = judging.outcome(p, workshop.compare(p))
        except UserError as error:
            return {"about": about, "refused": str(error), "facts": None, "test": None}
    return {"about": about, "refused": None, "facts": facts, "test": test}


def main(arguments: list[str]) -> int:
    """Arguments: folder, seed, seconds, numbers of draws."""
    folder, seed, seconds = Path(arguments[0]).resolve(), int(arguments[1]), float(arguments[2])

    def make(number: int) -> str:
        found = measure(seed, number, seconds)
        files.write_json(stored(folder, seed, seconds, number), found)
        return f"draw {number} · {found['about']['series']} · {found['refused'] or 'measured'}"

    return processes.in_turn(map(int, arguments[3:]), lambda number: f"draw {number}", make)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
