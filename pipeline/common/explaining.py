"""One line for each way in which a setting breaks the schema of params.yaml, with a fix that can be typed."""

from __future__ import annotations

import datetime
import difflib
import math
import re
from collections.abc import Iterable
from typing import Any

import jsonschema

from pipeline.common import yaml_text
from pipeline.common.errors import UserError

SCHEMA_FILE = "pipeline/common/params.schema.yaml"
_TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "object": "a mapping of keys",
    "array": "a list",
    "null": "null",
}
# What people write for true, false and null.
_WORDS = {
    **dict.fromkeys(("true", "yes", "on", "1"), True),
    **dict.fromkeys(("false", "no", "off", "0"), False),
    **dict.fromkeys(("none", "null", "nil", "nan", "~"), None),
}
_LONGEST = 80

# A whole number has no decimal point, and every number is finite: JSON Schema alone accepts 2.0 and NaN.
_CHECKER = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine_many(
    {
        "integer": lambda _, value: isinstance(value, int) and not isinstance(value, bool),
        "number": lambda _, value: (
            isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        ),
    }
)
Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, type_checker=_CHECKER)


def first_violation(schema: dict[str, Any], settings: Any) -> UserError | None:
    """Return the line for the first setting that breaks the schema; None if none does."""

    def order(error: jsonschema.ValidationError) -> tuple[list[str], bool]:
        # A misspelt key is both unknown and missing: the former says which it is.
        return [str(part) for part in error.absolute_path], error.validator in ("required", "dependentRequired")

    errors = sorted(Validator(schema).iter_errors(settings), key=order)
    return _explained(errors[0], schema) if errors else None


def suggestion(word: object, known: Iterable[Any]) -> str:
    """Return the fix for a misspelt name: the closest of the known ones, or all of them."""
    names = [str(name) for name in known]
    lower = {name.lower(): name for name in names}
    close = difflib.get_close_matches(str(word).lower(), list(lower), n=1)
    return f"Did you mean `{lower[close[0]]}`?" if close else f"Known: {', '.join(names) or 'none'}."


def as_yaml(given: Any) -> str:
    """Return a value as it is written in params.yaml, at most 80 characters of it."""
    text = "nothing" if given is None else yaml_text.dump(given)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def name_for(given: str) -> str | None:
    """Return the valid name that is closest to an invalid one; None if it has no letter."""
    name = re.sub(r"[^a-z0-9]+", "_", given.lower()).strip("_").lstrip("0123456789_")
    return name or None


def _explained(error: jsonschema.ValidationError, root: dict[str, Any]) -> UserError:
    """Turn one violation into an error."""
    error = _deepest(error)
    path = [str(part) for part in error.absolute_path]
    schema = error.schema if isinstance(error.schema, dict) else {}
    given: Any = error.instance
    if error.validator == "additionalProperties":
        allowed = list(schema.get("properties", {}))
        unknown = next(key for key in given if key not in allowed)
        return UserError(
            _place(path, unknown), "is not a known key", as_yaml(given[unknown]), suggestion(unknown, allowed)
        )
    if error.validator in ("required", "dependentRequired"):
        missing = _missing(error, given)
        example = _example(missing, _branch(schema, missing, root), root)
        return UserError(_place(path, missing), "must be given", "nothing", f"Add {example or f'`{missing}`'}.")
    if error.validator == "minProperties":
        return UserError(_place(path), "must hold at least one entry", "none", "Add one, as in the README.")
    if "propertyNames" in error.schema_path:
        rule = "must be a name of small letters, digits and _ that begins with a letter"
        better = name_for(str(given))
        fix = f"Write `{better}`." if better else "Rename it."
        return UserError(_place(path, given), rule, as_yaml(given), fix)
    key = next((part for part in reversed(path) if not part.isdigit()), "params.yaml")
    fix = _source(given) if path[:1] == ["series"] and path[-1:] == ["source"] else _fix(key, given, schema, root, path)
    return UserError(_place(path) or "params.yaml", f"must be {rule_of(schema, root)}", as_yaml(given), fix)


def _place(path: list[str], *more: object) -> str:
    return ".".join([*path, *map(str, more)])


def _deepest(error: jsonschema.ValidationError) -> jsonschema.ValidationError:
    """Follow an `anyOf` into the one alternative that the value was meant for, judged by its type."""
    while error.validator == "anyOf" and error.context:
        meant: dict[Any, list[jsonschema.ValidationError]] = {}
        for each in error.context:
            meant.setdefault(each.schema_path[0], []).append(each)
        fitting = [
            errors
            for errors in meant.values()
            if not any(each.validator in ("type", "const", "enum") and not each.path for each in errors)
        ]
        if len(fitting) != 1:
            break
        error = min(fitting[0], key=lambda each: each.validator == "required")
    return error


def _missing(error: jsonschema.ValidationError, given: dict[str, Any]) -> str:
    wanted: Any = error.validator_value
    if error.validator == "dependentRequired":
        wanted = [key for have, keys in wanted.items() if have in given for key in keys]
    # Each missing key is an error of its own, whose message names it.
    return next((key for key in wanted if key not in given and error.message.startswith(f"'{key}'")), wanted[0])


def _resolved(schema: dict[str, Any], root: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]] | {k: v for k, v in schema.items() if k != "$ref"}
    return schema


def _branch(schema: dict[str, Any], key: str, root: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a key, which may stand in a `then`."""
    alternatives = [_resolved(choice["then"], root) for choice in schema.get("allOf", [])]
    found = (each["properties"][key] for each in [schema, *alternatives] if key in each.get("properties", {}))
    return _resolved(next(found, {}), root)


def _line(key: str, given: Any) -> str:
    return f"`{key}: {yaml_text.dump(given)}`"


def _valid(given: Any, schema: dict[str, Any], root: dict[str, Any]) -> bool:
    return Validator(schema | {"$defs": root["$defs"]}).is_valid(given)


def _candidates(schema: dict[str, Any], root: dict[str, Any], given: Any = None) -> list[Any]:
    """Return values that the schema suggests, the best first."""
    schema = _resolved(schema, root)
    found = [*schema.get("examples", [])]
    if schema.get("default") is not None:
        found.append(schema["default"])
    found += schema.get("enum", [])
    if "const" in schema:
        found.append(schema["const"])
    for option in schema.get("anyOf", []):
        found += _candidates(option, root, given)
    if "minimum" in schema:
        found.append(schema["minimum"])
    if schema.get("properties"):
        form = _form(schema, root, given)
        found += [form] if form else []
    if schema.get("type") == "boolean":
        found.append(True)
    return found


def _form(schema: dict[str, Any], root: dict[str, Any], given: Any) -> dict[str, Any]:
    """Return a mapping with a value for each key of a schema: the one given where it fits."""
    form = {}
    for key, sub in schema["properties"].items():
        if given is not None and _valid(given, _resolved(sub, root), root):
            form[key] = given
        elif key in schema.get("required", []) or given is None:
            found = [each for each in _candidates(sub, root) if not isinstance(each, dict)]
            if found:
                form[key] = found[0]
    return form


def _example(key: str, schema: dict[str, Any], root: dict[str, Any], given: Any = None) -> str | None:
    valid = (each for each in _candidates(schema, root, given) if _valid(each, schema, root))
    found = next((each for each in valid if each != {}), None)
    return None if found is None else _line(key, found)


def _fix(key: str, given: Any, schema: dict[str, Any], root: dict[str, Any], path: list[str]) -> str:
    """Return what to type instead of `given`."""
    schema = _resolved(schema, root)
    inside = bool(path) and path[-1].isdigit()  # one entry of a list
    if "enum" in schema and isinstance(given, str):
        close = suggestion(given, schema["enum"])
        if close.startswith("Did"):
            return close
    for meant, advice in _meanings(given):
        if _valid(meant, schema, root):
            return f"{advice}: {f'`{yaml_text.dump(meant)}`' if inside else _line(key, meant)}."
    if isinstance(given, list) and len(given) > len(set(map(str, given))):
        once = list(dict.fromkeys(map(str, given)))
        kept = [next(each for each in given if str(each) == text) for text in once]
        if _valid(kept, schema, root):
            return f"Write each entry once: {_line(key, kept)}."
    example = _example(key, schema, root, given if isinstance(given, int | float | str) else None)
    if given is None:
        start = "Give a value" if "default" not in schema else "Remove the line, or give a value"
        return f"{start}, for example {example}." if example else f"{start}."
    if example and inside and not isinstance(schema.get("examples", [None])[0], list):
        example = example.replace(f"`{key}: ", "`", 1)
    return f"For example {example}." if example else f"See {SCHEMA_FILE}."


def _meanings(given: Any) -> list[tuple[Any, str]]:
    """Return values that a person may have meant by `given`, each with the change that makes it so."""
    found: list[tuple[Any, str]] = []
    if isinstance(given, datetime.date):
        found.append((given.isoformat().replace("T", " "), "Put the date in quotes"))
    if isinstance(given, str):
        text = given.strip()
        number = _number(text)
        if number is not None:
            found.append((number, "Take off the quotes"))
        if re.fullmatch(r"[-+]?\d+,\d+", text):
            found.append((float(text.replace(",", ".")), "Write a decimal point"))
        if re.fullmatch(r"\d+(\.\d+)? ?%", text):
            found.append((round(float(text.rstrip("% ")) / 100, 9), "Write a share"))
        entries = [_number(each.strip()) for each in text.strip("[]()").split(",")]
        if len(entries) > 1 and None not in entries:
            found.append((entries, "Write a list"))
        if text.lower() in _WORDS:
            found.append((_WORDS[text.lower()], "Write"))
    if isinstance(given, float) and given.is_integer():
        found.append((int(given), "Write a whole number"))
    elif isinstance(given, float) and math.isfinite(given):
        found.append((round(given), "Write a whole number"))
    if isinstance(given, int | float) and not isinstance(given, bool):
        if 1 <= given < 100:
            found.append((given / 100, "Write a share"))
        found.append((str(given), "Put it in quotes"))
    if isinstance(given, list) and len(given) == 1:
        found.append((given[0], "Take off the brackets"))
    if not isinstance(given, list | dict) and given is not None:
        found += [([meant], "Put it in brackets") for meant in (given, _number(str(given))) if meant is not None]
    return found


def _number(text: str) -> int | float | None:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        found = float(text)
    except ValueError:
        return None
    return found if math.isfinite(found) else None


def _source(given: Any) -> str:
    """Return the fix for a source that is none."""
    text = str(given)
    name = re.split(r"[/\\]", text)[-1]
    name = name if len(name) <= _LONGEST else "mine.csv"
    if text.startswith("pipeline/sources") or (text.endswith(".py") and "/" not in text):
        known = ("bundled", "market", "autoregression", "seasonal", "price", "steps")
        return suggestion(f"pipeline/sources/{name}", [f"pipeline/sources/{each}.py" for each in known])
    stem = name.rsplit(".", 1)[0] or "mine"
    if re.search(r"\.(xlsx?|ods)$", name, re.IGNORECASE):
        return f"Save the sheet as CSV: `source: data/own/{stem}.csv`."
    if not re.search(r"\.(csv|parquet)$", name, re.IGNORECASE):
        return f"Save the table as CSV: `source: data/own/{stem}.csv`."
    return f"Copy the file to data/own/ and write `source: data/own/{name}`."


def rule_of(schema: dict[str, Any], root: dict[str, Any]) -> str:
    """Describe the values that a schema allows."""
    schema = _resolved(schema, root)
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    if "const" in schema:
        return f"`{schema['const']}`"
    if "anyOf" in schema:
        options = " or ".join(rule_of(option, root) for option in schema["anyOf"])
        return schema.get("description") or options
    kinds = schema.get("type", "string")
    words = " or ".join(_TYPES[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds))
    limits = [
        f"{limit} {schema[key]}" if limit else f"{schema[key]} or more"
        for key, limit in (
            ("minimum", ""),
            ("exclusiveMinimum", "above"),
            ("maximum", "at most"),
            ("exclusiveMaximum", "below"),
        )
        if key in schema
    ]
    if "minItems" in schema:
        limits.append(
            f"of {schema['minItems']} or more entries"
            if "maxItems" not in schema
            else f"of {schema['minItems']} entries"
        )
    if schema.get("uniqueItems"):
        limits.append("each entry once")
    if "pattern" in schema and "description" in schema:
        return str(schema["description"])
    return ", ".join([words, *limits])
