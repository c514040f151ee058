"""Windows that somebody else cut go through the data stages, the baselines and the proofs as they came."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import dataset
from pipeline.baselines.stage import baselines
from pipeline.common import files, params
from pipeline.common.errors import UserError
from pipeline.dataset import scaling, splitting, windowing
from pipeline.leakage import duplicates, intervals, overlap, perturbation, reads
from pipeline.series import reading
from tests.conftest import tiny_params, write_params
from tests.helpers.proofs import CHEAP

ROWS, LENGTH = 260, 8
NOISE = np.random.default_rng(0).normal(size=ROWS)
SERIES = np.array([NOISE[0], *(NOISE[t] + 0.6 * NOISE[t - 1] for t in range(1, ROWS))])
X = np.lib.stride_tricks.sliding_window_view(SERIES, LENGTH)[:-2, :, None]
Y = np.stack([SERIES[LENGTH:-1], SERIES[LENGTH + 1 :]], axis=1)
RISES = (Y[:, 0] > 0).astype(int)


def made(target: dict[str, Any], horizon: int = 1, classes: bool = False, **content: Any) -> dict[str, Any]:
    """Write a project with one file of windows, and run the stages up to the scaling."""
    Path("data/own").mkdir(parents=True, exist_ok=True)
    np.savez("data/own/w.npz", **content)
    settings = tiny_params()
    settings["series"] = {"w": {"source": "data/own/w.npz"} | ({"classes": True} if classes else {})}
    window = {"length": "sequence", "horizon": horizon, "target": {"kind": "given"} | target}
    plain = {"features": "none", "target": "none"}
    settings["datasets"] = {"w": {"series": "w", "split": {"scheme": "given"}, "window": window, "scaling": plain}}
    settings["experiments"] = {"w": settings["experiments"]["season_lstm"] | {"dataset": "w"}}
    write_params(Path(), settings)
    p = params.load()
    reading.raw(p, "w")
    for stage in (splitting.split, windowing.window, scaling.scale):
        stage(p, "w")
    return p


def test_the_network_gets_inputs_and_targets_as_they_are_in_the_file(project):
    made({}, horizon=2, X=X, y=Y)
    count = len(X)
    edges = [0, count - 2 * round(0.15 * count), count - round(0.15 * count), count]
    for name, start, stop in zip(splitting.PARTS, edges, edges[1:], strict=False):
        part = dataset.load("w", 0, name)
        assert np.array_equal(part.inputs(), X[start:stop].astype(np.float32))
        assert np.array_equal(part.targets(), Y[start:stop].astype(np.float32))
        assert np.array_equal(part.restore(part.targets()), part.targets())


def test_without_a_past_the_mean_is_the_only_naive_forecast(project):
    p = made({}, X=X, y=Y[:, 0])
    baselines(p, "w")
    found = files.read_json(files.BASELINES / "w" / "baselines.json")
    assert found["names"] == ["train_mean", "ridge", "ridge_last", "trees"]
    assert found["chosen"]["naive"]["baseline"] == "train_mean"
    # A moving average is predictable from its window, and no forecast has seen the target.
    losses = found["chosen"]["linear"]["losses"]
    assert 0.5 < losses["ridge"] < found["chosen"]["naive"]["losses"]["train_mean"]


def test_a_feature_that_is_the_past_gives_a_last_value(project):
    p = made({"past": 0}, X=X, y=Y[:, 0])
    baselines(p, "w")
    table = files.read_table(files.fold_folder(files.BASELINES, "w", 0) / "test.parquet")
    tests = len(dataset.load("w", 0, "test"))
    assert np.array_equal(table["persistence_0"], X[-tests:, -1, 0])


def test_the_target_is_not_its_own_past(project):
    with pytest.raises(UserError, match=r"`window\.target\.past` must be below the 1 features. Received: 1\."):
        made({"past": 1}, X=X, y=Y[:, 0])


@pytest.mark.parametrize("labels", [RISES, np.where(RISES, "up", "down"), np.eye(2)[RISES]])
def test_labels_of_any_form_are_the_same_classes(project, labels):
    p = made({"classes": 2}, classes=True, X=X, y=labels)
    part = dataset.load("w", 0, "train")
    assert part.spec.classes == 2
    assert np.array_equal(part.targets()[:, 0], RISES[: len(part)])
    baselines(p, "w")
    assert files.read_json(files.BASELINES / "w" / "baselines.json")["names"][0] == "majority"
    assert "persistence_0" not in files.read_table(files.fold_folder(files.BASELINES, "w", 0) / "test.parquet")


def test_windows_in_an_order_are_no_independent_sequences(project):
    made({}, X=X, y=Y[:, 0])
    spec = dataset.load("w", 0, "train").spec
    assert (spec.sequence_length, spec.independent) == (LENGTH, None)


def test_the_proofs_about_windows_pass_and_a_random_division_fails(project):
    p = made({}, X=X, y=Y[:, 0])
    parts = {name: dataset.load("w", 0, name) for name in splitting.PARTS}
    assert intervals.prove(p, "w", 0, parts).result == "pass"
    assert reads.prove(p, "w", 0, parts).result == "pass"
    assert duplicates.prove(p, "w", 0, parts).result == "pass"
    assert overlap.prove(p, "w", 0, parts).result == "pass"
    assert perturbation.check(p, "w", 0, "validation", CHEAP).result == "pass"
    assert perturbation.check(p, "w", 0, "test", CHEAP).result == "pass"
    part = np.random.default_rng(1).permutation(np.repeat([0, 1, 2], [len(X) - 80, 40, 40]))
    doubled = np.concatenate([X, X[:5]])
    p = made({}, X=doubled, y=np.append(Y[:, 0], Y[:5, 0]), part=np.append(part, (part[:5] + 1) % 3))
    parts = {name: dataset.load("w", 0, name) for name in splitting.PARTS}
    assert intervals.prove(p, "w", 0, parts).result == "pass"  # every window is in its own part
    assert overlap.prove(p, "w", 0, parts).result == "fail"
    assert duplicates.prove(p, "w", 0, parts).compared["equal_pairs"] == 5


@pytest.mark.parametrize(
    ("target", "horizon", "scaling", "words"),
    [
        ({"classes": 2, "past": 0}, 1, "none", r"`datasets\.w\.window\.target\.past`.* must be left out"),
        ({"classes": 2}, 2, "none", r"`datasets\.w\.window\.horizon`.* must be left out beside `classes`"),
        ({}, 1, "last", r"`datasets\.w\.scaling\.window`.* must be none for windows that came with their targets"),
        ({"kind": "value"}, 1, "none", r"`datasets\.w\.split\.scheme`.* must be `given`, with"),
    ],
)  # fmt: skip
def test_settings_that_do_not_fit_are_one_line(project, target, horizon, scaling, words):
    made({}, X=X, y=Y[:, 0])
    raw = params.yaml.safe_load(params.FILE.read_text(encoding="utf-8"))
    raw["datasets"]["w"]["window"] |= {"horizon": horizon, "target": {"kind": "given"} | target}
    raw["datasets"]["w"]["scaling"]["window"] = scaling
    write_params(Path(), raw)
    with pytest.raises(UserError, match=words):
        params.load()
