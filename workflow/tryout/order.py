"""Rows in rising order of time, each time once, in UTC where the zone is known."""

from __future__ import annotations

import re
import zoneinfo

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
_INTERLEAVED = 20  # rows of one where the rows of ids alternate: fewer are rather events of many customers
_AGAIN = 0.01  # share of the rows that may repeat a time of their id: the error on them is of that id
_MOST = 0.5  # share of the times that repeat where each of several series has most of them
# One zone for each rule of summer time that is in wide use.
_ZONES = (
    "Europe/Berlin", "Europe/London", "Europe/Athens", "America/New_York", "Australia/Sydney", "Pacific/Auckland",
)  # fmt: skip


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
    lengths = np.diff(values.astype(np.int64))
    usual = int(np.median(lengths[lengths > 0])) if (lengths > 0).any() else 0
    if local and wishes.zone is None and len(again) < 0.01 * len(table) and _in_the_night(values[again], usual):
        raise _summer(table, row, name, values)
    when = calendar_text(values[row])
    received = f"{when} again, and {len(again) - 1:,} more" if len(again) > 1 else f"{when} again"
    fix = _one_series(table, name, values, wishes) or "Keep one row per time, or add REPEATED=first or REPEATED=last."
    raise UserError(table.place(row, name), "must not repeat a time", received, fix)


def _one_series(table: Table, name: str, values: np.ndarray, wishes: Wishes) -> str | None:
    """Return how to take one of the series of a file in which it takes two columns to tell them apart.

    With the columns of ids that the user names, the rows are those of one id.
    """
    if not _repeats(values):
        return None
    if wishes.id not in (None, "none"):
        inner = key(table, values, [name])
        value = table.column(str(wishes.id)).iloc[0]
        ways = f'Choose one {wishes.id}: WHERE="{wishes.id}={value}" in place of ID={wishes.id}'
        return f"{ways}; {inner} then tells its series apart." if inner else None
    often = len(np.unique(values))
    for each, column in zip(table.names, table.columns, strict=True):
        kept = (column == column.iloc[0]).to_numpy()
        if each == name or kept.all() or column.iloc[0] == "" or len(np.unique(values[kept])) < _MOST * often:
            continue
        if inner := key(table.select(kept), values[kept], [name]):
            fix = f'Choose one {each}: add WHERE="{each}={column.iloc[0]}"'
            return f"{fix}; {inner} then tells its series apart." if wishes.id is None else f"{fix}, without ID=none."
    return None


def _repeats(values: np.ndarray) -> bool:
    """Return whether most times repeat."""
    return bool((np.unique(values, return_counts=True)[1] > 1).mean() > _MOST)


def key(table: Table, values: np.ndarray, times: list[str]) -> str | None:
    """Return a column that names which of several series a row belongs to: with it, hardly a time repeats.

    Most times then repeat, about as often as there are series. A column whose name says that it holds ids needs no more
    than a time that repeats. Rows that are equal in all columns are one.
    """
    once = ~pd.concat(table.columns, axis=1).duplicated().to_numpy()
    table, values = table.select(once), values[once]
    often = len(values) / len(np.unique(values))
    others = [name for name in table.names if name not in times]
    if often == 1 or len(others) < 2:
        return None
    most = min(len(table) / _ROWS, 3 * often) if _repeats(values) else 0
    fitting = [name for name in others if _is_id(table, name) or 2 <= table.column(name).nunique() <= most]
    for name in sorted(fitting, key=lambda name: not _is_id(table, name)):  # names that say so first
        again = pd.DataFrame({"time": values, "key": table.column(name)}).duplicated().mean()
        if again <= _AGAIN and again < 1 - 1 / often:
            return name
    return None


def _is_id(table: Table, name: str) -> bool:
    """Return whether the name of a column says that it holds ids, and each has some rows."""
    column = table.column(name)
    named = _ID.fullmatch(name.strip()) is not None and (column.str.strip() != "").all()
    return bool(named and 2 <= column.nunique() <= len(table) / _ROWS)


def named_key(table: Table, timed: bool) -> str | None:
    """Return the column of ids whose name says so, of a table in which no time repeats.

    The rows of each id are together; with times they may also alternate, as those of devices that report in turn.
    """
    for name in table.names:
        if not _is_id(table, name):
            continue
        cells = table.column(name).to_numpy()
        blocks, ids = 1 + int((cells[1:] != cells[:-1]).sum()), len(np.unique(cells))
        if blocks == ids or (timed and ids <= len(cells) / _INTERLEAVED):
            return name
    return None


def _in_the_night(times: np.ndarray, step: int) -> bool:
    return step <= calendar.HOUR and all(
        holes.ends_summer(t, t + np.timedelta64(step - calendar.HOUR, "us"), step) for t in times
    )


def _summer(table: Table, row: int, name: str, values: np.ndarray) -> UserError:
    rule = "must not repeat the hour at which daylight saving time ends"
    zone = zone_of(values)
    fix = f"Say which zone the times are of: add ZONE={zone}, or another."
    if zone is None:
        fix = "Write the times in UTC, or add REPEATED=first or REPEATED=last."
    return UserError(table.place(row, name), rule, f"{calendar_text(values[row])} again", fix)


def zone_of(values: np.ndarray) -> str | None:
    """Return a zone in which local times follow each other more steadily than in UTC; None if there is none.

    A file that skips an hour in spring and does not repeat one in autumn is of no zone.
    """
    best, fewest = None, _unsteady(values)
    for name in _ZONES:
        try:
            made = pd.DatetimeIndex(values).tz_localize(zoneinfo.ZoneInfo(name), ambiguous="infer", nonexistent="raise")
        except ValueError:
            continue
        if (count := _unsteady(made.tz_convert("UTC").tz_localize(None).to_numpy())) < fewest:
            best, fewest = name, count
    return best


def _unsteady(values: np.ndarray) -> int:
    """Return how many steps are not the usual one."""
    steps = np.diff(values.astype("datetime64[us]").astype(np.int64))
    return int((steps != np.median(steps)).sum())


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
