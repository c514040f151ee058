"""Baselines that read a later row are found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import dataset
from pipeline.dataset import splitting
from pipeline.leakage import history
from pipeline.scoring.naive import History, end_rows
from tests.helpers.proofs import SEASON, SIGN, SLIDING, prepared


def parts(name: str, fold: int = 0) -> dict[str, dataset.Part]:
    return {kind: dataset.load(name, fold, kind) for kind in splitting.PARTS if dataset.has(name, fold, kind)}


@pytest.mark.parametrize("fold", [0, 2])
def test_the_baselines_read_no_later_row(project: Path, fold: int) -> None:
    p = prepared(project, split=SLIDING)
    proof = history.prove(p, SEASON, fold, parts(SEASON, fold))
    assert (proof.result, proof.fold, proof.found) == ("pass", fold, [])
    # Persistence, mean, season, drift, window average, Theta and ETS.
    assert proof.compared["forecasts"] == 7 * proof.compared["windows"] > 0


def test_classes_pass_too(project: Path) -> None:
    p = prepared(project, SIGN)
    assert history.prove(p, SIGN, 0, parts(SIGN)).result == "pass"


def ahead(train: dataset.Part, known: History) -> dict[str, Any]:
    """Forecast the value a row after the window."""
    return {"ahead": lambda part: known.at(end_rows(part) + 1)[:, None]}


def level(train: dataset.Part, known: History) -> dict[str, Any]:
    """Forecast the mean of the whole series."""
    return {"level": lambda part: np.full((len(part), 1), known.values.mean())}


def some_of_the_part(train: dataset.Part, known: History) -> dict[str, Any]:
    """Forecast the last row of the part."""
    return {"rows": lambda part: np.full((len(part), 1), part.rows[-1, 0])}


def only_whole(train: dataset.Part, known: History) -> dict[str, Any]:
    """Learn nothing from a shorter series."""
    return {"whole": lambda part: np.zeros((len(part), 1))} if len(known.rows) == 400 else {}


@pytest.mark.parametrize("learner", [ahead, level, some_of_the_part, only_whole])
def test_a_baseline_that_looks_ahead_is_found(project: Path, learner: Any) -> None:
    p = prepared(project)
    proof = history.prove(p, SEASON, 0, parts(SEASON), learner)
    assert proof.result == "fail"
    assert 0 < len(proof.found) <= 5
    assert next(iter(learner(None, History(np.arange(400), np.zeros(400))))) in proof.found[0]
