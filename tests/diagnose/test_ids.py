"""Measurements of series of several ids, without a network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from pipeline import dataset
from pipeline.common import files
from pipeline.dataset import holdout
from pipeline.diagnose.facts import data, forecasts, references
from tests.dataset.test_panel import GROUPS, HOLDOUT, SEQUENCES, WHOLE
from tests.helpers import panels

TRAINING = {"state": "none", "seeds": [0], "batch_size": 8, "shuffle": True, "steps_per_execution": 1}


@pytest.mark.parametrize("held_back", [False, True])
@pytest.mark.parametrize(
    ("given", "series"),
    [
        ({"split": HOLDOUT, "window": {"length": 4}, "scaling": {"per": "id"}}, {"time": "time"}),
        ({"split": GROUPS, "window": {"length": 4}}, {"period": 6}),
        ({"split": SEQUENCES, "window": WHOLE}, {"target": "x", "features": ["x", "y"]}),
    ],
)
def test_data_and_references_are_measured(given: dict[str, Any], series: dict[str, Any], held_back: bool) -> None:
    lengths = [36] * 24 if "per" in given.get("scaling", {}) else [30, 36] * 12
    table = panels.panel(lengths)
    table["y"] = np.sin(np.arange(len(table))) + 0.1 * table["x"]
    with panels.project(table, given, **series):
        train, validation = (dataset.load("panel", 0, part) for part in ("train", "validation"))
        split = files.read_json(files.SPLIT / "panel" / "split.json")
        early, late = holdout.last_tenth(train) if held_back else (train, validation)
        assert len(early)
        assert len(late)
        assert np.isfinite(early.inputs()).all()
        assert np.isfinite(late.inputs()).all()
        about = data.facts(train, validation, TRAINING, split)
        assert about.nonfinite is None
        assert references.facts(early, late)
        assert forecasts.fit([(early, late)]) is not None


def test_the_last_tenth_is_whole_ids_or_the_last_windows_of_each() -> None:
    table = panels.panel([40] * 10)
    for split in (GROUPS | {"validation": 0}, HOLDOUT | {"validation": 0}):
        with panels.project(table, {"split": split, "window": {"length": 4}}, time="time"):
            train = dataset.load("panel", 0, "train")
            early, late = holdout.last_tenth(train)
        sides = [train.spec.groups(part.table["row"]) for part in (early, late)]
        if split["scheme"] == "groups":
            assert not set(sides[0]) & set(sides[1])
        else:
            assert set(sides[0]) == set(sides[1]) == set(range(10))
            for i in range(10):
                assert early.table["row"][sides[0] == i].max() < late.table["row"][sides[1] == i].min()
