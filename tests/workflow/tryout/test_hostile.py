"""Files in many forms: the right thing is proposed, or one line names what is wrong and a change that works."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from pipeline.common.errors import UserError
from tests.workflow.tryout.files import ROWS, cells, days, german, season, table, text, workbook
from workflow.tryout import naming, numbers, options, steps

ENERGY = "Datum von;Datum bis;Netzlast [MWh]\n" + "".join(
    f"{a:%d.%m.%Y %H:%M};{b:%d.%m.%Y %H:%M};{german(400 * v)}\n"
    for a, b, v in zip(days(ROWS, "h"), days(ROWS + 1, "h")[1:], season(ROWS, 24), strict=True)
)
PAIR = [[*row, f"{i % 11}"] for i, row in enumerate(table())]
HOURS = days(ROWS, "h")
NAMES = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
YEARS = [f"{1900 + i}," + ",".join(f"{i * j % 13}" for j in range(1, 13)) for i in range(90)]
WIDE = "\n".join([f"year,{','.join(NAMES)}", *YEARS])
EPOCH = int(days()[0].timestamp())


def plan(path: Path, *words: str) -> steps.Plan:
    return steps.plan(path, "mine", options.chosen(options.parse([str(path), *words])), None)


def shown(made: steps.Plan) -> dict[str, str]:
    return {choice.what: choice.value for choice in made.choices}


def test_a_number_that_means_missing_is_missing_in_any_form(folder: Path) -> None:
    rows = [
        [day, "-999.0" if i % 20 == 3 else "-9999" if i % 20 == 7 else value] for i, (day, value) in enumerate(table())
    ]
    (folder / "a.csv").write_text(text(rows))
    values = plan(folder / "a.csv", "--missing", "-999").columns["load"]
    assert np.isnan(values[3::20]).all()
    assert np.isnan(values[7::20]).all()
    assert np.nanmin(values) > -100


def test_the_first_cell_does_not_decide_alone_what_a_time_is(folder: Path) -> None:
    rows = [[("NA" if i == 0 else f"{day:%d.%m.%Y}"), f"{i % 9}"] for i, day in enumerate(days())]
    (folder / "a.csv").write_text(text(rows, ";"))
    with pytest.raises(UserError, match=r"a\.csv, line 2"):
        plan(folder / "a.csv")


@pytest.mark.parametrize("name", ["on", "no", "off", "yes", "true", "null"])
def test_a_word_of_yaml_is_no_name(name: str) -> None:
    assert naming.made_of(Path(f"{name}.csv")) == f"{name}_file"
    with pytest.raises(UserError, match=f"NAME={name}_file"):
        naming.check(name)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--learning-rate", "nan"], "`RATE` must be above 0"),
        (["--units", "0"], "`UNITS` must be whole numbers, 1 or more"),
        (["--units", "8", "8"], None),
        (["--seeds", "1", "1"], "`SEEDS` must be whole numbers, 0 or more, each once"),
    ],
)
def test_numbers_of_options(words: list[str], line: str | None) -> None:
    if line is None:
        options.parse(["a.csv", *words])
        return
    with pytest.raises(UserError, match=line):
        options.parse(["a.csv", *words])


@pytest.mark.parametrize(
    ("name", "says"),
    [("HORIZONT", "Did you mean HORIZON=…?"), ("horizon", "Did you mean HORIZON=…?"), ("COLOUR", "There are: ARCH")],
)
def test_a_mistyped_variable_of_make_is_refused_with_the_near_name(
    monkeypatch: pytest.MonkeyPatch, name: str, says: str
) -> None:
    for key, value in ((name, "3"), ("FILE", "a.csv"), ("RATE", "0.01"), ("PYTHON", "python3")):
        monkeypatch.setenv(key, value)
    with pytest.raises(UserError, match=f"`{name}` must be a variable") as caught:
        options.parse(["--given", f"FILE {name}"])
    assert says in str(caught.value)
    assert options.parse(["--given", "FILE PYTHON RATE"]).learning_rate == 0.01


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "data/own").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


# What is read is the series of `files.season`, daily and with a period of 7, unless the case says otherwise.
GOOD: dict[str, tuple[str | bytes, str]] = {
    "plain": (text(table()), ""),
    "semicolons and decimal commas": (text(table(number=german), ";"), ""),
    "tabs": (text(table(), "\t"), ""),
    "bars": (text(table(), "|"), ""),
    "single spaces": (text(table(), " "), ""),
    "lines in quotes": ("".join(f'"{line}"\n' for line in text(table()).split()), ""),
    "a header twice": (text([*table()[:99], ["date", "load"], *table()[99:]]), ""),
    "a separator too many in the header": (text(table(), header="date,load,"), "--target load"),
    "null bytes at the end": (text(table()).encode() + bytes(512), ""),
    "aligned by spaces": ("\n".join(f"{a:>12}  {b:>10}" for a, b in [["date", "load"], *table()]), ""),
    "byte-order mark and CRLF": (text(table(), end="\r\n").encode("utf-8-sig"), ""),
    "UTF-16": (text(table(), "\t").encode("utf-16"), ""),
    "UTF-16 without a mark": (text(table()).encode("utf-16-le"), ""),
    "Latin-1": (text([*table()], ";", "date;Lüftung").encode("latin-1"), ""),
    "Excel's sep line": ("sep=;\n" + text(table(number=german), ";"), ""),
    "a preamble": ("Station: Nord\nOperator: me\n\n" + text(table(), ";"), ""),
    "a title in a row of cells": ("Report;;\n;;\n" + text([[*r, "x"] for r in table()], ";", "date,load,c"), ""),
    "a row index": (text([[str(i), *row] for i, row in enumerate(table())], header=",date,load"), ""),
    "apostrophes": (text([[f"'{a}'", f"'{b}'"] for a, b in table()], ";", "'date','load'"), ""),
    "elapsed time beside": (text([[f"{i / 4:.2f}", *row] for i, row in enumerate(table())], header="t,date,load"), ""),
    "a name of one digit": (text(table(), header="date,1"), ""),
    "comments above": ("# made by a logger\n# version 2\n" + text(table()), ""),
    "a header in a comment": (text(table(), header="#date,load"), ""),
    "a row of units": (text([["", "[kW]"], *table()]), ""),
    "no header": (text(table(), header=None), ""),
    "a sum below": (text(table()) + "Sum,39999.1\n", ""),
    "a remark below": (text(table()) + "\nSource: me\n", ""),
    "a separator too many": (text([[*row, ""] for row in table()], ";", "date;load"), ""),
    "day first, with points": (text(table("%d.%m.%Y"), ";"), ""),
    "two digits of a year": (text(table("%d.%m.%y")), ""),
    "day first, with slashes": (text(table("%d/%m/%Y")), ""),
    "month first": (text(table("%m/%d/%Y")), ""),
    "names of months": (text(table("%d-%b-%Y")), ""),
    "German months": (text([[a.replace("Mar", "Mrz").replace("May", "Mai"), b] for a, b in table("%d. %b %Y")]), ""),
    "weekdays": (text(table("%a %d.%m.%Y"), ";"), ""),
    "days without signs": (text(table("%Y%m%d")), ""),
    "seconds since 1970": (text([[str(EPOCH + 86400 * i), r[1]] for i, r in enumerate(table())]), ""),
    "milliseconds": (text([[f"{EPOCH + 86400 * i}000", r[1]] for i, r in enumerate(table())]), ""),
    "Excel's days": (text([[str(43466 + i), r[1]] for i, r in enumerate(table())]), ""),
    "newest first": (text(table()[::-1]), ""),
    "shuffled": (text([table()[i] for i in np.random.default_rng(0).permutation(ROWS)]), ""),
    "rows twice": (text([*table()[:50], *table()[40:]]), ""),
    "UTC": (text(table("%Y-%m-%dT%H:%M:%SZ")), ""),
    "offsets": (text(table("%Y-%m-%d 01:00:00+01:00")), ""),
    "names of zones": (text(table("%Y-%m-%d 00:00 UTC")), ""),
    "year, month and day": (text([[*f"{t:%Y %m %d}".split(), r[1]] for t, r in zip(days(), table(), strict=True)],
                                 header="year,month,day,load"), ""),
    "groups of three": (text([[a, f'"{float(b):,.3f}"'] for a, b in table()]), ""),
    "a unit behind": (text([[a, f"{b} kW"] for a, b in table()]), ""),
    "marks of missing cells": (text([[a, "k.A." if i in (5, 90) else b] for i, (a, b) in enumerate(table())]), ""),
    "a mark in the first row": (text([[a, "NA" if i in (0, 90) else b] for i, (a, b) in enumerate(table())]), ""),
    "minus 9999": (text([[a, "-9999" if i in (5, 90) else b] for i, (a, b) in enumerate(table())]), ""),
    "its own mark": (text([[a, "kaputt" if i in (5, 90) else b] for i, (a, b) in enumerate(table())]),
                     "--missing kaputt --target load"),
    "text beside": (text([[*row, "cloudy"] for row in table()], header="date,load,sky"), ""),
    "a counter beside": (text([[str(i), *row] for i, row in enumerate(table())], header=",date,load"), ""),
    "a constant beside": (text([[*row, "5"] for row in table()], header="date,load,site"), ""),
    "an empty column": (text([[*row, ""] for row in table()], header="date,load,note"), ""),
    "empty rows": (text([x for row in table() for x in (row, ["", ""])]), ""),
    "hidden characters": (text(table(), header="date,\u202eload\u200b"), ""),
    "a line break in a name": (text(table(), header='date,"load\nin kW"'), ""),
    "several series": (text([[*row, site] for row in table() for site in ("a", "b")], header="date,load,site"),
                       "--where site=b"),
    "one of many": (text(PAIR, header="date,load,other"), "--target load"),
    "named y": (text(PAIR, header="date,y,other"), ""),
}  # fmt: skip


@pytest.mark.parametrize("name", GOOD)
def test_a_file_in_an_unusual_form_is_read_as_the_series_that_it_holds(folder: Path, name: str) -> None:
    content, words = GOOD[name]
    path = folder / "odd name.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    made = plan(path, *shlex.split(words))
    values = made.columns[made.record.options["target"]]
    known = ~np.isnan(values)
    assert known.sum() >= len(values) - 2
    np.testing.assert_allclose(values[known], season()[known], atol=0.006)
    assert made.times is not None
    np.testing.assert_array_equal(made.times.astype("datetime64[D]"), days().to_numpy().astype("datetime64[D]"))
    assert shown(made)["period"] == "7"
    assert shown(made)["spacing"] == "1 day"
    steps.copying.write(Path("data/own/copy.csv"), made.time, made.times, made.columns)


def test_a_workbook_is_read(folder: Path) -> None:
    path = folder / "Mappe1.xlsx"
    workbook(path, {"Notes": [["by me"]], "Daten": [["Bericht 2019"], [], ["Datum", "Last"], *cells()]})
    made = plan(path)
    np.testing.assert_allclose(made.columns["Last"], season())
    assert shown(made)["time"] == "Datum"
    assert "sheet Daten" in made.reading[0]
    path.rename(folder / "mine.csv")
    assert plan(folder / "mine.csv").columns.keys() == {"Last"}


def test_the_sheet_can_be_chosen(folder: Path) -> None:
    workbook(folder / "a.xlsx", {"long": [["date", "a"], *cells()], "short": [["date", "b"], *cells(100)]})
    assert list(plan(folder / "a.xlsx").columns) == ["a"]
    assert list(plan(folder / "a.xlsx", "--sheet", "short").columns) == ["b"]
    with pytest.raises(UserError, match="The sheets are: long, short"):
        plan(folder / "a.xlsx", "--sheet", "other")


@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_parquet_is_read_with_its_index(folder: Path, zone: str | None) -> None:
    frame = pd.DataFrame({"load": season(), "sky": "grey"}, index=days().tz_localize("UTC").tz_convert(zone or "UTC"))
    frame.to_parquet("a.parquet")
    made = plan(folder / "a.parquet")
    np.testing.assert_array_equal(made.columns["load"], season())
    assert made.times is not None
    np.testing.assert_array_equal(made.times, days().to_numpy())


def test_a_german_energy_export_is_hourly_with_a_daily_season(folder: Path) -> None:
    Path("smard.csv").write_text(ENERGY, encoding="utf-8-sig")
    made = plan(Path("smard.csv"))
    np.testing.assert_allclose(made.columns["Netzlast [MWh]"], 400 * season(ROWS, 24), atol=0.006)
    assert [shown(made)[key] for key in ("time", "spacing", "period", "window")] == [
        "Datum von", "1 hour", "24", "48 rows",
    ]  # fmt: skip


SPLIT = [
    ("Datum;Uhrzeit;v", [f"{t:%d.%m.%Y};{t:%H:%M}" for t in HOURS]),
    ("date;time;v", [f"{t:%Y-%m-%d};{t:%I:%M:%S %p}" for t in HOURS]),
    ("date;hour;v", [f"{t:%Y-%m-%d};{t.hour}" for t in HOURS]),
    ("date;hour;v", [f"{t:%Y-%m-%d};{t.hour + 1}" for t in HOURS]),
    ("year;month;day;hour;v", [f"{t:%Y};{t.month};{t.day};{t.hour}" for t in HOURS]),
    ("time;v", [f"{t:%d.%m.%Y %H:%M}" for t in HOURS]),
    ("time;v", [f"{t:%d.%m.%Y %H:%M} - {t + pd.Timedelta('1h'):%d.%m.%Y %H:%M}" for t in HOURS]),
    ("time;v", [f"{t - pd.Timedelta('1D'):%d.%m.%Y} 24:00" if not t.hour else f"{t:%d.%m.%Y %H:%M}" for t in HOURS]),
    ("time;v", [f"{t:%Y-%m-%d %H:%M:%S.250}" for t in HOURS]),
    ("time;v", [f"{t:%m/%d/%Y %I:%M %p}" for t in HOURS]),
]


@pytest.mark.parametrize(("header", "times"), SPLIT, ids=[f"{h} {t[1]}" for h, t in SPLIT])
def test_hours_are_found_in_one_column_or_in_several(folder: Path, header: str, times: list[str]) -> None:
    values = season(ROWS, 24)
    Path("a.csv").write_text("\n".join([header, *(f"{t};{v:.4f}" for t, v in zip(times, values, strict=True))]))
    made = plan(Path("a.csv"))
    assert made.times is not None
    np.testing.assert_array_equal(made.times.astype("datetime64[m]"), HOURS.to_numpy().astype("datetime64[m]"))
    assert (shown(made)["spacing"], shown(made)["period"]) == ("1 hour", "24")


MONTHLY = pd.date_range("1990-01-01", periods=240, freq="MS")
QUARTERS = pd.date_range("1950-01-01", periods=240, freq="QS")


@pytest.mark.parametrize(
    ("header", "times", "step", "period"),
    [
        ("week,v", [f"{t:%G-W%V}" for t in pd.date_range("2000-01-03", periods=240, freq="W-MON")], "1 week", 13),
        ("month,v", [f"{t:%Y-%m}" for t in MONTHLY], "1 month", 12),
        ("month,v", [f"{t:%b %Y}" for t in MONTHLY], "1 month", 12),
        ("month,v", [f"{t:%m.%Y}" for t in MONTHLY], "1 month", 12),
        ("year,month,v", [f"{t:%Y,%b}" for t in MONTHLY], "1 month", 12),
        ("quarter,v", [f"{t.year}-Q{t.quarter}" for t in QUARTERS], "1 quarter", 4),
        ("year,quarter,v", [f"{t.year}.0,{t.quarter}.0" for t in QUARTERS], "1 quarter", 4),
        ("year,v", [f"{1700 + i}" for i in range(240)], "1 year", 11),
        ("time,v", [repr(1949 + i / 12) for i in range(240)], "1 month", 12),  # as R writes a `ts`
        ("decimal,v", [f"{1958 + (i + 0.5) / 12:.3f}" for i in range(240)], "1 month", 12),  # the middle of the month
        ("x,v", [f"{1949 + i / 12:.2f}" for i in range(240)], "1 month", 12),
        ("time,v", [f"{1960 + i / 4:g}" for i in range(240)], "1 quarter", 4),
    ],
)
def test_months_quarters_and_years_are_times(
    folder: Path, header: str, times: list[str], step: str, period: int
) -> None:
    values = season(240, period)
    Path("a.csv").write_text("\n".join([header, *(f"{t},{v:.4f}" for t, v in zip(times, values, strict=True))]))
    made = plan(Path("a.csv"))
    assert (shown(made)["spacing"], shown(made)["period"]) == (step, str(period))


def test_years_with_decimals_are_the_first_of_their_month(folder: Path) -> None:
    cells = [f"{1949 + i / 12:.2f}" for i in range(240) if i not in (30, 31)]
    Path("a.csv").write_text(
        "\n".join(["time,v", *(f"{t},{v:.4f}" for t, v in zip(cells, season(238, 12), strict=True))])
    )
    made = plan(Path("a.csv"))
    months = np.delete(np.arange("1949-01", "1969-01", dtype="datetime64[M]"), [30, 31])
    assert made.times is not None
    np.testing.assert_array_equal(made.times.astype("datetime64[M]"), months)
    assert shown(made)["holes"] != ""


def test_numbers_that_rise_like_years_but_not_by_months_are_no_times(folder: Path) -> None:
    values = 1700 + np.arange(240) * 0.37
    Path("a.csv").write_text(
        "\n".join(["a,v", *(f"{t:.2f},{v:.4f}" for t, v in zip(values, season(240, 12), strict=True))])
    )
    assert plan(Path("a.csv"), "--target", "v").times is None


@pytest.mark.parametrize(
    ("zone", "start"),
    [("Europe/Berlin", "2021-03-20"), ("America/New_York", "2021-03-06"), ("Australia/Sydney", "2021-09-25")],
)
def test_the_zone_that_is_named_has_its_summer_then(folder: Path, zone: str, start: str) -> None:
    times = pd.date_range(start, periods=400, freq="h", tz=zone)
    records = [[f"{t:%Y-%m-%d %H:%M}", f"{v:.4f}"] for t, v in zip(times, season(400, 24), strict=True)]
    Path("a.csv").write_text(text(records))
    assert f"ZONE={zone}" in next(each.why for each in plan(Path("a.csv")).choices if each.what == "zone")


def _where(rows: range) -> list[list[str]]:
    return [row for i, row in enumerate(table()) if i not in rows]


@pytest.mark.parametrize(
    ("records", "says"),
    [
        (_where(range(200, 230)), "cut"),
        ([row for i, row in enumerate(table()) if i % 9], "insert"),
        ([[f"{t:%Y-%m-%d %H:%M}", row[1]] for t, row in zip(
            days() + pd.to_timedelta(np.random.default_rng(0).uniform(0, 1400, ROWS), "min"), table(), strict=True)],
         "irregular"),
        ([[f"{t:%Y-%m-%d %H:%M}", row[1]] for t, row in zip(
            days() + pd.to_timedelta(np.random.default_rng(0).uniform(0, 720, ROWS), "min"), table(), strict=True)],
         "irregular"),
    ],
    ids=["one long hole", "every ninth row", "no common step", "half a step too late"],
)  # fmt: skip
def test_holes_are_found_and_treated(folder: Path, records: list[list[str]], says: str) -> None:
    Path("a.csv").write_text(text(records))
    made = plan(Path("a.csv"))
    assert shown(made)["holes"] == says
    assert f"holes: {says}" in made.text


FALL = pd.date_range("2020-10-20", periods=400, freq="h", tz="Europe/Berlin")
LOCAL = [[f"{t:%Y-%m-%d %H:%M}", f"{v:.4f}"] for t, v in zip(FALL, season(400, 24), strict=True)]


def test_a_table_of_two_headers_is_read_as_libraries_write_it(folder: Path) -> None:
    rows = [[a, b, str(i)] for i, (a, b) in enumerate(table())]
    Path("a.csv").write_text(text([["Ticker", "X", "X"], ["Date", "", ""], *rows], header="Price,Close,Volume"))
    made = plan(Path("a.csv"), "--target", "Close")
    np.testing.assert_allclose(made.columns["Close"], season(), atol=0.006)
    assert shown(made)["time"] == "Price"


def test_local_times_need_their_zone_where_an_hour_repeats(folder: Path) -> None:
    Path("a.csv").write_text(text(LOCAL))
    with pytest.raises(UserError, match="ZONE=Europe/Berlin"):
        plan(Path("a.csv"))
    made = plan(Path("a.csv"), "--zone", "Europe/Berlin")
    np.testing.assert_array_equal(made.times, FALL.tz_convert("UTC").tz_localize(None).to_numpy())
    assert "holes" not in shown(made)


def test_the_offsets_of_winter_and_summer_are_of_one_zone(folder: Path) -> None:
    Path("a.csv").write_text(text([[f"{t:%Y-%m-%d %H:%M%z}", row[1]] for t, row in zip(FALL, LOCAL, strict=True)]))
    made = plan(Path("a.csv"))
    np.testing.assert_array_equal(made.times, FALL.tz_convert("UTC").tz_localize(None).to_numpy())


MIXED = [[f"{a} 00:00+01:00" if i % 2 else f"{a} 00:00", b] for i, (a, b) in enumerate(table())]
BAD: dict[str, tuple[str | bytes, str, list[str]]] = {
    "no such file": (b"", "--no-such", ["--no-such", "See --help"]),
    "an empty file": (b"", "", ["a.csv", "an empty file"]),
    "blank lines": ("\n\n\n", "", ["blank lines alone"]),
    "a header alone": ("date,load\n", "", ["a header alone"]),
    "gzip": (b"\x1f\x8b\x08\0", "", ["gzip", "gunzip"]),
    "a PDF": (b"%PDF-1.4", "", ["a PDF", "CSV"]),
    "a page": ("<html><table></table></html>", "", ["HTML page"]),
    "JSON": ('{"a": 1}', "", ["JSON"]),
    "a damaged workbook": (b"PK\x03\x04nothing", "", ["must be an Excel workbook", "Save it again"]),
    "damaged Parquet": (b"PAR1\x15nothing", "", ["must be a Parquet file"]),
    "JSON in lines": ('[\n {\n  "a": 1\n }\n]\n', "", ["JSON", "a column per name"]),
    "a page with a comment": ("<!-- a -->\n<html>\n<b>x</b></html>", "", ["HTML page"]),
    "a null byte": (text(table()).encode().replace(b"2019-01-05", b"2019\x0001-05"), "", ["line 6", "a null byte"]),
    "a title as wide as the table": ("Load, in kW, hourly\n" + text(PAIR, header="date,load,other"), "--target load",
                                     ["TARGET", "Line 2 seems to be the header: remove all lines above it"]),
    "a named target without a header": (text(table(), header=None), "--target load", ["The file has no header"]),
    "a separator of its own": (text(table(), "~"), "--target load", ["date~load", "SEPARATOR=space"]),
    "other bytes": (bytes(range(256)) * 4, "", ["binary"]),
    "several targets": (text(PAIR, header="date,load,degrees"), "", ["TARGET", "load, degrees", 'TARGET="load"']),
    "a misspelt target": (text(PAIR, header="date,load,other"), "--target laod", ["mean `load`?", "date, load"]),
    "another case": (text(PAIR, header="date,load,other"), "--target LOAD", ["Did you mean `load`?"]),
    "a misspelt time": (text(table()), "--time dat", ["TIME", "Did you mean `date`?"]),
    "a target of text": (text([[*r, "red"] for r in table()], header="date,load,c"), "--target c", ["line 2", "'red'"]),
    "text in the target": (text([[a, "high" if i == 70 else b] for i, (a, b) in enumerate(table())]), "--target load",
                           ["line 72", "column load", "'high'", 'MISSING="high"']),
    "a constant target": (text([[a, "5"] for a, _ in table()]), "--target load", ["must change", "5 in every row"]),
    "constant columns alone": (text([[a, "5"] for a, _ in table()]), "", ["must have a column of changing numbers"]),
    "constant in training": (text([[a, "5" if i < 300 else b] for i, (a, b) in enumerate(table())]), "--target load",
                             ["within the training rows"]),
    "too short": (text(table()[:40]), "", ["60 rows or more", "40 rows"]),
    "a wrong date": (text([[("2019-02-30" if i == 70 else a), b] for i, (a, b) in enumerate(table())]), "",
                     ["line 72", "column date", "'2019-02-30'", "ISO 8601"]),
    "mixed zones": (text(MIXED), "", ["line 3", "offset", "all times in UTC"]),
    "several zones": (text([[f"{a} 00:00{'Z' if i % 2 else '+05:30'}", b] for i, (a, b) in enumerate(table())]), "",
                      ["a.csv, column date`", "+05:30 in line 2 and +00:00 in line 3", "all times in UTC"]),
    "a zone now and then": (text([[f"{a} 00:00+0{1 + (i % 9 == 3)}:00", b] for i, (a, b) in enumerate(table())]), "",
                            ["one time zone", "+02:00 in line 5 and +01:00 in line 6"]),
    "either day or month": (text([[f"03/04/{1800 + i}", b] for i, (_, b) in enumerate(table()[:200])]), "",
                            ["which number is the day", "DATES=dmy"]),
    "repeated times": (text([[a, b] for a, _ in table() for b in ("1", "2")]), "", ["must not repeat", "=first"]),
    "several series as one": (text([[a, b, s] for a, b in table() for s in ("x", "y")], header="date,load,site"),
                              "--id none", ["must not repeat", "=first"]),
    "no such ids": (text([[a, b, s] for a, b in table() for s in ("x", "y")], header="date,load,site"),
                    "--id sit", ["'sit'", "Did you mean `site`?"]),
    "ids in every row": (text([[a, b, str(i)] for i, (a, b) in enumerate(table())], header="date,load,number"),
                         "--id number", ["whose cells repeat"]),
    "a missing id": (text([[a, b, "" if i == 70 else "x"] for i, (a, b) in enumerate(table())], header="date,load,s"),
                     "--id s", ["line 72", "column s", "a missing cell"]),
    "ticks of which two share a time": (
        text([*PAIR[:70], [PAIR[69][0], "77.5", "3"], *PAIR[70:]], header="date,load,size"), "--target load",
        ["must not repeat a time", "Keep one row per time, or add REPEATED=first"]),
    "times side by side": (
        "region," + ",".join(map(str, range(1950, 2020))) + "\n" + "\n".join("N" + ",7" * 70 for _ in "ab"), "",
        ["60 rows or more", "Of 71 columns, put those that are times below each other"]),
    "infinite": (text([[a, "inf" if i == 70 else b] for i, (a, b) in enumerate(table())]), "",
                 ["line 72", "'inf'", 'MISSING="inf"']),
    "months side by side": (WIDE, "", ["a column per month", "below each other"]),
    "no such value": (text([[a, b, s] for a, b in table() for s in ("x", "y")], header="date,load,site"),
                      "--where site=z", ["'z'", "'x', 'y'"]),
    "too many fields": (text([*table()[:9], ["2019-01-10", "1", "2", "3"], *table()[10:]]), "",
                        ["line 11", "fields", "header, 2", "4"]),
    "an unclosed quote": (text([*table()[:9], ["2019-01-10", '"' + "x" * 200_000]]), "", ["line 11", "field"]),
    "a horizon that does not fit": (text(table()), "--horizon 60", ["HORIZON", "such as 15"]),
    "a window that does not fit": (text(table()), "--window 390", ["WINDOW", "shorter"]),
    "a period of text": (text(table()), "--period week", ["PERIOD", "PERIOD=24"]),
    "a zone that is none": (text(LOCAL), "--zone Berlin", ["ZONE", "Europe/Berlin"]),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_or_option_is_refused_in_one_line_with_a_fix(folder: Path, name: str) -> None:
    content, words, says = BAD[name]
    path = folder / "a.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(UserError) as caught:
        plan(path, *shlex.split(words))
    line = str(caught.value)
    assert "\n" not in line
    assert [part for part in says if part not in line] == []


FIXES: list[tuple[Any, str, str]] = [
    (text(PAIR, header="date,load,temperature"), "", "--target load"),
    (text([[a, "high" if i == 70 else b] for i, (a, b) in enumerate(table())]), "--target load", "--missing high"),
    (text([[a, b] for a, b in table() for _ in range(1)] + [["2019-03-01", "7"]]), "", "--repeated first"),
    (text(LOCAL), "", "--zone Europe/Berlin"),
    (text(table()), "--horizon 60", "--horizon 15"),
]


@pytest.mark.parametrize(("content", "before", "after"), FIXES, ids=[fix[2] for fix in FIXES])
def test_the_fix_that_a_line_names_works(folder: Path, content: str, before: str, after: str) -> None:
    Path("a.csv").write_text(content)
    with pytest.raises(UserError):
        plan(Path("a.csv"), *shlex.split(before))
    assert plan(Path("a.csv"), *shlex.split(before), *shlex.split(after)).columns


def test_a_file_that_is_not_there_names_a_similar_one(folder: Path) -> None:
    Path("verbrauch.csv").write_text(text(table()))
    with pytest.raises(UserError, match=r"Did you mean `verbrauch.csv`\?"):
        plan(Path("verbauch.csv"))
    with pytest.raises(UserError, match="a folder"):
        plan(Path("data"))


def test_accountants_write_negative_numbers_in_parentheses() -> None:
    read = numbers.parse(pd.Series(["(1,038.39)", "12.00", "-3.5", "(x)"]), "point", [])
    np.testing.assert_array_equal(read.values, [-1038.39, 12.0, -3.5, np.nan])
    assert read.wrong.tolist() == [False, False, False, True]


def test_columns_that_are_left_out_for_one_reason_are_named_once(folder: Path) -> None:
    many = [[a, b, *(f"{i * k % 43}" for k in range(1, 41))] for i, (a, b) in enumerate(table())]
    (folder / "a.csv").write_text(text(many, header=",".join(["date", "load", *(f"s{k}" for k in range(40))])))
    why = {choice.what: choice.why for choice in plan(folder / "a.csv", "--target", "load").choices}["left out"]
    assert why == "beyond the first 16 inputs"
