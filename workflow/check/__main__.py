"""Command line of `make check`: `python -m workflow.check MODEL DATA [--name NAME] …`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

from pipeline.common import errors, params
from pipeline.common.errors import UserError
from workflow.check import came, options, planning
from workflow.tryout import finishing, naming, record, screen, steps


def main(arguments: list[str]) -> None:
    """Check the network and the windows that the arguments name, and print the verdict."""
    given = options.parse(arguments)
    try:
        _check(Path(given.model), Path(given.data), given)
    except KeyboardInterrupt:
        print("Stopped. The same command goes on; `make forget` undoes it.")
        sys.exit(130)


def _check(model: Path, data: Path, given: Any) -> None:
    params.load()
    raw = yaml.safe_load(params.FILE.read_text(encoding="utf-8"))
    name = naming.check(given.name) if given.name else naming.made_of(model)
    chosen = options.chosen(given)
    earlier = record.read(name)
    if earlier is not None:
        chosen = finishing.as_before(earlier, data, chosen, raw)
        if not earlier.model or not model.is_file() or record.digest(model) != earlier.model_sha256:
            fix = (
                f"Undo it first with `make forget NAME={name}`, or choose another name: NAME={naming.free(raw, name)}."
            )
            raise UserError(str(model), "must be the network that was checked under this name", "another one", fix)
        if steps.is_complete(name):
            screen.line(f"{name} exists: nothing is changed. `make forget NAME={name}` undoes it.")
            _finish(name, given)
            return
        screen.line(f"{name} was begun and not finished: go on.")
    elif there := naming.levels_with(raw, name):
        fix = f"Choose another: NAME={naming.free(raw, name)}."
        received = f"{name}, which {' and '.join(there)} have already"
        raise UserError("NAME", f"must be new in {params.FILE}", received, fix)
    made = planning.plan(model, data, name, chosen)
    screen.line(f"{model} and {data}:")
    screen.choices(made.choices)
    if given.dry_run:
        steps.checked(made.text, name)
        screen.line(f"\nWould be added to {params.FILE}:\n\n{made.text}\nNothing is written.")
        return
    finishing.alone(lambda: planning.write(made))
    screen.line(
        f"\nWritten: series, dataset and experiment {name} in {params.FILE}; {made.record.source} and "
        f"{made.record.model}, tracked by DVC."
    )
    screen.line(f"They are ordinary entries: edit them, or undo all with `make forget NAME={name}`.\n")
    _finish(name, given)


def _finish(name: str, given: Any) -> None:
    finishing.finish(name, given)
    for line in came.lines(name):
        screen.line(line)


if __name__ == "__main__":
    errors.run(main)
