"""CSV and Parquet files: some of their columns as Arrow columns, and the place of a row for error messages.

Arrow reads a CSV file fast. Only if something is wrong with the file is it read again, record by record, to find the
line.
"""

from __future__ import annotations

import codecs
import csv
import re
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np

from pipeline.common.errors import UserError
from pipeline.series import kinds
from pipeline.series.settings import listing

if TYPE_CHECKING:
    import pyarrow as pa

_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars", ",": "lines in quotes"}
_ABOVE = 40  # records among which a header may stand below titles
MISSING = ["", "NA", "N/A", "n/a", "#N/A", "NaN", "nan", "-nan", "-NaN", "NULL", "null", "None"]


class Columns(Protocol):
    """Columns of a file by name: a table of Arrow's, or columns that are read when they are asked for."""

    @property
    def num_rows(self) -> int:
        """Number of rows."""

    def column(self, name: str, /) -> pa.ChunkedArray:
        """Return one column."""


class TableFile(ABC):
    """A file of columns.

    Attributes:
        path: where it is.
        names: the names of its columns.
    """

    def __init__(self, path: Path, names: list[str]) -> None:
        self.path, self.names = path, names

    @abstractmethod
    def read(self, columns: list[str], texts: list[str]) -> Columns:
        """Read `columns`, as numbers where possible, and `texts`, times and ids as they are written."""

    @abstractmethod
    def check_header(self, wanted: list[str]) -> None:
        """Refuse a file whose header stands elsewhere, or is none: the culprit is not the setting that names a column.

        Args:
            wanted: the names of all columns that the settings name.

        Raises:
            UserError: the first line is no header.
        """

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
        records = list(islice(_records(path, blank=False), _ABOVE))
        if not records:
            raise UserError(str(path), "must have rows", "blank lines alone", "Copy it again.")
        if len(records) == 1:
            raise UserError(str(path), "must have rows below its header", "a header alone", "Add the rows.")
        line, names = records[0]
        _check_separator(path, line, names, records[1][1])
        _check_titles(path, records)
        super().__init__(path, names)
        self._first = records
        self._single = len(names) == 1  # a blank line is then a missing cell, unless it is above the header
        self._above = line - 1 if self._single else 0

    def check_header(self, wanted: list[str]) -> None:
        """See `TableFile.check_header`."""
        if set(wanted) <= set(self.names):
            return
        for line, record in self._first[1:]:
            if set(wanted) <= {cell.strip() for cell in record}:
                raise _titles(self.path, self._first[0], line)
        line, names = self._first[0]
        if all(re.fullmatch(r"[-+]?\d[-\d.,:/T Z+]*", name.strip()) for name in names):
            fix = "Write the names of the columns into a line above it."
            raise UserError(f"{self.path}, line {line}", "must be a header", listing(names, 5), fix)
        if len(names) == 1 and len(self._first[1][1]) == 1:
            fix = f"If it is a table, save it with commas and decimal points, or {converting(self.path)}."
            raise UserError(
                f"{self.path}, line {line}",
                f"must be a header with {listing(list(dict.fromkeys(wanted)))}, separated by commas",
                repr(names[0][:60]),
                fix,
            )

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
        width = len(self.names)
        for line, record in _records(self.path, blank=False):
            if len(record) != width:
                fix = "Separate fields by commas, write numbers with a decimal point, and quote text with a comma."
                if len(record) == width + 1 and not record[-1].strip():
                    fix = f"Remove the comma at the end, or {converting(self.path)}."
                elif len(record) == width - 1 and not self.names[-1].strip():
                    fix = f"Remove the comma at the end of the header, or {converting(self.path)}."
                elif len(record) == 1:
                    fix = f"Remove the line if it is a sum or a remark, or {converting(self.path)}."
                rule = f"must have as many fields as the header, {width}"
                raise UserError(f"{self.path}, line {line}", rule, len(record), fix)


class ParquetFile(TableFile):
    """A Parquet file."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            # A little at a time: by default Arrow holds the bytes of a whole column beside its cells.
            self._file = pq.ParquetFile(path, pre_buffer=False, buffer_size=1 << 20)
        except (pa.ArrowInvalid, OSError) as error:
            raise UserError(str(path), "must be a Parquet file", str(error)[:200], "Save it again.") from None
        super().__init__(path, self._file.schema_arrow.names)

    def check_header(self, wanted: list[str]) -> None:
        """See `TableFile.check_header`: the names of the columns are never rows here."""

    def place(self, row: int) -> str:
        """See `TableFile.place`."""
        return f"row {row + 1}"

    def read(self, columns: list[str], texts: list[str]) -> Columns:
        """See `TableFile.read`: nothing is read yet, so that one column after the other is in memory."""
        return self

    @property
    def num_rows(self) -> int:
        """See `Columns.num_rows`."""
        return int(self._file.metadata.num_rows)

    def column(self, name: str) -> pa.ChunkedArray:
        """See `Columns.column`."""
        import pyarrow as pa

        try:
            return self._file.read(columns=[name]).column(name)
        except (pa.ArrowException, OSError) as error:
            raise UserError(str(self.path), "must be a Parquet file", str(error)[:200], "Save it again.") from None


def converting(path: Path) -> str:
    """Return the way out of a file that is fine, but of another form: words of a fix."""
    return f"let `make try FILE={path}` convert it"


def _check_kind(path: Path) -> None:
    kind = kinds.of(path)
    if kind is not None:
        fix = kind.fix or f"Save the table as CSV, or {converting(path)}."
        raise UserError(str(path), "must be a CSV file, as its name says", kind.name, fix)
    with path.open("rb") as stream:
        encoding = kinds.wide_encoding(stream.read(4096))
    if encoding is not None:
        fix = f"Save the file as UTF-8, or {converting(path)}."
        raise UserError(f"{path}, line 1", "must be UTF-8", encoding.upper()[:6], fix)


def _check_separator(path: Path, line: int, names: list[str], record: list[str]) -> None:
    """Refuse a header that is a single name, because its fields are separated by something else."""
    if len(names) > 1:
        return
    name, cells = names[0].strip(), ",".join(record).strip()
    found = next((each for mark, each in _SEPARATORS.items() if 0 < name.count(mark) <= cells.count(mark)), None)
    # A date and a time of day have a space between them, below a header of one word.
    if found is None and len(name.split()) == len(cells.split()) > 1 and re.search(r"\d$", cells):
        found = "spaces"
    if found is not None:
        fix = f"Save the file with commas and decimal points, or {converting(path)}."
        raise UserError(f"{path}, line {line}", "must separate fields by commas", found, fix)


def _check_titles(path: Path, records: list[tuple[int, list[str]]]) -> None:
    """Refuse titles and remarks above a header: a first line of other fields than those below, or of one text."""
    names = records[0][1]
    width = Counter(len(record) for _, record in records).most_common(1)[0][0]
    alone = bool(names[0].strip()) and not any(cell.strip() for cell in names[1:])
    if len(names) == width and not alone:
        return
    for line, record in records[1:]:
        if len(record) == width > 1 and all(re.search(r"[^\W\d]", cell) for cell in record):
            raise _titles(path, records[0], line)


def _titles(path: Path, first: tuple[int, list[str]], line: int) -> UserError:
    fix = f"Line {line} seems to be the header: remove all lines above it, or {converting(path)}."
    received = repr(",".join(first[1])[:60])
    return UserError(f"{path}, line {first[0]}", "must be the header, with nothing above it", received, fix)


def _check_utf8(path: Path) -> None:
    decoder, line, block = codecs.getincrementaldecoder("utf-8")(), 1, b"first"
    with path.open("rb") as stream:
        while block:
            block = stream.read(1 << 24)
            if (null := block.find(b"\0")) >= 0:
                line += block.count(b"\n", 0, null)
                raise UserError(
                    f"{path}, line {line}", "must be text", "a null byte", "Remove it, or export the file again."
                )
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
