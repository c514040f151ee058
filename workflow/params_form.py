"""The form in which `dvc exp run -S` leaves params.yaml.

DVC writes the whole file anew: it unfolds each list of a block, wraps lines of more than 80 characters, and loses a
comment that follows an unfolded list. A file without those changes by one line where one number changes. The values,
their spelling and the comments stay as they are; only lines and the order of keys change.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from pipeline.common import params, yaml_text
from pipeline.common.errors import UserError
from pipeline.common.yaml_text import Scalars

WIDTH = 80
_COMMENTS = re.compile(r"^ *#.*", re.MULTILINE)


def formed(text: str) -> str:
    """Return the text of params.yaml in DVC's form.

    Raises:
        UserError: values or comments would change.
    """
    root = yaml.compose(text, Loader=Scalars)
    if not isinstance(root, yaml.MappingNode):
        raise UserError("params.yaml", "must be a mapping of keys", "something else", "Restore it.")
    new = "\n".join([*_entries(text, root, 0), *_comments(text.rstrip("\n").split("\n"))]) + "\n"
    same = yaml_text.load(new, params.FILE) == yaml_text.load(text, params.FILE)
    if not same or sorted(map(str.strip, _COMMENTS.findall(new))) != sorted(map(str.strip, _COMMENTS.findall(text))):
        rule = "must be plain enough to be written line by line"
        raise UserError("params.yaml", rule, "values or comments that would change", "See docs/own_series.md.")
    return new


def _entries(text: str, node: yaml.MappingNode, indent: int) -> Iterator[str]:
    """Yield the lines of a block mapping, each key after the comments above it; the last value is no list."""
    entries = [(_above(text, key), key, value) for key, value in node.value]
    listed = [k for k, (_, _, value) in enumerate(entries) if _unfolds(value)]
    if listed and listed[-1] == len(entries) - 1 and len(listed) < len(entries):
        other = max(k for k in range(len(entries)) if k not in listed)
        entries.append(entries.pop(other))
    for above, key, value in entries:
        yield from above
        yield from _entry(text, key, value, indent)


def _entry(text: str, key: yaml.Node, value: yaml.Node, indent: int) -> Iterator[str]:
    start = " " * indent + text[key.start_mark.index : key.end_mark.index] + ":"
    source = text[value.start_mark.index : value.end_mark.index]
    behind = re.match(r" +#[^\n]*", text[value.end_mark.index :]) if "\n" not in source else None
    # Of a value that begins on the next line, the comment is behind the key.
    behind = behind or re.match(r" +#[^\n]*(?=\n)", text[key.end_mark.index + 1 :])
    comment = behind[0] if behind else ""
    if isinstance(value, yaml.MappingNode) and not value.flow_style:
        yield start + comment
        yield from _entries(text, value, indent + 2)
    elif isinstance(value, yaml.SequenceNode) and value.value:
        yield start + comment
        for each in value.value:
            yield " " * indent + "- " + _flow(text, each)
    else:
        line = f"{start} {_flow(text, value)}" if source else start
        if len(line) > WIDTH and isinstance(value, yaml.MappingNode):
            yield start + comment
            yield from _entries(text, value, indent + 2)
        else:
            yield line + comment


def _unfolds(value: yaml.Node) -> bool:
    return isinstance(value, yaml.SequenceNode) and bool(value.value)


def _flow(text: str, node: yaml.Node) -> str:
    """Return a value in one line, its scalars as they are written."""
    if isinstance(node, yaml.MappingNode):
        return "{" + ", ".join(f"{_flow(text, key)}: {_flow(text, value)}" for key, value in node.value) + "}"
    if isinstance(node, yaml.SequenceNode):
        return "[" + ", ".join(_flow(text, each) for each in node.value) + "]"
    return text[node.start_mark.index : node.end_mark.index].strip()


def _above(text: str, key: yaml.Node) -> list[str]:
    """Return the comments and blank lines directly above a key that begins its line."""
    before = text[: key.start_mark.index].split("\n")
    return [] if before[-1].strip() else _comments(before[:-1])


def _comments(lines: list[str]) -> list[str]:
    """Return the comments and blank lines at the end of some lines."""
    values = [k for k, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")]
    return lines[values[-1] + 1 if values else 0 :]
