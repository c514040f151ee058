"""Changes of settings, and the changes that a diagnosis proposes."""

from __future__ import annotations

from typing import Any

import pytest

from workflow.fix import settings
from workflow.fix.settings import Change, Settings


def _diagnosis(findings: list[tuple[str, str, dict[str, Any] | None]], step: dict[str, Any] | None = None) -> Any:
    return {
        "experiment": "a",
        "facts": {"experiment": {"dataset": "d"}},
        "findings": [
            {"code": code, "weight": weight, "remedy": values and {"set": values, "command": ""}}
            for code, weight, values in findings
        ],
    } | ({"next": {"text": "", "command": None, "set": step}} if step is not None else {})


RATE = {"experiments.a.training.learning_rate": 0.1}
SCALED = {"datasets.d.scaling.features": "standard"}


@pytest.mark.parametrize(
    ("before", "path", "value", "after"),
    [
        ({"rate": 1}, "experiment.rate", 2, {"rate": 2}),
        ({"rate": {"quick": 1, "full": 3}}, "experiment.rate", 2, {"rate": {"quick": 2, "full": 3}}),
        ({}, "experiment.training.rate", 2, {"training": {"rate": 2}}),
        (
            {"training": {"quick": {"rate": 1}, "full": {"rate": 3}}},
            "experiment.training.rate",
            2,
            {"training": {"quick": {"rate": 2}, "full": {"rate": 3}}},
        ),
        ({"stop": {"patience": 1}}, "experiment.stop", {"patience": 5}, {"stop": {"patience": 5}}),
        ({"loss": "mae"}, "experiment.loss", None, {"loss": None}),
    ],
)
def test_a_value_of_one_size_leaves_the_other_alone(before: Any, path: str, value: Any, after: Any) -> None:
    own = Settings(before, {"gap": 0})
    assert settings.changed(own, {path: value}, "quick") == Settings(after, {"gap": 0})
    assert own == Settings(before, {"gap": 0})


def test_nothing_mutable_is_shared() -> None:
    own = Settings({"dataset": "d"}, {"window": {"length": 3}})
    value = [1]
    new = settings.changed(own, {"experiment.x": value}, "quick")
    new.dataset["window"]["length"] = 9
    new.experiment["x"].append(2)
    assert own.dataset == {"window": {"length": 3}}
    assert value == [1]


@pytest.mark.parametrize(
    ("given", "expected"), [([0], [0, 1, 2]), ([5, 0], [5, 0, 1]), ([1, 2, 3, 4], [1, 2, 3, 4]), ([2, 1, 0], [2, 1, 0])]
)
def test_a_fix_has_three_seeds_or_more(given: list[int], expected: list[int]) -> None:
    own = Settings({"training": {"seeds": {"quick": given, "full": [7]}}}, {})
    found = settings.with_seeds(own, given, "quick").experiment["training"]["seeds"]
    assert found == {"quick": expected, "full": [7]}


def test_settings_are_equal_whatever_the_names() -> None:
    experiment = {"dataset": "d", "post": 1, "training": {"rate": 1}}
    loaded = {
        "experiments": {"a": experiment, "b": {"dataset": "e", "training": {"rate": 1}}, "c": {**experiment, "x": 1}},
        "datasets": {"d": {"gap": 0}, "e": {"gap": 0}},
    }
    assert settings.key(loaded, "a") == settings.key(loaded, "b") != settings.key(loaded, "c")
    loaded["datasets"]["e"]["gap"] = 1
    assert settings.key(loaded, "a") != settings.key(loaded, "b")


def test_changes_are_in_the_order_of_the_findings_then_the_next_step_then_all_causes() -> None:
    found, left = settings.changes(
        _diagnosis(
            [
                ("slow", "cause", RATE),
                ("raw", "cause", SCALED | {"experiments.a.training.learning_rate": 9}),
                ("echo", "symptom", {"datasets.d.window.length": 5}),
                ("flat", "symptom", None),
            ],
            {"experiments.a.training.epochs": 40},
        )
    )
    rate, scaled = {"experiment.training.learning_rate": 0.1}, {"dataset.scaling.features": "standard"}
    assert found == [
        Change(("slow",), rate),
        Change(("raw",), scaled | {"experiment.training.learning_rate": 9}),
        Change(("echo",), {"dataset.window.length": 5}),
        Change(("next",), {"experiment.training.epochs": 40}),
        Change(("slow", "raw"), rate | scaled),
    ]
    assert left == []


def test_a_next_step_that_a_finding_names_is_one_change() -> None:
    assert settings.changes(_diagnosis([("slow", "cause", RATE)], RATE)) == (
        [Change(("slow",), {"experiment.training.learning_rate": 0.1})],
        [],
    )
    assert settings.changes(_diagnosis([])) == ([], [])


def test_settings_of_a_series_and_of_other_experiments_are_left() -> None:
    found, left = settings.changes(
        _diagnosis([("season", "cause", {"series.s.period": 7}), ("x", "cause", {"experiments.ab.training.rate": 1})])
    )
    assert found == []
    assert left == ["series.s.period", "experiments.ab.training.rate"]
