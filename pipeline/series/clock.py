"""The time column of a file of the user's: texts, timestamps or numbers as instants in UTC."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from pipeline.common.errors import UserError
from pipeline.series import holes
from pipeline.series.settings import SettingError
from pipeline.series.tables import TableFile, converting

if TYPE_CHECKING:
    import pyarrow as pa

_OFFSET = r"[T ][0-9:.,]+ *([Zz]|[+-][0-9:]+)$"
# Digits of seconds, milli-, micro- and nanoseconds since 1970, between 2001 and 2030. Ten digits from 19… on are
# refused, for they may be 2020010113.
_EPOCH = r"^1[0-8][0-9]{8}([0-9]{3}|[0-9]{6}|[0-9]{9})?$"

# A zone has two offsets at most, of winter and of summer, this many minutes apart, and keeps each for weeks.
_SUMMER = (30, 60)
_KEPT = np.timedelta64(20, "D")

ZONE_RULE, ZONE_FIX = "must name a time zone", "As in Europe/Berlin or UTC."

# Other ways to write dates.
_FORMS = {
    r"(0?[1-9]|[12]\d|3[01])\.(0?[1-9]|1[0-2])\.(\d{4}|\d{2})( |$)": "dd.mm.yyyy",
    r"(0?[1-9]|1[0-2])/(1[3-9]|2\d|3[01])/(\d{4}|\d{2})( |$)": "mm/dd/yyyy",
    r"(1[3-9]|2\d|3[01])/(0?[1-9]|1[0-2])/(\d{4}|\d{2})( |$)": "dd/mm/yyyy",
    r"(0?[1-9]|1[0-2])/(0?[1-9]|1[0-2])/(\d{4}|\d{2})( |$)": "dd/mm/yyyy or mm/dd/yyyy",
    r"\d{1,2}[- ][A-Za-z]{3,9}[- ](\d{4}|\d{2})( |$)": "day, month and year",
}


def read(
    file: TableFile, name: str, column: pa.ChunkedArray, zone: str | None, ids: np.ndarray | None = None
) -> np.ndarray:
    """Return the times as datetime64[us] [rows], rising; with ids in any order, but each once in its id.

    Args:
        file: the file, for messages.
        name: the name of the column.
        column: its cells.
        zone: the time zone of times without an offset, or None.
        ids: int64 [rows], the number of each row's id, or None.

    Raises:
        SettingError: there is no such zone.
        UserError: a cell is no time, only some cells have an offset, the offsets are not those of one zone, or the
            times do not rise.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    parsed: np.ndarray
    kind = column.type
    if pa.types.is_timestamp(kind) or pa.types.is_date(kind):
        parsed, local = column.cast(pa.timestamp("us"), safe=False).to_numpy(), getattr(kind, "tz", None) is None
    else:
        text = pc.utf8_trim_whitespace(column.cast(pa.string()))
        digits = pc.min_max(pc.utf8_length(text)).as_py()
        epoch = pc.all(pc.fill_null(pc.match_substring_regex(text, _EPOCH), False)).as_py()
        if epoch and digits["min"] == digits["max"]:
            unit = {10: "s", 13: "ms", 16: "us", 19: "ns"}[digits["min"]]
            parsed, local = (
                text.cast(pa.int64()).to_numpy().astype(f"datetime64[{unit}]").astype("datetime64[us]"),
                False,
            )
        else:
            marked = pc.fill_null(pc.match_substring_regex(text, _OFFSET), False).to_numpy()
            parsed, local = _parsed(file, name, column, text), not marked.any()
            _check_offsets(file, name, column, marked)
            if not local:
                check_one_zone(parsed, _minutes(text), str(file.path), name, file.place, ids)
    if ids is not None:
        return _read_ids(file, name, parsed, zone if local else None, ids)
    if zone is not None and local:
        parsed = _converted(file, name, parsed, zone, np.arange(len(parsed)))
    _check_order(file, name, parsed)
    return np.asarray(parsed)


def _read_ids(file: TableFile, name: str, parsed: np.ndarray, zone: str | None, ids: np.ndarray) -> np.ndarray:
    """Convert the times of each id by itself, and refuse a time that occurs twice in one id."""
    if zone is not None:
        parsed = np.array(parsed)
        # A stable sort keeps the two hours at the end of summer in their order within each id.
        by_id = np.argsort(ids, kind="stable")
        for rows in np.split(by_id, np.flatnonzero(np.diff(ids[by_id])) + 1):
            parsed[rows] = _converted(file, name, parsed[rows], zone, rows)
    wrong = np.flatnonzero(np.isnat(parsed))
    if wrong.size:
        raise file.error(int(wrong[0]), name, "must be a time", "a missing cell", "Give each row a time.")
    order = np.lexsort((np.arange(len(ids)), parsed, ids))
    same = np.flatnonzero((np.diff(ids[order]) == 0) & (parsed[order][1:] == parsed[order][:-1]))
    if same.size:
        row = int(order[same + 1].min())
        received = f"{parsed[row].astype('datetime64[s]')} again"
        raise file.error(row, name, "must not repeat a time of the same id", received, "Keep one row per id and time.")
    return np.asarray(parsed)


def _parsed(file: TableFile, name: str, column: pa.ChunkedArray, text: pa.ChunkedArray) -> np.ndarray:
    """Parse texts piece by piece: millions of Python objects would take most of the memory of this stage."""
    import pandas as pd

    pieces = []
    for piece in text.chunks:
        some = pd.Series(piece.to_numpy(zero_copy_only=False), dtype="str")
        times = pd.to_datetime(some, format="ISO8601", errors="coerce", utc=True)
        pieces.append(times.dt.tz_localize(None).to_numpy().astype("datetime64[us]"))
    parsed = np.concatenate(pieces)
    wrong = np.flatnonzero(np.isnat(parsed))
    if wrong.size:
        raise _no_time(file, name, column, int(wrong[0]))
    return parsed


def _no_time(file: TableFile, name: str, column: pa.ChunkedArray, row: int) -> UserError:
    cell = column[row].as_py()
    received = "a missing cell" if cell is None else repr(str(cell)[:60])
    fix = "Write times in ISO 8601, year first."
    for pattern, form in _FORMS.items():
        if cell is not None and re.match(pattern, str(cell).strip()):
            received += f", which looks like {form}"
            fix = f"Write times in ISO 8601, year first, or {converting(file.path)}."
            break
    rule = "must be a time as in 2016-07-01 13:00:00"
    if cell == name:
        fix = "The header is repeated: remove the line."
    elif row == len(column) - 1 and not re.search(r"\d", str(cell)):
        fix = f"Remove the line if it is a sum or a remark, or {converting(file.path)}."
    return file.error(row, name, rule, received, fix)


def _check_offsets(file: TableFile, name: str, column: pa.ChunkedArray, marked: np.ndarray) -> None:
    if marked.all() or not marked.any():
        return
    row = int(np.flatnonzero(marked != marked[0])[0])
    received, with_offset = repr(str(column[row].as_py())[:60]), "no" if marked[0] else "an"
    rule = "must have an offset from UTC in every row or in none"
    raise file.error(row, name, rule, f"{received}, the first with {with_offset} offset", "Write all times in UTC.")


def _minutes(text: pa.ChunkedArray) -> np.ndarray:
    """Return the offsets of times that all have one, in minutes: int64 [rows]."""
    import pyarrow.compute as pc

    marks = pc.struct_field(pc.extract_regex(text, f"(?P<time>.*){_OFFSET.replace('(', '(?P<offset>', 1)}"), "offset")
    coded = marks.combine_chunks().dictionary_encode()
    known = []
    for mark in coded.dictionary.to_pylist():
        digits = mark[1:].replace(":", "").ljust(4, "0")
        minutes = 0 if mark in "Zz" else int(digits[:2]) * 60 + int(digits[2:4])
        known.append(-minutes if mark[0] == "-" else minutes)
    return np.array(known, dtype=np.int64)[coded.indices.to_numpy()]


def check_one_zone(
    times: np.ndarray,
    offsets: np.ndarray,
    path: str,
    name: str,
    place: Callable[[int], str],
    ids: np.ndarray | None = None,
) -> None:
    """Refuse offsets from UTC that are not those of one time zone in winter and summer.

    The instants of such times are known, but what a day or a season is differs from row to row.

    Args:
        times: datetime64[us] [rows], in UTC.
        offsets: float64 or int64 [rows], in minutes.
        path: of the file, for messages.
        name: of the column, for messages.
        place: returns the place of a row in the file, for messages.
        ids: int64 [rows], the number of each row's id, each of which may have a zone of its own; None for one series.

    Raises:
        UserError: there are more than two offsets, two that are not 30 or 60 minutes apart, or they alternate within
            weeks.
    """
    found, first, codes = np.unique(offsets, return_index=True, return_inverse=True)
    if len(found) == 1:
        return
    if ids is not None:
        for number in np.unique(ids):
            rows = np.flatnonzero(ids == number)
            check_one_zone(times[rows], offsets[rows], path, name, lambda row, rows=rows: place(int(rows[row])))  # type: ignore[misc]
        return
    rows = np.sort(first)[:3]
    if len(found) == 2 and found[1] - found[0] in _SUMMER:
        order = np.argsort(times, kind="stable")
        turns = np.flatnonzero(np.diff(codes[order])) + 1
        short = np.flatnonzero(np.diff(times[order[turns]]) < _KEPT)
        if not short.size:
            return
        rows = order[turns[short[0] : short[0] + 2]]
    received = " and ".join(f"{_offset(int(offsets[row]))} in {place(int(row))}" for row in rows)
    rule, fix = "must have the offsets from UTC of one time zone", "Write all times in UTC."
    raise UserError(f"{path}, column {name}", rule, received, fix)


def _offset(minutes: int) -> str:
    return f"{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02}:{abs(minutes) % 60:02}"


def _converted(file: TableFile, name: str, times: np.ndarray, zone: str, rows: np.ndarray) -> np.ndarray:
    """Convert local times of `rows` of the file."""
    try:
        return in_utc(times, zone, str(file.path), name, lambda row: file.place(int(rows[row])))
    except LookupError:
        raise SettingError("zone", ZONE_RULE, repr(zone), ZONE_FIX) from None


def in_utc(times: np.ndarray, zone: str, path: str, name: str, place: Callable[[int], str]) -> np.ndarray:
    """Convert local times; a repeated hour is first that of summer.

    Args:
        times: datetime64[us] [rows].
        zone: name of the time zone.
        path: of the file, for messages.
        name: of the column, for messages.
        place: returns the place of a row in the file, for messages.

    Raises:
        LookupError: there is no such zone.
        UserError: a time does not exist in the zone, or is one of two.
    """
    import pandas as pd

    local = pd.DatetimeIndex(times)
    try:
        # By ZoneInfo: pandas takes numbers, the zone of the machine and paths of files too.
        known = zoneinfo.ZoneInfo(zone)
    except (LookupError, TypeError, ValueError, OSError) as error:
        raise LookupError(zone) from error
    try:
        # A gap of an hour is filled with NaT, to name its row.
        made = local.tz_localize(known, ambiguous="infer", nonexistent="NaT")
    except ValueError as error:
        rule = f"must tell apart the two hours at which {zone} leaves summer time"
        raise UserError(f"{path}, column {name}", rule, str(error)[:120], "Write the times in UTC.") from None
    wrong = np.flatnonzero(made.isna())
    if wrong.size:
        row = int(wrong[0])
        received = str(local[row])
        rule = f"must exist in {zone}, where daylight saving time skips an hour"
        fix = "Correct the zone, or write the times in UTC."
        raise UserError(f"{path}, {place(row)}, column {name}", rule, received, fix)
    return made.tz_convert("UTC").tz_localize(None).to_numpy().astype("datetime64[us]")


def _check_order(file: TableFile, name: str, times: np.ndarray) -> None:
    wrong = np.flatnonzero(np.isnat(times))
    if wrong.size:
        raise file.error(int(wrong[0]), name, "must be a time", "a missing cell", "Give each row a time.")
    back = np.flatnonzero(times[1:] <= times[:-1])
    if not back.size:
        return
    row = int(back[0]) + 1
    before, after = times[row - 1], times[row]
    received = f"{after.astype('datetime64[s]')} after {before.astype('datetime64[s]')}"
    lengths = np.diff(times).astype("timedelta64[us]").astype(np.int64)
    if (lengths > 0).any() and holes.ends_summer(before, after, int(np.median(lengths[lengths > 0]))):
        rule = "must not repeat the hour at which daylight saving time ends"
        fix = "Set `zone`, as in Europe/Berlin, or write the times in UTC or with their offset."
        raise file.error(row, name, rule, received, fix)
    if after == before:
        raise file.error(row, name, "must not repeat a time", received, "Keep one row per time.")
    fix = "Sort the rows by time."
    if (lengths < 0).all():
        fix = f"The newest row comes first: reverse the rows, or {converting(file.path)}."
    raise file.error(row, name, "must be later than the row before", received, fix)
