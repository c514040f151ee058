"""Where rows come from: a file of the user's own, a bundled real series, or a generator with a known oracle.

Each module has `make(*, …) -> Series`; its keywords are the keys of `series.NAME` in params.yaml. `target`, `features`
and `period` are understood for every source (`select`). A setting that is wrong is a `SettingError`: a module does not
know the name of its series, `pipeline.raw` adds it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

ORACLE = ["oracle_location", "oracle_scale"]


@dataclass(frozen=True)
class Series:
    """Raw rows in time order.

    Attributes:
        rows: float64 [rows, columns]; a missing cell is NaN.
        columns: the names of the columns; with a normal or student_t oracle the last two are `ORACLE`.
        target: the name of the column to be predicted.
        features: the names of the columns that windows are made of.
        time: datetime64[s] [rows], or None.
        sequence_length: rows of one independent sequence, or None.
        period: rows of one season, or None.
        oracle: as docs/files.md has it, or None.
    """

    rows: np.ndarray
    columns: list[str]
    target: str
    features: list[str]
    time: np.ndarray | None = None
    sequence_length: int | None = None
    period: int | None = None
    oracle: dict[str, Any] | None = None


class SettingError(ValueError):
    """A setting of a source that is wrong; `key` is its path below `series.NAME`. The rest is as in `UserError`."""

    def __init__(self, key: str, rule: str, received: object, mend: str) -> None:
        super().__init__(f"{key} {rule}. Received: {received}. {mend}")
        self.key, self.rule, self.received, self.mend = key, rule, received, mend


def whole_number(key: str, value: object, least: int, most: int | None = None, mend: str = "") -> int:
    """`value` as an int between `least` and `most`, both allowed. Raises SettingError."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < least or (most is not None and value > most):  # type: ignore[operator]
        span = f"{least} or more" if most is None else f"from {least} to {most}"
        raise SettingError(key, f"must be a whole number, {span}", repr(value), mend or "Write it without a point.")
    return int(value)  # type: ignore[call-overload, no-any-return]


def number(key: str, value: object, above: float, below: float, include_above: bool = False) -> float:
    """`value` as a float between two bounds, themselves not allowed, but `above` if told so. Raises SettingError."""
    real = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not real or not (above < value < below or (include_above and value == above)):  # type: ignore[operator]
        low = f"{above:g} or more" if include_above else f"more than {above:g}"
        span = low if below == np.inf else f"{low} and less than {below:g}"
        raise SettingError(
            key, f"must be a number, {span}", repr(value), "Numbers like 1e-3 need a point in YAML: 1.0e-3."
        )
    return float(value)  # type: ignore[arg-type]


def listing(names: Sequence[str], most: int = 30) -> str:
    """Names for a message, cut where a file has hundreds of them."""
    return ", ".join(names[:most]) + (f", … ({len(names)} in all)" if len(names) > most else "")


def check_names(target: object, features: object, available: Sequence[str], where: str) -> tuple[str, list[str]]:
    """`target` and `features`, when they name columns.

    Args:
        target: one name.
        features: names, or None for the target alone.
        available: the names there are.
        where: what has these columns, for the message.

    Raises:
        SettingError: a name is not there, stands twice, or there is none.
    """
    there = f"The columns are: {listing(available)}."
    if not isinstance(target, str) or target not in available:
        raise SettingError("target", f"must name a column of {where}", repr(target), there)
    chosen = [target] if features is None else features
    if not isinstance(chosen, list) or not chosen:
        raise SettingError("features", "must be a list of one column or more", repr(chosen), there)
    for position, name in enumerate(chosen):
        if not isinstance(name, str) or name not in available:
            raise SettingError("features", f"must name columns of {where}", repr(name), there)
        if name in chosen[:position]:
            raise SettingError("features", "must name each column once", f"{name!r} twice", "Take one of them out.")
    return target, list(chosen)


def select(
    series: Series, target: str | None = None, features: list[str] | None = None, period: int | None = None
) -> Series:
    """The same rows with another target, other features or another period; what is None stays.

    An oracle belongs to the target it was made for, so another target loses it, together with its columns.

    Raises:
        SettingError: as `check_names`; a period below 2.
    """
    available = [name for name in series.columns if series.oracle is None or name not in ORACLE]
    chosen, names = check_names(
        series.target if target is None else target,
        series.features if features is None else features,
        available,
        "this series",
    )
    series = replace(series, features=names)
    if chosen != series.target:
        kept = [series.columns.index(name) for name in available]
        series = replace(series, rows=series.rows[:, kept], columns=available, target=chosen, oracle=None)
    if period is not None:
        series = replace(
            series, period=whole_number("period", period, 2, mend="Leave it out where there is no season.")
        )
    return series


def streams(seed: object, count: int) -> list[np.random.Generator]:
    """Independent random streams of one seed, one per column drawn.

    Each column has a stream of its own, so a longer series begins with the rows of a shorter one: no row can depend on
    a later one, nor on how many there are. Raises SettingError.
    """
    return np.random.default_rng(whole_number("seed", seed, 0)).spawn(count)


def autoregress(shocks: np.ndarray, phi: float) -> np.ndarray:
    """A stationary first-order autoregression of unit variance, x_t = phi x_{t-1} + sqrt(1 - phi²) shock_t.

    Args:
        shocks: independent, of unit variance, [rows]; overwritten. The first one is the first value itself.
        phi: -1 < phi < 1.

    Returns:
        float64 [rows].
    """
    from scipy.signal import lfilter

    shocks[1:] *= np.sqrt(1 - phi**2)
    return np.asarray(lfilter([1.0], [1.0, -phi], shocks))
