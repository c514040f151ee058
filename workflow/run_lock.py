"""Let one run at a time work in a folder, by locks that the kernel drops when a process dies.

Snakemake's own lock is a file that a killed run leaves behind. DVC's names process ids, which a killed run leaves
behind as well, and which other processes get later. Neither shows whether a run is at work. These two do:

    .snakemake/run.lock      held by the Snakemake that the user started, until it ends
    .snakemake/stages.lock   shared by all stages at work and their commands, which may outlive a killed Snakemake
    .snakemake/fix.lock      held by `make fix` (workflow/fix) from its start to its end; its own runs inherit it
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RUN = Path(".snakemake/run.lock")
STAGES = Path(".snakemake/stages.lock")
FIX = Path(".snakemake/fix.lock")
# Set for the runs that `make fix` starts itself.
FIXING = "FLATLINE_FIX"


class BusyError(Exception):
    """Another run is at work in this folder."""


def run() -> int:
    """Take the lock of this folder's one run, for as long as this process lives.

    Returns:
        The lock's file descriptor.

    Raises:
        BusyError: another run is at work, or a stage of one, or a `make fix` that did not start this run.
    """
    held = _locked(RUN, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        for path in (STAGES,) if FIXING in os.environ else (STAGES, FIX):
            os.close(_locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB))
    except BusyError:
        os.close(held)
        raise
    return held


def fix() -> int:
    """Take the lock of this folder's one `make fix`, for as long as this process and its runs live.

    Returns:
        The lock's file descriptor, for the runs to inherit.

    Raises:
        BusyError: a run, a stage of one, or another fix is at work.
    """
    held = _locked(FIX, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        for path in (RUN, STAGES):
            os.close(_locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB))
    except BusyError:
        os.close(held)
        raise
    return held


@contextmanager
def stage() -> Iterator[int]:
    """Hold the lock that all stages share, and give its file descriptor for the command to inherit."""
    held = _locked(STAGES, fcntl.LOCK_SH)
    try:
        yield held
    finally:
        os.close(held)


def _locked(path: Path, how: int) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(held, how)
    except BlockingIOError:
        os.close(held)
        raise BusyError from None
    return held
