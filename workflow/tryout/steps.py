"""The steps of `make try`: record, copy, track, entries. Each may be done already, so that a killed run goes on."""

from __future__ import annotations

import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import yaml

from pipeline.common import files, params
from pipeline.common.errors import UserError
from workflow import entries
from workflow.tryout import clock, columns, copying, entry_text, options, prepared, proposal, record, rows, sequences
from workflow.tryout import files as table_files
from workflow.tryout.record import Record
from workflow.tryout.rows import Choice

# A params.yaml that is checked before it becomes the real one.
_DRAFT = Path(".snakemake/try.params.yaml")


class Plan(NamedTuple):
    """What `make try` is about to write."""

    record: Record
    text: str  # of the three entries
    time: str | None  # name of the column of times in the rows' file
    times: np.ndarray | None
    columns: dict[str, np.ndarray]
    ids: tuple[str, np.ndarray] | None  # name of the column of ids, and the id of each row
    reading: list[str]
    choices: list[Choice]


def plan(path: Path, name: str, given: dict[str, Any], ask: Any) -> Plan:
    """Read a file and choose all settings.

    Args:
        path: of the user's file.
        name: of the entries.
        given: the user's choices, by option.
        ask: asks a person for one of several columns; None where nobody is there.

    Raises:
        UserError: the file cannot be used as it is; the message names an option or a change that helps.
    """
    table = table_files.read(path, given.get("sheet"), _separator(given.get("separator")))
    if where := given.get("where"):
        table = _where(table, where)
    asked = given
    given = _rejoined(given, table)
    read = clock.read(table, options.of_times(given))
    wishes = options.of_settings(given)
    wanted = {given["target"]: "TARGET"} if given.get("target") else {}
    wanted |= {name: "FEATURES" for name in wishes.features or [] if name not in wanted}
    in_file = {} if given.get("prepare") else wanted
    for each, option in in_file.items():
        if each not in read.table.names:
            raise clock.unknown(option, each, read.table)
    numbers = columns.read(read, given.get("decimal"), given.get("missing", []), list(in_file), given.get("target"))
    as_read = rows.read(read, wishes)
    cells: dict[str, np.ndarray] = dict(numbers.values)
    time = None if read.values is None else copying.time_name(read.names, [*cells, *in_file])
    if given.get("prepare"):
        numbers = prepared.columns(given["prepare"], read, numbers, time, wanted)
    target = columns.target(read, numbers, as_read.in_training, given.get("target"), ask)
    if target[0] in numbers.labels:
        cells[target[0]] = numbers.labels[target[0]]
        own = numbers.values | {target[0]: numbers.codes(target[0])[0]}
        out = {name: why for name, why in numbers.left_out.items() if name != target[0]}
        numbers = replace(numbers, values=own, left_out=out)
    settings = (numbers, target, as_read, time, wishes, read.id)
    proposed = sequences.propose(*settings) or proposal.propose(*settings)
    if given.get("prepare"):
        proposed = prepared.named(given["prepare"], proposed)
    ids = None if read.id is None else (read.id, read.table.column(read.id).to_numpy(dtype=str))
    clean = _is_below_own(path) and copying.is_clean(path, time, read.values, cells, ids)
    source = path if clean else _copy_path(name)
    reading = [*read.table.notes, *read.notes, *numbers.notes]
    time_why = "; ".join(read.notes)
    found = f"{'+'.join(read.names)}" if read.names else "none"
    choices = [Choice("time", found, time_why), *proposed.choices]
    proposed.reasons["time"] = time_why
    origin = (
        "your file, as it is" if clean else f"a copy of {path.name} with plain times and numbers: {record.path(name)}"
    )
    text = entry_text.written(name, source.as_posix(), origin, proposed)
    made = Record(
        name,
        path.name,
        record.digest(path),
        source.as_posix(),
        not clean,
        asked | {"target": target[0]},
        reading,
        [asdict(choice) for choice in choices],
        clean and Path(f"{source}.dvc").exists(),
    )
    return Plan(made, text, time, read.values, cells, ids, reading, choices)


def _rejoined(given: dict[str, Any], table: Any) -> dict[str, Any]:
    """Return the choices with names of columns and marks of missing cells as they are in the file, commas included."""
    made = dict(given)
    if len(given.get("features") or []) > 1:
        made["features"] = options.rejoined(given["features"], table.names)
    if len(given.get("missing") or []) > 1:
        cells = {cell for column in table.columns for cell in column[column.str.contains(",", regex=False)].unique()}
        made["missing"] = options.rejoined(given["missing"], cells)
    return made


def _separator(given: str | None) -> str | None:
    return {"tab": "\t", "\\t": "\t", "semicolon": ";", "comma": ",", "space": " "}.get(given, given) if given else None


def _where(table: Any, where: str) -> Any:
    name, sign, value = where.partition("=")
    if not sign:
        raise UserError("WHERE", "must be COLUMN=VALUE", where, f'For example WHERE="{table.names[0]}=…".')
    if name not in table.names:
        raise clock.unknown("WHERE", name, table)
    kept = (table.column(name) == value).to_numpy()
    if not kept.any():
        known = ", ".join(map(repr, table.column(name).unique()[:8]))
        raise UserError("WHERE", f"must name a value of {name}", repr(value), f"Its values are: {known}.")
    return table.select(kept, f"rows with {where} alone")


def _is_below_own(path: Path) -> bool:
    return not path.is_absolute() and ".." not in path.parts and path.is_relative_to(files.OWN)


def _copy_path(name: str) -> Path:
    """Return the path of a copy; another one where the user has a file of that name."""
    path, number = files.OWN / f"{name}.csv", 2
    taken = {each.source for each in record.every() if each.name != name or not each.copied}
    own = record.read(name)
    while path.as_posix() in taken or (path.exists() and (own is None or own.source != path.as_posix())):
        path, number = files.OWN / f"{name}_{number}.csv", number + 1
    return path


def checked(text: str, name: str) -> str:
    """Return the text of params.yaml with three entries.

    Raises:
        UserError: the result would not be valid.
    """
    before = params.FILE.read_bytes().decode("utf-8")
    after, _ = entries.combine(before, text, f"the entries of {name}")
    _DRAFT.parent.mkdir(exist_ok=True)
    _DRAFT.write_bytes(after.encode("utf-8"))
    try:
        params.load(_DRAFT)
    finally:
        _DRAFT.unlink()
    return after


def write(made: Plan) -> None:
    """Do every step that is not done yet. The caller holds the lock of this folder's one run."""
    after = checked(made.text, made.record.name)
    made.record.write()
    source = Path(made.record.source)
    if made.record.copied:
        copying.write(source, made.time, made.times, made.columns, made.ids)
    track(source)
    with files.atomic_write(params.FILE) as beside:
        beside.write_bytes(after.encode("utf-8"))
        shutil.copymode(params.FILE, beside)


def track(path: Path) -> None:
    """Let DVC track a file; git is left alone.

    Raises:
        UserError: DVC cannot.
    """
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(".", _wait_for_lock=True) as repo:
            repo.scm_context.quiet = True  # its advice on git would stand between our own lines
            repo.add(str(path))
    except DvcException as error:
        fix = f"Run `dvc add {path}` to see more."
        raise UserError(str(path), "must be tracked by DVC", " ".join(str(error).split())[:200], fix) from None


def is_complete(name: str) -> bool:
    """Return whether params.yaml has all three entries of a name."""
    raw = yaml.safe_load(params.FILE.read_text(encoding="utf-8"))
    return all(name in (raw.get(level) or {}) for level in entries.LEVELS)
