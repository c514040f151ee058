"""Faults, each brought about on purpose in a project whose stages cost nothing (tests/torn.py), and what comes after.

`python -m tests.faults` brings about each many times and writes the table of docs/faults.md; the tests do so once.
Every function breaks something, and ends in `heals`: the same command again, without anyone's help, must end with the
outputs and the dvc.lock of a run that nothing disturbed. Where the run itself must fail, its last line is looked at.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from pipeline.common import files
from tests.conftest import PROJECT
from tests.torn import Torn, group, torn_params
from tests.torn_stage import FAILS

DOC = PROJECT / "docs/faults.md"
MARKS = ("<!-- table: python -m tests.faults -->\n", "<!-- end of table -->\n")
RUN = ["snakemake", "--cores", "3"]
BUSY = "Another run is at work in this folder: wait until it has ended, then run again."


class CannotError(Exception):
    """A fault that cannot be brought about on this machine."""


def heals(project: Torn, lock: str) -> None:
    """Run again, and compare with what an undisturbed run ends with.

    Raises:
        AssertionError: the run fails, an output is not what it has to be, or dvc.lock is another.
    """
    done = project("snakemake", "--cores", "3")
    assert not project.wrong(), f"{project.wrong()}\n{done.stdout}{done.stderr}"
    assert project.lock == lock, "another dvc.lock"


def fails(project: Torn, line: str) -> None:
    """Run, and expect it to fail, with a last line that says why.

    Raises:
        AssertionError: it ends well, or its last line does not match, or there is a traceback above it.
    """
    done = project("snakemake", "--cores", "3", check=False)
    said = done.stderr.strip().splitlines()
    assert done.returncode == 1, f"ended with {done.returncode}"
    assert re.fullmatch(line, said[-1]), f"said {said[-3:]}"
    assert "Traceback" not in done.stdout + done.stderr, done.stderr


# Killed.


def killed(project: Torn, lock: str, rng: np.random.Generator) -> None:
    """A run from nothing, and its whole group killed at a random moment."""
    project.reset()
    project.killed(RUN, float(rng.uniform(0.5, project.seconds)))
    heals(project, lock)


def killed_alone(project: Torn, lock: str, rng: np.random.Generator) -> None:
    """Snakemake alone killed, as by a machine short of memory: its stages live on, and a run beside them is refused."""
    project.reset()
    project.environment |= {"PIECE_SECONDS": "2"}
    process = project.start(*RUN)
    deadline = time.monotonic() + 60
    while not any(project.folder.glob("data/raw/mine/*.txt")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    fails(project, BUSY)
    while group(process.pid) and time.monotonic() < deadline:
        time.sleep(0.1)
    project.environment |= {"PIECE_SECONDS": "0"}
    heals(project, lock)


def stage_fails(project: Torn, lock: str, _: np.random.Generator) -> None:
    """A stage that fails halfway: its earlier result stays, and the other stages end."""
    path = project.folder / "pipeline/recorder.py"
    before, result = path.read_bytes(), (project.folder / "models/net0/training/first.txt").read_bytes()
    path.write_bytes(before + b"\n" + FAILS + b"\n")
    fails(project, r"`(models|reports)/.*` must not be whole\. .*")
    assert (project.folder / "models/net0/training/first.txt").read_bytes() == result, "the earlier result is gone"
    path.write_bytes(before)
    heals(project, lock)


def changed_meanwhile(project: Torn, lock: str, _: np.random.Generator) -> None:
    """A parameter edited while the stage runs that it is for: that result is not taken for the new one's."""
    shutil.rmtree(project.folder / "logs")
    project.set("experiments.net0.training.learning_rate", 0.5)
    project.environment |= {"PIECE_SECONDS": "1"}
    process = project.start(*RUN)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and "Running" not in _log(project, "train/net0"):
        time.sleep(0.05)
    time.sleep(1.0)
    project("git", "checkout", "-q", "params.yaml")
    said = process.communicate()[0].strip().splitlines()
    project.environment |= {"PIECE_SECONDS": "0"}
    assert process.returncode == 1, f"ended with {process.returncode}"
    assert re.fullmatch(r"`params.yaml` must stay as it is while train@net0 runs\. .*", said[-1]), said[-3:]
    heals(project, lock)


def _log(project: Torn, name: str) -> str:
    path = project.folder / f"logs/{name}.log"
    return path.read_text() if path.exists() else ""


# Locks.


def _rwlock(project: Torn, pid: int, cmd: str) -> None:
    info = {"pid": pid, "cmd": cmd}
    outs = [str(project.folder / out) for out in ("models/net0/training", "data/raw/mine", "reports/index.html")]
    held = {"write": dict.fromkeys(outs, info), "read": {out: [info] for out in outs}}
    (project.folder / ".dvc/tmp/rwlock").write_text(json.dumps(held))


def _stale(project: Torn) -> None:
    """Something to do, that ends where it began: outputs deleted."""
    shutil.rmtree(project.folder / "models/net0")
    shutil.rmtree(project.folder / "data/raw")
    (project.folder / "reports/index.html").unlink()


def dead_holder(project: Torn, lock: str, _: np.random.Generator) -> None:
    """DVC's rwlock with the process id of one that is gone."""
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    _stale(project)
    _rwlock(project, gone.pid, "/x/.venv/bin/dvc repro train@net0")
    heals(project, lock)


def other_holder(project: Torn, lock: str, _: np.random.Generator) -> None:
    """DVC's rwlock with a process id that belongs to another program by now."""
    _stale(project)
    _rwlock(project, os.getpid(), "/x/.venv/bin/dvc repro train@net0")
    heals(project, lock)


def living_holder(project: Torn, lock: str, _: np.random.Generator) -> None:
    """A `dvc repro` at work in another terminal: the run waits for nobody, and takes nothing from it."""
    shutil.rmtree(project.folder / "models/net0")
    shutil.rmtree(project.folder / ".dvc/cache/runs")
    (project.folder / "dvc.lock").unlink()
    project.environment |= {"PIECE_SECONDS": "1.5"}
    other = project.start("dvc", "repro", "--single-item", "train@net0")
    deadline = time.monotonic() + 60
    while not any(project.folder.glob("models/net0/training/*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    fails(project, BUSY)
    said = other.communicate()[0]
    project.environment |= {"PIECE_SECONDS": "0"}
    assert other.returncode == 0, said
    heals(project, lock)


def torn_rwlock(project: Torn, lock: str, rng: np.random.Generator) -> None:
    """DVC's rwlock cut short anywhere."""
    _stale(project)
    _rwlock(project, 1, "dvc repro")
    _cut(project.folder / ".dvc/tmp/rwlock", rng)
    heals(project, lock)


def _cut(path: Path, rng: np.random.Generator) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(rng.integers(len(content)))])


def torn_lock(project: Torn, lock: str, rng: np.random.Generator) -> None:
    """dvc.lock cut short anywhere."""
    _cut(project.folder / "dvc.lock", rng)
    heals(project, lock)


def torn_lock_and_no_other(project: Torn, lock: str, rng: np.random.Generator) -> None:
    """dvc.lock cut short anywhere, with none in git."""
    project("git", "rm", "-q", "--cached", "dvc.lock")
    project("git", "commit", "-q", "-m", "no lock")
    _cut(project.folder / "dvc.lock", rng)
    heals(project, lock)
    project("git", "reset", "-q", "HEAD~1")


def empty_lock(project: Torn, lock: str, _: np.random.Generator) -> None:
    """dvc.lock emptied."""
    (project.folder / "dvc.lock").write_text("")
    heals(project, lock)


def left_by_snakemake(project: Torn, lock: str, rng: np.random.Generator) -> None:
    """Snakemake's lock, incomplete marks and copies of outputs, as a killed run leaves them."""
    _stale(project)
    run = project.folder / ".snakemake"
    for name in ("input", "output"):
        (run / "locks").mkdir(exist_ok=True)
        (run / f"locks/0.{name}.lock").write_text("\n".join(sorted(project.expected())))
    (run / "backups/data/raw/mine").mkdir(parents=True)
    (run / "backups/reports").mkdir(parents=True)
    (run / "backups/reports/index.html").write_text("old")
    (run / "incomplete/cmVwb3J0cy9pbmRleC5odG1s").write_text('{"external_')
    heals(project, lock)


# The disk.


def damaged_cache(project: Torn, lock: str, rng: np.random.Generator) -> None:
    """A third of the cache's files damaged, and all outputs deleted: what is damaged is computed."""
    for path in sorted(project.folder.glob(".dvc/cache/files/md5/*/*")):
        if rng.random() < 1 / 3:
            path.chmod(0o644)
            path.write_bytes(path.read_bytes()[::-1] + b"x")
            path.chmod(0o444)
    _stale(project)
    shutil.rmtree(project.folder / "reports")
    heals(project, lock)


def deleted_output(project: Torn, lock: str, rng: np.random.Generator) -> None:
    """Any output deleted."""
    (project.folder / _output(project, rng)).unlink()
    heals(project, lock)


def torn_output(project: Torn, lock: str, rng: np.random.Generator) -> None:
    """Any output, a model's file among them, cut short."""
    path = project.folder / _output(project, rng)
    path.chmod(0o644)
    _cut(path, rng)
    heals(project, lock)


def _output(project: Torn, rng: np.random.Generator) -> str:
    outputs = sorted(project.expected())
    return outputs[int(rng.integers(len(outputs)))]


@contextlib.contextmanager
def _mounted(where: Path, *arguments: str) -> Iterator[None]:
    if subprocess.run(["mount", *arguments, str(where)], capture_output=True, check=False).returncode:
        raise CannotError("mounting is not permitted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(where)], check=True)


def read_only(project: Torn, lock: str, _: np.random.Generator) -> None:
    """A folder of outputs that nobody may write to."""
    folder = project.folder / "reports/evaluation"
    (folder / "net0.json").unlink()
    with _mounted(folder, "--bind", str(folder)):
        if subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], capture_output=True, check=False).returncode:
            raise CannotError("mounting read-only is not permitted here")
        fails(project, r"`reports/evaluation` must be writable\. .*")
    heals(project, lock)


def file_in_the_way(project: Torn, lock: str, _: np.random.Generator) -> None:
    """A file where a folder of outputs has to be."""
    shutil.rmtree(project.folder / "reports/losses")
    (project.folder / "reports/losses").write_text("mine")
    fails(project, r"`reports/losses` must be a folder, .*")
    assert (project.folder / "reports/losses").read_text() == "mine"
    (project.folder / "reports/losses").unlink()
    heals(project, lock)


def disk_full(project: Torn, lock: str, rng: np.random.Generator) -> None:
    """A disk that is full at a random moment of a run from nothing: `project` lies on a small one of its own."""
    project.reset()
    fill = project.folder.parent / "fill"
    with fill.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(b"\0" * 4096)
    os.truncate(fill, fill.stat().st_size - int(rng.integers(project.needs)) // 4096 * 4096)
    try:
        fails(project, r".*(No space left on device|disk is full|disk I/O error).*")
    finally:
        fill.unlink()
    heals(project, lock)


# Many at once.


def two_runs(project: Torn, lock: str, _: np.random.Generator) -> None:
    """`make run` in two terminals at once: one ends well, the other says so."""
    project.reset()
    make = ["make", "--no-print-directory", "-o", ".venv/.complete", "run", "CORES=3"]
    both = [project.start(*make), project.start(*make)]
    said = [one.communicate()[0] for one in both]
    codes = [one.returncode for one in both]
    assert sorted(codes) == [0, 2], said
    assert BUSY in said[codes.index(2)].splitlines()[-2:], said[codes.index(2)]
    heals(project, lock)


def twelve_jobs(project: Torn, lock: str, _: np.random.Generator) -> None:
    """Twelve jobs at once over more than 60 stages, from nothing."""
    project.reset()
    done = project("snakemake", "--cores", "12")
    assert "rror" not in done.stderr, done.stderr
    assert not project.wrong()
    assert project.lock == lock


class Fault(NamedTuple):
    """What is broken, how often in the long form, and what a person sees."""

    about: str
    tries: int
    seen: str
    bring: Callable[[Torn, str, np.random.Generator], None]


FAULTS = [
    Fault(
        "SIGKILL to the whole group at a random moment of a run from nothing, three jobs at once", 30, "nothing", killed
    ),
    Fault("SIGKILL to Snakemake alone, while its stages live on", 3, "one line, until they have ended", killed_alone),
    Fault("a stage fails halfway", 3, "its own line; the earlier result stays", stage_fails),
    Fault("a parameter is edited while its stage runs", 3, "one line; that result is not kept", changed_meanwhile),
    Fault("`.dvc/tmp/rwlock` names a process that is gone", 3, "nothing", dead_holder),
    Fault("`.dvc/tmp/rwlock` names a process id that is another program's by now", 3, "nothing", other_holder),
    Fault("`.dvc/tmp/rwlock` names a `dvc repro` at work", 3, "one line, until it has ended", living_holder),
    Fault("`.dvc/tmp/rwlock` cut short anywhere", 10, "nothing", torn_rwlock),
    Fault("`dvc.lock` cut short anywhere", 10, "one line: what was kept", torn_lock),
    Fault("`dvc.lock` cut short anywhere, and none in git", 10, "one line: what was kept", torn_lock_and_no_other),
    Fault("`dvc.lock` emptied", 3, "one line", empty_lock),
    Fault("Snakemake's lock, incomplete marks and copies left behind", 3, "nothing", left_by_snakemake),
    Fault("a third of the files in DVC's cache damaged, outputs deleted", 5, "nothing", damaged_cache),
    Fault("any output deleted", 10, "nothing", deleted_output),
    Fault("any output, a model's file among them, cut short", 10, "nothing", torn_output),
    Fault("a folder of outputs is read-only", 3, "one line", read_only),
    Fault("a file where a folder of outputs has to be", 3, "one line", file_in_the_way),
    Fault("the disk is full at a random moment of a run from nothing", 10, "one line", disk_full),
    Fault("two `make run` at once", 5, "one line from the second", two_runs),
    Fault("twelve jobs at once over 61 stages, from nothing", 10, "nothing", twelve_jobs),
]
_FROM_NOTHING = (killed, killed_alone, disk_full, two_runs, twelve_jobs)


@contextlib.contextmanager
def prepared(fault: Fault, folder: Path) -> Iterator[tuple[Torn, str]]:
    """A project for a fault, after its first run, and the dvc.lock that this ended with."""
    params = torn_params(datasets=5, experiments=9) if fault.bring is twelve_jobs else None
    folder.mkdir(parents=True)
    full = fault.bring is disk_full
    with _mounted(folder, "-t", "tmpfs", "-o", "size=64m", "tmpfs") if full else contextlib.nullcontext():
        project = Torn(folder / "project", params)
        before, started = shutil.disk_usage(folder).used, time.monotonic()
        project("snakemake", "--cores", "3")
        project.seconds = time.monotonic() - started
        project.needs = max(shutil.disk_usage(folder).used - before, 4096) if full else 0
        lock = project.lock
        if fault.bring not in _FROM_NOTHING:
            project.commit()
        yield project, lock


def brought(fault: Fault, folder: Path, tries: int, seed: int = 0) -> tuple[int, list[str]]:
    """Bring a fault about so many times.

    Returns:
        How often the next run healed it, and what went wrong the other times.

    Raises:
        CannotError: this machine does not let it be brought about.
    """
    rng, wrong = np.random.default_rng(seed), []
    with prepared(fault, folder) as (project, lock):
        for number in range(tries):
            try:
                fault.bring(project, lock, rng)
            except AssertionError as error:
                wrong.append(f"{fault.about}, try {number}: {error}")
    return tries - len(wrong), wrong


def table(rows: list[tuple[Fault, str]]) -> str:
    """The rows as Markdown."""
    lines = ["| fault | what one sees | times | the same command again heals it |", "|---|---|---|---|"]
    lines += [f"| {fault.about} | {fault.seen} | {fault.tries} | {healed} |" for fault, healed in rows]
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Bring about every fault, or those whose functions are named; without names, write the table."""
    chosen = [fault for fault in FAULTS if not arguments or fault.bring.__name__ in arguments]
    rows, all_wrong = [], []
    for fault in chosen:
        started = time.monotonic()
        with tempfile.TemporaryDirectory() as folder:
            try:
                healed, wrong = brought(fault, Path(folder) / "of", fault.tries)
                said = f"{healed} of {fault.tries}"
            except CannotError as error:
                said, wrong = f"not tried: {error}", []
        rows.append((fault, said))
        all_wrong += wrong
        print(f"{said:<10} {time.monotonic() - started:6.0f} s  {fault.about}", flush=True)
        print("".join(f"    {line}\n" for line in wrong), end="", flush=True)
    if not arguments:
        before, rest = DOC.read_text(encoding="utf-8").split(MARKS[0])
        after = rest.split(MARKS[1])[1]
        with files.whole(DOC) as beside:
            beside.write_text(f"{before}{MARKS[0]}\n{table(rows)}\n{MARKS[1]}{after}", encoding="utf-8")
    return 1 if all_wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
