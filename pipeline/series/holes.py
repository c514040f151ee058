"""Holes in the time column: rows that are missing, and what to do about them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from pipeline.series import calendar
from pipeline.series.ids import Ids
from pipeline.series.series import Series
from pipeline.series.settings import SettingError, counted

HOLES = ("error", "insert", "cut", "irregular")
_MOST = 10  # rows to insert per row of the series
_WAYS = (
    "Set `holes` to insert (rows of missing cells are added), cut (no window crosses such a step) or irregular (the "
    "rows are taken as they are)."
)


def treat(series: Series, holes: str | None) -> Series:
    """Return the series with its step, and its holes treated.

    Args:
        series: rows with or without times.
        holes: error, insert (add the missing rows, with missing cells), cut (note where a step has not the usual
            length) or irregular (keep the rows as they are); None for error.

    Raises:
        SettingError: there are holes and `holes` is error, or rows cannot be inserted.
    """
    if series.time is None or series.sequence_length is not None:
        return series
    if series.ids is not None:
        return _treat_ids(series, series.ids, holes)
    holes = "error" if holes is None else holes
    if holes not in HOLES:
        raise SettingError("holes", f"must be one of {', '.join(HOLES)}", repr(holes), _WAYS)
    steps = calendar.measure(series.time)
    if steps is None:
        return replace(series, steps={"step": None, "holes": 0, "early": 0, "treated": None})
    wrong = np.flatnonzero(steps.late | steps.early)
    about = {"step": steps.name, "holes": int(steps.late.sum()), "early": int(steps.early.sum()), "treated": None}
    if not wrong.size:
        return replace(series, steps=about)
    if holes == "error":
        rule = f"must rise by {steps.name} from row to row"
        raise SettingError("time", rule, _first(steps, wrong), _fix(steps, wrong))
    about["treated"] = holes
    if holes == "insert":
        return _insert(replace(series, steps=about), steps, wrong)
    return replace(series, steps=about, cuts=(wrong + 1).tolist() if holes == "cut" else [])


def _treat_ids(series: Series, ids: Ids, holes: str | None) -> Series:
    """Treat the holes of each id by itself; all of them must have the same step.

    Raises:
        SettingError: as for `treat`, or the steps of two ids differ.
    """
    pieces, begins = [], [0]
    for name, (start, stop) in zip(ids.names, ids.intervals(len(series.rows)), strict=True):
        time = None if series.time is None else series.time[start:stop]
        own = replace(series, rows=series.rows[start:stop], time=time, ids=None, cuts=[])
        try:
            pieces.append(treat(own, holes))
        except SettingError as error:
            received = f"{error.received}, in {ids.column} {name}"
            raise SettingError(error.key, error.rule, received, error.fix) from None
        begins.append(begins[-1] + len(pieces[-1].rows))
    about = [piece.steps or {} for piece in pieces]
    known = [(each["step"], name) for each, name in zip(about, ids.names, strict=True) if each["step"]]
    other = next((pair for pair in known if pair[0] != known[0][0]), None)
    if other and holes != "irregular":
        received = f"{known[0][0]} in {ids.column} {known[0][1]}, {other[0]} in {other[1]}"
        fix = "Bring all ids to one step, or set `holes: irregular`, which takes the rows as they are."
        raise SettingError("time", "must rise by the same step in every id", received, fix)
    steps = {
        "step": None if other or not known else known[0][0],
        **{key: sum(each[key] for each in about) for key in ("holes", "early")},
        "treated": next((each["treated"] for each in about if each["treated"]), None),
    }
    cuts = [
        [*([begin] if begin else []), *(begin + cut for cut in piece.cuts)]
        for begin, piece in zip(begins, pieces, strict=False)
    ]
    return replace(
        series,
        rows=np.concatenate([piece.rows for piece in pieces]),
        time=np.concatenate([piece.time for piece in pieces if piece.time is not None]),
        steps=steps,
        cuts=[cut for own in cuts for cut in own],
        ids=replace(ids, starts=begins[:-1]),
    )


def _first(steps: calendar.Steps, wrong: np.ndarray) -> str:
    """Describe the first wrong step, and count the others."""
    row = int(wrong[0])
    before, after = (str(time.astype("datetime64[us]")) for time in steps.times[row : row + 2])
    short = steps.early[row]
    text = f"{_short(after)} {'already' if short else 'only'} {_gap(steps, row)} after {_short(before)}"
    late, early, missing = int(steps.late.sum()), int(steps.early.sum()), int(steps.missing.sum())
    text += f"; in all {counted(late, 'hole')} with {counted(missing, 'missing row')}"
    if early:
        text += f", and {counted(early, 'shorter step')}"
    return text + _change(steps)


def _gap(steps: calendar.Steps, row: int) -> str:
    return calendar.length(int((steps.times[row + 1] - steps.times[row]).astype(np.int64)))


def _short(time: str) -> str:
    """Write a time without the seconds and the time of day that are 0."""
    for end in (".000000", ":00"):
        time = time.removesuffix(end)
    return time.removesuffix("T00:00").replace("T", " ")


def _change(steps: calendar.Steps) -> str:
    """Say so if the step is another at the end than at the beginning."""
    lengths = np.diff(steps.times.astype(np.int64))
    quarter = max(len(lengths) // 4, 2)
    first, last = (float(np.quantile(some, 0.5, method="lower")) for some in (lengths[:quarter], lengths[-quarter:]))
    if len(lengths) < 8 or abs(np.log(last / first)) < np.log(1 + calendar.TOLERANCE):
        return ""
    return f"; the step changes from {calendar.length(first)} to {calendar.length(last)}"


def _fix(steps: calendar.Steps, wrong: np.ndarray) -> str:
    skipped = [row for row in wrong if begins_summer(steps.times[row], steps.times[row + 1], usual_step(steps.times))]
    if len(skipped) == 0:
        return _WAYS
    when = _short(str(steps.times[skipped[0]]))
    return f"The hour after {when} is skipped where daylight saving time begins: set `zone`, or write UTC. {_WAYS}"


def usual_step(times: np.ndarray) -> int:
    """Return the median step of datetime64[us] [rows], in microseconds."""
    return int(np.quantile(np.diff(times.astype(np.int64)), 0.5, method="lower"))


def begins_summer(before: np.datetime64, after: np.datetime64, step: int) -> bool:
    """Return whether local times skip the hour at which daylight saving time begins: at night, on a Sunday."""
    skipped = int((after - before).astype("timedelta64[us]").astype(np.int64)) - step
    return skipped == calendar.HOUR and step <= calendar.HOUR and _sunday_night(before)


def ends_summer(before: np.datetime64, after: np.datetime64, step: int) -> bool:
    """Return whether local times repeat an hour, as where daylight saving time ends."""
    back = step - int((after - before).astype("timedelta64[us]").astype(np.int64))
    return back == calendar.HOUR and step <= calendar.HOUR and _sunday_night(before)


def _sunday_night(time: np.datetime64) -> bool:
    day = time.astype("datetime64[D]")
    month = int(day.astype("datetime64[M]").astype(int)) % 12 + 1
    # The row before may be one of Saturday's last.
    weekday = int((time + np.timedelta64(1, "h")).astype("datetime64[D]").astype(int) + 3) % 7
    hours = int((time - day).astype("timedelta64[h]").astype(int))
    return weekday == 6 and (hours <= 4 or hours == 23) and month in (3, 4, 9, 10, 11)


def _insert(series: Series, steps: calendar.Steps, wrong: np.ndarray) -> Series:
    """Add a row of missing cells for each row that is missing."""
    odd = wrong[steps.missing[wrong] == 0]
    if odd.size:
        row = int(odd[0])
        received = f"{_gap(steps, row)} after {_short(str(steps.times[row]))}, the first of {len(odd):,} such steps"
        rule = f"must be insert only if every step is a whole number of times {steps.name}"
        raise SettingError(
            "holes", rule, received + _change(steps), "Set it to cut or irregular, or correct the times."
        )
    total, count = int(steps.missing.sum()), len(series.rows)
    if total > _MOST * count:
        received = f"{total:,} missing rows for {count:,}"
        raise SettingError("holes", f"must not insert more than {_MOST} rows for each", received, "Set it to cut.")
    at = np.arange(count) + np.concatenate([[0], np.cumsum(steps.missing)])
    rows = np.full((count + total, series.rows.shape[1]), np.nan)
    time = np.empty(count + total, dtype="datetime64[us]")
    rows[at], time[at] = series.rows, steps.times
    for row in wrong:
        time[at[row] + 1 : at[row + 1]] = steps.between(int(row))
    return replace(series, rows=rows, time=time)
