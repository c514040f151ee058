"""Broken files: each is one line with file, line and column, rule, value and a fix, and the fixes are done."""

from __future__ import annotations

import io
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.common.errors import UserError
from pipeline.series import reading
from tests.series.test_kinds import OTHER_KINDS

DAYS = [str(date(2019, 1, 1) + timedelta(days=i)) for i in range(40)]
ROWS = [f"{day},{100 + i % 7}.5,{i % 5}" for i, day in enumerate(DAYS)]
HEADER = "date,load,temperature"
BASE = {"source": "data/own/mine.csv", "time": "date", "target": "load", "features": ["load", "temperature"]}


class Case(NamedTuple):
    """A broken file, words of its line, and the file or the settings after the fix."""

    content: bytes
    words: str
    mended: bytes | None = None
    settings: dict[str, Any] = {}  # noqa: RUF012 - never changed
    mended_settings: dict[str, Any] | None = None


def table(rows: list[str], header: str = HEADER, end: str = "\n") -> bytes:
    return end.join([header, *rows, ""]).encode()


def changed(line: int, old: str, new: str) -> bytes:
    """The good file with one change; lines count from 1, the header is the first."""
    rows = list(ROWS)
    assert old in rows[line - 2], rows[line - 2]
    rows[line - 2] = rows[line - 2].replace(old, new, 1)
    return table(rows)


GOOD = table(ROWS)


def cell(text: str, words: str, line: int = 9) -> Case:
    """A wrong number, and the same cell empty."""
    old = ROWS[line - 2].split(",")[1]
    place = rf"`data/own/mine\.csv, line {line}, column load` {words}"
    return Case(changed(line, f",{old},", f",{text},"), place, changed(line, f",{old},", ",,"))


def time(text: str, words: str, line: int = 9, place: str = "line 9, column date") -> Case:
    return Case(changed(line, DAYS[line - 2], text), rf"`data/own/mine\.csv, {place}` {words}", GOOD)


def setting(words: str, mended: dict[str, Any] | None = None, content: bytes = GOOD, **settings: Any) -> Case:
    return Case(content, words, content, settings, mended or {})


def parquet(**columns: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out)
    return out.getvalue()


PARQUET = {"source": "data/own/mine.parquet"}
NUMBERS = {"date": np.array(DAYS, dtype="datetime64[s]"), "load": np.arange(40.0), "temperature": np.arange(40)}
NUMBER, LATER, NO_COLUMN = "must be a number", "must be later than the row before", "must name a column"

NO_TIME, NO_NUMBER = pa.array([], pa.timestamp("s")), pa.array([], pa.float64())

ABOVE, COMMAS = r"must be the header, with nothing above it\.", r"must separate fields by commas\. Received:"
SAVE = "Save the file with commas and decimal points, or let `make try"
COLUMN, ONE = "\n".join(["load", *(f"{i % 7}.5" for i in range(40)), ""]).encode(), {"time": None, "features": None}


def parquet_case(words: str, **columns: Any) -> Case:
    return Case(parquet(**NUMBERS | columns), words, parquet(**NUMBERS), PARQUET, PARQUET)


BROKEN: dict[str, Case] = {
    # Cells that are not numbers.
    "word": cell("hoch", rf"{NUMBER}\. Received: 'hoch'\. Correct the cell, or leave it empty"),
    "unit": cell("104 kW", NUMBER),
    "percent": cell("15 %", NUMBER),
    "currency": cell("€5", NUMBER),
    "dash": cell("-", NUMBER),
    "question mark": cell("?", NUMBER),
    "two points": cell("1.2.3", NUMBER),
    "thousands": cell("1.234.567", NUMBER),
    "thousands in spaces": cell("1 234", NUMBER),
    "apostrophe": cell("1'234", NUMBER),
    "hexadecimal": cell("0x1G", NUMBER),
    "formula": cell("=SUM(B2:B8)", NUMBER),
    "formula of a command": cell("=cmd|' /C calc'!A0", NUMBER),
    "error of a spreadsheet": cell("#DIV/0!", NUMBER),
    "error of a name": cell("#NAME?", NUMBER),
    "error of a value": cell("#VALUE!", NUMBER),
    "error of a reference": cell("#REF!", NUMBER),
    "hashes": cell("########", NUMBER),
    "date": cell("2020-01-01", NUMBER),
    "time": cell("12:30", NUMBER),
    "script": cell("<script>alert(1)</script>", NUMBER),
    "escape": cell("\x1b[2J5", rf"{NUMBER}\. Received: '.*x1b\[2J5'"),
    "bell": cell("5\x07", NUMBER),
    "right to left": cell("\u202e5", NUMBER),
    "zero width": cell("5\u200b5", NUMBER),
    "minus of typography": cell("−5", NUMBER),
    "full-width digits": cell("５x", NUMBER),
    "long": cell("x" * 5000, NUMBER),
    "infinity": cell("inf", r"must be finite\. Received: inf\. Leave the cell empty"),
    "minus infinity": cell("-Infinity", "must be finite"),
    "beyond every number": cell("1e999", "must be finite"),
    "first row": cell("x", NUMBER, line=2),
    "last row": cell("x", NUMBER, line=41),
    "feature": Case(
        changed(9, ",2\n"[:-1], ",cold"),
        rf"`data/own/mine\.csv, line 9, column temperature` {NUMBER}",
        changed(9, ",2", ","),
    ),
    "quoted decimal comma": cell('"104,82"', NUMBER),
    # Rows of another width.
    "field missing": Case(changed(9, ",2", ""), r"`data/own/mine\.csv, line 9` must have as many fields", GOOD),
    "field too many": Case(changed(9, ",2", ",2,7"), r"line 9` must have as many fields as the header, 3", GOOD),
    "decimal comma": Case(changed(9, "100.5", "100,5"), r"line 9` must have as many fields.*decimal point", GOOD),
    "comma in text": Case(changed(9, ",2", ",a, b"), r"line 9` must have as many fields", GOOD),
    "quote left open": Case(changed(9, ",2", ',"2'), r"`data/own/mine\.csv", GOOD),
    "note below": Case(GOOD + b"Source: the web, 2020\n", r"line 42` must have as many fields", GOOD),
    "title above": Case(b"My data\n" + GOOD, rf"line 1` {ABOVE} Received: 'My data'\. Line 2 seems", GOOD),
    "sum below": Case(GOOD + b"Total,4000,80\n", r"line 42, column date` .* Remove the line if it is a sum", GOOD),
    "sum without a word": Case(GOOD + b",4000,80\n", r"line 42, column date` .* Remove the line if it is a sum", GOOD),
    "total alone": Case(GOOD + b"Total\n", r"line 42` must have as many .* Remove the line if it is a sum", GOOD),
    "comma behind each row": Case(
        table([f"{row}," for row in ROWS]), r"line 2` .* Received: 4\. Remove the comma at the end, or", GOOD
    ),
    "comma behind the header": Case(
        table(ROWS, f"{HEADER},"), r"line 2` .* Received: 3\. Remove the comma at the end of the header", GOOD
    ),
    "thousands in quotes": Case(
        table([f'{day},"10,03{i % 7}.5",{i % 5}' for i, day in enumerate(DAYS)]),
        r"line 2, column load` must be a number\. Received: '10,030\.5'\. Write 1234 for 1,234, in 40 cells",
        GOOD,
    ),
    # Headers.
    "empty": Case(b"", r"`data/own/mine\.csv` must have rows\. Received: an empty file", GOOD),
    "blank": Case(b"\n\n\n", r"`data/own/mine\.csv|`series\.mine", GOOD),
    "header alone": Case(HEADER.encode() + b"\n", "must have rows below its header", GOOD),
    "header missing": Case(
        GOOD.split(b"\n", 1)[1], r"line 1` must be a header\. Received: 2019-01-01, 100\.5, 0\. Write the names", GOOD
    ),
    "header twice": Case(
        table(ROWS, "date,load,load"), "must have a header that names each column once.*load twice", GOOD
    ),
    "header in the middle": Case(
        table([*ROWS[:9], HEADER, *ROWS[9:]]), r"line 11, column load` .* The header is repeated: remove the line", GOOD
    ),
    "header of times in the middle": Case(
        table([*ROWS[:9], "date,,", *ROWS[9:]]), r"line 11, column date` .* The header is repeated", GOOD
    ),
    "units below": Case(
        table([",kW,°C", *ROWS]), r"line 2, column load` .*'kW'\. Remove the line if it holds units", GOOD
    ),
    "titles above": Case(
        b"My data, 2019\n\n" + GOOD, rf"line 1` {ABOVE} Received: 'My data, 2019'\. Line 3 seems to be the header", GOOD
    ),
    "title as wide as the table": Case(b"Load, in kW, hourly\n" + GOOD, rf"line 1` {ABOVE} .* Line 2 seems", GOOD),
    "title of a spreadsheet": Case(b"Report,,\n,,\nUnit,kW,\n" + GOOD, rf"line 1` {ABOVE} .* Line 4 seems", GOOD),
    "another header above": Case(b"Date,Load,Temp\n" + GOOD, rf"line 1` {ABOVE} .* Line 2 seems", GOOD),
    "comments above": Case(b"# of a logger\n# a, b\n" + GOOD, rf"line 1` {ABOVE} .* Line 3 seems", GOOD),
    "mark of Excel": Case(b"sep=,\n" + GOOD, rf"line 1` {ABOVE} .* Line 2 seems", GOOD),
    "title above and a misspelt target": Case(
        b"My data\n" + GOOD, rf"line 1` {ABOVE} .* Line 2 seems", GOOD, {"target": "laod"}, {"target": "load"}
    ),
    "title of a spreadsheet and a misspelt target": Case(
        b"My data,,\n" + GOOD, rf"line 1` {ABOVE} .* Line 2 seems", GOOD, {"target": "laod"}, {"target": "load"}
    ),
    "title above one column": Case(
        b"My data\n" + COLUMN, rf"line 1` {ABOVE} Received: 'My data'\. Line 2 seems", COLUMN, ONE
    ),
    "spaces in the header": setting(
        r"must name a column", {"target": " load", "features": [" load"]}, table(ROWS, "date, load, temperature")
    ),
    # Columns that are not there.
    "target": setting(
        r"`series\.mine\.target` must name a column.*'laod'.*date, load, temperature", {"target": "load"}, target="laod"
    ),
    "target of another case": setting(
        r"`series\.mine\.target` must name a column.*'Load'", {"target": "load"}, target="Load"
    ),
    "feature not there": setting(
        r"`series\.mine\.features` must name.*wind", {"features": ["load"]}, features=["load", "wind"]
    ),
    "time not there": setting(r"`series\.mine\.time` must name a column.*'datum'", {"time": "date"}, time="datum"),
    "target of text": setting(
        "must be a number", {"target": "load"}, table([f"{row},calm" for row in ROWS], f"{HEADER},wind"), target="wind"
    ),
    "target is the time": setting("must be a number", {"target": "load"}, target="date"),
    "column without a value": Case(
        table([f"{day},,1" for day in DAYS]), r"column load` must hold numbers. Received: missing cells alone", GOOD
    ),
    "key of another source": setting(r"`series\.mine\.rows` must be a key of this source", {"rows": None}, rows=5),
    "zone that is none": setting("Berlin", {"zone": "Europe/Berlin"}, zone="Berlin"),
    # Times.
    "unsorted": time(DAYS[4], LATER),
    "repeated": time(DAYS[6], "must not repeat a time"),
    "newest first": Case(table(ROWS[::-1]), rf"line 3, column date` {LATER}", GOOD),
    "day first": time("08.01.2019", "must be a time"),
    "American": time("1/8/2019", "must be a time"),
    "month that is none": time("2019-13-01", "must be a time"),
    "day that is none": time("2019-02-30", "must be a time"),
    "hour that is none": time("2019-01-08 25:00", "must be a time"),
    "word for a time": time("yesterday", "must be a time"),
    "no time": time("", "must"),
    "serial number": time("43473", "must"),
    "formula for a time": time("=TODAY()", "must be a time"),
    "escape in a time": time("\x1b]0;x\x07", "must be a time"),
    "hole": Case(
        table(ROWS[:20] + ROWS[25:]), r"`data/own/mine\.csv.*hole|holes|missing", None, {}, {"holes": "irregular"}
    ),
    # Bytes.
    "Latin-1": Case("date,load,größe\n".encode("latin-1"), r"line 1` must be UTF-8\. Received: the byte 0xf6"),
    "UTF-16": Case(GOOD.decode().encode("utf-16"), r"line 1` must be UTF-8"),
    "cut within a character": Case(GOOD + "x,1,ö".encode()[:-1], r"line 42` must be UTF-8", GOOD),
    "null byte": Case(
        changed(9, ",100.5,", ",1\x002,"), r"mine\.csv, line 9` must be text\. Received: a null byte", GOOD
    ),
    "null bytes below": Case(GOOD + bytes(9), r"mine\.csv, line 42` must be text\. Received: a null byte", GOOD),
    "semicolons": Case(GOOD.replace(b",", b";"), rf"line 1` {COMMAS} semicolons\. {SAVE}", GOOD),
    "tabs": Case(GOOD.replace(b",", b"\t"), rf"line 1` {COMMAS} tabs\. {SAVE}", GOOD),
    "bars": Case(GOOD.replace(b",", b"|"), rf"line 1` {COMMAS} bars\. {SAVE}", GOOD),
    "spaces": Case(GOOD.replace(b",", b" "), rf"line 1` {COMMAS} spaces\. {SAVE}", GOOD),
    "lines in quotes": Case(
        b"".join(b'"%s"\n' % line for line in GOOD.split()), rf"line 1` {COMMAS} lines in quotes\. {SAVE}", GOOD
    ),
    "another separator": Case(
        GOOD.replace(b",", b"~"), r"line 1` must be a header with load, temperature, date, .* 'date~load~temper", GOOD
    ),
    # Files of other kinds.
    **{
        name: Case(content, rf"`data/own/mine\.csv` must be a CSV file, as its name says\. Received: {kind}\. ", GOOD)
        for name, (content, kind) in OTHER_KINDS.items()
    },
    # Parquet.
    "no Parquet": Case(GOOD, r"`data/own/mine\.parquet` must", parquet(**NUMBERS), PARQUET, PARQUET),
    "Parquet cut short": Case(parquet(**NUMBERS)[:-20], r"mine\.parquet` must", parquet(**NUMBERS), PARQUET, PARQUET),
    "Parquet without rows": parquet_case("must have rows", date=NO_TIME, load=NO_NUMBER, temperature=NO_NUMBER),
    "Parquet of text": parquet_case("column load` must be a number", load=["high"] * 40),
    "Parquet of lists": parquet_case("column load` must hold numbers", load=[[1]] * 40),
    "Parquet of infinity": parquet_case("column load` must be finite", load=[np.inf] * 40),
    "Parquet unsorted": parquet_case(LATER, date=NUMBERS["date"][::-1]),
    "Parquet of missing cells": parquet_case("column load` must hold numbers", load=[None] * 40),
    "Parquet without the column": Case(parquet(load=[1.0]), "must name", parquet(**NUMBERS), PARQUET, PARQUET),
}
# What a reader of more dialects may read: then nothing is broken.
MAY_BE_READ = {
    "UTF-16",
    "Latin-1",
    "spaces in the header",
    "quoted decimal comma",
    "serial number",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data/own").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def read(content: bytes, settings: dict[str, Any]) -> Any:
    given = BASE | settings
    Path(given["source"]).write_bytes(content)
    return reading.read("mine", given)


def test_the_good_file_is_read(folder: Path) -> None:
    assert len(read(GOOD, {}).rows) == len(ROWS)
    assert len(read(parquet(**NUMBERS), PARQUET).rows) == len(ROWS)
    assert len(BROKEN) >= 80
    assert sum(case.mended is not None or case.mended_settings is not None for case in BROKEN.values()) >= 70


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_file_is_one_line_whose_fix_works(folder: Path, name: str) -> None:
    case = BROKEN[name]
    try:
        read(case.content, case.settings)
    except UserError as error:
        line = str(error)
        assert re.search(case.words, line), line
        assert line.startswith("`")
        assert re.search(r"\. Received: .+\. .+[.?]$", line), line
        assert line.isprintable()
        assert len(line) < 500
    else:
        assert name in MAY_BE_READ
    source = Path(BASE["source"] if "source" not in case.settings else case.settings["source"])
    assert source.read_bytes() == case.content
    if case.mended is not None or case.mended_settings is not None:
        settings = case.settings if case.mended_settings is None else case.settings | case.mended_settings
        assert len(read(case.content if case.mended is None else case.mended, settings).rows) >= 35
