"""Entries of params.yaml as text: some are added or one is taken out, and every other byte stays as it is.

No YAML library promises that. Places come from the parser's line numbers, and the result must have the expected values.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import yaml

from pipeline.common import params, yaml_text
from pipeline.common.errors import UserError
from pipeline.report.wording import setting

LEVELS = ("series", "datasets", "experiments")
# The first words of the comment above an entry that `make fix` has written. It goes with its entry.
COMMENT = "# `make fix`:"


class _Section(NamedTuple):
    """The place of one level's entries in a text."""

    first: int  # line after the one with the level's name, from 0
    stop: int  # line after the last one of its entries
    indent: int  # columns before a name
    names: list[str]


class _Place(NamedTuple):
    """The lines of one entry, from 0."""

    start: int  # its name, or the comment of `make fix` above it
    stop: int  # the line after its last one
    node: Any  # YAML node of its value
    indent: int  # columns before its name


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


def _values(text: str) -> Any:
    """Return the values of a text as DVC reads them; repeated keys are for `params.load` to refuse."""
    return yaml.load(text, Loader=yaml_text.Scalars)  # noqa: S506 - derived from the safe loader


def _shifted(line: str, shift: int) -> str:
    """Move a line by some columns; to the left, at most to the margin."""
    if not line.strip():
        return line
    return " " * shift + line if shift >= 0 else line[min(-shift, len(line) - len(line.lstrip(" "))) :]


def _require_same(combined: str, text: str, addition: str, place: str) -> None:
    """Check that the combined text has the values of both: only lines may have moved."""
    try:
        expected = _values(text)
        for level, entries in _values(addition).items():
            expected[level] |= entries
        same = _values(combined) == expected
    except yaml.YAMLError:
        same = False
    if not same:
        raise UserError(
            place,
            f"must be plain enough to insert into {params.FILE} line by line",
            "a text whose values would change",
            "Write it as the other examples are, or copy its entries by hand.",
        )


def insert(text: str, level: str, after: str, name: str, settings: dict[str, Any], comment: str = "") -> str:
    """Add an entry in the style of the one that it follows.

    Args:
        text: of params.yaml.
        level: `datasets` or `experiments`.
        after: name of the entry that it follows. What that entry writes in one line, so does the new one.
        name: of the new entry.
        settings: of the new entry.
        comment: a line above it; none by default.

    Raises:
        UserError: entries are not one below the other, or the text is too unusual to change it line by line.
    """
    place = _places(text, level)[after]
    block = isinstance(place.node, yaml.MappingNode) and not place.node.flow_style
    step = place.node.start_mark.column - place.indent if block else 2
    lines = [" " * place.indent + f"{COMMENT} {comment}"] if comment else []
    lines += _written(name, settings, place.node, place.indent, step)
    end = "\r\n" if "\r\n" in text else "\n"
    added = [line + end for line in lines]
    there = text.splitlines(keepends=True)
    if not there[place.stop - 1].endswith(("\n", "\r")):
        added = [end, *added[:-1], added[-1].removesuffix(end)]
    there[place.stop : place.stop] = added
    return _checked("".join(there), text, level, name, settings)


def remove(text: str, level: str, name: str) -> str:
    """Take an entry out, with the comment of `make fix` above it; the text stays as it is without such an entry.

    Raises:
        UserError: as for `insert`.
    """
    place = _places(text, level).get(name)
    if place is None:
        return text
    lines = text.splitlines(keepends=True)
    del lines[place.start : place.stop]
    without = "".join(lines)
    if place.stop >= len(text.splitlines()) and not text.endswith(("\n", "\r")):
        without = without.removesuffix("\n").removesuffix("\r")
    return _checked(without, text, level, name, None)


def _places(text: str, level: str) -> dict[str, _Place]:
    """Return the places of a level's entries."""
    root: Any = yaml.compose(text, Loader=yaml.SafeLoader)
    keys = [(key.value, key.start_mark.line, value) for key, value in root.value]
    at = next(i for i, (key, _, _) in enumerate(keys) if key == level)
    _, line, section = keys[at]
    if not isinstance(section, yaml.MappingNode) or section.flow_style:
        rule, mend = "must hold its entries line by line", "Write each name on a line of its own."
        raise UserError(f"{params.FILE}:{line + 1}", rule, level, mend)
    lines = text.splitlines()
    end = keys[at + 1][1] if at + 1 < len(keys) else len(lines)
    starts = [key.start_mark.line for key, _ in section.value] + [end]
    indent = section.start_mark.column
    places = {}
    for (key, node), start, following in zip(section.value, starts, starts[1:], strict=False):
        stop = following
        while not _content(lines[stop - 1], indent):
            stop -= 1
        if lines[start - 1].strip().startswith(COMMENT):
            start -= 1
        places[key.value] = _Place(start, stop, node, indent)
    return places


def _content(line: str, indent: int) -> bool:
    """Return whether a line belongs to the entry above it; a comment does where it is indented further."""
    bare = line.strip()
    return bool(bare) and bare != "..." and not (bare.startswith("#") and len(line) - len(line.lstrip()) <= indent)


def _written(key: str, value: Any, like: Any, indent: int, step: int) -> list[str]:
    """Return the lines of a value: a mapping in one line unless `like`, a node or None, is one over several lines."""
    head = f"{' ' * indent}{setting(key)}:"
    if not isinstance(value, dict) or not value or not isinstance(like, yaml.MappingNode) or like.flow_style:
        return [f"{head} {setting(value)}"]
    nodes = {node.value: below for node, below in like.value}
    below = [_written(each, item, nodes.get(each), indent + step, step) for each, item in value.items()]
    return [head, *(line for lines in below for line in lines)]


def _checked(text: str, before: str, level: str, name: str, settings: dict[str, Any] | None) -> str:
    """Return the text if its values are those before, but for the one entry.

    Raises:
        UserError: they are not.
    """
    expected = _values(before)
    expected[level].pop(name, None)
    if settings is not None:
        expected[level][name] = settings
    if _values(text) != expected:
        rule = "must be plain enough to change line by line"
        raise UserError(f"{level}.{name}", rule, "a text whose values would change", "See docs/own_series.md.")
    return text
