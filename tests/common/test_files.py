from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from pipeline.common import errors, files


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


def test_blocks_give_the_bytes_of_the_whole_array(tmp_path: Path) -> None:
    rows = np.random.default_rng(0).normal(size=(11, 3))
    files.write_array(tmp_path / "whole.npy", rows)
    files.write_blocks(tmp_path / "blocks.npy", rows.shape, rows.dtype, (rows[i : i + 4] for i in range(0, 11, 4)))
    assert (tmp_path / "blocks.npy").read_bytes() == (tmp_path / "whole.npy").read_bytes()
    # Of another type and order in memory too.
    files.write_array(tmp_path / "single.npy", rows[:, ::-1].astype(np.float32))
    files.write_blocks(tmp_path / "blocks.npy", rows.shape, np.float32, [rows[:5, ::-1], rows[5:, ::-1]])
    assert (tmp_path / "blocks.npy").read_bytes() == (tmp_path / "single.npy").read_bytes()


@pytest.mark.parametrize("shape", [(3, 2), (5, 2), (4, 3), (4,)])
def test_blocks_that_are_not_the_array_leave_the_earlier_file(tmp_path: Path, shape: tuple[int, ...]) -> None:
    path = tmp_path / "a.npy"
    path.write_bytes(b"before")
    with pytest.raises(ValueError, match=r"the array"):
        files.write_blocks(path, shape, np.float64, [np.ones((2, 2)), np.ones((2, 2))])
    assert path.read_bytes() == b"before"


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


@contextmanager
def _full_disk() -> Iterator[None]:
    """Limit files of this process to 100 bytes, as a full disk would."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("name", ["a.json", "a.npy", "b.npy", "a.parquet"])
def test_a_write_to_a_full_disk_fails_in_one_line_and_leaves_the_earlier_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"before")
    rows = np.random.default_rng(0).normal(size=1000)
    write = {
        "a.json": lambda: files.write_json(path, {"x": rows}),
        "a.npy": lambda: files.write_array(path, rows),
        "b.npy": lambda: files.write_blocks(path, rows.shape, rows.dtype, [rows]),
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


@pytest.mark.parametrize(
    ("source", "own"),
    [("data/own/x.csv", True), ("data/owner/x.csv", False), ("pipeline/sources/x.py", False), (None, False)],
)
def test_an_own_series_is_a_file_below_data_own(source: object, own: bool) -> None:
    assert files.is_own(source) is own
