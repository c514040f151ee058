from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from pipeline.common import costs, errors, files


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    files.write_json(
        tmp_path / "a/table.json", {"x": np.float64(1.5), "y": np.array([1, 2]), "z": float("nan"), "w": True}
    )
    assert files.read_json(tmp_path / "a/table.json") == {"x": 1.5, "y": [1, 2], "z": None, "w": True}
    files.write_array(tmp_path / "rows.npy", np.arange(6.0).reshape(3, 2))
    np.testing.assert_array_equal(files.read_array(tmp_path / "rows.npy"), [[0, 1], [2, 3], [4, 5]])
    files.write_table(tmp_path / "t.parquet", {"b": np.array([2, 1]), "a": np.array([0.5, 0.25])})
    table = files.read_table(tmp_path / "t.parquet")
    assert list(table) == ["b", "a"]
    np.testing.assert_array_equal(table["b"], [2, 1])


def test_equal_values_give_equal_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        files.write_table(tmp_path / name, {"a": np.arange(1000) / 7})
        time.sleep(1.1)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_a_pickle_is_never_read(tmp_path: Path) -> None:
    np.save(tmp_path / "bad.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match=r"[Pp]ython object|pickle"):
        files.read_array(tmp_path / "bad.npy")


def test_a_write_that_fails_leaves_the_earlier_file(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    files.write_json(path, 1)
    with pytest.raises(TypeError):
        files.write_json(path, {"a": object()})
    assert files.read_json(path) == 1
    assert [p.name for p in tmp_path.iterdir()] == ["x.json"]


def test_an_empty_folder_replaces_the_earlier_one(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/old").write_text("x")
    assert list(files.empty_folder(tmp_path / "out").iterdir()) == []


def test_costs_keep_one_row_per_stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for stage in ("split@b", "raw@a", "split@b"):
        with costs.record(stage):
            pass
    rows = files.COSTS.read_text().splitlines()
    assert rows[0] == "stage,seconds,peak_megabytes"
    assert [row.split(",")[0] for row in rows[1:]] == ["raw@a", "split@b"]
    assert all(float(row.split(",")[1]) > 0 and float(row.split(",")[2]) > 1 for row in rows[1:])


def test_a_stage_that_fails_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RuntimeError), costs.record("raw@a"):
        raise RuntimeError
    assert not files.COSTS.exists()


def test_an_error_is_one_line_and_exit_code_2(capsys: pytest.CaptureFixture[str]) -> None:
    def fails(_: list[str]) -> None:
        raise errors.UserError("a.b", "must be 1", "two\nlines", "Fix it.")

    with pytest.raises(SystemExit) as caught:
        errors.run(fails)
    assert caught.value.code == 2
    assert capsys.readouterr().err == "`a.b` must be 1. Received: two lines. Fix it.\n"


def test_costs_of_stages_that_end_at_once_keep_every_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: costs._write(f"raw@s{i:02d}", 1.0, 1.0), range(40)))
    assert len(files.COSTS.read_text().splitlines()) == 41


@contextmanager
def _full_disk() -> Iterator[None]:
    """Limit files of this process to 100 bytes, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("name", ["a.json", "a.npy", "a.parquet"])
def test_a_write_to_a_full_disk_fails_in_one_line_and_leaves_the_earlier_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"before")
    rows = np.random.default_rng(0).normal(size=1000)
    write = {
        "a.json": lambda: files.write_json(path, {"x": rows}),
        "a.npy": lambda: files.write_array(path, rows),
        "a.parquet": lambda: files.write_table(path, {"x": rows}),
    }[name]
    with _full_disk(), pytest.raises(errors.UserError, match=rf"`.*{name}` must be writable, with enough room"):
        write()
    assert path.read_bytes() == b"before"
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_a_file_in_place_of_a_folder_fails_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(errors.UserError, match="must be writable"):
        files.write_json(tmp_path / "out/a.json", {})
    with pytest.raises(errors.UserError, match="must be writable"):
        files.empty_folder(tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"
