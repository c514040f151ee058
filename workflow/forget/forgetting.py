"""Undo `make try` or `make check`: entries of params.yaml, results, the tracked copy of the file and its record.

An entry that another one uses stays, with all that it needs. DVC's cache keeps the objects until `dvc gc`: if the same
file is tried again, its results are restored instead of computed.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from pipeline.common import params
from pipeline.common.errors import UserError
from pipeline.report.wording import joined
from workflow import entries, run_lock
from workflow.fix import leftovers
from workflow.tryout import naming, record
from workflow.tryout.record import Record


class Plan(NamedTuple):
    """What is removed."""

    entries: dict[str, list[str]]  # names by level of params.yaml
    made: dict[str, list[str]]  # the same, with those whose results may be left by a killed run
    record: Record | None  # of the file, which goes too
    kept: list[str]  # what stays, and why: a sentence each
    shared: bool = False  # whether another series reads the file, which stays then
    model: bool = False  # whether the record's network goes: no other experiment is built from it


def plan(name: str) -> Plan:
    """Decide what goes with an experiment.

    Raises:
        UserError: it is not one of `make try`, nor one that uses its file.
    """
    raw = yaml.safe_load(params.FILE.read_text(encoding="utf-8"))
    level = {each: raw.get(each) or {} for each in entries.LEVELS}
    experiment = level["experiments"].get(name)
    dataset = name if experiment is None else str(experiment.get("dataset"))
    series = str((level["datasets"].get(dataset) or {}).get("series", name))
    found = record.read(series) or record.read(name)
    if found is None:
        known = [each.name for each in record.every()]
        rule = "must name an experiment that `make try` or `make check` has made"
        fix = f"There are: {', '.join(known)}." if known else "There is none: remove entries of your own by hand."
        raise UserError("NAME", rule, name, fix)
    gone: dict[str, list[str]] = {"experiments": [name], "datasets": [], "series": []}
    kept: list[str] = []
    others = _users(level["experiments"], "dataset", dataset, [name])
    if others:
        kept.append(f"The dataset {dataset} stays, for {joined(others)} {_use(others)} it.")
    else:
        gone["datasets"] = [dataset]
        others = _users(level["datasets"], "series", series, [dataset])
        if others:
            kept.append(f"The series {series} and its file stay, for {joined(others)} {_use(others)} them.")
        else:
            gone["series"] = [series]
    there = {each: [one for one in gone[each] if one in level[each]] for each in gone}
    readers = _users(level["series"], "source", found.source, [series])
    if gone["series"] and readers:
        kept.append(f"{found.source} stays, for the series {joined(readers)} {_use(readers)} it.")
    builders = [
        each
        for each, entry in level["experiments"].items()
        if each != name and found.model and ((entry or {}).get("architecture") or {}).get("path") == found.model
    ]
    if gone["series"] and builders:
        kept.append(f"{found.model} stays, for {joined(builders)} {_use(builders)} it.")
    model = bool(found.model) and not builders
    return Plan(there, gone, found if gone["series"] else None, kept, bool(readers), model)


def _users(level: dict[str, Any], key: str, value: str, without: list[str]) -> list[str]:
    return [name for name, entry in level.items() if name not in without and (entry or {}).get(key) == value]


def _use(names: list[str]) -> str:
    return "uses" if len(names) == 1 else "use"


def forget(name: str) -> list[str]:
    """Undo what `make try` did for an experiment, and return a line for each thing done.

    Raises:
        UserError: there is nothing of `make try` under this name, or a run is at work.
    """
    naming.check(name)
    try:
        lock = run_lock.run()
    except run_lock.BusyError:
        rule, fix = "must not be at work in this folder", "Wait until it has ended, then run again."
        raise UserError("another run", rule, "one that is", fix) from None
    try:
        found = plan(name)
        _remove(found)
    finally:
        os.close(lock)
    gone = [f"{level}: {', '.join(names)}" for level, names in found.entries.items() if names]
    lines = [f"Removed from {params.FILE}: {' · '.join(gone)}, with their results."] if gone else []
    if found.record is not None and not found.shared:
        if found.record.copied:
            lines.append(
                f"Removed: {found.record.source}, the copy of {found.record.file}. The file itself is untouched."
            )
        elif not found.record.tracked:
            lines.append(f"DVC no longer tracks {found.record.source}, which stays as it is.")
    if found.model and found.record is not None and found.record.model_copied:
        lines.append(f"Removed: {found.record.model}, the copy of the network.")
    return [*lines, *found.kept]


def _remove(found: Plan) -> None:
    """Remove everything. The record goes last, so that a killed `make forget` can be repeated."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        with Repo(".", _wait_for_lock=True) as repo:
            with repo.lock:
                before = text = params.FILE.read_bytes().decode("utf-8")
                for level, names in found.entries.items():
                    for name in names:
                        text = entries.remove(text, level, name)
                if text != before:
                    leftovers.write(text)
                leftovers.clean(found.made)
            if found.record is None:
                return
            tracked = {found.record.source: not (found.shared or found.record.tracked)}
            if found.model:
                tracked[found.record.model] = not found.record.model_tracked
            for path, ours in tracked.items():
                if ours and Path(f"{path}.dvc").exists():
                    repo.remove(f"{path}.dvc")
    except DvcException as error:
        fix = "See that DVC works here, and run again."
        raise UserError("dvc remove", "must succeed", " ".join(str(error).split())[:200], fix) from None
    if found.record.copied and not found.shared:
        Path(found.record.source).unlink(missing_ok=True)
    if found.record.model_copied and found.model:
        Path(found.record.model).unlink(missing_ok=True)
    record.path(found.record.name).unlink(missing_ok=True)
