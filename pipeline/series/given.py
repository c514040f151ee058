"""Windows that somebody else cut, from a file .npz under data/own/: a series of sequences of equal length.

Each window becomes one sequence. Its targets are in the columns `y_0` …, equal in all rows of the window; no feature is
made of them. Nothing is unpickled: an array of objects is refused.
"""

from __future__ import annotations

import itertools
import re
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline.common.errors import UserError
from pipeline.series import own
from pipeline.series.series import Series
from pipeline.series.settings import listing

PARTS = ("train", "validation", "test")
# Shares of the later parts where the file names none, in the order of the windows.
VALIDATION, TEST = 0.15, 0.15
_KEYS = ("X", "y", "part", "features")
_SPELLINGS = {"train": 0, "training": 0, "val": 1, "valid": 1, "validation": 1, "dev": 1, "test": 2, "testing": 2}
_OF_A_PART = re.compile(rf"(?i)(?:(?P<before>[xy])_?)?(?P<part>{'|'.join(_SPELLINGS)})(?(before)|_?(?P<after>[xy]))")
_SAVE = "For example np.savez('windows.npz', X=X, y=y)."


class Windows(NamedTuple):
    """Content of a file of windows.

    Attributes:
        x: float64 [windows, length, features], finite.
        y: float64 [windows, outputs] for numbers; [windows] of strings or of bool.
        part: int [windows], positions in `PARTS`.
        features: a name for each feature.
        divided: whether the file names the parts.
    """

    x: np.ndarray
    y: np.ndarray
    part: np.ndarray
    features: list[str]
    divided: bool


def read(path: Path) -> Windows:
    """Read and check a file.

    Args:
        path: a .npz file with `X` [windows, length, features] and `y` [windows] or [windows, outputs]; optionally
            `part` [windows], as train, validation and test or 0, 1 and 2, and `features`, their names. Or with arrays
            of each part in place of the first three: `X_train`, `y_train`, `X_val`, `y_val`, `X_test`, `y_test`.

    Raises:
        UserError: the file is not such an archive; the message names the array.
    """
    arrays = _arrays(path)
    x = _numbers(path, "X", arrays["X"], 3, "[windows, length, features]")
    if x.shape[1] < 1 or x.shape[2] < 1 or len(x) < 3:
        fix = "Save three windows or more, of a row and a feature at least."
        raise UserError(f"{path}, X", "must hold windows of rows of features", _shape(x), fix)
    y = _targets(path, arrays["y"], len(x))
    part, divided = _parts(path, arrays.get("part"), len(x))
    return Windows(x, y, part, _names(path, arrays.get("features"), x.shape[2]), divided)


def make(*, path: str, classes: bool = False) -> Series:
    """Read windows as a series of sequences.

    Args:
        path: a .npz file below data/own/, from the project's folder (`read`).
        classes: whether `y` holds classes: labels, class numbers or one-hot rows. They are numbered in their order.

    Returns:
        Series of the features and then the targets, sequence after sequence, with the part of each sequence.
    """
    windows = read(own.inside(path, (".npz",)))
    targets = class_numbers(Path(path), windows.y)[0][:, None] if classes else numbers(Path(path), windows.y)
    count, length, _ = windows.x.shape
    repeated = np.repeat(targets, length, axis=0)
    rows = np.concatenate([windows.x.reshape(count * length, -1), repeated], axis=1)
    names = [f"y_{k}" for k in range(targets.shape[1])]
    parts = [[PARTS[code], len(list(same))] for code, same in itertools.groupby(windows.part.tolist())]
    columns = [*windows.features, *names]
    return Series(rows, columns, names[0], list(windows.features), sequence_length=length, parts=parts)


def numbers(path: Path, y: np.ndarray) -> np.ndarray:
    """Return targets of a regression: float64 [windows, outputs].

    Raises:
        UserError: they are labels.
    """
    if y.dtype.kind not in "f":
        raise UserError(
            f"{path}, y", "must hold numbers for a regression", f"{y[0]!s}, a label", "Set `classes: true`."
        )
    return y


def class_numbers(path: Path, y: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Return the class of each window, float64 [windows], and the names of the classes in the order of their numbers.

    Args:
        path: for errors.
        y: labels [windows], numbers [windows, 1], or one-hot rows [windows, classes].

    Raises:
        UserError: rows of several columns are not one-hot, or there is one class alone.
    """
    if y.ndim == 2 and y.shape[1] > 1:
        if not is_one_hot(y):
            rule = "must hold one label a window, or one-hot rows, for classes"
            raise UserError(f"{path}, y", rule, f"rows like {y[0].tolist()}", "Save the class numbers, [windows].")
        return y.argmax(axis=1).astype(np.float64), [str(k) for k in range(y.shape[1])]
    labels, found = np.unique(y.ravel(), return_inverse=True)
    if len(labels) < 2:
        raise UserError(
            f"{path}, y", "must hold two classes or more", f"{labels[0]!s} alone", "Save other windows too."
        )
    names = [f"{label:g}" if y.dtype.kind == "f" else str(label) for label in labels]
    return found.ravel().astype(np.float64), names


def is_one_hot(y: np.ndarray) -> bool:
    """Return whether every row has one 1 and else zeros."""
    return bool(y.ndim == 2 and y.shape[1] > 1 and np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all())


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of an archive; those of objects would need pickle, and are refused by name."""
    try:
        archive = np.load(path, allow_pickle=False)
        if not isinstance(archive, np.lib.npyio.NpzFile):
            raise UserError(str(path), "must be an archive of arrays (.npz)", "a single array", _SAVE)
        with archive:
            return _checked(path, archive)
    except FileNotFoundError:
        raise UserError(str(path), "must be a file", "no such file", "Check the path.") from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, NotImplementedError) as error:
        raise UserError(
            str(path), "must be a file that np.savez writes", str(error)[:100] or "damaged", _SAVE
        ) from None


def _checked(path: Path, archive: np.lib.npyio.NpzFile) -> dict[str, np.ndarray]:
    by_part = {} if "X" in archive.files else _by_part(archive.files)
    found = _joined(path, archive, by_part) if by_part else {}
    for key in ("X", "y"):
        if key not in archive.files and key not in found:
            raise UserError(str(path), f"must hold an array `{key}`", listing(archive.files) or "no array", _SAVE)
    return found | {key: _array(path, archive, key, key) for key in _KEYS if key in archive.files and key not in found}


def _array(path: Path, archive: np.lib.npyio.NpzFile, name: str, key: str) -> np.ndarray:
    try:
        return np.asarray(archive[name])
    except ValueError:
        rule = "must be an array of numbers or text: objects are never unpickled"
        raise UserError(f"{path}, {name}", rule, "an array of objects", _OBJECTS[key]) from None


def _by_part(names: list[str]) -> dict[int, dict[str, str]]:
    """Return the arrays that scripts save for each part, by its position in `PARTS` and by `X` and `y`."""
    found: dict[int, dict[str, str]] = {}
    for name in names:
        if match := _OF_A_PART.fullmatch(name):
            key = (match["before"] or match["after"]).lower().replace("x", "X")
            found.setdefault(_SPELLINGS[match["part"].lower()], {})[key] = name
    return dict(sorted(found.items()))


def _joined(path: Path, archive: np.lib.npyio.NpzFile, by_part: dict[int, dict[str, str]]) -> dict[str, np.ndarray]:
    arrays: dict[str, list[np.ndarray]] = {"X": [], "y": []}
    for code, own_names in by_part.items():
        for key, pieces in arrays.items():
            if key not in own_names:
                known = listing(list(own_names.values()))
                fix = f"Save {key}_{PARTS[code]} beside it, or X and y of all windows."
                raise UserError(str(path), f"must hold `X` and `y` of the part {PARTS[code]}", f"{known} alone", fix)
            pieces.append(_array(path, archive, own_names[key], key))
        given, wanted = (len(arrays[key][-1]) if arrays[key][-1].ndim else 0 for key in ("y", "X"))
        if given != wanted:
            rule = f"must have an entry for each of the {wanted:,} windows of {own_names['X']}"
            fix = "Save both from the same script, in the same order."
            raise UserError(f"{path}, {own_names['y']}", rule, f"{given:,}", fix)
    joined = {}
    for key, pieces in arrays.items():
        shapes = sorted({piece.shape[1:] for piece in pieces})
        if len(shapes) > 1:
            rule = f"must be {key} of windows of one shape in all parts"
            raise UserError(str(path), rule, " and ".join(map(str, shapes)), "Cut all parts in the same way.")
        joined[key] = np.concatenate(pieces)
    counts = [len(piece) for piece in arrays["X"]]
    return joined | {"part": np.repeat([PARTS[code] for code in by_part], counts)}


_OBJECTS = {
    "X": "Make the windows equally long: X = np.stack(windows).astype('float32').",
    "y": "Save y.astype(str) for labels, or y.astype('float32').",
    "part": "Save part.astype(str).",
    "features": "Save np.array(names, dtype=str).",
}


def _numbers(path: Path, key: str, array: np.ndarray, dimensions: int, form: str) -> np.ndarray:
    place = f"{path}, {key}"
    if array.dtype.kind not in "fiub":
        raise UserError(place, "must hold numbers", array.dtype, f"Save {key}.astype('float32').")
    if array.ndim != dimensions:
        fix = f"Add the missing axis: {key}[..., None]." if array.ndim == dimensions - 1 else f"Reshape it to {form}."
        raise UserError(place, f"must have the shape {form}", _shape(array), fix)
    made = array.astype(np.float64)
    wrong = np.argwhere(~np.isfinite(made))
    if len(wrong):
        index = ", ".join(map(str, wrong[0]))
        fix = "Fill or leave out such windows before they are cut."
        raise UserError(f"{place}[{index}]", "must be finite", f"{made[tuple(wrong[0])]}, one of {len(wrong):,}", fix)
    return made


def _targets(path: Path, y: np.ndarray, windows: int) -> np.ndarray:
    place = f"{path}, y"
    if y.ndim == 3 and y.shape[2] == 1:
        y = y[:, :, 0]
    if y.ndim not in (1, 2) or (y.ndim == 2 and y.shape[1] == 0):
        raise UserError(place, "must have the shape [windows] or [windows, outputs]", _shape(y), "Reshape it.")
    if len(y) != windows:
        fix = "Save both from the same script, in the same order."
        raise UserError(place, f"must have an entry for each of the {windows:,} windows of X", f"{len(y):,}", fix)
    if y.dtype.kind in "US":
        flat = y.reshape(len(y), -1)
        if flat.shape[1] > 1:
            raise UserError(place, "must hold one label a window", _shape(y), "Save one column of it.")
        return flat[:, 0].astype(str)
    if y.dtype.kind == "b" and y.size == len(y):
        return y.reshape(-1)
    return _numbers(path, "y", y[:, None] if y.ndim == 1 else y, 2, "[windows, outputs]")


def _parts(path: Path, part: np.ndarray | None, windows: int) -> tuple[np.ndarray, bool]:
    """Return the part of each window; without an array the last windows are the test, those before the validation."""
    place = f"{path}, part"
    if part is None:
        codes = np.zeros(windows, dtype=int)
        tests, validations = round(TEST * windows), round(VALIDATION * windows)
        codes[windows - tests - validations :] = 1
        codes[windows - tests :] = 2
    else:
        part = part.reshape(-1) if part.ndim == 2 and part.shape[1] == 1 else part
        if part.shape != (windows,):
            rule = f"must have an entry for each of the {windows:,} windows of X"
            raise UserError(place, rule, _shape(part), "Save one entry a window, or leave it out.")
        spelled = [str(each).strip().lower() for each in part.tolist()]
        known = _SPELLINGS | {str(float(code)): code for code in range(3)} | {str(code): code for code in range(3)}
        unknown = next((each for each in spelled if each not in known), None)
        if unknown is not None:
            fix = "Use these words, or 0, 1 and 2."
            raise UserError(place, f"must be one of {', '.join(PARTS)}", repr(unknown), fix)
        codes = np.array([known[each] for each in spelled])
    counts = np.bincount(codes, minlength=3)
    for name, count in zip(PARTS, counts, strict=True):
        if not count and name != "validation":
            fix = "Name windows of this part, or give more." if part is not None else "Give more windows."
            raise UserError(place, f"must leave windows in the part {name}", f"none of {windows:,}", fix)
    return codes, part is not None


def _names(path: Path, names: np.ndarray | None, width: int) -> list[str]:
    if names is None:
        return [f"x_{k}" for k in range(width)]
    made = [str(each).strip() for each in names.reshape(-1).tolist()]
    if len(made) != width or len(set(made)) != width or not all(made):
        fix = "Save a name for each, or leave `features` out."
        raise UserError(f"{path}, features", f"must name each of the {width} features of X once", listing(made), fix)
    taken = [name for name in made if name.startswith("y_")]
    if taken:
        raise UserError(f"{path}, features", "must not begin with y_, as the targets do", taken[0], "Rename it.")
    return made


def _shape(array: Any) -> str:
    return f"{list(array.shape)}"
