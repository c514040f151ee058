"""Nested numbers as plain Python values, for JSON."""

from __future__ import annotations

import math
from typing import Any


def plain(value: Any, digits: int | None = None) -> Any:
    """Turn NumPy arrays and scalars, at any depth, into lists and numbers, and NaN and infinities into None.

    Args:
        value: nested dictionaries, lists, tuples, arrays and scalars.
        digits: significant digits that every float is rounded to; None keeps it as it is.
    """
    if isinstance(value, dict):
        return {plain(key): plain(item, digits) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item, digits) for item in value]
    if hasattr(value, "tolist"):  # an array or a scalar; NumPy is not imported for it
        return plain(value.tolist(), digits)
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return value if digits is None else float(f"{value:.{digits}g}")
    return value


def significant(value: Any, digits: int) -> Any:
    """Return `plain` of a value, with every float rounded to `digits` significant digits."""
    return plain(value, digits)
