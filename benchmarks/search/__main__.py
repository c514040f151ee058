"""Draw experiments at random, diagnose them without their test part, and print what the test part contradicts.

python -m benchmarks.search                     200 draws; writes benchmarks/results/search.json
python -m benchmarks.search --count 20 --seed 7 others, and fewer (printed, not written)
python -m benchmarks.search --judge             judge the stored draws again, in seconds
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from benchmarks import processes
from benchmarks.scratch import PROJECT
from benchmarks.search import judging
from benchmarks.search.worker import stored
from pipeline.common import files

RESULT = PROJECT / "benchmarks/results/search.json"
COUNT, SEED, SECONDS = 200, 1, 5.0


def measure(numbers: list[int], seed: int, seconds: float, folder: Path, workers: int) -> int:
    """Make the draws that are not stored yet in `workers` processes; return how many processes failed."""
    missing = [str(number) for number in numbers if not stored(folder, seed, seconds, number).exists()]
    arguments = [str(folder.resolve()), str(seed), f"{seconds:g}"]
    return processes.spread("benchmarks.search.worker", arguments, missing, workers)


def judge(numbers: list[int], seed: int, seconds: float, folder: Path) -> list[dict[str, Any]]:
    """Return a row for each stored draw that was not refused: what it is, its verdict, and the test outcome."""
    from pipeline.diagnose import stage

    rows = []
    for number in numbers:
        path = stored(folder, seed, seconds, number)
        found: dict[str, Any] = files.read_json(path) if path.exists() else {"facts": None}
        if found["facts"] is None:
            continue
        said = stage.judge(found["facts"])
        test = dict(found["test"])
        rows.append(
            {
                "draw": number,
                "about": found["about"],
                "verdict": said["verdict"],
                "findings": sorted(one["code"] for one in said["findings"]),
                "test": test,
                "contradiction": judging.contradiction(said["verdict"], test),
            }
        )
    return rows


def table(rows: list[dict[str, Any]]) -> dict[str, dict[str, int]]:
    """Count verdicts by the word of the network against the naive forecast on the test windows."""
    counted = Counter((row["verdict"], row["test"]["naive"]["comparison"]) for row in rows)
    words = ("better", "not_distinguishable", "worse")
    return {
        verdict: {word: counted[verdict, word] for word in words}
        for verdict in sorted({row["verdict"] for row in rows})
    }


def lines(result: dict[str, Any]) -> list[str]:
    """Return a result as lines: verdicts against test outcomes, then every contradiction."""
    text = [f"{'verdict':<24}{'better':>8}{'same':>8}{'worse':>8}   than the naive forecast on the test windows"]
    for verdict, words in result["verdicts"].items():
        text.append(f"{verdict:<24}" + "".join(f"{count:>8}" for count in words.values()))
    for row in result["contradictions"]:
        about, test = row["about"], row["test"]
        figures = ", ".join(f"{side} {_number(test[side]['skill'])}" for side in ("naive", "constant", "linear"))
        chance = " (nothing to learn: chance)" if row["chance"] else ""
        text.append(
            f"draw {row['draw']}: {row['contradiction']}{chance}: {row['verdict']}, {row['findings']}; test skill "
            f"against {figures}; {about['series']} {about['target']}, {about['network']}, {about['loss']}, "
            f"{about['rows']} rows, {about['updates']} updates at {about['rate']:g}"
        )
    text.append(
        f"{result['judged']} of {result['count']} draws judged, {result['refused']} refused; "
        f"{len(result['contradictions'])} contradictions, {sum(row['chance'] for row in result['contradictions'])} of "
        "them chance"
    )
    return text


def short(path: Path = RESULT) -> int:
    """Print the result of the last search; return 1 if it holds contradictions that are not chance."""
    if not path.exists():
        print("random search: none yet; `python -m benchmarks.search` makes one in about 20 minutes")
        return 0
    result = files.read_json(path)
    print("\n".join([f"random search, from `{result['command']}`", *lines(result)]))
    return int(any(not row["chance"] for row in result["contradictions"]))


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return 1 if a draw failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.search", description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=COUNT, help="number of draws")
    parser.add_argument("--seed", type=int, default=SEED, help="of the draws")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="what a training may cost, about")
    parser.add_argument("--facts", type=Path, default=PROJECT / ".corpus/search", help="folder of the stored draws")
    parser.add_argument("--judge", action="store_true", help="measure nothing, judge the stored draws")
    parser.add_argument("--workers", type=int, default=2, help="processes at a time")
    parser.add_argument("--result", type=Path, help="file to write; by default only a search of 200 or more is written")
    given = parser.parse_args(arguments)
    numbers = list(range(given.count))
    where = (given.seed, given.seconds, given.facts)
    failed = 0 if given.judge else measure(numbers, *where, given.workers)
    rows = judge(numbers, *where)
    known = [path for number in numbers if (path := stored(given.facts, given.seed, given.seconds, number)).exists()]
    result = {
        "count": given.count,
        "seed": given.seed,
        "judged": len(rows),
        "refused": len(known) - len(rows),
        "verdicts": table(rows),
        "contradictions": [row | {"chance": judging.luck(row)} for row in rows if row["contradiction"]],
        "command": f"python -m benchmarks.search --count {given.count} --seed {given.seed} --seconds {given.seconds:g}",
    }
    print("\n".join(lines(result)))
    target = given.result or (RESULT if given.count >= COUNT and len(known) == given.count else None)
    if target:
        files.write_json(target, result)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
