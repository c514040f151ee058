"""The rows of one series and the names of their columns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from pipeline.series.ids import Ids
from pipeline.series.settings import check_names, whole_number

ORACLE = ["oracle_location", "oracle_scale"]


@dataclass(frozen=True)
class Series:
    """Raw rows in time order; with ids, one id after the other and each in time order.

    Attributes:
        rows: float64 [rows, columns]; a missing cell is NaN.
        columns: the names of the columns; with a normal or student_t oracle the last two are `ORACLE`.
        target: the name of the column to predict.
        features: the names of the input columns.
        time: datetime64 [rows], or None.
        sequence_length: rows of one independent sequence, or None.
        period: rows of one season, or None.
        oracle: distribution and degrees of the oracle (docs/files.md), or None.
        steps: what `holes.treat` found out about the times (docs/files.md), or None.
        cuts: rows that do not follow the row before; no window crosses from one to the other. The first row of an id is
            one.
        parts: part and number of sequences, one run after the other, where the source divides them; or None.
        labels: the names of a target of text, whose cells are their positions; None for numbers.
        ids: which rows belong together, or None for a single series.
    """

    rows: np.ndarray
    columns: list[str]
    target: str
    features: list[str]
    time: np.ndarray | None = None
    sequence_length: int | None = None
    period: int | None = None
    oracle: dict[str, Any] | None = None
    steps: dict[str, Any] | None = None
    cuts: list[int] = field(default_factory=list)
    parts: list[list[Any]] | None = None
    labels: list[str] | None = None
    ids: Ids | None = None


def select(
    series: Series, target: str | None = None, features: list[str] | None = None, period: int | None = None
) -> Series:
    """Return the same rows with another target, other features or another period; None keeps the present one.

    An oracle belongs to its target, so another target drops the oracle and its columns.

    Raises:
        SettingError: a name is wrong (`check_names`), or the period is below 2.
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
        period = whole_number("period", period, 2, fix="Leave it out if there is no season.")
        series = replace(series, period=period)
    return series
