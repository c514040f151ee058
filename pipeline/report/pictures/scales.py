"""Scales of a picture's axes: where a value is drawn, and the round numbers, powers or dates that mark the axis."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
# Steps between two marks: seconds, then months.
_SECONDS = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, _HOUR, 2 * _HOUR, 3 * _HOUR, 6 * _HOUR, 12 * _HOUR, _DAY)
_DAYS = (_DAY, 2 * _DAY, 4 * _DAY, 7 * _DAY, 14 * _DAY)
_MONTHS = (1, 2, 3, 6, 12, 24, 60, 120, 240, 600, 1200, 2400, 6000, 12_000)
_MONTH = 365.2425 / 12 * _DAY


@dataclass(frozen=True)
class Scale:
    """A scale from `low` to `high`.

    Attributes:
        low: value at the left or lower end.
        high: value at the other end; above `low`.
        kind: `linear`, `log` or `time` (seconds since 1970, UTC).
        whole: whether only whole numbers are marked.
    """

    low: float
    high: float
    kind: str = "linear"
    whole: bool = False

    def at(self, values: np.ndarray) -> np.ndarray:
        """Return the places of values as shares of the axis: float64, NaN for what has no place."""
        values = np.asarray(values, dtype=float)
        if self.kind != "log":
            return np.asarray((values - self.low) / (self.high - self.low))
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log10(values)
        logs[~np.isfinite(logs)] = np.nan
        return np.asarray((logs - math.log10(self.low)) / (math.log10(self.high) - math.log10(self.low)))

    def ticks(self, most: int = 5) -> list[tuple[float, str]]:
        """Return at most about `most` marks: values and labels."""
        if self.kind == "time":
            return _dates(self.low, self.high, most)
        if self.kind == "log":
            return _powers(self.low, self.high, most)
        step = _round_step((self.high - self.low) / most)
        if self.whole:
            step = max(step, 1.0)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [(k * step, mark_text(k * step, step)) for k in range(first, last + 1)]


def around(values: np.ndarray, kind: str = "linear", pad: float = 0.04, whole: bool = False) -> Scale:
    """Return a scale that shows all finite values, with some room on both sides; 0 to 1 without any."""
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    if kind == "log":
        finite = finite[finite > 1e-300]  # less is 0, which has no logarithm
    if not len(finite):
        return Scale(0.1, 1.0, kind) if kind == "log" else Scale(0.0, 1.0, kind)
    low, high = float(finite.min()), float(finite.max())
    if kind == "log":
        first, last = math.log10(low), math.log10(high)
        room = max((last - first) * pad, 0.02)
        return Scale(10 ** (first - room), 10 ** min(last + room, 308.0), kind)
    room = (high - low) * pad
    if high - low <= max(abs(high) * 1e-12, 1e-300):
        room = abs(high) * 0.1 or 1.0
    return Scale(low - room, high + room, kind, whole)


def loss_scale(values: np.ndarray) -> Scale:
    """Return a scale for losses: of powers where they span a factor of 20 or more."""
    finite = np.asarray(values, dtype=float)
    finite = finite[np.isfinite(finite)]
    wide = len(finite) and finite.min() > 0 and finite.max() / finite.min() > 20
    if len(finite) and np.ptp(finite) < 1e-3 * np.abs(finite).max():  # rounding must not look like a course
        middle = float(finite.mean())
        return Scale(middle - 0.05 * abs(middle), middle + 0.05 * abs(middle))
    return around(finite, "log" if wide else "linear")


def seconds(times: list[str]) -> np.ndarray:
    """Return ISO times as seconds since 1970: float64."""
    return np.array(times, dtype="datetime64[us]").astype(np.int64) / 1e6


def mark_text(value: float, step: float) -> str:
    """Write a mark with as many digits as its step needs."""
    if value == 0:
        return "0"
    if not 1e-4 <= abs(value) < 1e7:
        return f"{value:.2g}".replace("-", "−").replace("e+", "e")
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return f"{value:,.{digits}f}".replace("-", "−")


def _round_step(least: float) -> float:
    """Return the least of 1, 2, 5, 10, … times a power of ten that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least))
    return next(power * k for k in (1, 2, 5, 10) if power * k >= least * (1 - 1e-9))


def _powers(low: float, high: float, most: int) -> list[tuple[float, str]]:
    first, last = math.ceil(math.log10(low) - 1e-9), math.floor(math.log10(high) + 1e-9)
    if last - first < 1:  # less than two powers: the usual numbers within
        marks = [
            k * 10.0**power
            for power in range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
            for k in (1, 2, 5)
        ]
        return [(value, mark_text(value, value)) for value in marks if low <= value <= high]
    step = max(1, math.ceil((last - first) / most))
    return [(10.0**power, _power(power)) for power in range(first, last + 1, step)]


def _power(power: int) -> str:
    if -3 <= power <= 4:
        return mark_text(10.0**power, 10.0**power)
    return "10" + str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _fractions(low: float, high: float, step: float) -> list[tuple[float, str]]:
    """Return times of day with the fractions of a second that the step needs."""
    values = np.arange(math.ceil(low / step - 1e-6), math.floor(high / step + 1e-6) + 1) * step
    digits = max(1, -math.floor(math.log10(step) + 1e-9))
    texts = np.datetime_as_string(np.round(values * 1e6).astype(np.int64).astype("datetime64[us]"))
    return [(float(value), str(text)[11 : 20 + digits]) for value, text in zip(values, texts, strict=True)]


def _dates(low: float, high: float, most: int) -> list[tuple[float, str]]:
    """Return round dates or times of day; the labels are the parts of ISO 8601 that the step needs."""
    least = (high - low) / most
    if least < 1:
        return _fractions(low, high, _round_step(least))
    for step in _SECONDS[:-1]:
        if step >= least:
            first = math.ceil(low / step)
            values = np.arange(first, math.floor(high / step) + 1, dtype=float) * step
            unit, start = ("s", 11) if step < _MINUTE else ("m", 5)
            texts = np.datetime_as_string(values.astype(np.int64).astype("datetime64[s]").astype(f"datetime64[{unit}]"))
            return [(value, str(text)[start:].replace("T", " ")) for value, text in zip(values, texts, strict=True)]
    for step in _DAYS:
        if step >= least:
            values = np.arange(math.ceil(low / step), math.floor(high / step) + 1, dtype=float) * step
            texts = np.datetime_as_string((values / _DAY).astype(np.int64).astype("datetime64[D]"))
            return list(zip(values.tolist(), texts.tolist(), strict=True))
    months = next((step for step in _MONTHS if step * _MONTH >= least), _MONTHS[-1])
    from_month = int(np.datetime64(math.floor(low), "s").astype("datetime64[M]").astype(np.int64))
    to_month = int(np.datetime64(math.floor(high), "s").astype("datetime64[M]").astype(np.int64))
    # Months count from 1970, years from 0.
    places = [month for month in range(from_month, to_month + 1) if (month + 1970 * 12) % months == 0]
    unit = "Y" if months >= 12 else "M"
    marks = [(float(np.datetime64(place, "M").astype("datetime64[s]").astype(np.int64)), place) for place in places]
    return [
        (value, str(np.datetime64(place, "M").astype(f"datetime64[{unit}]")))
        for value, place in marks
        if low <= value <= high
    ]
