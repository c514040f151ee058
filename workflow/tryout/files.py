"""Any file that holds a table: text, an Excel workbook or Parquet. The first bytes decide its kind, not its name."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.common.errors import UserError
from pipeline.series import kinds
from workflow.tryout import text
from workflow.tryout.table import Table, unique_names

_RULE = "must be CSV, an Excel workbook or Parquet"


def read(path: Path, sheet: str | None = None, separator: str | None = None) -> Table:
    """Read the table that a file holds.

    Args:
        path: of the file.
        sheet: of a workbook; by default the first with a table.
        separator: of a text file, where it cannot be found out.

    Raises:
        UserError: the file is no table.
    """
    if not path.exists():
        raise UserError(str(path), "must be a file", "no such file", _similar(path))
    if not path.is_file():
        raise UserError(str(path), "must be a file", "a folder", "Name one file of it.")
    if path.stat().st_size == 0:
        raise UserError(str(path), "must have rows", "an empty file", "Copy it again.")
    kind = kinds.of(path)
    if path.suffix.lower() in (".npz", ".keras") and kind not in (None, kinds.PARQUET):
        received = "a file of windows" if path.suffix.lower() == ".npz" else "a network"
        fix = "Give both to `make check`: make check MODEL=model.keras DATA=windows.npz."
        raise UserError(str(path), _RULE, received, fix)
    if kind is None:
        return text.read(path, separator)
    if kind.fix is not None:
        raise UserError(str(path), _RULE, kind.name, kind.fix)
    return _parquet(path) if kind == kinds.PARQUET else _workbook(path, sheet)


def _similar(path: Path) -> str:
    import difflib

    names = sorted(each.name for each in path.parent.glob("*") if each.is_file()) if path.parent.is_dir() else []
    close = difflib.get_close_matches(path.name, names, n=1)
    return f"Did you mean `{path.parent / close[0]}`?" if close else "Name a file that exists: make try FILE=path.csv."


def _workbook(path: Path, sheet: str | None) -> Table:
    from python_calamine import CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
    except Exception as error:  # of the library, which has no common class for a damaged file
        fix = "Save it again as .xlsx, without a password, or as CSV."
        raise UserError(str(path), "must be an Excel workbook", " ".join(str(error).split())[:100], fix) from None
    names = list(book.sheet_names)
    if sheet is not None and sheet not in names:
        raise UserError("--sheet", f"must name a sheet of {path}", sheet, f"The sheets are: {', '.join(names)}.")
    looked_at = names if sheet is None else [sheet]
    every = {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in looked_at}
    # Notes in a single column are a table only where no sheet has two columns.
    found = next((known for least in (2, 1) if (known := _with_rows(every, least))), {})
    if not found:
        raise UserError(str(path), "must have a sheet with a table", "no cells with values", "Choose another file.")
    name = max(found, key=lambda each: len(found[each]))
    notes = [f"an Excel workbook, sheet {name}"]
    if len(found) > 1:
        notes[0] += f", the longest of {len(found)} tables (SHEET=… for another)"
    records, places = [], []
    for number, row in enumerate(found[name], 1):
        cells = [_cell(value) for value in row]
        if any(cells):
            records.append(cells)
            places.append(number)
    # Columns before the first and after the last used one.
    used = [i for i in range(max(map(len, records))) if any(i < len(row) and row[i] for row in records)]
    records = [[row[i] if i < len(row) else "" for i in range(used[0], used[-1] + 1)] for row in records]
    return text.table(path, records, places, notes, "row")


def _with_rows(sheets: dict[str, list[list[Any]]], least: int) -> dict[str, list[list[Any]]]:
    """Return the sheets with two rows or more that have so many cells with values."""

    def filled(row: list[Any]) -> bool:
        return sum(cell not in ("", None) for cell in row) >= least

    return {name: rows for name, rows in sheets.items() if sum(map(filled, rows)) > 1}


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, datetime.timedelta):  # a time of day
        seconds = round(value.total_seconds())
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)
    return str(value)


def _parquet(path: Path) -> Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path).read()
    except (pa.ArrowException, OSError) as error:
        received = " ".join(str(error).split())[:120]
        raise UserError(str(path), "must be a Parquet file", received, "Save it again.") from None
    if not table.num_rows:
        raise UserError(str(path), "must have rows", "no rows", "Save it again.")
    names, columns = [], []
    for name, column in zip(table.column_names, table.columns, strict=True):
        if pa.types.is_nested(column.type) or pa.types.is_binary(column.type):
            continue
        names.append("index" if name == "__index_level_0__" else name)
        columns.append(_texts(column))
    rows = np.arange(1, table.num_rows + 1)
    unique, renamed = unique_names(names)
    notes = ["a Parquet file", *([renamed] if renamed else [])]
    return Table(str(path), unique, columns, rows, "row", notes)


def _texts(column: Any) -> pd.Series:
    """Return a column of Parquet as text: times in ISO 8601, numbers with all their digits."""
    import pyarrow as pa

    kind = column.type
    if pa.types.is_dictionary(kind):
        column, kind = column.cast(kind.value_type), kind.value_type
    if pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        values = column.cast(pa.float64()).to_numpy()
        cells = ["" if np.isnan(value) else repr(float(value)) for value in values]
    elif pa.types.is_timestamp(kind):
        moments = column.cast(pa.timestamp("us", tz=kind.tz), safe=False)
        zone = "Z" if kind.tz else ""
        cells = [
            "" if value is None else np.datetime_as_string(np.datetime64(value, "us")).replace("T", " ") + zone
            for value in moments.cast(pa.int64()).to_pylist()
        ]
    else:
        cells = ["" if value is None else str(value) for value in column.to_pylist()]
    return pd.Series(cells, dtype="str").str.strip()
