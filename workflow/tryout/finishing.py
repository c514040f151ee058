"""What `make try` and `make check` have in common: an earlier run of the same command, the lock, and the run itself."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pipeline.common.errors import UserError
from workflow import run_lock
from workflow.tryout import naming, record, running, screen


def alone(write: Callable[[], None]) -> None:
    """Write, while no run is at work in this folder.

    Raises:
        UserError: one is.
    """
    try:
        lock = run_lock.run()
    except run_lock.BusyError:
        rule, fix = "must not be at work in this folder", "Wait until it has ended, then run again."
        raise UserError("another run", rule, "one that is", fix) from None
    try:
        write()
    finally:
        os.close(lock)


def finish(name: str, given: Any) -> None:
    """Run an experiment, which prints its verdict, unless the options say otherwise."""
    if given.dry_run or given.no_run:
        return
    try:
        running.run(name, given.cores)
    except running.RunError:
        screen.line(f"{name} is not finished. The same command goes on; `make forget NAME={name}` undoes it.")
        raise


def as_before(earlier: record.Record, path: Path, chosen: dict[str, Any], raw: dict[str, Any]) -> dict[str, Any]:
    """Return the choices of an earlier run, if these are the same or fewer.

    Raises:
        UserError: the file or a choice is another one.
    """
    name = earlier.name
    fix = f"Undo it first with `make forget NAME={name}`, or choose another name: NAME={naming.free(raw, name)}."
    if not path.is_file():
        raise UserError(
            str(path), "must be a file", "no such file", f"It was tried as {name} before, made of {earlier.file}."
        )
    if record.digest(path) != earlier.sha256:
        received = f"another content than that of {earlier.file} when {name} was made"
        raise UserError(str(path), "must be the file that was tried under this name", received, fix)
    for key, value in chosen.items():
        if earlier.options.get(key) != value:
            was = earlier.options.get(key, "what was proposed")
            raise UserError(key.upper(), f"must be as it was when {name} was made ({was})", value, fix)
    return earlier.options
