"""The command on a small faulty experiment, through the real Snakemake and the real DVC."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from typing import Any, NamedTuple

import pytest
import yaml

from tests.conftest import tiny_params, write_params
from tests.helpers.project import Project
from workflow import entries

FIX = (sys.executable, "-m", "workflow.fix", "slow", "--rounds", "1", "--candidates", "2", "--cores", "2")


class Fixed(NamedTuple):
    """A project in which a fix was killed and then run again."""

    project: Project
    before: str  # params.yaml before the fix
    killed: str  # and after the kill
    costs: dict[str, tuple[str, ...]]  # rows of costs.csv after the kill
    output: str  # of the second command


def _costs(project: Project) -> dict[str, tuple[str, ...]]:
    with (project.folder / "reports/costs.csv").open() as file:
        return {stage: tuple(rest) for stage, *rest in csv.reader(file)}


@pytest.fixture(scope="module")
def fixed(tmp_path_factory: pytest.TempPathFactory) -> Fixed:
    """A learning rate a hundred times too low; the first fix is killed when its candidate is diagnosed."""
    project = Project(tmp_path_factory.mktemp("clone") / "project")
    given = tiny_params()
    series = given["series"]["season"] | {"rows": 500, "period": 12}
    scaling = {"features": "standard", "target": "standard"}
    windows = given["datasets"]["season_windows"] | {"scaling": scaling}
    training = {"optimizer": "adam", "learning_rate": 0.0001, "batch_size": 16, "epochs": 6, "seeds": [0, 1]}
    slow = {"dataset": "season_windows", "architecture": {"name": "lstm", "units": [6], "head": "linear"}}
    given |= {"series": {"season": series}, "datasets": {"season_windows": windows}}
    write_params(project.folder, given | {"experiments": {"slow": slow | {"training": training}}})
    project.commit()
    before = (project.folder / "params.yaml").read_text()
    environment = os.environ | {"HOME": str(project.folder.parent)}
    run = subprocess.Popen(FIX, cwd=project.folder, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)
    diagnosed = project.folder / ".snakemake/entries/diagnose@slow_fix1"
    while not diagnosed.exists() and run.poll() is None:
        time.sleep(0.05)
    assert run.poll() is None, "it ended before its candidate was diagnosed"
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    killed, costs = (project.folder / "params.yaml").read_text(), _costs(project)
    return Fixed(project, before, killed, costs, project(*FIX).stdout)


def _result(fixed: Fixed) -> dict[str, Any]:
    return json.loads((fixed.project.folder / "reports/fixes/slow.json").read_text())


def test_a_rate_that_is_too_low_is_raised(fixed: Fixed) -> None:
    result = _result(fixed)
    (candidate,) = [each for each in result["rounds"][0]["candidates"] if each["kept"]]
    assert "learning_rate_too_low" in candidate["for"]
    assert candidate["comparison"]["on"] == "windows"
    assert candidate["comparison"]["reduction"] > 0.2
    assert result["fixed"]["test"]["comparison"] == "better"
    assert result["fixed"]["test"]["reduction"] > 0.2
    assert re.search(r"On \d+ test windows: better, the test loss is \d+", fixed.output)
    assert str(fixed.project.folder) not in json.dumps(result)


def test_params_have_the_fixed_experiment_and_no_other_byte_is_new(fixed: Fixed) -> None:
    after = (fixed.project.folder / "params.yaml").read_text()
    assert "# `make fix`: slow with training.learning_rate 0.01 instead of 0.0001" in after
    without = entries.remove(after, "experiments", "slow_fixed")
    assert entries.remove(without, "datasets", "slow_fixed") == fixed.before
    assert yaml.safe_load(after)["experiments"]["slow_fixed"]["training"]["seeds"] == [0, 1, 2]


def test_after_a_kill_the_same_command_goes_on(fixed: Fixed) -> None:
    assert "slow_fix1" in fixed.killed
    assert "`make fix NAME=slow` was stopped: its entries are removed" in fixed.output
    # A stage that is restored from the cache keeps its row.
    after = _costs(fixed.project)
    for stage in ("train@slow", "diagnose@slow", "train@slow_fix1", "diagnose@slow_fix1"):
        assert after[stage] == fixed.costs[stage]


def test_candidates_are_trained_and_diagnosed_and_nothing_of_them_is_left(fixed: Fixed) -> None:
    stages = {stage.partition("@")[0] for stage in _costs(fixed.project) if re.search("_fix[0-9]", stage)}
    assert {"train", "diagnose"} <= stages <= {"split", "window", "scale", "train", "diagnose"}
    folder = fixed.project.folder
    assert not re.search("_fix[0-9]", (folder / "dvc.lock").read_text() + (folder / "params.yaml").read_text())
    left = [path for top in ("models", "reports", "data", "logs") for path in (folder / top).rglob("*_fix[0-9]*")]
    assert left == []
    assert not (folder / ".snakemake/fix.json").exists()


def test_a_run_afterwards_computes_neither_of_the_two_again(fixed: Fixed) -> None:
    jobs = fixed.project("snakemake", "--cores", "2", "-n").stdout
    assert re.search(r"^report +1$", jobs, flags=re.MULTILINE)
    assert not re.search(r"^(train|diagnose|predict|evaluate) ", jobs, flags=re.MULTILINE)
    assert not re.search("_fix[0-9]", jobs)


def test_losses_are_of_validation_windows_and_the_test_part_stays_closed(fixed: Fixed) -> None:
    script = (
        "import sys; opened = []\n"
        "sys.addaudithook(lambda event, given: opened.append(str(given[0])) if event == 'open' else None)\n"
        "from workflow.fix import losses; losses.main(['slow'])\n"
        "print('\\n'.join(opened))"
    )
    opened = fixed.project(sys.executable, "-c", script).stdout.splitlines()
    assert any(path.endswith("fold0/validation.npy") for path in opened)
    assert not [path for path in opened if "data/test" in path or path.endswith("test.parquet")]


def test_errors_are_one_line(fixed: Fixed) -> None:
    for arguments, line in (
        (["slo"], "`experiments.slo` must be in params.yaml. Received: slo. Did you mean `slow`?"),
        (["slow_fixed"], "`experiments.slow_fixed` must not be the result of a fix."),
        (["slow"], "`experiments.slow_fixed` must not be in params.yaml yet."),
        ([], "`python -m workflow.fix` must be called as --help says."),
        (["slow", "--minutes", "0"], "`--minutes` must be above 0."),
    ):
        done = fixed.project(sys.executable, "-m", "workflow.fix", *arguments, check=False)
        assert done.returncode == 2
        assert done.stderr.startswith(line)
        assert len(done.stderr.splitlines()) == 1


def test_help_names_every_option(fixed: Fixed) -> None:
    text = fixed.project(sys.executable, "-m", "workflow.fix", "--help").stdout
    assert all(f"--{option}" in text for option in ("minutes", "rounds", "candidates", "cores", "replace"))
