"""Weights as posted, options, own builders, archives with equal bytes."""

import math
import subprocess
import sys
import time
import zipfile

import numpy as np
import pytest

from pipeline.common import architectures
from pipeline.common.architectures import Shape
from pipeline.common.errors import UserError
from pipeline.network import backends
from tests.conftest import PROJECT

# Without the op determinism of TensorFlow, which holds for the process, so that tests of XLA can share it.
backends.prepare(threads=1, jit_compile=True)

import keras  # noqa: E402 - the backend is prepared before

from pipeline.architectures import masked_lstm  # noqa: E402
from pipeline.network import models  # noqa: E402

TRAINING = {
    "loss": None,
    "optimizer": "adam",
    "learning_rate": 0.001,
    "clipnorm": None,
    "clipvalue": None,
    "jit_compile": False,
    "steps_per_execution": 1,
}
POSTED = [
    ({"name": "stacked_lstm", "head": "sigmoid"}, Shape(100, 7, 1), 954_689),
    ({"name": "stacked_lstm", "head": "linear"}, Shape(100, 7, 1), 954_689),
    ({"name": "stacked_dense"}, Shape(100, 7, 1), 143_809),
    ({"name": "masked_lstm"}, Shape(2000, 1, 1), 491),
    ({"name": "simple_rnn"}, Shape(60, 1, 1), 29_057),
    ({"name": "stateful_lstm"}, Shape(10, 22, 3, 500), 34_953),
    ({"name": "lstm"}, Shape(100, 1, 1), 4_385),
    ({"name": "lstm"}, Shape(100, 3, 1), 4_641),
]


@pytest.mark.parametrize(("architecture", "shape", "weights"), POSTED)
def test_weights_as_posted(architecture, shape, weights):
    assert models.build(architecture, shape).count_params() == weights


def test_layers_as_posted():
    stacked = models.build({"name": "stacked_lstm"}, Shape(100, 7, 1))
    assert [layer.activation.__name__ for layer in stacked.layers[1:]] == ["tanh", "tanh", "tanh", "linear", "sigmoid"]
    masked = models.build(
        {"name": "masked_lstm", "kernel_initializer": "orthogonal", "kernel_gain": 0.01}, Shape(9, 1, 1)
    )
    assert [type(layer).__name__ for layer in masked.layers[1:]] == ["Masking", "LSTM", "Dense"]
    kernel = masked.get_layer("lstm").cell.kernel.numpy()
    assert np.linalg.norm(kernel) == pytest.approx(0.01, rel=1e-5)
    assert masked.get_layer("head").activation.__name__ == "relu"
    deep = models.build({"name": "simple_rnn"}, Shape(60, 1, 1))
    assert [deep.get_layer(f"rnn_{i}").activation.__name__ for i in range(4)] == ["elu", "tanh", "selu", "tanh"]
    head = deep.get_layer("head")
    assert float(head.kernel_regularizer.l2) == pytest.approx(0.01)
    assert float(head.bias_regularizer.l2) == pytest.approx(0.01)
    assert deep.get_layer("rnn_0").recurrent_regularizer is None
    kernels = [deep.get_layer(f"rnn_{i}").cell.kernel.numpy() for i in (1, 2)]
    assert not np.array_equal(*kernels)  # each layer draws its own
    stateful = models.build({"name": "stateful_lstm"}, Shape(10, 22, 3, 500))
    assert stateful.get_layer("lstm_0").stateful
    assert stateful.get_layer("lstm_0").recurrent_dropout == 0.2
    assert not models.build({"name": "stateful_lstm"}, Shape(10, 22, 3)).get_layer("lstm_0").stateful


def test_options_are_open():
    deep = {"name": "lstm", "units": [5, 4, 3], "activation": "relu", "recurrent_dropout": 0.1, "norm": True}
    model = models.build(deep, Shape(7, 2, 3))
    assert [layer.units for layer in model.layers if isinstance(layer, keras.layers.LSTM)] == [5, 4, 3]
    assert model.output_shape == (None, 3)


def test_a_skip_adds_what_is_linear_in_the_window_from_zero_on():
    plain = models.build({"name": "lstm", "units": [3], "head": "sigmoid"}, Shape(4, 2, 1))
    model = models.build({"name": "lstm", "units": [3], "head": "sigmoid", "skip": True}, Shape(4, 2, 1))
    assert model.count_params() == plain.count_params() + 8
    for name in ("lstm_0", "head"):
        model.get_layer(name).set_weights(plain.get_layer(name).get_weights())
    inputs = np.random.default_rng(0).normal(size=(6, 4, 2)).astype("float32")
    before = plain.predict_on_batch(inputs)
    np.testing.assert_allclose(model.predict_on_batch(inputs), before, rtol=1e-5)
    straight = np.arange(8.0)[:, None] / 10
    model.get_layer("skip").set_weights([straight])
    logits = np.log(before / (1 - before)) + inputs.reshape(6, 8) @ straight
    np.testing.assert_allclose(model.predict_on_batch(inputs), 1 / (1 + np.exp(-logits)), rtol=1e-4)


def test_chrono_sets_the_gates_for_the_length():
    lstm = models.build({"name": "masked_lstm", "gate_initializer": "chrono"}, Shape(2000, 1, 1)).get_layer("lstm")
    into, forget, cell, out = np.split(lstm.cell.bias.numpy(), 4)
    assert (forget >= 0).all()
    assert (forget <= math.log(1999)).all()
    assert forget.std() > 0
    np.testing.assert_array_equal(into, -forget)
    assert not cell.any()
    assert not out.any()


def test_chrono_draws_by_the_seed():
    drawn = [masked_lstm.Chrono(100, seed)((40,)).numpy() for seed in (1, 1, 2)]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_kernel_gain_without_orthogonal_kernels_is_an_error():
    with pytest.raises(UserError, match=r"`experiments.x.architecture` .* kernel_gain"):
        models.build({"name": "masked_lstm", "kernel_gain": 0.01}, Shape(9, 1, 1), "experiments.x.architecture")


@pytest.mark.parametrize(
    "architecture",
    [
        {"name": "lstm", "activation": "tanhh"},
        {"name": "lstm", "head": 3},
        {"name": "stacked_lstm", "units": [3, 4]},
        {"name": "masked_lstm", "gate_initializer": "chronos"},
    ],
)
def test_a_value_that_keras_refuses_is_an_error(architecture):
    with pytest.raises(UserError, match=r"^`architecture` must have options") as error:
        models.build(architecture, Shape(9, 1, 1))
    assert "\n" not in str(error.value)


@pytest.fixture
def own(tmp_path, monkeypatch):
    """A folder of architectures with one file of one's own."""
    monkeypatch.setattr(architectures, "FOLDER", tmp_path)
    monkeypatch.setattr(sys.modules["pipeline.architectures"], "__path__", [str(tmp_path)])

    def write(name, text):
        (tmp_path / f"{name}.py").write_text("import keras\n\n\n" + text)

    return write


def test_an_own_builder(own):
    own(
        "mine_good",
        "def tiny(shape, *, units=2):\n"
        "    inputs = keras.Input((shape.length, shape.features), batch_size=shape.batch_size)\n"
        "    return keras.Model(inputs, keras.layers.Dense(shape.outputs)(keras.layers.GRU(units)(inputs)))\n",
    )
    for builder in ("mine_good:tiny", "pipeline.architectures.mine_good:tiny"):
        model = models.build({"name": "mine_good", "builder": builder, "units": 3}, Shape(4, 1, 2))
        assert model.output_shape == (None, 2)
    with pytest.raises(UserError, match=r"`architecture.widths`"):
        models.build({"name": "mine_good", "builder": "mine_good:tiny", "widths": 3}, Shape(4, 1, 2))


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("return keras.Model(i, keras.layers.LSTM(1, return_sequences=True)(i))", r"to \(None, 4, 1\)"),
        ("return keras.Model(i, keras.layers.LSTM(2)(i))", r"to \(None, 2\)"),
        ("return None", "NoneType"),
    ],
)
def test_an_own_builder_of_the_wrong_thing(own, body, line):
    name = f"mine_{abs(hash(body))}"
    own(name, f"def build(shape):\n    i = keras.Input((shape.length, shape.features))\n    {body}\n")
    with pytest.raises(UserError, match=line):
        models.build({"name": name}, Shape(4, 1, 1))


@pytest.mark.parametrize(
    ("classes", "loss", "metric"),
    [
        (None, "mse", None),
        (2, "binary_crossentropy", keras.metrics.BinaryAccuracy),
        (3, "categorical_crossentropy", keras.metrics.CategoricalAccuracy),
    ],
)
def test_the_loss_suits_the_target(classes, loss, metric):
    model = models.build({"name": "lstm"}, Shape(4, 1, 3 if classes == 3 else 1))
    models.compile_model(model, TRAINING, classes)
    assert model.loss == loss
    config = model.get_compile_config()["metrics"]
    assert bool(config) == bool(metric)
    if metric:
        assert config[0]["class_name"] == metric.__name__


def test_training_settings_reach_the_optimiser():
    model = models.build({"name": "lstm"}, Shape(4, 1, 1))
    chosen = TRAINING | {"optimizer": "sgd", "learning_rate": 0.5, "clipnorm": 1.0, "loss": "mae"}
    models.compile_model(model, chosen, None)
    assert isinstance(model.optimizer, keras.optimizers.SGD)
    assert (float(model.optimizer.learning_rate), model.optimizer.clipnorm, model.loss) == (0.5, 1.0, "mae")
    with pytest.raises(UserError, match=r"`experiments.x.training.loss` must be a loss of Keras. Received: msse"):
        models.compile_model(model, TRAINING | {"loss": "msse"}, None, "experiments.x.training")


SAVE = """
import sys, pathlib
from pipeline.network import backends
backends.prepare(threads=1, jit_compile=False)
import keras, numpy as np
from pipeline.network import models
from pipeline.common.architectures import Shape
keras.utils.set_random_seed(0)
chrono = {"name": "masked_lstm", "gate_initializer": "chrono"}
model = models.build(chrono, Shape(9, 1, 1))
models.save(model, pathlib.Path(sys.argv[1]))
"""


def test_equal_models_give_equal_bytes(tmp_path):
    for i in range(2):  # two processes: Keras also writes down addresses in memory
        subprocess.run([sys.executable, "-c", SAVE, str(tmp_path / f"{i}.keras")], check=True, cwd=PROJECT)
    first = (tmp_path / "0.keras").read_bytes()
    assert first == (tmp_path / "1.keras").read_bytes()
    loaded = models.load(tmp_path / "0.keras")
    with zipfile.ZipFile(tmp_path / "0.keras") as archive:
        assert {member.date_time[0] for member in archive.infolist()} == {1980}
    models.save(loaded, tmp_path / "2.keras")
    time.sleep(2.1)  # the times in a zip archive are even seconds
    models.save(loaded, tmp_path / "3.keras")
    assert (tmp_path / "2.keras").read_bytes() == (tmp_path / "3.keras").read_bytes()
    for kept, new in zip(loaded.get_weights(), models.load(tmp_path / "2.keras").get_weights(), strict=True):
        np.testing.assert_array_equal(kept, new)
    assert [path.name for path in tmp_path.glob(".*")] == []


def test_a_saved_model_can_go_on_training(tmp_path):
    model = models.build({"name": "lstm"}, Shape(4, 1, 1))
    models.compile_model(model, TRAINING, None)
    inputs, targets = np.ones((8, 4, 1), "float32"), np.ones((8, 1), "float32")
    model.fit(inputs, targets, verbose=0)
    models.save(model, tmp_path / "a.keras")
    model.fit(inputs, targets, verbose=0)
    assert int(model.optimizer.iterations) == 2


def test_weights_go_over_to_another_batch_size():
    old, new = (models.build({"name": "stateful_lstm"}, Shape(10, 22, 3, batch)) for batch in (5, 2))
    old.predict_on_batch(np.ones((5, 10, 22), "float32"))
    models.copy_weights(old, new)
    models.reset_state(old)
    inputs = np.random.default_rng(0).normal(size=(5, 10, 22)).astype("float32")
    np.testing.assert_allclose(new.predict_on_batch(inputs[:2]), old.predict_on_batch(inputs)[:2], rtol=1e-5)


def test_what_is_no_model_is_an_error(tmp_path):
    path = tmp_path / "a.keras"
    path.write_bytes(b"not a zip")
    with pytest.raises(UserError, match=r"a.keras` must be a model that `train` wrote"):
        models.load(path)
    with pytest.raises(UserError, match=r"b.keras"):
        models.load(tmp_path / "b.keras")


def test_an_unknown_backend_is_an_error(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "theano")
    with pytest.raises(UserError, match=r"`KERAS_BACKEND` must be tensorflow. Received: theano"):
        backends.prepare(1, False)
