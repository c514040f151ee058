"""Evaluation of series of several ids, with given predictions in place of a network's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.dataset.test_panel import GROUPS, HOLDOUT, SEQUENCES, WHOLE
from tests.helpers import evaluated, panels


def forecast(windows: Any, seed: int) -> np.ndarray:
    noise = np.random.default_rng([seed, len(windows)]).normal(0, 0.005, len(windows))
    return windows.raw_targets() + noise[:, None]


@pytest.mark.parametrize(
    ("given", "series", "unit", "length"),
    [
        ({"split": HOLDOUT, "window": {"length": 4}, "scaling": {"per": "id"}}, {"time": "time"}, "id", None),
        ({"split": GROUPS, "window": {"length": 4}}, {"period": 4}, "id", None),
        ({"split": SEQUENCES, "window": WHOLE}, {"target": "x", "features": ["x"]}, "sequence", 36),
    ],
)
def test_a_panel_is_scored_and_its_ids_are_resampled(
    given: dict[str, Any], series: dict[str, Any], unit: str, length: int | None
) -> None:
    lengths = [36] * 24 if "per" in given.get("scaling", {}) else [30, 36] * 12
    table = panels.panel(lengths)
    table["y"] = np.sin(np.arange(len(table))) + table["x"]
    with panels.project(table, given, evaluated.NAME, **series) as p:
        evaluated.predict(forecast)
        evaluation, _ = evaluated.run(p)
    assert evaluation["comparison"]["unit"] == unit
    assert evaluation["comparison"]["naive"]["skill"] > 0.9
    assert evaluation["sequence_length"] == length
    assert ("ids" in evaluation) == (length is None)
    assert {"persistence", "train_mean"} <= set(evaluation["parts"]["test"]["baselines"])


def test_a_few_ids_that_are_divided_by_time_are_resampled_in_blocks() -> None:
    table = panels.panel([120] * 3)
    table["y"] = np.sin(np.arange(len(table))) + table["x"]
    given = {"split": HOLDOUT | {"policy": "carry"}, "window": {"length": 4}}
    with panels.project(table, given, evaluated.NAME, time="time") as p:
        evaluated.predict(forecast)
        evaluation, _ = evaluated.run(p)
    assert evaluation["comparison"]["unit"] == "window"
    assert isinstance(evaluation["split"]["folds"][0]["test"]["context"], list)


def test_the_labels_of_whole_sequences_are_scored() -> None:
    table = panels.panel([6, 8] * 16)
    table["y"] = table["user"].str[1:].astype(int) // 2 % 2

    def probability(windows: Any, seed: int) -> np.ndarray:
        return np.abs(windows.raw_targets() - np.random.default_rng(seed).uniform(0.01, 0.2, (len(windows), 1)))

    window = {"length": "sequence", "target": {"kind": "label"}}
    with panels.project(table, {"split": SEQUENCES, "window": window}, evaluated.NAME, features=["x"]) as p:
        evaluated.predict(probability)
        evaluation, _ = evaluated.run(p)
    comparison = evaluation["comparison"]
    assert (comparison["unit"], evaluation["sequence_length"], evaluation["labels"]) == ("sequence", 8, ["0", "1"])
    assert comparison["naive"]["skill"] > 0.8
    assert comparison["accuracy"]["score"] == 1.0
    assert set(evaluation["parts"]["test"]["baselines"]) == {"majority", "logistic"}
