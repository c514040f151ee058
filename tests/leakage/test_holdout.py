"""A second training that learns from the windows that judge it is found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline import dataset
from pipeline.dataset import holdout as dividing
from pipeline.leakage import holdout
from tests.helpers.proofs import SIGN, loaded, prepared, sequences


@pytest.mark.parametrize("window", ["none", "last"])
def test_the_last_tenth_teaches_nothing(project: Path, window: str) -> None:
    scaling = {"features": "standard", "target": "standard", "window": window}
    prepared(project, split={"scheme": "holdout", "validation": 0, "test": 0.2}, scaling=scaling)
    proof = holdout.prove(0, loaded()["train"])
    assert (proof.result, proof.found) == ("pass", [])
    assert proof.compared["windows"] > 200


def test_classes_and_sequences_pass_too(project: Path) -> None:
    prepared(project, SIGN)
    assert holdout.prove(0, loaded(name=SIGN)["train"]).result == "pass"
    sequences(project, validation=0)
    assert holdout.prove(0, loaded()["train"]).result == "pass"


def scaled_by_all(part: dataset.Part) -> tuple[dataset.Part, dataset.Part]:
    """Divide the windows, and scale by the mean of all rows."""
    early, late = dividing.last_tenth(part)
    early.scaled[:] += np.float32(part.rows.mean())
    return early, late


def one_too_many(part: dataset.Part) -> tuple[dataset.Part, dataset.Part]:
    """Take one window more for the training."""
    early, late = dividing.last_tenth(part)
    return part.subset(np.arange(len(early) + 5)), late


@pytest.mark.parametrize("divide", [scaled_by_all, one_too_many])
def test_a_training_that_learns_from_later_rows_is_found(
    project: Path, monkeypatch: pytest.MonkeyPatch, divide: object
) -> None:
    prepared(project, split={"scheme": "holdout", "validation": 0, "test": 0.2})
    train = loaded()["train"]
    original = dividing.last_tenth
    monkeypatch.setattr(holdout.holdout, "last_tenth", lambda part: _with(original, divide, part))
    proof = holdout.prove(0, train)
    assert proof.result == "fail"
    assert 0 < len(proof.found) <= 5


def _with(original: object, divide: object, part: dataset.Part) -> tuple[dataset.Part, dataset.Part]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dividing, "last_tenth", original)
        return divide(part)  # type: ignore[operator]
