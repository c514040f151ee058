"""`python -m tests.helpers.slurm_run`: run the pipeline on a Slurm of one node, and disturb it.

A job is cancelled, and Snakemake tries it again. Later Snakemake itself is killed: a second run does not begin while
jobs are at work, and finishes the rest once they have ended. The dvc.lock must then equal that of a local run.

    python -m tests.helpers.slurm_run            params.yaml as it is: an hour on two cores, most of it the local run
    python -m tests.helpers.slurm_run --small    one tiny experiment: some minutes
    python -m tests.helpers.slurm_run --lock F   F: dvc.lock of a local run of this commit, on this kind of machine
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import PROJECT
from tests.helpers import cluster
from tests.helpers.cluster import Cluster
from tests.helpers.lean import Lean
from tests.helpers.project import BIN, Project
from workflow import run_lock

RUN = ("snakemake", "--workflow-profile", "profiles/slurm", "--cores", "2")
# Without a database of past jobs only squeue knows their states.
SETTINGS = ("--slurm-status-command", "squeue", "--slurm-no-account")
# How long a disturbance waits for the moment at which it can come, in seconds.
PATIENCE = 1800


class Failed(Exception):
    """Something did not happen as it must."""


def say(line: str) -> None:
    """Print a line at once."""
    print(line, flush=True)


class Run:
    """A Snakemake that hands its jobs to a cluster."""

    def __init__(self, project: Project, slurm: Cluster, log: Path) -> None:
        self.slurm, self.log = slurm, log
        environment = slurm.environment | {"PATH": f"{BIN}:{slurm.environment['PATH']}"}
        with log.open("w", encoding="utf-8") as stream:
            self.process = subprocess.Popen(
                [*RUN, *SETTINGS], cwd=project.folder, env=environment, stdout=stream, stderr=subprocess.STDOUT
            )

    def wait_for_job(self, kind: str = "") -> tuple[str, str]:
        """Wait until a job of a rule runs, and return its number and comment."""
        limit = time.monotonic() + PATIENCE
        while time.monotonic() < limit and self.process.poll() is None:
            for number, comment in self.slurm.jobs("running"):
                if comment.startswith(f"rule_{kind}"):
                    return number, comment
            time.sleep(0.2)
        raise Failed(f"no job of `{kind or 'any rule'}` ran\n{self.text()[-2000:]}")

    def end(self) -> int:
        """Wait for the end of the run, and return its exit code."""
        return self.process.wait()

    def text(self) -> str:
        """Return what the run has printed."""
        return self.log.read_text(encoding="utf-8", errors="replace")


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """Start a cluster, and stop it at the end."""
    slurm = Cluster(folder)
    try:
        slurm.start()
        yield slurm
    finally:
        slurm.stop()


def check(folder: Path, small: bool, lock: Path | None = None) -> None:
    """Run the pipeline locally and on the cluster.

    Args:
        folder: of the two projects and the cluster.
        small: one tiny experiment.
        lock: dvc.lock of a local run that has ended, instead of such a run here.

    Raises:
        Failed: something did not happen as it must.
    """
    make = Lean if small else _whole
    here = lock.read_bytes() if lock else _local(make(folder / "local"))
    remote = make(folder / "slurm")
    with running(folder / "cluster") as slurm:
        say("a cluster of one node is idle")
        begun = time.monotonic()
        run = Run(remote, slurm, folder / "first.log")
        number, stage = run.wait_for_job("train")
        slurm("scancel", number)
        say(f"cancelled job {number}, {stage}")
        again, stage = _next(run, number, stage)
        say(f"Snakemake tries it again as job {again}")
        number, stage = run.wait_for_job("train")
        _wait_for_stage(remote)
        run.process.send_signal(signal.SIGKILL)
        run.end()
        say(f"killed Snakemake while job {number}, {stage}, runs")
        _second_must_wait(remote, slurm, folder / "second.log")
        while slurm.jobs("running,pending,completing"):
            time.sleep(1)
        run = Run(remote, slurm, folder / "third.log")
        if code := run.end():
            raise Failed(f"the last run ended with {code}\n{run.text()[-4000:]}")
        say(f"the next run finished the rest: {time.monotonic() - begun:.0f} s in all")
    if (remote.folder / "dvc.lock").read_bytes() != here:
        raise Failed("dvc.lock differs from that of the local run")
    say("dvc.lock equals that of the local run")
    if status := remote("dvc", "status").stdout.strip():
        if "up to date" not in status:
            raise Failed(f"dvc status: {status}")
        say(f"dvc status: {status}")


def _local(project: Project) -> bytes:
    begun = time.monotonic()
    project("snakemake", "--cores", "2")
    say(f"local run: {time.monotonic() - begun:.0f} s")
    return (project.folder / "dvc.lock").read_bytes()


def _next(run: Run, number: str, stage: str) -> tuple[str, str]:
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit and run.process.poll() is None:
        for other, comment in run.slurm.jobs():
            if comment == stage and int(other) > int(number):
                return other, comment
        time.sleep(0.2)
    raise Failed(f"{stage} was not tried again\n{run.text()[-2000:]}")


def _wait_for_stage(project: Project) -> None:
    """Wait until a stage is at work: a job takes seconds before it gets so far."""
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit:
        with (project.folder / run_lock.STAGES).open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
        time.sleep(0.2)
    raise Failed("no stage began to work")


def _second_must_wait(project: Project, slurm: Cluster, log: Path) -> None:
    second = Run(project, slurm, log)
    code = second.end()
    line = second.text().strip().splitlines()[-1] if second.text().strip() else ""
    if not code or "Another run is at work" not in line:
        raise Failed(f"a second run began while jobs were at work: it ended with {code}\n{second.text()[-2000:]}")
    say(f"a second run meanwhile ends with {code}: {line}")


def _whole(folder: Path) -> Project:
    """Return a clone of this checkout as it is."""
    subprocess.run(["git", "clone", "--quiet", str(PROJECT), str(folder)], check=True)
    project = Project.__new__(Project)
    project.folder = folder
    (folder / "dvc.lock").unlink(missing_ok=True)
    return project


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return 1 if something did not happen as it must, 2 if Slurm is not installed."""
    parser = argparse.ArgumentParser(prog="python -m tests.helpers.slurm_run", description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="one tiny experiment")
    parser.add_argument("--lock", type=Path, metavar="F", help="dvc.lock of a local run of this commit")
    given = parser.parse_args(arguments)
    if programs := cluster.missing():
        print(
            f"`{programs[0]}` must be installed. Received: no such program. Run: {cluster.INSTALL}",
            file=sys.stderr,
        )
        return 2
    with tempfile.TemporaryDirectory(prefix="flatline-") as folder:
        try:
            check(Path(folder), given.small, given.lock)
        except Failed as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
