"""A prediction that depends on other windows fails."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.leakage import state, training
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
