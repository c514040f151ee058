"""Stage `window`: where each window starts, and what its target is.

A window is a start index and a target, never a copy of its rows:

    rows      0 1 2 3 4 5 6 7 8 9        length 4, horizon 2, stride 3
    window 0  x x x x y y                x input rows   y target rows
    window 1        x x x x y y

Nothing here looks at a test row: the test windows are made by `predict`, with the functions below.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.dataset import splitting


def starts(intervals: list[tuple[int, int]], length: int, ahead: int, stride: int) -> np.ndarray:
    """Start of every window in the file of a part.

    Args:
        intervals: half-open row intervals of the part; the file holds them one after the other.
        length: input rows of a window.
        ahead: rows after them up to the last target: the horizon, or 0 where the target lies inside the window.
        stride: rows between two starts, counted anew in each interval: no window crosses from one into the next.

    Returns:
        int64 [windows], rising. Empty where no interval holds `length + ahead` rows.
    """
    offsets = np.cumsum([0] + [b - a for a, b in intervals])
    each = [
        np.arange(o, o + (b - a) - length - ahead + 1, stride) for o, (a, b) in zip(offsets, intervals, strict=False)
    ]
    return np.concatenate([np.empty(0, dtype=np.int64), *each]).astype(np.int64)


def clean(rows: np.ndarray, intervals: list[tuple[int, int]], missing: str) -> np.ndarray:
    """Rows of a part with missing cells filled from the same interval's past, if `missing` is fill_past.

    Row t of the result depends on rows up to t alone. What has no past stays missing.

    Args:
        rows: float64 [rows, columns].
    """
    if missing != "fill_past" or not np.isnan(rows).any():
        return rows
    filled = np.array(rows)
    offset = 0
    for a, b in intervals:
        block = filled[offset : offset + b - a]
        known = np.where(np.isnan(block), 0, np.arange(len(block))[:, None])
        source = np.maximum.accumulate(known, axis=0)
        block[:] = np.take_along_axis(block, source, axis=0)
        offset += b - a
    return filled


def quantity(
    rows: np.ndarray, begin: np.ndarray, length: int, horizon: int, target: dict[str, Any], column: int
) -> np.ndarray:
    """What is predicted, before it becomes a sign or a class.

    Args:
        rows: float64 [rows, columns] of a part.
        begin: int64 [windows], starts.
        column: which one is the target.

    Returns:
        float64 [windows, horizon] for kind value, otherwise [windows, 1]: at the last row of the horizon.
    """
    series = rows[:, column]
    kind = target["of"] if target["kind"] in ("sign", "classes") else target["kind"]
    if target["kind"] == "sequence_mean":
        return _per_window(series, begin, length, np.mean)[:, None]
    if target["kind"] == "value":
        return series[begin[:, None] + length + np.arange(horizon)]
    future = series[begin + length + horizon - 1]
    last = series[begin + length - 1]
    if kind == "difference":
        future = future - last
    elif kind == "return":
        with np.errstate(divide="ignore", invalid="ignore"):
            future = future / last - 1
    return future[:, None]


def _per_window(series: np.ndarray, begin: np.ndarray, length: int, function: Any) -> np.ndarray:
    """`function` over the rows of every window, some thousand windows at a time to bound the memory."""
    if not len(begin):
        return np.empty(0)
    view = np.lib.stride_tricks.sliding_window_view(series, length)
    return np.concatenate([function(view[begin[i : i + 8192]], axis=1) for i in range(0, len(begin), 8192)])


def label(values: np.ndarray, kind: str, thresholds: list[float] | None) -> np.ndarray:
    """Turn the quantity into 0/1 (positive) for sign, 0/1/2 by `thresholds` for classes; others pass through."""
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
) -> tuple[dict[str, np.ndarray], int]:
    """The window table of one part (docs/files.md); classes stay quantities while `thresholds` are unknown.

    Args:
        rows: float64 [rows, columns], cleaned.
        part: `intervals` and `context` from split.json.
        stride: rows between two starts.
        window: the dataset's window settings.
        columns: positions of the features.

    Returns:
        The table, and how many windows were dropped for a missing cell.
    """
    target = window["target"]
    horizon = window["horizon"]
    ahead = 0 if target["kind"] == "sequence_mean" else horizon
    intervals = [tuple(i) for i in part["intervals"]]
    begin = starts(intervals, length, ahead, stride)
    values = quantity(rows, begin, length, horizon, target, target_column)
    series = rows[:, target_column]

    good = ~np.isnan(values).any(axis=1)
    if window["missing"] != "keep":
        absent = np.isnan(rows[:, sorted({*columns, target_column})]).any(axis=1)
        before = np.concatenate([[0], np.cumsum(absent)])
        good &= before[begin + length + ahead] == before[begin]
    dropped = int((~good).sum())
    begin, values = begin[good], values[good]
    if not np.isfinite(values).all():
        bad = int(begin[np.flatnonzero(~np.isfinite(values).all(axis=1))[0]]) + length - 1
        raise UserError(
            f"row {int(splitting.rows_of(part)[bad])} of the series",
            f"must allow the target `{target['kind']}`",
            f"{series[bad]} as the last input, of which no return can be taken",
            "Use `window.target.kind: difference`.",
        )
    if thresholds is not None or target["kind"] != "classes":
        values = label(values, target["kind"], thresholds)
    first = begin + length if ahead else begin + length - 1
    result = {"start": begin, "row": splitting.rows_of(part)[first] if len(begin) else first}
    result |= {f"target_{h}": np.ascontiguousarray(values[:, h]) for h in range(values.shape[1])}
    result["last"] = series[begin + length - 1]
    result["mean"] = _per_window(series, begin, length, np.mean)
    result["spread"] = _per_window(series, begin, length, np.std)
    return result, dropped


def constant_columns(rows: np.ndarray, names: list[str], positions: list[int]) -> list[str]:
    """Names of the columns that hold one value, missing cells aside, over all rows given."""
    with np.errstate(all="ignore"):
        return [
            n
            for n, i in zip(names, positions, strict=True)
            if not np.nanmax(rows[:, i], initial=-np.inf) > np.nanmin(rows[:, i], initial=np.inf)
        ]


def window(p: dict[str, Any], name: str) -> None:
    """Write the window tables of training and validation of dataset `name`."""
    settings = p["datasets"][name]["window"]
    place = f"datasets.{name}.window"
    description = files.read_json(files.SPLIT / name / "split.json")
    series = description["series"]
    columns, target = series["columns"], series["columns"].index(series["target"])
    length = series["sequence_length"] if settings["length"] == "sequence" else settings["length"]
    kind = settings["target"]["kind"]
    classes = {"sign": 2, "classes": 3}.get(kind)

    kept = list(series["features"])
    tables: dict[tuple[int, str], dict[str, np.ndarray]] = {}
    summary: list[dict[str, Any]] = []
    for k, fold in enumerate(description["folds"]):
        folder = files.fold_folder(files.SPLIT, name, k)
        train = clean(files.read_array(folder / "train.npy"), fold["train"]["intervals"], settings["missing"])
        if settings["constant"] != "keep":
            kept = _without_constant(place, settings["constant"], train, columns, series, kept, k)
        thresholds: list[float] | None = None
        shares = None
        counts = {}
        for part in ("train", "validation"):
            if fold[part] is None:
                continue
            rows = (
                train
                if part == "train"
                else clean(files.read_array(folder / f"{part}.npy"), fold[part]["intervals"], settings["missing"])
            )
            stride = settings["stride"]["train" if part == "train" else "evaluation"]
            positions = [columns.index(n) for n in kept]
            made, dropped = table(rows, fold[part], stride, length, settings, positions, target, thresholds)
            if not len(made["start"]):
                raise UserError(
                    f"{place}.missing",
                    f"must leave at least one {part} window",
                    f"{dropped} dropped, none left",
                    "Use fill_past.",
                )
            if part == "train" and kind == "classes":
                thresholds = [float(q) for q in np.quantile(made["target_0"], settings["target"]["quantiles"])]
                made["target_0"] = label(made["target_0"], kind, thresholds)
            if part == "train" and classes:
                shares = np.bincount(made["target_0"].astype(int), minlength=classes) / len(made["target_0"])
            counts[part] = {"windows": len(made["start"]), "dropped": dropped}
            tables[k, part] = made
        summary.append({"thresholds": thresholds, "shares": shares, **counts})

    folder = files.empty_folder(files.WINDOWS / name)
    for (k, part), made in tables.items():
        files.write_table(folder / f"fold{k}" / f"{part}.parquet", made)
    files.write_json(
        folder / "windows.json",
        {
            "length": length,
            "horizon": settings["horizon"],
            "stride": settings["stride"],
            "target": settings["target"],
            "missing": settings["missing"],
            "classes": classes,
            "outputs": settings["horizon"] if kind == "value" else 3 if classes == 3 else 1,
            "features": kept,
            "folds": summary,
        },
    )


def _without_constant(
    place: str, constant: str, train: np.ndarray, columns: list[str], series: dict[str, Any], kept: list[str], fold: int
) -> list[str]:
    """Refuse or leave out columns that are constant over the training rows.

    Columns are left out by the first fold's training rows, which lie before every later one, so that all folds have
    the same inputs and none has looked ahead.
    """
    names = list(dict.fromkeys([*kept, series["target"]]))
    found = constant_columns(train, names, [columns.index(n) for n in names])
    if not found or (constant == "drop" and fold > 0):
        return kept
    left = [n for n in kept if n not in found]
    if constant == "error" or not left or series["target"] in found:
        raise UserError(
            f"series.{series['name']}, column {found[0]}",
            "must not be constant over the training rows",
            f"{np.nanmin(train[:, columns.index(found[0])], initial=np.inf):g} in every row",
            f"Leave it out of `features`, or set `{place}.constant` to drop or keep.",
        )
    return left
