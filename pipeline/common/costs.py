"""Seconds and memory of each stage that ran, in reports/costs.csv.

The command of a stage writes its row. A stage restored from the cache keeps the row of its last run on this machine,
and has none if it never ran here. Seconds differ from run to run, so DVC does not track this file.
"""

from __future__ import annotations

import csv
import fcntl
import os
import resource
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from pipeline.common import files

_HEADER = ["stage", "seconds", "peak_megabytes", "size"]


class Cost(NamedTuple):
    """Seconds and peak memory of a stage, and the size of params.yaml at which it ran, if it depends on that."""

    seconds: float
    megabytes: float
    size: str


def read(path: Path = files.COSTS) -> dict[str, Cost]:
    """Return the cost of each stage of a table; nothing of a table that a killed run left behind, or that is none."""
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        return {
            row["stage"]: Cost(float(row["seconds"]), float(row["peak_megabytes"]), str(row["size"])) for row in rows
        }
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def write(costs: Iterable[tuple[str, Cost]], path: Path) -> None:
    """Replace a table, in the order of the stages' names."""
    rows = [[stage, f"{cost.seconds:.1f}", f"{cost.megabytes:.0f}", cost.size] for stage, cost in sorted(costs)]
    with files.atomic_write(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([_HEADER, *rows])


@contextmanager
def record(stage: str) -> Iterator[dict[str, str]]:
    """Measure the block and the imports before it as the cost of `stage`; a block that fails writes nothing.

    Yields:
        A dict for the block to fill in: `size`, of params.yaml, where the stage depends on it.
    """
    about: dict[str, str] = {}
    yield about
    seconds = time.monotonic() - _process_start()
    _add(stage, Cost(seconds, peak_megabytes(), about.get("size", "")))


def peak_megabytes() -> float:
    """Return the most memory that this process has held so far, in MiB.

    Where the system tells, of this program alone: `ru_maxrss` is at least what the process that started it held.
    """
    with suppress(OSError):
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
        for line in lines:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024  # KiB on Linux


def _process_start() -> float:
    """Return the start of this process on the monotonic clock, in seconds."""
    import psutil

    return time.monotonic() - (time.time() - psutil.Process().create_time())


def _add(stage: str, cost: Cost) -> None:
    beside = files.COSTS.with_name(f".{files.COSTS.name}.lock")
    with files.writable(files.COSTS):
        files.COSTS.parent.mkdir(parents=True, exist_ok=True)
        # Stages may end at the same moment under `--cores N`: a lock keeps their rows. It is a file of its own, because
        # a rename replaces the table, and NFS locks only what is open for writing.
        lock = os.open(beside, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        write((read() | {stage: cost}).items(), files.COSTS)
    finally:
        os.close(lock)
