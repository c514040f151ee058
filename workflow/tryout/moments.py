"""Times as people write them, as instants: which format a column has, and what it says."""

from __future__ import annotations

import itertools
import re
import warnings
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

_DATES = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y",
    "%m-%d-%Y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%m-%d-%y", "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d. %b %Y",
    "%d/%b/%Y", "%b %d %Y", "%Y-%b-%d", "%y/%m/%d", "%y.%m.%d", "%y-%m-%d", "%Y-%m", "%Y/%m", "%m.%Y", "%m/%Y", "%m-%Y",
    "%b %Y", "%b-%Y", "%b %y", "%b-%y", "%Y-%j", "%Y %b", "%Y%m", "%Y",
)  # fmt: skip
_TIMES = (
    "", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", " %H.%M", " %H", " %H%M", " %H%M%S", "-%H:%M",
    "-%H:%M:%S", ":%H:%M:%S", "%H%M%S", "%H%M", "%H",
)  # fmt: skip
# How a person would write them.
_WORDS = {
    "%Y": "yyyy", "%y": "yy", "%m": "mm", "%d": "dd", "%b": "Mon", "%j": "day of year", "%H": "hh",
    "%I": "hh", "%M": "mm", "%S": "ss", "%p": "AM/PM",
}  # fmt: skip
# Names of the months, the first of which is read; the others are English, German, Spanish and French.
_NAMES = (
    "Jan January Januar Jänner Jän Enero Ene Janvier Janv", "Feb February Februar Feber Febrero Février Févr Fév",
    "Mar March März Mär Mrz Maerz Marzo Mars", "Apr April Abril Abr Avril Avr", "May Mai Mayo",
    "Jun June Juni Junio Juin", "Jul July Juli Julio Juillet Juil", "Aug August Agosto Ago Août",
    "Sep September Sept Septiembre Septembre", "Oct October Oktober Okt Octubre Octobre",
    "Nov November Noviembre Novembre", "Dec December Dezember Dez Diciembre Dic Décembre Déc",
)  # fmt: skip
_MONTHS = {name.lower(): names.split()[0] for names in _NAMES for name in names.split()}
_ENGLISH = [names.split()[0] for names in _NAMES]
_WEEKDAY = r"^(?:mo|di|mi|do|fr|sa|so|mon|tue|wed|thu|fri|sat|sun|tues|thur|thurs)(?:[a-zä]*)?[.,]*\s+(?=\d|[A-Z])"
# Abbreviations that mean one offset everywhere.
_ZONES = {
    "Z": 0, "UTC": 0, "GMT": 0, "WET": 0, "CET": 60, "MEZ": 60, "CEST": 120, "MESZ": 120, "WEST": 60, "EET": 120,
    "EEST": 180, "EST": -300, "EDT": -240, "CDT": -300, "MDT": -360, "PST": -480, "PDT": -420, "JST": 540,
}  # fmt: skip
_OFFSET = r"(?P<offset>[+-]\d{2}:?\d{2}|(?<=\d)[+-]\d{2}(?!\d))"
_ORDERS = re.compile(r"%[dmyY]([-./])%[dm]\1%[dyY]")
_QUARTERS = (
    re.compile(r"(?i)^(?P<year>\d{4}|\d{2})[-/.: ]*Q(?P<quarter>[1-4])$"),
    re.compile(r"(?i)^(?:Q(?=\d\D|\d\d{4}$))?(?P<quarter>[1-4])(?:(?<=Q.)|Q)[-/.: '’]*(?P<year>\d{4}|\d{2})$"),
)
_TIME_FIRST = r"^(\d{1,2}:\d{2}(?::\d{2})?(?: ?[AaPp][Mm])?),? (\d{1,4}([-./ ])[^\W_]{1,9}\3\d{1,4})$"
_NAMED = r"\s*[\[(]?(?P<zone>(?:[A-Z][A-Za-z_]+/[A-Z][A-Za-z_/]+)|[A-Z]{3,4}|Z)[\])]?"
# Formats of digits alone.
_WIDTHS = {
    "%Y": r"[12]\d{3}", "%Y%m": r"[12]\d{3}(?:0[1-9]|1[0-2])", "%Y%m%d": r"[12]\d{7}", "%Y%m%d%H": r"[12]\d{9}",
    "%Y%m%d%H%M": r"[12]\d{11}", "%Y%m%d%H%M%S": r"[12]\d{13}",
}  # fmt: skip
# The name of a zone behind an offset, as RFC 9557 allows: the offset says all that is needed.
_SUFFIX = r"([+-]\d{2}:?\d{2}|Z)\[[A-Za-z_]+(?:/[A-Za-z_+\-0-9]+)*\]$"
# Microseconds of one of each, by digits; 0 where it takes a thousand to make one.
_EPOCHS = {10: 1_000_000, 13: 1000, 16: 1, 19: 0}
EXCEL = (20_000, 80_000)  # days since 1899-12-30, of 1954 to 2119
_SAMPLE = 60
_LATEST = 2040  # no year of two digits is later
# Months between two decimal years, and the share of the rows that such a step leads to.
_STEPS, _STEADY = (1, 3, 6), 0.9


@dataclass(frozen=True)
class Moments:
    """The times of a column.

    Attributes:
        values: datetime64[us] [rows]; NaT where a cell is no time.
        form: the format, as a person would write it.
        aware: whether the values are in UTC, by offsets or zone names in the cells.
        either: the next reading of an ambiguous day, month and year, as the same class; None if there is none.
        mixed: the row of the first cell whose offset is missing, or is there where others have none; None for none.
        notes: what was done, a phrase each.
        offsets: float64 [rows], from UTC in minutes, as in the cells; None without any.
    """

    values: np.ndarray
    form: str
    aware: bool = False
    either: Moments | None = None
    mixed: int | None = None
    notes: list[str] = field(default_factory=list)
    offsets: np.ndarray | None = None

    @property
    def share(self) -> float:
        """Return the share of the rows that are times."""
        return float(np.mean(~np.isnat(self.values))) if len(self.values) else 0.0


def parse(cells: pd.Series, order: str | None = None) -> Moments | None:
    """Return the times of a column of text; None if fewer than half of the cells are times.

    Args:
        cells: text.
        order: `dmy`, `mdy` or `ymd`, where day, month and year cannot be told apart.
    """
    if cells.empty or cells.str.contains(r"\d").mean() < 0.5:
        return None
    cells = cells.str.replace(_SUFFIX, r"\1", regex=True)
    if (numeric := _counted(cells)) is not None or (numeric := _decimal_years(cells)) is not None:
        return numeric
    weeks = cells.str.extract(r"^(\d{4})[- ]?W(\d{1,2})$")
    if weeks[0].notna().mean() >= 0.5:
        mondays = pd.to_datetime(weeks[0] + "-W" + weeks[1] + "-1", format="%G-W%V-%u", errors="coerce")
        return Moments(mondays.to_numpy().astype("datetime64[us]"), "weeks of ISO 8601")
    text, offsets, notes = _prepared(cells)
    found = _formats(text, order)
    if not found:
        return None
    made: Moments | None = None
    for form in reversed(found):
        made = replace(_by(form, text, offsets, notes), either=made)
    return made


def _by(form: str, text: pd.Series, offsets: np.ndarray, notes: list[str]) -> Moments:
    """Return the times of a column in one format."""
    values, bare = _read_all(text, form)
    if bare:
        cells = "1 cell without a time of day is" if bare == 1 else f"{bare:,} cells without a time of day are"
        notes = [*notes, f"{cells} midnight"]
    if "%y" in form:
        values = _in_centuries(values)
        years = values[~np.isnat(values)].astype("datetime64[Y]")
        span = f"{years.min()}" if years.min() == years.max() else f"{years.min()} to {years.max()}"
        notes = [*notes, f"years of two digits are read as {span}"]
    aware = ~np.isnan(offsets)
    mixed = None
    if aware.any():
        known = ~np.isnat(values)
        if not aware[known].all():
            first = aware[known][0]
            mixed = int(np.flatnonzero(known & (aware != first))[0])
        shift = np.nan_to_num(offsets).astype(np.int64) * 60_000_000
        values = values - shift.astype("timedelta64[us]")
    return Moments(values, _words(form), bool(aware.any()), None, mixed, notes, offsets if aware.any() else None)


def _in_centuries(values: np.ndarray) -> np.ndarray:
    """Return times of which two digits of the year are known in the centuries that keep them together.

    Of several such, those in which the rows are rather in order count.
    """
    known = ~np.isnat(values)
    if not known.any():
        return values
    years = values.astype("datetime64[Y]").astype(int) + 1970
    short = years % 100
    best: tuple[int, int] | None = None
    made = values
    for oldest in np.unique(short[known]):
        after = (short - oldest) % 100
        span = int(after[known].max())
        if best is not None and span > best[0]:
            continue
        start = oldest + (_LATEST - span - oldest) // 100 * 100
        month = values.astype("datetime64[M]")  # 29 February of a year without one is 1 March
        moved = (month + 12 * (start + after - years)).astype("datetime64[us]") + (values - month)
        steps = np.diff(moved[known].astype(np.int64))
        disorder = min(int((steps < 0).sum()), int((steps > 0).sum()))
        if best is None or (span, disorder) < best:
            best, made = (span, disorder), moved
    return np.where(known, made, values)


def _counted(cells: pd.Series) -> Moments | None:
    """Read seconds since 1970 and its multiples."""
    digits = cells.str.extract(r"^(\d+)(\.\d+)?$")
    whole = digits[0]
    if whole.isna().mean() > 0.1:
        return None
    lengths = whole.dropna().str.len().unique()
    numbers = pd.to_numeric(whole, errors="coerce").to_numpy(dtype=np.float64)
    known = ~np.isnan(numbers)
    # Seconds of before September 2001 have nine digits.
    width = next((width for width in _EPOCHS if set(lengths) <= {width - 1, width}), None)
    if width is None:
        return None
    seconds = numbers[known] / 10 ** (width - 10)
    if not 3e8 <= seconds.min() <= seconds.max() < 2.2e9 or (min(lengths) < width and not _clocklike(seconds)):
        return None
    if width == 10 and cells.str.fullmatch(r"(19|20)\d{2}(0\d|1[0-2])([0-2]\d|3[01])([01]\d|2[0-4])").all():
        return None  # yyyymmddhh
    exact, factor = np.zeros(len(cells), dtype=np.int64), _EPOCHS[width]
    given = whole[known].astype("int64").to_numpy()
    exact[known] = given * factor if factor else given // 1000
    parts = pd.to_numeric("0" + digits[1].fillna(".0"), errors="coerce").to_numpy(dtype=np.float64)
    exact += np.rint(np.nan_to_num(parts) * 1e6).astype(np.int64) if width == 10 else 0
    values = exact.astype("datetime64[us]")
    values[~known] = np.datetime64("NaT")
    unit = {10: "seconds", 13: "milliseconds", 16: "microseconds", 19: "nanoseconds"}[width]
    return Moments(values, f"{unit} since 1970", True)


def _clocklike(numbers: np.ndarray) -> bool:
    """Return whether numbers rise, mostly by one step that clocks have."""
    steps = np.diff(numbers)
    if not len(steps) or steps.min() <= 0:
        return False
    values, counts = np.unique(steps, return_counts=True)
    usual = values[counts.argmax()]
    return bool(counts.max() >= 0.5 * len(steps) and (usual % 60 == 0 or usual in (1, 2, 5, 10, 15, 20, 30)))


def _decimal_years(cells: pd.Series) -> Moments | None:
    """Read years with decimals that step by whole months, as 1949.083 or 1949.042 (its middle) for January 1949."""
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(dtype=np.float64)
    known = ~np.isnan(numbers)
    given = numbers[known]
    if len(given) < 3 or len(given) < 0.9 * len(numbers) or given.min() < 1500 or given.max() >= 2200:
        return None
    months = np.floor(12 * given + 0.15)  # 1949.08 is a little less than a month
    steps, counts = np.unique(np.diff(months), return_counts=True)
    if (
        (given == np.floor(given)).all()
        or steps[counts.argmax()] not in _STEPS
        or counts.max() < _STEADY * counts.sum()
    ):
        return None
    values = np.full(len(numbers), np.datetime64("NaT"), dtype="datetime64[us]")
    values[known] = np.datetime64("0000-01", "M") + months.astype(np.int64).astype("timedelta64[M]")
    return Moments(values, "years with decimals", notes=["of each step its month is taken"])


def excel_days(numbers: np.ndarray) -> Moments | None:
    """Read the serial days of Excel, float64 [rows]; None if they are out of range or do not rise."""
    known = numbers[~np.isnan(numbers)]
    if len(known) < 3 or known.min() < EXCEL[0] or known.max() > EXCEL[1] or (np.diff(known) <= 0).any():
        return None
    seconds = np.rint(np.nan_to_num(numbers) * 86_400).astype(np.int64)
    values = np.datetime64("1899-12-30", "us") + (seconds * 1_000_000).astype("timedelta64[us]")
    values[np.isnan(numbers)] = np.datetime64("NaT")
    return Moments(values, "Excel's days since 1900")


def _prepared(cells: pd.Series) -> tuple[pd.Series, np.ndarray, list[str]]:
    """Return cells in a form that the formats below fit, the offset from UTC of each in minutes, and notes."""
    notes: list[str] = []
    text = cells.str.replace(r"\s+", " ", regex=True).str.replace(r"^\[(.*)\]$", r"\1", regex=True)
    text = text.str.replace(r"(?i)\b([ap])\. ?m\.?", r"\1m", regex=True)
    text = text.str.replace(r"(?i)\s*(uhr|hrs|h)$", "", regex=True)
    spans = text.str.contains(r"[\d)]\s+[-–]\s+\d")
    if spans.mean() > 0.9:  # 01.01.2020 00:00 - 01.01.2020 00:15
        text = text.str.replace(r"(?<=[\d)])\s+[-–]\s+\d.*$", "", regex=True)
        notes.append("of a span of time its start is taken")
    text = text.str.replace(_TIME_FIRST, r"\2 \1", regex=True)
    if text.str.contains(r"[^\W\d_]{3}").any():
        text = text.str.replace(r"[^\W\d_]+", lambda match: _MONTHS.get(match[0].lower(), match[0]), regex=True)
    text = text.str.replace(_WEEKDAY, "", regex=True, flags=re.IGNORECASE)
    if text.str.contains(r"[^\W\d_]{3}").any():
        text = text.str.replace(r"(?<=[a-z])\.", "", regex=True).str.replace(
            r"(?<=\d),? (?=\d{4}\b)|, ", " ", regex=True
        )
        text = text.str.replace(r"(?<=\d)(?:st|nd|rd|th)\b", "", regex=True)
        text = text.str.replace(r" ?['’](?=\d{2}\b)", " ", regex=True)  # Apr '18
    text = text.str.replace(r"(?<=\d)T(?=\d)", " ", regex=True).str.replace(r"(?<=\d), (?=\d)", " ", regex=True)
    text = text.str.replace(r"^(\d{4})[M:年](\d{1,2})月?$", r"\1-\2", regex=True)  # Eurostat: 2018M04
    text = text.str.replace(r"^(\d{4})年(\d{1,2})月(\d{1,2})日", r"\1-\2-\3", regex=True)
    text, quarters = _without_quarters(text)
    notes += quarters
    # Offsets and zones behind a time of day.
    timed = text.str.contains(r"\d{1,2}:\d{2}|\d{8} \d{4}")
    zones = text.str.extract(rf"\d{_NAMED}$")["zone"].where(timed)
    known = zones.map(_ZONES, na_action="ignore")
    offsets = pd.to_numeric(known, errors="coerce").to_numpy(dtype=np.float64, copy=True)
    text = text.where(known.isna(), text.str.replace(rf"(?<=\d){_NAMED}$", "", regex=True))
    marks = text.str.extract(rf"\d{{1,2}}:\d{{2}}(?::\d{{2}})?(?:[.,]\d+)? ?{_OFFSET}$")["offset"]
    if marks.notna().any():
        parts = marks.str.extract(r"([+-])(\d{2}):?(\d{2})?")
        minutes = pd.to_numeric(parts[1]) * 60 + pd.to_numeric(parts[2].fillna("0"))
        signed = (minutes * np.where(parts[0] == "-", -1, 1)).to_numpy(dtype=np.float64)
        offsets = np.where(marks.notna(), signed, offsets)
        text = text.where(marks.isna(), text.str.replace(rf" ?{_OFFSET}$", "", regex=True))
    return text.str.strip(), offsets, notes


def _without_quarters(text: pd.Series) -> tuple[pd.Series, list[str]]:
    """Return cells with the first month of a quarter in its place, as in 2018-Q2, Q2/2018, 2Q18, and a note."""

    def month(match: re.Match[str]) -> str:
        number, year = 3 * int(match["quarter"]) - 2, match["year"]
        return f"{year}-{number:02}" if len(year) == 4 else f"{_ENGLISH[number - 1]}-{year}"

    made = text
    for pattern in _QUARTERS:
        made = made.str.replace(pattern, month, regex=True)
    return made, ["of a quarter its first month is taken"] if (made != text).any() else []


def zone_names(cells: pd.Series) -> list[str]:
    """Return the names of time zones behind times, such as Europe/Berlin, that are no offset from UTC."""
    named = (
        cells.str.extract(r"\d\s*[\[(]?(?P<zone>[A-Z][A-Za-z_]+/[A-Z][A-Za-z_/]+|[A-Z]{3,4})[\])]?$")["zone"]
        .dropna()
        .unique()
    )
    return sorted(str(name) for name in named if name not in _ZONES and name not in ("AM", "PM"))


def without_zone(cells: pd.Series) -> pd.Series:
    """Return cells without the name of a zone behind them."""
    return cells.str.replace(r"(?<=\d)\s*[\[(]?[A-Z][A-Za-z_]+(?:/[A-Za-z_/]+)?[\])]?$", "", regex=True)


def _formats(text: pd.Series, order: str | None) -> list[str]:
    """Return the formats that fit most cells; several where a number may be day, month or year."""
    given = text[text != ""]
    # Neighbours too: at equal distances all cells may be midnight.
    apart = given.iloc[:: max(len(given) // _SAMPLE, 1)][: 2 * _SAMPLE]
    sample = pd.concat([given.iloc[:_SAMPLE], apart])
    first, scores = pd.concat([given.iloc[:20], apart.iloc[:20]]).unique(), dict[str, float]()
    for date, time in itertools.product(_DATES, _TIMES):
        if time.startswith("%H") and date != "%Y%m%d":
            continue
        if not any(_possible(date, time, str(cell)) for cell in first):
            continue
        form = date + time
        share = float(np.mean(~np.isnat(_read_all(sample, form)[0])))
        if share >= 0.5:
            scores[form] = share
    if not scores:
        return []
    best = [form for form, share in scores.items() if share >= max(scores.values()) - 1e-9]
    best = _full(given, best)
    rest = _ORDERS.sub("", best[0])
    readings = [form for form in best if _ORDERS.match(form) and _ORDERS.sub("", form) == rest]
    if best[0] not in readings:
        return best[:1]
    if order and len(readings) > 1:
        return [form for form in readings if form[1].lower() == order[0]][:1] or readings
    return readings


def _full(given: pd.Series, forms: list[str]) -> list[str]:
    """Return the formats that fit most of all cells."""
    if len(forms) == 1:
        return forms
    shares = {form: float(np.mean(~np.isnat(_read_all(given, form)[0]))) for form in forms}
    return [form for form in forms if shares[form] >= max(shares.values()) - 1e-9]


def _possible(date: str, time: str, cell: str) -> bool:
    """Return whether a format can fit a cell, by its signs alone: parsing hundreds of formats takes a while."""
    form = date + time
    if ("%b" in form) != bool(re.search(r"[A-Za-zä]{3}", cell)):
        return False
    if ("%p" in form) != bool(re.search(r"(?i)\d ?[ap]m$", cell)):
        return False
    signs = re.sub(r"%[A-Za-z]", "", form).replace(" ", "")
    return sorted(signs) == sorted(re.sub(r"[A-Za-zäÄ\d ]", "", re.sub(r"(:\d{2})[.,]\d+$", r"\1", cell)))


def _read_all(text: pd.Series, form: str) -> tuple[np.ndarray, int]:
    """Parse cells by a format with a time of day, which tools leave out at midnight; return how often that is."""
    values = _read(text, form)
    date = next(each for each in _DATES if form.startswith(each) and form[len(each) :] in _TIMES)
    bare = np.isnat(values) & (text != "").to_numpy()
    if form == date or date == "%Y%m%d" or not re.search("%d|%j", date) or not bare.any() or np.isnat(values).all():
        return values, 0
    values = values.copy()
    values[bare] = _read(text[bare], date)
    return values, int((~np.isnat(values[bare])).sum())


def _read(text: pd.Series, form: str) -> np.ndarray:
    """Parse cells by one format; parts of a second, and 24:00, which is the next day."""
    fraction = text.str.extract(r":\d{2}[.,](\d{1,9})$")[0]
    late = np.zeros(len(text), dtype=bool)
    bare = text
    if fraction.notna().any():
        bare = bare.str.replace(r"(:\d{2})[.,]\d{1,9}$", r"\1", regex=True)
    if "%H" in form:
        late = bare.str.contains(r"[ -]24[:.]00(?:[:.]00)?$").to_numpy()
        if late.any():
            bare = bare.str.replace(r"([ -])24([:.]00(?:[:.]00)?)$", r"\g<1>00\2", regex=True)
    # strptime takes %Y for any four digits, and %m for one: the width of a year alone tells two formats apart.
    if form in _WIDTHS:
        fits = bare.str.fullmatch(_WIDTHS[form])
        if form == "%Y%m" and not fits.all():  # other numbers of six digits are many
            fits[:] = False
        bare = bare.where(fits, "")
    elif form.endswith((" %H%M", " %H%M%S")):
        bare = bare.where(bare.str.contains(r" \d{4}$" if form.endswith(" %H%M") else r" \d{6}$"), "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = pd.to_datetime(bare, format=form, errors="coerce").to_numpy().astype("datetime64[us]")
    values = values + late.astype(np.int64).astype("timedelta64[D]")
    if fraction.notna().any():
        digits = fraction.fillna("0").str.ljust(9, "0").str[:6].astype(np.int64).to_numpy()
        values = values + digits.astype("timedelta64[us]")
    return np.asarray(values)


def _words(form: str) -> str:
    words = re.sub(r"%[A-Za-z]", lambda match: _WORDS[match[0]], form)
    return "ISO 8601" if form.startswith("%Y-%m-%d") else words
