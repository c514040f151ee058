"""The step of a time column: its usual length, and the rows that come later or earlier than one step.

The times alone are read, never the values. Three kinds of steps are known: a length of time, with the jitter of a
sensor or of daylight saving time in UTC; days of a week with free days, such as business days; and months, quarters,
half-years and years, whose lengths differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

TOLERANCE = 0.25  # of a step: a row is in time if it comes so much earlier or later
SECOND, HOUR = 1_000_000, 3_600_000_000  # in microseconds, as all times here
DAY = 24 * HOUR
_MONTH = 365.2425 / 12 * DAY
_MONTHS = {1: "1 month", 3: "1 quarter", 6: "6 months", 12: "1 year"}
_NEAR = 0.04  # the mean of some months may be so far from the mean month
_UNITS = {"week": 7 * DAY, "day": DAY, "hour": HOUR, "minute": 60 * SECOND, "second": SECOND, "millisecond": 1000}
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_RARE = 0.25  # of the rows of the commonest weekday: one with fewer rows is a free day


@dataclass(frozen=True)
class Steps:
    """The steps between successive rows.

    Attributes:
        times: datetime64[us] [rows], rising.
        name: the usual step, as in `1 hour`.
        units: float64 [rows - 1], the length of each step in usual steps.
        months: months of a usual step; None for other kinds.
        week: bool [7], the weekdays that have rows, Monday first; None where every day may have one.
        shift: microseconds that bring the usual time of day to noon.
    """

    times: np.ndarray
    name: str
    units: np.ndarray
    months: int | None = None
    week: np.ndarray | None = None
    shift: int = 0

    @property
    def late(self) -> np.ndarray:
        """Which steps are longer than the usual one: bool [rows - 1]."""
        return self.units > 1 + TOLERANCE

    @property
    def early(self) -> np.ndarray:
        """Which steps are shorter than the usual one: bool [rows - 1]."""
        return self.units < 1 - TOLERANCE

    @property
    def missing(self) -> np.ndarray:
        """How many rows are missing in each step: int64 [rows - 1]; 0 where the step is no whole number of steps."""
        return np.where(self.late, np.maximum(np.rint(self.units).astype(np.int64) - 1, 0), 0)

    def between(self, row: int) -> np.ndarray:
        """Return the times of the rows that are missing after a row: datetime64[us]."""
        count = int(self.missing[row]) + 1
        start, stop = self.times[row].astype(np.int64), self.times[row + 1].astype(np.int64)
        number = np.arange(1, count)
        if self.week is not None:
            day, rest = divmod(start + self.shift, DAY)
            days = np.busday_offset(np.int64(day).astype("datetime64[D]"), number, roll="forward", weekmask=self.week)
            made = days.astype(np.int64) * DAY + rest - self.shift
        elif self.months is not None:
            made = _months_later(self.times, row, number * self.months)
        else:
            made = start + (stop - start) * number // count
        return np.asarray(made).astype("datetime64[us]")


def measure(times: np.ndarray) -> Steps | None:
    """Measure the steps of rising times, datetime64 [rows]; None for fewer than three rows."""
    times = np.asarray(times).astype("datetime64[us]")
    if len(times) < 3:
        return None
    lengths = np.diff(times.astype(np.int64))
    usual = _usual(lengths)
    if abs(usual - DAY) < DAY / 8 and (weekly := _weekly(times)) is not None:
        return weekly
    regular = lengths[np.abs(lengths / usual - 1) <= TOLERANCE]
    mean = float(regular.mean())
    for months, name in _MONTHS.items():
        nominal = months * _MONTH
        if abs(mean / nominal - 1) < _NEAR and regular.max() - regular.min() > DAY / 2:
            return Steps(times, name, lengths / nominal, months=months)
    if regular.max() == regular.min():
        return Steps(times, length(usual), lengths / usual)
    # The mean follows a clock that runs fast or slow, over a hole of any length.
    return Steps(times, f"about {length(float(f'{mean:.2g}'))}", lengths / mean)


def length(microseconds: float) -> str:
    """Write a length of time in the largest unit in which it is a short number, as in `15 minutes`."""
    for name, unit in _UNITS.items():
        number = microseconds / unit
        whole = number == round(number) if name == "week" else abs(100 * number - round(100 * number)) < 1e-6
        if number >= 1 and (whole or name == "millisecond"):
            return f"{number:g} {name}{'' if number == 1 else 's'}"
    return f"{microseconds / SECOND:.6g} seconds"


def _usual(lengths: np.ndarray) -> float:
    """Return the median length; where many rows are missing, a shorter one of which all lengths are multiples."""
    middle, low = (float(np.quantile(lengths, share, method="lower")) for share in (0.5, 0.1))
    if (lengths < (1 - TOLERANCE) * middle).any():
        units = lengths / low
        if (np.abs(units - np.rint(units)) < 0.1).all() and units.min() > 1 - TOLERANCE:
            return low
    return middle


def _weekly(times: np.ndarray) -> Steps | None:
    """Return steps from one working day to the next; None where rows are missing on no weekday in particular."""
    numbers = times.astype(np.int64)
    # Times of day near midnight would jump between two days with daylight saving time.
    angle = np.median(np.angle(np.exp(2j * np.pi * ((numbers - numbers[0]) % DAY) / DAY)))
    usual = (numbers[0] + round(float(angle) / (2 * np.pi) * DAY)) % DAY
    shift = DAY // 2 - int(usual)
    days = (numbers + shift) // DAY
    rows = np.bincount((days + 3) % 7, minlength=7)  # day 0 is a Thursday
    chances = np.bincount((np.arange(days[0], days[-1] + 1) + 3) % 7, minlength=7)
    least = np.array([2, 2, 2, 2, 2, 1, 1])  # one free Wednesday is a hole, one free Sunday is not
    week = ~((rows <= _RARE * rows.max()) & (chances - rows >= least))
    if week.all() or not week.any():
        return None
    units = np.diff(_working_days(days, week)).astype(float)
    names = [day for day, works in zip(_WEEKDAYS, week, strict=True) if works]
    # Two free days in a row, wherever the time zone puts them.
    business = week.sum() == 5 and bool((~week & ~np.roll(week, 1)).any())
    name = "1 business day" if business else f"1 day of {', '.join(names)}"
    return Steps(times, name, units, week=week, shift=shift)


def _working_days(days: np.ndarray, week: np.ndarray) -> np.ndarray:
    """Count the working days from the first day to each: int64 [rows]."""
    dates = days.astype("datetime64[D]")
    return np.asarray(np.busday_count(dates[0], dates, weekmask=week))


def _months_later(times: np.ndarray, row: int, months: np.ndarray) -> np.ndarray:
    """Return the times some months after a row, as far from the end of the month if the rows are at its end."""
    month = times.astype("datetime64[M]")
    start, stop = month.astype("datetime64[us]"), (month + 1).astype("datetime64[us]")
    later = month[row] + months
    if ((stop - times).astype(np.int64) <= 4 * DAY).all():
        return (later + 1).astype("datetime64[us]") - (stop[row] - times[row])
    return later.astype("datetime64[us]") + (times[row] - start[row])
