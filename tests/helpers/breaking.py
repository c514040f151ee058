"""Faults, each caused on purpose in a project whose stages cost nothing (tests/helpers/torn.py), and their checks.

Every fault ends in `heals` or an equal check: the same command, run again without help, must end with the outputs and
the dvc.lock of an undisturbed run. Where the run itself must fail, its last line is checked.
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
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from tests.helpers.torn import Torn, group
from tests.helpers.torn_stage import FAILS

RUN = ["snakemake", "--cores", "3"]
BUSY = "Another run is at work in this folder: wait until it has ended, then run again."


class CannotError(Exception):
    """A fault that cannot be caused on this machine."""


def heals(project: Torn, lock: str) -> None:
    """Run again, and compare with what an undisturbed run ends with.

    Raises:
        AssertionError: the run fails, or an output or dvc.lock differs from the expected one.
    """
    done = project(*RUN)
    assert not project.wrong(), f"{project.wrong()}\n{done.stdout}{done.stderr}"
    assert project.lock == lock, "another dvc.lock"


def fails(project: Torn, line: str) -> None:
    """Run, and expect it to fail, with a last line that says why.

    Raises:
        AssertionError: it ends well, or its last line does not match, or there is a traceback above it.
    """
    done = project(*RUN, check=False)
    lines = done.stderr.strip().splitlines()
    assert done.returncode == 1, f"ended with {done.returncode}"
    assert re.fullmatch(line, lines[-1]), f"printed {lines[-3:]}"
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
    path = project.folder / "pipeline/network/callbacks.py"
    before, result = path.read_bytes(), (project.folder / "models/net0/training/first.txt").read_bytes()
    path.write_bytes(before + b"\n" + FAILS + b"\n")
    fails(project, r"`(models|reports)/.*` must not be whole\. .*")
    assert (project.folder / "models/net0/training/first.txt").read_bytes() == result, "the earlier result is gone"
    path.write_bytes(before)
    heals(project, lock)


def changed_meanwhile(project: Torn, lock: str, _: np.random.Generator) -> None:
    """A parameter edited while its stage runs: the result is not recorded for the new value."""
    shutil.rmtree(project.folder / "logs")
    project.set("experiments.net0.training.learning_rate", 0.5)
    project.environment |= {"PIECE_SECONDS": "1"}
    process = project.start(*RUN)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and "Running" not in _log(project, "train/net0"):
        time.sleep(0.05)
    time.sleep(1.0)
    project("git", "checkout", "-q", "params.yaml")
    lines = process.communicate()[0].strip().splitlines()
    project.environment |= {"PIECE_SECONDS": "0"}
    assert process.returncode == 1, f"ended with {process.returncode}"
    assert re.fullmatch(r"`params.yaml` must stay as it is while train@net0 runs\. .*", lines[-1]), lines[-3:]
    heals(project, lock)


def repro_meanwhile(project: Torn, lock: str, rng: np.random.Generator) -> None:
    """A `dvc repro` of the same stage while its command runs: it is refused, and the result is kept."""
    shutil.rmtree(project.folder / "logs")
    # A new value each time, so that it is computed.
    project.set("experiments.net0.training.learning_rate", round(float(rng.uniform(0.1, 0.9)), 6))
    project.environment |= {"PIECE_SECONDS": "1"}
    process = project.start(*RUN)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and "Running" not in _log(project, "train/net0"):
        time.sleep(0.05)
    project.environment |= {"PIECE_SECONDS": "0"}
    other = project("dvc", "repro", "--single-item", "train@net0", check=False)
    text = process.communicate()[0]
    assert other.returncode != 0, f"not refused: {other.stdout}{other.stderr}"
    assert "is busy, it is being blocked by" in other.stdout + other.stderr, other.stderr
    assert process.returncode == 0, text
    assert not project.wrong(), f"{project.wrong()}\n{text}"
    project("git", "checkout", "-q", "params.yaml")
    heals(project, lock)


def _log(project: Torn, name: str) -> str:
    path = project.folder / f"logs/{name}.log"
    return path.read_text() if path.exists() else ""


# Locks.


def rwlock(project: Torn, pid: int, cmd: str) -> None:
    """DVC's rwlock, as if one process wrote to some outputs and read them."""
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
    rwlock(project, gone.pid, "/x/.venv/bin/dvc repro train@net0")
    heals(project, lock)


def other_holder(project: Torn, lock: str, _: np.random.Generator) -> None:
    """DVC's rwlock with a process id that belongs to another program by now."""
    _stale(project)
    rwlock(project, os.getpid(), "/x/.venv/bin/dvc repro train@net0")
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
    output = other.communicate()[0]
    project.environment |= {"PIECE_SECONDS": "0"}
    assert other.returncode == 0, output
    heals(project, lock)


def torn_rwlock(project: Torn, lock: str, rng: np.random.Generator) -> None:
    """DVC's rwlock cut short anywhere."""
    _stale(project)
    rwlock(project, 1, "dvc repro")
    cut(project.folder / ".dvc/tmp/rwlock", rng)
    heals(project, lock)


def cut(path: Path, rng: np.random.Generator) -> None:
    """A file cut short anywhere."""
    content = path.read_bytes()
    path.write_bytes(content[: int(rng.integers(len(content)))])


def torn_lock(project: Torn, lock: str, rng: np.random.Generator) -> None:
    """dvc.lock cut short anywhere."""
    cut(project.folder / "dvc.lock", rng)
    heals(project, lock)


def torn_lock_and_no_other(project: Torn, lock: str, rng: np.random.Generator) -> None:
    """dvc.lock cut short anywhere, with none in git."""
    project("git", "rm", "-q", "--cached", "dvc.lock")
    project("git", "commit", "-q", "-m", "no lock")
    cut(project.folder / "dvc.lock", rng)
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
    (run / "backups/data/raw/mine").mkdir(parents=True, exist_ok=True)
    (run / "backups/reports").mkdir(parents=True, exist_ok=True)
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
    cut(path, rng)
    heals(project, lock)


def _output(project: Torn, rng: np.random.Generator) -> str:
    outputs = sorted(project.expected())
    return outputs[int(rng.integers(len(outputs)))]


@contextlib.contextmanager
def mounted(where: Path, *arguments: str) -> Iterator[None]:
    """Something mounted for a while; raises CannotError where that is not permitted."""
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
    with mounted(folder, "--bind", str(folder)):
        if subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], capture_output=True, check=False).returncode:
            raise CannotError("mounting read-only is not permitted here")
        fails(project, r"`reports/evaluation` must be writable\. .*")
    heals(project, lock)


def file_in_the_way(project: Torn, lock: str, _: np.random.Generator) -> None:
    """A file where a folder of outputs must be."""
    shutil.rmtree(project.folder / "reports/losses")
    (project.folder / "reports/losses").write_text("mine")
    fails(project, r"`reports/losses` must be a folder, .*")
    assert (project.folder / "reports/losses").read_text() == "mine"
    (project.folder / "reports/losses").unlink()
    heals(project, lock)


def disk_full(project: Torn, lock: str, rng: np.random.Generator) -> None:
    """A disk that is full at a random moment of a run from scratch: `project` is on a small disk of its own."""
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
    """`make run` in two terminals at once: one succeeds, the other prints why not."""
    project.reset()
    make = ["make", "--no-print-directory", "-o", ".venv/.complete", "run", "CORES=3"]
    both = [project.start(*make), project.start(*make)]
    outputs = [one.communicate()[0] for one in both]
    codes = [one.returncode for one in both]
    assert sorted(codes) == [0, 2], outputs
    assert BUSY in outputs[codes.index(2)].splitlines()[-2:], outputs[codes.index(2)]
    heals(project, lock)


def twelve_jobs(project: Torn, lock: str, _: np.random.Generator) -> None:
    """Twelve jobs at once over more than 60 stages, from nothing."""
    project.reset()
    done = project("snakemake", "--cores", "12")
    assert "rror" not in done.stderr, done.stderr
    assert not project.wrong()
    assert project.lock == lock
