"""docs/findings: one page for each finding, as `python -m tools.findings` writes them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.diagnose.rules import RULES
from tools import findings


def test_the_committed_pages_are_those_of_the_rules() -> None:
    assert findings.differing(findings.pages()) == []


def test_a_page_shows_detection_remedy_corpus_and_reference() -> None:
    text = findings.pages()["memory_too_short.md"]
    rule = RULES["memory_too_short"]
    assert all(
        words in re.sub(r"\s+", " ", text) for words in (rule.explanation, *rule.reference, rule.decide.__doc__[:60])
    )
    assert f"| share | 0.25 | {rule.limits['share'].source} |" in text
    assert "`experiments.EXPERIMENT.architecture.gate_initializer = chrono`" in text
    assert "| forgetful_steps | tuning | memory_too_short |" in text
    assert f"[{'pipeline/diagnose/rules/network.py'}](../../pipeline/diagnose/rules/network.py)" in text


def test_the_settings_of_a_remedy_are_read_off_the_rule() -> None:
    assert findings.settings(RULES["heavy_tailed_target"]) == [
        "`datasets.DATASET.scaling.target = standard`",
        "`experiments.EXPERIMENT.architecture.head = linear`",
    ]
    assert findings.settings(RULES["window_too_short"]) == ["`datasets.DATASET.window.length`"]
    assert findings.settings(RULES["collapsed_predictions"]) == []


def test_pages_are_checked_written_and_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(findings, "FOLDER", tmp_path)
    assert findings.main([]) == 0
    assert findings.main(["--check"]) == 0
    (tmp_path / "renamed.md").write_text("old", encoding="utf-8")
    (tmp_path / "README.md").unlink()
    assert findings.main(["--check"]) == 1
    assert capsys.readouterr().out.count("run `python -m tools.findings`") == 2
    findings.main([])
    assert {path.stem for path in tmp_path.iterdir()} == {"README", *RULES}
