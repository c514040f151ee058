"""Facts as JSON and back: dataclasses whose fields are the keys."""

from __future__ import annotations

import types
from dataclasses import fields, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

from pipeline.common.numbers import significant


def as_json(value: Any) -> Any:
    """Return nested dataclasses as dictionaries; a field that has its default, None, is left out."""
    if is_dataclass(value):
        known = ((field, getattr(value, field.name)) for field in fields(value))
        return {field.name: as_json(item) for field, item in known if item is not None or field.default is not None}
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, list) else value


def read(kind: Any, value: Any) -> Any:
    """Return JSON as the dataclass, list or dictionary that a type hint names; unknown keys are ignored."""
    if value is None:
        return None
    if get_origin(kind) in (Union, types.UnionType):
        return read(get_args(kind)[0], value)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{key: read(hint, value[key]) for key, hint in hints.items() if key in value})  # type: ignore[operator]
    if get_origin(kind) is dict:
        return {key: read(get_args(kind)[1], item) for key, item in value.items()}
    return [read(get_args(kind)[0], item) for item in value] if get_origin(kind) is list else value


def rounded(value: Any, digits: int) -> Any:
    """Return the same dataclass with every float rounded; NaN and infinity become None."""
    return read(type(value), significant(as_json(value), digits))
