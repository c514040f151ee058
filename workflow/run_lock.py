"""Let one run at a time work in a folder, by locks that the kernel drops when a process dies.

Snakemake's own lock is a file that a killed run leaves behind. DVC's names process ids, which a killed run leaves
behind as well, and which other processes get later. Neither shows whether a run is at work. These do:

    .snakemake/run.lock      held by the Snakemake that the user started, until it ends
    .snakemake/stages.lock   shared by all stages at work and their commands, which may outlive a killed Snakemake
    .snakemake/fix.lock      held by `make fix` (workflow/fix) from its start to its end; its own runs inherit it

On a cluster the stages run on other machines than Snakemake. Locks of a shared file system hold between machines only
if it was mounted so, which no call says. So `run.lock` holds the name of the run's machine while the run lives:

- A stage on another machine that can take `run.lock` itself does not begin: the run has ended, or locks do not hold
  between the two machines.
- A run that finds the name of another machine does not begin: a run of that machine has not ended properly, and
  may still be at work where locks do not hold.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.common.errors import UserError

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
        UserError: a run of another machine has not ended properly, or the file system has no locks.
    """
    held = _locked(RUN, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        for path in (STAGES,) if FIXING in os.environ else (STAGES, FIX):
            os.close(_locked(path, fcntl.LOCK_EX | fcntl.LOCK_NB))
        if (machine := _named(held)) not in ("", socket.gethostname()):
            rule = "must not name another machine, whose run may still be at work"
            raise UserError(str(RUN), rule, machine, "If no run is at work there, delete this file.")
    except (BusyError, UserError):
        os.close(held)
        raise
    os.ftruncate(held, 0)
    os.pwrite(held, socket.gethostname().encode(), 0)
    os.fsync(held)
    atexit.register(_forget, held, os.getpid())
    return held


def _named(held: int) -> str:
    """Return the machine that a run's lock names, or nothing."""
    return os.pread(held, 1000, 0).decode("utf-8", errors="replace").strip()


def _forget(held: int, process: int) -> None:
    if os.getpid() == process:  # not a forked child
        os.ftruncate(held, 0)


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
    """Hold the lock that all stages share, and give its file descriptor for the command to inherit.

    Raises:
        UserError: a run of another machine does not hold its lock, as far as this one can see.
    """
    _require_run()
    held = _locked(STAGES, fcntl.LOCK_SH)
    try:
        yield held
    finally:
        os.close(held)


def _require_run() -> None:
    try:
        held = _locked(RUN, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BusyError:
        return
    try:
        machine = _named(held)
    finally:
        os.close(held)
    if machine not in ("", socket.gethostname()):
        raise UserError(
            str(RUN),
            f"must be locked by the run on {machine}",
            f"a file that {socket.gethostname()} can lock",
            "Run again if that run has ended. If it has not, the file system shares no locks between the two machines: "
            f"mount it with them, or run on {machine} alone.",
        )


def _locked(path: Path, how: int) -> int:
    path.parent.mkdir(parents=True, exist_ok=True)
    held = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(held, how)
    except BlockingIOError:
        os.close(held)
        raise BusyError from None
    except OSError as error:
        os.close(held)
        fix = "Mount it with locks (Lustre: the option flock), or move the project."
        raise UserError(str(path), "must be on a file system with locks", error.strerror, fix) from None
    return held
