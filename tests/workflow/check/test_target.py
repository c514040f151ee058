"""What the targets of windows are; and what is said of files that belong to `make check`, or have changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.common.errors import UserError
from pipeline.common.keras_file import Compiled
from pipeline.series.given import Windows
from tests.common.test_keras_file import DENSE, file
from workflow import early
from workflow.check import options, target
from workflow.tryout import files

SERIES = np.random.default_rng(0).normal(size=41)
X = np.stack([np.lib.stride_tricks.sliding_window_view(SERIES, 5)[:-1], np.ones((36, 5))], axis=2)
NEXT = SERIES[5:, None]
LABELS = np.array(["a", "b", "c"] * 12)
PATH = Path("w.npz")


def windows(y: np.ndarray, x: np.ndarray = X) -> Windows:
    part = np.repeat([0, 1, 2], [26, 5, 5])
    return Windows(x, y, part, ["load", "one"], True)


def of(loss: str) -> Compiled:
    return Compiled(loss, {}, [], "Adam", {})


@pytest.mark.parametrize(
    ("y", "loss", "head", "classes"),
    [
        (LABELS, "mse", ("linear", 1), 3),
        (LABELS == "a", "mse", ("linear", 1), 2),
        (np.eye(3)[[0, 1, 2] * 12], "categorical_crossentropy", ("softmax", 3), 3),
        (np.array([[0.0], [1.0]] * 18), "binary_crossentropy", ("sigmoid", 1), 2),
        (np.array([[0.0], [1.0]] * 18), "mse", ("sigmoid", 1), 2),
        (np.array([[0.0], [1.0]] * 18), "mse", ("linear", 1), None),
        (np.array([[0.0], [1.0], [2.0]] * 12), "SparseCategoricalCrossentropy", ("softmax", 3), 3),
        (NEXT, "binary_crossentropy", ("sigmoid", 1), None),
        (np.arange(36.0)[:, None], "sparse_categorical_crossentropy", ("linear", 1), None),
    ],
)
def test_labels_are_classes_and_whole_numbers_are_where_the_network_is_made_for_them(y, loss, head, classes):
    assert target.decide(PATH, windows(y), of(loss), head, {}).classes == classes


def test_a_choice_of_the_user_comes_first():
    y = np.array([[0.0], [1.0]] * 18)
    assert target.decide(PATH, windows(y), of("mse"), ("linear", 1), {"task": "classes"}).classes == 2
    found = target.decide(PATH, windows(y), of("binary_crossentropy"), ("sigmoid", 1), {"task": "regression"})
    assert found.classes is None
    with pytest.raises(UserError, match=r"y` must hold numbers for a regression"):
        target.decide(PATH, windows(LABELS), None, ("linear", 1), {"task": "regression"})


def test_the_past_of_the_target_is_a_feature_that_goes_on_with_it_exactly():
    def past(y: np.ndarray, x: np.ndarray = X, **chosen: Any) -> int | None:
        return target.decide(PATH, windows(y, x), None, ("linear", y.shape[1]), chosen).past

    assert past(NEXT) == 0
    assert past(NEXT[::-1]) is None
    order = np.random.default_rng(1).permutation(36)
    assert past(NEXT[order], X[order]) is None
    with pytest.raises(UserError, match="y` must vary over the training windows"):
        past(np.ones((36, 1)))
    assert past(NEXT[order], X[order], target_feature="one") == 1
    assert past(NEXT[order], X[order], target_feature="0") == 0
    with pytest.raises(UserError, match=r"`TARGET_FEATURE` must be a feature of X. Received: 2\. They are load, one"):
        past(NEXT, target_feature="2")


def test_too_many_classes_are_one_line():
    with pytest.raises(UserError, match=r"w.npz, y` must have 100 classes at most. Received: 101"):
        target.decide(PATH, windows(np.arange(303) % 101), of("sparse_categorical_crossentropy"), ("softmax", 101), {})


def test_variables_of_make_are_options(monkeypatch):
    given = {"MODEL": "a b.keras", "DATA": "w.npz", "RATE": "0.1", "SEEDS": "3 4", "DRY": "1", "TARGET_FEATURE": "x"}
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    parsed = options.parse(["--given", " ".join(given)])
    assert (parsed.model, parsed.data, parsed.dry_run) == ("a b.keras", "w.npz", True)
    assert options.chosen(parsed) == {"learning_rate": 0.1, "seeds": [3, 4], "target_feature": "x"}
    monkeypatch.setenv("EPOCHS", "0")
    with pytest.raises(UserError, match="`EPOCHS` must be above 0"):
        options.parse(["--given", "MODEL DATA EPOCHS"])


def test_make_try_sends_windows_and_networks_to_make_check(tmp_path):
    np.savez(tmp_path / "w.npz", X=X, y=NEXT)
    for path in (tmp_path / "w.npz", file(tmp_path, [DENSE])):
        with pytest.raises(UserError, match="make check MODEL="):
            files.read(path)


def test_another_network_under_the_name_stops_a_run_at_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data/own").mkdir(parents=True)
    path = file(tmp_path / "data/own", [DENSE]).relative_to(tmp_path)
    architecture = {"name": "file", "path": path.as_posix(), "sha256": "0" * 64}
    settings = {"series": {}, "datasets": {}, "experiments": {"mine": {"architecture": architecture}}}
    monkeypatch.setattr(early.params, "located", lambda error: error)
    with pytest.raises(UserError, match=r"`experiments\.mine\.architecture\.sha256` must be that of data/own/model"):
        early.Checks(settings, {"train@mine"}).of("train@mine")
    assert early.Checks(settings, set()).of("train@mine") == []
