"""Times whose date is in one column and whose place within the day or the year is counted in another."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd

from pipeline.common.errors import UserError
from workflow.tryout.joined import NEARLY
from workflow.tryout.moments import Moments
from workflow.tryout.order import in_utc
from workflow.tryout.table import Table

_OF_DAY = (
    r"(settlement|trading|delivery)? ?(period|interval|slot)|(half ?)?hours?( of day)?|hr|he|hour ?ending|"
    r"heures?|horas?|stunden?|time|zeit|uhrzeit"
)
_CLOCK = r"time|zeit|uhrzeit|heures?|horas?|hours?|hhmm|hhmmss|time ?of ?day|local ?time"
# What a number within a year counts, and how many there are at most.
_OF_YEAR = {
    "days": (r"doy|day ?of ?(the ?)?year|julian( ?day)?|jday|yday|jour", 366),
    "weeks": (r"(iso ?)?(weeks?|wk|kw|woche|semaine|semana)( ?(number|no|nr|of ?(the ?)?year))?", 53),
    "months": (r"periods?|months?", 12),
    "quarters": (r"periods?|quarters?", 4),
}
_PERIODS = (24, 48, 96, 144, 288, 1440)  # of a day
_LETTERS = {"M": "months", "Q": "quarters", "W": "weeks"}  # of M01, as offices of statistics write it
_DAY = 86_400_000_000


def joined(
    table: Table, date: str, found: Moments, zone: str | None, names: list[str] | None = None
) -> tuple[list[str], Moments] | None:
    """Return the times of a column of days or years that repeat, and of a column that counts within them.

    Args:
        table: the rows.
        date: the column of days or years.
        found: its times.
        zone: of local days that have an hour less or more, or None.
        names: columns that may count; None for all.

    Raises:
        UserError: the numbers of some rows are none of a day or a year.
    """
    known = ~np.isnat(found.values)
    if found.aware or not len(found.values) or len(np.unique(found.values[known])) > 0.5 * known.sum():
        return None
    days = found.values.astype("datetime64[D]")
    for name in [] if (found.values[known] != days[known]).any() else names or table.names:
        made = None
        if name != date and found.form == "yyyy":
            made = _of_year(table, name, found)
        elif name != date:
            made = _of_clock(table, name, found) or _of_day(table, date, name, found, zone)
        if made is not None:
            return [date, name], made
    return None


def _words(name: str) -> str:
    return " ".join(re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name))).lower()


def _of_clock(table: Table, name: str, found: Moments) -> Moments | None:
    """Read times of day as 013000, 130 or 1h30."""
    cells = table.column(name)
    parts = cells.str.extract(r"^(\d{1,2}) ?[hH] ?(\d{2})$")
    if parts[0].isna().mean() > 1 - NEARLY:
        if not re.fullmatch(_CLOCK, _words(name)) or cells.str.fullmatch(r"\d{1,6}").mean() < NEARLY:
            return None
        width = 6 if cells.str.len().max() > 4 else 4
        padded = cells.str.zfill(width)
        parts = padded.str.extract(r"^(\d\d)(\d\d)(\d\d)?$")
        if width == 4 and cells.str.len().max() < 3:
            return None  # 1 to 24, or to 48
    numbers = [pd.to_numeric(parts[i], errors="coerce").to_numpy(dtype=np.float64) for i in parts]
    hours, minutes = numbers[:2]
    seconds = np.nan_to_num(numbers[2]) if len(numbers) > 2 else np.zeros(len(cells))
    right = (hours <= 24) & (minutes < 60) & (seconds < 60)
    if right.mean() < NEARLY:
        return None
    return _moved(found, np.where(right, (hours * 60 + minutes) * 60 + seconds, np.nan) * 1e6, "time of day")


def _of_day(table: Table, date: str, name: str, found: Moments, zone: str | None) -> Moments | None:
    """Read numbers of equal periods of a day, the first of which is 0 or 1."""
    if not re.fullmatch(_OF_DAY, _words(name)):
        return None
    numbers = pd.to_numeric(table.column(name), errors="coerce").to_numpy(dtype=np.float64)
    known = ~np.isnan(numbers) & ~np.isnat(found.values)
    if known.mean() < NEARLY or (numbers[known] != np.floor(numbers[known])).any():
        return None
    first = int(numbers[known].min())
    most = pd.Series(numbers[known]).groupby(found.values[known]).max() + 1 - first
    count = int(most.mode().iloc[0])
    if first not in (0, 1) or count not in _PERIODS:
        return None
    beyond = np.flatnonzero(known & (numbers - first >= count))
    midnight = found.values
    if zone is not None:
        midnight = in_utc(table, date, midnight, zone)
    elif beyond.size:
        row = int(beyond[0])
        fix = "Say which zone the days are of, as in ZONE=Europe/London, or write the times in UTC, in one column."
        received = f"{int(numbers[row])} on {table.column(date).iloc[row]}"
        raise UserError(table.place(row, name), f"must count to {count - 1 + first} on each day", received, fix)
    moved = replace(found, values=midnight, aware=zone is not None)
    return _moved(moved, (numbers - first) * (_DAY / count), f"{count} periods of a day")


def _of_year(table: Table, name: str, found: Moments) -> Moments | None:
    """Read numbers of days, weeks, months or quarters within a year."""
    parts = table.column(name).str.extract(r"^([A-Z]?)(\d{1,3})(?:\.0+)?$")
    letters = parts[0].dropna().unique()
    numbers = pd.to_numeric(parts[1], errors="coerce").to_numpy(dtype=np.float64)
    known = ~np.isnan(numbers)
    if known.mean() < NEARLY or len(letters) != 1:
        return None
    usual = int(pd.Series(numbers[known]).groupby(found.values[known]).max().mode().iloc[0])
    for unit, (names, most) in _OF_YEAR.items():
        fits = re.fullmatch(f"{names}|periods?", _words(name)) and _LETTERS.get(str(letters[0])) == unit
        if not letters[0]:
            fits = re.fullmatch(names, _words(name)) and (unit in ("days", "weeks") or usual == most)
        if fits:
            wrong = np.flatnonzero(known & ((numbers < 1) | (numbers > most)))
            if wrong.size:
                rule, received = f"must count {unit} from 1 to {most}", repr(table.column(name).iloc[wrong[0]])
                fix = f"Leave out such rows: there are {len(wrong):,}."
                raise UserError(table.place(int(wrong[0]), name), rule, received, fix)
            return replace(found, values=_in_year(found.values, numbers, unit), form=f"year and {unit} of it")
    return None


def _in_year(years: np.ndarray, numbers: np.ndarray, unit: str) -> np.ndarray:
    """Return the first moment of each numbered part of a year; weeks as in ISO 8601."""
    known = ~np.isnan(numbers) & ~np.isnat(years)
    step = np.nan_to_num(numbers - 1).astype(np.int64)
    if unit in ("months", "quarters"):
        months = years.astype("datetime64[M]") + step * (3 if unit == "quarters" else 1)
        made = months.astype("datetime64[us]")
    else:
        start = years.astype("datetime64[D]")
        if unit == "weeks":  # the first week is that of January 4
            fourth = start + np.timedelta64(3, "D")
            start, step = fourth - (fourth.astype(np.int64) + 3) % 7, 7 * step
        made = (start + step).astype("datetime64[us]")
    return np.where(known, made, np.datetime64("NaT"))


def _moved(found: Moments, later: np.ndarray, form: str) -> Moments:
    """Return times that are some microseconds later; NaT where these are NaN."""
    values = found.values + np.nan_to_num(later).astype(np.int64).astype("timedelta64[us]")
    return replace(
        found, values=np.where(np.isnan(later), np.datetime64("NaT"), values), form=f"{found.form} and {form}"
    )
