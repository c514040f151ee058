"""Times that stand in several columns, and days and months that can be read in two ways."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from pipeline.common.errors import UserError
from pipeline.series import calendar
from workflow.tryout import moments
from workflow.tryout.moments import Moments
from workflow.tryout.table import Table

NEARLY = 0.9  # share of the cells that are times in a column of times
_TIME_OF_DAY = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?: ?[AaPp][Mm])?"
_PARTS = {
    "year": ("year", "yr", "yyyy", "jahr"),
    "quarter": ("quarter", "qtr", "quartal", "q"),
    "month": ("month", "mon", "mo", "mm", "monat"),
    "day": ("day", "dy", "dd", "tag", "dayofmonth"),
    "hour": ("hour", "hr", "hh", "stunde", "std", "hours", "he"),
    "minute": ("minute", "min", "mi", "minuten"),
}
_HOURS = (*_PARTS["hour"], "time", "zeit", "uhrzeit", "hourofday", "hour ending")


@dataclass(frozen=True)
class Wishes:
    """What the user says about times.

    Attributes:
        time: the column, two joined by `+`, or `none`; None to find it.
        order: `dmy`, `mdy` or `ymd` for days, months and years that cannot be told apart.
        zone: of times without an offset.
        repeated: `first`, `last` or `mean` of rows of the same time; None refuses them.
        id: the column of ids, or `none`; None to find it where times repeat.
    """

    time: str | None = None
    order: str | None = None
    zone: str | None = None
    repeated: str | None = None
    id: str | None = None


def joined(table: Table, candidates: dict[str, Moments], wishes: Wishes) -> tuple[list[str], Moments] | None:
    """Return times that stand in two columns or more: date and time of day, or year, month, day and hour."""
    if (parts := _parts(table)) is not None:
        return parts
    for date, found in candidates.items():
        days = found.values.astype("datetime64[D]").astype("datetime64[us]")
        known = ~np.isnat(found.values)
        if (found.values[known] != days[known]).any() or len(np.unique(days[known])) == known.sum():
            continue
        for name in table.names:
            cells = table.column(name)
            if name == date:
                continue
            whole = cells.str.fullmatch(r"\d{1,4}") & (name.strip().lower() in _HOURS)
            if cells.str.fullmatch(_TIME_OF_DAY).mean() < NEARLY and whole.mean() < NEARLY:
                continue
            made = _with_hours(table, date, name, found, wishes)
            if made is not None:
                return [date, name], made
    return None


def _with_hours(table: Table, date: str, name: str, found: Moments, wishes: Wishes) -> Moments | None:
    """Return the times of a column of dates and one of times of day."""
    cells = table.column(name)
    if cells.str.fullmatch(r"\d{1,4}").mean() >= NEARLY:
        numbers: np.ndarray = pd.to_numeric(cells, errors="coerce").fillna(-1).astype(np.int64).to_numpy()
        if numbers.max() > 24:
            minutes = np.asarray(numbers // 100 * 60 + numbers % 100)
        else:
            minutes = np.asarray(60 * (numbers - (1 if numbers.min() == 1 and numbers.max() == 24 else 0)))
        after = np.where(numbers < 0, np.timedelta64("NaT"), (minutes * 60_000_000).astype("timedelta64[us]"))
        made: Moments | None = None
        for each in reversed(list(_readings(found))):
            made = replace(each, values=each.values + after, form=f"{each.form} and hour", either=made)
        return decided(table, f"{date}+{name}", made) if made else None
    made = moments.parse(table.column(date) + " " + cells.str.replace(".", ":", regex=False), wishes.order)
    return None if made is None or made.share < NEARLY else decided(table, f"{date}+{name}", made)


def _parts(table: Table) -> tuple[list[str], Moments] | None:
    """Return times whose year, quarter, month, day, hour and minute have a column each."""
    lower = {name.strip().lower().replace("_", ""): name for name in table.names}
    found = {part: lower[alias] for part, aliases in _PARTS.items() for alias in reversed(aliases) if alias in lower}
    if "year" not in found or not {"month", "quarter"} & set(found):
        return None
    numbers = {}
    for part, name in found.items():
        cells = table.column(name)
        if part == "month" and not cells.str.fullmatch(r"\d+(\.0+)?").mean() > 0.5:
            named = moments.parse(cells + " 2000")
            if named is None or named.share < NEARLY:
                return None
            numbers[part] = named.values.astype("datetime64[M]").astype(int) % 12 + 1.0
            continue
        numbers[part] = pd.to_numeric(cells.str.lstrip("Q"), errors="coerce").to_numpy(dtype=np.float64)
    known = np.isfinite(np.stack(list(numbers.values()))).all(axis=0)
    year, one = np.nan_to_num(numbers["year"]), np.ones(len(table))
    month = numbers.get("month", 3 * (numbers["quarter"] - 1) + 1 if "quarter" in numbers else one)
    month = np.nan_to_num(month, nan=1)
    in_range = known & (year >= 1500) & (year <= 2200) & (month >= 1) & (month <= 12)
    if in_range.mean() < NEARLY:
        return None
    months = ((year - 1970) * 12 + month - 1).astype(np.int64).astype("datetime64[M]")
    values = months.astype("datetime64[us]")
    minutes = np.zeros(len(table))
    if "day" in numbers:
        minutes += (np.nan_to_num(numbers["day"], nan=1) - 1) * 1440
    if "hour" in numbers and "day" in numbers:
        hours = np.nan_to_num(numbers["hour"])
        minutes += (hours - (1 if hours.min() == 1 and hours.max() == 24 else 0)) * 60
        minutes += np.nan_to_num(numbers.get("minute", 0 * one))
    values = values + (minutes * 60_000_000).astype(np.int64).astype("timedelta64[us]")
    used = [part for part in found if part not in ("hour", "minute") or "day" in found]
    if "month" in found:
        used = [part for part in used if part != "quarter"]
    form = ", ".join(used[:-1]) + f" and {used[-1]}"
    return [found[part] for part in used], Moments(np.where(in_range, values, np.datetime64("NaT")), form)


def decided(table: Table, name: str, found: Moments) -> Moments:
    """Return the one reading of days, months and years after which the steps are more regular.

    Raises:
        UserError: two are as regular.
    """
    if found.either is None:
        return found
    readings = list(_readings(found))
    irregular = [_irregular(each.values) for each in readings]
    best = [each for each, steps in zip(readings, irregular, strict=True) if steps == min(irregular)]
    # The year is rarely first, so that it must be more regular.
    best = [each for each in best if each.form[:1] != "y"] or best
    if any(not np.array_equal(each.values, best[0].values) for each in best):
        cell = next(cell for cell in table.column(name if name in table.names else name.split("+")[0]) if cell)
        rule, fix = "must show which number is the day", "Add DATES=dmy (day first) or DATES=mdy (month first)."
        raise UserError(f"{table.path}, column {name}", rule, repr(cell), fix)
    why = [] if len(best) == len(readings) else [f"{best[0].form} gives the regular steps"]
    return replace(best[0], either=None, notes=[*best[0].notes, *why])


def _readings(found: Moments | None) -> Iterator[Moments]:
    while found is not None:
        yield found
        found = found.either


def _irregular(values: np.ndarray) -> tuple[int, int]:
    """Return how many rows are out of order or in time, and how many are missing by the calendar."""
    values = values[~np.isnat(values)]
    steps = np.diff(values.astype(np.int64))
    disorder = int(min((steps < 0).sum(), (steps > 0).sum()))
    measured = calendar.measure(np.unique(values))
    if measured is None:
        return disorder, 0
    return disorder + int((measured.late | measured.early).sum()), int(measured.missing.sum())
