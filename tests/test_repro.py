"""dvc.lock as `workflow.repro` writes it: DVC's own bytes, whole or not at all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dvc.utils.serialize import modify_yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.conftest import PROJECT
from workflow import repro

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
NAMES = st.sampled_from(["raw@a", "raw@a_b", "train@a", "report", "raw"])


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(NAMES, ENTRIES), min_size=1, max_size=5))
def test_every_entry_is_written_as_dvc_writes_it(tmp_path_factory: pytest.TempPathFactory, given: list[Any]) -> None:
    folder = tmp_path_factory.mktemp("lock")
    for name, entry in given:
        for change, file in ((repro.modify, "ours"), (modify_yaml, "theirs")):
            with change(str(folder / file)) as data:
                if not data:
                    data["schema"] = "2.0"
                data["stages"] = data.get("stages", {})
                data["stages"].update({name: entry})
        assert (folder / "ours").read_bytes() == (folder / "theirs").read_bytes()
        assert list(folder.iterdir()) != []
        assert sorted(path.name for path in folder.iterdir()) == ["ours", "theirs"]


def test_the_projects_own_lock_is_what_write_gives() -> None:
    text = (PROJECT / "dvc.lock").read_text(encoding="utf-8")
    assert repro.write(repro.read(text)) == text


def test_one_entry_changes_no_other_line(tmp_path: Path) -> None:
    text = (PROJECT / "dvc.lock").read_text(encoding="utf-8")
    (tmp_path / "dvc.lock").write_text(text, encoding="utf-8")
    with repro.modify(str(tmp_path / "dvc.lock")) as data:
        entry = data["stages"]["raw@co2"]
        data["stages"].update({"raw@co2": entry | {"cmd": "another"}})
    after = (tmp_path / "dvc.lock").read_text(encoding="utf-8")
    assert after != text
    assert after == repro.write(repro.read(after))
    assert after.replace("cmd: another", f"cmd: {entry['cmd']}") == text


def test_a_failure_while_writing_leaves_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "dvc.lock"
    path.write_text("schema: '2.0'\nstages:\n  a:\n    cmd: x\n", encoding="utf-8")
    before = path.read_bytes()
    with pytest.raises(Exception, match="represent"), repro.modify(str(path)) as data:
        data["stages"]["a"] = {"cmd": object()}
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["dvc.lock"]


def test_a_run_killed_in_the_middle_of_writing_leaves_the_whole_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "dvc.lock"
    path.write_text("schema: '2.0'\nstages:\n  a:\n    cmd: x\n", encoding="utf-8")
    before = path.read_bytes()

    def half(self: Path, text: str, encoding: str) -> None:
        self.write_bytes(text.encode(encoding)[: len(text) // 2])
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(KeyboardInterrupt), repro.modify(str(path)) as data:
        data["stages"]["a"] = {"cmd": "y"}
    assert path.read_bytes() == before
