"""Seconds and memory of each stage that was computed, in reports/costs.csv.

The stage's own command writes its row, so a stage that was restored from the cache keeps the row of the run that
computed it here, and no row at all where it never ran. No two runs agree on seconds: nothing tracks this file.
"""

from __future__ import annotations

import csv
import fcntl
import os
import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.common import files

_HEADER = ["stage", "seconds", "peak_megabytes"]


@contextmanager
def record(stage: str) -> Iterator[None]:
    """Measure the block, and the imports before it, as the cost of `stage`; nothing is written when it fails."""
    yield
    seconds = time.monotonic() - _process_start()
    # ru_maxrss is in KiB on Linux.
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    _write(stage, seconds, peak)


def _process_start() -> float:
    """When this process began, on the monotonic clock, in seconds."""
    import psutil

    return time.monotonic() - (time.time() - psutil.Process().create_time())


def _write(stage: str, seconds: float, peak: float) -> None:
    with files.writable(files.COSTS):
        files.COSTS.parent.mkdir(parents=True, exist_ok=True)
        # Stages end at the same moment under `--cores N`: a lock keeps one from losing another's row. It is the
        # folder's, for the file is another one after each rename.
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
