"""dvc.lock as entries of jobs are joined into it: DVC's own bytes, in the order of the names, whole or not at all."""

from __future__ import annotations

import contextlib
import json
import threading
import time
import types
from pathlib import Path
from typing import Any

import pytest
from dvc.utils.serialize import modify_yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import PROJECT
from workflow import lockfile, stages

# Of floats those that params.yaml may hold: DVC itself does not write 1.647816198972177e+17 the same way twice.
FLOATS = st.sampled_from([0.001, 0.0005, 1e-05, 0.34, 1.0, -250.5, 1e16])
VALUES = st.one_of(st.integers(), FLOATS, st.booleans(), st.none(), st.text("aü: #'\"-1e\n", max_size=90))
ENTRIES = st.fixed_dictionaries(
    {
        "cmd": st.just("python -m pipeline.train x"),
        "deps": st.lists(
            st.fixed_dictionaries({"path": st.text("ab/._-", min_size=1, max_size=90), "size": st.integers()}),
            max_size=3,
        ),
        "params": st.dictionaries(st.sampled_from(["series.x", "a.b", "size"]), st.dictionaries(st.just("k"), VALUES)),
    }
)
NAMES_ALL = ["raw@a", "raw@a_b", "train@a", "report", "raw"]
NAMES = st.sampled_from(NAMES_ALL)
TWO = "schema: '2.0'\nstages:\n  raw@a:\n    cmd: x\n  raw@b:\n    cmd: y\n"


def in_order(text: str) -> str:
    """As DVC itself writes the content of a dvc.lock, its entries in the order of their names."""
    stages = lockfile.parse(text)["stages"]
    return lockfile.dump({"schema": "2.0", "stages": {name: stages[name] for name in sorted(stages)}})


def leave(stage: str, entry: dict[str, Any]) -> None:
    """A job: it finds its entry, and leaves another."""
    lockfile.Entry(stage).leave(entry)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(NAMES, ENTRIES), min_size=1, max_size=6), st.integers(1, 6))
def test_every_entry_is_written_as_dvc_writes_it(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, given: list[Any], every: int
) -> None:
    folder = tmp_path_factory.mktemp("lock")
    monkeypatch.chdir(folder)
    for number, (name, entry) in enumerate(given):
        leave(name, entry)
        assert lockfile.Entry(name).data == entry
        with modify_yaml("theirs") as data:
            if not data:
                data["schema"] = "2.0"
            data["stages"] = data.get("stages", {})
            data["stages"].update({name: entry})
        if number % every == 0:
            lockfile.join()
    lockfile.join()
    text = lockfile.LOCK.read_text(encoding="utf-8")
    assert text == in_order(Path("theirs").read_text(encoding="utf-8"))
    whole = lockfile.parse(text)["stages"]
    for name in NAMES_ALL:
        assert lockfile.Entry(name).data == whole.get(name, {})
    assert sorted(path.name for path in folder.iterdir()) == [".snakemake", "dvc.lock", "theirs"]
    assert not list(lockfile.PENDING.iterdir())


def test_two_orders_of_ending_write_the_same_bytes(here: Path) -> None:
    names = ["train@b", "raw@a", "report", "raw@b"]
    texts = []
    for order in (names, names[::-1]):
        for name in order:
            leave(name, {"cmd": f"run {name}"})
            lockfile.join()
        texts.append(lockfile.LOCK.read_bytes())
        lockfile.LOCK.unlink()
    assert texts[0] == texts[1]
    assert list(lockfile.parse(texts[0].decode())["stages"]) == sorted(names)


def test_the_projects_own_lock_is_what_joining_gives() -> None:
    text = (PROJECT / "dvc.lock").read_text(encoding="utf-8")
    found = lockfile.entries(text)
    assert found
    assert lockfile.HEAD + "".join(found.values()) == text
    assert lockfile.joined(found) == in_order(text)


def test_one_entry_changes_no_other_line(here: Path) -> None:
    text = in_order((PROJECT / "dvc.lock").read_text(encoding="utf-8"))
    lockfile.LOCK.write_text(text, encoding="utf-8")
    entry = lockfile.Entry("raw@co2").data
    leave("raw@co2", entry | {"cmd": "another"})
    assert lockfile.LOCK.read_text(encoding="utf-8") == text
    lockfile.join()
    after = lockfile.LOCK.read_text(encoding="utf-8")
    assert after != text
    assert after.replace("cmd: another", f"cmd: '{entry['cmd']}'") == text


def test_a_lock_that_dvc_did_not_write_so_is_read_as_a_whole(here: Path) -> None:
    text = "schema: '2.0'\nstages:\n    raw@b: {cmd: x}\n    raw@a: {cmd: y}\ndatasets: []\n"
    lockfile.LOCK.write_text(text, encoding="utf-8")
    assert lockfile.entries(text) is None
    assert lockfile.Entry("raw@a").data == {"cmd": "y"}
    leave("raw@a", {"cmd": "z"})
    lockfile.join()
    after = lockfile.parse(lockfile.LOCK.read_text())
    assert after == {"schema": "2.0", "stages": {"raw@b": {"cmd": "x"}, "raw@a": {"cmd": "z"}}, "datasets": []}


def test_an_entry_is_joined_only_where_the_lock_is_as_the_job_found_it(here: Path) -> None:
    lockfile.LOCK.write_text(TWO, encoding="utf-8")
    leave("raw@a", {"cmd": "ours"})
    leave("raw@b", {"cmd": "ours"})
    leave("report", {"cmd": "ours"})
    # `git checkout` or `dvc repro` in another terminal.
    lockfile.LOCK.write_text(TWO.replace("cmd: x", "cmd: theirs"), encoding="utf-8")
    assert lockfile.Entry("raw@a").data == {"cmd": "theirs"}
    assert lockfile.Entry("raw@b").data == {"cmd": "ours"}
    lockfile.join()
    stages = lockfile.parse(lockfile.LOCK.read_text())["stages"]
    assert stages == {"raw@a": {"cmd": "theirs"}, "raw@b": {"cmd": "ours"}, "report": {"cmd": "ours"}}
    assert not list(lockfile.PENDING.iterdir())


def test_an_entry_cut_short_by_a_power_loss_counts_as_none(here: Path) -> None:
    lockfile.LOCK.write_text(TWO, encoding="utf-8")
    leave("raw@a", {"cmd": "ours"})
    for half in ("", '{"before": "'):
        (lockfile.PENDING / "raw@b").write_text(half, encoding="utf-8")
        assert lockfile.Entry("raw@b").data == lockfile.parse(TWO)["stages"]["raw@b"]
    lockfile.join()
    assert lockfile.parse(lockfile.LOCK.read_text())["stages"]["raw@a"] == {"cmd": "ours"}
    assert not list(lockfile.PENDING.iterdir())


def test_a_lock_of_another_layout_stays_where_no_entry_fits_it(here: Path) -> None:
    lockfile.LOCK.write_text(TWO, encoding="utf-8")
    leave("raw@a", {"cmd": "ours"})
    other = "schema: '2.0'\n# by hand\nstages:\n    raw@a: {cmd: theirs}\n"
    lockfile.LOCK.write_text(other, encoding="utf-8")
    lockfile.join()
    assert lockfile.LOCK.read_text(encoding="utf-8") == other
    assert not list(lockfile.PENDING.iterdir())


def test_a_second_job_of_a_stage_goes_on_from_the_first(here: Path) -> None:
    lockfile.LOCK.write_text(TWO, encoding="utf-8")
    leave("raw@a", {"cmd": "first"})
    assert lockfile.Entry("raw@a").data == {"cmd": "first"}
    leave("raw@a", {"cmd": "second"})
    lockfile.join()
    assert lockfile.Entry("raw@a").data == {"cmd": "second"}


def test_an_unfinished_merge_is_left_to_git(here: Path) -> None:
    lockfile.LOCK.write_text(TWO, encoding="utf-8")
    leave("raw@a", {"cmd": "ours"})
    merging = TWO.replace("stages:\n", "stages:\n<<<<<<< HEAD\n")
    lockfile.LOCK.write_text(merging, encoding="utf-8")
    lockfile.join()
    assert lockfile.LOCK.read_text() == merging
    assert json.loads((lockfile.PENDING / "raw@a").read_text())["after"]


def test_the_main_process_joins_every_few_minutes(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) > 1:
            threading.Event().wait()  # for ever

    main = stages.Stages.__new__(stages.Stages)
    main._dvc_lock, main._joining = contextlib.nullcontext(), threading.Lock()
    monkeypatch.setattr(stages, "time", types.SimpleNamespace(sleep=sleep))
    leave("raw@a", {"cmd": "x"})
    main.join_regularly()
    deadline = time.monotonic() + 10
    while len(slept) < 2 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert slept == [stages.JOIN_EVERY] * 2
    assert lockfile.parse(lockfile.LOCK.read_text())["stages"] == {"raw@a": {"cmd": "x"}}


def test_a_failure_while_writing_leaves_the_whole_file(here: Path) -> None:
    lockfile.LOCK.write_text(TWO, encoding="utf-8")
    with pytest.raises(Exception, match="represent"):
        leave("raw@a", {"cmd": object()})
    lockfile.join()
    assert lockfile.LOCK.read_text() == TWO
    assert not list(lockfile.PENDING.glob("*"))


@pytest.mark.parametrize("joining", [False, True])
def test_a_run_killed_in_the_middle_of_writing_leaves_the_whole_file(
    here: Path, monkeypatch: pytest.MonkeyPatch, joining: bool
) -> None:
    lockfile.LOCK.write_text(TWO, encoding="utf-8")
    if joining:
        leave("raw@a", {"cmd": "z"})

    def half(self: Path, text: str, encoding: str) -> None:
        self.write_bytes(text.encode(encoding)[: len(text) // 2])
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", half)
        with pytest.raises(KeyboardInterrupt):
            lockfile.join() if joining else leave("raw@a", {"cmd": "z"})
    assert lockfile.LOCK.read_text() == TWO
    lockfile.join()
    assert lockfile.parse(lockfile.LOCK.read_text())["stages"]["raw@a"] == {"cmd": "z" if joining else "x"}
