"""Sequences of several lengths from a file through training and prediction: networks skip their padding."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline import dataset
from pipeline.dataset import splitting
from pipeline.network import backends
from tests.helpers import panels

backends.prepare(threads=1, jit_compile=True)

import keras  # noqa: E402 - the backend is prepared before

from pipeline.network import models, predicting, training  # noqa: E402

LENGTHS = [5, 3, 4, 2, 6, 5, 4, 3, 6, 9, 3, 8]
SEQUENCES: dict[str, Any] = {"scheme": "sequences", "validation": 0.25, "test": 0.25}
WHOLE: dict[str, Any] = {"length": "sequence", "target": {"kind": "sequence_mean"}}
LABEL: dict[str, Any] = {"length": "sequence", "target": {"kind": "label"}}
OPTIONS: dict[str, dict[str, Any]] = {
    "gru": {"units": [24], "head": "softmax"},
    "attention": {"units": [4], "width": 4, "heads": 2},
    "tcn": {"units": [4, 3], "activation": "sigmoid"},
}


def spec_of(lengths: list[int], settings: dict[str, Any]) -> list[dataset.Spec]:
    with panels.project(panels.panel(lengths), settings, time="time"):
        return [dataset.load("panel", 0, part).spec for part in splitting.PARTS]


def test_every_part_of_a_dataset_is_padded_or_none() -> None:
    uneven = [4, 4, 4, 4, 3, 4, 4, 4]  # the only short one is a validation sequence
    for lengths, padded in ((uneven, True), ([4] * 8, False), ([4] * 6 + [9, 9], False)):
        specs = spec_of(lengths, {"split": SEQUENCES, "window": WHOLE})
        assert [spec.padded for spec in specs] == [padded] * 3, lengths
        assert len({spec.shape() for spec in specs}) == 1
        assert specs[0].shape().padded == padded
    windows = {"split": {"scheme": "holdout", "validation": 0.2, "test": 0.2}, "window": {"length": 4}}
    assert not any(spec.padded for spec in spec_of([30, 25, 28], windows))


@pytest.mark.parametrize("jit_compile", [True, False])
@pytest.mark.parametrize("name", OPTIONS)
def test_a_network_learns_and_predicts_sequences_without_their_padding(
    name: str, jit_compile: bool, tmp_path: Path
) -> None:
    table, series, window = panels.panel(LENGTHS), {}, WHOLE
    if OPTIONS[name].get("head") == "softmax":
        table["y"] = (table["user"].str[1:].astype(int) % 3).map({0: "up", 1: "down", 2: "flat"})
        series, window = {"features": ["x"]}, LABEL
    with panels.project(table, {"split": SEQUENCES, "window": window}, **series) as p:
        parts = {part: dataset.load("panel", 0, part) for part in splitting.PARTS}
        experiment = p["experiments"]["panel"]
    experiment = experiment | {"architecture": {"name": name} | OPTIONS[name]}
    settings = experiment["training"] | {"jit_compile": jit_compile, "seeds": [0], "epochs": 3, "learning_rate": 0.05}
    experiment |= {"training": settings}
    network, history = training.fit(parts["train"], parts["validation"], experiment["architecture"], settings, seed=0)
    losses = [epoch["loss"] for epoch in history["epochs"]]
    assert losses[-1] < losses[0]
    models.save(network, tmp_path / "a.keras")
    for part in (parts["validation"], parts["test"]):
        columns, _ = predicting.table(part, [tmp_path / "a.keras"], experiment)
        alone = [_alone(network, experiment, part, window) for window in range(len(part))]
        found = np.stack([columns[f"seed0_{i}"] for i in range(part.spec.outputs)], axis=1)
        np.testing.assert_allclose(found, part.restore(np.array(alone)), rtol=1e-4, atol=1e-5 * part.spec.target_scale)


def _alone(network: Any, experiment: dict[str, Any], part: dataset.Part, window: int) -> np.ndarray:
    """Return the output for one sequence without its padding, of a network without a mask."""
    inputs = part.inputs(np.array([window]))
    own = inputs[:, inputs.any(axis=(0, 2)).argmax() :]
    bare = models.build(experiment["architecture"], part.spec.shape()._replace(length=own.shape[1], padded=False))
    models.copy_weights(network, bare)
    return keras.ops.convert_to_numpy(bare(own))[0]
