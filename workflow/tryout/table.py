"""A table as it stands in a file: every cell as text."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from pipeline.common.errors import UserError

# Control characters, and marks that change the direction of text in a terminal.
_HIDDEN = r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]"


@dataclass(frozen=True)
class Table:
    """Columns of text.

    Attributes:
        path: of the file, as it was given.
        names: of the columns, each once.
        columns: the cells of each column, stripped: pandas Series of str.
        lines: the place of each row in the file, as an editor counts it: int64 [rows].
        unit: what `lines` count: `line` or `row`.
        notes: what was found out or changed while reading, a phrase each.
        above: the place and the cells of records below the header that were taken for units.
        separator: between two fields of a text file; None for one column, and for other files.
    """

    path: str
    names: list[str]
    columns: list[pd.Series]
    lines: np.ndarray
    unit: str = "line"
    notes: list[str] = field(default_factory=list)
    separator: str | None = None
    above: list[tuple[int, list[str]]] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.lines)

    def column(self, name: str) -> pd.Series:
        """Return the cells of a column."""
        return self.columns[self.names.index(name)]

    def cells(self, row: int) -> list[str]:
        """Return the cells of a row."""
        return [column.iloc[row] for column in self.columns]

    def select(self, rows: np.ndarray, *notes: str) -> Table:
        """Return some rows, by a boolean mask or numbers in the new order, with notes added."""
        if rows.dtype == bool:
            rows = np.flatnonzero(rows)
        columns = [column.iloc[rows].reset_index(drop=True) for column in self.columns]
        return replace(self, columns=columns, lines=self.lines[rows], notes=[*self.notes, *notes])

    def note(self, *notes: str) -> Table:
        """Return the table with notes added."""
        return replace(self, notes=[*self.notes, *notes])

    def at(self, row: int) -> str:
        """Return the place of a row within the file."""
        return f"{self.unit} {self.lines[row]}"

    def place(self, row: int, name: str | None = None) -> str:
        """Return the place of a row or a cell, for messages."""
        text = f"{self.path}, {self.at(row)}"
        return text if name is None else f"{text}, column {name}"


def make(path: str, header: list[str], rows: list[list[str]], lines: list[int], unit: str, notes: list[str]) -> Table:
    """Return a table of records.

    Args:
        path: of the file.
        header: a name for each column; empty ones are numbered, repeated ones too.
        rows: the cells of each record. Missing ones at the end of a record are empty.
        lines: the place of each record.
        unit: what they count.
        notes: as of `Table`.

    Raises:
        UserError: there are no rows.
    """
    width = len(header)
    filled = [row + [""] * (width - len(row)) for row in rows]
    kept = [position for position, row in enumerate(filled) if any(cell.strip() for cell in row)]
    if len(kept) < len(filled):
        notes = [*notes, f"{len(filled) - len(kept):,} empty rows are left out"]
    if not kept:
        raise UserError(path, "must have rows below its header", "a header alone", "Choose another file or sheet.")
    columns = [_clean(pd.Series([filled[row][i] for row in kept], dtype="str")) for i in range(width)]
    names, renamed = unique_names(header)
    if renamed:
        notes = [*notes, renamed]
    used = [i for i in range(width) if header[i].strip() or (columns[i] != "").any()]
    place = np.array([lines[row] for row in kept], dtype=np.int64)
    return Table(path, [names[i] for i in used], [columns[i] for i in used], place, unit, notes)


def _clean(cells: pd.Series) -> pd.Series:
    return cells.str.replace(_HIDDEN, " ", regex=True).str.strip()


def unique_names(header: list[str]) -> tuple[list[str], str]:
    """Return names, each once, and a note where one had to be made."""
    cleaned = _clean(pd.Series(header, dtype="str")).str.replace(r"\s+", " ", regex=True).tolist()
    names: list[str] = []
    changed = []
    for position, name in enumerate(cleaned):
        base = unique = name or f"column_{position + 1}"
        number = 2
        while unique in names or (unique != name and unique in cleaned):
            unique, number = f"{base}_{number}", number + 1
        if name and unique != name:
            changed.append(f"{name} → {unique}")
        names.append(unique)
    return names, f"columns of the same name are numbered: {', '.join(changed)}" if changed else ""
