"""Numbers in the forms that programs write, numbers that mean a missing one, and files that are no table."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline.common.errors import UserError
from workflow.tryout import files, numbers, text

VALUES = np.round(50 + 10 * np.sin(np.arange(400)) + np.arange(400) % 7 / 7, 2)
COUNTS = [200 + 97 * i for i in range(60)]


def read(cells: list[str], style: str | None = None, *, commas: bool = False) -> numbers.Numbers:
    column = pd.Series(cells, dtype="str")
    return numbers.parse(column, style or numbers.decimal([column], commas), [])


@pytest.mark.parametrize("sign", [".", ","])
def test_whole_numbers_below_1000_tell_groups_of_three(sign: str) -> None:
    cells = ["", "-", "0", *(f"{count:,}".replace(",", sign) for count in COUNTS)]
    found = read(cells)
    np.testing.assert_array_equal(found.values, [np.nan, np.nan, 0, *COUNTS])
    assert "signs between groups of three digits are left out" in found.notes


@pytest.mark.parametrize(
    "cells",
    [
        ["0.987", "1.355", "2.174", "120", "340"],  # a zero in front of decimals
        ["1.355", "2.174", "9.125"],
        ["0", "0", "12.355", "2.174"],  # nothing, or three decimals
        ["1.355", "2.174", "2", "3"],  # not in the hundreds
        ["1.355", "2.17", "120", "340"],
        ["1.355", "2.174", "1200", "340", "120"],  # a number above 1,000 without a sign
    ],
)
def test_three_decimals_stay_decimals(cells: list[str]) -> None:
    np.testing.assert_array_equal(read(cells).values, [float(cell) for cell in cells])
    swapped = [cell.replace(".", ",") for cell in cells]
    np.testing.assert_array_equal(read(swapped).values, [float(cell) for cell in cells])


@pytest.mark.parametrize("mark", [-999, -200, -99.99, -8888, -7999, 1e20, 9.96921e36, 65535, -9999.0])
def test_a_known_mark_far_from_all_others_is_missing(mark: float) -> None:
    values = VALUES.copy()
    values[3::37] = mark
    found = read([f"{value:g}" if value == mark else repr(value) for value in values.tolist()])
    np.testing.assert_array_equal(np.isnan(found.values), values == mark)
    assert any(f"{mark:g}, in 11 rows" in note and "read as missing" in note for note in found.notes)


def test_marks_within_the_spread_and_several_of_them() -> None:
    sun = np.round(np.maximum(0, 1080 * np.sin(2 * np.pi * np.arange(2000) / 24)))
    sun[[100, 500, 501]] = -999
    sun[[7, 8]] = -9999
    found = read([f"{value:g}" for value in sun])
    np.testing.assert_array_equal(np.isnan(found.values), sun < 0)
    assert len(found.notes) == 2


def test_another_number_far_from_all_others_is_named() -> None:
    values = VALUES.copy()
    values[3::37] = -555
    found = read([repr(value) for value in values.tolist()])
    np.testing.assert_array_equal(found.values, values)
    assert "-555, in 11 rows and far from all others, is kept: MISSING=-555 reads it as missing" in found.notes


@pytest.mark.parametrize(
    "values",
    [
        np.arange(-250, 250.0),  # -200 and -99 are ordinary here
        np.r_[np.arange(-40, 35.0), -99, -99, -60, -75],
        np.r_[np.zeros(300), [1, 2, 3] * 20, 30, 30, 30],  # seldom and high
        np.r_[np.arange(0, 990.0, 10), 999, 999],
    ],
)
def test_ordinary_numbers_are_no_marks(values: np.ndarray) -> None:
    found = read([f"{value:g}" for value in values])
    np.testing.assert_array_equal(found.values, values)
    assert found.notes == []


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["-$2.41", "$3.00", "($1.50)", "$-7.25"], [-2.41, 3, -1.5, -7.25]),
        (["R$ 1.502,41", "R$ 2,50"], [1502.41, 2.5]),
        (["₹1,502.41", "₹2.50"], [1502.41, 2.5]),
        (["Rs. 5.00", "Rs. 1,250.50"], [5, 1250.5]),
        (["1502.4 µg/m3", "3.5 µg/m3"], [1502.4, 3.5]),
        (["12.5 m2", "3.25 m2"], [12.5, 3.25]),
        (["1,72,941.50", "2,941.50", "1,01,72,941.50"], [172941.5, 2941.5, 10172941.5]),
    ],
)
def test_currencies_units_and_groups(cells: list[str], values: list[float]) -> None:
    found = read(cells, commas=True)
    np.testing.assert_allclose(found.values, values)
    assert not found.wrong.any()


@pytest.mark.parametrize(
    "cells", [["P001", "P002"], ["12a3", "12b3"], ["2024-01-15", "2024-01-16"], ["x2", "x3"], ["51d4b", "52d4b"]]
)
def test_names_are_no_numbers(cells: list[str]) -> None:
    assert read(cells).wrong.all()


def test_a_zip_archive_is_named(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT-1h.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("BTCUSDT-1h.csv", "a,b\n1,2\n")
    with pytest.raises(UserError, match=r"a zip archive of BTCUSDT-1h\.csv\. Unpack it, `unzip"):
        files.read(path)


@pytest.mark.parametrize(
    ("words", "encoding", "doubted"),
    [
        ("дата", "cp1251", True),
        ("日付と気温", "shift-jis", True),
        ("Größe", "cp1252", False),
        ("été", "latin-1", False),
    ],
)
def test_an_encoding_that_does_not_fit_is_doubted(tmp_path: Path, words: str, encoding: str, doubted: bool) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(f"time,{words}\n".encode(encoding) + b"2019-01-01,1\n" * 3)
    note = next(note for note in text.read(path).notes if "Latin-1" in note)
    assert ("save the file as UTF-8" in note) == doubted
