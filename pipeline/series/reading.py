"""Stage `raw`: read or generate the rows of a series, check them, and write data/raw/SERIES/."""

from __future__ import annotations

import hashlib
import importlib
import inspect
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.series import given, holes, looking_ahead, own, preparing
from pipeline.series.series import ORACLE, Series, select
from pipeline.series.settings import SettingError, listing

SOURCES = Path("pipeline/sources")


def raw(p: dict[str, Any], name: str) -> None:
    """Read series `name` and write data/raw/NAME/ (docs/files.md)."""
    settings = p["series"][name]
    write(name, read(name, settings), settings)
    if settings.get("prepare") is not None:
        files.write_json(files.RAW / name / looking_ahead.FILE, looking_ahead.look_ahead(settings))


def read(name: str, settings: dict[str, Any]) -> Series:
    """Read or generate the rows of a series, without writing them.

    Args:
        name: the name of the series, for messages.
        settings: `series.NAME` of params.yaml; a key that is None counts as left out.

    Raises:
        UserError: a setting or the file is wrong.
    """
    rest = {key: value for key, value in settings.items() if value is not None}
    source = rest.pop("source", None)
    treated = rest.pop("holes", None)
    try:
        if files.is_own(source):
            common = {"period": rest.pop("period", None)}
            if PurePosixPath(str(source)).suffix == ".npz":
                own_make: Callable[..., Series] = given.make
            else:
                own_make = preparing.make if "prepare" in rest else own.make
            series = own_make(**_checked(own_make, {"path": source} | rest))
        else:
            make = _maker(source)
            # `period` is a setting of a generator that makes a season; otherwise it only describes the rows.
            keywords = inspect.signature(make).parameters
            common = {key: rest.pop(key, None) for key in ("target", "features", "period") if key not in keywords}
            series = make(**_checked(make, rest))
        return holes.treat(check(name, select(series, **common)), treated)
    except SettingError as error:
        raise UserError(f"series.{name}.{error.key}", error.rule, error.received, error.fix) from None


def _maker(source: object) -> Callable[..., Series]:
    """Return `make` of the module that `source` names."""
    modules = sorted(path.stem for path in SOURCES.glob("*.py") if path.stem != "__init__")
    path = PurePosixPath(source) if isinstance(source, str) else PurePosixPath()
    if path.parent != PurePosixPath(SOURCES) or path.suffix != ".py" or path.stem not in modules:
        rule = f"must be a file below {files.OWN}/, or a module of {SOURCES}/ that makes rows"
        known = f"The modules are: {listing([f'{SOURCES}/{module}.py' for module in modules])}."
        raise SettingError("source", rule, repr(source), known)
    make: Callable[..., Series] = importlib.import_module(f"pipeline.sources.{path.stem}").make
    return make


def _checked(make: Callable[..., Series], settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings if they are the keywords of `make`."""
    keywords = inspect.signature(make).parameters
    known = f"Its keys are: {listing([key for key in keywords if key != 'path'])}."
    for key, value in settings.items():
        if key not in keywords:
            raise SettingError(key, "must be a key of this source", repr(value), known)
    for key, parameter in keywords.items():
        if key not in settings and parameter.default is inspect.Parameter.empty:
            raise SettingError(key, "must be given for this source", "nothing", known)
    return settings


def check(name: str, series: Series) -> Series:
    """Return the series if the later stages can rely on it: a module that the user wrote may be wrong.

    Raises:
        UserError: `make` breaks a rule.
    """
    rows, columns, length = series.rows, series.columns, series.sequence_length
    oracle = ORACLE if series.oracle is not None and series.oracle["distribution"] != "exact" else []
    times = len(rows) if series.time is None else len(series.time)

    def require(holds: bool, rule: str, received: object) -> None:
        if not holds:
            raise UserError(f"series.{name}.source", rule, received, "Correct its `make`.")

    typed = rows.dtype == np.float64 and rows.ndim == 2
    require(typed, "must make float64 [rows, columns]", f"{rows.dtype}, {rows.shape}")
    require(len(rows) > 0, "must make one row or more", "none")
    require(rows.shape[-1] == len(set(columns)) == len(columns), "must name each of its columns once", columns)
    require(columns[len(columns) - len(oracle) :] == oracle, "must end its columns with those of its oracle", columns)
    require(times == len(rows), "must make a time for each row", times)
    finite = not any(np.isinf(rows[:, column]).any() for column in range(rows.shape[-1]))
    require(finite, "must make finite or missing values", "infinity")
    require(length is None or len(rows) % length == 0, f"must make whole sequences of {length} rows", len(rows))
    return series


def write(name: str, series: Series, settings: dict[str, Any]) -> None:
    """Replace data/raw/NAME/ (docs/files.md)."""
    source = Path(settings["source"])
    with source.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    time = None if series.time is None else _in_seconds(series.time)
    folder = files.empty_folder(files.RAW / name)
    files.write_array(folder / "rows.npy", series.rows)
    if time is not None:
        files.write_array(folder / "time.npy", time)
    table: dict[str, Any] = {
        "columns": series.columns,
        "target": series.target,
        "features": series.features,
        "rows": len(series.rows),
        "sequence_length": series.sequence_length,
        "period": series.period,
        "oracle": series.oracle,
        "source": {"path": source.as_posix(), "sha256": digest},
        "time": None if time is None else {"first": str(time[0]), "last": str(time[-1]), **(series.steps or {})},
        "cuts": series.cuts,
        **({"parts": series.parts} if series.parts else {}),
        **({"labels": series.labels} if series.labels else {}),
    }
    if series.ids is not None:
        table["ids"] = asdict(series.ids)
    if series.ids is not None and time is not None:
        table["time"] |= {"first": str(time.min()), "last": str(time.max())}
    files.write_json(folder / "series.json", table)


def _in_seconds(times: np.ndarray) -> np.ndarray:
    """Return times as datetime64[s], or datetime64[us] where some have a fraction of a second."""
    whole = times.astype("datetime64[s]")
    return whole if (whole == times).all() else times.astype("datetime64[us]")
