"""A network from a file: built anew with fresh weights, and beside it with those that it came with."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipeline.common.architectures import Shape
from pipeline.common.errors import UserError
from pipeline.network import backends, models

backends.prepare(threads=1, jit_compile=True)

import keras  # noqa: E402 - the backend is prepared before

PATH = "data/own/net.keras"
SHAPE = Shape(6, 2, 1)
X = np.random.default_rng(0).normal(size=(5, 6, 2)).astype(np.float32)


@pytest.fixture
def save(tmp_path, monkeypatch):
    """Save a network below data/own/, and return the architecture that names it."""
    monkeypatch.chdir(tmp_path)
    Path("data/own").mkdir(parents=True)

    def write(*layers: Any, length: int | None = 6, **options: Any) -> tuple[dict[str, Any], keras.Model]:
        keras.utils.set_random_seed(1)
        network = keras.Sequential([keras.Input((length, 2)), *layers])
        network.save(PATH)
        digest = hashlib.sha256(Path(PATH).read_bytes()).hexdigest()
        return {"name": "file", "path": PATH, "sha256": digest, **options}, network

    return write


def gru(units: int = 1, activation: str = "linear") -> list[Any]:
    return [keras.layers.GRU(4), keras.layers.Dense(units, activation=activation)]


def test_the_weights_are_drawn_anew_by_the_seed_and_the_old_ones_are_kept_beside(save):
    architecture, network = save(*gru())
    drawn = []
    for seed in (3, 3, 4):
        keras.utils.set_random_seed(seed)
        drawn.append(models.build(architecture, SHAPE)(X).numpy())
    assert np.array_equal(drawn[0], drawn[1])
    assert not np.allclose(drawn[0], drawn[2])
    came = models.as_given(architecture, SHAPE)
    assert np.allclose(came(X), network(X))
    assert not np.allclose(drawn[0], network(X))
    assert models.as_given({"name": "lstm"}, SHAPE) is None
    models.check_saving(models.build(architecture, SHAPE), 6, 2, "architecture")


@pytest.mark.parametrize("end", ["sigmoid", "softmax", "class_1"])
def test_an_end_makes_probabilities(save, end):
    units = 1 if end == "sigmoid" else 2
    activation = "softmax" if end == "class_1" else "linear"
    architecture, network = save(*gru(units, activation), end=end)
    shape = Shape(6, 2, 2 if end == "softmax" else 1)
    outputs = network(X).numpy()
    expected = {
        "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
        "softmax": lambda z: np.exp(z) / np.exp(z).sum(axis=1, keepdims=True),
        "class_1": lambda z: z[:, 1:],
    }[end](outputs)
    assert np.allclose(models.as_given(architecture, shape)(X), expected, atol=1e-6)
    fresh = models.build(architecture, shape)
    models.check_saving(fresh, 6, 2, "architecture")
    assert len(fresh.trainable_weights) == len(network.trainable_weights)


@pytest.mark.parametrize("kind", ["layer", "activation"])
def test_a_softmax_may_be_a_layer_of_its_own(save, kind):
    last = keras.layers.Softmax() if kind == "layer" else keras.layers.Activation("softmax")
    architecture, network = save(*gru(2), last, end="class_1")
    assert np.allclose(models.as_given(architecture, SHAPE)(X), network(X)[:, 1:], atol=1e-6)


def test_what_a_normalisation_was_adapted_to_stays(save):
    layer = keras.layers.Normalization()
    layer.adapt(X + 5)
    architecture, network = save(layer, *gru())
    fresh = models.build(architecture, SHAPE)
    assert np.allclose(fresh.layers[0](X), layer(X))
    assert np.allclose(models.as_given(architecture, SHAPE)(X), network(X))


def test_a_network_for_windows_of_any_length_takes_these(save):
    architecture, network = save(*gru(), length=None)
    assert models.build(architecture, SHAPE).input_shape == (None, 6, 2)
    assert np.allclose(models.as_given(architecture, SHAPE)(X), network(X))


def test_another_file_under_the_name_is_noticed(save):
    architecture, _ = save(*gru())
    with pytest.raises(UserError, match=r"`experiments\.x\.architecture\.sha256` must be that of data/own/net\.keras"):
        models.build(architecture | {"sha256": "0" * 64}, SHAPE, "experiments.x.architecture")
    with pytest.raises(UserError, match=r"architecture\.path` must be a file below data/own/"):
        models.build(architecture | {"path": "net.keras"}, SHAPE)
    with pytest.raises(UserError, match=r"must name a builder of a network from \(None, 7, 2\)"):
        models.build(architecture, Shape(7, 2, 1))
