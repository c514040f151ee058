"""What the Snakefile needs to know of DVC's stages: their files, and which of them are stale.

Snakemake schedules, DVC decides. Inputs and outputs of every rule are read out of the stages that DVC has resolved, so
that nothing stands twice. Staleness is DVC's alone: the main process asks it once and gives each stale stage a fresh
stamp, which is an input of its rule; the outputs of all others are made newer than their inputs where they are not.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from pipeline.common.errors import UserError
from workflow import cache, recover, run_lock
from workflow.messages import give_up

STAMPS = Path(".snakemake/stamps")
# Folders that hold test rows, and who may read them before `predict`: the stages that take test rows apart.
_TEST_ROWS = ("data/own/", "data/raw/", "data/test/")
_MAY_READ = {"raw": "data/own/", "split": "data/raw/"}


class Stages:
    """The resolved stages of dvc.yaml, by kind (`train`) and name (`co2_lstm`).

    Args:
        main: whether this is the process that the user started: it alone looks for stale stages.
    """

    def __init__(self, main: bool) -> None:
        from dvc.exceptions import DvcException
        from dvc.lock import LockError

        try:
            if main:
                # On a full disk Snakemake cannot write its own log, and each line would come with a traceback.
                logging.raiseExceptions = False
                self._lock = run_lock.run()
                for line in recover.heal():
                    print(line, file=sys.stderr)
            self._read(main)
        except (run_lock.BusyError, LockError) as error:
            line = "Another run is at work in this folder: wait until it has ended, then run again."
            give_up(line, str(error) or line)
        except (UserError, DvcException) as error:
            give_up(" ".join(str(error).split()), "DVC cannot say which stages have to run.")
        except OSError as error:
            place = f"`{error.filename or Path.cwd()}`"
            give_up(f"{place} must be usable. Received: {error.strerror}. Mend that, then run again.", str(error))
        except sqlite3.Error as error:
            give_up(f"DVC's notes on files must be usable. Received: {error}. Make room, then run again.", str(error))

    def _read(self, main: bool) -> None:
        """Ask DVC for its stages; in the main process, also which of them are stale."""
        from dvc.repo import Repo

        with Repo(".") as repo:
            # What `dvc add` tracks is a stage to DVC, without a name: nothing makes it.
            stages = [stage for stage in repo.index.stages if getattr(stage, "name", None)]
            self._files = {
                stage.addressing: (
                    [dep.def_path for dep in stage.deps if dep.protocol == "local" and not hasattr(dep, "params")],
                    [out.def_path for out in stage.outs],
                )
                for stage in stages
            }
            if main:
                if reader := reads_test_rows_too_early(self._files):
                    give_up(
                        f"`dvc.yaml`, stage `{reader[0]}` must not read test rows, for it comes before `predict` or "
                        f"chooses a remedy. Received: the dependency {reader[1]}. Take it out.",
                        "A stage reads test rows that must not.",
                    )
                if blocked := in_the_way(out for _, outs in self._files.values() for out in outs):
                    give_up(
                        f"`{blocked}` must be a folder, for stages write there. Received: a file. Move it away.",
                        "A stage cannot write its outputs.",
                    )
                cache.look_into()
                recover.clear(self._files, repo.cache.local.oid_to_path)
                with repo.lock:
                    self._stamp(_stale(stages))

    def kinds(self) -> list[str]:
        """Kinds of stages, in the order of dvc.yaml."""
        return list(dict.fromkeys(name.split("@")[0] for name in self._files))

    def outputs(self, kind: str) -> list[str]:
        """Output files of a kind, with `{name}` for the name: one pattern that fits every stage of the kind."""
        patterns = {
            tuple(out.replace(name, "{name}") for out in self._files[stage][1]) for stage, name in self._named(kind)
        }
        if len(patterns) != 1:
            raise ValueError(
                f"the stages `{kind}` of dvc.yaml must name their outputs after one pattern: {sorted(patterns)}"
            )
        return list(patterns.pop())

    def inputs(self, kind: str) -> Callable[[Any], list[str]]:
        """A Snakemake input function: what the stage reads."""
        made = {out for _, outs in self._files.values() for out in outs}

        def of(wildcards: Any) -> list[str]:
            found: list[str] = []
            for dep in self._files[self.address(kind, wildcards)][0]:
                # A folder that several stages fill stands for what they make.
                below = [] if dep in made else sorted(out for out in made if out.startswith(f"{dep}/"))
                found += below or [dep]
            return found

        return of

    def stamp(self, kind: str) -> Callable[[Any], str]:
        """A Snakemake input function: the stamp that makes a stale stage run."""
        return lambda wildcards: str(STAMPS / self.address(kind, wildcards))

    def address(self, kind: str, wildcards: Any) -> str:
        """DVC's name of a stage: `train@co2_lstm`, or `report`."""
        name = getattr(wildcards, "name", None)
        return f"{kind}@{name}" if name else kind

    def _named(self, kind: str) -> Iterator[tuple[str, str]]:
        for stage in self._files:
            head, _, name = stage.partition("@")
            if head == kind:
                yield stage, name or "\0"

    def _stamp(self, stale: set[str]) -> None:
        """Give every stale stage a fresh stamp, and make every other one look up to date to Snakemake.

        The stamp's content is fresh as well: Snakemake takes a newer file with an older content for unchanged.
        Stages after a stale one need no stamp: they run because their input does, and DVC tells when their turn comes.
        """
        STAMPS.mkdir(parents=True, exist_ok=True)
        # dvc.yaml lists every kind after those that it reads from, so that one pass settles all times.
        for stage, (deps, outs) in self._files.items():
            stamp = STAMPS / stage
            if stage in stale or not stamp.exists():
                stamp.write_text(f"{time.time_ns()}\n", encoding="utf-8")
                continue
            newest = max(_modified(path) for path in [str(stamp), *deps])
            if min(_modified(out) for out in outs) < newest:
                # A checkout, or an edit undone, left times that say nothing; DVC has compared the contents.
                for out in outs:
                    os.utime(_timekeeper(out))


def reads_test_rows_too_early(files: dict[str, tuple[list[str], list[str]]]) -> tuple[str, str] | None:
    """The first stage that reads test rows and on which a prediction or a diagnosis depends, with what it reads.

    `predict` is the first to open the test part, and `diagnose`, which chooses remedies, never sees anything made from
    it. `raw` and `split` handle all rows by necessity: `pipeline.leakage` proves that nothing of them reaches training.

    Args:
        files: per stage of DVC its dependencies and its outputs.
    """
    makers = {out: stage for stage, (_, outs) in files.items() for out in outs}

    def upstream(stage: str) -> list[str]:
        found: list[str] = []
        for dep in files[stage][0]:
            found += [
                maker
                for out, maker in makers.items()
                if dep == out or out.startswith(f"{dep}/") or dep.startswith(f"{out}/")
            ]
        return found

    todo = [stage for stage in files if stage.split("@")[0] == "diagnose"]
    for stage in files:
        if stage.split("@")[0] == "predict":
            todo += upstream(stage)
    seen: set[str] = set()
    while todo:
        stage = todo.pop()
        if stage in seen:
            continue
        seen.add(stage)
        kind = stage.split("@")[0]
        for dep in files[stage][0]:
            whole = dep == "data" or f"{dep}/".startswith(_TEST_ROWS)
            if whole and not f"{dep}/".startswith(_MAY_READ.get(kind, "\0")):
                return stage, dep
        todo += upstream(stage)
    return None


def in_the_way(outs: Iterable[str]) -> str | None:
    """What lies where a folder of outputs has to be, and is none: Snakemake would end in a traceback."""
    folders = {str(parent) for out in outs for parent in Path(out).parents}
    return next((path for path in sorted(folders) if os.path.lexists(path) and not os.path.isdir(path)), None)


def _stale(stages: list[Any]) -> set[str]:
    """DVC's names of the stages whose dependencies, parameters or outputs are not those of dvc.lock.

    DVC reads and searches params.yaml, and looks up each file's hash, anew for every stage that depends on it. Here
    each is read once: at 111 stages `snakemake` with nothing to do took 6.2 s before and 2.7 s with it.
    """
    from dvc import output
    from dvc.dependency import param

    files: dict[str, Any] = {}
    hashes: dict[str, Any] = {}

    def read_once(fs: Any, path: str, keys: list[str] | None = None, flatten: bool = False, **options: Any) -> Any:
        if not (keys and flatten):
            return read(fs, path, keys, flatten, **options)
        if path not in files:
            files[path] = read(fs, path, None, **options)
        found = {}
        for key in keys:
            value = files[path]
            try:
                for part in key.split("."):
                    value = value[part]
            except KeyError:
                continue  # DVC calls a stage stale whose parameter is gone
            found[key] = value
        return found

    def hash_once(out: Any) -> Any:
        if out.fs_path not in hashes:
            hashes[out.fs_path] = get_hash(out)
        return hashes[out.fs_path]

    read, get_hash = param.read_param_file, output.Output.get_hash
    param.read_param_file, output.Output.get_hash = read_once, hash_once
    try:
        # Not `repo.status()`, which collects all stages a second time.
        return {stage.addressing for stage in stages if stage.status(check_updates=True)}
    finally:
        param.read_param_file, output.Output.get_hash = read, get_hash


def _timekeeper(path: str) -> Path:
    """What Snakemake reads the time of a file or folder off: it leaves a file of its own in every folder it made."""
    inside = Path(path) / ".snakemake_timestamp"
    return inside if inside.exists() else Path(path)


def _modified(path: str) -> float:
    """When Snakemake takes a file or folder for changed, in seconds; 0 where there is none."""
    try:
        return _timekeeper(path).stat().st_mtime
    except FileNotFoundError:
        return 0.0
