"""A stage that is started by hand beside a run of another machine."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from pipeline import backends
from pipeline.common import run
from pipeline.common.errors import UserError
from tests.conftest import tiny_params, write_params


@pytest.mark.parametrize(
    ("lock", "mark", "begins"),
    [
        (None, None, True),
        ("", None, True),
        (f"{socket.gethostname()} abc", None, True),
        ("node7 abc", "abc", True),
        ("node7 abc", None, False),
        ("node7 abc", "of an earlier run", False),
    ],
)
def test_a_stage_begins_unless_another_machine_runs_that_did_not_start_it(
    project: Path, monkeypatch: pytest.MonkeyPatch, lock: str | None, mark: str | None, begins: bool
) -> None:
    write_params(project, tiny_params())
    monkeypatch.delenv(run.MARK, raising=False)
    if mark is not None:
        monkeypatch.setenv(run.MARK, mark)
    if lock is not None:
        run.LOCK.parent.mkdir()
        run.LOCK.write_text(lock, encoding="utf-8")
    if begins:
        backends.main([])
    else:
        line = r"`.snakemake/run.lock` must not name another machine, .* Received: node7\. If no run is at work there"
        with pytest.raises(UserError, match=line):
            backends.main([])
    assert Path("data/backends.json").exists() == begins
