"""The short training: which windows, which settings, and what is compared."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from pipeline.leakage import training
from tests.helpers.parts import make_part


@pytest.mark.parametrize(
    ("windows", "rows", "expected"), [(256, 1 << 15, 46), (10, 1 << 15, 10), (256, 60, 12), (256, 1, 4), (3, 1, 3)]
)
def test_the_last_windows_are_the_last_windows(
    monkeypatch: pytest.MonkeyPatch, windows: int, rows: int, expected: int
) -> None:
    monkeypatch.setattr(training, "_WINDOWS", windows)
    monkeypatch.setattr(training, "_ROWS", rows)
    part = make_part(np.random.default_rng(0).normal(size=51), length=5)
    assert len(part) == 46
    part.scaled[47] = np.nan
    last = training.last(part)
    assert len(last) == expected
    assert last.table["start"][0] == 0
    np.testing.assert_array_equal(last.inputs(), np.nan_to_num(part.inputs()[-expected:]))
    np.testing.assert_array_equal(last.targets(), part.targets()[-expected:])
    at = last.table["start"][:, None] + np.arange(5)
    np.testing.assert_array_equal(last.rows[at, 0], part.rows[part.table["start"][-expected:, None] + np.arange(5), 0])
    np.testing.assert_array_equal(last.table["row"], part.table["row"][-expected:])


def test_the_default_is_a_few_hundred_windows_of_a_few_ten_thousand_rows() -> None:
    part = make_part(np.zeros(2000), length=2)
    assert len(training.last(part)) == 256
    assert len(training.last(make_part(np.zeros(3000), length=1000))) == 32
    assert len(training.last(make_part(np.zeros(20_100), length=20_000))) == 4


@pytest.mark.parametrize(("kind", "head"), [("value", "linear"), ("sign", "sigmoid"), ("classes", "softmax")])
def test_the_head_suits_the_target(kind: str, head: str) -> None:
    part = make_part(np.arange(9.0), length=3, kind=kind, thresholds=[0.0, 1.0])
    assert training.architecture(part) == {"name": "lstm", "units": [4], "head": head}


class Recorded:
    """Stands in for `pipeline.network.training`."""

    def __init__(self, part: Any, validation: Any) -> None:
        self.pair, self.calls = (part, validation), []

    def parts(self, name: str, fold: int) -> tuple[Any, Any]:
        self.asked = (name, fold)
        return self.pair

    def fit(self, *arguments: Any, **keywords: Any) -> tuple[Any, dict[str, Any]]:
        self.calls.append((*arguments, keywords))
        network = SimpleNamespace(get_weights=lambda: [np.array([1.0, 2.0]), np.array([[3.0]])])
        return network, {"epochs": [{"loss": 0.5}]}


WEIGHTS = np.array([1, 2, 3], dtype=np.float32).tobytes()


@pytest.mark.parametrize("windows", [7, 8])
def test_a_training_has_two_updates_an_epoch_and_watches_validation_only_where_it_may_stop(
    monkeypatch: pytest.MonkeyPatch, windows: int
) -> None:
    part = make_part(np.arange(3.0 + windows), length=3)
    validation = replace(part, name="validation")
    monkeypatch.setattr(training, "_prepare", lambda: None)
    recorded = Recorded(part, validation)
    monkeypatch.setattr(training, "training", recorded)
    assert training.weights({}, "d", 2) == {"weights": WEIGHTS}
    assert recorded.asked == ("d", 2)
    fitted, watched, _, settings, keywords = recorded.calls[-1]
    assert (len(fitted), watched, keywords) == (windows, None, {"seed": 0})
    assert settings == training.SETTINGS | {"batch_size": 4, "epochs": 1}
    stopped = training.stopped({}, "d", 2)
    assert stopped == {"weights after early stopping": WEIGHTS, "losses": json.dumps([{"loss": 0.5}]).encode()}
    _, watched, _, settings, _ = recorded.calls[-1]
    assert (watched.name, len(watched)) == ("validation", windows)
    watching = {"early_stopping": training.STOPPING, "reduce_on_plateau": training.PLATEAU}
    assert settings == training.SETTINGS | {"batch_size": 4, "epochs": 3} | watching
    monkeypatch.setattr(training, "training", Recorded(part, None))
    assert training.stopped({}, "d", 2) == {}
    assert training.fit("d", 2, training.STOPPING)[1]["early_stopping"] == training.STOPPING


def test_the_settings_leave_nothing_to_chance_or_to_other_threads() -> None:
    expected = {"seeds": [0], "threads": 1, "jit_compile": False, "shuffle": True, "state": "none", "epochs": 1}
    assert {key: training.SETTINGS[key] for key in expected} == expected
    assert training.STOPPING == {"monitor": "val_loss", "patience": 1, "min_delta": 0.0, "restore_best": True}
    assert training.PLATEAU == {"patience": 0, "factor": 0.5, "minimum": 0.0, "min_delta": 0.0}
