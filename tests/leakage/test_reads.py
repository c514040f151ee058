"""Windows do not contain their target; planted ones that do are reported."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pipeline import dataset
from pipeline.dataset import scaling, windowing
from pipeline.leakage import reads
from tests.helpers.proofs import SEASON, SLIDING, loaded, prepared, sequences

NUMBERS = scaling.Numbers(np.zeros(1), np.ones(1), None)
TARGETS = {
    f"{kind} of {of}": {"kind": kind, "of": of} | ({"quantiles": [0.3, 0.6]} if kind == "classes" else {})
    for kind in ("classes", "sign")
    for of in ("return", "difference")
}
READ: dict[str, dict[str, Any]] = {
    "regression": {},
    "horizon and stride": {"window": {"length": 12, "horizon": 4, "stride": {"train": 3, "evaluation": 3}}},
    "carry": {"split": {"scheme": "holdout", "validation": 0.15, "test": 0.15, "policy": "carry", "gap": 3}},
    "folds": {"split": SLIDING},
    "scaled by itself": {"scaling": {"features": "minmax", "target": "minmax", "window": "standard"}},
    "difference": {"window": {"length": 12, "target": {"kind": "difference"}}},
    **{f"missing: {m}": {"window": {"length": 12, "missing": m}, "holes": 40} for m in ("drop", "fill_past", "keep")},
    "missing: keep, horizon": {
        "window": {"length": 4, "horizon": 4, "missing": "keep", "target": {"kind": "difference"}},
        "holes": 40,
    },
    **{what: {"window": {"length": 12, "target": target}} for what, target in TARGETS.items()},
}


@pytest.mark.parametrize("change", READ.values(), ids=list(READ))
def test_windows_that_read_their_own_rows_alone(project: Path, change: dict[str, Any]) -> None:
    p = prepared(project, **change)
    for fold in range(dataset.folds(SEASON)):
        parts = loaded(fold)
        proof = reads.prove(p, SEASON, fold, parts)
        assert (proof.name, proof.fold, proof.result, proof.found) == ("reads", fold, "pass", [])
        edges = sum(len(np.unique(np.linspace(0, len(part) - 1, 8).astype(int))) for part in parts.values())
        assert proof.compared["edges"] == edges
        assert proof.compared["windows"] > 3 * edges


def test_a_hole_that_the_rows_before_fill_costs_no_window(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    p = prepared(project, window={"length": 12, "missing": "fill_past"}, holes=200)
    monkeypatch.setattr(reads, "_WINDOWS", 1)
    proof = reads.prove(p, SEASON, 0, loaded())
    assert (proof.result, proof.compared) == ("pass", {"windows": 24, "edges": 24})


def test_sequences_read_their_own_rows_alone(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    p = sequences(project)
    assert reads.prove(p, SEASON, 0, loaded()).compared == {"windows": 1 + 2 + 3 + 4 + 5 + 1, "edges": 6}
    assert reads.prove(p, SEASON, 0, loaded()).result == "pass"
    monkeypatch.setattr(dataset.Part, "inputs", inputs_of_next_row)
    proof = reads.prove(p, SEASON, 0, loaded())
    assert (proof.result, proof.found[0]) == (
        "fail",
        "inputs of the train window of rows [0, 6) changed with the rows from 6 on",
    )


honest_inputs, honest_per_window = dataset.Part.inputs, windowing._per_window


def inputs_of_next_row(part: dataset.Part, indices: np.ndarray | None = None) -> np.ndarray:
    start = part.table["start"] if indices is None else part.table["start"][indices]
    last = len(part.scaled) - 1
    return part.scaled[np.minimum(start[:, None] + np.arange(part.spec.length) + 1, last)]


def over_a_row_more(series: np.ndarray, start: np.ndarray, length: int, function: Any) -> np.ndarray:
    return honest_per_window(series, start, length + 1, function)


@pytest.mark.parametrize("change", READ.values(), ids=list(READ))
def test_windows_that_read_their_target(project: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any]) -> None:
    p = prepared(project, **change)
    fold = dataset.folds(SEASON) - 1
    parts = loaded(fold)
    for kind, part in parts.items():  # each part by itself
        with monkeypatch.context() as patched:
            patched.setattr(dataset.Part, "inputs", inputs_of_next_row)
            proof = reads.prove(p, SEASON, fold, {kind: part})
            assert proof.result == "fail"
            assert proof.found[0].startswith(f"inputs of the {kind} window of rows [")
        with monkeypatch.context() as patched:
            patched.setattr(windowing, "_per_window", over_a_row_more)
            proof = reads.prove(p, SEASON, fold, {kind: part})
            assert proof.result == "fail"
            assert any(line.startswith(f"mean of the {kind} window") for line in proof.found)


def test_every_edge_of_a_part_is_looked_at(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    p = prepared(project)

    def late(part: dataset.Part, indices: np.ndarray | None = None) -> np.ndarray:
        return (honest_inputs if part.spec.first_rows[0] < 100 else inputs_of_next_row)(part, indices)

    monkeypatch.setattr(dataset.Part, "inputs", late)
    monkeypatch.setattr(reads, "_WINDOWS", 10)
    found = reads.prove(p, SEASON, 0, {"train": loaded()["train"]}).found
    assert found[-1] == "inputs of the train window of rows [267, 279) changed with the rows from 279 on"


def test_windows_beyond_their_part_are_left_to_intervals(project: Path) -> None:
    p = prepared(project)
    train_part = loaded()["train"]
    train_part.table["start"] = np.array(train_part.table["start"])
    train_part.table["start"][-2:] = [-3, 275]
    assert reads.prove(p, SEASON, 0, {"train": train_part}).result == "pass"
    train_part.table["start"][:] = 1000
    assert reads.prove(p, SEASON, 0, {"train": train_part}).compared["windows"] == 0


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({}, None),
        ({"inputs": [[1.0], [np.nan], [3.0]]}, None),
        (
            {"inputs": [[1.0], [2.0], [3.0]]},
            "inputs of the test window of rows [11, 13) changed with the rows from 14",
        ),
        ({"inputs": [[np.nan], [np.nan], [4.0]]}, "inputs of the test window of rows [12, 14) changed"),
        ({"mean": [0.5, 0.0, 0.0]}, "mean of the test window of rows [10, 12) changed"),
        ({"start": [0, 1]}, "the test window of rows [12, 14) is missing"),
        ({"start": [0, 1, 3]}, "the test window of rows [12, 14) is missing"),
    ],
)
def test_two_makings_of_a_stretch_are_compared(
    monkeypatch: pytest.MonkeyPatch, change: dict[str, list[Any]], line: str | None
) -> None:
    same = {key: np.zeros(3) for key in ("row", "last", "mean", "spread", "restored outputs")}
    same |= {"start": np.arange(3), "inputs": np.array([[1.0], [np.nan], [3.0]])}
    made = [same, same | {key: np.array(values) for key, values in change.items()}]
    monkeypatch.setattr(reads, "_made", lambda stretch, rows: None)
    monkeypatch.setattr(reads, "_replaced", lambda stretch, rng: None)
    monkeypatch.setattr(reads, "_seen", lambda part, edge: made.pop(0))
    spec = SimpleNamespace(length=2, first_rows=np.arange(10, 20), same_row=False)
    stretch = reads._Stretch(np.zeros((10, 1)), {}, 4, spec, "error", 1, NUMBERS)
    windows, found = reads._compare("test", stretch, np.random.default_rng(0))
    assert len(found) == (line is not None)
    assert line is None or found[0].startswith(line)
    assert windows == (0 if "start" in change else 3)


@pytest.mark.parametrize("starts", [[], [0, 1]])
def test_the_last_window_must_be_among_those_compared(monkeypatch: pytest.MonkeyPatch, starts: list[int]) -> None:
    monkeypatch.setattr(reads, "_made", lambda stretch, rows: None)
    monkeypatch.setattr(reads, "_replaced", lambda stretch, rng: None)
    monkeypatch.setattr(reads, "_seen", lambda part, edge: {"start": np.array(starts, dtype=int)})
    spec = SimpleNamespace(length=2, first_rows=np.arange(10, 20), same_row=False)
    stretch = reads._Stretch(np.zeros((10, 1)), {}, 4, spec, "error", 1, NUMBERS)
    expected = (0, ["the test window of rows [12, 14) is missing when the rows after it are replaced"])
    assert reads._compare("test", stretch, np.random.default_rng(0)) == expected
