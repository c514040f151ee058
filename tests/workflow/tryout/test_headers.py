"""Headers of fewer fields than their rows, and lines above a header."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.common.errors import UserError
from tests.workflow.tryout.files import days, text, workbook
from workflow.tryout import files
from workflow.tryout.table import Table

DAYS = [f"{day:%Y-%m-%d}" for day in days(60)]
ROWS = [[day, f"{i % 7}.5", f"{i % 2}"] for i, day in enumerate(DAYS)]
COUNTS = [200 + 97 * i for i in range(60)]  # 200 to 5,923
HEADER = "date,load,on"


def read(folder: Path, content: str) -> Table:
    (folder / "a.csv").write_text(content)
    return files.read(folder / "a.csv")


@pytest.mark.parametrize(
    "name",
    [
        lambda i: f'"{i + 1}"',  # as R's `write.table`
        lambda i: str(140 + i),  # rows of a part of a file
        lambda i: f"site {i}",
        lambda i: str(3 * i + i % 2),  # rows that were chosen
    ],
)
def test_a_header_without_a_name_for_the_names_of_the_rows_is_moved_to_the_right(tmp_path: Path, name: object) -> None:
    rows = [[name(i), *row] for i, row in enumerate(ROWS)]  # type: ignore[operator]
    table = read(tmp_path, text(rows, header=HEADER))
    assert table.names == ["column_1", "date", "load", "on"]
    assert [table.column(each).tolist() for each in table.names[1:]] == [
        list(column) for column in zip(*ROWS, strict=True)
    ]


def test_of_counted_rows_the_last_columns_may_be_whole_numbers(tmp_path: Path) -> None:
    rows = [[f"{i}", f"{i % 7}", f"{100 + i}"] for i in range(60)]
    assert read(tmp_path, text(rows, header="gears,power")).names == ["column_1", "gears", "power"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_separator_at_the_end_of_each_row_is_no_column(tmp_path: Path, separator: str) -> None:
    table = read(tmp_path, text([[*row, ""] for row in ROWS], separator, HEADER))
    assert table.names == ["date", "load", "on"]
    assert table.column("on").tolist() == [row[2] for row in ROWS]


SPLIT = {
    "groups of three": [[day, f"{1000 + 97 * i:,}"] for i, day in enumerate(DAYS)],
    "groups of three in some rows": [[day, f"{count:,}"] for day, count in zip(DAYS, COUNTS, strict=True)],
    "groups of three with decimals": [[day, f"{1000 + 97.5 * i:,.2f}"] for i, day in enumerate(DAYS)],
    "groups of three, counted": [[f"{i}", f"{1000 + 97 * i:,}"] for i in range(60)],
    "decimal commas": [[day, f"{i % 9},{i % 5}"] for i, day in enumerate(DAYS)],
    "a field too many in the last rows": [[*row, "x"] if i > 9 else row for i, row in enumerate(ROWS)],
}


@pytest.mark.parametrize("name", SPLIT)
def test_a_separator_too_many_within_rows_is_refused(tmp_path: Path, name: str) -> None:
    rows = SPLIT[name]
    header = ["date", "visits", "on"][: len(rows[0])]
    with pytest.raises(UserError) as caught:
        read(tmp_path, text(rows, header=",".join(header)))
    line = str(caught.value)
    wrong = next(i for i, row in enumerate(rows) if ",".join(row).count(",") == len(header)) + 2
    assert f"a.csv, line {wrong}`" in line
    assert (
        f"must have as many fields as the header, {len(header)}. Received: {len(header) + 1}. Quote the cells" in line
    )
    # The fix works.
    quoted = [[f'"{cell}"' for cell in row[: len(header)]] for row in rows]
    assert read(tmp_path, text(quoted, header=",".join(header))).names == header


def test_two_fields_above_a_header_are_not_taken_for_it(tmp_path: Path) -> None:
    assert read(tmp_path, "Station,Berlin\n" + text(ROWS, header=HEADER)).names == ["date", "load", "on"]


@pytest.mark.parametrize(
    "above",
    [
        [["Station:", "Berlin", "", ""], ["Lat:", "52.5", "", ""], ["Lon:", "13.4", "", ""]],
        [["Report", "Energy", "", ""], ["Generated", "2024-02-01", "", ""], ["", "", "", ""]],
        [["Report", "", "", ""], ["Station", "Berlin", "", ""]],
        [["Hourly report", "", "", ""]],
        [["Key", "Value", "Unit", ""], ["Height", "3.2", "m", ""]],
    ],
)
def test_pairs_of_a_key_and_a_value_above_the_header_are_left_out(tmp_path: Path, above: list[list[str]]) -> None:
    rows = [[day, f"{i % 24}", f"{100 + i}", f"{i}"] for i, day in enumerate(DAYS)]
    names = ["Date", "Hour", "Market Demand", "Ontario Demand"]
    table = read(tmp_path, text([*above, names, *rows], header=None))
    assert table.names == names
    assert len(table) == 60
    workbook(tmp_path / "a.xlsx", {"one": [*above, names, *rows]})
    assert files.read(tmp_path / "a.xlsx").names == names


@pytest.mark.parametrize("header", [",load,on", "date,load,", "date,,on"])
def test_a_header_with_an_empty_name_stays_one(tmp_path: Path, header: str) -> None:
    rows = [[DAYS[0], "NA", "NA"], *ROWS[1:]]
    table = read(tmp_path, text(rows, header=header))
    assert len(table) == 60
    assert [name for name in header.split(",") if name in table.names] == [n for n in header.split(",") if n]
