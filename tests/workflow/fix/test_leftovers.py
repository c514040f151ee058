"""What a killed fix leaves is removed, and a fix at work keeps other runs out."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import PROJECT
from workflow import entries, lockfile, recover, run_lock
from workflow.fix import leftovers

ADDED = {"experiments": ["season_lstm_fix1", "season_lstm_fix2"], "datasets": ["season_lstm_fix2"]}
LEFT = (
    "models/season_lstm_fix1/training/a.keras",
    "reports/diagnosis/season_lstm_fix1.json",
    "reports/metrics/diagnosis/season_lstm_fix1.json",
    "reports/experiments/season_lstm_fix1.html",
    "reports/experiments/season_lstm_fix1.md",
    "reports/plots/learning/season_lstm_fix1.csv",
    "data/split/season_lstm_fix2/split.json",
    "data/test/season_lstm_fix2/fold0.npy",
    "logs/train/season_lstm_fix1.log",
    ".snakemake/stamps/train@season_lstm_fix1",
    ".snakemake/entries/train@season_lstm_fix2",
    ".snakemake/fix/season_lstm_fix1.parquet",
)
KEPT = (
    "models/season_lstm/training/a.keras",
    "models/season_lstm_fix10/training/a.keras",
    "reports/diagnosis/season_lstm.json",
    "data/split/season_windows/split.json",
    ".snakemake/stamps/train@season_lstm",
)


def _entry(stage: str) -> str:
    found = lockfile.entries((PROJECT / "dvc.lock").read_text(encoding="utf-8"))
    assert found
    name = min(each for each in found if each.startswith(f"{stage.partition('@')[0]}@"))
    return found[name].replace(name, stage)


@pytest.fixture
def killed(project: Path) -> bytes:
    """A project in which a fix was killed: the text of its params.yaml before the fix."""
    path = project / "params.yaml"
    before = path.read_bytes()
    text = before.decode()
    data = {"series": "season", "split": {"scheme": "holdout", "test": 0.2}, "window": {"length": 5}}
    text = entries.insert(text, "datasets", "season_windows", "season_lstm_fix2", data)
    for number, dataset in ((2, "season_lstm_fix2"), (1, "season_windows")):
        own = {"dataset": dataset, "architecture": {"name": "lstm"}, "training": {"epochs": 1}}
        text = entries.insert(text, "experiments", "season_lstm", f"season_lstm_fix{number}", own)
    leftovers.note("season_lstm", ADDED)
    leftovers.write(text)
    for name in (*LEFT, *KEPT):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text("x")
    stages = ("split@season_lstm_fix2", "train@season_lstm", "train@season_lstm_fix1")
    lockfile.replace(lockfile.joined({stage: _entry(stage) for stage in stages}))
    return before


def test_the_next_run_removes_what_a_killed_fix_left(project: Path, killed: bytes) -> None:
    lines = recover.clean_up(".dvc/cache/runs")
    assert (project / "params.yaml").read_bytes() == killed
    assert len(lines) == 1
    assert lines[0].startswith("`make fix NAME=season_lstm` was stopped")
    for name in LEFT:
        top = Path(*Path(name).parts[:3]) if name.startswith(("models", "data")) else Path(name)
        assert not (project / top).exists(), name
    assert all((project / name).exists() for name in KEPT)
    assert lockfile.entries((project / "dvc.lock").read_text()) == {"train@season_lstm": _entry("train@season_lstm")}
    assert recover.clean_up(".dvc/cache/runs") == []


@pytest.mark.parametrize("already", [0, 1, 2])
def test_a_removal_that_is_killed_is_completed(project: Path, killed: bytes, already: int) -> None:
    if already:
        (project / "params.yaml").write_bytes(killed)
    if already > 1:
        leftovers.clean(ADDED)
    assert len(recover.clean_up(".dvc/cache/runs")) == 1
    assert (project / "params.yaml").read_bytes() == killed
    assert not leftovers.FILE.exists()
    assert not any((project / name).exists() for name in LEFT)


def test_a_note_before_the_entries_removes_nothing_else(project: Path) -> None:
    before = (project / "params.yaml").read_bytes()
    leftovers.note("season_lstm", ADDED)
    assert len(recover.clean_up(".dvc/cache/runs")) == 1
    assert (project / "params.yaml").read_bytes() == before


@pytest.mark.parametrize("text", ["", "{", "[]", '{"experiment": "a"}', "3"])
def test_half_a_note_is_no_error(project: Path, text: str) -> None:
    leftovers.FILE.parent.mkdir(parents=True)
    leftovers.FILE.write_text(text)
    assert recover.clean_up(".dvc/cache/runs") == []
    assert not leftovers.FILE.exists()


def test_runs_of_the_fix_leave_its_entries_alone(project: Path, killed: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(run_lock.FIXING, "1")
    assert recover.clean_up(".dvc/cache/runs") == []
    assert (project / "params.yaml").read_bytes() != killed
    assert (project / LEFT[0]).exists()


def test_the_last_entries_of_a_lock_go_with_it(project: Path, killed: bytes) -> None:
    lockfile.replace(lockfile.joined({"train@season_lstm_fix1": _entry("train@season_lstm_fix1")}))
    recover.clean_up(".dvc/cache/runs")
    assert not (project / "dvc.lock").exists()


def test_a_fix_at_work_lets_only_its_own_runs_in(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = run_lock.fix()
    for start in (run_lock.run, run_lock.fix):
        with pytest.raises(run_lock.BusyError):
            start()
    with monkeypatch.context() as patch:
        patch.setenv(run_lock.FIXING, "1")
        own = run_lock.run()
        with pytest.raises(run_lock.BusyError):  # one at a time of these too
            run_lock.run()
        os.close(own)
    # A run of the fix that outlives it keeps others out.
    living = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=(held,))
    os.close(held)
    with pytest.raises(run_lock.BusyError):
        run_lock.run()
    living.communicate(b"\n")
    os.close(run_lock.run())


def test_a_fix_waits_for_no_run(project: Path) -> None:
    held = run_lock.run()
    with pytest.raises(run_lock.BusyError):
        run_lock.fix()
    os.close(held)
    with run_lock.stage(), pytest.raises(run_lock.BusyError):
        run_lock.fix()
    os.close(run_lock.fix())
