"""DVC's stages for the Snakefile: their files, and which of them are stale.

Snakemake schedules, DVC decides. The inputs and outputs of every rule come from the stages that DVC has resolved, so
that nothing is written twice. The main process finds the stale stages and gives each of them a new stamp, which is an
input of its rule. The outputs of all other stages are made newer than their inputs where they are not.

About `job_rate_limiter` in the Snakefile: the limit of jobs per second makes every decision of Snakemake's scheduler
set a timer for one more decision, and these pile up: 4,432 decisions and a fifth of a core for 45 jobs, 46 without
the limit. Jobs that run on this machine need none. It has not been reported to Snakemake yet.
"""

from __future__ import annotations

import atexit
import contextlib
import logging
import os
import re
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any, NoReturn

from snakemake.io import directory
from snakemake.ioflags import update

from pipeline.common import backends, files, params
from pipeline.common.errors import UserError, harmless
from pipeline.common.explaining import suggestion
from pipeline.report.failures import by_experiment
from workflow import checks, early, lockfile, recover, resources, run_lock
from workflow.failed import failures
from workflow.messages import give_up, stop
from workflow.stale import stale
from workflow.terminal.handler import Handler, attach
from workflow.terminal.plan import to_run

STAMPS = Path(".snakemake/stamps")
# Seconds between two times that the entries of finished jobs are joined into dvc.lock.
JOIN_EVERY = 120


class Stages:
    """The resolved stages of dvc.yaml, by kind (`train`) and name (`co2_lstm`).

    Args:
        workflow: Snakemake's workflow. The process that the user started alone looks for stale stages and writes
            dvc.lock.

    Attributes:
        started: the time when this process began, in seconds.
    """

    def __init__(self, workflow: Any) -> None:
        from dvc.exceptions import DvcException
        from dvc.lock import LockError

        self.started = time.time()
        self._workflow, main = workflow, workflow.is_main_process
        self._main = main
        self._terminal: Handler | None = None
        self._stale: set[str] = set()
        self._running: Collection[str] = ()  # the stale stages, and those that read what they make
        self._checks: early.Checks | None = None  # of the main process alone
        try:
            self._settings = params.load()
            self._costs = resources.measured(self._settings["size"])
            if main:
                # On a full disk Snakemake cannot write its own log, and each line would come with a traceback.
                logging.raiseExceptions = False
                self._run_lock = run_lock.run(marked=True)
            self._read(main)
        except (run_lock.BusyError, LockError) as error:
            line = "Another run is at work in this folder: wait until it has ended, then run again."
            give_up(line, str(error) or line)
        except UserError as error:
            stop(str(error))
        except DvcException as error:
            give_up(" ".join(str(error).split()), "The stages to run cannot be determined.")
        except OSError as error:
            place = f"`{error.filename or Path.cwd()}`"
            give_up(f"{place} must be usable. Received: {error.strerror}. Mend that, then run again.", str(error))
        except sqlite3.Error as error:
            give_up(f"DVC's database must be usable. Received: {error}. Make room, then run again.", str(error))

    def _read(self, main: bool) -> None:
        """Ask DVC for its stages; in the main process, also find those that are stale."""
        from dvc.repo import Repo

        with Repo(".") as repo, repo.lock if main else contextlib.nullcontext():
            if main:
                for line in recover.clean_up(repo.stage_cache.cache_dir):
                    print(line, file=sys.stderr)
                lockfile.join()
            # A file that `dvc add` tracks is a stage of DVC without a name: nothing makes it.
            stages = [stage for stage in repo.index.stages if getattr(stage, "name", None)]
            self._files: checks.Files = {
                stage.addressing: (
                    [dep.def_path for dep in stage.deps if dep.protocol == "local" and not hasattr(dep, "params")],
                    [out.def_path for out in stage.outs],
                )
                for stage in stages
            }
            made = {out.def_path for stage in stages for out in stage.outs}
            self._values = {
                stage.addressing: [
                    dep.def_path for dep in stage.deps if hasattr(dep, "params") and dep.def_path in made
                ]
                for stage in stages
            }
            if main:
                self._prepare(repo, stages)

    def _prepare(self, repo: Any, stages: list[Any]) -> None:
        """Check the wiring and the folders, and mark the stale stages."""
        from dvc.lock import make_lock
        from dvc.rwlock import rwlock

        outs = [out for _, outs in self._files.values() for out in outs]
        if reader := checks.reads_test_rows_too_early(self._files):
            give_up(
                f"`dvc.yaml`, stage `{reader[0]}` must not read test rows, for it comes before `predict` or "
                f"chooses a remedy. Received: the dependency {reader[1]}. Take it out.",
                "A stage reads test rows that must not.",
            )
        if path := checks.not_a_folder(outs):
            give_up(
                f"`{path}` must be a folder, for stages write there. Received: a file. Move it away.",
                "A stage cannot write its outputs.",
            )
        recover.remove_orphans(self._files, repo.cache.local.oid_to_path)
        hardlink = repo.config["core"].get("hardlink_lock", False)
        paths = sorted({item.fs_path for stage in stages for item in [*stage.deps, *stage.outs]})
        with rwlock(repo.tmp_dir, repo.fs, " ".join(sys.argv), paths, [], hardlink):
            found = stale(stages, {files.BACKENDS: backends.table(self._settings)})
        self._stale = found
        self._running = to_run(self._files, found, ())
        self._checks = early.Checks(self._settings, found, self._running)
        if found and (path := checks.read_only_folder(outs)):
            give_up(
                f"`{path}` must be writable. Received: a read-only folder. Run again when it is.",
                "A stage cannot write its outputs.",
            )
        self._stamp(found)
        wait = make_lock(repo.lock.lockfile, tmp_dir=repo.tmp_dir, hardlink_lock=hardlink, wait=True)
        self._dvc_lock, self._joining = wait, threading.Lock()
        # At the end of this process, however it ends: success, a failed stage or Ctrl-C.
        atexit.register(self._join)

    def _join(self) -> None:
        from dvc.exceptions import DvcException

        # On a full disk, or beside a dvc.lock that is half written, the entries stay: the next run joins them.
        with contextlib.suppress(UserError, OSError, DvcException, ValueError), self._joining, self._dvc_lock:
            lockfile.join()

    def join_regularly(self) -> None:
        """Join the entries of finished jobs into dvc.lock every few minutes, as long as this process lives."""

        def repeat() -> None:
            while True:
                time.sleep(JOIN_EVERY)
                self._join()

        threading.Thread(target=repeat, daemon=True).start()

    def print_run(self, logger: Any) -> None:
        """Let the main process print the run in this project's form (workflow/terminal).

        Args:
            logger: Snakemake's logger.
        """
        if not self._main:
            return
        workflow = self._workflow  # whose targets and cores are known once its rules have been read

        def targets() -> set[str]:
            given = workflow.dag_settings.targets if workflow.dag_settings else ()
            return set(map(str, given)) - {"all"}

        def experiments() -> set[str] | None:
            parts = {part for target in targets() for part in Path(target).with_suffix("").parts}
            return {name for _, name in self._named("diagnose") if name in parts} if targets() else None

        def unknown() -> str | None:
            made = [out for _, outs in self._files.values() for out in outs]
            wrong = sorted(targets() - set(made) - {rule.name for rule in workflow.rules})
            if not wrong:
                return None
            close = suggestion(wrong[0], made)
            fix = close if close.startswith("Did") else "dvc.yaml lists the outputs of each stage."
            return f"`{wrong[0]}` must be an output of a stage. Received: a target that nothing makes. {fix}"

        self._terminal = Handler(
            workflow.output_settings,
            lambda: to_run(self._files, self._stale, targets()),
            self._settings,
            lambda: workflow.cores or workflow.nodes or 1,
            experiments,
            unknown,
        )
        attach(logger, self._terminal)

    def print_verdicts(self) -> None:
        """Print what became of the experiments, at the end of a run."""
        if self._terminal:
            self._terminal.print_verdicts(by_experiment(self._settings, failures(self.started)))

    def paths(self, kind: str) -> list[str]:
        """Return the outputs of a kind, with `{name}` for the name: one pattern that fits every stage of the kind."""
        patterns = {
            tuple(re.sub(rf"(?<![^/]){name}(?![^./])", "{name}", out) for out in self._files[stage][1])
            for stage, name in self._named(kind)
        }
        if len(patterns) != 1:
            raise ValueError(
                f"the stages `{kind}` of dvc.yaml must name their outputs after one pattern: {sorted(patterns)}"
            )
        return list(patterns.pop())

    def outputs(self, kind: str) -> list[str]:
        """Return the outputs of a kind with Snakemake's flags: it must not delete them before the stage runs."""
        return [update(path if Path(path).suffix else directory(path)) for path in self.paths(kind)]

    def inputs(self, kind: str) -> Callable[[Any], list[str]]:
        """Return a Snakemake input function: the files that a stage reads, and the stamp that makes a stale one run.

        Snakemake calls it for the stages of the run alone, before anything is computed: what can be checked then, is.
        """
        made = {out for _, outs in self._files.values() for out in outs}
        below = _below(made)

        def paths(wildcards: Any) -> list[str]:
            stage = f"{kind}@{wildcards.name}" if hasattr(wildcards, "name") else kind
            if stage not in self._files:
                self._stop_unknown(kind, wildcards.name)
            self._check(stage)
            found = [str(STAMPS / stage)]
            for dep in self._files[stage][0]:
                # A folder that several stages fill stands for the files that they make.
                # Candidates of `make fix` are in no report.
                found += [dep] if dep in made else below.get(dep, [dep])
            # A file of values is rewritten whenever the values of any stage change. That alone is no reason for this
            # stage to run, so only a stage that runs anyway waits for the file. Snakemake's `ancient` does not do: if
            # such an input is made again, Snakemake overlooks the newer stamps of all later jobs.
            return found + (self._values[stage] if stage in self._running or self._forced() else [])

        return paths

    def _forced(self) -> bool:
        """Return whether the command line makes Snakemake run jobs that are not stale."""
        settings = self._workflow.dag_settings
        return bool(settings and (settings.forceall or settings.forcetargets or settings.forcerun))

    def _check(self, stage: str) -> None:
        try:
            for line in self._checks.of(stage) if self._checks else []:
                print(harmless(line), file=sys.stderr)
        except UserError as error:
            stop(str(error))

    def _stop_unknown(self, kind: str, name: str) -> NoReturn:
        """End the run: a target on the command line is of an entry that params.yaml does not hold."""
        known = [each for _, each in self._named(kind)]
        level = next(
            level for level in ("series", "datasets", "experiments") if set(known) <= set(self._settings[level])
        )
        stop(f"`{level}.{name}` must be in params.yaml. Received: a target of `{name}`. {suggestion(name, known)}")

    def threads(self, wildcards: Any) -> int:
        """Return the number of threads of an experiment's network: a Snakemake function."""
        return self._settings["experiments"][wildcards.name]["training"]["threads"]

    def megabytes(self, wildcards: Any, rulename: str, attempt: int) -> int:
        """Return the memory of a job, for executors that reserve it: a Snakemake function."""
        stage = "@".join([rulename, *wildcards])
        return resources.megabytes(stage, self._costs.get(stage), attempt)

    def minutes(self, wildcards: Any, rulename: str, attempt: int) -> int:
        """Return the run time of a job, for executors that limit it: a Snakemake function."""
        stage = "@".join([rulename, *wildcards])
        return resources.minutes(stage, self._costs.get(stage), attempt)

    def _named(self, kind: str) -> Iterator[tuple[str, str]]:
        for stage in self._files:
            head, _, name = stage.partition("@")
            if head == kind:
                yield stage, name or "\0"

    def _stamp(self, found: set[str]) -> None:
        """Give every stale stage a new stamp, and make every other one look up to date to Snakemake.

        The stamp's content is new as well: Snakemake takes a newer file with an older content for unchanged. Stages
        after a stale one need no stamp: they run because their input does, and DVC decides when their turn comes.
        """
        STAMPS.mkdir(parents=True, exist_ok=True)
        # dvc.yaml lists every kind after those that it reads from, so that one pass settles all times.
        for stage, (deps, outs) in self._files.items():
            stamp = STAMPS / stage
            if stage in found or not stamp.exists():
                stamp.write_text(f"{time.time_ns()}\n", encoding="utf-8")
                continue
            newest = max(_modified(path) for path in [str(stamp), *deps])
            if min(_modified(out) for out in outs) < newest:
                # A checkout, or an edit undone, left times that mean nothing; the contents have been compared.
                for out in filter(os.path.exists, outs):  # a frozen stage may lack one
                    os.utime(_timekeeper(out))


def _below(outs: set[str]) -> dict[str, list[str]]:
    """Return the outputs below each folder, in order, without those of candidates of `make fix`."""
    found: dict[str, list[str]] = {}
    for out in sorted(outs):
        if not params.CANDIDATE.fullmatch(Path(out).stem):
            for folder in Path(out).parents[:-1]:
                found.setdefault(folder.as_posix(), []).append(out)
    return found


def _timekeeper(path: str) -> Path:
    """Return the file whose time Snakemake reads: it leaves one of its own in every folder that it made."""
    inside = Path(path) / ".snakemake_timestamp"
    return inside if inside.exists() else Path(path)


def _modified(path: str) -> float:
    """Return when a file or folder changed, to Snakemake, in seconds; 0 where there is none."""
    try:
        return _timekeeper(path).stat().st_mtime
    except FileNotFoundError:
        return 0.0
