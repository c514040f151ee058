"""Broken inputs through the real Snakemake: the run stops at once with one line, and nothing is lost."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import write_params
from tests.helpers.project import Project
from tests.inputs.test_settings import DATASET, EXPERIMENT, SERIES

ROWS = [f"{date(2020, 1, 1) + timedelta(days=i)},{(i * 7) % 13}.5" for i in range(300)]
BLOCK = """
series:
  other: {source: data/own/mine.csv, target: load}
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One experiment on a series of one's own, committed; nothing has run."""
    made = Project(tmp_path_factory.mktemp("inputs") / "project")
    given = made.params()
    only = {"series": {"mine": SERIES}, "datasets": {"mine_daily": DATASET}, "experiments": {"mine_lstm": EXPERIMENT}}
    write_params(made.folder, given | only)
    (made.folder / "data/own/mine.csv").write_text("\n".join(["date,load", *ROWS, ""]), encoding="utf-8")
    (made.folder / ".gitignore").write_text("/data/raw\n/logs\n/.snakemake\n", encoding="utf-8")
    made.commit()
    return made


@pytest.fixture(autouse=True)
def restored(project: Project) -> Any:
    """Put every file back after a test."""
    yield
    project("git", "checkout", "-q", ".")
    project("git", "clean", "-qfd")


def replaced(path: str, old: str, new: str, times: int = -1) -> Callable[[Project], None]:
    def change(project: Project) -> None:
        file = project.folder / path
        text = file.read_text(encoding="utf-8")
        assert old in text
        file.write_text(text.replace(old, new, times), encoding="utf-8")

    return change


def appended(path: str, text: str) -> Callable[[Project], None]:
    def change(project: Project) -> None:
        file = project.folder / path
        file.write_text(file.read_text(encoding="utf-8") + text, encoding="utf-8")

    return change


def removed(path: str) -> Callable[[Project], None]:
    return lambda project: (project.folder / path).unlink()


CSV, PARAMS = "data/own/mine.csv", "params.yaml"
BROKEN: dict[str, tuple[Callable[[Project], None], str]] = {
    "quoted": (
        replaced(PARAMS, "batch_size: 32", "batch_size: '32'"),
        r"`experiments.mine_lstm.training.batch_size` \(params.yaml, line \d+\) must be a whole number, 1 or more. "
        r"Received: '32'. Take off the quotes: `batch_size: 32`.",
    ),
    "tab": (replaced(PARAMS, "  mine:", "\tmine:"), r"`params.yaml:3` .* Received: a tab. Replace the tab by spaces."),
    "pasted": (
        appended(PARAMS, BLOCK),
        r"`params.yaml:\d+` must hold each key once. .*Merge: move the entries below it",
    ),
    "cell": (replaced(CSV, "6.5", "six", 1), r"`data/own/mine.csv, line \d+, column load` must be a number. .*six"),
    "missing": (removed(CSV), r"`data/own/mine.csv` must be a file. Received: no such file. Copy it to data/own/"),
    "column": (
        replaced(PARAMS, "target: load", "target: laod"),
        r"`series.mine.target`.* must name a column of data/own/mine.csv.*load",
    ),
    "long": (
        replaced(PARAMS, "length: 28", "length: 60"),
        r"`datasets.mine_daily.split.validation` \(params.yaml, line \d+\) must hold at least one window of 60 rows "
        r"and 1 ahead. Received: 45 rows. Set `validation: 0.21`",
    ),
    "constant": (
        lambda project: replaced(CSV, (project.folder / CSV).read_text(), "date,load\n" + constant())(project),
        r"`series.mine.target` \(params.yaml, line \d+\) must vary over the training rows.*load, which is 5 in every",
    ),
    "syntax": (
        appended("pipeline/architectures/lstm.py", "def f(:\n"),
        r"`pipeline/architectures/lstm.py, line \d+` must be Python. Received: SyntaxError",
    ),
    "package": (
        replaced("pipeline/architectures/lstm.py", "import keras\n", "import torchh\n", 1),
        r"`pipeline/architectures/lstm.py, line \d+` must import what is installed. Received: torchh.",
    ),
}


def constant() -> str:
    return "".join(f"{row.split(',')[0]},5\n" for row in ROWS)


PROOFS = "reports/leakage/mine_daily.json"


@pytest.mark.parametrize(
    ("backend", "given", "target", "line"),
    [
        ("jax", "tensorflow", "models/mine_lstm/training", "jax, as `experiments.mine_lstm.training.backend` has it"),
        (None, "jax", "models/mine_lstm/training", "tensorflow, as `experiments.mine_lstm.training.backend` has it"),
        (None, "jax", PROOFS, "tensorflow, on which the stage `leakage` trains for `datasets.mine_daily`"),
        ("jax", "jax", PROOFS, None),
        ("jax", "jax", "reports/leaks.json", "tensorflow, on which the stage `leaks` trains"),
        ("jax", "jax", "models/mine_lstm/training", None),
        ("jax", "torch", "data/scaled/mine_daily", None),
    ],
)
def test_the_environment_contradicts_the_backend_of_a_stage_that_runs(
    project: Project, backend: str | None, given: str, target: str, line: str | None
) -> None:
    if backend:
        project.set("experiments.mine_lstm.training.backend", backend)
    dry = ("snakemake", "--cores", "1", target, "--dry-run")
    done = project("env", f"KERAS_BACKEND={given}", *dry, check=False)
    if line is None:
        assert done.returncode == 0, done.stderr
    else:
        expected = f"`KERAS_BACKEND` must be {line}. Received: {given}. Unset this environment variable."
        assert (done.returncode, done.stderr.strip().splitlines()[-1]) == (2, expected)


def run(project: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    return project("snakemake", "--cores", "1", *arguments, check=False)


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_input_stops_the_run_before_anything_is_computed(project: Project, name: str) -> None:
    change, line = BROKEN[name]
    change(project)
    before = files(project.folder)
    done = run(project)
    last = done.stderr.strip().splitlines()[-1]
    assert re.match(line, last), done.stderr
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) <= 3, done.stderr
    assert not list(project.folder.glob("logs/**/*.log"))
    assert files(project.folder) == before


OTHER = """series:
  other: {source: pipeline/sources/bundled.py, name: sunspots}
datasets:
  others: {series: other, split: {scheme: holdout, test: 0.2}, window: {length: 5, horizon: 1}}
"""


def test_a_run_that_does_not_need_a_broken_file_is_not_stopped(project: Project) -> None:
    given = yaml.safe_load((project.folder / PARAMS).read_text())
    for level, entries in yaml.safe_load(OTHER).items():
        given[level] |= entries
    (project.folder / PARAMS).write_text(yaml.safe_dump(given, sort_keys=False))
    replaced(CSV, "6.5", "six", 1)(project)
    assert run(project, "data/windows/others", "--dry-run").returncode == 0
    assert run(project, "data/windows/mine_daily", "--dry-run").returncode == 2


def files(folder: Path) -> dict[str, bytes]:
    kept = ("data/own", "pipeline", "params.yaml", "dvc.yaml")
    return {
        path: (folder / path).read_bytes()
        for root in kept
        for path in sorted(str(each.relative_to(folder)) for each in [folder / root, *(folder / root).rglob("*")])
        if (folder / path).is_file() and "__pycache__" not in path
    }


@pytest.mark.parametrize(
    ("target", "line"),
    [
        (
            "reports/diagnosis/mine_lstmm.json",
            "`experiments.mine_lstmm` must be in params.yaml. Received: a target of `mine_lstmm`. "
            "Did you mean `mine_lstm`?",
        ),
        ("data/raw/main", "`series.main` must be in params.yaml. Received: a target of `main`. Did you mean `mine`?"),
    ],
)
def test_an_unknown_name_on_the_command_line_is_one_line(project: Project, target: str, line: str) -> None:
    done = run(project, target)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1] == line


def test_a_target_that_nothing_makes_is_one_last_line(project: Project) -> None:
    done = run(project, "reports/diagnosis/mine_lstm.html")
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == (
        "`reports/diagnosis/mine_lstm.html` must be an output of a stage. Received: a target that nothing makes. "
        "Did you mean `reports/diagnosis/mine_lstm.json`?"
    )
    assert "Traceback" not in done.stderr


def test_a_batch_larger_than_all_windows_gets_a_word(project: Project) -> None:
    replaced(PARAMS, "batch_size: 32", "batch_size: 500")(project)
    done = run(project, "--dry-run")
    assert done.returncode == 0
    assert (
        "Note: `experiments.mine_lstm.training.batch_size` (500) is larger than all 182 training windows, so that an "
        "epoch is a single update." in done.stderr
    )


def test_an_exception_in_ones_own_builder_names_its_line(project: Project) -> None:
    replaced("pipeline/architectures/lstm.py", "    if norm:\n", "    raise RuntimeError('3 and\\n4')\n    if norm:\n")(
        project
    )
    done = run(project, "models/mine_lstm/training")
    last = done.stderr.strip().splitlines()[-1]
    assert re.match(
        r"`experiments.mine_lstm.architecture` \(params.yaml, line \d+\) must have options that lstm:build accepts. "
        r"Received: RuntimeError: 3 and 4 \(pipeline/architectures/lstm.py, line \d+\). Correct the option, or",
        last,
    ), done.stderr
    assert done.returncode == 1
