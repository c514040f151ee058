"""Command line of `make try`: `python -m workflow.tryout FILE [--target COLUMN] …`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

from pipeline.common import errors, params
from pipeline.common.errors import UserError
from workflow.tryout import finishing, naming, options, record, screen, steps


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
        chosen = finishing.as_before(earlier, path, chosen, raw)
        if steps.is_complete(name):
            screen.line(
                f"{name} exists, made of {earlier.file}: nothing is changed. `make forget NAME={name}` undoes it."
            )
            finishing.finish(name, given)
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
    finishing.alone(lambda: steps.write(made))
    screen.line(
        f"\nWritten: series, dataset and experiment {name} in {params.FILE}; {made.record.source}, tracked by DVC."
    )
    screen.line(f"They are ordinary entries: edit them, or undo all with `make forget NAME={name}`.\n")
    finishing.finish(name, given)


if __name__ == "__main__":
    errors.run(main)
