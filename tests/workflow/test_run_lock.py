"""Locks between machines: a second machine is this one under another name, with `unshare --uts`."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from tests.helpers import lean
from workflow import run_lock

STAGE = "from workflow import run_lock\nwith run_lock.stage(): print('began')"
RUN = "from workflow import run_lock\nrun_lock.run(marked=True); print('began')"
HELD = """
import time
from workflow import run_lock
run_lock.run(marked=True)
print("began", flush=True)
time.sleep(600)
"""


def _can_rename() -> bool:
    words = ["unshare", "--uts", "hostname", "elsewhere"]
    return shutil.which("unshare") is not None and not subprocess.run(words, capture_output=True).returncode


elsewhere = pytest.mark.skipif(not _can_rename(), reason="needs the right to unshare the machine's name")


def python(
    folder: Path, code: str, machine: str | None = None, mark: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Run code in a folder, on a machine of another name where one is given, as a job of the run with a mark."""
    words = [sys.executable, "-c", code]
    if machine:
        words = ["unshare", "--uts", "sh", "-c", f'hostname {machine}; exec "$@"', "sh", *words]
    environment = os.environ | {"PYTHONPATH": str(PROJECT)} | ({run_lock.MARK: mark} if mark else {})
    return subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.fixture
def holder(tmp_path):
    """A process that holds the lock of the run in `tmp_path`."""
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    words = [sys.executable, "-c", HELD]
    with subprocess.Popen(words, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "began\n"
        yield process
        process.kill()


def test_the_lock_names_the_machine_until_the_run_ends(tmp_path, holder):
    assert (tmp_path / run_lock.RUN).read_text().partition(" ")[0] == socket.gethostname()
    holder.send_signal(signal.SIGINT)
    holder.wait()
    assert (tmp_path / run_lock.RUN).read_text() == ""


def test_a_stage_may_begin_beside_its_run_and_by_hand(tmp_path, holder):
    assert python(tmp_path, STAGE).stdout == "began\n"
    holder.kill()
    holder.wait()
    # A stage that someone starts by hand on the run's machine, after the run was killed.
    assert python(tmp_path, STAGE).stdout == "began\n"
    assert python(tmp_path, RUN).stdout == "began\n"


def test_a_job_of_a_run_that_was_killed_does_not_begin_beside_the_next_run(tmp_path, holder):
    mark = (tmp_path / run_lock.RUN).read_text().partition(" ")[2]
    assert python(tmp_path, STAGE, mark=mark).stdout == "began\n"
    holder.kill()
    holder.wait()
    # It may go on as long as no other run has begun: its result is valid, and the next run has to wait for it.
    assert python(tmp_path, STAGE, mark=mark).stdout == "began\n"
    assert not python(tmp_path, f"{RUN}\nimport os; os._exit(0)").returncode  # without an end of its own, as if killed
    done = python(tmp_path, STAGE, mark=mark)
    assert "must be of the run that submitted this job. Received: a run that was killed" in done.stderr
    assert "began" not in done.stdout


@elsewhere
def test_a_stage_on_another_machine_begins_only_while_it_sees_the_lock(tmp_path, holder):
    assert python(tmp_path, STAGE, "node2").stdout == "began\n"
    holder.kill()
    holder.wait()
    # A dead run, or a file system whose locks do not reach this machine: the two look the same from here.
    done = python(tmp_path, STAGE, "node2")
    assert done.returncode
    line = done.stderr.strip().splitlines()[-1]
    assert f"must be locked by the run on {socket.gethostname()}" in line
    assert "a file that node2 can lock" in line


@elsewhere
def test_a_run_does_not_begin_after_one_of_another_machine_that_has_not_ended_properly(tmp_path, holder):
    holder.kill()
    holder.wait()
    done = python(tmp_path, RUN, "node2")
    assert done.returncode
    line = done.stderr.strip().splitlines()[-1]
    assert f"must not name another machine, whose run may still be at work. Received: {socket.gethostname()}" in line
    (tmp_path / run_lock.RUN).unlink()  # the mend that the line names
    assert python(tmp_path, RUN, "node2").stdout == "began\n"


def test_dvc_by_hand_computes_nothing_beside_a_run_of_another_machine(tmp_path):
    project = lean.ran(tmp_path / "project")
    held = project.folder / run_lock.RUN
    held.write_text("node7 abc")
    done = project("dvc", "repro", "--single-item", "--force", "backends", check=False)
    line = "`.snakemake/run.lock` must not name another machine, whose run may still be at work. Received: node7."
    assert done.returncode
    assert line in done.stderr
    held.unlink()
    assert not project("dvc", "repro", "--single-item", "--force", "backends").returncode


def test_a_file_system_without_locks_is_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def none(held, how):
        raise OSError(37, "No locks available")

    monkeypatch.setattr(run_lock.fcntl, "flock", none)
    with pytest.raises(run_lock.UserError, match=r"must be on a file system with locks\. Received: No locks available"):
        run_lock.run()
