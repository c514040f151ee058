"""Reading a user's own file, and refusing a bad one."""

import os
from pathlib import Path

import numpy as np
import pytest

from pipeline.common.errors import UserError
from pipeline.series import SettingError, own


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """An empty project; files go below data/own."""
    (tmp_path / "project/data/own").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


def csv(text: str | bytes, name: str = "a.csv") -> str:
    path = Path("data/own") / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def parquet(columns: dict, name: str = "a.parquet") -> str:
    import pyarrow as pa
    import pyarrow.parquet as pq

    path = Path("data/own") / name
    pq.write_table(pa.table(columns), path)
    return str(path)


GOOD = "time,a,b,note\n2020-01-01,1,2,x\n2020-01-02,,3,y\n2020-01-03,4.5,NA,z\n"


def test_csv_reads_the_columns_named(project):
    series = own.make(path=csv(GOOD), target="b", time="time", features=["a"])
    assert (series.columns, series.target, series.features) == (["a", "b"], "b", ["a"])
    np.testing.assert_array_equal(series.rows, [[1, 2], [np.nan, 3], [4.5, np.nan]])
    assert series.time is not None
    assert series.time.astype("datetime64[s]").astype(str).tolist() == [f"2020-01-0{day}T00:00:00" for day in (1, 2, 3)]
    alone = own.make(path=csv(GOOD), target="b")
    assert (alone.columns, alone.features, alone.time) == (["b"], ["b"], None)


def test_csv_reads_numbers_exactly_and_as_people_write_them(project):
    series = own.make(
        path=csv("\ufeffa,b\r\n0.1,+1.5\r\n1e-3, 2 \r\n0.30000000000000004,nan\r\n"), target="a", features=["a", "b"]
    )
    np.testing.assert_array_equal(series.rows, [[0.1, 1.5], [1e-3, 2], [0.30000000000000004, np.nan]])


def test_a_target_of_text_is_its_sorted_labels(project):
    path = csv("a,b\nwet,1\n dry,2\nwet,3\n,4\nNA,5\n")
    series = own.make(path=path, target="a", features=["b"])
    assert series.labels == ["dry", "wet"]
    np.testing.assert_array_equal(series.rows, [[1, 1], [2, 0], [3, 1], [4, np.nan], [5, np.nan]])
    # An input is a number, whatever the target may be.
    with pytest.raises(UserError, match=r"column a` must be a number\. Received: 'wet'"):
        own.make(path=path, target="a", features=["a", "b"])


def test_a_header_of_two_names_and_another_separator_is_named(project):
    with pytest.raises(UserError, match="must separate fields by commas"):
        own.make(path=csv("a;b\n1;2\n3;4\n"), target="a")


def test_sixty_signs_of_a_cell_are_shown(project):
    cells = "".join(f"{i:02}" for i in range(40)) + "x"
    with pytest.raises(UserError) as refused:
        own.make(path=csv(f"a\n1\n{cells}\n2\n3\n"), target="a")
    assert f"Received: '{cells[:60]}'." in str(refused.value)


def test_a_file_of_another_kind_may_be_saved_as_one_of_two(project):
    Path("data/own/a.txt").write_text("a\n1\n")
    with pytest.raises(SettingError) as refused:
        own.make(path="data/own/a.txt", target="a")
    assert "one of the two" in str(vars(refused.value)) + str(refused.value)


def test_csv_keeps_a_blank_line_of_one_column_as_a_missing_cell(project):
    series = own.make(path=csv("a\n1\n\n3\n\n\n"), target="a")
    np.testing.assert_array_equal(series.rows[:, 0], [1, np.nan, 3])


def test_parquet_reads_the_same(project):
    times = np.array(["2020-01-01", "2020-01-02"], dtype="datetime64[ms]")
    path = parquet({"t": times, "a": [1, None], "b": [0.5, float("nan")], "note": ["x", "y"]})
    series = own.make(path=path, target="b", time="t", features=["a", "b"])
    np.testing.assert_array_equal(series.rows, [[1, 0.5], [np.nan, np.nan]])
    assert series.time is not None
    assert series.time.dtype == "datetime64[us]"
    assert series.time[1] == np.datetime64("2020-01-02")


def offsets(of):
    """A file of 400 days whose offset from UTC is `of(day)`, at its own noon."""
    days = np.arange("2019-01-01", "2020-02-05", dtype="datetime64[D]")
    return csv("t,a\n" + "".join(f"{day}T12:00{of(i)},{i}\n" for i, day in enumerate(days)))


# Summer time from day 89 to 299, and Ramadan, in which Morocco suspends it.
@pytest.mark.parametrize(
    "of",
    [
        lambda i: "+02:00" if 89 <= i < 299 else "+01:00",
        lambda i: "-04:00" if 89 <= i < 299 else "-0500",
        lambda i: "+01:00" if 89 <= i < 299 else "Z",
        lambda i: "+10:30" if 89 <= i < 299 else "+11",  # Lord Howe
        lambda i: "+00:00" if 125 <= i < 155 else "+01:00",
        lambda i: "+05:30",
    ],
)
def test_the_two_offsets_of_one_zone_are_read(project, of):
    assert len(own.make(path=offsets(of), target="a", time="t").rows) == 400


@pytest.mark.parametrize(
    ("of", "says"),
    [
        (lambda i: "Z" if i % 2 else "+05:30", "+05:30 in line 2 and +00:00 in line 3"),
        (lambda i: "+05:30" if i >= 200 else "Z", "+00:00 in line 2 and +05:30 in line 202"),
        (lambda i: "+02:00" if i % 2 else "+01:00", "+02:00 in line 3 and +01:00 in line 4"),
        (lambda i: "+02:00" if 89 <= i < 100 else "+01:00", "+02:00 in line 91 and +01:00 in line 102"),
        (
            lambda i: ["-05:00", "-04:00", "+01:00"][min(i // 100, 2)],
            "-05:00 in line 2 and -04:00 in line 102 and +01",
        ),
    ],
)
def test_the_offsets_of_several_zones_are_refused(project, of, says):
    path = offsets(of)
    with pytest.raises(UserError) as caught:
        own.make(path=path, target="a", time="t")
    line = str(caught.value)
    assert line.startswith(f"`{path}, column t` must have the offsets from UTC of one time zone. Received: ")
    assert says in line
    assert line.endswith("Write all times in UTC.")


def test_each_id_may_have_a_zone_of_its_own(project):
    rows = [f"2019-01-{1 + i // 2:02}T12:00{'+05:30' if i % 2 else 'Z'},{i},{'b' if i % 2 else 'a'}" for i in range(20)]
    path = csv("t,a,site\n" + "\n".join(rows) + "\n")
    assert len(own.make(path=path, target="a", time="t", id="site").rows) == 20
    path = csv("t,a,site\n" + "\n".join(rows).replace("2019-01-07T12:00Z", "2019-01-07T12:00-08:00") + "\n")
    with pytest.raises(UserError, match="Received: \\+00:00 in line 2 and -08:00 in line 14"):
        own.make(path=path, target="a", time="t", id="site")


def test_times_with_offsets_are_ordered_as_instants(project):
    path = csv("t,a\n2020-10-25T02:30+02:00,1\n2020-10-25T02:00+01:00,2\n")
    series = own.make(path=path, target="a", time="t")
    assert series.time is not None
    assert series.time.astype("datetime64[s]").astype(str).tolist() == ["2020-10-25T00:30:00", "2020-10-25T01:00:00"]


def test_times_finer_than_a_second_are_no_repetition(project):
    series = own.make(path=csv("t,a\n2020-01-01 00:00:00.25,1\n2020-01-01 00:00:00.5,2\n"), target="a", time="t")
    assert len(series.rows) == 2


BAD_CSV = [
    ("text", "a,b\n1,2\n3,oops\n5,6\n", ["line 3", "column b", "'oops'"]),
    ("text below blank lines", "a,b\n1,2\n\n\n3,oops\n", ["line 5", "'oops'"]),
    ("text below a quoted line break", 'a,b,n\n1,2,"x\ny"\n3,oops,z\n', ["line 4", "'oops'"]),
    (
        "decimal comma in quotes",
        'a,b\n1,"2,5"\n',
        ["line 2", "'2,5'", "decimal points", "make try FILE=data/own/a.csv"],
    ),
    ("decimal comma beside text", 'a,b\n1,"2,5"\n1,x\n', ["line 2", "'2,5'", "Correct the cell"]),
    ("semicolons", "a;b\n1;2\n", ["line 1", "fields by commas", "semicolons", "make try FILE=data/own/a.csv"]),
    ("tabs", "\na\tb\n1\t2\n", ["line 2", "fields by commas", "tabs"]),
    ("a workbook", b"PK\x03\x04rest", ["a.csv` must be a CSV file", "Excel workbook", "make try"]),
    ("an old workbook", b"\xd0\xcf\x11\xe0rest", ["Excel workbook"]),
    ("Parquet", b"PAR1\x15rest", ["a Parquet file"]),
    ("gzip", b"\x1f\x8brest", ["gzip"]),
    ("truth value", "a,b\n1,true\n", ["line 2", "'true'"]),
    ("infinite", "a,b\n1,2\n3,-inf\n", ["line 3", "column b", "finite"]),
    ("too large", "a,b\n1,2\n3,1e999\n", ["line 3", "finite"]),
    ("too many fields", "a,b\n1,2\n3,4,5\n", ["line 3", "as many fields as the header, 2", "3"]),
    ("too few fields", "a,b\n1,2\n3\n", ["line 3", "as many fields"]),
    ("empty file", "", ["a.csv", "empty file"]),
    ("blank lines alone", "\n\n", ["a.csv", "blank"]),
    ("header alone", "a,b\n", ["a.csv", "header alone"]),
    ("header alone without its line's end", "a,b", ["a.csv", "header alone"]),
    ("all missing", "a,b\n1,\n2,NA\n", ["column b", "missing cells alone"]),
    ("repeated name", "a,b,b\n1,2,3\n", ["a.csv", "b twice"]),
    ("latin-1", "a,b\n1,2\n3,4\xb0\n".encode("latin-1"), ["line 3", "UTF-8", "0xb0", "make try"]),
    ("UTF-16", "a,b\n1,2\n".encode("utf-16"), ["line 1", "UTF-8", "Received: UTF-16."]),
]


@pytest.mark.parametrize(("text", "says"), [case[1:] for case in BAD_CSV], ids=[case[0] for case in BAD_CSV])
def test_refuses_a_bad_csv_in_one_line(project, text, says):
    path = csv(text)
    with pytest.raises(UserError) as caught:
        own.make(path=path, target="b", features=["a", "b"])
    line = str(caught.value)
    assert "\n" not in line
    assert line.startswith("`data/own/a.csv")
    assert [part for part in says if part not in line] == []


INSTANTS = ["2020-01-01T00:00:00", "2020-01-01T01:00:00", "2020-01-01T02:00:00"]


@pytest.mark.parametrize(
    "cells",
    [
        ["2020-01-01 00:00", "2020-01-01 01:00", "2020-01-01 02:00"],
        ["2020-01-01T01:00+01:00", "2020-01-01T01:00Z", "2020-01-01T02:00Z"],
        ["2019-12-31T22:00-02:00", "2019-12-31 23:00 -0200", "2020-01-01T00:00-02"],
        ["20200101T0000Z", "20200101T0100Z", "20200101T0200Z"],
        ["1577836800", "1577840400", "1577844000"],
        ["1577836800000", "1577840400000", "1577844000000"],
        ["1577836800000000", "1577840400000000", "1577844000000000"],
        ["1577836800000000000", "1577840400000000000", "1577844000000000000"],
    ],
)
def test_times_become_utc(project, cells):
    series = own.make(path=csv("t,a\n" + "".join(f"{cell},1\n" for cell in cells)), target="a", time="t")
    assert series.time is not None
    assert series.time.astype("datetime64[s]").astype(str).tolist() == INSTANTS


def test_dates_and_years_have_no_offset(project):
    dates = own.make(path=csv("t,a\n2020-01-01,1\n2020-01-02,1\n"), target="a", time="t")
    years = own.make(path=csv("t,a\n1700,1\n1701,1\n"), target="a", time="t")
    assert dates.time is not None
    assert years.time is not None
    assert years.time.astype("datetime64[Y]").astype(str).tolist() == ["1700", "1701"]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "Europe/Berlin"])
def test_parquet_timestamps_of_every_unit_are_instants(project, unit, zone):
    import pyarrow as pa

    instants = np.array(INSTANTS, dtype=f"datetime64[{unit}]").astype(np.int64)
    column = pa.array(instants, type=pa.timestamp(unit, tz=zone))
    path = parquet({"t": column, "a": [1.0, 2.0, 3.0]})
    # A zone in the settings is that of times without one.
    series = own.make(path=path, target="a", time="t", zone="America/New_York" if zone else None)
    assert series.time is not None
    assert series.time.astype("datetime64[s]").astype(str).tolist() == INSTANTS


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_local_times_become_utc_with_their_zone(project, kind):
    pd = pytest.importorskip("pandas")
    instants = pd.date_range("2020-01-01", "2020-12-31", freq="h", tz="UTC")
    local = instants.tz_convert("Europe/Berlin").tz_localize(None)
    if kind == "csv":
        path = csv("t,a\n" + "".join(f"{time},1\n" for time in local))
    else:
        path = parquet({"t": local.to_numpy(), "a": np.ones(len(local))})
    series = own.make(path=path, target="a", time="t", zone="Europe/Berlin")
    np.testing.assert_array_equal(series.time, instants.tz_localize(None).to_numpy())


@pytest.mark.parametrize(
    ("zone", "cells", "says"),
    [
        *((zone, ["2020-01-01"], "must name a time zone") for zone in ("Mars/Olympus", "", 5, -(10**14), "tzlocal()")),
        ("dateutil//etc/localtime", ["2020-01-01"], "must name a time zone"),
        ("Europe/Berlin", ["2020-03-29 01:00", "2020-03-29 02:30", "2020-03-29 04:00"], "skips an hour"),
        ("Europe/Berlin", ["2020-10-25 01:00", "2020-10-25 02:30", "2020-10-25 04:00"], "Write the times in UTC"),
    ],
)
def test_refuses_times_that_a_zone_does_not_have(project, zone, cells, says):
    path = csv("t,a\n" + "".join(f"{cell},1\n" for cell in cells))
    with pytest.raises((UserError, SettingError), match=says):
        own.make(path=path, target="a", time="t", zone=zone)


BAD_TIMES = [
    ("unsorted", ["2020-01-01", "2020-01-03", "2020-01-02"], ["line 4", "later than the row before", "Sort the rows"]),
    ("repeated", ["2020-01-01", "2020-01-02", "2020-01-02"], ["line 4", "repeat", "2020-01-02"]),
    ("text", ["2020-01-01", "soon", "2020-01-02"], ["line 3", "'soon'", "ISO 8601"]),
    ("no such day", ["2020-02-28", "2020-02-30", "2020-03-01"], ["line 3", "2020-02-30"]),
    ("day first", ["01/02/2020", "02/02/2020", "03/02/2020"], ["line 2", "01/02/2020", "dd/mm/yyyy or mm/dd/yyyy"]),
    ("dd.mm.yyyy", ["01.02.2020 10:00", "02.02.2020 10:00"], ["line 2", "looks like dd.mm.yyyy", "make try FILE="]),
    ("mm/dd/yy", ["01/31/20", "02/01/20"], ["line 2", "looks like mm/dd/yyyy"]),
    ("dd/mm/yyyy", ["31/01/2020", "01/02/2020"], ["line 2", "looks like dd/mm/yyyy"]),
    ("names of months", ["1-Jan-2020", "2-Jan-2020"], ["line 2", "looks like day, month and year"]),
    ("newest first", ["2020-01-03", "2020-01-02", "2020-01-01"], ["line 3", "newest row comes first"]),
    ("hours without a mark", ["2016070100", "2016070101", "2016070102"], ["line 2", "2016070100"]),
    ("units mixed", ["1467331200", "1467334800000", "1467338400000"], ["line 2", "1467331200"]),
    ("offset in some rows", ["2020-01-01 00:00Z", "2020-01-01 01:00", "2020-01-01 02:00Z"], ["line 3", "no offset"]),
    ("offset late", ["2020-01-01 00:00", "2020-01-01 01:00", "2020-01-01 02:00+01:00"], ["line 4", "an offset"]),
    (
        "end of summer",
        ["2020-10-25 00:00", "2020-10-25 01:00", "2020-10-25 02:00", "2020-10-25 02:00", "2020-10-25 03:00"],
        ["line 5", "daylight saving time ends", "`zone`"],
    ),
    (
        "end of summer in quarters",
        ["2020-10-25 02:15", "2020-10-25 02:30", "2020-10-25 02:45", "2020-10-25 02:00", "2020-10-25 02:15"],
        ["line 5", "daylight saving time ends"],
    ),
    ("a repetition by day", ["2020-10-25 12:00", "2020-10-25 13:00", "2020-10-25 13:00"], ["line 4", "repeat a time"]),
    ("a repetition on a Monday", ["2020-10-26 01:00", "2020-10-26 02:00", "2020-10-26 02:00"], ["repeat a time"]),
    ("missing", ["2020-01-01", "", "2020-01-03"], ["line 3", "a missing cell"]),
]


@pytest.mark.parametrize(("times", "says"), [case[1:] for case in BAD_TIMES], ids=[case[0] for case in BAD_TIMES])
def test_refuses_bad_times(project, times, says):
    path = csv("t,a\n" + "".join(f"{time},1\n" for time in times))
    with pytest.raises(UserError) as caught:
        own.make(path=path, target="a", time="t")
    assert "column t" in str(caught.value)
    assert [part for part in says if part not in str(caught.value)] == []


BAD_PARQUET = [
    ("text", {"a": ["1", "x"]}, ["row 2", "'x'"]),
    ("infinite", {"a": [1.0, float("inf")]}, ["row 2", "finite"]),
    ("all missing", {"a": [float("nan"), None]}, ["column a", "missing cells alone"]),
    ("lists", {"a": [[1.0], [2.0]]}, ["column a", "must hold numbers", "list"]),
    ("no rows", {"a": np.empty(0)}, ["header alone"]),
]


@pytest.mark.parametrize(("columns", "says"), [case[1:] for case in BAD_PARQUET], ids=[case[0] for case in BAD_PARQUET])
def test_refuses_a_bad_parquet(project, columns, says):
    path = parquet(columns)
    with pytest.raises(UserError) as caught:
        own.make(path=path, target="a")
    assert [part for part in says if part not in str(caught.value)] == []


def test_a_single_column_may_have_a_semicolon_in_its_name(project):
    series = own.make(path=csv("a;b\n1\n2\n"), target="a;b")
    np.testing.assert_array_equal(series.rows[:, 0], [1, 2])


def test_refuses_what_is_no_parquet(project):
    path = csv("a,b\n1,2\n", "b.parquet")
    with pytest.raises(UserError, match="must be a Parquet file"):
        own.make(path=path, target="a")


@pytest.mark.parametrize(
    ("keys", "key"),
    [
        ({"target": "B"}, "target"),
        ({"target": "b", "features": ["a", "c"]}, "features"),
        ({"target": "b", "time": "date"}, "time"),
    ],
)
def test_names_a_missing_column_and_the_ones_there_are(project, keys, key):
    with pytest.raises(SettingError) as caught:
        own.make(path=csv(GOOD), **keys)
    assert caught.value.key == key
    assert "time, a, b, note" in str(caught.value)
    assert ("Did you mean `b`?" in str(caught.value)) == (key == "target")


@pytest.mark.parametrize(
    "path", ["/etc/passwd.csv", "data/own/../../a.csv", "data/raw/a.csv", "data/own", "data/own/a.txt"]
)
def test_reads_nothing_outside_its_folder(project, path):
    with pytest.raises(SettingError) as caught:
        own.make(path=path, target="a")
    assert caught.value.key == "source"


def test_follows_no_link_out_of_the_project_but_dvc_s_own(project):
    (project.parent / "outside.csv").write_text("a\n1\n")
    os.symlink(project.parent / "outside.csv", "data/own/out.csv")
    with pytest.raises(SettingError, match="link"):
        own.make(path="data/own/out.csv", target="a")
    # With `cache.type symlink` DVC puts such links there.
    (project / ".dvc/cache").mkdir(parents=True)
    (project / ".dvc/cache/ab").write_text("a\n1\n2\n")
    os.symlink(project / ".dvc/cache/ab", "data/own/in.csv")
    assert len(own.make(path="data/own/in.csv", target="a").rows) == 2


def test_says_that_a_file_is_not_there(project):
    with pytest.raises(UserError, match=r"`data/own/no.csv` must be a file"):
        own.make(path="data/own/no.csv", target="a")


@pytest.mark.parametrize(
    "kind", ["string", "large_string", "string_view", "int64", "float32", "decimal", "dictionary", "bool"]
)
def test_every_type_of_numbers_is_read(project, kind):
    import pyarrow as pa

    text = pa.array(["1", None, "0"])
    column = {
        "string": text,
        "large_string": text.cast(pa.large_string()),
        "string_view": text.cast(pa.string_view()),
        "decimal": text.cast(pa.float64()).cast(pa.decimal128(5, 2)),
        "dictionary": text.dictionary_encode(),
        "bool": pa.array([True, None, False]),
    }.get(kind)
    path = parquet({"a": text.cast(kind) if column is None else column})
    np.testing.assert_array_equal(own.make(path=path, target="a").rows[:, 0], [1, np.nan, 0])


@pytest.mark.parametrize("kind", ["s", "ms", "us", "ns", "s, UTC", "s, Europe/Berlin", "date32", "date64", "string"])
def test_every_type_of_times_is_read(project, kind):
    import pyarrow as pa

    days = pa.array(["2020-03-01", "2020-03-02", "2020-03-04"])
    if kind.startswith("date"):
        column = days.cast(pa.date32()).cast(kind)
    elif kind == "string":
        column = days
    else:
        unit, _, zone = kind.partition(", ")
        column = days.cast(pa.timestamp(unit)).cast(pa.timestamp(unit, tz=zone or None))
    series = own.make(path=parquet({"t": column, "a": [1.0, 2.0, 3.0]}), target="a", time="t")
    assert series.time.astype("datetime64[s]").astype(str).tolist() == [f"2020-03-0{day}T00:00:00" for day in (1, 2, 4)]
    holed = pa.concat_arrays([column.slice(0, 2), pa.nulls(1, column.type)])
    with pytest.raises(UserError, match=r"row 3, column t` must be a time.* a missing cell"):
        own.make(path=parquet({"t": holed, "a": [1.0, 2.0, 3.0]}), target="a", time="t")
