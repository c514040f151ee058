"""The times of a table: the column, or the columns, that hold them, and rows in rising order of time."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from pipeline.common.errors import UserError
from pipeline.series.clock import check_one_zone
from workflow.tryout import moments, within
from workflow.tryout.joined import NEARLY, Wishes, decided, joined
from workflow.tryout.moments import Moments
from workflow.tryout.order import in_ids, in_order, in_utc, key, named_key
from workflow.tryout.table import Table

_ABOVE = 40  # rows among which a header may stand below titles
_FOOTER = 5  # rows at the end without a time that may be sums and remarks
_NAMED = re.compile(r"(?i)date|time|datum|zeit|timestamp|tag\b|jahr|year|month|monat|^t$|^ds$|^ts$|period|stunde|uhr")

# Times that were not read: a name that says so, and cells of digits in groups, of which none are plain numbers.
_LIKE = re.compile(_NAMED.pattern + r"|fecha|dia\b|mes\b|jour|mois|week|woche|hora|heure|[年月日時]|дата")
_DIGITS = r"(19|20)\d{4}|(19|20)\d{6}(\d{2}){0,3}|(19|20)\d{2}\.\d{1,2}"
_DATE = r"(.*\D)?(19|20)\d{2}\D{1,3}\d{1,2}(\D.*)?|(.*\D)?\d{1,2}\D{1,3}(19|20)\d{2}(\D.*)?"
_FEWEST = 10  # different cells of them
_SAYS_SO = "its name says so; ID=none for one series"


@dataclass(frozen=True)
class Clock:
    """The times of the rows.

    Attributes:
        table: the rows that are left, in rising order of time.
        values: datetime64[us] [rows], rising, with ids within each; None for a table without times.
        names: the columns that hold them.
        others: further columns of times, which are not used.
        notes: what was found and done, a phrase each.
        id: the column of ids; None for a single series.
        ids: int64 [rows], the number of each row's id, rising; None for a single series.
    """

    table: Table
    values: np.ndarray | None
    names: list[str]
    others: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    id: str | None = None
    ids: np.ndarray | None = None


def read(table: Table, wishes: Wishes) -> Clock:
    """Find the times of a table, and put its rows into their order.

    Raises:
        UserError: the times cannot be read, or contradict each other.
    """
    if wishes.id not in (None, "none", *table.names):
        raise unknown("ID", str(wishes.id), table)
    if wishes.time == "none":
        digits = [name for name, plain in _unread(table).items() if plain]
        return _untimed(table, wishes, ["no time column is used: rows follow each other in equal steps"], digits)
    names, found, others = _find(table, wishes)
    others = [name for name in others if name != wishes.id]
    if found is None:
        for name in _unread(table):
            cell = next(cell for cell in table.column(name) if cell)
            rule = "must hold times in a form that is known"
            fix = "Write them as 2016-07-01 13:00, or add TIME=none if rows follow each other in equal steps."
            raise UserError(f"{table.path}, column {name}", rule, repr(cell[:60]), fix + one_column(table))
        return _untimed(table, wishes, ["no column of times: rows follow each other in equal steps"], others)
    notes = [f"times in {found.form}", *found.notes]
    table, found = _without_footer(table, names[0], found)
    if found.mixed is not None:
        place, cell = table.place(found.mixed, names[0]), table.column(names[0]).iloc[found.mixed]
        fix = "Write all times in UTC, or all with their offset."
        raise UserError(place, "must have an offset from UTC as the rows before, or none as they do", repr(cell), fix)
    values = found.values
    if found.aware:
        notes.append("times are in UTC")
    by, chosen = wishes.id, list[str]()
    if by is None and len(np.unique(values)) < len(values):
        by = key(table, values, names)
    elif by is None and (by := named_key(table, timed=True)):
        chosen = [_SAYS_SO]
    if found.offsets is not None:
        own = None if by in (None, "none") else pd.factorize(table.column(str(by)))[0]
        check_one_zone(values, found.offsets, table.path, names[0], table.at, own)
    if by and by != "none":
        table, of_ids, ids, ordered = in_ids(table, by, names[0], values, not found.aware, wishes)
        return Clock(table, of_ids, names, others, [*notes, *ordered, *chosen], by, ids)
    table, values, ordered = in_order(table, names[0], values, local=not found.aware, wishes=wishes)
    return Clock(table, values, names, others, [*notes, *ordered])


def _untimed(table: Table, wishes: Wishes, notes: list[str], others: list[str]) -> Clock:
    by = wishes.id if wishes.id else named_key(table, timed=False)
    if by in (None, "none"):
        return Clock(table, None, [], others, notes)
    table, _, ids, found = in_ids(table, str(by), None, None, False, wishes)
    chosen = [] if wishes.id else [_SAYS_SO]
    return Clock(table, None, [], others, [*notes, *found, *chosen], by, ids)


def _find(table: Table, wishes: Wishes) -> tuple[list[str], Moments | None, list[str]]:
    """Return the columns of the times, the times, and other columns that hold times too."""
    if wishes.time is not None:
        return _named(table, wishes)
    candidates: dict[str, Moments] = {}
    for name in table.names:
        found = _parsed(table, name, wishes)
        if found is not None and found.share >= NEARLY and _plausible(table, name, found):
            candidates[name] = found
    several = joined(table, candidates, wishes)
    if several is not None:
        names, found = several
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
    found = decided(table, best, candidates[best])
    names, found = within.joined(table, best, found, wishes.zone) or ([best], found)
    return names, found, [name for name in candidates if name not in names]


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
    found: Moments | None = None
    if len(names) == 2 and (dates := _parsed(table, names[0], wishes)) is not None and dates.share >= NEARLY:
        # Before the cells side by side, where a period of a day would be taken for an hour.
        counted = within.joined(table, names[0], decided(table, names[0], dates), wishes.zone, names[1:])
        found = None if counted is None else counted[1]
    found = found or moments.parse(cells, wishes.order)
    if found is None and len(names) == 1:
        found = _parsed(table, names[0], wishes)
    if found is None:
        example = next((cell for cell in cells if cell), "nothing")
        rule = "must hold times, as in 2016-07-01 13:00 or 01.07.2016 13:00"
        raise UserError(f"{table.path}, column {given}", rule, repr(example[:60]), _columns(table))
    return names, decided(table, given, found), []


def _parsed(table: Table, name: str, wishes: Wishes) -> Moments | None:
    """Return the times of a column, days of Excel and names of zones included."""
    cells = table.column(name)
    found = moments.parse(cells, wishes.order)
    if found is None and (zones := moments.zone_names(cells)):
        if len(zones) > 1:
            place = f"{table.path}, column {name}"
            raise UserError(place, "must be of one time zone", ", ".join(zones[:4]), "Write all times in UTC.")
        bare = moments.parse(moments.without_zone(cells), wishes.order)
        if bare is not None and bare.share >= NEARLY:
            utc = in_utc(table, name, bare.values, zones[0])
            return replace(bare, values=utc, aware=True, notes=[*bare.notes, f"the zone is {zones[0]}"])
    if found is None and _NAMED.search(name):
        return moments.excel_days(pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64))
    return found


def _unread(table: Table) -> dict[str, bool]:
    """Return columns that look like times although none were read, and whether they are digits alone."""
    made = {}
    for name in table.names:
        cells = table.column(name)
        given = cells[cells != ""]
        if given.nunique() < _FEWEST or _rises_by_clock(given):
            continue
        named = _LIKE.search(name) is not None
        plain = bool(named and given.str.fullmatch(_DIGITS).mean() >= NEARLY)
        text = pd.to_numeric(given.str.replace(",", "."), errors="coerce").isna()
        groups = text & given.str.contains(r"\d\D+\d") if named else text & given.str.fullmatch(_DATE)
        if plain or (groups.mean() >= NEARLY and (named or given.nunique() > 0.5 * len(given))):
            made[name] = plain
    return made


def _rises_by_clock(cells: pd.Series) -> bool:
    """Return whether cells are times of a clock that never goes back, as elapsed time: the order is theirs."""
    parts = cells.str.extract(r"^(?:(\d+):)?(\d+):(\d{2}(?:[.,]\d+)?)$")
    if parts[2].isna().any():
        return False
    hours, minutes, seconds = (pd.to_numeric(parts[i].fillna("0").str.replace(",", ".")) for i in parts)
    return bool((np.diff(hours * 3600 + minutes * 60 + seconds) >= 0).all())


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
    return table.select(np.arange(end), left), replace(
        found, values=found.values[:end], offsets=None if found.offsets is None else found.offsets[:end]
    )


def unknown(option: str, name: str, table: Table) -> UserError:
    """Return the error for the name of a column that the table does not have."""
    import difflib

    close = difflib.get_close_matches(name, table.names, n=1, cutoff=0.5)
    same = [each for each in table.names if each.lower() == name.lower()]
    fix = f"Did you mean `{(same or close)[0]}`? " if same or close else ""
    rows = [*table.above, *((int(table.lines[row]), table.cells(row)) for row in range(min(len(table), _ABOVE)))]
    if (line := next((line for line, cells in rows if name in cells), None)) is not None:
        fix = f"{table.unit.capitalize()} {line} seems to be the header: remove all {table.unit}s above it. "
    return UserError(option, f"must name a column of {table.path}", repr(name), fix + _columns(table))


def _columns(table: Table) -> str:
    from pipeline.series import listing

    if all(name == f"column_{number}" for number, name in enumerate(table.names, 1)):
        return f"The file has no header: the columns are {listing(table.names)}."
    return f"The columns are: {listing(table.names)}.{one_column(table)}"


def one_column(table: Table) -> str:
    """Return advice on a text file that was read as a single column, which it may not be."""
    alone = len(table.names) == 1 and table.unit == "line" and table.separator is None
    return " If there are more, say what stands between them, as in SEPARATOR=space." if alone else ""
