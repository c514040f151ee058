"""Rows in rising order of time, each time once, in UTC where the zone is known."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipeline.common.errors import UserError
from pipeline.series import calendar, clock, holes
from workflow.tryout.joined import Wishes
from workflow.tryout.table import Table


def in_order(
    table: Table, name: str, values: np.ndarray, local: bool, wishes: Wishes
) -> tuple[Table, np.ndarray, list[str]]:
    """Return rows in rising order of time, each time once."""
    notes: list[str] = []
    steps = np.diff(values.astype(np.int64))
    if len(steps) and (steps < 0).sum() > (steps > 0).sum():
        table, values = table.select(np.arange(len(table))[::-1]), values[::-1]
        notes.append("rows are put in order, the oldest first")
    if local and wishes.zone is not None:
        values = in_utc(table, name, values, wishes.zone)
        notes.append(f"local times of {wishes.zone} become UTC")
    if (np.diff(values.astype(np.int64)) < 0).any():
        row = int(np.flatnonzero(np.diff(values.astype(np.int64)) < 0)[0]) + 1
        lengths = np.diff(values.astype(np.int64))
        if local and wishes.zone is None and holes.ends_summer(values[row - 1], values[row], int(np.median(lengths))):
            raise _summer(table, row, name, values)
        order = np.argsort(values, kind="stable")
        table, values = table.select(order), values[order]
        notes.append("rows are sorted by time")
    table, values, repeated = _each_once(table, name, values, local, wishes)
    return table, values, [*notes, *repeated]


def _each_once(
    table: Table, name: str, values: np.ndarray, local: bool, wishes: Wishes
) -> tuple[Table, np.ndarray, list[str]]:
    again = np.flatnonzero(np.diff(values.astype(np.int64)) == 0) + 1
    if not again.size:
        return table, values, []
    frame = pd.concat(table.columns, axis=1)
    equal = np.zeros(len(table), dtype=bool)
    equal[again] = (frame.iloc[again].to_numpy() == frame.iloc[again - 1].to_numpy()).all(axis=1)
    notes = []
    if equal.any():
        notes.append(f"{int(equal.sum()):,} rows that repeat the row before are left out")
        table, values = table.select(~equal), values[~equal]
        again = np.flatnonzero(np.diff(values.astype(np.int64)) == 0) + 1
        if not again.size:
            return table, values, notes
    if wishes.repeated in ("first", "last"):
        first = np.concatenate([[True], np.diff(values.astype(np.int64)) != 0])
        kept = first if wishes.repeated == "first" else np.concatenate([first[1:], [True]])
        notes.append(f"of {len(again):,} repeated times the {wishes.repeated} row is kept")
        return table.select(kept), values[kept], notes
    row = int(again[0])
    when = calendar_text(values[row])
    lengths = np.diff(values.astype(np.int64))
    usual = int(np.median(lengths[lengths > 0])) if (lengths > 0).any() else 0
    if local and wishes.zone is None and len(again) < 0.01 * len(table) and _in_the_night(values[again], usual):
        raise _summer(table, row, name, values)
    received = f"{when} again, and {len(again) - 1:,} more" if len(again) > 1 else f"{when} again"
    if key := _key(table, values, [name]):
        example = f'WHERE="{key}={table.column(key).iloc[0]}"'
        several = f"The column {key} has {table.column(key).nunique()} series, one below the other"
        fix = f"{several}: choose one with {example}."
        raise UserError(table.place(row, name), "must not repeat a time", received, fix)
    fix = "Keep one row per time, or add REPEATED=first or REPEATED=last."
    raise UserError(table.place(row, name), "must not repeat a time", received, fix)


def _key(table: Table, values: np.ndarray, times: list[str]) -> str | None:
    """Return a column that names which of several series a row belongs to: with it, no time repeats.

    Most times then repeat, about as often as there are series.
    """
    often = len(values) / len(np.unique(values))
    others = [name for name in table.names if name not in times]
    for name, column in zip(table.names, table.columns, strict=True):
        if name in others and len(others) > 1 and 2 <= column.nunique() <= min(len(table) / 4, 3 * often):
            pairs = pd.DataFrame({"time": values, "key": column})
            if not pairs.duplicated().any() and len(np.unique(values)) < len(values):
                return name
    return None


def _in_the_night(times: np.ndarray, step: int) -> bool:
    return step <= calendar.HOUR and all(
        holes.ends_summer(t, t + np.timedelta64(step - calendar.HOUR, "us"), step) for t in times
    )


def _summer(table: Table, row: int, name: str, values: np.ndarray) -> UserError:
    rule = "must not repeat the hour at which daylight saving time ends"
    fix = "Say which zone the times are of: add ZONE=Europe/Berlin, or another."
    return UserError(table.place(row, name), rule, f"{calendar_text(values[row])} again", fix)


def in_utc(table: Table, name: str, values: np.ndarray, zone: str) -> np.ndarray:
    """Convert local times as the pipeline does.

    Raises:
        UserError: there is no such zone, or a time does not exist there.
    """
    try:
        return clock.in_utc(values, zone, table.path, name, lambda row: f"{table.unit} {table.lines[row]}")
    except LookupError:
        raise UserError("ZONE", clock.ZONE_RULE, repr(zone), clock.ZONE_FIX) from None


def calendar_text(time: np.datetime64) -> str:
    """Write a time without the parts that are 0."""
    text = str(time.astype("datetime64[us]")).replace("T", " ").removesuffix(".000000").removesuffix(":00")
    return text.removesuffix(" 00:00")
