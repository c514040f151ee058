"""What `make check` writes is undone to the byte by `make forget`; a network that others are built from stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from pipeline.common import keras_file
from pipeline.series import given
from tests.common.test_keras_file import DENSE, file
from tests.helpers.project import Project
from tests.workflow.tryout.test_try import files
from workflow import entries
from workflow.check import planning, target
from workflow.forget import forgetting
from workflow.tryout import entry_text, record
from workflow.tryout.proposal import Proposal


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("forget") / "project")


def planned(folder: Path) -> planning.Plan:
    """What a look at the network with Keras would plan."""
    model, data = file(folder, [DENSE]), folder / "windows.npz"
    series = np.random.default_rng(0).normal(size=60)
    np.savez(data, X=np.lib.stride_tricks.sliding_window_view(series, 5)[:-1, :, None], y=series[5:])
    windows, read = given.read(data), keras_file.read(model)
    found = target.decide(data, windows, read.compiled, ("linear", 1), {})
    training, why = planning._training(39, {"optimizer": "adam", "learning_rate": 0.01}, {})
    proposal = Proposal(
        {},
        {"split": {"scheme": "given"}, "window": planning._window(found), "scaling": {"features": "none"}},
        {"architecture": {"name": "file", "path": "data/own/mine.keras", "sha256": read.sha256}, "training": training},
        planning._choices(windows, found, 7, [], training, why),
        {},
    )
    text = entry_text.written("mine", "data/own/mine.npz", "a copy", proposal, planning.MARK)
    made = record.Record(
        "mine", data.name, record.digest(data), "data/own/mine.npz", True, {}, [], [], False,
        "data/own/mine.keras", read.sha256, True,
    )  # fmt: skip
    return planning.Plan(made, text, model, data, [])


def test_both_files_are_tracked_and_all_is_undone_to_the_byte(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.folder)
    before = files(project)
    plan = planned(tmp_path)
    planning.write(plan)
    added = files(project)
    assert {name for name in added if added[name] != before.get(name)} == {
        "params.yaml", "data/own/.gitignore", "data/own/mine.try.json",
        "data/own/mine.npz", "data/own/mine.npz.dvc", "data/own/mine.keras", "data/own/mine.keras.dvc",
    }  # fmt: skip
    assert "# `make check`; `make forget NAME=mine` undoes it" in added["params.yaml"].decode()
    assert added["data/own/mine.keras"] == plan.model.read_bytes()
    Path("params.yaml").write_bytes(before["params.yaml"])  # killed before the last step: the same command goes on
    planning.write(plan)
    assert files(project) == added
    shown = forgetting.forget("mine")
    assert "Removed: data/own/mine.keras, the copy of the network." in shown
    assert files(project) == before


def test_a_network_that_another_experiment_is_built_from_stays(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project.folder)
    planning.write(planned(tmp_path))
    text = Path("params.yaml").read_text()
    entry = yaml.safe_load(text)["experiments"]["mine"] | {"dataset": "season_windows"}
    Path("params.yaml").write_text(entries.insert(text, "experiments", "mine", "other", entry))
    shown = forgetting.forget("mine")
    assert "data/own/mine.keras stays, for other uses it." in shown
    assert Path("data/own/mine.keras").exists()
    assert not Path("data/own/mine.npz").exists()
