"""`python -m tools.merge examples/NAME.yaml`: add an example's entries to params.yaml.

The text of the entries, comments included, goes to the end of their sections; every other byte of params.yaml stays
as it is, which no YAML library promises. The result must pass `params.load`, or nothing is written.
"""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import yaml

from pipeline.common import errors, files, params
from pipeline.common.errors import UserError

LEVELS = ("series", "datasets", "experiments")
_OWN = PurePosixPath("data/own")


class _Section(NamedTuple):
    """The place of one level's entries in a text."""

    first: int  # line after the one with the level's name, from 0
    stop: int  # line after the last one of its entries
    indent: int  # columns before a name
    names: list[str]


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
    text, names = combine(given, addition, str(example))
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


def combine(text: str, addition: str, place: str) -> tuple[str, dict[str, list[str]]]:
    """Insert the entries of one YAML text at the ends of the sections of another.

    Args:
        text: of params.yaml.
        addition: text of the example: any of series, datasets, experiments.
        place: name of the example in errors.

    Returns:
        The new text, and the names added, by level.

    Raises:
        UserError: the addition is not a mapping of entries, or `text` has one of its names already.
    """
    there, new = _sections(text, str(params.FILE)), _sections(addition, place)
    if not any(section.names for section in new.values()):
        raise UserError(place, f"must hold entries of {', '.join(LEVELS)}", "none", "See examples/.")
    for level, section in new.items():
        twice = [name for name in section.names if name in there[level].names]
        if twice:
            raise UserError(
                f"{level}.{twice[0]}",
                f"must not be in {params.FILE} yet",
                f"the same name in {place}",
                f"Rename it in one of the two files, or remove it; {params.FILE} is unchanged.",
            )
    end = "\r\n" if "\r\n" in text else "\n"
    lines, extra = text.splitlines(keepends=True), addition.splitlines()
    # From the last line to the first, so that an insertion moves no later target.
    for level, section in sorted(new.items(), key=lambda item: there[item[0]].stop, reverse=True):
        at, shift = there[level].stop, there[level].indent - section.indent
        block = [_shifted(line, shift) + end for line in extra[section.first : section.stop]]
        if at and not lines[at - 1].endswith(("\n", "\r")):
            block = [end, *block[:-1], block[-1].removesuffix(end)]
        lines[at:at] = block
    combined = "".join(lines)
    _require_same(combined, text, addition, place)
    return combined, {level: new[level].names for level in LEVELS if level in new}


def _sections(text: str, place: str) -> dict[str, _Section]:
    """Return the levels of a text and the places of their entries."""
    root = _compose(text, place)
    if not isinstance(root, yaml.MappingNode):
        raise UserError(place, f"must be a mapping of {', '.join(LEVELS)}", "something else", "See examples/.")
    lines = text.splitlines()
    starts = [key.start_mark.line for key, _ in root.value] + [len(lines)]
    found: dict[str, _Section] = {}
    for (key, value), following in zip(root.value, starts[1:], strict=True):
        line = f"{place}:{key.start_mark.line + 1}"
        if key.value not in LEVELS:
            if place == str(params.FILE):
                continue
            raise UserError(line, f"must be one of {', '.join(LEVELS)}", key.value, "Leave it out.")
        if not isinstance(value, yaml.MappingNode) or value.flow_style or not value.value:
            mend = "Write each name on a line of its own."
            raise UserError(line, "must hold its entries line by line", key.value, mend)
        stop = following
        # Comments at the margin below the entries belong to the next section.
        while not lines[stop - 1].strip() or lines[stop - 1].startswith("#"):
            stop -= 1
        names = [str(name.value) for name, _ in value.value]
        found[key.value] = _Section(key.start_mark.line + 1, stop, value.start_mark.column, names)
    return found


def _compose(text: str, place: str) -> Any:
    """Parse a text into nodes with line numbers; refuse aliases before resolving one."""
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            if isinstance(event, yaml.AliasEvent):
                where = f"{place}:{event.start_mark.line + 1}"  # type: ignore[union-attr]
                received = f"the alias *{event.anchor}"
                raise UserError(where, "must write every value out", received, "Copy the values here.")
        return yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark: Any = getattr(error, "problem_mark", None)
        where = f"{place}:{mark.line + 1}" if mark else place
        problem = getattr(error, "problem", None) or str(error)
        raise UserError(where, "must be YAML", problem, "Check the indentation, quotes and brackets there.") from None


def _shifted(line: str, shift: int) -> str:
    """Move a line by some columns; to the left, at most to the margin."""
    if not line.strip():
        return line
    return " " * shift + line if shift >= 0 else line[min(-shift, len(line) - len(line.lstrip(" "))) :]


def _require_same(combined: str, text: str, addition: str, place: str) -> None:
    """Check that the combined text has the values of both: only lines may have moved."""
    try:
        expected = yaml.safe_load(text)
        for level, entries in yaml.safe_load(addition).items():
            expected[level] |= entries
        same = yaml.safe_load(combined) == expected
    except yaml.YAMLError:
        same = False
    if not same:
        raise UserError(
            place,
            f"must be plain enough to insert into {params.FILE} line by line",
            "a text whose values would change",
            "Write it as the other examples are, or copy its entries by hand.",
        )


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
    for source in dict.fromkeys(source for source in sources if PurePosixPath(source).is_relative_to(_OWN)):
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
