"""Stored files: those that lie in the working directory hold what the stages make of the raw rows.

They are compared by their numbers. Their bytes may differ for no fault: another version of a library writes another
file, and another processor adds in another order.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline.common import files
from pipeline.leakage.proof import Proof, judged

_SINGLE, _DOUBLE = 1e-6, 1e-9  # of a number, or of the largest one beside it
_CHUNK = 1 << 18  # rows at a time


class Compared(NamedTuple):
    """What a comparison found: how many files and numbers were compared, and a line on each file that differs."""

    files: int
    numbers: int
    found: list[str]


def compare(here: Path, name: str, fold: int, kinds: list[str]) -> Compared:
    """The files of one fold in the folder `here` beside those in the working directory, which the stages just made.

    Args:
        here: a folder with `data/`; a file that it lacks is left out.
        name: the dataset.
        fold: number of the fold.
        kinds: the parts that the fold has.
    """
    count = numbers = 0
    found = []
    for path in _paths(name, fold, kinds):
        if not (here / path).exists() or not path.exists():
            continue
        size, difference = _READERS[path.suffix](here / path, path, fold)
        count, numbers = count + 1, numbers + size
        if difference:
            found.append(f"{path.as_posix()} is not what the stages make of the raw rows: {difference}")
    return Compared(count, numbers, found)


def proof(compared: Compared, fold: int) -> Proof:
    """The proof `stored_files`."""
    about = (
        "The files of the stages hold what a new run makes: integers and names are the same, other numbers differ by "
        f"at most {_DOUBLE:g} of the largest one in their column, {_SINGLE:g} in single precision."
    )
    return judged("stored_files", fold, {"files": compared.files, "numbers": compared.numbers}, compared.found, about)


def _paths(name: str, fold: int, kinds: list[str]) -> list[Path]:
    paths = [files.SPLIT / name / "split.json", files.WINDOWS / name / "windows.json"]
    paths.append(files.SCALED / name / "scaling.json")
    for kind in kinds:
        if kind == "test":
            paths.append(files.TEST / name / f"fold{fold}.npy")
            continue
        paths.append(files.fold_folder(files.SPLIT, name, fold) / f"{kind}.npy")
        paths.append(files.fold_folder(files.WINDOWS, name, fold) / f"{kind}.parquet")
        paths.append(files.fold_folder(files.SCALED, name, fold) / f"{kind}.npy")
    return paths


def _arrays(lying: Path, made: Path, fold: int) -> tuple[int, str | None]:
    one, other = files.read_array(lying), files.read_array(made)
    return other.size, _difference(one, other)


def _tables(lying: Path, made: Path, fold: int) -> tuple[int, str | None]:
    one, other = files.read_table(lying), files.read_table(made)
    size = sum(column.size for column in other.values())
    if list(one) != list(other):
        return size, f"columns {', '.join(one)} in place of {', '.join(other)}"
    for name, column in other.items():
        if difference := _difference(one[name], column):
            return size, f"column {name}, {difference}"
    return size, None


def _tree(lying: Path, made: Path, fold: int) -> tuple[int, str | None]:
    one, other = (_of_fold(files.read_json(path), fold) for path in (lying, made))
    return _count(other), _branch(one, other, "")


_READERS = {".npy": _arrays, ".parquet": _tables, ".json": _tree}


def _difference(one: np.ndarray, other: np.ndarray) -> str | None:
    """The first number of `one` that is not that of `other`, some rows at a time."""
    if one.shape != other.shape or one.dtype != other.dtype:
        return f"{one.dtype} {list(one.shape)} in place of {other.dtype} {list(other.shape)}"
    largest: np.ndarray | None = None
    for at in range(0, len(one), _CHUNK):
        a, b = (np.ascontiguousarray(each[at : at + _CHUNK]) for each in (one, other))
        if a.tobytes() == b.tobytes():
            continue
        if largest is None and other.dtype.kind == "f":
            largest = np.max(np.abs(other), axis=0, initial=0, where=np.isfinite(other))
        same = a == b if largest is None else _close(a, b, largest)
        if not same.all():
            row, *column = (int(i) for i in np.argwhere(~same)[0])
            place = f"row {at + row}{f', column {column[0]}' if column else ''}"
            return f"{place} is {a[row, *column]:.6g} in place of {b[row, *column]:.6g}"
    return None


def _close(one: Any, other: Any, largest: Any) -> np.ndarray:
    """Whether numbers are those of `other`, up to rounding: a mean near 0 is as exact as the numbers it was made of."""
    part = _SINGLE if np.asarray(one).dtype == np.float32 else _DOUBLE
    return np.isclose(one, other, rtol=part, atol=part * np.asarray(largest, np.float64), equal_nan=True)


def _of_fold(table: dict[str, Any], fold: int) -> dict[str, Any]:
    folds = table["folds"]
    return table | {"folds": {f"{fold}": folds[fold]} if fold < len(folds) else {}, "number of folds": len(folds)}


def _count(value: Any) -> int:
    if isinstance(value, dict | list):
        return sum(_count(each) for each in (value.values() if isinstance(value, dict) else value))
    return 1


def _branch(one: Any, other: Any, place: str, largest: float = 0.0) -> str | None:
    """Where two trees of JSON differ first; `largest` is the largest number beside them."""
    if isinstance(one, list) and isinstance(other, list):
        one, other = (dict(enumerate(each)) for each in (one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        if list(one) != list(other):
            return f"{place or 'its keys'}: {', '.join(map(str, one))} in place of {', '.join(map(str, other))}"
        largest = max((abs(each) for each in other.values() if isinstance(each, float)), default=0.0)
        said = (_branch(one[key], other[key], f"{place}.{key}" if place else str(key), largest) for key in one)
        return next((each for each in said if each), None)
    if isinstance(one, float) and isinstance(other, float):
        same = bool(_close(one, other, largest))
    else:
        same = type(one) is type(other) and one == other
    return None if same else f"{place} is {one} in place of {other}"
