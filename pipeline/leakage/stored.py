"""Stored files: the files in the working directory equal the results of running the stages again.

They are compared by their numbers. Their bytes may differ without a fault: another version of a library writes another
file, and another processor adds in another order.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline.common import files
from pipeline.leakage import proof
from pipeline.leakage.proof import Proof

_SINGLE, _DOUBLE = 1e-6, 1e-9  # tolerance, as a share of a number or of the largest number of its column
_CHUNK = 1 << 18  # rows at a time


class Compared(NamedTuple):
    """Result of a comparison: how many files and numbers were compared, and a line on each file that differs."""

    files: int
    numbers: int
    found: list[str]


def compare(here: Path, name: str, fold: int, kinds: list[str]) -> Compared:
    """Compare the files of one fold in the folder `here` with those in the working directory, made just now.

    Args:
        here: a folder with `data/`; a file that it lacks is left out.
        name: name of the dataset.
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
            found.append(f"{path.as_posix()} differs from what the stages make of the raw rows: {difference}")
    return Compared(count, numbers, found)


def judge(compared: Compared, fold: int) -> Proof:
    """Make the proof `stored_files`."""
    about = (
        "The stages' files equal those of a new run: integers and names are the same, other numbers differ by at most "
        f"{_DOUBLE:g} of the largest number in their column, {_SINGLE:g} in single precision."
    )
    return proof.judge(
        "stored_files", fold, {"files": compared.files, "numbers": compared.numbers}, compared.found, about
    )


def _paths(name: str, fold: int, kinds: list[str]) -> list[Path]:
    paths = [files.SPLIT / name / "split.json", files.WINDOWS / name / "windows.json"]
    paths.append(files.SCALED / name / "scaling.json")
    for kind in kinds:
        paths.append(files.part_file(name, fold, kind))
        if kind != "test":
            paths.append(files.fold_folder(files.WINDOWS, name, fold) / f"{kind}.parquet")
            paths.append(files.fold_folder(files.SCALED, name, fold) / f"{kind}.npy")
    return paths


def _compare_arrays(stored: Path, made: Path, fold: int) -> tuple[int, str | None]:
    old, new = files.read_array(stored), files.read_array(made)
    return new.size, _difference(old, new)


def _compare_tables(stored: Path, made: Path, fold: int) -> tuple[int, str | None]:
    old, new = files.read_table(stored), files.read_table(made)
    size = sum(column.size for column in new.values())
    if list(old) != list(new):
        return size, f"columns {', '.join(old)} in place of {', '.join(new)}"
    for name, column in new.items():
        if difference := _difference(old[name], column):
            return size, f"column {name}, {difference}"
    return size, None


def _compare_trees(stored: Path, made: Path, fold: int) -> tuple[int, str | None]:
    old, new = (_select_fold(files.read_json(path), fold) for path in (stored, made))
    return _count(new), _branch(old, new, "")


_READERS = {".npy": _compare_arrays, ".parquet": _compare_tables, ".json": _compare_trees}


def _difference(old: np.ndarray, new: np.ndarray) -> str | None:
    """Describe the first number that differs; None where there is none. Some rows are compared at a time."""
    if old.shape != new.shape or old.dtype != new.dtype:
        return f"{old.dtype} {list(old.shape)} in place of {new.dtype} {list(new.shape)}"
    largest: np.ndarray | None = None
    for at in range(0, len(old), _CHUNK):
        a, b = (np.ascontiguousarray(each[at : at + _CHUNK]) for each in (old, new))
        if a.tobytes() == b.tobytes():
            continue
        if largest is None and new.dtype.kind == "f":
            largest = np.max(np.abs(new), axis=0, initial=0, where=np.isfinite(new))
        same = a == b if largest is None else _close(a, b, largest)
        if not same.all():
            row, *column = (int(i) for i in np.argwhere(~same)[0])
            place = f"row {at + row}{f', column {column[0]}' if column else ''}"
            return f"{place} is {a[row, *column]:.6g} in place of {b[row, *column]:.6g}"
    return None


def _close(old: Any, new: Any, largest: Any) -> np.ndarray:
    """Return whether numbers are equal up to rounding: a mean near 0 is as exact as the numbers it was made of."""
    share = _SINGLE if np.asarray(old).dtype == np.float32 else _DOUBLE
    return np.isclose(old, new, rtol=share, atol=share * np.asarray(largest, np.float64), equal_nan=True)


def _select_fold(table: dict[str, Any], fold: int) -> dict[str, Any]:
    folds = table["folds"]
    return table | {"folds": {f"{fold}": folds[fold]} if fold < len(folds) else {}, "number of folds": len(folds)}


def _count(value: Any) -> int:
    if isinstance(value, dict | list):
        return sum(_count(each) for each in (value.values() if isinstance(value, dict) else value))
    return 1


def _branch(old: Any, new: Any, place: str, largest: float = 0.0) -> str | None:
    """Describe where two trees of JSON first differ; `largest` is the largest number in the same list or mapping."""
    if isinstance(old, list) and isinstance(new, list):
        old, new = (dict(enumerate(each)) for each in (old, new))
    if isinstance(old, dict) and isinstance(new, dict):
        if list(old) != list(new):
            return f"{place or 'its keys'}: {', '.join(map(str, old))} in place of {', '.join(map(str, new))}"
        largest = max((abs(each) for each in new.values() if isinstance(each, float)), default=0.0)
        branches = (_branch(old[key], new[key], f"{place}.{key}" if place else str(key), largest) for key in old)
        return next(filter(None, branches), None)
    if isinstance(old, float) and isinstance(new, float):
        same = bool(_close(old, new, largest))
    else:
        same = type(old) is type(new) and old == new
    return None if same else f"{place} is {old} in place of {new}"
