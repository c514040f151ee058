"""Wide recurrent layers on JAX: the same outputs, states and gradients as Keras's own loops."""

import importlib.util
import json
import os
import subprocess
import sys

import pytest

from tests.conftest import PROJECT

pytestmark = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")

CODE = """
import functools, itertools, json, tempfile
from pathlib import Path
import numpy as np
from pipeline.network import backends
backends.prepare(1, True, "jax")
import jax, jax.numpy as jnp, keras
from pipeline.common.architectures import Shape
from pipeline.network import models
from pipeline.network.backends import jax_loops
jax_loops.WIDE = 4
x = np.random.default_rng(0).normal(size=(3, 6, 2)).astype("float32")
x[0, :2] = x[1, 3] = x[2, 5] = 0
kinds = (keras.layers.LSTM, keras.layers.SimpleRNN)
found = []

def run(model, initial, others_before, training):
    others = [*model.non_trainable_variables, *models.states(model)]
    def cost(trained):
        mapping = [*zip(model.trainable_variables, trained, strict=True), *zip(others, others_before, strict=True)]
        with keras.StatelessScope(mapping) as scope:
            outputs = model(x, training=training)
        return jnp.mean(outputs**2), (outputs, [scope.get_current_value(each) for each in others])
    return jax.jit(jax.value_and_grad(cost, has_aux=True))(initial)

for kind, (masking, rate, stateful) in itertools.product(kinds, ((False, 0.0, False), (True, 0.3, True))):
    inputs = y = keras.Input((6, 2), batch_size=3 if stateful else None)
    if masking:
        y = keras.layers.Masking()(y)
    for units in (5, 4):
        options = {"dropout": rate, "recurrent_dropout": rate, "stateful": stateful, "seed": units}
        y = kind(units, return_sequences=units > 4, **options)(y)
    model = keras.Model(inputs, keras.layers.Dense(1)(y))
    twin = jax_loops.twin(model)
    own = [type(layer).__module__.startswith("keras.") for layer in twin.layers if isinstance(layer, kind)]
    assert own == [False, False]
    assert not any(getattr(layer, "use_cudnn", False) for layer in twin.layers)
    shapes = [[tuple(v.shape) for v in each.variables] for each in (model, twin)]
    assert shapes[0] == shapes[1]
    trained = [each.value for each in model.trainable_variables]
    others = [each.value for each in [*model.non_trainable_variables, *models.states(model)]]
    others = [each + 0.3 if each.dtype == jnp.float32 else each for each in others]
    pair = [jax.tree.leaves(run(each, trained, others, rate > 0)) for each in (model, twin)]
    scale = max(float(abs(each).max()) for each in pair[0])
    far = max(float(abs(a.astype(float) - b.astype(float)).max()) for a, b in zip(*pair, strict=True))
    found.append([kind.__name__, masking, rate, stateful, far / scale])
reverse = keras.Sequential([keras.Input((6, 2)), keras.layers.LSTM(8, go_backwards=True)])
twin = jax_loops.twin(reverse)
twin.set_weights(reverse.get_weights())
found.append(["backwards", float(abs(twin.predict_on_batch(x) - reverse.predict_on_batch(x)).max())])
narrow = keras.Sequential([keras.Input((6, 2)), keras.layers.LSTM(3)])
assert jax_loops.twin(narrow) is narrow
built = models.build({"name": "lstm"}, Shape(6, 2, 1))
with tempfile.TemporaryDirectory() as folder:
    models.save(built, Path(folder) / "a.keras")
    for network in (built, models.load(Path(folder) / "a.keras")):
        assert [layer.use_cudnn for layer in network.layers if hasattr(layer, "use_cudnn")] == [False]
print(json.dumps(found))
"""


def test_outputs_states_and_gradients_are_those_of_keras():
    environment = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"}
    done = subprocess.run(
        [sys.executable, "-c", CODE], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert len(found) == 5
    assert {tuple(case[:-1]): case[-1] for case in found if case[-1] > 1e-6} == {}
