"""Text for figures in sentences."""

from __future__ import annotations

from typing import Any

import numpy as np


def span(values: list[Any], digits: int = 3) -> str:
    """Format the range over seeds, `0.012 to 0.034`, or a single value; `not finite` where a value is None."""
    if not values:
        return "not run"
    if any(value is None for value in values):
        return "not finite"
    low, high = (f"{end:.{digits}g}" for end in (min(values), max(values)))
    return low if low == high else f"{low} to {high}"


def mean(values: list[Any]) -> float:
    """Return the mean over seeds; NaN where a value is None."""
    return float(np.mean([np.nan if value is None else value for value in values]))


def every(values: list[Any], least: float | None = None, most: float | None = None) -> bool:
    """Return whether no value is None and all are within the limits."""
    return bool(values) and all(
        value is not None and (least is None or value >= least) and (most is None or value <= most) for value in values
    )


def listed(names: list[str]) -> str:
    """Join names as `a, b and c`; `none` without a name."""
    if not names:
        return "none"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
