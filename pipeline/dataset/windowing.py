"""Stage `window`: the start and the target of each window.

A window is a start index and a target, never a copy of its rows:

    rows      0 1 2 3 4 5 6 7 8 9        length 4, horizon 2, stride 3
    window 0  x x x x y y                x input rows   y target rows
    window 1        x x x x y y

The stage reads no test row: `predict` makes the test windows, with the functions below.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.dataset import splitting

CLASSES = {"sign": 2, "classes": 3}  # number of classes by kind of target
LEVELS = ("value", "sequence_mean")  # kinds of targets on the level of their column
# Kinds of whole sequences, which have no row after the window: a mean of it, or the target that came with it.
WHOLE = ("sequence_mean", "given")


def classes_of(target: dict[str, Any]) -> int | None:
    """Return the number of classes of a target, `kind` and its settings; None for a regression."""
    return CLASSES.get(target["kind"], target.get("classes"))


def rows_ahead(window: dict[str, Any]) -> int:
    """Return the rows from a window's last input to its last target; 0 if the target is made of the inputs.

    Args:
        window: `target` and `horizon` of the dataset's window settings.
    """
    return 0 if window["target"]["kind"] in WHOLE else int(window["horizon"])


def starts(intervals: list[tuple[int, int]], length: int, ahead: int, stride: int) -> np.ndarray:
    """Return the start of every window, as a position in the file of a part.

    Args:
        intervals: half-open row intervals of the part; the file holds them one after the other.
        length: input rows of a window.
        ahead: rows from the last input to the last target (`rows_ahead`).
        stride: rows between two starts, counted anew in each interval, so that no window crosses into the next.

    Returns:
        int64 [windows], rising. Empty if no interval holds `length + ahead` rows.
    """
    offsets = np.cumsum([0] + [stop - start for start, stop in intervals])
    per_interval = [
        np.arange(offset, offset + (stop - start) - length - ahead + 1, stride)
        for offset, (start, stop) in zip(offsets, intervals, strict=False)
    ]
    return np.concatenate([np.empty(0, dtype=np.int64), *per_interval]).astype(np.int64)


def read_rows(dataset: str, fold: int, part: str, position: dict[str, Any], missing: str) -> np.ndarray:
    """Read the rows of a part and fill missing cells (`clean`): float64 [rows, columns].

    Args:
        dataset: name of the dataset.
        fold: number of the fold, from 0.
        part: train, validation or test.
        position: `intervals` of the part, from split.json.
        missing: the dataset's `window.missing`.
    """
    return clean(files.read_array(files.part_file(dataset, fold, part)), position["intervals"], missing)


def clean(rows: np.ndarray, intervals: list[tuple[int, int]], missing: str) -> np.ndarray:
    """Fill missing cells from the past of the same interval, if `missing` is fill_past.

    Row t of the result depends only on rows up to t. A cell without a past stays missing.

    Args:
        rows: float64 [rows, columns] of a part.
        intervals: half-open row intervals of the part; `rows` holds them one after the other.
        missing: the dataset's `window.missing`.
    """
    if missing != "fill_past" or not np.isnan(rows).any():
        return rows
    filled = np.array(rows)
    offset = 0
    for start, stop in intervals:
        block = filled[offset : offset + stop - start]
        known = np.where(np.isnan(block), 0, np.arange(len(block))[:, None])
        source = np.maximum.accumulate(known, axis=0)
        block[:] = np.take_along_axis(block, source, axis=0)
        offset += stop - start
    return filled


def read_truth(dataset: str, fold: int, part: str, column: int) -> np.ndarray:
    """Read the target's column of a part as it was measured: float64 [rows]. A missing cell is NaN, never filled."""
    return files.read_array(files.part_file(dataset, fold, part))[:, column]


def quantity(
    rows: np.ndarray, starts: np.ndarray, length: int, horizon: int, target: dict[str, Any], column: int
) -> np.ndarray:
    """Return the predicted quantity of each window, before `label` turns it into a sign or a class.

    Args:
        rows: float64 [rows, columns] of a part.
        starts: int64 [windows].
        length: input rows of a window.
        horizon: rows from the last input to the last target; of kind given the number of targets.
        target: `kind` and `of` of the dataset's window settings.
        column: position of the target's column; of kind given that of the first target.

    Returns:
        float64 [windows, horizon] for kind value and given; otherwise [windows, 1], at the last row of the horizon.
    """
    if target["kind"] == "given":
        return rows[starts + length - 1, column : column + horizon]
    series = rows[:, column]
    kind = target["of"] if target["kind"] in ("sign", "classes") else target["kind"]
    if target["kind"] == "sequence_mean":
        return _per_window(series, starts, length, np.mean)[:, None]
    if target["kind"] == "value":
        return series[starts[:, None] + length + np.arange(horizon)]
    future = series[starts + length + horizon - 1]
    last = series[starts + length - 1]
    if kind == "difference":
        future = future - last
    elif kind == "return":
        with np.errstate(divide="ignore", invalid="ignore"):
            future = future / last - 1
    return future[:, None]


def _per_window(series: np.ndarray, starts: np.ndarray, length: int, function: Any) -> np.ndarray:
    """Apply `function` to the rows of every window, some thousand windows at a time to bound the memory."""
    if not len(starts):
        return np.empty(0)
    view = np.lib.stride_tricks.sliding_window_view(series, length)
    return np.concatenate([function(view[starts[i : i + 8192]], axis=1) for i in range(0, len(starts), 8192)])


def label(values: np.ndarray, kind: str, thresholds: list[float] | None) -> np.ndarray:
    """Turn a quantity into 0/1 (positive) for sign, or 0/1/2 by `thresholds` for classes; other kinds pass through."""
    if kind == "sign":
        return (values > 0).astype(np.float64)
    if kind == "classes":
        return np.searchsorted(np.asarray(thresholds), values, side="left").astype(np.float64)
    return values


def table(
    rows: np.ndarray,
    part: dict[str, Any],
    stride: int,
    length: int,
    window: dict[str, Any],
    columns: list[int],
    target_column: int,
    thresholds: list[float] | None,
    truth: np.ndarray | None = None,
) -> tuple[dict[str, np.ndarray], dict[str, int]]:
    """Make the window table of one part (docs/files.md).

    A window is dropped if a cell that its target is made of was missing, whatever `window.missing` is: the rows of the
    horizon for a value, the last input and the last target row for a difference, a return, and a sign or class of one,
    the whole window for its mean. Unless `window.missing` is keep, it is also dropped if an input row still has a
    missing cell, in a feature or in the target's column.

    Args:
        rows: float64 [rows, columns], cleaned.
        part: `intervals` and `context` from split.json.
        stride: rows between two starts.
        length: input rows of a window.
        window: `target`, `horizon` and `missing` of the dataset's window settings.
        columns: positions of the features.
        target_column: position of the target's column.
        thresholds: between the three classes; None leaves them as quantities.
        truth: float64 [rows], the target's column before cells were filled; None for that of `rows`.

    Returns:
        The table, and the numbers of windows that were `dropped` and, among them, of those without a target:
        `dropped_targets`.

    Raises:
        UserError: the target of a window is infinite.
    """
    target = window["target"]
    ahead = rows_ahead(window)
    start = starts([tuple(i) for i in part["intervals"]], length, ahead, stride)
    series = rows[:, target_column]
    if target["kind"] == "given":
        values = quantity(rows, start, length, window["horizon"], target, target_column)
        # What is known of the target's past is a feature that the settings name, or nothing.
        past = target.get("past")
        series = np.full(len(rows), np.nan) if past is None else rows[:, columns[past]]
    else:
        measured = (series if truth is None else truth)[:, None]
        values = quantity(measured, start, length, window["horizon"], target, 0)

    absent = np.isnan(values).any(axis=1)
    complete = ~absent
    if window["missing"] != "keep":
        missing = np.isnan(rows[:, sorted({*columns, target_column})]).any(axis=1)
        missing_before = np.concatenate([[0], np.cumsum(missing)])
        # Inputs alone: a later row must not decide which windows there are.
        complete &= missing_before[start + length] == missing_before[start]
    dropped = {"dropped": int((~complete).sum()), "dropped_targets": int(absent.sum())}
    start, values = start[complete], values[complete]
    if not np.isfinite(values).all():
        last = int(start[np.flatnonzero(~np.isfinite(values).all(axis=1))[0]]) + length - 1
        raise UserError(
            f"row {int(splitting.rows_of(part)[last])} of the series",
            f"must allow the target `{target['kind']}`",
            f"{series[last]} as the last input, from which no return can be computed",
            "Use `window.target.kind: difference`.",
        )
    if thresholds is not None or target["kind"] != "classes":
        values = label(values, target["kind"], thresholds)
    target_row = start + length if ahead else start + length - 1
    result = {"start": start, "row": splitting.rows_of(part)[target_row] if len(start) else target_row}
    result |= {f"target_{h}": np.ascontiguousarray(values[:, h]) for h in range(values.shape[1])}
    result["last"] = series[start + length - 1]
    result["mean"] = _per_window(series, start, length, np.mean)
    result["spread"] = _per_window(series, start, length, np.std)
    return result, dropped


def constant_columns(rows: np.ndarray, names: list[str], positions: list[int]) -> list[str]:
    """Return the names of the columns that hold a single value, apart from missing cells."""
    with np.errstate(all="ignore"):
        return [
            name
            for name, i in zip(names, positions, strict=True)
            if not np.nanmax(rows[:, i], initial=-np.inf) > np.nanmin(rows[:, i], initial=np.inf)
        ]


def window(p: dict[str, Any], name: str) -> None:
    """Write the window tables of training and validation of dataset `name`.

    Raises:
        UserError: a part has no window left, or a column is constant over the training rows.
    """
    settings = p["datasets"][name]["window"]
    description = files.read_json(files.SPLIT / name / "split.json")
    series = description["series"]
    columns, target_column = series["columns"], series["columns"].index(series["target"])
    length = series["sequence_length"] if settings["length"] == "sequence" else settings["length"]
    kind = settings["target"]["kind"]

    features = list(series["features"])
    tables: dict[tuple[int, str], dict[str, np.ndarray]] = {}
    summary: list[dict[str, Any]] = []
    for k, fold in enumerate(description["folds"]):
        parts = [part for part in ("train", "validation") if fold[part] is not None]
        rows = {part: read_rows(name, k, part, fold[part], settings["missing"]) for part in parts}
        if settings["constant"] != "keep":
            features = without_constant(name, settings["constant"], rows["train"], series, features, k)
        positions = [columns.index(feature) for feature in features]
        made, numbers = _fold_tables(name, k, rows, fold, length, settings, positions, target_column)
        tables |= {(k, part): table for part, table in made.items()}
        summary.append(numbers)

    folder = files.empty_folder(files.WINDOWS / name)
    for (k, part), columns_of_part in tables.items():
        files.write_table(folder / f"fold{k}" / f"{part}.parquet", columns_of_part)
    classes = classes_of(settings["target"])
    several = kind in ("value", "given") and not classes
    files.write_json(
        folder / "windows.json",
        {
            "length": length,
            "horizon": settings["horizon"],
            "stride": settings["stride"],
            "target": settings["target"],
            "missing": settings["missing"],
            "classes": classes,
            "outputs": settings["horizon"] if several else classes if classes and classes > 2 else 1,
            "features": features,
            "folds": summary,
        },
    )


def _fold_tables(
    name: str,
    k: int,
    rows: dict[str, np.ndarray],
    fold: dict[str, Any],
    length: int,
    settings: dict[str, Any],
    columns: list[int],
    target_column: int,
) -> tuple[dict[str, dict[str, np.ndarray]], dict[str, Any]]:
    """Make the window tables of one fold, and its entry in windows.json; classes come from the training windows."""
    kind, classes = settings["target"]["kind"], classes_of(settings["target"])
    thresholds: list[float] | None = None
    shares = None
    tables, counts = {}, {}
    for part, values in rows.items():
        stride = settings["stride"]["train" if part == "train" else "evaluation"]
        truth = read_truth(name, k, part, target_column)
        made, dropped = table(values, fold[part], stride, length, settings, columns, target_column, thresholds, truth)
        windows = len(made["start"])
        if not windows:
            rule = f"must leave at least one {part} window"
            received = f"{dropped['dropped']} dropped for missing cells, none left"
            inputs = dropped["dropped_targets"] < dropped["dropped"]
            fix = "Use fill_past." if inputs else "Give rows in which the target was measured."
            raise UserError(f"datasets.{name}.window.missing", rule, received, fix)
        if part == "train" and kind == "classes":
            thresholds = [float(q) for q in np.quantile(made["target_0"], settings["target"]["quantiles"])]
            made["target_0"] = label(made["target_0"], kind, thresholds)
        if part == "train" and classes:
            shares = np.bincount(made["target_0"].astype(int), minlength=classes) / windows
            _require_each_class(name, settings["target"], shares, thresholds)
        counts[part] = {"windows": windows, **dropped}
        tables[part] = made
    return tables, {"thresholds": thresholds, "shares": shares, **counts}


def _require_each_class(name: str, target: dict[str, Any], shares: np.ndarray, thresholds: list[float] | None) -> None:
    """Refuse a class that no training window has: tied quantiles, or the sign of a price.

    Raises:
        UserError: a class is empty.
    """
    if shares.all():
        return
    place, rule = f"datasets.{name}.window.target", "must leave training windows in every class"
    received = "the shares " + ", ".join(f"{share:.2f}" for share in shares)
    if target["kind"] == "given":
        raise UserError(f"{place}.classes", rule, received, "Give training windows of each, or leave the class out.")
    if thresholds is not None:
        received += f" between the quantiles {thresholds[0]:g} and {thresholds[1]:g}"
        raise UserError(f"{place}.quantiles", rule, received, "Choose quantiles on either side of the repeated value.")
    received = f"values {'above 0' if shares[1] else 'of 0 or less'} alone"
    others = "difference or return" if target["of"] == "value" else "another quantity"
    raise UserError(f"{place}.of", rule, received, f"Set it to {others}, for the sign of a change.")


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
