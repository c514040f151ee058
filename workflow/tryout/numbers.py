"""Numbers as people and spreadsheets write them: decimal comma or point, groups of three, units, missing cells."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from pipeline.series.tables import MISSING

# Cells without a value, in lower case, beside those that the pipeline's own reader knows.
_MISSING = {text.lower() for text in MISSING} | {
    "-", "--", "---", "–", "—", ".", "..", "...", "?", "*", "x", "<na>", "nat", "missing", "k.a.", "k. a.", "n.a.",
    "n. a.", "na.", "nv", "#nv", "#n/v", "#div/0!", "#value!", "#wert!", "#ref!", "#bezug!", "#num!", "#zahl!",
    "#name?", "nil", "none", "void", "no data", "keine angabe", "keine daten",
}  # fmt: skip
# Numbers that loggers and programs write where they have none, if they lie far from all others.
_SENTINELS = (
    -9999.0, -999.0, -99.0, -99999.0, -999.9, -99.9, -9999.9, -99.99, -999.99, -9999.99, -200.0, -6999.0, -7777.0,
    -7999.0, -8888.0, -32768.0, -2147483648.0, -1e30, -1e34, 999.0, 9999.0, 99999.0, 999.9, 9999.9, 99.99, 999.99,
    9999.99, 999999.0, 32767.0, 65535.0, 2147483647.0, 1e20, 1e30, 1e36, 9.969209968386869e36,
)  # fmt: skip
_FEWEST = 10  # other cells than a sentinel, and different ones where a number is no known sentinel
_EXPONENT = r"(?:[eE][-+]?\d+)?"
_FORMS = {
    "comma": rf"[-+]?(?:\d{{1,3}}(?:\.\d{{3}})+|\d+)?(?:,\d*)?{_EXPONENT}",
    "point": rf"[-+]?(?:\d{{1,3}}(?:,\d{{3}})+|\d{{1,2}}(?:,\d{{2}})+,\d{{3}}|\d+)?(?:\.\d*)?{_EXPONENT}",
}
# Cells that can have one meaning alone.
_SURE = {
    "comma": r"[-+]?(?:\d{1,3}(?:\.\d{3})+,\d+|\d*,(?:\d{1,2}|\d{4,})|0,\d+|\d{4,},\d+|\d{1,3}(?:\.\d{3}){2,})"
    + _EXPONENT,
    "point": r"[-+]?(?:\d{1,3}(?:,\d{3})+\.\d+|\d*\.(?:\d{1,2}|\d{4,})|0\.\d+|\d{4,}\.\d+|\d{1,3}(?:,\d{3}){2,}"
    r"|\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?)" + _EXPONENT,
}
_SPACES = r"(?<=\d)[\s\u00a0\u202f'’](?=\d{3}(?:\D|$))"
# A unit behind the digits, which may have a power, or a currency before them: the same in all cells, or none.
_UNIT = (
    r"^(?P<sign>[-+])?\s*(?P<before>[A-Z]{0,3}[$€£¥₹₽₩₺₪₴₫฿]|[A-Z]{3}(?= )|Rs\.?|kr\.?)?\s*(?P<number>[-+]?[\d.,].*?)"
    r"\s*(?P<behind>[^\d.,\s](?:[^\d]|(?<=[A-Za-z^])[1-4](?![\dA-Za-z])){0,11})?$"
)
NEARLY = 0.8  # share of the cells that are numbers in a column of numbers with some text


@dataclass(frozen=True)
class Numbers:
    """The numbers of a column.

    Attributes:
        values: float64 [rows]; missing cells and text are NaN.
        wrong: bool [rows], the cells that are text.
        notes: what was done, a phrase each.
    """

    values: np.ndarray
    wrong: np.ndarray
    notes: list[str] = field(default_factory=list)


def decimal(columns: list[pd.Series], separator_is_comma: bool) -> str:
    """Return how a file writes numbers, `comma` or `point`, by the cells that can mean one thing alone.

    Args:
        columns: cells.
        separator_is_comma: whether commas separate its fields, so that ambiguous ones are rather groups of three.
    """
    sure = [_sure(_plain(cells)) for cells in columns]
    counts = {style: sum(each[style] for each in sure) for style in _FORMS}
    if counts["comma"] == counts["point"] == 0:
        ambiguous = sum(int(_plain(cells).str.fullmatch(r"[-+]?\d{1,3},\d{3}").sum()) for cells in columns)
        return "comma" if ambiguous and not separator_is_comma else "point"
    return max(counts, key=lambda style: counts[style])


def parse(cells: pd.Series, style: str, missing: list[str]) -> Numbers:
    """Return the numbers of a column; one whose cells contradict the style of the file is read by its own.

    Args:
        cells: text.
        style: `comma` or `point`, of the file.
        missing: further marks of missing cells, or numbers that mean the same.
    """
    marks = _MISSING | {mark.lower() for mark in missing}
    absent = cells.str.lower().isin(marks).to_numpy()
    notes: list[str] = []
    text = _plain(cells)
    text, unit = _without_unit(text, absent)
    if unit:
        notes.append(f"the unit {unit} is left out")
    own = _sure(text[~absent])
    other = "point" if style == "comma" else "comma"
    if own[other] and not own[style]:
        style = other
    fits = text.str.fullmatch(_FORMS[style]).to_numpy() & text.str.contains(r"\d").to_numpy()
    group, point = (".", ",") if style == "comma" else (",", ".")
    plain = text.where(fits & ~absent, "").str.replace(group, "", regex=False).str.replace(point, ".", regex=False)
    values = pd.to_numeric(plain, errors="coerce").to_numpy(dtype=np.float64, copy=True)
    wrong = ~absent & ~np.isfinite(values)
    values[~np.isfinite(values)] = np.nan
    if style == "comma" and text[fits & ~absent].str.contains(",", regex=False).any():
        notes.append("decimal commas become points")
    elif text[fits & ~absent].str.contains(group, regex=False).any():
        notes.append("signs between groups of three digits are left out")
    odd = sorted({mark for mark in cells[absent].unique() if mark and mark not in MISSING})
    if odd:
        notes.append(f"{', '.join(odd[:5])} {'is' if len(odd) == 1 else 'are'} read as missing")
    meant = pd.to_numeric(pd.Series(missing, dtype=object), errors="coerce").dropna().to_numpy(dtype=np.float64)
    values[np.isin(values, meant)] = np.nan
    values, note = _without_sentinel(values)
    return Numbers(values, wrong, [*notes, *note])


def _sure(text: pd.Series) -> dict[str, int]:
    """Return how many cells of a column can have one meaning alone, by style.

    Where numbers below 1,000 have no sign, and all others exactly three digits behind one, the sign is between groups
    of three. Decimals of which some end in zeros that are left out would have one or two digits, too.
    """
    counts = {style: int(text.str.fullmatch(_SURE[style]).sum()) for style in _FORMS}
    if any(counts.values()):
        return counts
    digits = text[text.str.contains(r"\d")]
    whole = digits[digits.str.fullmatch(r"[-+]?\d{1,3}")]
    for style, sign in (("comma", r"\."), ("point", ",")):
        grouped = int(digits.str.fullmatch(rf"[-+]?[1-9]\d{{0,2}}{sign}\d{{3}}").sum())
        hundreds = whole[whole.str.fullmatch(r"[-+]?[1-9]\d{2}")]
        if grouped > 1 and hundreds.nunique() > 1 and grouped + len(whole) == len(digits):
            counts[style] = grouped
    return counts


def _plain(cells: pd.Series) -> pd.Series:
    """Return cells with plain minus signs and without spaces between groups of digits."""
    text = cells.str.replace("−", "-", regex=False).str.replace(_SPACES, "", regex=True)
    # Accountants write (1,038.39), SAP 1,038.39-.
    text = text.str.replace(r"^\(([^()]*\d[^()]*)\)$", r"-\1", regex=True)
    return text.str.replace(r"^(\d[\d.,]*)-$", r"-\1", regex=True)


def _without_unit(text: pd.Series, absent: np.ndarray) -> tuple[pd.Series, str]:
    given = text[~absent]
    if given.empty or given.str.fullmatch(rf"{_FORMS['comma']}|{_FORMS['point']}").mean() > 0.5:
        return text, ""
    parts = given.str.extract(_UNIT)
    units = (parts["before"].fillna("") + parts["behind"].fillna("").str.strip()).unique()
    if parts["number"].isna().any() or len(units) != 1:
        return text, ""
    bare = text.copy()
    bare[~absent] = (parts["sign"].fillna("") + parts["number"]).str.replace(_SPACES, "", regex=True)
    return bare, str(units[0])


def _without_sentinel(values: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Read a number such as -9999 as missing, if it repeats and lies far from all others; name other such numbers."""
    notes: list[str] = []
    for _ in _SENTINELS:
        for extreme in (np.nanmin, np.nanmax) if not np.isnan(values).all() else ():
            number = float(extreme(values))
            there = values == number
            others = np.unique(values[~there & ~np.isnan(values)])
            if there.sum() < 2 or (~there & ~np.isnan(values)).sum() < _FEWEST:
                continue
            says = f"{number:g}, in {int(there.sum()):,} rows and far from all others, is"
            if np.isclose(number, _SENTINELS, rtol=1e-6, atol=0).any() and _is_far(number, others):
                values = np.where(there, np.nan, values)
                notes.append(f"{says} read as missing")
                break
            distance = np.abs(others - number).min()
            if len(others) >= _FEWEST and there.sum() > 2 and distance > 5 * (others[-1] - others[0]):
                note = f"{says} kept: MISSING={number:g} reads it as missing"
                notes += [note] if note not in notes else []
        else:
            break
    return values, notes


def _is_far(number: float, others: np.ndarray) -> bool:
    """Return whether a number lies far from others, rising, each once: farther than these do apart.

    Half of that is enough if no gap between others is nearly as large; less, for a negative one below positive numbers.
    """
    spread, distance = others[-1] - others[0], np.abs(others - number).min()
    if distance > max(spread, 1e-9):
        return True
    gap = np.diff(others).max(initial=0)
    return bool(distance > 0.5 * spread and distance > 3 * gap) or bool(
        number < 0 <= others[0] and distance > 0.15 * spread
    )
