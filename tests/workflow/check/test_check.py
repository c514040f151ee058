"""`make check` and `make forget` on the real Snakemake and DVC: what is written, diagnosed and undone."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.conftest import PROJECT
from tests.helpers.project import Project
from tests.workflow.tryout.test_try import FORGET, files

CHECK = ("python", "-m", "workflow.check")


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("check") / "project")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example's files, with its mistakes: an accuracy of a regression, and a random division."""
    folder = tmp_path_factory.mktemp("theirs")
    subprocess.run([sys.executable, PROJECT / "examples/own_network.py", folder, "--mistake"], check=True)
    return folder


def line(project: Project, *command: str) -> str:
    """The one line that a refused command prints; nothing is changed."""
    before = files(project)
    done = project(*command, check=False)
    assert done.returncode == 2
    assert files(project) == before
    return done.stderr.strip().splitlines()[-1]


def test_a_network_is_trained_again_diagnosed_and_undone_to_the_byte(project: Project, made: Path) -> None:
    before = files(project)
    given = (str(made / "model.keras"), str(made / "windows.npz"), "--name", "mine", "--epochs", "8", "--seeds", "0")
    assert "Nothing is written" in project(*CHECK, *given, "--dry-run").stdout
    assert files(project) == before
    shown = project(*CHECK, *given, "--cores", "2").stdout
    entry = project.params()
    assert entry["series"]["mine"] == {"source": "data/own/mine.npz"}
    assert entry["datasets"]["mine"]["window"]["target"] == {"kind": "given", "past": 0}
    training = entry["experiments"]["mine"]["training"]
    assert (training["optimizer"], training["learning_rate"], training["loss"]) == ("adam", 0.005, "mean_squared_error")
    assert (project.folder / "data/own/mine.keras").read_bytes() == (made / "model.keras").read_bytes()
    assert (project.folder / "data/own/mine.keras.dvc").exists()
    # The weights as they came are scored on the same windows as the retrained ones.
    evaluation = json.loads((project.folder / "reports/evaluation/mine.json").read_text())
    own = expected_r2(made)
    for part in ("validation", "test"):
        assert evaluation["parts"][part]["given"]["r2"] == pytest.approx(own[part], abs=1e-3)
    assert "The weights as they came: R² " in shown
    assert "The evaluation leaks (overlap)" in shown
    page = (project.folder / "reports/experiments/mine.html").read_text()
    assert "the weights as they came" in page
    # What was compiled, and how the windows were divided, is found.
    diagnosis = json.loads((project.folder / "reports/diagnosis/mine.json").read_text())
    found = {each["code"]: each["evidence"] for each in diagnosis["findings"]}
    assert found["loss_metric_disagree"] == {"metric": "accuracy", "target": "regression"}
    proofs = {p["name"]: p for p in json.loads((project.folder / "reports/leakage/mine.json").read_text())["proofs"]}
    assert proofs["overlap"]["result"] == "fail"
    skipped = {name for name, p in proofs.items() if p["result"] == "not_applicable"}
    assert skipped == {"prefix", "history", "embargo", "prepare"}
    assert all(p["result"] == "pass" for name, p in proofs.items() if name in ("intervals", "perturbation_test"))
    # Once more: said, and nothing is changed. Another network under the name is refused.
    assert "exists" in project(*CHECK, *given, "--no-run").stdout
    assert "must be as it was when mine was made" in line(project, *CHECK, *given[:4], "--epochs", "9")
    project(*FORGET, "mine")
    left = files(project)
    own = [name for name in before if name == "params.yaml" or name.startswith("data/own/")]
    assert {name: left.get(name) for name in own} == {name: before[name] for name in own}
    assert [name for name in left if "mine" in name] == []
    assert b"@mine" not in left.get("dvc.lock", b"")


def expected_r2(made: Path) -> dict[str, float]:
    """The scores of the weights as they came, by Keras and NumPy alone."""
    code = (
        "import sys, numpy, keras; d = numpy.load(sys.argv[1] + '/windows.npz');"
        "p = keras.saving.load_model(sys.argv[1] + '/model.keras').predict(d['X'], verbose=0)[:, 0];"
        "numpy.save(sys.argv[1] + '/p.npy', p)"
    )
    subprocess.run([sys.executable, "-c", code, str(made)], check=True)
    data, outputs = np.load(made / "windows.npz"), np.load(made / "p.npy")
    scores = {}
    for part in ("validation", "test"):
        own = data["part"] == part
        truth = data["y"][own]
        scores[part] = float(1 - ((truth - outputs[own]) ** 2).mean() / truth.var())
    return scores


def test_what_cannot_be_checked_is_one_line(project: Project, made: Path, tmp_path: Path) -> None:
    model, data = str(made / "model.keras"), str(made / "windows.npz")
    with np.load(data) as arrays:
        content = dict(arrays)
    np.savez(tmp_path / "short.npz", **(content | {"X": content["X"][:, 1:]}))
    np.savez(tmp_path / "nan.npz", **(content | {"X": np.where(content["X"] > 2, np.nan, content["X"])}))
    np.savez(tmp_path / "two.npz", **(content | {"y": np.stack([content["y"]] * 2, axis=1)}))
    (tmp_path / "text.keras").write_text("text")
    assert "must be given. Received: nothing. For example make check" in line(project, *CHECK, model)
    assert "must be a network that Keras 3 saved" in line(project, *CHECK, str(tmp_path / "text.keras"), data)
    assert "must take the windows of X, [11, 1]" in line(project, *CHECK, model, str(tmp_path / "short.npz"))
    assert "must be finite. Received: nan" in line(project, *CHECK, model, str(tmp_path / "nan.npz"))
    assert "for each of the 2 numbers of y. Received: 1" in line(project, *CHECK, model, str(tmp_path / "two.npz"))
    assert "must end in .npz" in line(project, *CHECK, model, model)
    assert "must be a feature of X" in line(project, *CHECK, model, data, "--target-feature", "none")
