"""A function of the user's that makes columns from the rows of an own file."""

from __future__ import annotations

import contextlib
import importlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pipeline.common import errors
from pipeline.common.errors import UserError
from pipeline.series import own
from pipeline.series.ids import Ids
from pipeline.series.sealed import reading_nothing
from pipeline.series.series import Series
from pipeline.series.settings import SettingError, check_names, listing

if TYPE_CHECKING:
    import pandas as pd

    Function = Callable[[pd.DataFrame], pd.DataFrame]

FOLDER = Path(__file__).parents[1] / "prepare"


class Part(NamedTuple):
    """Rows that the function sees at once.

    Attributes:
        who: the column of ids and the id, for messages; empty for a single series.
        frame: float64 columns; its index is the times, or counts the rows from 0.
    """

    who: str
    frame: pd.DataFrame


class Opened(NamedTuple):
    """A function and the rows of its file.

    Attributes:
        function: from frame to frame.
        failed: why a column of the file is none of numbers, by name.
        parts: all rows; with ids, those of each id.
        time: datetime64 [rows], or None.
        ids: which rows belong together, or None for a single series.
    """

    function: Function
    failed: dict[str, UserError]
    parts: list[Part]
    time: np.ndarray | None
    ids: Ids | None


def make(
    *,
    prepare: str,
    path: str,
    target: str,
    id: str | None = None,
    time: str | None = None,
    features: list[str] | None = None,
    zone: str | None = None,
) -> Series:
    """Read an own file as `own.make` does, and pass its columns of numbers through a function.

    Args:
        prepare: `module:function` of pipeline/prepare/. It maps a data frame, a float64 column for each column of
            numbers and the times as its index, to one with the same index.
        path: as for `own.make`.
        target: a column of the result; or of the file, if it holds text there and the result has none of that name.
        id: as for `own.make`. The function runs on the rows of one id at a time.
        time: as for `own.make`.
        features: columns of the result; the target alone by default.
        zone: as for `own.make`.

    Raises:
        SettingError: a setting is wrong.
        UserError: the file is wrong; or the function raises, gives other rows, or not the same twice.
    """
    if id is not None and id in (target, time):
        raise SettingError("id", "must be another column than the target and the times", repr(id), "Name another one.")
    given = opened(prepare, path, id, time, zone)
    made = run_each(prepare, given.function, given.parts, given.failed)
    of_file = is_of_file(target, made[0], given.failed)
    available = [*made[0].columns, *([target] if of_file else [])]
    target, chosen = check_names(target, features, available, f"what {prepare} returns")
    if of_file and target in chosen:
        raise given.failed[target]
    columns = chosen if target in chosen or of_file else [*chosen, target]
    rows = _numbers_of_each(prepare, given.parts, made, columns)
    made = run_each(prepare, given.function, given.parts, given.failed)
    again = _numbers_of_each(prepare, given.parts, made, columns)
    for part, first, second in zip(given.parts, rows, again, strict=True):
        with _naming(part.who):
            _require_same(prepare, columns, first, second)
    cuts = given.ids.starts[1:] if given.ids else []
    series = Series(np.concatenate(rows), columns, target, chosen, time=given.time, ids=given.ids, cuts=cuts)
    if not of_file:
        return series
    read = own.make(path=path, target=target, features=[given.parts[0].frame.columns[0]], id=id, time=time, zone=zone)
    return replace(
        series, rows=np.hstack([series.rows, read.rows[:, -1:]]), columns=[*columns, target], labels=read.labels
    )


def is_of_file(target: object, made: pd.DataFrame, failed: dict[str, UserError]) -> bool:
    """Return whether the target is a column of the file that the function neither sees nor makes."""
    return isinstance(target, str) and target in failed and target not in made


def columns(
    prepare: str, frame: pd.DataFrame, ids: Ids | None = None
) -> tuple[dict[str, np.ndarray], dict[str, UserError]]:
    """Pass a frame through a function, before there is a series.

    Args:
        prepare: as for `make`.
        frame: as the function gets it; with ids, one id after the other.
        ids: which rows belong together, or None for a single series.

    Returns:
        Columns of the result as float64 [rows], by name; and why each other column is none.

    Raises:
        SettingError: there is no such function.
        UserError: the function raises, or gives other rows.
    """
    parts = divided(frame, ids)
    made = run_each(prepare, _load(prepare), parts, {})
    found: dict[str, np.ndarray] = {}
    failed: dict[str, UserError] = {}
    for name in made[0].columns:
        try:
            found[name] = np.concatenate(_numbers_of_each(prepare, parts, made, [name]))[:, 0]
        except UserError as error:
            failed[name] = error
    return found, failed


def opened(prepare: str, path: str, id: str | None, time: str | None, zone: str | None) -> Opened:
    """Return the function, and the file's columns of numbers as a frame, or one for each id."""
    import pandas as pd

    function = _load(prepare)
    names = [name for name in own.names(path) if name not in (time, id)]
    failed: dict[str, UserError] = {}
    try:
        read = own.make(path=path, target=names[0], features=names, id=id, time=time, zone=zone)
    except UserError:
        for name in names:
            try:
                own.make(path=path, target=name)
            except UserError as error:
                failed[name] = error
        kept = [name for name in names if name not in failed]
        if not kept:
            raise
        read = own.make(path=path, target=kept[0], features=kept, id=id, time=time, zone=zone)
    index = None if read.time is None else pd.DatetimeIndex(read.time, name=time)
    frame = pd.DataFrame(read.rows, columns=read.columns, index=index)
    return Opened(function, failed, divided(frame, read.ids), read.time, read.ids)


def divided(frame: pd.DataFrame, ids: Ids | None) -> list[Part]:
    """Return the rows of each id; without times their index counts from 0 in each."""
    import pandas as pd

    if ids is None:
        return [Part("", frame)]
    parts = []
    for name, (start, stop) in zip(ids.names, ids.intervals(len(frame)), strict=True):
        own_rows = frame.iloc[start:stop]
        timed = isinstance(frame.index, pd.DatetimeIndex)
        parts.append(Part(f"{ids.column} {name}", own_rows if timed else own_rows.reset_index(drop=True)))
    return parts


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
        with reading_nothing(_place(prepare)):
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


def run_each(prepare: str, function: Function, parts: list[Part], failed: dict[str, UserError]) -> list[pd.DataFrame]:
    """Return what the function makes of each part, as `run` does.

    Raises:
        UserError: as for `run`, or it makes other columns for one id than for another.
    """
    made: list[pd.DataFrame] = []
    for part in parts:
        with _naming(part.who, failed):
            made.append(run(prepare, function, part.frame, failed))
            _require_columns(prepare, list(made[0].columns), list(made[-1].columns))
    return made


def _require_columns(prepare: str, first: list[str], columns: list[str]) -> None:
    rule, fix = "must make the same columns for every id", "Make each column always; leave its cells missing."
    for name in first:
        if name not in columns:
            raise UserError(_place(prepare), rule, f"no column {name}", fix)
    for name in columns:
        if name not in first:
            raise UserError(_place(prepare), rule, f"the column {name}, which the first id lacks", fix)


def _numbers_of_each(prepare: str, parts: list[Part], made: list[pd.DataFrame], columns: list[str]) -> list[np.ndarray]:
    """Return columns of the result of each part, as `numbers` does."""
    found = []
    for part, frame in zip(parts, made, strict=True):
        with _naming(part.who):
            found.append(numbers(prepare, frame, columns))
    return found


def _require_same(prepare: str, columns: list[str], rows: np.ndarray, again: np.ndarray) -> None:
    if not np.array_equal(rows, again, equal_nan=True):
        column = columns[int(np.flatnonzero(~((rows == again) | np.isnan(rows) & np.isnan(again)).all(axis=0))[0])]
        rule = "must return the same for the same rows"
        raise UserError(_place(prepare), rule, f"another column {column} the second time", "Draw nothing at random.")


@contextlib.contextmanager
def _naming(who: str, failed: dict[str, UserError] | None = None) -> Iterator[None]:
    """Add the id to an error, unless it is one of the file that `failed` holds."""
    try:
        yield
    except UserError as error:
        if not who or error in (failed or {}).values():
            raise
        raise UserError(error.place, error.rule, f"{error.received}, in {who}", error.fix, error.where) from error


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
