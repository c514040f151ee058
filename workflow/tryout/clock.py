"""The times of a table: the column, or the columns, that hold them, and rows in rising order of time."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from pipeline.common.errors import UserError
from pipeline.series import calendar, holes
from workflow.tryout import moments
from workflow.tryout.moments import Moments
from workflow.tryout.table import Table

_NEARLY = 0.9  # share of the cells that are times in a column of times
_FOOTER = 5  # rows at the end without a time that may be sums and remarks
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
_NAMED = re.compile(r"(?i)date|time|datum|zeit|timestamp|tag\b|jahr|year|month|monat|^t$|^ds$|^ts$|period|stunde|uhr")


@dataclass(frozen=True)
class Clock:
    """The times of the rows.

    Attributes:
        table: the rows that are left, in rising order of time.
        values: datetime64[us] [rows], rising; None for a table without times.
        names: the columns that hold them.
        others: further columns of times, which are not used.
        notes: what was found and done, a phrase each.
    """

    table: Table
    values: np.ndarray | None
    names: list[str]
    others: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Wishes:
    """What the user says about times.

    Attributes:
        time: the column, two joined by `+`, or `none`; None to find it.
        order: `dmy` or `mdy` for days and months that cannot be told apart.
        zone: of times without an offset.
        repeated: `first`, `last` or `mean` of rows of the same time; None refuses them.
    """

    time: str | None = None
    order: str | None = None
    zone: str | None = None
    repeated: str | None = None


def read(table: Table, wishes: Wishes) -> Clock:
    """Find the times of a table, and put its rows into their order.

    Raises:
        UserError: the times cannot be read, or contradict each other.
    """
    if wishes.time == "none":
        return Clock(table, None, [], notes=["no time column is used: rows follow each other in equal steps"])
    names, found, others = _find(table, wishes)
    if found is None:
        return Clock(table, None, [], others, ["no column of times: rows follow each other in equal steps"])
    notes = [f"times in {found.form}", *found.notes]
    table, found = _without_footer(table, names[0], found)
    if found.mixed is not None:
        place, cell = table.place(found.mixed, names[0]), table.column(names[0]).iloc[found.mixed]
        fix = "Write all times in UTC, or all with their offset."
        raise UserError(place, "must have an offset from UTC as the rows before, or none as they do", repr(cell), fix)
    values = found.values
    if found.aware:
        notes.append("times are in UTC")
    table, values, ordered = _in_order(table, names[0], values, local=not found.aware, wishes=wishes)
    return Clock(table, values, names, others, [*notes, *ordered])


def _find(table: Table, wishes: Wishes) -> tuple[list[str], Moments | None, list[str]]:
    """Return the columns of the times, the times, and other columns that hold times too."""
    if wishes.time is not None:
        return _named(table, wishes)
    candidates: dict[str, Moments] = {}
    for name in table.names:
        found = _parsed(table, name, wishes)
        if found is not None and found.share >= _NEARLY and _plausible(table, name, found):
            candidates[name] = found
    joined = _joined(table, candidates, wishes)
    if joined is not None:
        names, found = joined
        return names, found, [name for name in candidates if name not in names]
    if not candidates:
        return [], None, []
    # UTC before local times, a name that says so before others, the order of the file.
    best = min(
        candidates,
        key=lambda name: (
            len(np.unique(candidates[name].values)) < 0.5 * len(table),
            not candidates[name].aware,
            not _NAMED.search(name),
        ),
    )
    return [best], _decided(table, best, candidates[best]), [name for name in candidates if name != best]


def _named(table: Table, wishes: Wishes) -> tuple[list[str], Moments | None, list[str]]:
    """Return the times of the columns that the user names."""
    given = str(wishes.time)
    names = [given] if given in table.names else [name.strip() for name in given.split("+")]
    for name in names:
        if name not in table.names:
            raise unknown("TIME", name, table)
    if len(names) > 1:
        cells = table.column(names[0])
        for name in names[1:]:
            cells = cells + " " + table.column(name)
    else:
        cells = table.column(names[0])
    found = moments.parse(cells, wishes.order)
    if found is None and len(names) == 1:
        found = _parsed(table, names[0], wishes)
    if found is None:
        example = next((cell for cell in cells if cell), "nothing")
        rule = "must hold times, as in 2016-07-01 13:00 or 01.07.2016 13:00"
        raise UserError(f"{table.path}, column {given}", rule, repr(example[:60]), _columns(table))
    return names, _decided(table, given, found), []


def _parsed(table: Table, name: str, wishes: Wishes) -> Moments | None:
    """Return the times of a column, days of Excel and names of zones included."""
    cells = table.column(name)
    found = moments.parse(cells, wishes.order)
    if found is None and (zones := moments.zone_names(cells)):
        if len(zones) > 1:
            place = f"{table.path}, column {name}"
            raise UserError(place, "must be of one time zone", ", ".join(zones[:4]), "Write all times in UTC.")
        bare = moments.parse(moments.without_zone(cells), wishes.order)
        if bare is not None and bare.share >= _NEARLY:
            utc = _in_utc(table, name, bare.values, zones[0])
            return replace(bare, values=utc, aware=True, notes=[*bare.notes, f"the zone is {zones[0]}"])
    if found is None and _NAMED.search(name):
        return moments.excel_days(pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64))
    return found


def _plausible(table: Table, name: str, found: Moments) -> bool:
    """Return whether digits alone are times: they rise, or the name says so."""
    cells = table.column(name)
    if not cells.str.fullmatch(r"\d+(\.\d+)?").mean() > 0.5:
        return True
    values = found.values[~np.isnat(found.values)]
    years = values.astype("datetime64[Y]").astype(int) + 1970
    if years.min() < 1500 or years.max() > 2200:
        return False
    steps = np.diff(values.astype(np.int64))
    if found.form == "yyyy" and not (_NAMED.search(name) or ((steps > 0).all() and not table.names.index(name))):
        return False
    return bool(_NAMED.search(name)) or bool((steps > 0).all() or (steps < 0).all())


def _decided(table: Table, name: str, found: Moments) -> Moments:
    """Return the one reading of days and months after which the steps are more regular.

    Raises:
        UserError: both are as regular.
    """
    other = found.either
    if other is None:
        return found
    irregular = [_irregular(each.values) for each in (found, other)]
    if irregular[0] == irregular[1]:
        cell = next(cell for cell in table.column(name if name in table.names else name.split("+")[0]) if cell)
        rule, fix = "must show which number is the day", "Add DATES=dmy (day first) or DATES=mdy (month first)."
        raise UserError(f"{table.path}, column {name}", rule, repr(cell), fix)
    chosen = found if irregular[0] < irregular[1] else other
    return replace(chosen, either=None, notes=[*chosen.notes, f"{chosen.form} gives the regular steps"])


def _irregular(values: np.ndarray) -> int:
    steps = np.diff(values.astype(np.int64))
    common = max(np.unique(steps, return_counts=True)[1], default=0)
    return int(len(steps) - common) + int(min((steps < 0).sum(), (steps > 0).sum()))


def _joined(table: Table, candidates: dict[str, Moments], wishes: Wishes) -> tuple[list[str], Moments] | None:
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
            if cells.str.fullmatch(_TIME_OF_DAY).mean() < _NEARLY and whole.mean() < _NEARLY:
                continue
            made = _with_hours(table, date, name, found, wishes)
            if made is not None:
                return [date, name], made
    return None


def _with_hours(table: Table, date: str, name: str, found: Moments, wishes: Wishes) -> Moments | None:
    """Return the times of a column of dates and one of times of day."""
    cells = table.column(name)
    if cells.str.fullmatch(r"\d{1,4}").mean() >= _NEARLY:
        numbers: np.ndarray = pd.to_numeric(cells, errors="coerce").fillna(-1).astype(np.int64).to_numpy()
        if numbers.max() > 24:
            minutes = np.asarray(numbers // 100 * 60 + numbers % 100)
        else:
            minutes = np.asarray(60 * (numbers - (1 if numbers.min() == 1 and numbers.max() == 24 else 0)))
        values = found.values + (minutes * 60_000_000).astype("timedelta64[us]")
        return replace(found, values=np.where(numbers < 0, np.datetime64("NaT"), values), form=f"{found.form} and hour")
    made = moments.parse(table.column(date) + " " + cells.str.replace(".", ":", regex=False), wishes.order)
    return None if made is None or made.share < _NEARLY else _decided(table, f"{date}+{name}", made)


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
            if named is None or named.share < _NEARLY:
                return None
            numbers[part] = named.values.astype("datetime64[M]").astype(int) % 12 + 1.0
            continue
        numbers[part] = pd.to_numeric(cells.str.lstrip("Q"), errors="coerce").to_numpy(dtype=np.float64)
    known = np.isfinite(np.stack(list(numbers.values()))).all(axis=0)
    year, one = np.nan_to_num(numbers["year"]), np.ones(len(table))
    month = numbers.get("month", 3 * (numbers["quarter"] - 1) + 1 if "quarter" in numbers else one)
    month = np.nan_to_num(month, nan=1)
    in_range = known & (year >= 1500) & (year <= 2200) & (month >= 1) & (month <= 12)
    if in_range.mean() < _NEARLY:
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


def _without_footer(table: Table, name: str, found: Moments) -> tuple[Table, Moments]:
    """Leave out rows at the end that have no time, such as sums; refuse them elsewhere."""
    missing = np.flatnonzero(np.isnat(found.values))
    if not missing.size:
        return table, found
    end = len(table)
    while end and np.isnat(found.values[end - 1]) and len(table) - end < _FOOTER:
        end -= 1
    wrong = missing[missing < end]
    if wrong.size:
        row = int(wrong[0])
        cell = table.column(name).iloc[row]
        rule, received = (
            f"must be a time in {found.form}, as in the other rows",
            repr(cell[:60]) if cell else "a missing cell",
        )
        fix = "Correct it, or remove the row." + (f" There are {len(wrong):,} such rows." if len(wrong) > 1 else "")
        raise UserError(table.place(row, name), rule, received, fix)
    left = f"{len(table) - end} row{'s' if len(table) - end > 1 else ''} without a time at the end left out"
    return table.select(np.arange(end), left), replace(found, values=found.values[:end])


def _in_order(
    table: Table, name: str, values: np.ndarray, local: bool, wishes: Wishes
) -> tuple[Table, np.ndarray, list[str]]:
    """Return rows in rising order of time, each time once."""
    notes: list[str] = []
    steps = np.diff(values.astype(np.int64))
    if len(steps) and (steps < 0).sum() > (steps > 0).sum():
        table, values = table.select(np.arange(len(table))[::-1]), values[::-1]
        notes.append("rows are put in order, the oldest first")
    if local and wishes.zone is not None:
        values = _in_utc(table, name, values, wishes.zone)
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
    """Return a column that names which of several series a row belongs to: with it, no time repeats."""
    others = [name for name in table.names if name not in times]
    for name, column in zip(table.names, table.columns, strict=True):
        if name in others and len(others) > 1 and 2 <= column.nunique() <= len(table) / 4:
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


def _in_utc(table: Table, name: str, values: np.ndarray, zone: str) -> np.ndarray:
    """Convert local times; a repeated hour is first that of summer."""
    local = pd.DatetimeIndex(values)
    try:
        made = local.tz_localize(zone, ambiguous="infer", nonexistent="NaT")
    except (LookupError, TypeError):
        raise UserError("ZONE", "must name a time zone", repr(zone), "As in Europe/Berlin or UTC.") from None
    except ValueError as error:
        place, rule = (
            f"{table.path}, column {name}",
            f"must tell apart the two hours at which {zone} leaves summer time",
        )
        raise UserError(place, rule, str(error)[:120], "Write the times in UTC.") from None
    wrong = np.flatnonzero(made.isna())
    if wrong.size:
        row = int(wrong[0])
        rule = f"must exist in {zone}, where daylight saving time skips an hour"
        raise UserError(table.place(row, name), rule, str(local[row]), "Name another ZONE, or leave it out.")
    return made.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]")


def calendar_text(time: np.datetime64) -> str:
    """Write a time without the parts that are 0."""
    text = str(time.astype("datetime64[us]")).replace("T", " ").removesuffix(".000000").removesuffix(":00")
    return text.removesuffix(" 00:00")


def unknown(option: str, name: str, table: Table) -> UserError:
    """Return the error for the name of a column that the table does not have."""
    import difflib

    close = difflib.get_close_matches(name, table.names, n=1, cutoff=0.5)
    same = [each for each in table.names if each.lower() == name.lower()]
    fix = f"Did you mean `{(same or close)[0]}`? " if same or close else ""
    return UserError(option, f"must name a column of {table.path}", repr(name), fix + _columns(table))


def _columns(table: Table) -> str:
    from pipeline.series import listing

    return f"The columns are: {listing(table.names)}."
