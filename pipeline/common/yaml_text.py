"""YAML as this project reads it: safe, each key once, no alias, and numbers as DVC reads them.

PyYAML follows YAML 1.1, where `1e-3` is text, `yes` is true and `010` is eight. DVC follows YAML 1.2 and records in
dvc.lock what it reads: the two must agree.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from pipeline.common.errors import UserError

_TAG = "tag:yaml.org,2002:"
# The plain scalars of YAML 1.2, with their possible first characters.
_SCALARS = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    (
        "float",
        r"[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9][0-9_]*[eE][-+]?[0-9]+"
        r"|[-+]?\.[0-9_]+(?:[eE][-+][0-9]+)?|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)",
        "-+0123456789.",
    ),
    ("int", r"[-+]?0b[01_]+|[-+]?0o?[0-7_]+|[-+]?[0-9_]+|[-+]?0x[0-9a-fA-F_]+", "-+0123456789"),
)


class Scalars(yaml.SafeLoader):
    """Safe loader that reads numbers and booleans as YAML 1.2 does."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - PyYAML's own attribute
        first: [(tag, pattern) for tag, pattern in found if tag.removeprefix(_TAG) not in ("bool", "float", "int")]
        for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_int(self, node: yaml.ScalarNode) -> int:
        """Read a whole number; a leading zero means nothing."""
        text = str(self.construct_scalar(node)).replace("_", "").lower()
        sign, digits = (-1 if text.startswith("-") else 1), text.lstrip("+-")
        base = {"0b": 2, "0o": 8, "0x": 16}.get(digits[:2], 10)
        return sign * int(digits[2:] if base != 10 else digits, base)


for _name, _pattern, _first in _SCALARS:
    Scalars.add_implicit_resolver(_TAG + _name, re.compile(f"^(?:{_pattern})$"), list(_first))
Scalars.add_constructor(_TAG + "int", Scalars.construct_int)


class FastScalars(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """The same in C, where PyYAML has it: for the project's own files."""

    yaml_implicit_resolvers = Scalars.yaml_implicit_resolvers
    yaml_constructors = Scalars.yaml_constructors


class _Loader(Scalars):
    """Loader that also refuses repeated keys, aliases and merges."""

    def __init__(self, text: str, path: Path) -> None:
        super().__init__(text)
        self._path = path
        self._depth = 0

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuse repeated keys, of which YAML would silently drop all but the last."""
        lines: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in lines:
                raise UserError(
                    f"{self._path}:{line}",
                    "must hold each key once",
                    f"`{key.value}` again, which line {lines[key.value]} has already",
                    f"Merge: move the entries below it to line {lines[key.value]}'s `{key.value}`, and remove this one."
                    if key.start_mark.column == 0
                    else "Rename or remove one of the two.",
                )
            lines[key.value] = line
        return super().construct_mapping(node, deep=deep)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse aliases."""
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise UserError(
                f"{self._path}:{event.start_mark.line + 1}",
                "must write every value out",
                f"the alias *{event.anchor}",
                "`dvc exp run -S` would change every use of an alias: copy the values here.",
            )
        return super().compose_node(parent, index)


def load(text: str, path: Path) -> Any:
    """Read the text of a YAML file.

    Raises:
        UserError: the text is no YAML, repeats a key, or holds an alias or an unsafe tag. `path` is the place.
    """
    loader = None
    try:
        loader = _Loader(text, path)
        return loader.get_single_data()
    except yaml.YAMLError as error:
        raise _explained(error, path) from None
    except RecursionError:
        raise UserError(str(path), "must be nested less deeply", "thousands of levels", "Close the brackets.") from None
    except ValueError as error:
        raise UserError(str(path), "must hold values that exist", error, "Put the value in quotes.") from None
    finally:
        if loader is not None:
            loader.dispose()


class _Dumper(yaml.SafeDumper):
    """Dumper that quotes what `Scalars` would not read as text."""

    yaml_implicit_resolvers = Scalars.yaml_implicit_resolvers

    def ignore_aliases(self, data: Any) -> bool:
        """Write every value out."""
        return True


def dump(value: Any) -> str:
    """Return a value as `load` reads it, on one line."""
    flow: dict[str, Any] = {"default_flow_style": True, "width": 10**6, "allow_unicode": True, "sort_keys": False}
    return yaml.dump(value, Dumper=_Dumper, **flow).removesuffix("...\n").strip()


def read(path: Path) -> str:
    """Return the text of a file.

    Raises:
        UserError: the file does not exist or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UserError(str(path), "must exist", "no such file", "Run the command from the project's folder.") from None
    except IsADirectoryError:
        raise UserError(str(path), "must be a file", "a folder", "Move it away.") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        received = f"the byte 0x{error.object[error.start]:02x}"
        raise UserError(f"{path}:{line}", "must be UTF-8", received, "Save it as UTF-8.") from None


def line_of(text: str, keys: list[str]) -> int | None:
    """Return the line, from 1, of the deepest of nested `keys` that a YAML text holds; None if it holds none."""
    node, line = yaml.compose(text, Loader=Scalars), None
    for name in keys:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if key.value == name), None)
        elif isinstance(node, yaml.SequenceNode) and name.isdigit() and int(name) < len(node.value):
            found = (node.value[int(name)],) * 2
        else:
            found = None
        if found is None:
            break
        line, node = found[0].start_mark.line + 1, found[1]
    return line


def _explained(error: yaml.YAMLError, path: Path) -> UserError:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    if isinstance(error, yaml.reader.ReaderError):
        place, code = str(path), error.character
        character = chr(code) if isinstance(code, int) else str(code)
        return UserError(place, "must hold text", f"the character {character!r}", "Remove it.")
    place = f"{path}:{mark.line + 1}" if mark else str(path)
    if "\\t" in problem:
        return UserError(place, "must be written with spaces", "a tab", "Replace the tab by spaces.")
    if "could not determine a constructor" in problem:
        return UserError(place, "must not name a type", problem.rsplit(" ", 1)[-1], "Remove the word after the `!`.")
    if "expected a single document" in problem or "but found another document" in problem:
        return UserError(place, "must be one document", "a second one", "Remove the line `---` before it.")
    return UserError(place, "must be YAML", problem, "Check the indentation, quotes and brackets there.")
