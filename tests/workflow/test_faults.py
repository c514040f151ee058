"""Faults, each once: a killed run needs no manual repair. `make test-faults` causes all of them, and often."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from tests.conftest import PROJECT
from tests.helpers import breaking, faults
from tests.helpers.torn import Torn
from workflow import checks, holders, lockfile, recover, run_lock

LOCK = (PROJECT / "dvc.lock").read_text(encoding="utf-8")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    subprocess.run(["git", "init", "-q"], check=True)
    (tmp_path / ".dvc/tmp").mkdir(parents=True)
    return tmp_path


def _few() -> str:
    """Four entries of the project's own dvc.lock, in order; one is of a diagnosis, which has several outputs."""
    found = lockfile.entries(LOCK)
    assert found
    diagnosis = min(name for name in found if name.startswith("diagnose@"))
    return lockfile.joined({name: found[name] for name in sorted([*sorted(found)[:3], diagnosis])})


# Locks that the kernel drops.


def test_one_run_at_a_time(here: Path) -> None:
    held = run_lock.run()
    with pytest.raises(run_lock.BusyError):
        run_lock.run()
    os.close(held)
    os.close(run_lock.run())


def test_a_stage_that_outlives_its_run_keeps_others_out_and_its_command_too(here: Path) -> None:
    with run_lock.stage() as first, run_lock.stage():
        with pytest.raises(run_lock.BusyError):
            run_lock.run()
        command = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=(first,))
    with pytest.raises(run_lock.BusyError):
        run_lock.run()
    command.kill()
    command.communicate()
    os.close(run_lock.run())


# dvc.lock.


def test_entries_are_put_in_the_order_of_their_names(here: Path) -> None:
    found = lockfile.entries(_few())
    assert found
    (here / "dvc.lock").write_text(lockfile.HEAD + "".join(found[name] for name in sorted(found, reverse=True)))
    assert recover.clean_up(".dvc/cache/runs") == []
    assert (here / "dvc.lock").read_text() == _few()


def test_a_lock_cut_anywhere_keeps_what_is_whole(here: Path) -> None:
    text = _few()
    found = lockfile.entries(text) or {}
    ends = {name: text.index(entry) + len(entry) for name, entry in found.items()}
    rng = np.random.default_rng(0)
    for at in sorted(
        {0, 1, len(lockfile.HEAD), len(text) - 1, *ends.values(), *rng.integers(len(text), size=40).tolist()}
    ):
        (here / "dvc.lock").write_text(text[:at])
        lines = recover.clean_up(".dvc/cache/runs")
        left = lockfile.entries((here / "dvc.lock").read_text()) if (here / "dvc.lock").exists() else {}
        assert left is not None
        whole = [name for name in found if ends[name] <= at]
        assert {name: left[name] for name in whole} == {name: found[name] for name in whole}
        # What is kept of another is short of outputs, so that DVC makes them again; of each file it says all.
        for name in set(left) - set(whole):
            outs = lockfile.parse(lockfile.HEAD + left[name])["stages"][name].get("outs", [])
            assert [
                one for one in outs if one not in lockfile.parse(lockfile.HEAD + found[name])["stages"][name]["outs"]
            ] == []
        assert len(left) <= len(whole) + 1
        assert len(lines) <= 1
        assert recover.clean_up(".dvc/cache/runs") == []


def test_what_is_kept_of_a_cut_entry_dvc_can_read() -> None:
    from dvc.schema import COMPILED_LOCK_FILE_STAGE_SCHEMA

    found = lockfile.entries(_few())
    assert found
    name = next(name for name in found if name.startswith("diagnose@"))
    pieces = {piece: at for at in range(len(found[name]) + 1) for piece in lockfile.pieces(found[name][:at]).items()}
    kept = [text for piece_name, text in pieces if recover._complete(piece_name, text)]
    assert kept[-1] == found[name]
    whole = lockfile.parse(lockfile.HEAD + found[name])["stages"][name]
    for text in kept:
        entry = lockfile.parse(lockfile.HEAD + text)["stages"][name]
        COMPILED_LOCK_FILE_STAGE_SCHEMA(entry)
        assert entry | {"outs": whole["outs"]} == whole
        assert entry["outs"] == whole["outs"][: len(entry["outs"])]


def test_what_a_cut_lock_lacks_comes_from_git(here: Path) -> None:
    (here / "dvc.lock").write_text(_few())
    subprocess.run(["git", "add", "dvc.lock"], check=True)
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-q", "-m", "x"], check=True)
    for text in (_few()[: len(_few()) // 2], ""):
        (here / "dvc.lock").write_text(text)
        (line,) = recover.clean_up(".dvc/cache/runs")
        assert line.startswith("`dvc.lock` was cut short: ")
        assert (here / "dvc.lock").read_text() == _few()


def test_halves_of_entries_in_the_run_cache_are_deleted(here: Path) -> None:
    folder = here / ".dvc/cache/runs/ab/abcd"
    folder.mkdir(parents=True)
    for name, seconds in ((".old.tmp", 3600), (".new.tmp", 0), ("0123", 3600)):
        (folder / name).write_text("cmd: x")
        os.utime(folder / name, (time.time() - seconds,) * 2)
    recover.clean_up(".dvc/cache/runs")
    assert sorted(path.name for path in folder.iterdir()) == [".new.tmp", "0123"]
    os.utime(folder / ".new.tmp", (time.time() - 3600,) * 2)
    recover.clean_up(".dvc/cache/runs")
    assert [path.name for path in folder.iterdir()] == ["0123"]


def test_a_merge_that_is_not_finished_is_left_to_git(here: Path) -> None:
    text = _few().replace("stages:\n", "stages:\n<<<<<<< HEAD\n", 1)
    (here / "dvc.lock").write_text(text)
    assert recover.clean_up(".dvc/cache/runs") == []
    assert (here / "dvc.lock").read_text() == text


# DVC's rwlock.


def _held(pid: int, cmd: str) -> dict[str, Any]:
    return {"write": {"/x/a": {"pid": pid, "cmd": cmd}}, "read": {"/x/b": [{"pid": pid, "cmd": cmd}]}}


def test_an_rwlock_forgets_the_dead_and_those_that_are_others_by_now() -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    assert holders.living(json.dumps(_held(gone.pid, "/x/dvc repro a"))) == {}
    assert holders.living(json.dumps(_held(os.getpid(), "/x/dvc repro a"))) == {}
    assert holders.living(json.dumps(_held(1, "/x/dvc repro a"))) == {}
    living = subprocess.Popen([sys.executable, "-c", "input()", "repro", "a b"], stdin=subprocess.PIPE)
    # A program that has only just begun has no command line yet.
    while not psutil.Process(living.pid).cmdline():
        time.sleep(0.01)
    assert holders.living(json.dumps(_held(living.pid, "/x y/dvc repro a b"))) == _held(
        living.pid, "/x y/dvc repro a b"
    )
    living.kill()
    living.communicate()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"write": [1]}', '{"read": {"a": [{"pid": 1}]}}', "null", "\x00"])
def test_an_rwlock_that_is_none_holds_nothing(here: Path, text: str) -> None:
    assert holders.living(text) == {}
    (here / ".dvc/tmp/rwlock").write_text(text)
    recover.clean_up(".dvc/cache/runs")
    assert json.loads((here / ".dvc/tmp/rwlock").read_text()) == {}


# What lies in folders of outputs.


def test_what_no_stage_makes_any_more_is_taken_out_if_the_cache_has_it(here: Path) -> None:
    made = {"evaluate@a": ([], ["reports/evaluation/a.json"]), "train@a": ([], ["models/a/training"])}
    (here / "cache").mkdir()
    for name in ("a.json", "gone.json", ".gone.json.77", ".x3f_Zq.tmp", "mine.txt"):
        (here / "reports/evaluation").mkdir(parents=True, exist_ok=True)
        (here / "reports/evaluation" / name).write_text(name)
    (here / "models/a").mkdir(parents=True)
    (here / "models/a/gone.json").write_text("gone.json")
    for name in ("a.json", "gone.json"):
        (here / "cache" / hashlib.md5(name.encode(), usedforsecurity=False).hexdigest()).write_text(name)
    recover.remove_orphans(made, lambda md5: str(here / "cache" / md5))
    assert sorted(path.name for path in (here / "reports/evaluation").iterdir()) == ["a.json", "mine.txt"]
    assert (here / "models/a/gone.json").exists()


def test_a_file_in_the_place_of_a_folder_is_named(here: Path) -> None:
    (here / "reports").mkdir()
    assert checks.not_a_folder(["reports/losses/a.parquet", "data/raw/a"]) is None
    (here / "reports/losses").write_text("")
    assert checks.not_a_folder(["reports/losses/a.parquet", "data/raw/a"]) == "reports/losses"


# Whole runs.


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> tuple[Torn, str]:
    """A project after its first run, committed, and what Snakemake printed."""
    project = Torn(tmp_path_factory.mktemp("torn") / "project")
    output = project("snakemake", "--cores", "2", "--verbose").stderr
    project.commit()
    return project, output


@pytest.fixture(scope="module")
def ran(first: tuple[Torn, str]) -> tuple[Torn, str]:
    """That project, and its dvc.lock."""
    return first[0], first[0].lock


def test_the_scheduler_decides_when_a_job_has_ended_and_not_more_often(first: tuple[Torn, str]) -> None:
    jobs = first[1].count(" steps (")
    assert jobs > 10
    assert 0 < first[1].count("Ready jobs:") <= jobs + 1


def test_all_that_a_killed_run_can_leave_at_once(ran: tuple[Torn, str]) -> None:
    project, lock = ran
    rng = np.random.default_rng(1)
    (project.folder / "reports/evaluation/.net0.json.123").write_text("{")
    (project.folder / "reports/leakage/.3xzzy.tmp").write_text("{")
    breaking.rwlock(project, os.getpid(), "/x/.venv/bin/dvc repro train@net0")
    breaking.cut(project.folder / "dvc.lock", rng)
    breaking.left_by_snakemake(project, lock, rng)
    assert not (project.folder / "reports/evaluation/.net0.json.123").exists()


def test_a_killed_run_is_ended_by_the_next(ran: tuple[Torn, str]) -> None:
    project, lock = ran
    for name in ("data/split", "models", "reports", ".dvc/cache"):
        shutil.rmtree(project.folder / name)
    project.killed(breaking.RUN, 5.0)
    breaking.heals(project, lock)


def test_a_run_that_is_interrupted_joins_the_entries_of_finished_stages(ran: tuple[Torn, str]) -> None:
    project, lock = ran
    project.set("experiments.net0.training.learning_rate", 0.5)
    project.environment |= {"PIECE_SECONDS": "1"}
    process = project.start(*breaking.RUN)
    log = project.folder / "logs/train/net0.log"
    entries = project.folder / ".snakemake/entries"
    deadline = time.monotonic() + 60
    # On a busy machine the entry may be joined before it is seen here.
    while not (entries / "train@net0").exists() and "learning_rate: 0.5" not in project.lock:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    output = process.communicate()[0]
    project.environment |= {"PIECE_SECONDS": "0"}
    assert process.returncode != 0, output
    assert "Running stage 'train@net0'" in log.read_text()
    assert not list(entries.iterdir())
    assert "learning_rate: 0.5" in (lockfile.entries(project.lock) or {})["train@net0"]
    project("git", "checkout", "-q", "params.yaml")
    breaking.heals(project, lock)


def test_the_table_in_the_docs_has_every_fault_and_each_was_healed_every_time() -> None:
    rows = faults.DOC.read_text(encoding="utf-8").splitlines()
    assert [
        fault.about
        for fault in faults.FAULTS
        if f"| {fault.about} | {fault.seen} | {fault.tries} | {fault.tries} of {fault.tries} |" not in rows
    ] == []


@pytest.mark.slow
@pytest.mark.parametrize("fault", faults.FAULTS, ids=[fault.bring.__name__ for fault in faults.FAULTS])
def test_every_fault_is_healed(tmp_path: Path, fault: faults.Fault) -> None:
    try:
        healed, wrong = faults.brought(fault, tmp_path / "of", tries=1)
    except breaking.CannotError as error:
        pytest.skip(str(error))
    assert healed == 1, wrong
