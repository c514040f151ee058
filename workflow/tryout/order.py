"""Rows in rising order of time, each time once, in UTC where the zone is known."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from pipeline.common.errors import UserError
from pipeline.series import calendar, clock, holes
from workflow.tryout.joined import Wishes
from workflow.tryout.table import Table

# Names that can only be those of ids, and the fewest rows of one on average.
_ID = re.compile(
    r"(?i)((.*[ _-])?ids?|uuid|(patient|subject|participant|user|customer|person|ship|vessel|store|machine|engine|unit|"
    r"device|sensor|station|session|trial|sequence|series|recording|episode)([ _-]?(id|no|nr|num|number|name|code))?)"
)
_ROWS = 4


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


def in_ids(
    table: Table, id: str, times: str | None, values: np.ndarray | None, local: bool, wishes: Wishes
) -> tuple[Table, np.ndarray | None, np.ndarray, list[str]]:
    """Return the rows of one id after the other, in the order of first appearance, each id in order of time.

    Args:
        table: the rows.
        id: the column of ids.
        times: the column of times; None without one.
        values: the times.
        local: whether they are local times.
        wishes: of the user.

    Returns:
        The table, its times, the number of each row's id, int64 [rows], and notes.

    Raises:
        UserError: an id is missing, or a time repeats within an id.
    """
    cells = table.column(id)
    if (cells == "").any():
        row = int(np.flatnonzero((cells == "").to_numpy())[0])
        raise UserError(table.place(row, id), "must name an id", "a missing cell", "Give each row an id.")
    numbers, names = pd.factorize(cells)
    if not 2 <= len(names) < len(table):
        rule, fix = "must name a column whose cells repeat, of two ids or more", "Name another one, or leave it out."
        raise UserError("ID", rule, f"{id}, with {len(names):,} ids in {len(table):,} rows", fix)
    notes = [f"{len(names):,} ids in {id}"]
    pieces, made = [], []
    at = {int(line): row for row, line in enumerate(table.lines)}
    for number in range(len(names)):
        own = np.flatnonzero(numbers == number)
        if values is not None and times is not None:
            rows, moments, _ = in_order(table.select(own), times, values[own], local, wishes)
            own = np.array([at[int(line)] for line in rows.lines])  # what is left of them, in order
            made.append(moments)
        pieces.append(own)
    order = np.concatenate(pieces)
    if len(order) < len(table):
        notes.append(f"{len(table) - len(order):,} rows that repeat a time of their id are left out")
    return table.select(order), np.concatenate(made) if made else None, numbers[order], notes


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
    fix = "Keep one row per time, or add REPEATED=first or REPEATED=last."
    raise UserError(table.place(row, name), "must not repeat a time", received, fix)


def key(table: Table, values: np.ndarray, times: list[str]) -> str | None:
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


def named_key(table: Table) -> str | None:
    """Return the column of ids of a table without times: its name says so, and the rows of each id are together."""
    for name, column in zip(table.names, table.columns, strict=True):
        if _ID.fullmatch(name.strip()) and (column.str.strip() != "").all():
            blocks = 1 + int((column.to_numpy()[1:] != column.to_numpy()[:-1]).sum())
            if 2 <= blocks == column.nunique() <= len(column) / _ROWS:
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
