"""Stage `raw`: rows from a source, checked and written to data/raw/SERIES/."""

from __future__ import annotations

import hashlib
import importlib
import inspect
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.series import ORACLE, Series, SettingError, listing, own, select

SOURCES = Path("pipeline/sources")


def read(name: str, settings: dict[str, Any]) -> Series:
    """Read or make the rows of a series; nothing is written.

    Args:
        name: the name of the series, for messages.
        settings: `series.NAME` of params.yaml; a key that is None counts as left out.

    Raises:
        UserError: a setting or the file is wrong.
    """
    rest = {key: value for key, value in settings.items() if value is not None}
    source = rest.pop("source", None)
    try:
        if isinstance(source, str) and PurePosixPath(source).is_relative_to(own.OWN):
            common = {"period": rest.pop("period", None)}
            series = own.make(**_checked(own.make, {"path": source} | rest))
        else:
            make = _maker(source)
            # `period` belongs to a generator that makes a season, and is a remark on the rows otherwise.
            taken = inspect.signature(make).parameters
            common = {key: rest.pop(key, None) for key in ("target", "features", "period") if key not in taken}
            series = make(**_checked(make, rest))
        return check(name, select(series, **common))
    except SettingError as error:
        raise UserError(f"series.{name}.{error.key}", error.rule, error.received, error.mend) from None


def _maker(source: object) -> Any:
    """`make` of the module that a source names."""
    modules = sorted(path.stem for path in SOURCES.glob("*.py") if path.stem not in ("__init__", "own"))
    path = PurePosixPath(source) if isinstance(source, str) else PurePosixPath()
    if path.parent != PurePosixPath(SOURCES) or path.suffix != ".py" or path.stem not in modules:
        rule = f"must be a file below {own.OWN}/, or a module of {SOURCES}/ that makes rows"
        raise SettingError(
            "source", rule, repr(source), f"The modules are: {listing([f'{SOURCES}/{m}.py' for m in modules])}."
        )
    return importlib.import_module(f"pipeline.sources.{path.stem}").make


def _checked(make: Any, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings, if they are the keywords of `make`."""
    taken = inspect.signature(make).parameters
    shown = listing([key for key in taken if key != "path"])
    for key, value in settings.items():
        if key not in taken:
            raise SettingError(key, "must be a key of this source", repr(value), f"Its keys are: {shown}.")
    for key, parameter in taken.items():
        if key not in settings and parameter.default is inspect.Parameter.empty:
            raise SettingError(key, "must be given for this source", "nothing", f"Its keys are: {shown}.")
    return settings


def check(name: str, series: Series) -> Series:
    """The series itself, if later stages can rely on it; a source of the user's own may be wrong. Raises UserError."""
    rows, columns = series.rows, series.columns
    hidden = ORACLE if series.oracle is not None and series.oracle["distribution"] != "exact" else []
    time_length = len(rows) if series.time is None else len(series.time)
    for holds, rule, received in (
        (
            rows.dtype == np.float64 and rows.ndim == 2,
            "must make float64 [rows, columns]",
            f"{rows.dtype}, {rows.shape}",
        ),
        (len(rows) > 0, "must make one row or more", "none"),
        (rows.shape[-1] == len(set(columns)) == len(columns), "must name each of its columns once", columns),
        (columns[len(columns) - len(hidden) :] == hidden, "must end its columns with those of its oracle", columns),
        (time_length == len(rows), "must make a time for each row", time_length),
        (
            not any(np.isinf(rows[:, c]).any() for c in range(rows.shape[-1])),
            "must make finite or missing values",
            "infinity",
        ),
    ):
        if not holds:
            raise UserError(f"series.{name}.source", rule, received, "Mend its `make`.")
    length = series.sequence_length
    if length is not None and len(rows) % length:
        raise UserError(
            f"series.{name}.source", f"must make whole sequences of {length} rows", len(rows), "Mend its `make`."
        )
    return series


def write(name: str, series: Series, settings: dict[str, Any]) -> None:
    """Write data/raw/NAME/ as docs/files.md has it, in place of what lay there."""
    source = Path(settings["source"])
    with source.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    time = series.time
    folder = files.empty_folder(files.RAW / name)
    files.write_array(folder / "rows.npy", series.rows)
    if time is not None:
        files.write_array(folder / "time.npy", time.astype("datetime64[s]"))
    table = {
        "columns": series.columns,
        "target": series.target,
        "features": series.features,
        "rows": len(series.rows),
        "sequence_length": series.sequence_length,
        "period": series.period,
        "oracle": series.oracle,
        "source": {"path": source.as_posix(), "sha256": digest},
        "time": None if time is None else {"first": str(time[0]), "last": str(time[-1])},
    }
    files.write_json(folder / "series.json", table)
