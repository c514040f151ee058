"""Stage `window`: the start and the target of each window.

A window is a start index and a target, never a copy of its rows:

    rows      0 1 2 3 4 5 6 7 8 9        length 4, horizon 2, stride 3
    window 0  x x x x y y                x input rows   y target rows
    window 1        x x x x y y

With horizon 0 the target is that of the window's last row, whose other columns are inputs.

The stage reads no test row: `predict` makes the test windows, with the functions below.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.dataset import features as inputs
from pipeline.dataset import labels, padding, splitting

LEVELS = ("value", "sequence_mean")  # kinds of targets on the level of their column
# Kinds of whole sequences, which have no row after the window: a mean of it, or the target that came with it.
WHOLE = ("sequence_mean", "given")


def rows_ahead(window: dict[str, Any]) -> int:
    """Return the rows from a window's last input to its last target; 0 if that is the last input row or made of them.

    Args:
        window: `target` and `horizon` of the dataset's window settings.
    """
    return 0 if window["target"]["kind"] in WHOLE else int(window["horizon"])


def target_steps(target: dict[str, Any], horizon: int) -> np.ndarray:
    """Return the rows from a window's last input to each of its targets: int64 [targets].

    Args:
        target: `kind` of the dataset's window settings.
        horizon: rows from the last input to the last target.
    """
    first = 1 if target["kind"] in ("value", "given") and horizon else horizon
    return np.arange(first, horizon + 1)


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


def read_part(
    dataset: str, fold: int, part: str, position: dict[str, Any], missing: str
) -> tuple[np.ndarray, np.ndarray]:
    """Read the rows of a part.

    Args:
        dataset: name of the dataset.
        fold: number of the fold, from 0.
        part: train, validation or test.
        position: `intervals` of the part, from split.json.
        missing: the dataset's `window.missing`.

    Returns:
        The rows with missing cells filled (`clean`), and as they are stored, for the truth: a missing target is never
        filled. Both are float64 [rows, columns] of one mapped file, which counts as memory once.
    """
    stored = files.read_array(files.part_file(dataset, fold, part))
    return clean(stored, position["intervals"], missing), stored


def clean(rows: np.ndarray, intervals: list[tuple[int, int]], missing: str) -> np.ndarray:
    """Fill missing cells from the past of the same interval, if `missing` is fill_past.

    Row t of the result depends only on rows up to t. A cell without a past stays missing.

    Args:
        rows: float64 [rows, columns] of a part.
        intervals: half-open row intervals of the part; `rows` holds them one after the other.
        missing: the dataset's `window.missing`.
    """
    if missing != "fill_past" or not any(np.isnan(rows[:, column]).any() for column in range(rows.shape[1])):
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


def quantity(
    rows: np.ndarray,
    starts: np.ndarray,
    length: int,
    horizon: int,
    target: dict[str, Any],
    column: int,
    mean: Any = np.mean,
) -> np.ndarray:
    """Return the predicted quantity of each window, before `label` turns it into a sign or a class.

    Args:
        rows: float64 [rows, columns] of a part.
        starts: int64 [windows].
        length: input rows of a window.
        horizon: rows from the last input to the last target; of kind given the number of targets.
        target: `kind` and `of` of the dataset's window settings.
        column: position of the target's column; of kind given that of the first target.
        mean: the mean over the rows of windows; `padding.mean` where some of them are padding.

    Returns:
        float64 [windows, horizon] for kind given, and for kind value with a horizon of 1 or more; otherwise
        [windows, 1], at the last row of the horizon.
    """
    if target["kind"] == "given":
        return rows[starts + length - 1, column : column + horizon]
    series = rows[:, column]
    kind = target["of"] if target["kind"] in ("sign", "classes", "label") else target["kind"]
    if target["kind"] == "sequence_mean":
        return _per_window(series, starts, length, mean)[:, None]
    if target["kind"] == "value":
        return series[starts[:, None] + length - 1 + target_steps(target, horizon)]
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
    """Turn a quantity into 0/1 (positive) for sign, or 0, 1, … by `thresholds` for classes and labels.

    Other kinds pass through. The thresholds of labels are the values in the series of all but the last.
    """
    if kind == "sign":
        return (values > 0).astype(np.float64)
    if kind in ("classes", "label"):
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
    missing cell, in a feature or in the target's column. With horizon 0 the features alone count: the target's column
    is no input, and its rows before the target's may be unknown. So `last`, `mean` and `spread` are NaN there.

    Args:
        rows: float64 [rows, columns], cleaned.
        part: `intervals` and, where there is some, `padding` from split.json. Padding is no missing cell.
        stride: rows between two starts.
        length: input rows of a window.
        window: `target`, `horizon` and `missing` of the dataset's window settings.
        columns: positions of the features.
        target_column: position of the target's column.
        thresholds: between the classes; None leaves them as quantities.
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
    pad = padding.rows(part)
    mean, spread = (np.mean, np.std) if pad is None else (padding.mean, padding.spread)
    if target["kind"] == "given":
        values = quantity(rows, start, length, window["horizon"], target, target_column)
        series = inputs.past(rows, target.get("past"), target_column)
    else:
        measured = (series if truth is None else truth)[:, None]
        if target["kind"] == "sequence_mean":
            measured = padding.unknown(measured, pad)
        values = quantity(measured, start, length, window["horizon"], target, 0, mean)

    absent = np.isnan(values).any(axis=1)
    complete = ~absent
    same_row = window["horizon"] == 0
    if window["missing"] != "keep":
        used = {*columns} if same_row else {*columns, target_column}
        missing = np.zeros(len(rows), dtype=bool)
        for column in sorted(used):
            missing |= np.isnan(rows[:, column])  # column by column, so that the rows are not copied
        missing &= True if pad is None else ~pad
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
    unknown = np.full(len(start), np.nan)
    result["last"] = unknown if same_row else series[start + length - 1]
    result["mean"] = unknown if same_row else _per_window(series, start, length, mean)
    result["spread"] = unknown if same_row else _per_window(series, start, length, spread)
    return result, dropped


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
    known = labels.known(description)
    outputs = len(target_steps(settings["target"], settings["horizon"]))

    features = inputs.chosen(name, settings, series)
    tables: dict[tuple[int, str], dict[str, np.ndarray]] = {}
    summary: list[dict[str, Any]] = []
    for k, fold in enumerate(description["folds"]):
        parts = [part for part in ("train", "validation") if fold[part] is not None]
        read = {part: read_part(name, k, part, fold[part], settings["missing"]) for part in parts}
        if settings["constant"] != "keep":
            features = inputs.without_constant(name, settings["constant"], read["train"][0], series, features, k)
        positions = [columns.index(feature) for feature in features]
        made, numbers = _fold_tables(name, k, read, fold, length, settings, positions, target_column, known)
        tables |= {(k, part): table for part, table in made.items()}
        summary.append(numbers)

    folder = files.empty_folder(files.WINDOWS / name)
    for (k, part), columns_of_part in tables.items():
        files.write_table(folder / f"fold{k}" / f"{part}.parquet", columns_of_part)
    classes = labels.count(settings["target"], known)
    files.write_json(
        folder / "windows.json",
        {
            "length": length,
            "horizon": settings["horizon"],
            "stride": settings["stride"],
            "target": settings["target"],
            "missing": settings["missing"],
            "classes": classes,
            "outputs": classes if classes and classes > 2 else outputs,
            "features": features,
            **({"labels": known.names} if known else {}),
            "folds": summary,
        },
    )


def _fold_tables(
    name: str,
    k: int,
    read: dict[str, tuple[np.ndarray, np.ndarray]],
    fold: dict[str, Any],
    length: int,
    settings: dict[str, Any],
    columns: list[int],
    target_column: int,
    known: labels.Labels | None,
) -> tuple[dict[str, dict[str, np.ndarray]], dict[str, Any]]:
    """Make the window tables of one fold, and its entry in windows.json; classes come from the training windows."""
    kind, classes = settings["target"]["kind"], labels.count(settings["target"], known)
    thresholds = known.values[:-1] if known else None
    shares = None
    tables, counts = {}, {}
    for part, (rows, stored) in read.items():
        stride = settings["stride"]["train" if part == "train" else "evaluation"]
        truth = stored[:, target_column]
        made, dropped = table(rows, fold[part], stride, length, settings, columns, target_column, thresholds, truth)
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
            labels.require_each(name, k, settings["target"], shares, thresholds, known)
        counts[part] = {"windows": windows, **dropped}
        tables[part] = made
    return tables, {"thresholds": thresholds, "shares": shares, **counts}
