"""Settings drawn from the schema of params.yaml: every key of it can come."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

import yaml

from pipeline.common import params

SCHEMA: dict[str, Any] = yaml.safe_load(params.SCHEMA.read_text(encoding="utf-8"))
# Names of entries, as the examples of the keys that refer to them; a file for each pattern of `source`.
NAMES = {"series": "mine", "datasets": "mine_hourly", "experiments": "mine_lstm"}
FILES = {"n": "data/own/mine.npz", "c": "data/own/mine.csv"}


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema that a reference names, with the keys beside it."""
    while "$ref" in schema:
        name = schema["$ref"].rsplit("/", 1)[1]
        schema = SCHEMA["$defs"][name] | {key: value for key, value in schema.items() if key != "$ref"}
    return schema


def keys(schema: dict[str, Any] = SCHEMA, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the path of every key, in all branches; lists and names of entries are no part of it."""
    schema = resolved(schema)
    for name, below in schema.get("properties", {}).items():
        yield (*above, name)
        yield from keys(below, (*above, name))
    if isinstance(more := schema.get("additionalProperties"), dict):
        yield from keys(more, above)
    for branch in schema.get("anyOf", []):
        yield from keys(branch, above)
    for branch in schema.get("allOf", []):
        yield from keys(branch["then"], above)


def drawn(rng: random.Random, schema: dict[str, Any] = SCHEMA, often: float = 0.3) -> Any:
    """Draw a value that the schema allows for itself; keys may contradict each other.

    Args:
        rng: decides.
        schema: of the value.
        often: how often a key that may be left out is there.
    """
    schema = resolved(schema)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return rng.choice(schema["enum"])
    if "anyOf" in schema:
        return drawn(rng, rng.choice(schema["anyOf"]), often)
    kind = schema.get("type", "object")
    kind = rng.choice(kind) if isinstance(kind, list) else kind
    if kind == "object":
        return _mapping(rng, schema, often)
    if kind == "array":
        least = schema.get("minItems", 0)
        many = [
            drawn(rng, schema["items"], often) for _ in range(rng.randint(least, schema.get("maxItems", least + 2)))
        ]
        return sorted(set(many)) if all(isinstance(each, int | float) for each in many) else many
    if kind == "boolean":
        return rng.random() < 0.5
    if kind in ("integer", "number"):
        return _number(rng, schema, kind)
    return None if kind == "null" else rng.choice(schema.get("examples", ["load"]))


def _mapping(rng: random.Random, schema: dict[str, Any], often: float) -> dict[str, Any]:
    made: dict[str, Any] = {}
    branches = [branch for branch in schema.get("allOf", []) if "properties" in branch["if"]]
    more = [branch["then"] for branch in schema.get("allOf", []) if "properties" not in branch["if"]]
    if branches:
        branch = rng.choice(branches)
        ((key, condition),) = branch["if"]["properties"].items()
        made[key] = condition["const"] if "const" in condition else FILES["n" if "npz" in condition["pattern"] else "c"]
        more.append(branch["then"])
    for part in [schema, *map(resolved, more)]:
        if "allOf" in part and part is not schema:
            made |= _mapping(rng, part, often)
            continue
        for name, below in part.get("properties", {}).items():
            if name not in made and (name in part.get("required", []) or rng.random() < often):
                made[name] = drawn(rng, below, often)
    extra = schema.get("additionalProperties")
    if isinstance(extra, dict) and "properties" in schema and rng.random() < often:
        made["delta"] = drawn(rng, extra, often)
    return made


def _number(rng: random.Random, schema: dict[str, Any], kind: str) -> float:
    low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
    high = schema.get("maximum", schema.get("exclusiveMaximum", low + rng.choice([1, 30, 3000])))
    if kind == "integer":
        return rng.randint(low, int(high))
    value = round(rng.uniform(low, high), 4)
    return value if value not in (schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")) else (low + high) / 2


def settings(seed: int, often: float = 0.3) -> dict[str, Any]:
    """Draw the content of a params.yaml with a series, a dataset of it and an experiment."""
    rng, made = random.Random(seed), dict[str, Any]()  # noqa: S311 - no secret
    for name, below in SCHEMA["properties"].items():
        if name in NAMES:
            made[name] = {NAMES[name]: drawn(rng, below["additionalProperties"], often)}
        elif name in SCHEMA["required"] or rng.random() < often:
            made[name] = drawn(rng, below, often)
    if rng.random() < 0.7:
        _fit(rng, made["series"]["mine"], made["datasets"]["mine_hourly"])
    return made


def _fit(rng: random.Random, series: dict[str, Any], dataset: dict[str, Any]) -> None:
    """Make windows and parts fit the source: otherwise nine of ten are refused for that alone."""
    split, window = dataset["split"], dataset["window"]
    if series["source"].endswith(".npz"):
        split.clear()
        split["scheme"] = "given"
        window["target"] = {"kind": "given"}
    elif split["scheme"] in ("given", "groups", "sequences"):
        split.clear()
        split |= {"scheme": "holdout", "test": 0.15}
    if split["scheme"] != "given" and window["length"] == "sequence":
        window["length"] = rng.randint(1, 30)
    if series["source"].endswith("steps.py"):
        split |= {"scheme": "sequences"}
        window["length"] = "sequence"
