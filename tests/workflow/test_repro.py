"""One stage, computed, restored or skipped by `workflow.repro`, and the stale stages that `workflow.stale` finds."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from tests.conftest import PROJECT
from workflow import cache, lockfile, repro
from workflow.stale import stale

COMMAND = "mkdir -p out && cp in.txt out/a.txt && echo b > out/b.txt && cp out/a.txt one.txt && echo x >> runs.txt"
MAKE = {"cmd": COMMAND, "deps": ["in.txt"], "params": ["x", "y.z"], "outs": ["one.txt", "out"]}


class Scratch:
    """A repository of DVC with one stage, `make`, in the working directory."""

    def __init__(self) -> None:
        Path(".dvc").mkdir()
        Path(".dvc/config").write_text("[core]\nno_scm = true\n[cache]\ntype = copy\n")
        Path("params.yaml").write_text("x: 1\n'y': {z: [1, 2]}\n")
        Path("in.txt").write_text("first\n")
        self.wire()

    def wire(self, **changed: object) -> None:
        Path("dvc.yaml").write_text(yaml.safe_dump({"stages": {"make": MAKE | changed}}))

    def run(self) -> int:
        code = repro.main("make")
        lockfile.join()
        return code

    @property
    def runs(self) -> int:
        """How often the command ran."""
        return len(Path("runs.txt").read_text().splitlines())

    def outputs(self) -> dict[str, str]:
        return {path: Path(path).read_text() for path in ("out/a.txt", "out/b.txt", "one.txt") if Path(path).exists()}

    def entry(self) -> dict:
        return lockfile.Entry("make").data


@pytest.fixture
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DVC_SITE_CACHE_DIR", str(tmp_path / ".dvc/site"))
    made = Scratch()
    assert made.run() == 0
    return made


FIRST = {"out/a.txt": "first\n", "out/b.txt": "b\n", "one.txt": "first\n"}


def damage(name: str | None = None) -> None:
    """Change the cache's files, or one of them, as a failing disk does: they stay read-only."""
    for path in sorted(Path(".dvc/cache/files/md5").glob("*/*")):
        if name is None or path.read_text() == name:
            path.chmod(0o644)
            path.write_text("damaged\n")
            path.chmod(0o444)


def test_a_stage_is_computed_once_and_restored_when_an_edit_is_undone(
    scratch: Scratch, capfd: pytest.CaptureFixture[str]
) -> None:
    assert (scratch.outputs(), scratch.runs) == (FIRST, 1)
    assert scratch.run() == 0
    assert "didn't change, skipping" in capfd.readouterr().out
    Path("in.txt").write_text("second\n")
    assert scratch.run() == 0
    assert (scratch.outputs()["one.txt"], scratch.runs) == ("second\n", 2)
    Path("in.txt").write_text("first\n")
    assert scratch.run() == 0
    assert "is cached - skipping run, checking out outputs" in capfd.readouterr().out
    assert (scratch.outputs(), scratch.runs) == (FIRST, 2)


def test_half_an_entry_in_the_run_cache_is_no_result(scratch: Scratch) -> None:
    Path("in.txt").write_text("second\n")
    assert scratch.run() == 0
    Path("in.txt").write_text("first\n")
    for path in Path(".dvc/cache/runs").glob("*/*/*"):
        text = path.read_text()
        half = path.with_name(".half.tmp")  # the newest of its key, so DVC takes it
        half.write_text(text[: text.index("outs:")])
    assert scratch.run() == 0
    assert scratch.outputs() == FIRST


def test_the_entry_is_dvcs_own(scratch: Scratch) -> None:
    from dvc.repo import Repo

    ours = Path("dvc.lock").read_text()
    with Repo(".") as repo:
        assert repo.status() == {}
        Path("dvc.lock").unlink()
        repo.reproduce("make")
    assert Path("dvc.lock").read_text() == ours
    assert scratch.runs == 1


def test_an_output_changed_by_hand_is_replaced(scratch: Scratch) -> None:
    Path("out/a.txt").write_text("by hand\n")
    Path("one.txt").unlink()
    assert scratch.run() == 0
    assert (scratch.outputs(), scratch.runs) == (FIRST, 1)


@pytest.mark.parametrize("kept", ["outputs", "no outputs"])
def test_outputs_of_another_machine_in_the_lock_are_looked_up_in_the_run_cache(scratch: Scratch, kept: str) -> None:
    own = Path("dvc.lock").read_text()
    entry = scratch.entry()
    for out in entry["outs"]:
        out["md5"] = out["md5"].translate(str.maketrans("0123456789", "9876543210"))
    lockfile.LOCK.write_text(lockfile.HEAD + lockfile.entry_text("make", entry))
    if kept == "no outputs":
        shutil.rmtree("out")
    assert scratch.run() == 0
    assert (scratch.outputs(), scratch.runs) == (FIRST, 1)
    assert lockfile.LOCK.read_text() == own


@pytest.mark.parametrize("name", ["first\n", "b\n", None])
@pytest.mark.parametrize("from_run_cache", [False, True])
def test_a_damaged_cache_is_never_restored(scratch: Scratch, name: str | None, from_run_cache: bool) -> None:
    own = scratch.entry()
    if from_run_cache:
        lockfile.LOCK.unlink()
    damage(name)
    shutil.rmtree("out")
    Path("one.txt").unlink()
    assert scratch.run() == 0
    assert (scratch.outputs(), scratch.runs) == (FIRST, 2)
    assert scratch.entry() == own
    # What was computed is in the cache again, undamaged.
    shutil.rmtree("out")
    assert scratch.run() == 0
    assert (scratch.outputs(), scratch.runs) == (FIRST, 2)


def test_a_restored_folder_that_lacks_a_file_is_not_recorded(scratch: Scratch, monkeypatch: pytest.MonkeyPatch) -> None:
    from dvc.stage.cache import StageCache

    restore = StageCache.restore

    def incomplete(self: StageCache, stage: object, **options: object) -> None:
        restore(self, stage, **options)
        Path("out/b.txt").unlink()

    monkeypatch.setattr(StageCache, "restore", incomplete)
    own = scratch.entry()
    shutil.rmtree("out")
    assert scratch.run() == 0
    assert (scratch.outputs(), scratch.runs) == (FIRST, 2)
    assert scratch.entry() == own


def test_a_frozen_stage_is_skipped(scratch: Scratch) -> None:
    scratch.wire(frozen=True)
    Path("in.txt").write_text("second\n")
    Path("one.txt").write_text("by hand\n")
    assert scratch.run() == 0
    assert (scratch.outputs()["one.txt"], scratch.runs) == ("by hand\n", 1)


def test_a_command_that_fails_leaves_the_earlier_result(scratch: Scratch, capfd: pytest.CaptureFixture[str]) -> None:
    before = Path("dvc.lock").read_text()
    scratch.wire(cmd="echo half > one.txt && echo '`x` must be y.' && exit 3")
    assert scratch.run() == 1
    assert scratch.outputs() == FIRST
    assert Path("dvc.lock").read_text() == before
    out, err = capfd.readouterr()
    assert out.splitlines()[-1] == "`x` must be y."
    assert re.fullmatch("ERROR: failed to reproduce 'make': failed to run: .*, exited with 3", err.splitlines()[-1])


def test_each_line_of_a_command_runs_until_one_fails(scratch: Scratch) -> None:
    scratch.wire(cmd=["echo 1 >> lines.txt", "echo 2 >> lines.txt; false", "echo 3 >> lines.txt"])
    assert scratch.run() == 1
    assert Path("lines.txt").read_text() == "1\n2\n"


@pytest.mark.parametrize("meddle", ["echo new > in.txt", "echo 'x: 2' > params.yaml"])
def test_a_result_whose_inputs_changed_meanwhile_is_discarded(
    scratch: Scratch, capfd: pytest.CaptureFixture[str], meddle: str
) -> None:
    before = Path("dvc.lock").read_text()
    scratch.wire(cmd=f"{COMMAND} && {meddle}")
    assert scratch.run() == 1
    # A parameter may be gone altogether.
    assert re.search(
        r"must stay as it is while make runs\. Received: a change|are missing from", capfd.readouterr().err
    )
    assert scratch.outputs() == FIRST
    assert Path("dvc.lock").read_text() == before


def test_while_the_command_runs_dvcs_rwlock_is_held_and_its_lock_is_not(scratch: Scratch) -> None:
    scratch.wire(cmd=f"{COMMAND}; cp .dvc/tmp/rwlock seen.json; flock -n .dvc/tmp/lock touch free.txt; env > env.txt")
    assert scratch.run() == 0
    seen = json.loads(Path("seen.json").read_text())
    here = os.getcwd()
    assert {path: holder["pid"] for path, holder in seen["write"].items()} == {
        f"{here}/one.txt": os.getpid(),
        f"{here}/out": os.getpid(),
    }
    assert set(seen["read"]) == {f"{here}/in.txt", f"{here}/params.yaml"}
    assert json.loads(Path(".dvc/tmp/rwlock").read_text()) == {}
    assert Path("free.txt").exists()
    assert {f"DVC_ROOT={here}", "DVC_STAGE=make"} <= set(Path("env.txt").read_text().splitlines())


def test_an_error_of_dvc_is_one_line(scratch: Scratch, capfd: pytest.CaptureFixture[str]) -> None:
    Path("in.txt").unlink()
    assert scratch.run() == 1
    lines = capfd.readouterr().err.splitlines()
    assert re.fullmatch("ERROR: failed to reproduce 'make': .*in.txt.*", lines[-1])
    assert "Traceback" not in "".join(lines)
    assert scratch.outputs() == FIRST


# Which stages are stale.


def nothing() -> None:
    """No change at all."""


def param() -> None:
    Path("params.yaml").write_text("x: 2\n'y': {z: [1, 2]}\n")


def param_of_another_type() -> None:
    Path("params.yaml").write_text("x: '1'\n'y': {z: [1, 2]}\n")


def param_nested() -> None:
    Path("params.yaml").write_text("x: 1\n'y': {z: [1, 3]}\n")


def param_gone() -> None:
    Path("params.yaml").write_text("x: 1\n'y': 3\n")


def params_gone() -> None:
    Path("params.yaml").unlink()


def param_that_no_stage_reads() -> None:
    Path("params.yaml").write_text("# a comment\nx: 1\n'y': {z: [1, 2], w: 1}\n")


def dep() -> None:
    Path("in.txt").write_text("second\n")


def dep_touched() -> None:
    os.utime("in.txt", (1e9, 1e9))


def dep_gone() -> None:
    Path("in.txt").unlink()


def output() -> None:
    Path("out/a.txt").write_text("by hand\n")


def output_gone() -> None:
    shutil.rmtree("out")


def output_more() -> None:
    Path("out/c.txt").write_text("more\n")


def command() -> None:
    text = Path("dvc.yaml").read_text()
    Path("dvc.yaml").write_text(text.replace("echo b", "echo c"))


def another_output() -> None:
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": {"make": MAKE | {"outs": ["one.txt", "out", "new.txt"]}}}))


def always_changed() -> None:
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": {"make": MAKE | {"always_changed": True}}}))


def frozen() -> None:
    dep()
    Path("dvc.yaml").write_text(yaml.safe_dump({"stages": {"make": MAKE | {"frozen": True}}}))


def no_lock() -> None:
    Path("dvc.lock").unlink()


EDITS = [
    nothing, param, param_of_another_type, param_nested, param_gone, params_gone, param_that_no_stage_reads, dep,
    dep_touched, dep_gone, output, output_gone, output_more, command, another_output, always_changed, frozen, no_lock,
]  # fmt: skip


def found() -> set[str]:
    from dvc.repo import Repo

    with Repo(".") as repo, repo.lock:
        return stale(repo.index.stages)


@pytest.mark.parametrize("edit", EDITS)
def test_those_stages_are_stale_that_dvc_calls_changed(scratch: Scratch, edit: Callable[[], None]) -> None:
    from dvc.repo import Repo

    edit()
    with Repo(".") as repo, repo.lock:
        theirs = {stage.addressing for stage in repo.index.stages if stage.status()}
        assert stale(repo.index.stages) == theirs
    assert bool(theirs) == (edit not in (nothing, param_that_no_stage_reads, dep_touched, frozen))


@pytest.mark.parametrize("how", ["lost", "damaged"])
def test_a_file_that_the_cache_lacks_is_put_back_if_the_output_is_there(scratch: Scratch, how: str) -> None:
    if how == "lost":
        shutil.rmtree(".dvc/cache/files")
    else:
        damage()
    assert found() == set()
    shutil.rmtree("out")
    assert scratch.run() == 0
    assert (scratch.outputs(), scratch.runs) == (FIRST, 1)


def test_a_damaged_file_that_dvc_handed_out_is_found(scratch: Scratch) -> None:
    from dvc.repo import Repo

    shutil.rmtree("out")
    damage("first\n")
    with Repo(".") as repo:
        # DVC remembers the damaged content under the hash of the other.
        repo.checkout(force=True)
    assert Path("out/a.txt").read_text() == "damaged\n"
    assert found() == {"make"}
    assert scratch.run() == 0
    # `one.txt` has the same content, undamaged, and has put it back into the cache.
    assert (scratch.outputs(), scratch.runs) == (FIRST, 1)


def test_the_cache_is_verified_only_where_a_stage_needs_it(scratch: Scratch) -> None:
    other = Path(".dvc/cache/files/md5/00/of_another_project")
    other.parent.mkdir(exist_ok=True)
    other.write_text("x")
    other.chmod(0o444)
    assert found() == set()
    assert other.exists()


def test_an_output_without_a_hash_is_not_intact(scratch: Scratch) -> None:
    from dvc.repo import Repo

    with Repo(".") as repo:
        (stage,) = repo.index.stages
        assert cache.intact(stage.outs)
        stage.outs[0].clear()
        assert not cache.intact(stage.outs)


def test_it_starts_without_what_the_command_alone_needs() -> None:
    heavy = ("numpy", "pandas", "jsonschema", "snakemake")
    code = f"import sys, workflow.repro; sys.exit([name for name in {heavy} if name in sys.modules] or None)"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
