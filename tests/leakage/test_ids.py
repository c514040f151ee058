"""The proofs of a series of several ids."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from pipeline import dataset
from pipeline.common import files
from pipeline.dataset import scaling, splitting
from pipeline.leakage import ids, perturbation, stage, state
from tests.dataset.test_panel import GROUPS, HOLDOUT, LAST, SEQUENCES, WHOLE
from tests.helpers import panels

LENGTHS = [16, 12, 20, 18, 15, 22, 16, 19]
SMALL = {"length": 3}


@pytest.mark.parametrize(
    ("given", "series"),
    [
        ({"split": HOLDOUT, "window": SMALL}, {"time": "time"}),
        ({"split": HOLDOUT | {"policy": "carry", "gap": 1, "validation": 0}, "window": SMALL}, {}),
        ({"split": HOLDOUT, "window": SMALL, "scaling": {"per": "id"}}, {"time": "time"}),
        ({"split": GROUPS, "window": SMALL | {"missing": "drop"}}, {}),
        ({"split": GROUPS | {"validation": 0}, "window": SMALL}, {}),
        ({"split": SEQUENCES | {"order": "random", "seed": 2}, "window": WHOLE}, {}),
        ({"split": SEQUENCES | {"validation": 0}, "window": WHOLE | {"missing": "drop"}}, {}),
        ({"split": SEQUENCES, "window": LAST}, {"features": ["x"]}),
        ({"split": SEQUENCES | {"validation": 0}, "window": LAST | {"missing": "drop"}}, {"features": ["x"]}),
        ({"split": HOLDOUT, "window": SMALL | {"target": {"kind": "label"}}, "scaling": {"per": "id"}}, {}),
        ({"split": GROUPS, "window": SMALL | {"horizon": 0, "target": {"kind": "label"}}}, {"features": ["x"]}),
        ({"split": HOLDOUT | {"policy": "carry"}, "window": SMALL | {"horizon": 0}}, {"features": ["x"]}),
    ],
)
def test_every_proof_passes(given: dict[str, Any], series: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = [24] * 8 if "per" in given.get("scaling", {}) else LENGTHS
    nothing = perturbation.STEPS._replace(weights=perturbation.train_nothing, stopped=perturbation.train_nothing)
    monkeypatch.setattr(perturbation.check_test, "__defaults__", (nothing, None))
    monkeypatch.setattr(perturbation.check, "__defaults__", (nothing, None))
    monkeypatch.setattr(state, "prove", lambda p, name, fold: ids.check({}, [], False, fold))
    table = panels.panel(lengths)
    if given["window"].get("target", {}).get("kind") == "label":
        table["y"] = np.random.default_rng(0).integers(0, 2, len(table))
    with panels.project(table, given, **series) as p:
        expected = perturbation.reference(p, "panel", nothing)
        proofs = list(stage.prove_fold(p, "panel", 0, expected, "tensorflow"))
    assert {"intervals", "ids", "reads", "perturbation_test", "prefix", "history", "duplicates"} <= {
        proof.name for proof in proofs
    }
    failed = {proof.name: proof.found for proof in proofs if proof.result not in ("pass", "informative")}
    assert not failed


@pytest.mark.parametrize(
    ("given", "series"),
    [
        ({"split": HOLDOUT, "window": SMALL}, {"time": "time"}),
        ({"split": GROUPS, "window": SMALL}, {}),
        ({"split": SEQUENCES, "window": WHOLE}, {}),
        ({"split": HOLDOUT, "window": SMALL, "scaling": {"per": "id"}}, {"time": "time"}),
    ],
)
def test_a_scale_of_all_rows_is_found(given: dict[str, Any], series: dict[str, Any]) -> None:
    """The mean of later rows of any id is added to a learned number: of each id where each has its own."""

    def leaky(p: dict[str, Any], name: str) -> None:
        scaling.scale(p, name)
        path = files.SCALED / name / "scaling.json"
        table = files.read_json(path)
        mean = float(files.read_array(files.RAW / name / "rows.npy")[-3:].mean())
        table["folds"][0]["target"]["center"] += mean
        files.write_json(path, table)

    nothing = {"weights": perturbation.train_nothing, "stopped": perturbation.train_nothing}
    with panels.project(panels.panel([24] * 8), given, **series) as p:
        assert perturbation.check(p, "panel", 0, "test", perturbation.STEPS._replace(**nothing)).result == "pass"
        proof = perturbation.check(p, "panel", 0, "test", perturbation.STEPS._replace(scale=leaky, **nothing))
    assert (proof.result, proof.name) == ("fail", "perturbation_test")


def test_labels_that_a_split_is_stratified_by_are_no_leak() -> None:
    table = panels.panel([12] * 16)
    table["y"] = table["user"].str[1:].astype(int) % 2
    split = GROUPS | {"order": "random", "seed": 3, "stratify": True}
    steps = perturbation.STEPS._replace(weights=perturbation.train_nothing, stopped=perturbation.train_nothing)
    with panels.project(table, {"split": split, "window": SMALL}) as p:
        parts = [dataset.load("panel", 0, part) for part in splitting.PARTS]
        assert [part.raw_targets().mean() for part in parts] == [0.5, 0.5, 0.5]
        assert perturbation.check(p, "panel", 0, "validation", steps).result == "pass"
        assert perturbation.check(p, "panel", 0, "test", steps).result == "pass"


def test_an_id_on_two_sides_is_found_where_whole_ids_are_held_out() -> None:
    parts = {
        "train": ids.Windows(np.array([0, 1]), np.array([0, 1])),
        "test": ids.Windows(np.array([1]), np.array([1])),
    }
    assert ids.check(parts, ["a", "b"], False).result == "pass"
    proof = ids.check(parts, ["a", "b"], True)
    assert (proof.result, proof.found) == ("fail", ["1 ids are in train and in test; the first is b"])


def test_a_window_of_two_ids_is_found() -> None:
    with panels.project(panels.panel(LENGTHS), {"split": GROUPS, "window": SMALL}) as p:
        parts = {name: dataset.load("panel", 0, name) for name in splitting.PARTS}
        table = {name: np.array(column) for name, column in parts["train"].table.items()}
        table["start"][5] = LENGTHS[0] - 1
        proof = ids.prove(p, "panel", 0, parts | {"train": replace(parts["train"], table=table)})
    assert proof.result == "fail"
    assert "cross ids" in proof.found[0]
