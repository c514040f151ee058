"""How good the diagnosis is, measured on experiments with known faults and on healthy ones.

    python -m benchmarks.corpus                     all cases; writes benchmarks/results/corpus.json
    python -m benchmarks.corpus --seed 7            the reported half drawn from another seed
    python -m benchmarks.corpus --half tuning       one half (figures are printed and not written)
    python -m benchmarks.corpus --case NAME         some cases, again and again for more (printed, not written)
    python -m benchmarks.corpus --judge             judge the stored facts again, in seconds

Thresholds may be changed after a look at the tuning half alone.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from benchmarks import processes
from benchmarks.corpus import scoring
from benchmarks.corpus.case import Case
from benchmarks.corpus.cases import CASES
from benchmarks.corpus.worker import stored
from benchmarks.scratch import PROJECT
from pipeline.common import files

RESULT = PROJECT / "benchmarks/results/corpus.json"
HALVES = ("tuning", "reported")
REPORTED_SEED = 1
# Of the reported half: least shares, and the largest share of wrong verdicts by group.
BARS = {"recall": 0.92, "precision": 0.92}
WRONG = {"healthy": 4 / 60, "null": 3 / 60}


def measure(cases: list[Case], folder: Path, drawn: int, workers: int) -> int:
    """Make the cases that are not stored yet in `workers` processes; return how many processes failed."""
    missing = [case.name for case in cases if not stored(folder, case, case.seed(drawn)).exists()]
    return processes.spread("benchmarks.corpus.worker", [str(folder.resolve()), str(drawn)], missing, workers)


def judge(cases: list[Case], folder: Path, drawn: int) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the diagnosis of every stored case, and the cases without one: void draws and missing files."""
    from pipeline.diagnose import stage

    rows, left = [], []
    for case in cases:
        path = stored(folder, case, case.seed(drawn))
        found = files.read_json(path) if path.exists() else None
        if found is None or found["void"]:
            left.append(f"{case.name}: {found['void'] if found else 'not measured'}")
            continue
        said = stage.judge(found["facts"])
        weights = {one["code"]: one["weight"] for one in said["findings"]}
        rows.append(scoring.judged(case, found["effects"], weights, said["verdict"]))
    return rows, left


def summary(result: dict[str, Any]) -> list[str]:
    """Return the figures of a result as lines."""
    lines = [
        f"{'half':<10}{'cases':>7}{'recall':>9}{'precision':>11}{'alarms':>8}{'verdicts':>10}   wrong verdicts of: "
        + ", ".join(scoring.GROUPS)
    ]
    for half, one in result["halves"].items():
        shares = [_shown(one[key]) for key in ("recall", "precision", "verdict_right")]
        wrong = [f"{one[group]['wrong']} of {one[group]['cases']}" for group in scoring.GROUPS]
        lines.append(
            f"{half:<10}{one['cases']:>7}{shares[0]:>9}{shares[1]:>11}{one['false_alarms']:>8}{shares[2]:>10}   "
            + ", ".join(wrong)
        )
    return [
        *lines,
        "bars: recall and precision 0.92 or more; at most 4 wrong of 60 healthy ones, none `not_learning`; at most 3 "
        "wrong of 60 with nothing to learn",
    ]


def kinds(table: dict[str, dict[str, dict[str, Any]]]) -> list[str]:
    """Return the verdicts by kind as lines, for `scoring.by_kind`."""
    lines = []
    for group, rows in table.items():
        for kind, one in rows.items():
            wrong = ", ".join(f"{count} {word}" for word, count in sorted(one["wrong"].items()))
            lines.append(f"{group:<9}{kind:<22}{one['right']:>3} of {one['cases']:<3} {wrong}".rstrip())
    return lines


def short(path: Path = RESULT) -> int:
    """Print the figures of the last run of the whole corpus."""
    if not path.exists():
        print("corpus: no figures yet; `python -m benchmarks.corpus` makes them in about 40 minutes")
        return 0
    result = files.read_json(path)
    print("\n".join([f"corpus, from `{result['command']}`", *summary(result)]))
    return 0 if _met(result["halves"]["reported"]) else 1


def _met(one: dict[str, Any]) -> bool:
    few = all(one[group]["wrong"] <= share * one[group]["cases"] for group, share in WRONG.items())
    return few and not one["healthy"]["not_learning"] and all((one[key] or 0) >= least for key, least in BARS.items())


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _misses(rows: list[dict[str, Any]]) -> list[str]:
    """Return a line for each case that is judged wrong."""
    lines = []
    for row in rows:
        missed = [code for code in row["faults"] if not scoring.hit(row, code)]
        wrong = [code for code in row["causes"] if code not in row["acceptable"]]
        verdict = "" if scoring.right(row) else f"{row['verdict']} for {' or '.join(row['verdicts'])}"
        if missed or wrong or verdict:
            lines.append(f"{row['half']:<9} {row['name']:<34} missed {missed}  wrong {wrong}  {verdict}")
    return lines


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return 1 if a case failed or the bars are not met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.corpus", description=__doc__.splitlines()[0])
    parser.add_argument("--half", choices=HALVES, help="one half alone; nothing is written")
    parser.add_argument("--case", action="append", help="some cases alone; nothing is written")
    parser.add_argument("--seed", type=int, default=REPORTED_SEED, help="draws rows and weights of the reported half")
    parser.add_argument("--facts", type=Path, default=PROJECT / ".corpus", help="folder of the stored facts")
    parser.add_argument("--judge", action="store_true", help="measure nothing, judge the stored facts")
    parser.add_argument("--workers", type=int, default=2, help="processes at a time")
    given = parser.parse_args(arguments)
    cases = [case for case in CASES if given.half in (None, case.half) and (not given.case or case.name in given.case)]
    failed = 0 if given.judge else measure(cases, given.facts, given.seed, given.workers)
    rows, left = judge(cases, given.facts, given.seed)
    reported = [row for row in rows if row["half"] == "reported"]
    result = {
        "halves": {half: scoring.scores([row for row in rows if row["half"] == half]) for half in HALVES},
        "codes": scoring.by_code(reported),
        "kinds": scoring.by_kind(reported),
        "notes": scoring.notes(reported),
        "cases": rows,
        "left_out": left,
        "seed": given.seed,
        "command": f"python -m benchmarks.corpus --seed {given.seed}",
    }
    left_out = [f"left out: {line}" for line in left]
    print("\n".join([*_misses(rows), *left_out, *kinds(scoring.by_kind(rows)), *summary(result)]))
    if result["notes"]:
        print("notes on reported cases without a fault:", result["notes"])
    # A void draw is a result; a case that was never measured is none.
    if len(cases) == len(CASES) and not any(line.endswith(": not measured") for line in left):
        files.write_json(RESULT, result)
    return 1 if failed or not _met(result["halves"]["reported"]) else 0


if __name__ == "__main__":
    sys.exit(main())
