"""dvc.lock as `workflow.repro` writes it: DVC's own bytes, in the order of the names, whole or not at all."""

from __future__ import annotations

import functools
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
NAMES_ALL = ["raw@a", "raw@a_b", "train@a", "report", "raw"]
NAMES = st.sampled_from(NAMES_ALL)


def in_order(text: str) -> str:
    """As DVC itself writes the content of a dvc.lock, its entries in the order of their names."""
    stages = repro.read(text)["stages"]
    return repro.write({"schema": "2.0", "stages": {name: stages[name] for name in sorted(stages)}})


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(NAMES, ENTRIES), min_size=1, max_size=6))
def test_every_entry_is_written_as_dvc_writes_it(tmp_path_factory: pytest.TempPathFactory, given: list[Any]) -> None:
    folder = tmp_path_factory.mktemp("lock")
    for name, entry in given:
        for change, file in ((functools.partial(repro.modify, stage=name), "ours"), (modify_yaml, "theirs")):
            with change(str(folder / file)) as data:
                if not data:
                    data["schema"] = "2.0"
                data["stages"] = data.get("stages", {})
                data["stages"].update({name: entry})
        text = (folder / "ours").read_text(encoding="utf-8")
        assert text == in_order((folder / "theirs").read_text(encoding="utf-8"))
        for one in NAMES_ALL:
            whole, part = repro.read(text)["stages"], repro.part(text, one)["stages"]
            assert part == {key: value for key, value in whole.items() if key == one}
    assert sorted(path.name for path in folder.iterdir()) == ["ours", "theirs"]


def test_two_orders_of_ending_write_the_same_bytes(tmp_path: Path) -> None:
    names = ["train@b", "raw@a", "report", "raw@b"]
    for file, order in (("one", names), ("other", names[::-1])):
        for name in order:
            with repro.modify(str(tmp_path / file), name) as data:
                data.setdefault("schema", "2.0")
                data.setdefault("stages", {}).update({name: {"cmd": f"run {name}"}})
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    assert list(repro.read((tmp_path / "one").read_text())["stages"]) == sorted(names)


def test_the_projects_own_lock_is_what_write_gives() -> None:
    text = (PROJECT / "dvc.lock").read_text(encoding="utf-8")
    found = repro.entries(text)
    assert found
    assert repro.HEAD + "".join(found.values()) == text
    assert repro.joined(found) == in_order(text)


def test_one_entry_changes_no_other_line(tmp_path: Path) -> None:
    text = in_order((PROJECT / "dvc.lock").read_text(encoding="utf-8"))
    (tmp_path / "dvc.lock").write_text(text, encoding="utf-8")
    with repro.modify(str(tmp_path / "dvc.lock"), "raw@co2") as data:
        entry = data["stages"]["raw@co2"]
        data["stages"].update({"raw@co2": entry | {"cmd": "another"}})
    after = (tmp_path / "dvc.lock").read_text(encoding="utf-8")
    assert after != text
    assert after.replace("cmd: another", f"cmd: '{entry['cmd']}'") == text


def test_a_lock_that_dvc_did_not_write_so_is_read_as_a_whole(tmp_path: Path) -> None:
    path = tmp_path / "dvc.lock"
    path.write_text("schema: '2.0'\nstages:\n    raw@b: {cmd: x}\n    raw@a: {cmd: y}\n", encoding="utf-8")
    assert repro.entries(path.read_text()) is None
    assert set(repro.part(path.read_text(), "raw@a")["stages"]) == {"raw@a", "raw@b"}
    with repro.modify(str(path), "raw@a") as data:
        data["stages"].update({"raw@a": {"cmd": "z"}})
    assert repro.read(path.read_text())["stages"] == {"raw@b": {"cmd": "x"}, "raw@a": {"cmd": "z"}}


def test_a_failure_while_writing_leaves_the_whole_file(tmp_path: Path) -> None:
    path = tmp_path / "dvc.lock"
    path.write_text("schema: '2.0'\nstages:\n  a:\n    cmd: x\n", encoding="utf-8")
    before = path.read_bytes()
    with pytest.raises(Exception, match="represent"), repro.modify(str(path), "a") as data:
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
    with pytest.raises(KeyboardInterrupt), repro.modify(str(path), "a") as data:
        data["stages"]["a"] = {"cmd": "y"}
    assert path.read_bytes() == before
