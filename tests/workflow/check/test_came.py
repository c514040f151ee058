"""Lines after the verdict: the weights as they came, and an evaluation that leaks."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.common import files
from workflow.check import came


def part(network: float, given: float | None) -> dict[str, Any]:
    return {"network": {"r2": {"mean": network}}} | ({} if given is None else {"given": {"r2": given}})


@pytest.fixture
def lines(tmp_path, monkeypatch):
    """The lines, from results in an empty folder."""
    monkeypatch.chdir(tmp_path)

    def made(given: float | None, result: str) -> list[str]:
        parts = {"validation": part(0.81, given), "test": part(0.78, given)}
        evaluation = {"dataset": "w", "classes": None, "parts": parts, "comparison": None}
        diagnosis = {
            "verdict": "learning",
            "reasons": [],
            "findings": [],
            "next": {"text": "Nothing.", "command": None},
        }
        proof = {
            "name": "overlap",
            "result": result,
            "found": ["9 of 9 test windows hold one"] if result == "fail" else [],
        }
        files.write_json(files.EVALUATION / "mine.json", evaluation)
        files.write_json(files.DIAGNOSIS / "mine.json", diagnosis)
        files.write_json(files.LEAKAGE / "w.json", {"proofs": [proof]})
        return came.lines("mine")

    return made


def test_weights_that_came_are_beside_the_retrained_ones(lines):
    shown = lines(0.9, "pass")
    came = "The weights as they came: R² 0.90 on validation and 0.90 on test windows."
    assert f"{came} Trained again: 0.81 on validation and 0.78 on test." in shown
    assert len(shown) == len(lines(None, "pass")) + 1


def test_a_leak_is_said_at_once(lines):
    shown = lines(None, "fail")
    assert "The evaluation leaks (overlap): 9 of 9 test windows hold one." in shown
    assert not any("leaks" in line for line in lines(None, "not_applicable"))
