"""The proofs know labels and horizon 0: they pass on clean data, and a target among its own inputs fails `reads`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import dataset
from pipeline.common import files
from pipeline.dataset import windowing
from pipeline.leakage import history, holdout, intervals, perturbation, reads
from pipeline.series import replacing
from tests.conftest import PROJECT
from tests.helpers import labelled

STEPS = perturbation.STEPS._replace(weights=perturbation.train_nothing, stopped=perturbation.train_nothing)


@pytest.fixture(params=[(["b", "a", "c"], 0), (["b", "a", "c"], 2), ([1, 7], 0), (None, 0)], ids=str)
def made(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return the parameters of a series with labels, or numbers, in the working directory."""
    (tmp_path / "pipeline").symlink_to(PROJECT / "pipeline")
    monkeypatch.chdir(tmp_path)
    names, horizon = request.param
    frame = labelled.sticky(300, names or [0, 1, 2], stay=0.6)
    window: dict[str, Any] = {"length": 5, "horizon": horizon, "missing": "drop", "target": {"kind": "label"}}
    if not names:
        window["target"] = {"kind": "value"}
        frame["y"] = np.random.default_rng(0).normal(size=300)
    frame.loc[[20, 21, 200], "y"] = None
    split = labelled.SPLIT | {"policy": "carry", "gap": 0}
    return labelled.made(frame, labelled.settings(["x"], window, split=split))


def test_clean_stages_pass(made: dict[str, Any]) -> None:
    parts = labelled.parts()
    reference = perturbation.reference(made, "mine", STEPS)
    proofs = [
        intervals.prove(made, "mine", 0, parts),
        reads.prove(made, "mine", 0, parts),
        history.prove(made, "mine", 0, parts),
        holdout.prove(0, parts["train"]),
        perturbation.check(made, "mine", 0, "validation", STEPS, reference),
        *perturbation.check_test(made, "mine", 0, STEPS, reference),
    ]
    assert [(proof.name, proof.found) for proof in proofs if proof.result != "pass"] == []
    assert all(min(proof.compared.values()) > 0 for proof in proofs)


def test_a_target_among_its_inputs_fails(made: dict[str, Any]) -> None:
    if made["datasets"]["mine"]["window"]["horizon"]:
        pytest.skip("a label of an earlier row may be an input")
    parts = labelled.parts()
    for name, part in parts.items():
        spec = part.spec
        leaky = dataset.Spec(**{**vars(spec), "features": ["x", "y"]})
        parts[name] = dataset.Part(name, part.rows, part.scaled, part.table, leaky, part.raw)
    path = files.SCALED / "mine" / "scaling.json"
    learned = files.read_json(path)
    learned["folds"][0]["features"]["y"] = {"center": 0.0, "scale": 1.0}
    files.write_json(path, learned)
    proof = reads.prove(made, "mine", 0, parts)
    assert proof.result == "fail"
    assert "inputs of the train window of rows" in proof.found[0]
    assert "and the target of its last row" in proof.found[0]


def test_a_last_value_that_is_the_target_fails(made: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    if made["datasets"]["mine"]["window"]["horizon"]:
        pytest.skip("the last value of an earlier row is known")
    table = windowing.table

    def leaky(rows: np.ndarray, *args: Any) -> Any:
        result, dropped = table(rows, *args)
        return result | {"last": rows[result["start"] + 4, 1]}, dropped

    monkeypatch.setattr(windowing, "table", leaky)
    assert reads.prove(made, "mine", 0, labelled.parts()).result == "fail"


def test_other_labels_are_labels_and_differ() -> None:
    values = [-1.0, 0.5, 7.0]
    old = np.array([*values, np.nan] * 20)
    new = replacing.draw_labels(old, values, np.random.default_rng(0))
    assert set(new) == set(values)
    assert (new != old).all()
