"""The input columns of a dataset: those of its series, less the ones that may not or need not be inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.common.errors import UserError


def chosen(name: str, settings: dict[str, Any], series: dict[str, Any]) -> list[str]:
    """Return the input columns: those of the series, with horizon 0 without the target's own.

    Raises:
        UserError: none is left.
    """
    features = [each for each in series["features"] if settings["horizon"] or each != series["target"]]
    if not features:
        raise UserError(
            f"datasets.{name}.window.horizon",
            "must be 1 or more where the target is the only input",
            "0",
            f"Name other input columns in `series.{series['name']}.features`.",
        )
    return features


def constant_columns(rows: np.ndarray, names: list[str], positions: list[int]) -> list[str]:
    """Return the names of the columns that hold a single value, apart from missing cells."""
    with np.errstate(all="ignore"):
        return [
            name
            for name, i in zip(names, positions, strict=True)
            if not np.nanmax(rows[:, i], initial=-np.inf) > np.nanmin(rows[:, i], initial=np.inf)
        ]


def without_constant(
    name: str, constant: str, train: np.ndarray, series: dict[str, Any], features: list[str], fold: int
) -> list[str]:
    """Drop or refuse columns that are constant over the training rows, and return the features that are left.

    The training rows of the first fold decide which columns to drop. They lie before those of the other folds, so all
    folds have the same inputs and none of them looks ahead.
    """
    columns = series["columns"]
    names = list(dict.fromkeys([*features, series["target"]]))
    flat = constant_columns(train, names, [columns.index(column) for column in names])
    if not flat or (constant == "drop" and fold > 0):
        return features
    left = [feature for feature in features if feature not in flat]
    if series["target"] in flat:
        column = train[:, columns.index(series["target"])]
        raise UserError(
            f"series.{series['name']}.target",
            "must vary over the training rows: a constant leaves nothing to predict",
            f"{series['target']}, which is {np.nanmin(column, initial=np.inf):g} in every row",
            "Name another column, or give the training part rows where it varies.",
        )
    if constant == "error" or not left:
        raise UserError(
            f"series.{series['name']}, column {flat[0]}",
            "must not be constant over the training rows",
            f"{np.nanmin(train[:, columns.index(flat[0])], initial=np.inf):g} in every row",
            f"Remove it from `features`, or set `datasets.{name}.window.constant` to drop or keep.",
        )
    return left


def past(rows: np.ndarray, past: int | None, target_column: int) -> np.ndarray:
    """Return what is known of a given target's past: a feature that the settings name, or nothing; float64 [rows].

    Raises:
        UserError: the number is not that of a feature. The columns after the features are the targets themselves.
    """
    if past is None:
        return np.full(len(rows), np.nan)
    if past >= target_column:
        fix = "Count the features of X from 0."
        raise UserError("window.target.past", f"must be below the {target_column} features", past, fix)
    return rows[:, past]
