"""Weights as posted, options, own builders, archives with equal bytes."""

import inspect
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
from tests.helpers.trainings import TRAINING as PLAIN

# Without the op determinism of TensorFlow, which holds for the process, so that tests of XLA can share it.
backends.prepare(threads=1, jit_compile=True)

import keras  # noqa: E402 - the backend is prepared before

from pipeline.architectures import masked_lstm  # noqa: E402
from pipeline.network import losses, models, optimizers  # noqa: E402

TRAINING = PLAIN | {"optimizer": "adam", "learning_rate": 0.001}
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


OWN = """from keras import layers


@keras.saving.register_keras_serializable(package="own")
class Net(keras.Model):
    def __init__(self, units=3, outputs=1, **kwargs):
        super().__init__(**kwargs)
        self.units, self.outputs_ = units, outputs
        self.lstm, self.head = layers.LSTM(units, name="lstm"), layers.Dense(outputs, name="head")

    def call(self, inputs):
        return self.head(self.lstm(inputs))

    def get_config(self):
        return {"units": self.units, "outputs": self.outputs_}


@keras.saving.register_keras_serializable(package="own")
class Scaled(layers.Layer):
    def __init__(self, by=1.0, **kwargs):
        super().__init__(**kwargs)
        self.by = by

    def call(self, inputs):
        return inputs * self.by

    def get_config(self):
        return super().get_config()  # without `by`


@keras.saving.register_keras_serializable(package="own")
class Strict(Scaled):
    def __init__(self, by, **kwargs):
        super().__init__(by, **kwargs)


class Unknown(layers.Dense):
    pass


class Forgetful(Net):
    def get_config(self):
        return {}


def build(shape, *, units=2):
    return Net(units, shape.outputs)


def broken(shape):
    class Broken(keras.Model):
        def call(self, inputs):
            return inputs @ 3

    return Broken()


def graph(shape, layer):
    inputs = keras.Input((shape.length, shape.features))
    return keras.Model(inputs, layers.Dense(1)(layer(layers.LSTM(2)(inputs))))


def stored(shape):
    return graph(shape, layers.Lambda(lambda x: 2 * x, name="doubled"))


def nested(shape):
    return graph(shape, keras.Sequential([layers.Dense(2), layers.Lambda(lambda x: 2 * x, name="doubled")]))


def scaled(shape):
    return graph(shape, Scaled(2.0, name="scaled"))


def unknown(shape):
    return graph(shape, Unknown(2, name="unknown"))


def strict(shape):
    return graph(shape, Strict(2.0, name="strict"))


def forgetful(shape):
    return Forgetful(5, 1)
"""


def test_a_subclassed_network_is_built_saved_and_loaded(own, tmp_path):
    own("mine_subclassed", OWN)
    model = models.build({"name": "mine_subclassed", "units": 4}, Shape(6, 2, 3))
    assert model.count_params() == 4 * (4 * (2 + 4 + 1)) + 5 * 3
    models.check_saving(model, 6, 2, "architecture")
    models.save(model, tmp_path / "a.keras")
    inputs = np.ones((2, 6, 2), "float32")
    np.testing.assert_array_equal(models.load(tmp_path / "a.keras")(inputs), model(inputs))
    with pytest.raises(UserError, match=r"\(None, 6, 2\) to \(None, 1\)"):
        models.build({"name": "mine_subclassed", "builder": "mine_subclassed:forgetful"}, Shape(6, 2, 3))
    with pytest.raises(UserError, match=r"if state is carried \(mine_subclassed:build\). Received: Net, a subclassed"):
        models.build({"name": "mine_subclassed"}, Shape(6, 2, 3, 5))
    with pytest.raises(UserError, match=r"takes windows of shape \(None, 6, 2\) \(mine_subclassed:broken\)"):
        models.build({"name": "mine_subclassed", "builder": "mine_subclassed:broken"}, Shape(6, 2, 1))


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("stored", r"layer `doubled`, a Lambda\).* Write a layer class"),
        ("nested", r"layer `doubled`, a Lambda\)"),
        ("scaled", "computes the same after it is saved"),
        ("strict", r"layer `strict`, a Strict\)"),
        ("unknown", r"layer `unknown`, an? Unknown\).*register"),
        ("forgetful", "a Forgetful"),
    ],
)
def test_what_cannot_be_loaded_is_known_before_the_training(own, function, words):
    own("mine_unsaved", OWN)
    model = models.build({"name": "mine_unsaved", "builder": f"mine_unsaved:{function}"}, Shape(6, 2, 1))
    with pytest.raises(UserError, match=words) as error:
        models.check_saving(model, 6, 2, "x.architecture")
    assert str(error.value).startswith("`x.architecture` must ")


@pytest.mark.parametrize("shape", [Shape(7, 2, 1), Shape(7, 2, 1, 3)])
def test_saving_for_the_check_leaves_the_network_as_it_was(shape):
    model = models.build({"name": "stacked_lstm", "units": [3, 2], "activations": ["tanh", "tanh"]}, shape)
    before = model.get_weights()
    models.check_saving(model, 7, 2, "architecture")
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


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


def compiled(classes=None, **settings):
    """A compiled network of one layer."""
    model = keras.Sequential([keras.Input((4, 1)), keras.layers.Flatten(), keras.layers.Dense(classes or 1)])
    models.compile_model(model, TRAINING | settings, classes, updates=5)
    return model


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"optimizer": "sgd", "momentum": 0.9, "nesterov": True}, {"momentum": 0.9, "nesterov": True}),
        ({"optimizer": "rmsprop", "momentum": 0.5}, {"momentum": 0.5, "weight_decay": None}),
        ({"optimizer": "adamw"}, {"weight_decay": 0.004}),  # Keras's own
        ({"optimizer": "adamw", "weight_decay": 0.0}, {"weight_decay": 0.0}),
        ({"optimizer": "nadam", "weight_decay": 0.1, "global_clipnorm": 2.0}, {"global_clipnorm": 2.0}),
        ({"weight_decay": 0.1, "clipvalue": 3.0}, {"weight_decay": 0.1, "clipvalue": 3.0, "global_clipnorm": None}),
        ({"learning_rate": 1, "clipnorm": 2.0}, {"learning_rate": 1.0, "clipnorm": 2.0, "weight_decay": None}),
    ],
)
def test_every_setting_of_an_optimiser_reaches_it(settings, expected):
    assert expected.items() <= compiled(**settings).optimizer.get_config().items()


def rates(epochs=10, updates=4, **given):
    """The rate of each update of a training."""
    schedule = optimizers.learning_rate({"rate": 0.5, "warmup": 0} | given, epochs, updates)
    return np.array([float(schedule(step)) for step in range(epochs * updates + 1)])


@pytest.mark.parametrize("warmup", [0, 0.25, 1, 2.5])
def test_schedules_count_epochs_after_the_warmup(warmup):
    ramp, steps = round(4 * warmup), np.arange(40 - round(4 * warmup) + 1)
    share = steps / steps[-1]
    expected = {
        "constant": ({}, np.full(len(steps), 0.5)),
        "cosine": ({"final": 0.1}, 0.5 * (0.1 + 0.9 * (1 + np.cos(np.pi * share)) / 2)),
        "polynomial": ({"final": 0.1, "power": 2.0}, 0.5 * (0.1 + 0.9 * (1 - share) ** 2)),
        "exponential": ({"factor": 0.8}, 0.5 * 0.8 ** (steps / 4)),
        "inverse_time": ({"decay": 0.3}, 0.5 / (1 + 0.3 * steps / 4)),
    }
    for kind, (given, after) in expected.items():
        found = rates(schedule=kind, warmup=warmup, **given)
        np.testing.assert_allclose(found[:ramp], 0.5 * np.arange(1, ramp + 1) / ramp, rtol=1e-6)
        np.testing.assert_allclose(found[ramp:], after, rtol=1e-5, atol=1e-7, err_msg=kind)


@pytest.mark.parametrize("warmup", [0, 1, 3])
def test_piecewise_rates_change_at_epochs_from_the_beginning(warmup):
    found = rates(schedule="piecewise", warmup=warmup, boundaries=[3, 4.5], factors=[0.5, 0.1])[4 * warmup :]
    expected = np.repeat([0.5, 0.25, 0.05], [12, 6, 23])[4 * warmup :]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_schedule_is_the_rate_of_each_update():
    schedule = {"schedule": "exponential", "rate": 0.5, "warmup": 0.4, "factor": 0.5}
    model = compiled(optimizer="sgd", learning_rate=schedule)
    wanted, seen = optimizers.learning_rate(schedule, 2, 5), []
    for step in range(6):
        before = model.get_weights()[1]
        model.train_on_batch(np.zeros((2, 4, 1), "float32"), before[None] + np.ones((2, 1), "float32"))
        seen.append(float((model.get_weights()[1] - before)[0] / 2))  # the gradient of the bias is -2
        assert seen[-1] == pytest.approx(float(wanted(step)), rel=1e-3)
    assert seen[0] == pytest.approx(0.25, rel=1e-3)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        ("bce", "binary_crossentropy"),
        ("BinaryCrossentropy", "binary_crossentropy"),
        ("MSE", "mean_squared_error"),
        ("kld", "kl_divergence"),
        ("KLDivergence", "kl_divergence"),
        ({"name": "Huber", "delta": 2}, "huber"),
        (keras.losses.LogCosh(), "log_cosh"),
        (keras.losses.CategoricalFocalCrossentropy(gamma=1), "categorical_focal_crossentropy"),
    ],
)
def test_a_loss_has_one_name(loss, expected):
    assert losses.name(loss) == expected


@pytest.mark.parametrize("function", [key for key, value in vars(keras.losses).items() if inspect.isfunction(value)])
def test_every_loss_has_its_class(function):
    if function in ("get", "serialize", "deserialize"):
        return
    try:
        keras.losses.get(function)
    except ValueError:
        return  # exported, but not known by its name
    made = losses.make(TRAINING | {"loss": {"name": function}}, None, "training")
    assert losses.name(made) == losses.name(function) == function


def test_losses_have_their_arguments():
    truth, outputs = np.array([[0.0], [1.0], [5.0]], "float32"), np.array([[0.5], [0.9], [1.0]], "float32")
    huber = losses.make(TRAINING | {"loss": {"name": "huber", "delta": 2}}, None, "training")
    assert float(huber(truth, outputs)) == pytest.approx(np.mean([0.5**2 / 2, 0.1**2 / 2, 2 * 4 - 2]), rel=1e-5)
    smooth = losses.make(TRAINING | {"label_smoothing": 0.2}, 2, "training")
    soft, p = np.array([0.1, 0.9]), outputs[:2, 0]
    expected = -np.mean(soft * np.log(p) + (1 - soft) * np.log(1 - p))
    assert float(smooth(truth[:2], outputs[:2])) == pytest.approx(expected, rel=1e-4)
    focal = losses.make(TRAINING | {"loss": {"name": "binary_focal_crossentropy", "gamma": 1.0}}, 2, "training")
    right = np.array([0.5, 0.9])
    assert float(focal(truth[:2], outputs[:2])) == pytest.approx(-np.mean((1 - right) * np.log(right)), rel=1e-4)


@pytest.mark.parametrize(
    ("settings", "classes", "place", "words"),
    [
        ({"label_smoothing": 0.1}, None, "label_smoothing", "must be an argument of mse"),
        ({"label_smoothing": 0.1, "loss": "mae"}, 2, "label_smoothing", "must be an argument of mae"),
        ({"label_smoothing": 0.1, "loss": {"name": "bce", "label_smoothing": 0.1}}, 2, "label_smoothing", "beside"),
        ({"loss": {"name": "bce", "label_smoothing": 2}}, 2, "loss.label_smoothing", "below 1"),
        ({"loss": {"name": "huber", "delta": [1, 2, 3]}}, None, "loss.delta", "must be a number"),
        ({"loss": {"name": "huber", "delta": True}}, None, "loss.delta", "must be a number"),
        (
            {"loss": {"name": "binary_focal_crossentropy", "apply_class_balancing": 1}},
            2,
            "loss.apply_class_balancing",
            "must be true or false",
        ),
        (
            {"loss": {"name": "categorical_focal_crossentropy", "alpha": [0.5, 0.5]}},
            3,
            "loss",
            "must have arguments that categorical_focal_crossentropy accepts",
        ),
        ({"loss": {"name": "huber", "detla": 2}}, None, "loss.detla", "which has: delta"),
        ({"loss": {"name": "mse", "delta": 2}}, None, "loss.delta", "which has: none"),
        ({"loss": {"name": "bce", "from_logits": True}}, 2, "loss.from_logits", "must not be given"),
        ({"loss": {"name": "mse", "reduction": 1}}, None, "loss.reduction", "must not be given"),
        ({"loss": {"name": "hubert", "delta": 2}}, None, "loss", "must be a loss of Keras"),
    ],
)
def test_what_a_loss_does_not_take_is_an_error(settings, classes, place, words):
    with pytest.raises(UserError) as error:
        losses.make(TRAINING | settings, classes, "x.training")
    assert str(error.value).startswith(f"`x.training.{place}`")
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("targets", "expected"),
    [
        ([[0], [1], [1], [1]], {0: 2.0, 1: 2 / 3}),
        ([[1, 0, 0], [0, 1, 0], [0, 1, 0], [0, 0, 1]], {0: 4 / 3, 1: 2 / 3, 2: 4 / 3}),
        ([[0, 0, 1], [1, 0, 0]], {0: 1.0, 2: 1.0}),
    ],
)
def test_balanced_classes_count_the_same(targets, expected):
    targets = np.array(targets, "float32")
    assert losses.class_weights(targets, TRAINING | {"class_weight": "balanced"}) == pytest.approx(expected)
    assert losses.class_weights(targets, TRAINING) is None


class Stubborn(keras.Sequential):
    """A network that compiles as it likes."""

    def __init__(self, **changes):
        super().__init__([keras.Input((4, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
        self.changes = changes

    def compile(self, **settings):
        """Replace some settings."""
        super().compile(**settings | self.changes)


@pytest.mark.parametrize(
    ("changes", "place", "words"),
    [
        ({"optimizer": "sgd"}, "optimizer", "(Adam). Received: SGD"),
        ({"optimizer": keras.optimizers.Adam(0.001, beta_1=0.5)}, "optimizer", "beta_1 0.9"),
        ({"optimizer": keras.optimizers.Adam(0.002)}, "optimizer", "learning_rate"),
        ({"loss": "mae"}, "loss", "(mean_squared_error). Received: mae"),
        ({"run_eagerly": True}, "steps_per_execution", "eager execution"),
        ({"steps_per_execution": 2}, "steps_per_execution", "Received: 2"),
        ({"jit_compile": True}, "jit_compile", "Set jit_compile: true"),
    ],
)
def test_what_is_compiled_otherwise_is_an_error(changes, place, words):
    with pytest.raises(UserError) as error:
        models.compile_model(Stubborn(**changes), TRAINING, None, "x.training")
    assert str(error.value).startswith(f"`x.training.{place}`")
    assert words in str(error.value)
    models.compile_model(Stubborn(), TRAINING, None)


def test_xla_is_what_was_requested_or_an_error(recwarn):
    model = models.build({"name": "lstm"}, Shape(4, 1, 1))
    recurrent = next(layer for layer in model.layers if hasattr(layer, "use_cudnn"))
    recurrent.supports_jit = False  # as Keras does on a GPU, where it would choose cuDNN
    models.compile_model(model, TRAINING | {"jit_compile": True}, None)
    assert (model.jit_compile, recurrent.use_cudnn, recurrent.supports_jit) == (True, False, True)
    model.layers[-1].supports_jit = False
    with pytest.raises(UserError, match=r"`training.jit_compile` .*XLA cannot compile head.* Set jit_compile: false"):
        models.compile_model(model, TRAINING | {"jit_compile": True}, None)
    models.compile_model(model, TRAINING, None)
    assert not recwarn.list


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
    with pytest.raises(UserError, match=r"`KERAS_BACKEND` must be tensorflow or jax. Received: theano"):
        backends.prepare(1, False)
