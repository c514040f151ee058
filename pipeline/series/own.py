"""Rows from the user's own CSV or Parquet file under data/own/."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.series import clock, ids
from pipeline.series.series import Series
from pipeline.series.settings import SettingError, check_names, listing, similar
from pipeline.series.tables import MISSING, CsvFile, ParquetFile, TableFile, converting

if TYPE_CHECKING:
    import pyarrow as pa

_MOST_LABELS = 100
_THOUSANDS = r"[-+]?\d{1,3}([,' \u00a0\u202f]\d{3})+(\.\d*)?"
# A time, or a number in a notation that is not read here: 2020-12-31T12:00, 3,14, 1 234, $5 or 12 %.
_NUMBER = r"\W*\d[\d., '/:T-]*\W*"


def make(
    *,
    path: str,
    target: str,
    id: str | None = None,
    time: str | None = None,
    features: list[str] | None = None,
    zone: str | None = None,
) -> Series:
    """Read the columns that are named, and no others.

    Args:
        path: a .csv or .parquet file below data/own/, from the project's folder. CSV: UTF-8, commas, a decimal point,
            a header.
        target: the column to predict. Text becomes labels: each cell is the position of its name among all names in
            alphabetical order.
        id: the column of ids, if the file holds several series or sequences. The rows of each id are brought together,
            in the order of first appearance; those of one id are sorted by `time`, or keep their order.
        time: the column of times, if any: ISO 8601 or seconds since 1970, in rising order. Times with an offset from
            UTC, or of `zone`, become UTC. With `id`, a time may occur once in each id.
        features: the input columns; the target alone by default, which must not be text.
        zone: the time zone of times without an offset, as in Europe/Berlin.

    Returns:
        Series of the features and then the target, unless it is one of them. Missing cells are NaN.

    Raises:
        SettingError: the path or the name of a column is wrong.
        UserError: the file is wrong; the message names the place.
    """
    file = _opened(path)
    checked = file.path
    repeated = sorted({name for name in file.names if name.strip() and file.names.count(name) > 1})
    if repeated:
        received = f"{listing(repeated)} twice"
        raise UserError(str(checked), "must have a header that names each column once", received, "Rename one.")
    wanted = [target, *(features if isinstance(features, list) else []), time, id]
    file.check_header([name for name in wanted if isinstance(name, str)])
    target, chosen = check_names(target, features, file.names, str(checked))
    for key, name in (("time", time), ("id", id)):
        if name is not None and (not isinstance(name, str) or name not in file.names):
            known = f"The columns are: {listing(file.names)}."
            raise SettingError(key, f"must name a column of {checked}", repr(name), similar(name, file.names) + known)
    columns = chosen if target in chosen else [*chosen, target]
    if id is not None and id in (target, time):
        raise SettingError("id", "must be another column than the target and the times", repr(id), "Name another one.")
    table = file.read(columns, [name for name in (time, id) if name is not None])
    if table.num_rows == 0:
        raise UserError(str(checked), "must have rows below its header", "a header alone", "Add the rows.")
    rows = np.empty((table.num_rows, len(columns)))
    words = None
    for position, name in enumerate(columns):
        column = table.column(name)
        # An input must be numeric, and so must a target that is an input.
        named = None if name in chosen else _labels(file, name, column)
        words, rows[:, position] = named or (None, _numbers(file, name, column))
    if id is None:
        times = None if time is None else clock.read(file, time, table.column(time), zone)
        return Series(rows, columns, target, chosen, time=times, labels=words)
    numbers, owners = ids.read(file, id, table.column(id))
    times = None if time is None else clock.read(file, time, table.column(time), zone, numbers)
    order, grouped = ids.grouped(id, numbers, owners, times)
    times = None if times is None else times[order]
    return Series(rows[order], columns, target, chosen, time=times, labels=words, ids=grouped, cuts=grouped.starts[1:])


def names(path: str) -> list[str]:
    """Return the names of a file's columns.

    Raises:
        SettingError: the path is wrong.
        UserError: the file is wrong.
    """
    return _opened(path).names


def _opened(path: str) -> TableFile:
    checked = inside(path)
    return CsvFile(checked) if checked.suffix.lower() == ".csv" else ParquetFile(checked)


def inside(path: str, suffixes: tuple[str, ...] = (".csv", ".parquet")) -> Path:
    """Return the path if it may be read: a file below data/own/, with one of these endings.

    Raises:
        SettingError: it leads elsewhere.
        UserError: there is no such file, or it is empty.
    """
    file = Path(path)
    if file.is_absolute() or ".." in file.parts or not file.is_relative_to(files.OWN) or file == files.OWN:
        fix = "Copy the file there, and `dvc add` it."
        raise SettingError("source", f"must be a file below {files.OWN}/", repr(path), fix)
    if file.suffix.lower() not in suffixes:
        fix = "Save the file as one of the two." if len(suffixes) > 1 else "Save the file as that."
        raise SettingError("source", f"must end in {' or '.join(suffixes)}", repr(path), fix)
    if not file.resolve().is_relative_to(Path.cwd().resolve()):
        rule = "must not be a link that leads out of the project"
        raise SettingError("source", rule, repr(path), "Copy the file itself.")
    if file.is_dir():
        raise UserError(str(file), "must be a file", "a folder", "Name one file of it.")
    if not file.is_file():
        fix = f"Copy it to {files.OWN}/, or get it with `dvc pull`."
        raise UserError(str(file), "must be a file", "no such file", fix)
    if file.stat().st_size == 0:
        raise UserError(str(file), "must have rows", "an empty file", "Copy it again.")
    return file


def _numbers(file: TableFile, name: str, column: pa.ChunkedArray) -> np.ndarray:
    """Return one column as float64 [rows]; refuse infinite cells, and a column of missing cells alone."""
    import pyarrow as pa

    kind = _kind(column)
    if _is_text(kind):
        values = _from_text(file, name, column.cast(pa.string()))
    elif _is_number(kind):
        values = column.cast(pa.float64(), safe=False).to_numpy()
    else:
        raise UserError(f"{file.path}, column {name}", "must hold numbers", kind, "Name another column.")
    infinite = np.flatnonzero(np.isinf(values))
    if infinite.size:
        row = int(infinite[0])
        raise file.error(row, name, "must be finite", values[row], "Leave the cell empty if its value is unknown.")
    if np.isnan(values).all():
        place = f"{file.path}, column {name}"
        raise UserError(place, "must hold numbers", "missing cells alone", "Name another column.")
    return np.asarray(values, dtype=np.float64)


def _labels(file: TableFile, name: str, column: pa.ChunkedArray) -> tuple[list[str], np.ndarray] | None:
    """Return the names in a column of text, sorted, and their positions as float64 [rows]; None for numbers.

    A column is text where most of its cells are no numbers, in any notation, and few differ. Otherwise a cell that is
    no number is a mistake, for `_numbers` to report.
    """
    if not _is_text(_kind(column)):
        return None
    import pandas as pd  # half a second that a column of numbers need not wait for
    import pyarrow as pa

    text = pd.Series(column.cast(pa.string()).to_numpy(), dtype="str").str.strip()
    text = text[~(text.isna() | text.isin(MISSING))]
    numbers = pd.to_numeric(text, errors="coerce").notna() | text.str.fullmatch(_NUMBER)
    names = sorted(text.unique())
    if not 2 <= len(names) <= _MOST_LABELS or numbers.mean() >= 0.5:
        return None
    codes = np.full(len(column), np.nan)
    codes[text.index.to_numpy()] = np.searchsorted(np.array(names, dtype=object), text.to_numpy(dtype=object))
    return names, codes


def _kind(column: pa.ChunkedArray) -> pa.DataType:
    import pyarrow as pa

    return column.type.value_type if pa.types.is_dictionary(column.type) else column.type


def _is_text(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _is_number(kind: Any) -> bool:
    import pyarrow as pa

    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal, pa.types.is_null)
    return any(test(kind) for test in tests)


def _from_text(file: TableFile, name: str, column: pa.ChunkedArray) -> np.ndarray:
    """Parse numbers that Arrow reads as text, such as +1.5."""
    import pandas as pd

    text = pd.Series(column.to_numpy(), dtype="str").str.strip()
    values = pd.to_numeric(text, errors="coerce").to_numpy(dtype=np.float64)
    wrong = np.flatnonzero(np.isnan(values) & ~(text.isna() | text.isin(MISSING)).to_numpy())
    if wrong.size:
        row = int(wrong[0])
        fix = "Correct the cell, or leave it empty if its value is unknown."
        if text.iloc[row] == name:
            fix = "The header is repeated: remove the line."
        elif len(wrong) == 1 and row == 0 and len(text) > 2:
            fix = f"Remove the line if it holds units, or {converting(file.path)}; else correct the cell."
        commas = int(text.iloc[wrong].str.fullmatch(r"[-+]?[\d.]*,\d+").sum())
        if commas == len(wrong):
            fix = f"Write decimal points instead of commas, in {commas:,} cells, or {converting(file.path)}."
        thousands = int(text.iloc[wrong].str.fullmatch(_THOUSANDS).sum())
        if thousands == len(wrong) > commas:
            fix = f"Write 1234 for 1,234, in {thousands:,} cells, or {converting(file.path)}."
        elif len(wrong) > len(text) / 2 > 2 and not commas:
            fix = "Name columns of numbers. Text can be a target alone, with `window.target.kind: label`."
        raise file.error(row, name, "must be a number", repr(text.iloc[row][:60]), fix)
    return values
