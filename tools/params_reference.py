"""Write docs/params.md, the reference of params.yaml, from pipeline/common/params.schema.yaml.

`python -m tools.params_reference` writes it; with `--check` it only reports whether it differs.
"""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from pipeline.common import files

PROJECT = Path(__file__).resolve().parent.parent
SCHEMA = PROJECT / "pipeline/common/params.schema.yaml"
ARCHITECTURES = PROJECT / "pipeline/architectures"
PAGE = PROJECT / "docs/params.md"
INTRO = """\
<!-- Made by `python -m tools.params_reference` from pipeline/common/params.schema.yaml. Edit the schema instead. -->

# Settings: params.yaml

`params.yaml` holds every setting. An unknown key and a value that is not allowed are errors, in one line, before
anything is computed.

Any single value may be given per size: `epochs: {quick: 10, full: 200}`. `-S` of `dvc exp run` takes the dotted
path of a setting: `-S experiments.co2_lstm.training.epochs=20`.

"""
_KINDS = {
    "integer": "whole number",
    "number": "number",
    "string": "text",
    "boolean": "true or false",
    "array": "list",
    "object": "mapping",
    "null": "null",
}
_LIMITS = (
    ("minimum", "{} or more"),
    ("exclusiveMinimum", "above {}"),
    ("maximum", "at most {}"),
    ("exclusiveMaximum", "below {}"),
)
_TITLES = {
    "series": "## `series.NAME`: raw rows",
    "datasets": "## `datasets.NAME`: a series with its split, windows and scaling",
    "experiments": "## `experiments.NAME`: a dataset with an architecture and its training",
}


class Row(NamedTuple):
    """One setting."""

    key: str  # dotted path below its section
    allowed: str
    default: str
    meaning: str


class Section(NamedTuple):
    """The settings that belong together: those of all, or those of one choice such as `scheme: holdout`."""

    choice: str
    rows: list[Row]


def page() -> str:
    """Return the text of docs/params.md."""
    root = yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))
    parts, single = [INTRO], []
    for name, schema in root["properties"].items():
        schema = resolved(schema, root)
        below = schema.get("additionalProperties")
        if not isinstance(below, dict):
            single += [*_table_rows(name, schema, root)]
            continue
        parts += [_TITLES.get(name, f"## `{name}.NAME`"), ""]
        for section in sections(resolved(below, root), root):
            heading = [f"### {section.choice}", ""] if section.choice else []
            parts += [*heading, _table(section.rows)] if section.rows else []
        parts += [_architectures()] if name == "experiments" else []
    return "\n".join([*parts, "## Other settings", "", _table(single)])


def sections(schema: dict[str, Any], root: dict[str, Any]) -> Iterator[Section]:
    """Yield the settings of a mapping, then those of each of its choices, then those of choices further down."""
    rows, choices = _rows("", schema, root)
    yield Section("", rows)
    yield from choices


def resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    """Return the schema that a reference names, or the schema itself."""
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def allowed(schema: dict[str, Any], root: dict[str, Any]) -> str:
    """Describe the values that a schema allows."""
    schema = resolved(schema, root)
    if "enum" in schema:
        return ", ".join(f"`{_yaml(value)}`" for value in schema["enum"])
    if "const" in schema:
        return f"`{_yaml(schema['const'])}`"
    for key in ("anyOf", "oneOf"):
        if key in schema:
            return " or ".join(dict.fromkeys(allowed(each, root) for each in schema[key]))
    kinds = schema.get("type", "string")
    return " or ".join(_kind(kind, schema, root) for kind in ([kinds] if isinstance(kinds, str) else kinds))


def _kind(kind: str, schema: dict[str, Any], root: dict[str, Any]) -> str:
    if kind in ("integer", "number"):
        limits = [words.format(f"{schema[key]:g}") for key, words in _LIMITS if key in schema]
        return ", ".join([_KINDS[kind], *limits])
    if kind == "array" and "items" in schema:
        most = schema.get("maxItems")
        count = f" of {most}" if most and most == schema.get("minItems") else ""
        return f"list{count}: {allowed(schema['items'], root)}"
    if kind == "object" and schema.get("properties"):
        return "{" + ", ".join(f"`{key}`" for key in schema["properties"]) + "}"
    return _KINDS[kind]


def _rows(path: str, schema: dict[str, Any], root: dict[str, Any]) -> tuple[list[Row], list[Section]]:
    rows: list[Row] = []
    later: list[Section] = []
    for key, given in schema.get("properties", {}).items():
        each = resolved(given, root)
        name = f"{path}.{key}".lstrip(".")
        if not each:  # the key that a choice is made by, described above it
            continue
        if _is_mapping(each):
            below, more = _rows(name, each, root)
            if below or more:
                if each.get("description") and ("default" not in each or each["default"] is None):
                    rows.append(_row(name, each, root, key in schema.get("required", []), "mapping, see below"))
                rows += below
                later += more
                continue
        rows.append(_row(name, each, root, key in schema.get("required", [])))
        later += _choices(name, each, root)
    return rows, [*later, *_choices(path, schema, root)]


def _choices(path: str, schema: dict[str, Any], root: dict[str, Any]) -> list[Section]:
    """Return the settings that each choice of a mapping has, for example those of each `scheme`."""
    found: list[Section] = []
    for choice in schema.get("allOf", []):
        if "then" in choice:
            below, more = _rows(path, resolved(choice["then"], root), root)
            found += [Section(_choice(path, choice["if"]), below), *more]
    return found


def _is_mapping(schema: dict[str, Any]) -> bool:
    kinds = schema.get("type", "object" if "properties" in schema else "")
    return kinds == "object" or (isinstance(kinds, list) and set(kinds) <= {"object", "null"})


def _row(key: str, schema: dict[str, Any], root: dict[str, Any], needed: bool, values: str = "") -> Row:
    default = f"`{_yaml(schema['default'])}`" if "default" in schema else ("required" if needed else "not set")
    return Row(f"`{key}`", values or allowed(schema, root), default, schema.get("description", ""))


def _table_rows(name: str, schema: dict[str, Any], root: dict[str, Any]) -> list[Row]:
    if _is_mapping(schema) and schema.get("properties"):
        return _rows(name, schema, root)[0]
    return [_row(name, schema, root, True)]


def _choice(path: str, condition: dict[str, Any]) -> str:
    """Return the title of the settings that a choice such as `scheme: holdout` has, from its `if`."""
    for key, schema in condition.get("properties", {}).items():
        name = f"{path}.{key}".lstrip(".")
        if "const" in schema:
            return f"With `{name}: {_yaml(schema['const'])}`"
        if "pattern" in schema:
            return f"With `{name}: {schema['pattern'].lstrip('^')}…`"
        if "enum" in schema:
            return f"With `{name}`: {', '.join(f'`{_yaml(value)}`' for value in schema['enum'])}"
    return f"Where `{path}` is a mapping" if path else "More settings"


def _architectures() -> str:
    """Return the options of the architectures of the project, read off their builders."""
    rows = []
    for path in sorted(ARCHITECTURES.glob("*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name == "build":
                options = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
                named = [f"`{one.arg}`" + (f" ({ast.unparse(value)})" if value else "") for one, value in options]
                first = (ast.get_docstring(node) or "").partition("\n")[0]
                rows.append((f"`{path.stem}`", ", ".join(named), first))
    head = "| `architecture.name` | options, with their defaults | network |\n|---|---|---|\n"
    body = "".join(f"| {' | '.join(map(_cell, row))} |\n" for row in rows)
    return f"### Options of the architectures\n\nOptions are keys next to `architecture.name`.\n\n{head}{body}"


def _table(rows: list[Row]) -> str:
    head = "| setting | allowed | default | meaning |\n|---|---|---|---|\n"
    return head + "".join(f"| {' | '.join(map(_cell, row))} |\n" for row in rows)


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _yaml(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def main(arguments: list[str]) -> int:
    """Write the page, or with `--check` report whether it differs."""
    text = page()
    stale = not PAGE.exists() or PAGE.read_text(encoding="utf-8") != text
    if arguments == ["--check"]:
        if stale:
            print("docs/params.md differs: run `python -m tools.params_reference`")
        return 1 if stale else 0
    with files.atomic_write(PAGE) as beside:
        beside.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
