"""A prediction that depends on other windows fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from pipeline.dataset import Part
from pipeline.leakage import state, training
from pipeline.leakage.proof import Proof
from pipeline.network import backends, predicting
from tests.helpers.parts import make_part

# Like the other tests that need a network, so that they can share a process.
backends.prepare(threads=1, jit_compile=True)

import keras  # noqa: E402 - the backend is prepared before


class LessTheOthers(keras.layers.Layer):
    """A prediction that depends on the other windows of its batch."""

    def call(self, inputs):
        return inputs - keras.ops.mean(inputs, axis=0, keepdims=True)


@pytest.mark.parametrize("leaky", [False, True])
def test_a_prediction_that_depends_on_other_windows(leaky: bool) -> None:
    part = make_part(np.random.default_rng(0).normal(size=60), length=5)
    inputs = x = keras.Input((5, 1))
    x = keras.layers.Flatten()(x)
    network = keras.Model(inputs, keras.layers.Dense(1)(LessTheOthers()(x) if leaky else x))
    outputs = predicting.windows(part, network, training.SETTINGS)
    proof = state.judge(predicting.check_batch_independence(part, network, training.SETTINGS, outputs), 1)
    assert (proof.name, proof.fold, proof.result) == ("state", 1, "fail" if leaky else "pass")
    assert len(proof.found) == leaky


def dense() -> keras.Model:
    inputs = keras.Input((5, 1))
    return keras.Model(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(inputs)))


def checked(change: Callable[[np.ndarray, int], np.ndarray], rows: int = 60) -> Proof:
    """Check predictions that `change` makes of the right ones and the batch size."""
    part = make_part(np.random.default_rng(0).normal(size=rows), length=5)

    def predict(part: Part, network: keras.Model, settings: dict[str, Any]) -> np.ndarray:
        return change(predicting.windows(part, network, settings), settings["batch_size"])

    return state.check(part, dense(), training.SETTINGS | {"batch_size": 11}, 2, predict)


@pytest.mark.parametrize("rows", [6, 7, 8, 60])
def test_every_window_has_a_prediction_in_batches_of_any_size(rows: int) -> None:
    proof = checked(lambda outputs, size: outputs, rows)
    assert (proof.name, proof.fold, proof.result, proof.found) == ("state", 2, "pass", [])
    assert proof.compared["windows"] > 0


def test_a_dropped_batch_fails() -> None:
    # 55 windows are five whole batches of 11, so that the declared size alone shows nothing.
    proof = checked(lambda outputs, size: outputs[: len(outputs) // size * size])
    assert (proof.fold, proof.result) == (2, "fail")
    assert proof.found == [
        "batches of 28: 28 of 55 windows have a prediction",
        "batches of 56: 0 of 55 windows have a prediction",
    ]
    proof = checked(lambda outputs, size: outputs[:-1])
    assert (proof.result, proof.found) == ("fail", ["batches of 11: 54 of 55 windows have a prediction"])


def test_predictions_that_depend_on_the_batch_size_fail_and_rounding_does_not() -> None:
    proof = checked(lambda outputs, size: outputs + 0.01 * outputs.std() * (size == 28))
    assert (proof.result, proof.found) == ("fail", ["batches of 28: other predictions for the same windows"])
    assert checked(lambda outputs, size: outputs + 1e-4 * outputs.std() * (size == 28)).result == "pass"


def test_predictions_that_are_nan_in_every_batch_are_no_failure() -> None:
    assert checked(lambda outputs, size: np.full_like(outputs, np.nan)).result == "fail"  # alone, they are finite
    part = make_part(np.random.default_rng(0).normal(size=60), length=5)
    network = dense()
    network.set_weights([np.full_like(weight, np.nan) for weight in network.get_weights()])
    proof = state.check(part, network, training.SETTINGS)
    assert (proof.result, len(proof.found)) == ("informative", 1)
