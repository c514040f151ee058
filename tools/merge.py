"""`python -m tools.merge examples/NAME.yaml`: add an example's entries to params.yaml.

The text of the entries, comments included, goes to the end of their sections; every other byte of params.yaml stays
as it is, which no YAML library promises. The result must pass `params.load`, or nothing is written.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from pipeline.common import errors, files, params
from pipeline.common.errors import UserError
from workflow import entries


def merge(example: Path) -> dict[str, list[str]]:
    """Add the entries of `example` to params.yaml of the working directory.

    Returns:
        The names added, by level.

    Raises:
        UserError: the example is outside the working directory, is not a file, holds anything but entries, or repeats a
            name of params.yaml; or the result would not be valid. params.yaml is then unchanged.
    """
    params.load()
    addition = _text(_inside(example), example)
    given = _text(params.FILE, params.FILE)
    text, names = entries.combine(given, addition, str(example))
    with files.atomic_write(params.FILE) as beside:
        beside.write_bytes(text.encode("utf-8"))
        try:
            params.load(beside)
        except UserError as error:
            raise UserError(
                str(example),
                f"must make a valid {params.FILE}",
                str(error).rstrip(".?"),
                f"Mend the example; {params.FILE} is unchanged.",
            ) from None
        shutil.copymode(params.FILE, beside)
    return names


def _inside(example: Path) -> Path:
    """Return the resolved path of the example; refuse one outside the working directory, links included."""
    resolved = example.resolve()
    if not resolved.is_relative_to(Path.cwd().resolve()):
        raise UserError(str(example), "must lie inside the project", resolved, "Copy it to examples/.")
    return resolved


def _text(path: Path, shown: Path) -> str:
    if not path.is_file():
        raise UserError(str(shown), "must be a file", "no such file", "Run from the folder that holds params.yaml.")
    try:
        # As bytes: reading as text would normalise line ends.
        return path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise UserError(str(shown), "must be UTF-8", error, "Save it as UTF-8.") from None


def _next(sources: list[str]) -> str:
    """Return the next steps: a file that the project does not ship must be copied and tracked first."""
    steps = []
    for source in dict.fromkeys(source for source in sources if files.is_own(source)):
        if not Path(source).exists():
            steps.append(f"copy the file to {source}")
        if not Path(f"{source}.dvc").exists():
            steps.append(f"`dvc add {source}`")
    return "; ".join([*steps, "`snakemake --cores all`"])


def main(arguments: list[str]) -> None:
    """Merge the example that the arguments name, and print the next steps."""
    if len(arguments) != 1:
        received = " ".join(arguments) or "nothing"
        raise UserError("one example", "must follow the command", received, "For example examples/etth1.yaml.")
    names = merge(Path(arguments[0]))
    series = params.load()["series"]
    added = " · ".join(f"{level}: {', '.join(found)}" for level, found in names.items())
    run = _next([series[name]["source"] for name in names.get("series", [])])
    print(f"Added to {params.FILE}: {added}. Next: {run}.")


if __name__ == "__main__":
    errors.run(main)
