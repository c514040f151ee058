"""Let one run at a time work in a folder, by locks that the kernel drops when a process dies.

Snakemake's own lock is a file that a killed run leaves behind. DVC's names process ids, which a killed run leaves
behind as well, and which other processes get later. Neither shows whether a run is at work. These do:

    .snakemake/run.lock      held by the Snakemake that the user started, until it ends
    .snakemake/stages.lock   shared by all stages at work and their commands, which may outlive a killed Snakemake
    .snakemake/fix.lock      held by `make fix` (workflow/fix) from its start to its end; its own runs inherit it

On a cluster the stages run on other machines than Snakemake. Locks of a shared file system hold between machines only
if it was mounted so, which no call says, and jobs in a queue outlive a killed run. So `run.lock` holds the name of the
run's machine and a mark while the run lives, and its jobs get the mark too:

- A stage with another mark does not begin: its run was killed before it began.
- A stage on another machine that can take `run.lock` itself does not begin: the run has ended, or locks do not hold
  between the two machines.
- A run that finds the name of another machine does not begin: a run of that machine has not ended properly, and
  may still be at work where locks do not hold. Neither does a stage that somebody starts by hand on another machine
  (pipeline/common/run.py), with `dvc repro`: it has no mark.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.common.errors import UserError
from pipeline.common.run import LOCK as RUN
from pipeline.common.run import MARK, elsewhere, parse

STAGES = Path(".snakemake/stages.lock")
FIX = Path(".snakemake/fix.lock")
# Set for the runs that `make fix` starts itself.
FIXING = "FLATLINE_FIX"


class BusyError(Exception):
    """Another run is at work in this folder."""


def run(marked: bool = False) -> int:
    """Take the lock of this folder's one run, for as long as this process lives or keeps the lock open.

    Args:
        marked: write this run's machine and mark into the lock, and forget them when the process ends.

    Returns:
        The lock's file descriptor.

    Raises:
        BusyError: another run is at work, or a stage of one, or a `make fix` that did not start this run.
        UserError: a run of another machine has not ended properly, or the file system has no locks.
    """
    held = _locked(RUN, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        if FIXING not in os.environ:
            os.close(_locked(FIX, fcntl.LOCK_EX | fcntl.LOCK_NB))
        stages = _locked(STAGES, fcntl.LOCK_EX | fcntl.LOCK_NB)
        try:
            _require_ended(held)
            if marked:
                _write(held)
        finally:
            os.close(stages)
    except (BusyError, UserError):
        os.close(held)
        raise
    return held


def _require_ended(held: int) -> None:
    machine, _ = _read(held)
    if machine not in ("", socket.gethostname()):
        raise elsewhere(machine)


def _write(held: int) -> None:
    """Write this run's machine and mark, while no stage can begin."""
    os.environ[MARK] = uuid.uuid4().hex
    os.ftruncate(held, 0)
    os.pwrite(held, f"{socket.gethostname()} {os.environ[MARK]}".encode(), 0)
    os.fsync(held)
    atexit.register(_forget, held, os.getpid())


def _read(held: int) -> tuple[str, str]:
    """Return the machine and the mark of a run's lock; nothing where no run is at work."""
    return parse(os.pread(held, 1000, 0).decode("utf-8", errors="replace"))


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
        UserError: the run that started this job was killed, or it holds no lock that this machine can see.
    """
    held = _locked(STAGES, fcntl.LOCK_SH)
    try:
        # No run can begin from here on.
        _require_run()
        yield held
    finally:
        os.close(held)


def _require_run() -> None:
    RUN.touch()
    held = os.open(RUN, os.O_RDWR | os.O_CLOEXEC)
    try:
        machine, mark = _read(held)
    finally:
        os.close(held)
    if os.environ.get(MARK, mark) != mark:
        fix = "Nothing has to be done: the next run computes this stage."
        raise UserError(str(RUN), "must be of the run that submitted this job", "a run that was killed", fix)
    try:
        os.close(_locked(RUN, fcntl.LOCK_SH | fcntl.LOCK_NB))
    except BusyError:
        if mark:
            os.environ[MARK] = mark  # for the stage's command: not every cluster hands the environment on
        return
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
