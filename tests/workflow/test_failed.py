"""The index after a failed stage."""

import os
import time
from pathlib import Path

import pytest

from pipeline.common import files
from tests.helpers.reports import made_up
from workflow import failed, run_lock

REASON = "`x` must be y. Received: z. Mend."


def log(kind: str, name: str, text: str, ended: float) -> None:
    path = Path("logs", kind, f"{name}.log") if name else Path("logs", f"{kind}.log")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    os.utime(path, (ended, ended))


def failing(stage: str) -> str:
    return (
        f"Running stage '{stage}':\n> python\n{REASON}\nERROR: failed to reproduce '{stage}': failed to run: python\n"
    )


@pytest.mark.usefixtures("project")
def test_failures_are_those_of_this_run_in_the_order_of_their_end():
    log("train", "b_net", failing("train@b_net"), 30)
    log("split", "a_set", failing("split@a_set"), 20)
    log("leaks", "", failing("leaks"), 40)
    log("raw", "old", failing("raw@old"), 5)
    log("raw", "fine", "Running stage 'raw@fine':\n> python\n", 50)
    assert failed.failures(10) == [("split@a_set", REASON), ("train@b_net", REASON), ("leaks", REASON)]


@pytest.mark.usefixtures("project")
def test_the_index_is_written_after_a_failure_and_not_by_a_fix(monkeypatch):
    failed.write_index(0)
    log("train", "season_lstm", failing("train@season_lstm"), time.time())
    monkeypatch.setenv(run_lock.FIXING, "1")
    failed.write_index(0)
    assert not files.REPORT.exists()
    monkeypatch.delenv(run_lock.FIXING)
    failed.write_index(0)
    assert "<code>train@season_lstm</code> failed" in files.REPORT.read_text()


@pytest.mark.usefixtures("project")
def test_an_index_that_cannot_be_written_is_one_line(capsys):
    log("train", "season_lstm", failing("train@season_lstm"), time.time())
    files.write_json(files.EVALUATION / "sign_lstm.json", {**made_up("sign_lstm"), "parts": {}})
    failed.write_index(0)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("The index could not be written: KeyError: ")
