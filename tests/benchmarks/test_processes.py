"""Measurements in several processes: each name once, and one that fails keeps no other from being made."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import processes


def test_one_that_fails_is_left_out_and_reported(capsys: pytest.CaptureFixture[str]) -> None:
    def make(number: int) -> str:
        return f"{6 // number}"

    assert processes.in_turn([1, 0, 3], lambda number: f"number {number}", make) == 1
    assert capsys.readouterr().out.splitlines() == ["6", "number 0: failed", "2"]
    assert processes.in_turn([1, 2], str, make) == 0


def test_names_are_shared_among_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "noting.py").write_text(
        "import os, pathlib, sys\n"
        "folder, *names = sys.argv[1:]\n"
        "for name in names:\n"
        "    (pathlib.Path(folder) / name).write_text(str(os.getpid()))\n"
        "sys.exit('bad' in names)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert processes.spread("noting", [str(tmp_path)], ["a", "b", "c"], 2) == 0
    pids = [(tmp_path / name).read_text() for name in "abc"]
    assert pids[0] == pids[2] != pids[1]
    assert processes.spread("noting", [str(tmp_path)], ["a", "bad"], 5) == 1
    assert processes.spread("noting", [str(tmp_path)], [], 2) == 0
