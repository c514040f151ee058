"""Command line of `make try`: `python -m workflow.tryout FILE [--target COLUMN] …`."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import yaml

from pipeline.common import errors, params
from pipeline.common.errors import UserError
from workflow import run_lock
from workflow.tryout import naming, options, record, running, screen, steps


def main(arguments: list[str]) -> None:
    """Try the file that the arguments name; the run of its experiment prints the verdict."""
    given = options.parse(arguments)
    try:
        _try(Path(given.file), given)
    except KeyboardInterrupt:
        print("Stopped. The same command goes on; `make forget` undoes it.")
        sys.exit(130)


def _try(path: Path, given: Any) -> None:
    params.load()
    raw = yaml.safe_load(params.FILE.read_text(encoding="utf-8"))
    name = naming.check(given.name) if given.name else naming.made_of(path)
    chosen = options.chosen(given)
    earlier = record.read(name)
    if earlier is not None:
        chosen = _as_before(earlier, path, chosen, raw)
        if steps.is_complete(name):
            screen.line(
                f"{name} exists, made of {earlier.file}: nothing is changed. `make forget NAME={name}` undoes it."
            )
            _finish(name, given)
            return
        screen.line(f"{name} was begun and not finished: go on.")
    elif there := naming.levels_with(raw, name):
        fix = f"Choose another: NAME={naming.free(raw, name)}."
        raise UserError(
            "NAME", f"must be new in {params.FILE}", f"{name}, which {' and '.join(there)} have already", fix
        )
    made = steps.plan(path, name, chosen, screen.ask if screen.is_terminal() else None)
    screen.reading(path, made.reading)
    screen.choices(made.choices)
    if given.dry_run:
        steps.checked(made.text, name)
        screen.line(f"\nWould be added to {params.FILE}:\n")
        screen.line(made.text)
        source = made.record.source
        rows = f"be copied to {source}" if made.record.copied else f"be read from {source} itself"
        screen.line(f"The rows would {rows}. Nothing is written.")
        return
    try:
        lock = run_lock.run()
    except run_lock.BusyError:
        rule, fix = "must not be at work in this folder", "Wait until it has ended, then run again."
        raise UserError("another run", rule, "one that is", fix) from None
    try:
        steps.write(made)
    finally:
        os.close(lock)
    screen.line(
        f"\nWritten: series, dataset and experiment {name} in {params.FILE}; {made.record.source}, tracked by DVC."
    )
    screen.line(f"They are ordinary entries: edit them, or undo all with `make forget NAME={name}`.\n")
    _finish(name, given)


def _finish(name: str, given: Any) -> None:
    if given.dry_run or given.no_run:
        return
    try:
        running.run(name, given.cores)
    except running.RunError:
        screen.line(f"{name} is not finished. The same command goes on; `make forget NAME={name}` undoes it.")
        raise


def _as_before(earlier: record.Record, path: Path, chosen: dict[str, Any], raw: dict[str, Any]) -> dict[str, Any]:
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


if __name__ == "__main__":
    errors.run(main)
