"""params.yaml, checked against its schema, with sizes resolved and defaults filled in."""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from pipeline.common import architectures, datasets, training, yaml_text
from pipeline.common.errors import UserError
from pipeline.common.explaining import as_yaml, first_violation, suggestion

FILE = Path("params.yaml")
SCHEMA = Path(__file__).with_name("params.schema.yaml")
SIZES = ("quick", "full")
LEVELS = ("size", "series", "datasets", "experiments", "calibration", "diagnosis")
# Names that `make fix` gives to its candidates while it is at work (docs/fix.md).
CANDIDATE = re.compile(r".+_fix[1-9][0-9]*")
# DVC's run cache ignores parameters of these names, at any depth (its issue 10296).
_IGNORED = ("size", "nfiles")


def load(path: Path = FILE) -> dict[str, Any]:
    """Read and check params.yaml.

    Returns:
        `size`, `series`, `datasets`, `experiments` and `calibration`, with every `{quick: …, full: …}` resolved to the
        chosen size and every default filled in.

    Raises:
        UserError: a key or value breaks the schema, or names something that does not exist.
    """
    text = yaml_text.read(path)
    try:
        return copy.deepcopy(_checked(text, path))
    except UserError as error:
        # Lines of another file, such as one with an entry to try, mean nothing to its reader.
        raise (located(error, text) if path == FILE else error) from None


def located(error: UserError, text: str | None = None) -> UserError:
    """Return the same error with the line of its place in params.yaml, if that is a setting.

    Args:
        error: the error.
        text: text of params.yaml; read by default.
    """
    keys = error.place.split(".")
    if error.where or keys[0] not in LEVELS:
        return error
    line = yaml_text.line_of(yaml_text.read(FILE) if text is None else text, keys)
    return error if line is None else error.at(f"{FILE}, line {line}")


@functools.lru_cache(maxsize=2)
def _checked(text: str, path: Path) -> dict[str, Any]:
    """Check the text of params.yaml. It is cached: a proof loads the same text twenty times, at 0.12 s each."""
    raw = yaml_text.load(text, path)
    schema = _schema()
    if not isinstance(raw, dict):
        rule = "must be a mapping of size, series, datasets and experiments"
        raise UserError(str(path), rule, as_yaml(raw), "Restore it with `git checkout params.yaml`, or see the README.")
    size = raw.get("size")
    # Values for the other size are checked too, so that a typing error in one shows at once.
    for each in sorted(SIZES, key=lambda s: s == size):
        resolved = _resolve(raw, each, "")
        if error := first_violation(schema, resolved):
            raise error
        for level in ("series", "datasets", "experiments"):
            _check_keys(level, resolved[level])
        _fill(schema, resolved, schema)
        for dataset in resolved["datasets"].values():
            datasets.complete(dataset)
        _check_names(resolved)
    return _ordered(schema, resolved, schema)


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
            f"{level}.{arguments[0]}", "must be in params.yaml", arguments[0], suggestion(arguments[0], known)
        )
    return arguments[0]


def per_size(path: Path = FILE) -> list[str]:
    """Return the dotted paths of params.yaml whose value is given per size, in the order of the file."""
    found: list[str] = []

    def look(value: Any, place: str) -> None:
        if _is_per_size(value):
            found.append(place)
        if isinstance(value, dict):
            for key, each in value.items():
                look(each, f"{place}.{key}".lstrip("."))

    look(yaml_text.load(yaml_text.read(path), path), "")
    return found


@functools.cache
def _schema() -> dict[str, Any]:
    # In C: PyYAML's own loader takes five times as long, 0.3 s in every stage.
    return yaml.load(SCHEMA.read_text(encoding="utf-8"), Loader=yaml_text.FastScalars)  # noqa: S506 - a safe loader


def _is_per_size(value: Any) -> bool:
    return isinstance(value, dict) and bool(value) and set(value) <= set(SIZES)


def _resolve(value: Any, size: str, place: str) -> Any:
    """Replace every `{quick: a, full: b}` by the value of `size`; `place` is the dotted path of `value`."""
    if isinstance(value, dict):
        if _is_per_size(value):
            missing = [s for s in SIZES if s not in value]
            if missing:
                given = next(iter(value.values()))
                example = f"`{place.rsplit('.', 1)[-1]}: {as_yaml(dict.fromkeys(SIZES, given))}`"
                rule = "must have a value for each size"
                raise UserError(place, rule, f"none for {missing[0]}", f"For example {example}.")
            return _resolve(value[size], size, place)
        return {key: _resolve(item, size, f"{place}.{key}".lstrip(".")) for key, item in value.items()}
    if isinstance(value, list):
        return [_resolve(item, size, f"{place}.{position}") for position, item in enumerate(value)]
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


def _ordered(schema: dict[str, Any], value: Any, root: dict[str, Any]) -> Any:
    """Return a value with the schema's keys in the schema's order, and all others sorted.

    Results hold settings, and DVC takes no notice of the order of keys: equal settings have to give equal bytes.
    """
    if not isinstance(value, dict):
        return value
    below: dict[str, dict[str, Any]] = {}
    extra: dict[str, Any] = {}
    for branch in _branches(schema, value, root):
        for key, sub in branch.get("properties", {}).items():
            below.setdefault(key, sub)
        if isinstance(branch.get("additionalProperties"), dict):
            extra = branch["additionalProperties"]
    keys = [*(key for key in below if key in value), *sorted(key for key in value if key not in below)]
    return {key: _ordered(below.get(key, extra), value[key], root) for key in keys}


def _check_names(p: dict[str, Any]) -> None:
    """Check what a schema cannot: names that must exist, and settings that must fit each other."""
    for name, dataset in p["datasets"].items():
        if dataset["series"] not in p["series"]:
            fix = suggestion(dataset["series"], p["series"])
            raise UserError(f"datasets.{name}.series", "must name a series", dataset["series"], fix)
        datasets.check(f"datasets.{name}", dataset, p["series"][dataset["series"]])
    for name, experiment in p["experiments"].items():
        place, data = f"experiments.{name}", experiment["dataset"]
        if data not in p["datasets"]:
            raise UserError(f"{place}.dataset", "must name a dataset", data, suggestion(data, p["datasets"]))
        architectures.check(f"{place}.architecture", experiment["architecture"])
        split, target = p["datasets"][data]["split"], p["datasets"][data]["window"]["target"]
        validation = bool(split.get("validation") or split.get("validation_size"))
        classes = target["kind"] in ("sign", "classes", "label")
        training.check(f"{place}.training", experiment["training"], classes, validation, f"datasets.{data}.split")


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
