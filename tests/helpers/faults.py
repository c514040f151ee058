"""`python -m tests.helpers.faults [NAME …]`: cause each fault many times, and write the table of docs/faults.md.

The functions of tests/helpers/breaking.py cause a fault and check what follows; the tests call each once. With names of
these functions, only those faults are caused and their rows written.
"""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from tests.conftest import PROJECT
from tests.helpers import breaking
from tests.helpers.torn import Torn, torn_params
from tools import documents

DOC = PROJECT / "docs/faults.md"


class Fault(NamedTuple):
    """What is broken, how often in the long form, and what a person sees."""

    about: str
    tries: int
    seen: str
    bring: Callable[[Torn, str, np.random.Generator], None]


FAULTS = [
    Fault(
        "SIGKILL to the whole group at a random moment of a run from scratch, three jobs at once",
        30,
        "nothing",
        breaking.killed,
    ),
    Fault(
        "SIGKILL to Snakemake alone, while its stages live on",
        3,
        "one line, until they have ended",
        breaking.killed_alone,
    ),
    Fault("a stage fails halfway", 3, "its own line; the earlier result stays", breaking.stage_fails),
    Fault(
        "a parameter is edited while its stage runs", 3, "one line; the result is discarded", breaking.changed_meanwhile
    ),
    Fault(
        "`dvc repro` in another terminal while the stage runs",
        3,
        "DVC's own error there; the result is kept",
        breaking.repro_meanwhile,
    ),
    Fault("`.dvc/tmp/rwlock` names a process that is gone", 3, "nothing", breaking.dead_holder),
    Fault(
        "`.dvc/tmp/rwlock` names a process id that belongs to another program by now",
        3,
        "nothing",
        breaking.other_holder,
    ),
    Fault("`.dvc/tmp/rwlock` names a `dvc repro` at work", 3, "one line, until it has ended", breaking.living_holder),
    Fault("`.dvc/tmp/rwlock` cut short anywhere", 10, "nothing", breaking.torn_rwlock),
    Fault("`dvc.lock` cut short anywhere", 10, "one line with what was kept", breaking.torn_lock),
    Fault(
        "`dvc.lock` cut short anywhere, and none in git",
        10,
        "one line with what was kept",
        breaking.torn_lock_and_no_other,
    ),
    Fault("`dvc.lock` emptied", 3, "one line", breaking.empty_lock),
    Fault("Snakemake's lock, incomplete marks and copies left behind", 3, "nothing", breaking.left_by_snakemake),
    Fault("a third of the files in DVC's cache damaged, outputs deleted", 5, "nothing", breaking.damaged_cache),
    Fault("any output deleted", 10, "nothing", breaking.deleted_output),
    Fault("any output, a model's file among them, cut short", 10, "nothing", breaking.torn_output),
    Fault("a folder of outputs is read-only", 3, "one line", breaking.read_only),
    Fault("a file where a folder of outputs must be", 3, "one line", breaking.file_in_the_way),
    Fault("the disk is full at a random moment of a run from scratch", 10, "one line", breaking.disk_full),
    Fault("two `make run` at once", 5, "one line from the second", breaking.two_runs),
    Fault("twelve jobs at once over 61 stages, from scratch", 10, "nothing", breaking.twelve_jobs),
]
_FROM_NOTHING = (breaking.killed, breaking.killed_alone, breaking.disk_full, breaking.two_runs, breaking.twelve_jobs)


@contextlib.contextmanager
def prepared(fault: Fault, folder: Path) -> Iterator[tuple[Torn, str]]:
    """A project for a fault, after its first run, and the dvc.lock that this ended with."""
    params = torn_params(datasets=5, experiments=9) if fault.bring is breaking.twelve_jobs else None
    folder.mkdir(parents=True)
    full = fault.bring is breaking.disk_full
    with breaking.mounted(folder, "-t", "tmpfs", "-o", "size=64m", "tmpfs") if full else contextlib.nullcontext():
        project = Torn(folder / "project", params)
        before, started = shutil.disk_usage(folder).used, time.monotonic()
        project(*breaking.RUN)
        project.seconds = time.monotonic() - started
        project.needs = max(shutil.disk_usage(folder).used - before, 4096) if full else 0
        lock = project.lock
        if fault.bring not in _FROM_NOTHING:
            project.commit()
        yield project, lock


def brought(fault: Fault, folder: Path, tries: int, seed: int = 0) -> tuple[int, str]:
    """Bring a fault about so many times, or until the next run does not heal it.

    Returns:
        How often the next run healed it, and what went wrong where it did not.

    Raises:
        CannotError: this machine does not permit it.
    """
    rng = np.random.default_rng(seed)
    with prepared(fault, folder) as (project, lock):
        for number in range(tries):
            try:
                fault.bring(project, lock, rng)
            except AssertionError as error:
                return number, f"{fault.about}, try {number}: {error}"
    return tries, ""


def table(healed: dict[str, str], before: str) -> str:
    """The rows as Markdown.

    Args:
        healed: how often each fault that was caused was healed, by its description.
        before: a text with the rows of the others.
    """
    lines = ["| fault | what you see | times | the same command again heals it |", "|---|---|---|---|"]
    for fault in FAULTS:
        row = f"| {fault.about} | {fault.seen} | {fault.tries} |"
        kept = next((line for line in before.splitlines() if line.startswith(row)), f"{row} not run yet |")
        lines.append(f"{row} {healed[fault.about]} |" if fault.about in healed else kept)
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Bring about every fault, or those whose functions are named, and write their rows of the table."""
    known = [fault.bring.__name__ for fault in FAULTS]
    if unknown := [name for name in arguments if name not in known]:
        sys.exit(f"A fault must be one of {', '.join(known)}. Received: {unknown[0]}.")
    chosen = [fault for fault in FAULTS if not arguments or fault.bring.__name__ in arguments]
    all_wrong = []
    for fault in chosen:
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            try:
                healed, wrong = brought(fault, Path(folder) / "of", fault.tries)
                outcome = f"not at try {healed + 1}" if wrong else f"{healed} of {fault.tries}"
            except breaking.CannotError as error:
                print(f"not tried: {error}: {fault.about}", flush=True)
                continue
        print(f"{outcome:<10} {time.monotonic() - started:6.0f} s  {fault.about}", flush=True)
        if wrong:
            all_wrong.append(wrong)
            print(f"    {wrong}", flush=True)
        documents.write_table(
            DOC, "tests.helpers.faults", table({fault.about: outcome}, DOC.read_text(encoding="utf-8"))
        )
    return 1 if all_wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
