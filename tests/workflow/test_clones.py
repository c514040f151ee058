"""Two runs from nothing in folders of different names, on one core and on two: the same bytes."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from benchmarks import clones
from tests.conftest import tiny_params, write_params
from tests.helpers.project import Project


def _project(folder: Path) -> Project:
    project = Project(folder)
    params = tiny_params()
    params["experiments"]["season_lstm"]["training"]["seeds"] = [0]
    write_params(project.folder, params)
    return project


def _both(tmp_path: Path, *targets: str) -> tuple[Path, Path]:
    """Run both, at the same time: one after the other would take twice as long."""
    projects = _project(tmp_path / "one"), _project(tmp_path / "deeper/another name")
    with ThreadPoolExecutor() as pool:
        runs = [pool.submit(one, "snakemake", "--cores", str(i), *targets) for i, one in enumerate(projects, 1)]
        for run in runs:
            run.result()
    return projects[0].folder, projects[1].folder


def _check(folders: tuple[Path, Path], expected: set[str]) -> None:
    found = clones.compare(*folders)
    assert {group: differ for group, (_, differ) in found.items() if differ} == {}
    assert {group for group, (count, _) in found.items() if count} >= expected


@pytest.mark.slow
def test_one_experiment_gives_the_same_bytes_on_one_core_and_on_two(tmp_path: Path) -> None:
    wanted = ["reports/metrics/season_lstm.json", "data/scaled/sign_windows"]
    expected = {"entries of dvc.lock", "dvc.lock as a file", "raw rows", "models", "predictions", "metrics"}
    folders = _both(tmp_path, *wanted)
    _check(folders, expected)
    # And the comparison sees what differs.
    path = folders[1] / "models/season_lstm/training/fold0_seed0.keras"
    path.chmod(0o644)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    (folders[1] / "data/raw/sign/series.json").unlink()
    lock = folders[1] / "dvc.lock"
    lock.write_text(lock.read_text().replace("seed: 1", "seed: 2", 1))
    found = clones.compare(*folders)
    assert found["models"].differ == ["models/season_lstm/training/fold0_seed0.keras"]
    assert found["raw rows"].differ == ["data/raw/sign/series.json"]
    assert len(found["entries of dvc.lock"].differ) == 1
    assert found["dvc.lock as a file"].differ == ["dvc.lock"]
    assert found["predictions"].differ == []


@pytest.mark.slow
def test_everything_is_the_same_bytes_on_one_core_and_on_two(tmp_path: Path) -> None:
    _check(_both(tmp_path), {"entries of dvc.lock", *clones.GROUPS})


def test_the_order_of_entries_is_told_apart_from_their_content(tmp_path: Path) -> None:
    for name, order in (("a", "xy"), ("b", "yx")):
        (tmp_path / name).mkdir()
        text = "".join(f"  {stage}:\n    cmd: run {stage}\n" for stage in order)
        (tmp_path / name / "dvc.lock").write_text(f"schema: '2.0'\nstages:\n{text}")
    found = clones.compare(tmp_path / "a", tmp_path / "b")
    assert found["entries of dvc.lock"] == clones.Compared(2, [])
    assert found["dvc.lock as a file"].differ == ["dvc.lock"]
    assert "| entries of dvc.lock | 2 | 0 |\n| dvc.lock as a file | 1 | 1 |" in clones.table(found)


def test_seconds_and_marks_are_no_results(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name / "models/x/training").mkdir(parents=True)
        (tmp_path / name / "models/x/training/.snakemake_timestamp").write_text(name)
        (tmp_path / name / "reports").mkdir()
        (tmp_path / name / "reports/costs.csv").write_text(name)
        (tmp_path / name / "dvc.lock").write_text("schema: '2.0'\nstages: {}\n")
    assert not any(differ for _, differ in clones.compare(tmp_path / "a", tmp_path / "b").values())
    shutil.copy(tmp_path / "a/dvc.lock", tmp_path / "a/models/x/training/fold0_seed0.keras")
    assert clones.compare(tmp_path / "a", tmp_path / "b")["models"].differ == ["models/x/training/fold0_seed0.keras"]
