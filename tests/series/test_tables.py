"""CSV and Parquet files: cells against those that were written, and the line of every record."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.common.errors import UserError
from pipeline.series.tables import MISSING, CsvFile, ParquetFile

CELLS = st.one_of(st.floats(allow_nan=False, allow_infinity=False).map(repr), st.sampled_from(MISSING))
NOTES = st.sampled_from(["x", "a,b", "two\nlines", 'a "quote"', "", "three\n\nlines"])


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tables") / "a.csv"


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(CELLS, NOTES, CELLS, st.integers(0, 2)), min_size=1, max_size=12),
    st.sampled_from(["\n", "\r\n"]),
    st.booleans(),
)
def test_cells_are_read_and_every_record_is_found(
    path: Path, records: list[tuple[str, str, str, int]], end: str, mark: bool
) -> None:
    text, lines = "\ufeff" * mark + f"a,note,b{end}", []
    for a, note, b, blank in records:
        lines.append(text.count("\n") + 1)
        row = io.StringIO()
        csv.writer(row, lineterminator=end).writerow([a, note, b])
        text += row.getvalue() + end * blank
    path.write_bytes(text.encode())
    file = CsvFile(path)
    assert file.names == ["a", "note", "b"]
    table = file.read(["b", "a"], ["note"])
    assert (table.column_names, table.num_rows) == (["b", "a", "note"], len(records))
    for name, position in (("a", 0), ("b", 2)):
        expected = [None if record[position] in MISSING else float(record[position]) for record in records]
        assert table.column(name).to_pylist() == expected
    assert [file.place(row) for row in range(len(records))] == [f"line {line}" for line in lines]
    assert str(file.error(0, "b", "must be a number", "x", "Correct it.")).startswith(
        f"`{path}, line {lines[0]}, column b` must be a number. Received: x."
    )
    assert file.read(["a"], []).column_names == ["a"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(["", "1", "2.5", "NA"]), min_size=1, max_size=10), st.integers(0, 3))
def test_a_blank_line_of_one_column_is_a_missing_cell_but_at_the_end(path: Path, cells: list[str], first: int) -> None:
    path.write_text("\n" * first + "a\n" + "\n".join(cells) + "\n")
    values = [None if cell in MISSING else float(cell) for cell in cells]
    while len(values) > 1 and values[-1] is None and any(value is not None for value in values):
        values.pop()
    if not any(cells):
        with pytest.raises(UserError, match="a header alone"):
            CsvFile(path)
        return
    file = CsvFile(path)
    assert file.read(["a"], []).column("a").to_pylist() == values
    assert [file.place(row) for row in range(len(cells))] == [f"line {first + 2 + row}" for row in range(len(cells))]
    assert file.place(len(cells)) == "line 0"


def test_numbers_that_arrow_does_not_parse_stay_text(path: Path) -> None:
    path.write_text("a,b\n+1.5,2\nx,\n")
    assert CsvFile(path).read(["a", "b"], []).to_pydict() == {"a": ["+1.5", "x"], "b": ["2", None]}


def test_a_line_break_in_quotes_may_be_the_last_one_of_a_block(path: Path) -> None:
    path.write_text("a,note\n" + "".join(f'{i},"x\n{"y" * 100_000}"\n' for i in range(180)))
    assert CsvFile(path).read(["a"], []).column("a").to_pylist() == list(range(180))


@pytest.mark.parametrize("before", [0, 5, (1 << 24) - 3, (1 << 24) + 3])
def test_the_line_of_a_byte_that_is_no_utf8_is_found_in_any_block(path: Path, before: int) -> None:
    whole = b"a\n1\n" + b"#\xc3\xa9\n" * (before // 4) + b" " * (before % 4)
    path.write_bytes(whole + b"2\n\xff\n")
    with pytest.raises(UserError) as caught:
        CsvFile(path)
    line = whole.count(b"\n") + 2
    assert f"line {line}` must be UTF-8. Received: the byte 0xff." in str(caught.value)


def test_a_file_that_ends_within_a_character_is_no_utf8(path: Path) -> None:
    path.write_bytes(b"a\n1\n\xc3")
    with pytest.raises(UserError, match="line 3` must be UTF-8"):
        CsvFile(path)


@pytest.mark.parametrize(
    ("text", "place", "received"),
    [
        ("a,b\n1,2\n\n3\n", "line 4", "1"),
        ('a,b\n1,"x\ny"\n1,2,3\n', "line 4", "3"),
        ('a,b\n1,2\n"3,4\n', "line 3", "1"),
    ],
)
def test_a_record_of_another_width_is_named_with_its_first_line(
    path: Path, text: str, place: str, received: str
) -> None:
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        CsvFile(path).read(["a", "b"], [])
    assert f", {place}` must have as many fields as the header, 2. Received: {received}." in str(caught.value)


def test_a_field_beyond_the_limit_of_python_s_reader_names_its_line(path: Path) -> None:
    path.write_text("a,b\n" + "x" * (csv.field_size_limit() + 1) + ",1,3\n")
    with pytest.raises(UserError, match=r"line 2` must be CSV\."):
        CsvFile(path)


def test_parquet_has_rows_columns_once_and_places(path: Path) -> None:
    other = path.with_suffix(".parquet")
    pq.write_table(pa.table({"a": [1, None], "t": ["x", "y"], "b": [Decimal("0.5"), Decimal("1.5")]}), other)
    file = ParquetFile(other)
    assert file.names == ["a", "t", "b"]
    assert (file.place(0), file.place(6)) == ("row 1", "row 7")
    found = file.read(["b", "a"], ["t"])
    assert found.num_rows == 2
    cells = {name: found.column(name).to_pylist() for name in ("b", "a", "t")}
    assert cells == {"b": [Decimal("0.5"), Decimal("1.5")], "a": [1, None], "t": ["x", "y"]}


def test_a_parquet_file_with_a_damaged_page_is_named(path: Path) -> None:
    other = path.with_suffix(".parquet")
    pq.write_table(pa.table({"a": np.random.default_rng(0).normal(size=5000)}), other, compression="zstd")
    content = bytearray(other.read_bytes())
    content[4:4000] = b"\x00" * 3996
    other.write_bytes(bytes(content))
    with pytest.raises(UserError, match="must be a Parquet file"):
        ParquetFile(other).read(["a"], []).column("a")
