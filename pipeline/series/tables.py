"""CSV and Parquet files: some of their columns as Arrow columns, and the place of a row for error messages.

Arrow reads a CSV file fast. Only if something is wrong with the file is it read again, record by record, to find the
line.
"""

from __future__ import annotations

import codecs
import csv
from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pipeline.common.errors import UserError

if TYPE_CHECKING:
    import pyarrow as pa

# Files of other kinds under the name of a CSV file, by their first bytes.
_KINDS = {
    b"PK\x03\x04": "an Excel workbook, or another packed file",
    b"\xd0\xcf\x11\xe0": "an Excel workbook",
    b"PAR1": "a Parquet file",
    b"\x1f\x8b": "a file compressed with gzip",
}
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SEPARATORS = {";": "semicolons", "\t": "tabs"}
MISSING = ["", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "-nan", "-NaN", "NULL", "null", "None"]


class TableFile(ABC):
    """A file of columns.

    Attributes:
        path: where it is.
        names: the names of its columns.
    """

    def __init__(self, path: Path, names: list[str]) -> None:
        self.path, self.names = path, names

    @abstractmethod
    def read(self, columns: list[str], texts: list[str]) -> pa.Table:
        """Read `columns`, as numbers where possible, and `texts`, times and ids as they are written."""

    @abstractmethod
    def place(self, row: int) -> str:
        """Return the place of a row, counted from 0, as a text editor or viewer shows it."""

    def error(self, row: int, column: str, rule: str, received: object, fix: str) -> UserError:
        """Return the error for one cell."""
        return UserError(f"{self.path}, {self.place(row)}, column {column}", rule, received, fix)


class CsvFile(TableFile):
    """A CSV file: UTF-8, commas, a decimal point, a header."""

    def __init__(self, path: Path) -> None:
        _check_kind(path)
        _check_utf8(path)
        records = list(islice(_records(path, blank=False), 2))
        if not records:
            raise UserError(str(path), "must have rows", "blank lines alone", "Copy it again.")
        if len(records) == 1:
            raise UserError(str(path), "must have rows below its header", "a header alone", "Add the rows.")
        line, names = records[0]
        _check_separator(path, line, names, records[1][1])
        super().__init__(path, names)
        self._single = len(names) == 1  # a blank line is then a missing cell, unless it is above the header
        self._above = line - 1 if self._single else 0

    def place(self, row: int) -> str:
        """See `TableFile.place`."""
        records = _records(self.path, blank=self._single)
        line, _ = next(islice(records, row + 1, None), (0, []))  # the header is the first record
        return f"line {line}"

    def read(self, columns: list[str], texts: list[str]) -> pa.Table:
        """See `TableFile.read`."""
        import pyarrow as pa

        try:
            table = self._read_as(pa.float64(), columns, texts)
        except pa.ArrowInvalid:
            self._check_fields()
            try:
                table = self._read_as(pa.string(), columns, texts)
            except pa.ArrowInvalid as error:
                raise UserError(str(self.path), "must be a CSV file", str(error)[:200], "Correct the file.") from None
        if self._single:
            # Blank lines at the end are no rows.
            given = np.flatnonzero(~table.column(0).is_null().to_numpy())
            table = table.slice(0, int(given[-1]) + 1) if given.size else table
        return table

    def _read_as(self, kind: pa.DataType, columns: list[str], texts: list[str]) -> pa.Table:
        import pyarrow as pa
        import pyarrow.csv as arrow_csv

        kinds = dict.fromkeys(columns, kind) | dict.fromkeys(texts, pa.string())
        return arrow_csv.read_csv(
            self.path,
            read_options=arrow_csv.ReadOptions(block_size=1 << 24, skip_rows=self._above),
            parse_options=arrow_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=not self._single),
            convert_options=arrow_csv.ConvertOptions(
                include_columns=list(kinds), column_types=kinds, null_values=MISSING, strings_can_be_null=True
            ),
        )

    def _check_fields(self) -> None:
        for line, record in _records(self.path, blank=False):
            if len(record) != len(self.names):
                raise UserError(
                    f"{self.path}, line {line}",
                    f"must have as many fields as the header, {len(self.names)}",
                    len(record),
                    "Separate fields by commas, write numbers with a decimal point, and quote text with a comma.",
                )


class ParquetFile(TableFile):
    """A Parquet file."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            self._file = pq.ParquetFile(path)
        except (pa.ArrowInvalid, OSError) as error:
            raise UserError(str(path), "must be a Parquet file", str(error)[:200], "Save it again.") from None
        super().__init__(path, self._file.schema_arrow.names)

    def place(self, row: int) -> str:
        """See `TableFile.place`."""
        return f"row {row + 1}"

    def read(self, columns: list[str], texts: list[str]) -> pa.Table:
        """See `TableFile.read`."""
        import pyarrow as pa

        try:
            return self._file.read(columns=list(dict.fromkeys([*columns, *texts])))
        except (pa.ArrowException, OSError) as error:
            raise UserError(str(self.path), "must be a Parquet file", str(error)[:200], "Save it again.") from None


def converting(path: Path) -> str:
    """Return the way out of a file that is fine, but of another form: words of a fix."""
    return f"let `make try FILE={path}` convert it"


def _check_kind(path: Path) -> None:
    with path.open("rb") as stream:
        head = stream.read(4)
    kind = next((name for magic, name in _KINDS.items() if head.startswith(magic)), None)
    if kind is not None:
        fix = f"Save the table as CSV, or {converting(path)}."
        raise UserError(str(path), "must be a CSV file, as its name says", kind, fix)
    if head.startswith(_UTF_16):
        fix = f"Save the file as UTF-8, or {converting(path)}."
        raise UserError(f"{path}, line 1", "must be UTF-8", "UTF-16", fix)


def _check_separator(path: Path, line: int, names: list[str], record: list[str]) -> None:
    """Refuse a header that is a single name, because its fields are separated by something else."""
    for separator, name in _SEPARATORS.items():
        if len(names) == 1 and 0 < names[0].count(separator) <= ",".join(record).count(separator):
            fix = f"Save the file with commas and decimal points, or {converting(path)}."
            raise UserError(f"{path}, line {line}", "must separate fields by commas", name, fix)


def _check_utf8(path: Path) -> None:
    decoder, line, block = codecs.getincrementaldecoder("utf-8")(), 1, b"first"
    with path.open("rb") as stream:
        while block:
            block = stream.read(1 << 24)
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                line += error.object.count(b"\n", 0, error.start)
                received = f"the byte {error.object[error.start]:#04x}"
                fix = f"Save the file as UTF-8, or {converting(path)}."
                raise UserError(f"{path}, line {line}", "must be UTF-8", received, fix) from None
            line += block.count(b"\n")


def _records(path: Path, blank: bool) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with its first line, counted from 1; blank lines below the header only if `blank`."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader, line, header = csv.reader(stream), 1, False
        try:
            for record in reader:
                if record or (blank and header):
                    header = True
                    yield line, record
                line = reader.line_num + 1
        except csv.Error as error:
            raise UserError(f"{path}, line {line}", "must be CSV", error, "Correct the quotes in this line.") from None
