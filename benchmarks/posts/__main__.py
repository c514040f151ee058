"""Command line: `python -m benchmarks.posts [CASE …] [--list] [--minutes N] [--seeds N]`."""

from __future__ import annotations

import argparse
import shutil
import signal
import sys
from pathlib import Path

from benchmarks import posts, processes
from benchmarks.posts import cases, results, work
from benchmarks.posts.cases import Case
from benchmarks.posts.estimate import Estimate, estimate
from pipeline.common import errors, files


def planned(wanted: list[Case], limit: float, root: Path = work.FOLDER) -> dict[str, Estimate]:
    """Print what each case takes, measured now or before, and what all of them take; return the estimates by name."""
    plans = {}
    for case in wanted:
        speed = work.speed(case, root)
        plans[case.name] = estimate(case, speed, limit, work.folder_of(case, root))
        print(plans[case.name].line(case, speed), flush=True)
    if plans:
        minutes = sum(plan.minutes for plan in plans.values())
        memory = max(plan.megabytes for plan in plans.values())
        disk = sum({work.folder_of(case, root): plans[case.name].disk for case in wanted}.values())
        print(
            f"{len(plans)} to run, one after the other: about {minutes:.0f} min, at most {memory:,} MB of memory, "
            f"{disk:,} MB of disk. A training that ends early, by NaN or early stopping, takes less.",
            flush=True,
        )
    return plans


def run_all(
    wanted: list[Case],
    plans: dict[str, Estimate],
    limit: float,
    order: list[str],
    root: Path = work.FOLDER,
    to: Path = results.RESULTS,
) -> int:
    """Run the cases one after the other, and write each result as soon as it is known.

    The data of a case are removed when no later one needs them.

    Args:
        wanted: the cases.
        plans: of `planned`.
        limit: minutes for each case.
        order: names of all experiments of the posts, for the joined results.
        root: of the cases' folders.
        to: folder of the results.

    Returns:
        The exit code: 1 if a case failed.
    """
    left = list(wanted)

    def make(case: Case) -> str:
        found = work.run(case, plans[case.name], limit, root)
        files.write_json(results.path_of(case.name, to), found)
        results.collect(order, to)
        left.remove(case)
        if work.folder_of(case, root) not in [work.folder_of(other, root) for other in left]:
            shutil.rmtree(work.folder_of(case, root))
        return results.line(found)

    return processes.in_turn(wanted, lambda case: case.name, make)


def main(arguments: list[str]) -> None:
    """Run the command; the exit code is 1 if a case failed.

    Raises:
        UserError: there is no such post or experiment.
    """
    parser = argparse.ArgumentParser(prog=results.COMMAND, description=(posts.__doc__ or "").partition("\n")[0])
    parser.add_argument("cases", nargs="*", metavar="CASE", help="number of a post, or name of an experiment")
    parser.add_argument("--list", action="store_true", help="only say what each will take")
    parser.add_argument("--minutes", type=float, default=results.MINUTES, help="limit for each (%(default)s)")
    parser.add_argument("--seeds", type=int, default=1, help="random seeds of each experiment (%(default)s)")
    given = parser.parse_args(arguments)
    # As an exception, so that the stage at work ends too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    wanted = cases.chosen(given.cases, given.seeds)
    kept = {case.name: results.stored(case, given.minutes) for case in wanted}
    for found in kept.values():
        if found:
            print(f"stored: {results.line(found)}", flush=True)
    missing = [case for case in wanted if not kept[case.name]]
    plans = planned(missing, given.minutes)
    if given.list:
        return
    order = [case.name for case in cases.chosen([], given.seeds)]
    failed = run_all(missing, plans, given.minutes, order)
    results.collect(order)
    sys.exit(failed)


if __name__ == "__main__":
    errors.run(main)
