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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.common import files

_HEADER = ["stage", "seconds", "peak_megabytes"]


@contextmanager
def record(stage: str) -> Iterator[None]:
    """Measure the block and the imports before it as the cost of `stage`; a block that fails writes nothing."""
    yield
    seconds = time.monotonic() - _process_start()
    # ru_maxrss is in KiB on Linux.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _write(stage, seconds, peak)


def seconds(path: Path = files.COSTS) -> dict[str, float]:
    """Return the seconds of each stage, by DVC's name of it; empty if there is no table, or a damaged one."""
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))
        return {row["stage"]: float(row["seconds"]) for row in rows}
    except (OSError, ValueError, KeyError, TypeError):
        return {}  # a table that a killed run left behind must not stop the next one


def _process_start() -> float:
    """Return the start of this process on the monotonic clock, in seconds."""
    import psutil

    return time.monotonic() - (time.time() - psutil.Process().create_time())


def _write(stage: str, seconds: float, peak: float) -> None:
    with files.writable(files.COSTS):
        files.COSTS.parent.mkdir(parents=True, exist_ok=True)
        # Stages may end at the same moment under `--cores N`: a lock keeps their rows. The folder is locked, because a
        # rename replaces the file.
        folder = os.open(files.COSTS.parent, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        text = files.COSTS.read_text(encoding="utf-8") if files.COSTS.exists() else ""
        rows = {row[0]: row for row in list(csv.reader(text.splitlines()))[1:] if len(row) == len(_HEADER)}
        rows[stage] = [stage, f"{seconds:.1f}", f"{peak:.0f}"]
        with files.atomic_write(files.COSTS) as beside, beside.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerows([_HEADER, *(rows[name] for name in sorted(rows))])
    finally:
        os.close(folder)
