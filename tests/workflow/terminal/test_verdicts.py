from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.common import files
from tests.workflow.terminal.test_handler import SETTINGS
from workflow.terminal import verdicts

STEP = {"text": "Train longer.", "command": "dvc exp run -n mine_try -S a=1"}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(name: str, **diagnosis: Any) -> None:
    files.write_json(files.DIAGNOSIS / f"{name}.json", diagnosis)


def test_one_experiment_gets_its_card_in_five_lines_and_its_page(folder: Path) -> None:
    reasons = ["On 90 validation windows the network has skill \u22120.2\x1b[2J."]
    written("mine_lstm", verdict="not_learning", findings=[], reasons=reasons, next=STEP, facts={}, cannot_tell=[])
    files.write_text(files.EXPERIMENTS / "mine_lstm.html", "x")
    lines = list(verdicts.lines(SETTINGS, {"mine_lstm"}))
    assert lines[0].startswith("mine_lstm: not learning. Predicts no better than a constant")
    assert lines[1].startswith("Why: No check found a fault. On 90 validation windows")
    assert lines[2:4] == ["Try: Train longer.", "  dvc exp run -n mine_try -S a=1"]
    assert lines[4].startswith("How sure: low")
    assert lines[5:] == [f"The page: {folder / 'reports/experiments/mine_lstm.html'}"]
    assert "\x1b" not in "".join(lines)


def test_a_documented_experiment_alone_shows_its_page_too(folder: Path) -> None:
    written("other_lstm", verdict="learning", findings=[], reasons=[], next={"text": "Nothing to do."})
    files.write_text(files.EXPERIMENTS / "other_lstm.html", "x")
    lines = list(verdicts.lines(SETTINGS, {"other_lstm"}))
    assert "Next: Nothing to do." in lines
    assert lines[-1].endswith("other_lstm.html")


def test_of_a_half_written_result_nothing_is_said(folder: Path) -> None:
    files.write_text(files.DIAGNOSIS / "mine_lstm.json", '{"verdict": "lear')
    assert list(verdicts.lines(SETTINGS, {"mine_lstm"})) == []
