"""Any file that holds a table: text, an Excel workbook or Parquet. The first bytes decide its kind, not its name."""

from __future__ import annotations

import datetime
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.common.errors import UserError
from workflow.tryout import text
from workflow.tryout.table import Table, unique_names

_WORKBOOK, _OLD_WORKBOOK = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_OTHERS = {
    b"\x1f\x8b": ("a file compressed with gzip", "Unpack it: gunzip FILE."),
    b"BZh": ("a file compressed with bzip2", "Unpack it: bunzip2 FILE."),
    b"\xfd7zXZ": ("a file compressed with xz", "Unpack it: unxz FILE."),
    b"%PDF": ("a PDF", "Export the table as CSV."),
    b"\x89HDF": ("an HDF5 file", "Save the table as CSV or Parquet."),
    b"ARROW1": ("a Feather file", "Save the table as Parquet."),
    b"SQLite format 3": ("an SQLite database", "Export the table as CSV."),
    b"\x93NUMPY": ("a NumPy array", "Save it as CSV, with a header."),
    b"CDF": ("a NetCDF file", "Save the series as CSV or Parquet."),
}
_MARKUP = (("<!doctype html", "an HTML page"), ("<html", "an HTML page"), ("<table", "an HTML table"), ("<?xml", "XML"))


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
    with path.open("rb") as stream:
        head = stream.read(512)
    if head.startswith(b"PAR1"):
        return _parquet(path)
    if path.suffix.lower() in (".npz", ".keras") and head.startswith(_WORKBOOK):
        received = "a file of windows" if path.suffix.lower() == ".npz" else "a network"
        fix = "Give both to `make check`: make check MODEL=model.keras DATA=windows.npz."
        raise UserError(str(path), "must be CSV, an Excel workbook or Parquet", received, fix)
    if head.startswith(_WORKBOOK) and (inside := _archived(path)):
        fix = f"Unpack it, `unzip {path}`, and name a file of it."
        received = f"a zip archive of {inside[0]}" + (f" and {len(inside) - 1:,} more" if len(inside) > 1 else "")
        raise UserError(str(path), "must be CSV, an Excel workbook or Parquet", received, fix)
    if head.startswith((_WORKBOOK, _OLD_WORKBOOK)):
        return _workbook(path, sheet)
    for magic, (name, fix) in _OTHERS.items():
        if head.startswith(magic):
            raise UserError(
                str(path), "must be CSV, an Excel workbook or Parquet", name, fix.replace("FILE", str(path))
            )
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().decode("latin-1")
    for mark, name in _MARKUP:
        if start.startswith(mark):
            fix = "Open it in a browser or a spreadsheet, and save the table as CSV."
            raise UserError(str(path), "must be CSV, an Excel workbook or Parquet", name, fix)
    if start.startswith(("{", "[{", "[[")):
        fix = "Write it as CSV, with a column per name."
        raise UserError(str(path), "must be CSV, an Excel workbook or Parquet", "JSON", fix)
    return text.read(path, separator)


def _archived(path: Path) -> list[str]:
    """Return the files of a zip archive; none where it is a workbook, which is such an archive too."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [each.filename for each in archive.infolist() if not each.is_dir()]
    except (zipfile.BadZipFile, OSError):
        return []
    return [] if {"[Content_Types].xml", "mimetype", "content.xml"} & set(names) else names


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
