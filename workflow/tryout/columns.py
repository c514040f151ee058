"""The columns of a table: which are numbers, which one to predict, and which are inputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from pipeline.common.errors import UserError
from pipeline.series import counted, listing
from pipeline.series.tables import MISSING
from workflow.tryout import numbers
from workflow.tryout.clock import Clock
from workflow.tryout.numbers import Numbers
from workflow.tryout.table import Table

MOST = 16  # input columns that are proposed
_LEAST_SHARE = 0.5  # of the cells of an input that have a value
_MONTHS = (
    "jan",
    "feb",
    "mar",
    "mär",
    "apr",
    "may",
    "mai",
    "jun",
    "jul",
    "aug",
    "sep",
    "oct",
    "okt",
    "nov",
    "dec",
    "dez",
)
# Names that can only be those of a target, of text too.
_TARGETS = ("target", "y", "label")
_LABELS = (*_TARGETS, "class", "activity")
_MOST_LABELS = 100  # in a column of text (pipeline/dataset/labels.py)
_FEW = 8  # whole numbers that are labels rather than quantities
_ROWS_EACH = 20  # of each, on average
_COUNTS = "rises by one step from each row to the next"
_LATER = 7  # rows within which a column may show the target to come
_FEWEST_CHANGES = 10  # of the target: fewer may be equal by chance


@dataclass(frozen=True)
class Columns:
    """The numbers of a table.

    Attributes:
        values: float64 [rows] by name, in the order of the file: columns of numbers, constant ones included.
        left_out: why a column is no input, by name.
        notes: what was done to the cells, a phrase each.
        labels: object [rows] by name: columns of text of which few cells differ; None for a missing cell.
    """

    values: dict[str, np.ndarray]
    left_out: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    nearly: list[UserError] = field(default_factory=list)  # of columns of numbers with some text
    labels: dict[str, np.ndarray] = field(default_factory=dict)

    def codes(self, name: str) -> tuple[np.ndarray, list[str]]:
        """Return the position of each cell of a column of labels among its sorted names, float64 [rows], and these."""
        cells = self.labels[name]
        names = sorted({cell for cell in cells if cell is not None})
        place = {each: float(position) for position, each in enumerate(names)}
        return np.array([place.get(cell, np.nan) for cell in cells]), names


def read(
    given: Clock, decimal: str | None, missing: list[str], wanted: list[str], target: str | None = None
) -> Columns:
    """Read every column that holds numbers, and those of text that may be labels.

    Args:
        given: the table in order.
        decimal: `comma` or `point`; found out by default.
        missing: further marks of missing cells.
        wanted: columns that must be numbers: those that the user names.
        target: the column to predict, if the user names it: it may be text.

    Raises:
        UserError: a wanted column holds text.
    """
    table = given.table
    rest = [name for name in table.names if name not in (*given.names, *given.others, given.id)]
    style = decimal or numbers.decimal([table.column(name) for name in rest], table.separator == ",")
    values: dict[str, np.ndarray] = {}
    left_out = dict.fromkeys(given.others, "holds times too")
    notes: dict[str, list[str]] = {}
    nearly: list[UserError] = []
    named: dict[str, np.ndarray] = {}
    for name in rest:
        read_as = numbers.parse(table.column(name), style, missing)
        known = int((~np.isnan(read_as.values)).sum())
        wrong = int(read_as.wrong.sum())
        if not known and not wrong:
            left_out[name] = "is empty"
        elif wrong > known and (cells := _few(table.column(name), missing)) is not None:
            named[name] = cells
            if name in wanted and name != target:
                raise _text(table, name, read_as)
        elif wrong and name in wanted:
            raise _text(table, name, read_as)
        elif wrong and known >= numbers.NEARLY * (known + wrong):
            row = int(np.flatnonzero(read_as.wrong)[0])
            left_out[name] = f"has text in {wrong:,} cells, the first {table.column(name).iloc[row][:30]!r}"
            nearly.append(_text(table, name, read_as))
        elif wrong:
            left_out[name] = f"holds text, as in {table.column(name)[read_as.wrong].iloc[0][:30]!r}"
        else:
            values[name] = read_as.values
            for note in read_as.notes:
                notes.setdefault(note, []).append(name)
    for name in wanted:
        if name in left_out and name not in named:
            place = f"{table.path}, column {name}"
            raise UserError(place, "must hold numbers", f"a column that {left_out[name]}", _choose(values))
    every = [
        f"{note}" if len(names) == len(values) else f"{listing(names, 4)}: {note}" for note, names in notes.items()
    ]
    left_out |= {name: "holds text" for name in named}
    return Columns(values, left_out, every, nearly, named)


def _few(cells: pd.Series, missing: list[str]) -> np.ndarray | None:
    """Return text without the spaces around it, object [rows], None for a missing cell; None if too many differ."""
    text = cells.str.strip()
    text = text.mask(text.isin([*MISSING, *missing]))
    known = text.dropna().unique()
    return text.astype(object).where(text.notna(), None).to_numpy() if 2 <= len(known) <= _MOST_LABELS else None


def _text(table: Table, name: str, read_as: Numbers) -> UserError:
    row = int(np.flatnonzero(read_as.wrong)[0])
    cell = table.column(name).iloc[row][:60]
    share = read_as.wrong.mean()
    if share > 1 - numbers.NEARLY:
        return UserError(table.place(row, name), "must be a number", repr(cell), "Name a column of numbers.")
    fix = f'Correct the cell, or add MISSING="{cell}" if it means that the value is not known.'
    more = f", and text in {int(read_as.wrong.sum()) - 1:,} more cells" if read_as.wrong.sum() > 1 else ""
    return UserError(table.place(row, name), "must be a number", repr(cell) + more, fix)


def target(
    given: Clock,
    columns: Columns,
    training: slice | np.ndarray,
    wanted: str | None,
    ask: Callable[[list[str]], str] | None,
) -> tuple[str, str]:
    """Return the column to predict, and why.

    Args:
        given: the table.
        columns: its numbers.
        training: rows that may be looked at.
        wanted: the user's own choice.
        ask: asks a person for one of several; None where nobody is there.

    Raises:
        UserError: several fit and nobody is there to ask, or none does.
    """
    if wanted is not None:
        return wanted, "chosen by you"
    named = [name for name in columns.labels if name.strip().lower() in _LABELS]
    if len(named) == 1 and columns.values:
        return named[0], "its name says so"
    # Rows of ids without times are sequences, and what is written beside all rows of one is about the whole of it.
    about = [name for name, cells in columns.labels.items() if _one_each(cells, given)]
    if len(about) == 1 and columns.values and given.values is None:
        return about[0], f"the only label, one for each {given.id}"
    seen = {name: values[training] for name, values in columns.values.items()}
    fitting = [name for name, values in seen.items() if not _constant(values) and not _counter(values)]
    if not fitting and columns.nearly:
        raise columns.nearly[0]
    if not fitting:
        counters = [name for name, values in seen.items() if _counter(values)]
        out = {name: _COUNTS for name in counters} | columns.left_out
        received = "; ".join(f"{name} {why}" for name, why in out.items()) or "constant columns alone"
        fix = f'Add TARGET="{counters[0]}" to predict it nevertheless.' if counters else "Choose another file."
        raise UserError(given.table.path, "must have a column of changing numbers", received[:200], fix)
    if len(fitting) == 1:
        return fitting[0], "the only column of changing numbers"
    named = [name for name in fitting if name.strip().lower() in _TARGETS]
    if len(named) == 1:
        return named[0], "its name says so"
    fitting = [name for name in given.table.names if name in fitting or name in columns.labels]
    if ask is not None:
        return ask(fitting), "chosen by you"
    received = f"{len(fitting)} that fit: {listing(fitting, 12)}"
    if sum(name.strip().lower()[:3] in _MONTHS for name in fitting) >= 12:
        fix = "Put the months below each other, in one column of months and one of values."
        raise UserError(given.table.path, "must have a column per quantity", "a column per month", fix)
    raise UserError("TARGET", "must name the column to predict", received, f'For example TARGET="{fitting[0]}".')


def _one_each(cells: np.ndarray, given: Clock) -> bool:
    """Return whether all rows of each id hold one label; False where there are no ids."""
    return given.ids is not None and pd.Series(cells).groupby(given.ids).nunique(dropna=False).max() == 1


def label(
    columns: Columns, name: str, training: slice | np.ndarray, wanted: str | None, alone: bool
) -> tuple[bool, str]:
    """Return whether the target is a label, and why.

    Args:
        columns: numbers and labels.
        name: of the target.
        training: rows of the training part: all labels must occur in them.
        wanted: the user's own choice, `label` or `value`.
        alone: whether the target is the only input, so that numbers are rather a series of counts.

    Raises:
        UserError: the column is text, and the user wants a value.
    """
    if name in columns.labels:
        if wanted == "value":
            raise UserError("KIND", f"must be label, because {name} holds text", "value", "Leave it out.")
        return True, f"{name} holds text, {len(columns.codes(name)[1])} different labels"
    if wanted is not None:
        return wanted == "label", "chosen by you"
    values = columns.values[name]
    known = np.unique(values[~np.isnan(values)])
    few = 2 <= len(known) <= _FEW and len(values) >= _ROWS_EACH * len(known)
    if few and not alone and (known == np.floor(known)).all() and np.isin(known, values[training]).all():
        return True, f"{name} holds {len(known)} different whole numbers; KIND=value predicts the number"
    return False, "a column of numbers; KIND=label takes each number for a class"


def inputs(
    columns: Columns,
    name: str,
    training: slice | np.ndarray,
    wanted: list[str] | None,
    begins: np.ndarray | None = None,
) -> tuple[list[str], dict[str, str]]:
    """Return the input columns, the target first, and why each of the others is none.

    Args:
        columns: numbers.
        name: of the target.
        training: rows that may be looked at.
        wanted: the user's own choice.
        begins: the first row of each id; None for a single series.
    """
    own, left_out = columns.values[name][training], dict(columns.left_out)
    chosen = [name]
    for other, values in columns.values.items():
        seen = values[training]
        if other == name or (wanted is not None and other in wanted):
            continue
        if _constant(seen):
            left_out[other] = "is constant in the training rows"
        elif np.isnan(seen).mean() > _LEAST_SHARE:
            left_out[other] = f"has no value in {100 * np.isnan(seen).mean():.0f} % of the training rows"
        elif _counter(seen):
            left_out[other] = _COUNTS
        elif np.array_equal(seen, own, equal_nan=True):
            left_out[other] = "equals the target"
        elif later := _shows_later(columns.values[name], values, training, begins):
            left_out[other] = f"equals the target {counted(later, 'row')} later"
        elif wanted is None and len(chosen) == MOST:
            left_out[other] = f"is beyond the first {MOST} inputs"
        elif wanted is None:
            chosen.append(other)
    return (chosen if wanted is None else wanted), left_out


def _shows_later(
    target: np.ndarray, values: np.ndarray, training: slice | np.ndarray, begins: np.ndarray | None
) -> int | None:
    """Return how many rows later the target equals a column, by training rows alone; None if it does not."""
    rows = np.arange(len(target))[training]
    numbers = np.searchsorted(begins, rows, side="right") if begins is not None else np.zeros(len(rows))
    for later in range(1, min(_LATER, len(rows) - 1) + 1):
        together = (rows[later:] - rows[:-later] == later) & (numbers[later:] == numbers[:-later])
        now, then = rows[:-later][together], rows[later:][together]
        same = np.array_equal(values[now], target[then], equal_nan=True)
        if same and (np.diff(target[then]) != 0).sum() >= _FEWEST_CHANGES:
            return later
    return None


def _constant(values: np.ndarray) -> bool:
    known = values[~np.isnan(values)]
    return not len(known) or bool(known.max() == known.min())


def _counter(values: np.ndarray) -> bool:
    """Return whether a column counts rows or time: it rises by one step from each row to the next, rounding aside."""
    if np.isnan(values).any() or len(values) < 3:
        return False
    step = (values[-1] - values[0]) / (len(values) - 1)
    line = values[0] + step * np.arange(len(values))
    return bool(step > 0 and (np.abs(values - line) < 0.02 * step).all())


def _choose(values: dict[str, np.ndarray]) -> str:
    return f"Columns of numbers: {listing(list(values), 12)}." if values else "Choose another file."
