"""The run at work in this folder, as `.snakemake/run.lock` names it (workflow/run_lock.py).

A stage that is started by hand (`dvc repro`, `dvc exp run`) beside a run of the same machine waits for DVC's own locks.
Beside a run of another machine it must not begin: those locks hold process ids, which mean nothing there.
"""

from __future__ import annotations

import os
import socket
from pathlib import Path

from pipeline.common.errors import UserError

LOCK = Path(".snakemake/run.lock")
# The variable with the mark of a run, for its jobs and their commands.
MARK = "FLATLINE_RUN"


def parse(text: str) -> tuple[str, str]:
    """Return the machine and the mark of a run from the text of its lock; nothing where no run is at work."""
    machine, _, mark = text.strip().partition(" ")
    return machine, mark


def require_none_elsewhere() -> None:
    """Require that no run of another machine is at work here, unless it started this process.

    Raises:
        UserError: there is one, or it has not ended properly.
    """
    try:
        machine, mark = parse(LOCK.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return
    if machine not in ("", socket.gethostname()) and os.environ.get(MARK) != mark:
        raise elsewhere(machine)


def elsewhere(machine: str) -> UserError:
    """Return the error that another machine's run may be at work."""
    rule = "must not name another machine, whose run may still be at work"
    return UserError(str(LOCK), rule, machine, "If no run is at work there, delete this file.")
