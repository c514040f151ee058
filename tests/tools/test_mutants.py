"""Mutants: the same draw on every run, and a report of those that no test notices."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tools import mutants

MODULE = '''\
from __future__ import annotations


def larger(a: int | None, b: int) -> int | None:
    """Return the larger one."""
    if a is None:
        return b
    return a if a > b else b
'''
TESTS = "from pipeline.room.part import larger\n\n\ndef test_larger():\n    assert larger(3, 2) == 3\n"


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in {
        "pipeline/__init__.py": "",
        "pipeline/room/part.py": MODULE,
        "tests/room/test_part.py": TESTS,
        "tests/mutants.yaml": "[]",
        "tests/helpers/unshrunk.py": "",
        "pyproject.toml": '[tool.pytest.ini_options]\npythonpath = ["."]\nmarkers = ["slow"]\n',
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    subprocess.run(["git", "init", "--quiet"], check=True, cwd=tmp_path)
    monkeypatch.chdir(tmp_path)
    return Path("pipeline/room/part.py")


def test_the_draw_is_the_same_and_does_not_rest_on_line_numbers(small: Path) -> None:
    first = list(mutants.draw([small], 99, seed=1))
    assert list(mutants.draw([small], 99, seed=1)) == first
    assert list(mutants.draw([small], 1, seed=1)) == first[:1]
    assert any(list(mutants.draw([small], 99, seed=seed)) != first for seed in range(2, 5))
    small.write_text(MODULE.replace("def larger", "SIZE: int | None\n\n\ndef larger"), encoding="utf-8")
    assert list(mutants.draw([small], 99, seed=1)) == first


def test_each_place_has_one_mutant_and_annotations_have_none(small: Path) -> None:
    drawn = mutants.draw([small], 99, seed=0)
    assert len({(spec.start_pos, spec.operator_name.split("/")[1][:3]) for spec in drawn.values()}) == len(drawn)
    assert {before for _, _, before, _ in drawn} == {"if a is None:", "return a if a > b else b"}


def test_a_mutant_that_no_test_notices_is_shown_and_counts_unless_it_is_listed(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = ("pipeline/room/part.py", "larger", "return a if a > b else b", "return a if a >= b else b")
    spec = next(spec for spec in mutants.places([small], 0) if spec.operator_name.startswith("core/ReplaceComparison"))
    drawn = {
        name: mutants.MutationSpec(small, operator, 0, spec.start_pos, spec.end_pos, {}, "larger")
        for name, operator in {
            listed: "core/ReplaceComparisonOperator_Gt_GtE",
            (*listed[:3], "return a if a < b else b"): "core/ReplaceComparisonOperator_Gt_Lt",
        }.items()
    }
    results = dict(zip(drawn, mutants.survivors(list(drawn.values()), Path("copies").resolve()), strict=True))
    assert mutants.report(results, {}) == 0.5
    assert "+    return a if a >= b else b" in capsys.readouterr().out
    assert mutants.report(results, {listed: "The larger of two equal numbers is either."}) == 1.0
    assert "+    return" not in capsys.readouterr().out
    assert small.read_text(encoding="utf-8") == MODULE


def test_every_module_that_can_be_mutated_has_tests() -> None:
    for room in mutants.ROOMS:
        for module in Path(room).rglob("*.py"):
            if not mutants.tests(module):
                assert not mutants.draw([module], 1, seed=0), module
