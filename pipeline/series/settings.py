"""Checks of the settings of a source.

A source does not know the name of its series, so a wrong setting raises `SettingError`; `reading.read` adds the name.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import numpy as np


class SettingError(ValueError):
    """A wrong setting of a source.

    Args:
        key: its path below `series.NAME` in params.yaml.
        rule: as for `UserError`, like the other two.
        received: what it is instead.
        fix: what to do about it.
    """

    def __init__(self, key: str, rule: str, received: object, fix: str) -> None:
        super().__init__(f"{key} {rule}. Received: {received}. {fix}")
        self.key, self.rule, self.received, self.fix = key, rule, received, fix


def whole_number(key: str, value: object, least: int, most: int | None = None, fix: str = "") -> int:
    """Return `value` as an int between `least` and `most`, both included.

    Raises:
        SettingError: it is not a whole number, or out of range.
    """
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < least or (most is not None and value > most):  # type: ignore[operator]
        span = f"{least} or more" if most is None else f"from {least} to {most}"
        raise SettingError(key, f"must be a whole number, {span}", repr(value), fix or "Write it without a point.")
    return int(value)  # type: ignore[call-overload, no-any-return]


def number(key: str, value: object, above: float, below: float, include_above: bool = False) -> float:
    """Return `value` as a float between two bounds, both excluded; `include_above` includes the lower one.

    Raises:
        SettingError: it is not a number, or out of range.
    """
    real = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not real or not (above < value < below or (include_above and value == above)):  # type: ignore[operator]
        low = f"{above:g} or more" if include_above else f"more than {above:g}"
        span = low if below == np.inf else f"{low} and less than {below:g}"
        raise SettingError(
            key, f"must be a number, {span}", repr(value), "Numbers like 1e-3 need a point in YAML: 1.0e-3."
        )
    return float(value)  # type: ignore[arg-type]


def counted(number: int, what: str) -> str:
    """Return a number with its noun: `1 row`, `1,200 rows`."""
    return f"{number:,} {what}{'' if number == 1 else 's'}"


def listing(names: Sequence[str], most: int = 30) -> str:
    """Join names for a message, the first `most` of them."""
    return ", ".join(names[:most]) + (f", … ({len(names)} in all)" if len(names) > most else "")


def similar(word: object, available: Sequence[str]) -> str:
    """Return the question for the name that was probably meant; nothing if there is none like it."""
    same = [name for name in available if name.strip().lower() == str(word).strip().lower()]
    close = same or difflib.get_close_matches(str(word), available, n=1)
    return f"Did you mean `{close[0]}`? " if close else ""


def check_names(target: object, features: object, available: Sequence[str], where: str) -> tuple[str, list[str]]:
    """Return `target` and `features` if they name columns.

    Args:
        target: one name.
        features: a list of names, or None for the target alone.
        available: the names of the columns.
        where: the owner of the columns, for messages.

    Raises:
        SettingError: a name is unknown or repeated, or the list is empty.
    """
    known = f"The columns are: {listing(available)}."
    if not isinstance(target, str) or target not in available:
        raise SettingError("target", f"must name a column of {where}", repr(target), similar(target, available) + known)
    names = [target] if features is None else features
    if not isinstance(names, list) or not names:
        raise SettingError("features", "must be a list of one column or more", repr(names), known)
    for position, name in enumerate(names):
        if not isinstance(name, str) or name not in available:
            raise SettingError(
                "features", f"must name columns of {where}", repr(name), similar(name, available) + known
            )
        if name in names[:position]:
            raise SettingError("features", "must name each column once", f"{name!r} twice", "Remove one of them.")
    return target, list(names)
