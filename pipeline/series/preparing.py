"""A function of the user's that makes columns from the rows of an own file."""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.common import errors
from pipeline.common.errors import UserError
from pipeline.series import own
from pipeline.series.series import Series
from pipeline.series.settings import SettingError, check_names, listing

if TYPE_CHECKING:
    import pandas as pd

    Function = Callable[[pd.DataFrame], pd.DataFrame]

FOLDER = Path(__file__).parents[1] / "prepare"


def make(
    *,
    prepare: str,
    path: str,
    target: str,
    time: str | None = None,
    features: list[str] | None = None,
    zone: str | None = None,
) -> Series:
    """Read an own file as `own.make` does, and pass its columns of numbers through a function.

    Args:
        prepare: `module:function` of pipeline/prepare/. It maps a data frame, a float64 column for each column of
            numbers and the times as its index, to one with the same index.
        path: as for `own.make`.
        target: a column of the result.
        time: as for `own.make`.
        features: columns of the result; the target alone by default.
        zone: as for `own.make`.

    Raises:
        SettingError: a setting is wrong.
        UserError: the file is wrong; or the function raises, gives other rows, or not the same twice.
    """
    function, frame, failed = opened(prepare, path, time, zone)
    made = run(prepare, function, frame, failed)
    target, chosen = check_names(target, features, made.columns.tolist(), f"what {prepare} returns")
    columns = chosen if target in chosen else [*chosen, target]
    rows = numbers(prepare, made, columns)
    again = numbers(prepare, run(prepare, function, frame, failed), columns)
    if not np.array_equal(rows, again, equal_nan=True):
        column = columns[int(np.flatnonzero(~((rows == again) | np.isnan(rows) & np.isnan(again)).all(axis=0))[0])]
        rule = "must return the same for the same rows"
        raise UserError(_place(prepare), rule, f"another column {column} the second time", "Draw nothing at random.")
    times = None if time is None else frame.index.to_numpy()
    return Series(rows, columns, target, chosen, time=times)


def columns(prepare: str, frame: pd.DataFrame) -> tuple[dict[str, np.ndarray], dict[str, UserError]]:
    """Pass a frame through a function, before there is a series.

    Args:
        prepare: as for `make`.
        frame: as the function gets it.

    Returns:
        Columns of the result as float64 [rows], by name; and why each other column is none.

    Raises:
        SettingError: there is no such function.
        UserError: the function raises, or gives other rows.
    """
    made = run(prepare, _load(prepare), frame, {})
    found: dict[str, np.ndarray] = {}
    failed: dict[str, UserError] = {}
    for name in made.columns:
        try:
            found[name] = numbers(prepare, made, [name])[:, 0]
        except UserError as error:
            failed[name] = error
    return found, failed


def opened(
    prepare: str, path: str, time: str | None, zone: str | None
) -> tuple[Function, pd.DataFrame, dict[str, UserError]]:
    """Return the function, the file's columns of numbers as a frame, and why each other column is none."""
    import pandas as pd

    function = _load(prepare)
    names = [name for name in own.names(path) if name != time]
    failed: dict[str, UserError] = {}
    try:
        read = own.make(path=path, target=names[0], features=names, time=time, zone=zone)
    except UserError:
        for name in names:
            try:
                own.make(path=path, target=name)
            except UserError as error:
                failed[name] = error
        kept = [name for name in names if name not in failed]
        if not kept:
            raise
        read = own.make(path=path, target=kept[0], features=kept, time=time, zone=zone)
    index = None if read.time is None else pd.DatetimeIndex(read.time, name=time)
    return function, pd.DataFrame(read.rows, columns=read.columns, index=index), failed


def _load(prepare: str) -> Function:
    """Return the function that `module:function` names.

    Raises:
        SettingError: there is none.
        UserError: its file cannot be imported.
    """
    module, _, name = prepare.partition(":") if isinstance(prepare, str) else ("", "", "")
    path = FOLDER / f"{module}.py"
    if not module.isidentifier() or not path.is_file() or path.resolve().parent != FOLDER.resolve():
        known = listing(sorted(each.stem for each in FOLDER.glob("*.py") if each.stem != "__init__"))
        rule = "must be `module:function`, of a file in pipeline/prepare/"
        raise SettingError("prepare", rule, repr(prepare), f"The modules are: {known}.")
    try:
        function = getattr(importlib.import_module(f"pipeline.prepare.{module}"), name, None)
    except Exception as error:
        raise _raised(prepare, error) from error
    if not callable(function):
        rule = f"must name a function of pipeline/prepare/{module}.py"
        raise SettingError("prepare", rule, repr(prepare), f"Write `def {name or 'features'}(frame):` there.")
    return function  # type: ignore[no-any-return]


def run(prepare: str, function: Function, frame: pd.DataFrame, failed: dict[str, UserError]) -> pd.DataFrame:
    """Return what the function makes of a copy of the frame.

    Raises:
        UserError: it raises, or returns something other than a frame with the same index and named columns.
    """
    import pandas as pd

    try:
        with _reading_nothing(prepare):
            made = function(frame.copy())
    except UserError:
        raise
    except Exception as error:
        if isinstance(error, KeyError) and error.args and error.args[0] in failed:
            raise failed[error.args[0]] from error
        raise _raised(prepare, error) from error
    if not isinstance(made, pd.DataFrame):
        raise UserError(_place(prepare), "must return a pandas data frame", type(made).__name__, "Return the frame.")
    if len(made) != len(frame):
        fix = "Keep every row: leave a cell missing instead of dropping its row."
        raise UserError(_place(prepare), "must return a row for each row", f"{len(made)} of {len(frame)}", fix)
    if not made.index.equals(frame.index):
        fix = "Keep the index: do not sort, shift or reset it."
        raise UserError(_place(prepare), "must return the index of the rows it is given", "another index", fix)
    wrong = [name for name in made if not isinstance(name, str)] or made.columns[made.columns.duplicated()].tolist()
    if wrong:
        raise UserError(_place(prepare), "must name each column once, by text", repr(wrong[0]), "Rename it.")
    return made


# The name of the function that runs now; empty while none does.
_running: list[str] = []


@contextlib.contextmanager
def _reading_nothing(prepare: str) -> Iterator[None]:
    """Refuse to open the project's files: no run on fewer or other rows changes them, and DVC does not see them."""
    _hook()
    _running.append(prepare)
    try:
        yield
    finally:
        _running.pop()


@functools.cache
def _hook() -> None:
    sys.addaudithook(_audit)  # once, as Python never removes one


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _running or event != "open" or not isinstance(arguments[0], str | bytes):
        return
    path, root = Path(os.fsdecode(arguments[0])).resolve(), Path.cwd().resolve()
    if path.is_relative_to(root) and path.relative_to(root).parts[:1] not in (("pipeline",), (".venv",)):
        shown = str(path.relative_to(root))
        fix = "Put the column into the series' own file: the proof knows its rows."
        raise UserError(_place(_running[-1]), "must read nothing but the frame", shown, fix)


def numbers(prepare: str, frame: pd.DataFrame, columns: list[str]) -> np.ndarray:
    """Return columns of the result as float64 [rows, columns], finite or missing."""
    rows = np.empty((len(frame), len(columns)))
    for position, name in enumerate(columns):
        place = f"{_place(prepare)}, column {name}"
        try:
            rows[:, position] = frame[name].to_numpy(dtype=np.float64, na_value=np.nan)
        except KeyError:
            raise UserError(place, "must be made of any number of rows", "no such column", "Make it always.") from None
        except (TypeError, ValueError):
            raise UserError(place, "must hold numbers", frame[name].dtype, "Make numbers of it.") from None
        infinite = np.flatnonzero(np.isinf(rows[:, position]))
        if infinite.size:
            row = int(infinite[0])
            raise UserError(place, "must be finite", f"{rows[row, position]} in row {row}", "Guard the division by 0.")
    return rows


def _raised(prepare: str, error: Exception) -> UserError:
    known = errors.in_own_code(error)
    return known or UserError(_place(prepare), "must run without an exception", errors.shown(error), "Correct it.")


def _place(prepare: str) -> str:
    module, _, name = prepare.partition(":")
    return f"pipeline/prepare/{module}.py, {name}"
