"""Make some cases in one process and store their facts, a file per case, so that they can be judged again.

A stored file holds `case`, `seed`, `void` (why the draw does not count, or null), `effects`, and `facts`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from benchmarks import processes, workshop
from benchmarks.corpus import effects
from benchmarks.corpus.case import Case
from benchmarks.corpus.cases import CASES
from pipeline.common import files


def stored(folder: Path, case: Case, seed: int) -> Path:
    """Return the path of the facts of one draw of a case."""
    return folder / case.half / f"{case.name}_{seed}.json"


def facts(case: Case, seed: int) -> dict[str, Any]:
    """Train one draw of a case in a temporary folder, check that its fault took effect, and measure it."""
    from threadpoolctl import threadpool_limits

    from pipeline.diagnose import stage

    with workshop.project(case.make(seed)) as p, threadpool_limits(1):
        run = workshop.run(p)
        came = effects.measure(p) | effects.prove(p)
        void = case.broken_promise(came)
        measured = None if void else stage.measure(run)
    return {"case": case.name, "seed": seed, "void": void, "effects": came, "facts": measured}


def main(arguments: list[str]) -> int:
    """Arguments: folder, seed of the reported half, names of cases."""
    folder, drawn, names = Path(arguments[0]).resolve(), int(arguments[1]), set(arguments[2:])

    def make(case: Case) -> str:
        seed = case.seed(drawn)
        found = facts(case, seed)
        files.write_json(stored(folder, case, seed), found)
        return f"{case.half} · {case.name} · {found['void'] or 'measured'}"

    return processes.in_turn([case for case in CASES if case.name in names], lambda case: case.name, make)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
