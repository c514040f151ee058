"""Fix faulty experiments of the corpus as `make fix` does, and judge the results on test windows.

    python -m benchmarks.fixes                  40 of the reported half; writes benchmarks/results/fixes.json and the
                                                table of docs/fix.md
    python -m benchmarks.fixes --half tuning    the other half (printed, not written)
    python -m benchmarks.fixes --case NAME      some cases, again and again for more (printed, not written)
    python -m benchmarks.fixes --judge          judge the stored results again, in seconds

Bars: of those with a signal on test windows at least 80 % end above the best naive forecast or with 0.9 of the skill of
the better reference (linear model or trees); none ends worse than it began, at 5 % with Holm over the cases. That test
is of the trained networks' losses on the test windows: a case may have one seed, with which no test of settings finds
anything.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
from statsmodels.stats.multitest import multipletests

from benchmarks import processes
from benchmarks.corpus.case import Case
from benchmarks.corpus.cases import CASES
from benchmarks.fixes.worker import stored
from benchmarks.scratch import PROJECT
from pipeline.common import files
from tools import documents

RESULT = PROJECT / "benchmarks/results/fixes.json"
DOC = PROJECT / "docs/fix.md"
HALVES = ("tuning", "reported")
COUNT, SEED = 40, 1
# Skill against a constant answer on the test windows, of the better of naive forecast and reference: a signal.
SIGNAL = 0.05
NEAR = 0.9  # of the reference's skill
LEVEL = 0.05
BAR = 0.8


def chosen(half: str, count: int, seed: int) -> list[Case]:
    """Draw faulty cases of one half, in the corpus' order."""
    faulty = [case for case in CASES if case.half == half and case.group == "faulty"]
    drawn = np.random.default_rng(seed).permutation(len(faulty))[:count]
    return [faulty[index] for index in sorted(drawn)]


def measure(cases: list[Case], folder: Path, seed: int, workers: int) -> int:
    """Fix the cases that are not stored yet in `workers` processes; return how many processes failed."""
    missing = [case.name for case in cases if not stored(folder, case, case.seed(seed)).exists()]
    return processes.spread("benchmarks.fixes.worker", [str(folder.resolve()), str(seed)], missing, workers)


def row(found: dict[str, Any]) -> dict[str, Any]:
    """Return a case's row: verdicts and test skills before and after, and whether it ended well (None: no signal)."""
    fix, before, after = found["fix"], found["test"]["before"], found["test"]["after"]
    fixed = fix["fixed"]
    best = max((value for value in (after["naive"], after["reference"]) if value is not None), default=None)
    signal = best is not None and best >= SIGNAL
    own = after["network"]
    well = own is not None and (own > after["naive"] or own >= NEAR * after["reference"]) if signal else None
    test = found["test"]["difference"] or {}
    return {
        "case": found["case"],
        "verdict": fix["verdict"],
        "after": fixed["verdict"] if fixed else fix["verdict"],
        "settings": {name: each["after"] for name, each in fixed["settings"].items()} if fixed else {},
        "candidates": sum(len(each["candidates"]) for each in fix["rounds"]),
        "before": before["network"],
        "network": own,
        "naive": after["naive"],
        "reference": after["reference"],
        "well": well,
        "reduction": test.get("reduction"),
        "p_value": test.get("p_value"),
        "missing": test.get("missing"),
    }


def worse(rows: list[dict[str, Any]]) -> list[str]:
    """Return the cases that end worse on test windows than they began, at `LEVEL` with Holm over all comparisons."""
    tested = [each for each in rows if each["p_value"] is not None]
    if not tested:
        return []
    rejected = multipletests([each["p_value"] for each in tested], alpha=LEVEL, method="holm")[0]
    return [each["case"] for each, significant in zip(tested, rejected, strict=True) if significant and _rises(each)]


def _rises(each: dict[str, Any]) -> bool:
    return each["reduction"] is not None and each["reduction"] < 0


def summary(result: dict[str, Any]) -> list[str]:
    """Return the figures of a result as lines."""
    return [
        f"{result['cases']} faulty cases, {result['fixed']} with a fix; of {result['signal']} with a signal "
        f"{result['well']} end above the best naive forecast or near the reference ({_shown(result['share'])}; "
        f"before: {result['well_before']}); worse on test: {', '.join(result['worse']) or 'none'}"
    ]


def judge(cases: list[Case], folder: Path, seed: int) -> tuple[dict[str, Any], list[str]]:
    """Return the result over the stored cases, and the cases that are left out with the reason."""
    rows, left = [], []
    for case in cases:
        path = stored(folder, case, case.seed(seed))
        found = files.read_json(path) if path.exists() else {"void": "not measured"}
        if found["void"]:
            left.append(f"{case.name}: {found['void']}")
        else:
            rows.append(row(found))
    signal = [each for each in rows if each["well"] is not None]
    started = [
        each
        for each in signal
        if each["before"] is not None and (each["before"] > each["naive"] or each["before"] >= NEAR * each["reference"])
    ]
    result = {
        "cases": len(rows),
        "fixed": sum(bool(each["settings"]) for each in rows),
        "signal": len(signal),
        "well": sum(each["well"] for each in signal),
        "well_before": len(started),
        "share": sum(each["well"] for each in signal) / len(signal) if signal else None,
        "worse": worse(rows),
        "rows": rows,
        "left_out": left,
        "seed": seed,
        "command": f"python -m benchmarks.fixes --count {len(cases)} --seed {seed}",
    }
    return result, left


def short(path: Path = RESULT) -> int:
    """Print the figures of the last run."""
    if not path.exists():
        print("fixes: no figures yet; `python -m benchmarks.fixes` makes them in about an hour")
        return 0
    result = files.read_json(path)
    print("\n".join([f"fixes, from `{result['command']}`", *summary(result)]))
    return 0 if _met(result) else 1


def markdown(result: dict[str, Any]) -> str:
    """Return the table of docs/fix.md: a row per case, and the bars."""
    lines = ["| case | verdict | settings of the fix | skill before | after | naive | reference | |", "|---" * 8 + "|"]
    for each in result["rows"]:
        after = "" if each["after"] == each["verdict"] else f" → `{each['after']}`"
        # Other seeds are no part of a fix: it has three instead of one.
        own = [f"`{name}: {value}`" for name, value in each["settings"].items() if name != "training.seeds"]
        skills = " | ".join(_shown(each[key]) for key in ("before", "network", "naive", "reference"))
        ended = {None: "no signal", True: "well", False: "**not well**"}[each["well"]]
        lines.append(f"| {each['case']} | `{each['verdict']}`{after} | {', '.join(own) or '–'} | {skills} | {ended} |")
    return "\n".join([*lines, "", f"{summary(result)[0]}."]) + "\n"


def _met(result: dict[str, Any]) -> bool:
    return (result["share"] or 0) >= BAR and not result["worse"]


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}".replace("-0.00", "0.00")


def _line(each: dict[str, Any]) -> str:
    skills = "  ".join(f"{key} {_shown(each[key])}" for key in ("before", "network", "naive", "reference"))
    ended = {None: "no signal", True: "well", False: "NOT WELL"}[each["well"]]
    return f"{each['case']:<36}{each['verdict']} -> {each['after']:<22}{skills}  {ended}  {each['settings']}"


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return 1 if a case failed or a bar is not met."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fixes", description=__doc__.splitlines()[0])
    parser.add_argument("--half", choices=HALVES, default="reported", help="cases to draw from (%(default)s)")
    parser.add_argument("--case", action="append", help="some cases alone; nothing is written")
    parser.add_argument("--count", type=int, default=COUNT, help="cases to draw (%(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="draws the cases, rows and weights (%(default)s)")
    parser.add_argument("--results", type=Path, default=PROJECT / ".fixes", help="folder of the stored results")
    parser.add_argument("--judge", action="store_true", help="measure nothing, judge the stored results")
    parser.add_argument("--workers", type=int, default=2, help="processes at a time")
    given = parser.parse_args(arguments)
    cases = chosen(given.half, given.count, given.seed)
    if given.case:
        cases = [case for case in CASES if case.name in given.case]
    failed = 0 if given.judge else measure(cases, given.results, given.seed, given.workers)
    result, left = judge(cases, given.results, given.seed)
    print("\n".join([*map(_line, result["rows"]), *(f"left out: {line}" for line in left), *summary(result)]))
    whole = given.half == "reported" and not given.case and (given.count, given.seed) == (COUNT, SEED)
    if whole and not any(line.endswith("not measured") for line in left):
        files.write_json(RESULT, result)
        documents.write_table(DOC, "benchmarks.fixes", markdown(result))
    return 1 if failed or not _met(result) else 0


if __name__ == "__main__":
    sys.exit(main())
