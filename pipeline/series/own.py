"""Rows from the user's own CSV or Parquet file under data/own/.

The file is read fast, and read again slowly only to tell the line of what is wrong.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.common.errors import UserError
from pipeline.series import Series, SettingError, check_names, listing

if TYPE_CHECKING:
    import pyarrow as pa

OWN = Path("data/own")
MISSING = ["", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "-nan", "-NaN", "NULL", "null", "None"]


@dataclass(frozen=True)
class _Table:
    """What a file holds: arrow columns, and how a person finds a row of it."""

    path: Path
    columns: pa.Table
    place: Callable[[int], str]  # row counted from 0 → "line 5"

    def error(self, row: int, column: str, rule: str, received: object, mend: str) -> UserError:
        return UserError(f"{self.path}, {self.place(row)}, column {column}", rule, received, mend)


def make(*, path: str, target: str, time: str | None = None, features: list[str] | None = None) -> Series:
    """Read the columns that are named, and no others.

    Args:
        path: a .csv or .parquet file below data/own/, from the project's folder. CSV: UTF-8, commas, a decimal point,
            a header.
        target: the column to be predicted.
        time: the column of times, if any; ISO 8601, in order, none twice. Offsets from UTC are taken into account.
        features: the columns that windows are made of; the target alone by default.

    Returns:
        Series whose columns are the features and then the target, where it is not one of them. Missing cells are NaN.

    Raises:
        SettingError: the path or a column's name is wrong.
        UserError: the file is; the line says where.
    """
    file = _inside(path)
    names, read = _csv(file) if file.suffix.lower() == ".csv" else _parquet(file)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(
            str(file), "must have a header that names each column once", f"{listing(twice)} twice", "Rename one."
        )
    target, chosen = check_names(target, features, names, str(file))
    if time is not None and (not isinstance(time, str) or time not in names):
        raise SettingError("time", f"must name a column of {file}", repr(time), f"The columns are: {listing(names)}.")
    columns = chosen if target in chosen else [*chosen, target]
    table = read(columns, time)
    if table.columns.num_rows == 0:
        raise UserError(str(file), "must have rows below its header", "a header alone", "Add the rows.")
    rows = np.empty((table.columns.num_rows, len(columns)))
    for position, name in enumerate(columns):
        rows[:, position] = _numbers(table, name)
    return Series(rows, columns, target, chosen, time=None if time is None else _times(table, time))


def _inside(path: str) -> Path:
    """The path, if it is a file that may be read."""
    file = Path(path)
    if file.is_absolute() or ".." in file.parts or not file.is_relative_to(OWN) or file == OWN:
        raise SettingError(
            "source", f"must be a file below {OWN}/", repr(path), "Copy the file there, and `dvc add` it."
        )
    if file.suffix.lower() not in (".csv", ".parquet"):
        raise SettingError("source", "must end in .csv or .parquet", repr(path), "Save the file as one of the two.")
    project = Path.cwd().resolve()
    if not file.resolve().is_relative_to(project):
        raise SettingError(
            "source", "must not be a link that leads out of the project", repr(path), "Copy the file itself."
        )
    if not file.is_file():
        raise UserError(str(file), "must be a file", "none there", f"Copy it to {OWN}/, or get it with `dvc pull`.")
    if file.stat().st_size == 0:
        raise UserError(str(file), "must hold rows", "an empty file", "Copy it again.")
    return file


_Read = Callable[[list[str], str | None], _Table]


def _csv(file: Path) -> tuple[list[str], _Read]:
    """The header of a CSV file, and what reads columns of it."""
    import pyarrow as pa
    import pyarrow.csv as arrow_csv

    _check_utf8(file)
    records = [record for _, record in islice(_records(file, blank=False), 2)]
    if not records:
        raise UserError(str(file), "must hold rows", "blank lines alone", "Copy it again.")
    names = records[0]
    if len(records) == 1:
        raise UserError(str(file), "must have rows below its header", "a header alone", "Add the rows.")
    one = len(names) == 1  # then a blank line is a missing cell

    def place(row: int) -> str:
        records = _records(file, blank=one)
        for _ in range(row + 1):
            next(records, None)
        return f"line {next(records, (0, []))[0]}"

    def read_as(columns: list[str], time: str | None, kind: pa.DataType) -> pa.Table:
        kinds = dict.fromkeys(columns, kind) | ({} if time is None else {time: pa.string()})
        return arrow_csv.read_csv(
            file,
            read_options=arrow_csv.ReadOptions(block_size=1 << 24),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=not one),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=list(kinds), column_types=kinds, null_values=MISSING, strings_can_be_null=True
            ),
        )

    def read(columns: list[str], time: str | None) -> _Table:
        try:
            table = read_as(columns, time, pa.float64())
        except pa.ArrowInvalid:
            _check_fields(file, names)
            try:
                table = read_as(columns, time, pa.string())
            except pa.ArrowInvalid as error:
                raise UserError(str(file), "must be a CSV file", str(error)[:200], "Mend the file.") from None
        if one:
            # Blank lines at the end are no rows.
            given = np.flatnonzero(~table.column(0).is_null().to_numpy())
            table = table.slice(0, int(given[-1]) + 1) if given.size else table
        return _Table(file, table, place)

    return names, read


def _check_utf8(file: Path) -> None:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with file.open("rb") as stream:
            while block := stream.read(1 << 24):
                decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        with file.open("rb") as stream:
            for line, text in enumerate(stream, 1):
                try:
                    text.decode("utf-8")
                except UnicodeDecodeError as error:
                    received = f"the byte {text[error.start]:#04x}"
                    raise UserError(
                        f"{file}, line {line}", "must be UTF-8", received, "Save the file as UTF-8."
                    ) from None


def _records(file: Path, blank: bool) -> Iterator[tuple[int, list[str]]]:
    """Records with the line where each begins, counted from 1; blank lines below the header only where `blank`."""
    with file.open(encoding="utf-8-sig", newline="") as stream:
        reader, line, header = csv.reader(stream), 1, False
        try:
            for record in reader:
                if record or (blank and header):
                    header = True
                    yield line, record
                line = reader.line_num + 1
        except csv.Error as error:
            raise UserError(f"{file}, line {line}", "must be CSV", error, "Mend the quotes in this line.") from None


def _check_fields(file: Path, names: list[str]) -> None:
    for line, record in _records(file, blank=False):
        if len(record) != len(names):
            mend = "Fields are separated by commas; numbers have a decimal point, and text with a comma needs quotes."
            rule = f"must have as many fields as the header, {len(names)}"
            raise UserError(f"{file}, line {line}", rule, len(record), mend)


def _parquet(file: Path) -> tuple[list[str], _Read]:
    """The columns of a Parquet file, and what reads some of them."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        opened = pq.ParquetFile(file)
    except (pa.ArrowInvalid, OSError) as error:
        raise UserError(str(file), "must be a Parquet file", str(error)[:200], "Save it again.") from None
    names: list[str] = opened.schema_arrow.names

    def read(columns: list[str], time: str | None) -> _Table:
        wanted = dict.fromkeys([*columns, *([] if time is None else [time])])
        try:
            table = opened.read(columns=list(wanted))
        except (pa.ArrowException, OSError) as error:
            raise UserError(str(file), "must be a Parquet file", str(error)[:200], "Save it again.") from None
        return _Table(file, table, lambda row: f"row {row + 1}")

    return names, read


def _numbers(table: _Table, name: str) -> np.ndarray:
    """One column as float64 [rows]; neither infinite nor missing altogether."""
    import pyarrow as pa

    column = table.columns.column(name)
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind):
        values = _from_text(table, name, column.cast(pa.string()))
    elif _is_number(kind):
        values = column.cast(pa.float64(), safe=False).to_numpy()
    else:
        raise UserError(f"{table.path}, column {name}", "must hold numbers", kind, "Name another column.")
    infinite = np.flatnonzero(np.isinf(values))
    if infinite.size:
        row = int(infinite[0])
        raise table.error(
            row, name, "must be finite", values[row], "Leave the cell empty where the value is not known."
        )
    if np.isnan(values).all():
        raise UserError(
            f"{table.path}, column {name}", "must hold numbers", "missing cells alone", "Name another column."
        )
    return np.asarray(values, dtype=np.float64)


def _is_number(kind: Any) -> bool:
    import pyarrow as pa

    tests = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal, pa.types.is_null)
    return any(test(kind) for test in tests)


def _from_text(table: _Table, name: str, column: pa.ChunkedArray) -> np.ndarray:
    """Numbers out of text, such as +1.5, which arrow does not take for one."""
    import pandas as pd

    text = pd.Series(column.to_numpy(), dtype="str").str.strip()
    values = pd.to_numeric(text, errors="coerce").to_numpy(dtype=np.float64)
    wrong = np.flatnonzero(np.isnan(values) & ~(text.isna() | text.isin(MISSING)).to_numpy())
    if wrong.size:
        row = int(wrong[0])
        mend = "Mend the cell, or leave it empty where the value is not known."
        raise table.error(row, name, "must be a number", repr(text.iloc[row][:60]), mend)
    return values


def _times(table: _Table, name: str) -> np.ndarray:
    """The times as datetime64[s] [rows], whose order was checked at their own resolution."""
    import pandas as pd
    import pyarrow as pa

    column = table.columns.column(name)
    if pa.types.is_timestamp(column.type) or pa.types.is_date(column.type):
        parsed = column.cast(pa.timestamp("us"), safe=False).to_numpy()
    else:
        # Piece by piece, for millions of texts as Python objects would take most of the memory of this stage.
        pieces = []
        for piece in column.cast(pa.string()).chunks:
            text = pd.Series(piece.to_numpy(zero_copy_only=False), dtype="str")
            times = pd.to_datetime(text, format="ISO8601", errors="coerce", utc=True)
            pieces.append(times.dt.tz_localize(None).to_numpy().astype("datetime64[us]"))
        parsed = np.concatenate(pieces)
    wrong = np.flatnonzero(np.isnat(parsed))
    if wrong.size:
        row = int(wrong[0])
        received = column[row].as_py()
        shown = "a missing cell" if received is None else repr(str(received)[:60])
        raise table.error(
            row, name, "must be a time as in 2016-07-01 13:00:00", shown, "Write times in ISO 8601, year first."
        )
    back = np.flatnonzero(parsed[1:] <= parsed[:-1])
    if back.size:
        row = int(back[0]) + 1
        shown = f"{parsed[row].astype('datetime64[s]')} after {parsed[row - 1].astype('datetime64[s]')}"
        if parsed[row] == parsed[row - 1]:
            raise table.error(row, name, "must not repeat a time", shown, "Keep one row per time.")
        raise table.error(row, name, "must be later than the row before", shown, "Sort the rows by time.")
    return np.asarray(parsed.astype("datetime64[s]"))
