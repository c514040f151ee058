"""Labels: the classes of a target column that names them, as strings or as numbers.

A column of text is stored as codes, 0 for the first of its names in alphabetical order (`pipeline.series.own`), and one
of numbers as it is. The classes are all labels of the series in rising order. That is a fact of the data and nothing
learned: every class must have training windows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.common.errors import UserError

MOST = 100  # labels of a column
_SHOWN = 10


@dataclass(frozen=True)
class Labels:
    """The labels of a target column.

    Attributes:
        names: as the report shows them.
        values: as rows.npy holds them, rising; the class of a row is the position of its value.
    """

    names: list[str]
    values: list[float]


def find(place: str, target: dict[str, Any], series: dict[str, Any], rows: np.ndarray) -> Labels | None:
    """Return the labels of a series, None for other kinds of targets.

    Args:
        place: dotted path of the dataset, for errors.
        target: `kind` of the dataset's window settings.
        series: `columns`, `target` and, of text, `labels` from series.json.
        rows: float64 [rows, columns], the whole series.

    Raises:
        UserError: a target of text needs another kind, or the column holds one label or very many.
    """
    text, column = series.get("labels"), series["target"]
    place = f"{place}.window.target.kind"
    if target["kind"] != "label":
        if text:
            rule = f"must be `label`, because the column {column} holds text"
            raise UserError(place, rule, target["kind"], "Set it to label, or name another target.")
        return None
    if text:
        values = np.arange(len(text), dtype=float)
    else:
        values = np.unique(rows[:, series["columns"].index(column)])
        values = values[np.isfinite(values)]
    if not 2 <= len(values) <= MOST:
        few = "Use `kind: value` for a quantity, or merge labels in the file."
        fix = few if len(values) > 2 else "Name a column of two labels or more."
        raise UserError(place, f"must find 2 to {MOST} labels in the column {column}", len(values), fix)
    return Labels(text or [_name(value) for value in values.tolist()], values.tolist())


def known(description: dict[str, Any]) -> Labels | None:
    """Return the labels that split.json names, None for other kinds of targets."""
    found = description.get("labels")
    return Labels(**found) if found else None


def count(target: dict[str, Any], known: Labels | None) -> int | None:
    """Return the number of classes of a target, `kind` and its settings; None for a regression."""
    return len(known.values) if known else {"sign": 2, "classes": 3}.get(target["kind"], target.get("classes"))


def require_each(
    name: str,
    fold: int,
    target: dict[str, Any],
    shares: np.ndarray,
    thresholds: list[float] | None,
    known: Labels | None,
) -> None:
    """Refuse a class that no training window has: tied quantiles, the sign of a price, or a label of later rows.

    No network can predict a class that it never saw, so a score of that class would only describe the split.

    Args:
        name: name of the dataset.
        fold: number of the fold.
        target: the dataset's `window.target`.
        shares: float64 [classes], of the training windows.
        thresholds: between the classes; None for signs.
        known: the labels, None for other kinds.

    Raises:
        UserError: a class is empty.
    """
    if shares.all():
        return
    place, rule = f"datasets.{name}.window.target", "must leave training windows in every class"
    if known:
        absent = [repr(label) for label, share in zip(known.names, shares, strict=True) if not share]
        more = f", … ({len(absent)} in all)" if len(absent) > _SHOWN else ""
        received = f"none of {', '.join(absent[:_SHOWN])}{more} in fold {fold}"
        fix = "Choose a split in which it occurs earlier, or merge it with another label or empty the cell in the file."
        raise UserError(place, rule, received, fix)
    received = "the shares " + ", ".join(f"{share:.2f}" for share in shares)
    if target["kind"] == "given":
        raise UserError(f"{place}.classes", rule, received, "Give training windows of each, or leave the class out.")
    if thresholds is not None:
        received += f" between the quantiles {thresholds[0]:g} and {thresholds[1]:g}"
        raise UserError(f"{place}.quantiles", rule, received, "Choose quantiles on either side of the repeated value.")
    received = f"values {'above 0' if shares[1] else 'of 0 or less'} alone"
    others = "difference or return" if target["of"] == "value" else "another quantity"
    raise UserError(f"{place}.of", rule, received, f"Set it to {others}, for the sign of a change.")


def _name(value: float) -> str:
    """Write a number as a label: 1 for 1.0."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
