"""params.yaml, checked against its schema, with sizes resolved and defaults filled in."""

from __future__ import annotations

import copy
import difflib
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from pipeline.common import architectures, training
from pipeline.common.errors import UserError

FILE = Path("params.yaml")
SCHEMA = Path(__file__).with_name("params.schema.yaml")
SIZES = ("quick", "full")
# Names that `make fix` gives to its candidates while it is at work (docs/fix.md).
CANDIDATE = re.compile(r".+_fix[1-9][0-9]*")
# DVC's run cache ignores parameters of these names, at any depth (its issue 10296).
_IGNORED = ("size", "nfiles")
_TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "object": "a mapping of keys",
    "array": "a list",
    "null": "null",
}


class _Loader(yaml.SafeLoader):
    """Safe loader that also refuses repeated keys, aliases and merges."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Refuse repeated keys, of which YAML would silently drop all but the last."""
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise UserError(
                    f"{FILE}:{key.start_mark.line + 1}",
                    "must hold each key once",
                    f"`{key.value}` again",
                    "Remove one of the two.",
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep=deep)

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Refuse aliases."""
        if self.check_event(yaml.AliasEvent):
            event = self.peek_event()
            raise UserError(
                f"{FILE}:{event.start_mark.line + 1}",
                "must write every value out",
                f"the alias *{event.anchor}",
                "`dvc exp run -S` would change every use of an alias: copy the values here.",
            )
        return super().compose_node(parent, index)


def load(path: Path = FILE) -> dict[str, Any]:
    """Read and check params.yaml.

    Returns:
        `size`, `series`, `datasets`, `experiments` and `calibration`, with every `{quick: …, full: …}` resolved to the
        chosen size and every default filled in.

    Raises:
        UserError: a key or value breaks the schema, or names something that does not exist.
    """
    return copy.deepcopy(_checked(_text(path), path))


@functools.lru_cache(maxsize=2)
def _checked(text: str, path: Path) -> dict[str, Any]:
    """Check the text of params.yaml. It is cached: a proof loads the same text twenty times, at 0.12 s each."""
    raw = _read(text, path)
    schema = _schema()
    if not isinstance(raw, dict):
        raise UserError(
            str(path), "must be a mapping of size, series, datasets and experiments", _shown(raw), "See the README."
        )
    size = raw.get("size")
    # Values for the other size are checked too, so that a typing error in one shows at once.
    for each in sorted(SIZES, key=lambda s: s == size):
        resolved = _resolve(raw, each)
        for error in sorted(
            jsonschema.Draft202012Validator(schema).iter_errors(resolved), key=lambda e: list(map(str, e.absolute_path))
        ):
            raise _explained(error)
        for level in ("series", "datasets", "experiments"):
            _check_keys(level, resolved[level])
        _fill(schema, resolved, schema)
        _check_names(resolved)
    return resolved


def _check_keys(place: str, settings: dict[str, Any]) -> None:
    """Refuse names that DVC's run cache ignores: it would restore the results of another value."""
    for key, value in settings.items():
        if key in _IGNORED:
            raise UserError(
                f"{place}.{key}", "must have another name, because DVC's run cache ignores this one", key, "Rename it."
            )
        if isinstance(value, dict):
            _check_keys(f"{place}.{key}", value)


def name_of(arguments: list[str], level: str) -> str:
    """Return the one argument of a stage's command line: a name of `level` (series, datasets or experiments)."""
    known = load()[level]
    if len(arguments) != 1:
        raise UserError(
            f"one name of {level}",
            "must follow the command",
            " ".join(arguments) or "nothing",
            f"Known: {', '.join(known)}.",
        )
    if arguments[0] not in known:
        raise UserError(
            f"{level}.{arguments[0]}", "must be in params.yaml", arguments[0], _suggestion(arguments[0], known)
        )
    return arguments[0]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UserError(str(path), "must exist", "no such file", "Run the command from the project's folder.") from None
    except UnicodeDecodeError as error:
        raise UserError(str(path), "must be UTF-8", str(error), "Save it as UTF-8.") from None


def _read(text: str, path: Path) -> Any:
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - derived from the safe loader
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path}:{mark.line + 1}" if mark else str(path)
        problem = getattr(error, "problem", None) or str(error)
        raise UserError(place, "must be YAML", problem, "Check the indentation, quotes and brackets there.") from None


@functools.cache
def _schema() -> dict[str, Any]:
    return yaml.safe_load(SCHEMA.read_text(encoding="utf-8"))


def _resolve(value: Any, size: str) -> Any:
    """Replace every `{quick: a, full: b}` by the value of `size`."""
    if isinstance(value, dict):
        if value and set(value) <= set(SIZES):
            missing = [s for s in SIZES if s not in value]
            if missing:
                raise UserError(
                    str(value),
                    "must have a value for each size",
                    f"none for {missing[0]}",
                    "Write {quick: …, full: …}.",
                )
            return _resolve(value[size], size)
        return {key: _resolve(item, size) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolve(item, size) for item in value]
    return value


def _branches(schema: dict[str, Any], value: Any, root: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the schemas that apply to `value`: `schema`, its reference, and the `then` of every `if` that holds."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    yield schema
    for choice in schema.get("allOf", []):
        if jsonschema.Draft202012Validator(choice["if"]).is_valid(value):
            yield from _branches(choice["then"], value, root)


def _fill(schema: dict[str, Any], value: Any, root: dict[str, Any]) -> None:
    """Fill in every default of the schema, in place."""
    if not isinstance(value, dict):
        return
    for branch in _branches(schema, value, root):
        for key, sub in branch.get("properties", {}).items():
            target = root["$defs"][sub["$ref"].rsplit("/", 1)[1]] if "$ref" in sub else sub
            if key not in value and "default" in target:
                value[key] = copy.deepcopy(target["default"])
            if key in value:
                _fill(sub, value[key], root)
        extra = branch.get("additionalProperties")
        if isinstance(extra, dict):
            for item in value.values():
                _fill(extra, item, root)


def _check_names(p: dict[str, Any]) -> None:
    """Check what a schema cannot: names that must exist, and settings that must fit each other."""
    for name, dataset in p["datasets"].items():
        if dataset["series"] not in p["series"]:
            fix = _suggestion(dataset["series"], p["series"])
            raise UserError(f"datasets.{name}.series", "must name a series", dataset["series"], fix)
        _check_dataset(f"datasets.{name}", dataset, p["series"][dataset["series"]]["source"])
    for name, experiment in p["experiments"].items():
        place, data = f"experiments.{name}", experiment["dataset"]
        if data not in p["datasets"]:
            raise UserError(f"{place}.dataset", "must name a dataset", data, _suggestion(data, p["datasets"]))
        architectures.check(f"{place}.architecture", experiment["architecture"])
        split, target = p["datasets"][data]["split"], p["datasets"][data]["window"]["target"]
        validation = bool(split.get("validation") or split.get("validation_size"))
        classes = target["kind"] in ("sign", "classes")
        training.check(f"{place}.training", experiment["training"], classes, validation, f"datasets.{data}.split")


def _check_dataset(place: str, dataset: dict[str, Any], source: str) -> None:
    """Check settings that must fit each other: whole sequences need three of them, and classes need quantiles."""
    scheme, length, target = dataset["split"]["scheme"], dataset["window"]["length"], dataset["window"]["target"]
    whole = length == "sequence"
    if not source.endswith("/steps.py") == whole == (scheme == "sequences"):
        raise UserError(
            f"{place}.split.scheme",
            "must be `sequences`, with `window.length: sequence`, for independent sequences, and only for them",
            f"{scheme}, length {length}, series {dataset['series']}",
            "Use all three together, or none.",
        )
    if (target["kind"] == "sequence_mean") != whole:
        raise UserError(
            f"{place}.window.target.kind",
            "must be `sequence_mean` for whole sequences, which have no next row, and only for them",
            target["kind"],
            "Set it together with `window.length: sequence`.",
        )
    quantiles, example = target.get("quantiles"), "For example [0.33, 0.67]."
    if (target["kind"] == "classes") != (quantiles is not None):
        rule = "must be given for classes, and only for them"
        raise UserError(f"{place}.window.target.quantiles", rule, _shown(quantiles), example)
    if quantiles and not quantiles[0] < quantiles[1]:
        raise UserError(f"{place}.window.target.quantiles", "must rise", quantiles, example)


def without_candidates(settings: dict[str, Any]) -> dict[str, Any]:
    """Return params.yaml without the candidates of `make fix`, which are in no report and no comparison."""
    return settings | {
        level: {name: entry for name, entry in settings[level].items() if not CANDIDATE.fullmatch(name)}
        for level in ("datasets", "experiments")
        if level in settings
    }


def leaves(settings: Any, path: str = "") -> dict[str, Any]:
    """Flatten nested settings: every value that is not a mapping with keys, by its dotted path."""
    if not isinstance(settings, dict) or not settings:
        return {path: settings}
    below = (leaves(value, f"{path}.{key}".lstrip(".")) for key, value in settings.items())
    return {name: value for part in below for name, value in part.items()}


def _suggestion(word: object, known: Any) -> str:
    close = difflib.get_close_matches(str(word), list(known), n=1)
    return f"Did you mean `{close[0]}`?" if close else f"Known: {', '.join(known)}."


def _shown(value: Any) -> str:
    text = (
        "nothing"
        if value is None
        else yaml.safe_dump(value, default_flow_style=True, width=10**6).removesuffix("...\n").strip()
    )
    return text if len(text) <= 80 else text[:77] + "…"


def _explained(error: jsonschema.ValidationError) -> UserError:
    """Turn one violation of the schema into an error."""
    path = ".".join(str(part) for part in error.absolute_path)
    schema = error.schema if isinstance(error.schema, dict) else {}
    if error.validator == "additionalProperties":
        allowed = list(schema.get("properties", {}))
        instance: Any = error.instance
        unknown = next(key for key in instance if key not in allowed)
        return UserError(
            f"{path}.{unknown}".lstrip("."),
            "is not a known key",
            _shown(instance[unknown]),
            _suggestion(unknown, allowed),
        )
    if error.validator in ("required", "dependentRequired"):
        key = error.message.split("'")[1]
        return UserError(
            f"{path}.{key}".lstrip("."),
            "must be given",
            "nothing",
            "See pipeline/common/params.schema.yaml.",
        )
    if "propertyNames" in error.schema_path:
        return UserError(
            f"{path}.{error.instance}".lstrip("."),
            "must be a name of small letters, digits and _ that begins with a letter",
            _shown(error.instance),
            "Rename it.",
        )
    received = _shown(error.instance)
    hint = (
        f"Meaning: {schema['description']}." if "description" in schema else "See pipeline/common/params.schema.yaml."
    )
    return UserError(path or str(FILE), f"must be {_rule(schema)}", received, hint)


def _rule(schema: dict[str, Any]) -> str:
    """Describe the values that a schema allows."""
    if "$ref" in schema:
        return _rule(_schema()["$defs"][schema["$ref"].rsplit("/", 1)[1]])
    if "enum" in schema:
        return "one of " + ", ".join(map(str, schema["enum"]))
    if "const" in schema:
        return f"`{schema['const']}`"
    if "anyOf" in schema:
        return schema.get("description") or " or ".join(_rule(option) for option in schema["anyOf"])
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
