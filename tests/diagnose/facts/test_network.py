"""Facts of networks that were made so that each fact is known."""

import sys

import numpy as np
import pytest

from pipeline.common import architectures
from pipeline.network import backends
from pipeline.network.training import build, fit
from tests.helpers.parts import make_part
from tests.helpers.trainings import TRAINING, broken, noise

backends.prepare(threads=1, jit_compile=True)

import keras  # noqa: E402 - the backend is prepared before
from keras import layers as kl  # noqa: E402

from pipeline.diagnose.facts import controls, gates, layers, network  # noqa: E402
from pipeline.diagnose.facts.probe import NetworkProbe  # noqa: E402

LSTM = {"name": "lstm", "units": [4], "head": "linear"}


def look(part, architecture, training=None, networks=None):
    settings = TRAINING | (training or {})
    if networks is None:
        networks = {0: build(part, architecture, settings, 0)}
    return network.facts(part, {"architecture": architecture, "training": settings}, networks)


def test_the_whole_of_a_healthy_network():
    part = make_part(noise(120), length=6)
    found = look(part, LSTM)
    assert found.weights == 101
    assert [layer.units for layer in found.layers] == [4, 1]
    assert found.head == network.Head("linear", 1, None, None)
    assert (found.output_shape, found.target_shape) == ([114, 1], [114, 1])
    assert (found.loss, found.dropout, found.masking) == ("mean_squared_error", 0.0, None)
    assert found.initial == found.trained["0"]  # nothing was trained
    one = found.initial
    assert one.expected_loss == pytest.approx(part.targets().var(), rel=1e-4)
    model = build(part, LSTM, TRAINING, 0)
    with_it = ((model.predict(part.inputs(), verbose=0) - part.targets()) ** 2).mean()
    assert one.loss == pytest.approx(with_it, rel=1e-4)
    assert one.dead_output == 0.0
    assert one.units == {"lstm_0": network.Units(0.0)}
    assert len(one.gradient.steps) == 6
    assert one.gradient.memory in (5, 6)
    assert one.gates == {"lstm_0": network.Gates(0.0)}
    forget = gates._walk(model.get_layer("lstm_0").cell, part.inputs(), None)[::3]
    assert 0.6 < np.mean(forget) < 0.8  # a bias of 1


def test_gradients_are_those_of_the_loss():
    part = make_part(noise(40), length=5)
    model = build(part, LSTM, TRAINING, 0)
    found = look(part, LSTM, networks={0: model}).initial.gradient
    kernel = model.get_layer("head").kernel
    inputs, targets, slope = part.inputs(), part.targets(), []
    for cell in range(4):
        losses = []
        for change in (1e-2, -1e-2):
            moved = kernel.numpy()
            moved[cell] += change
            before = kernel.numpy()
            kernel.assign(moved)
            losses.append(((model.predict(inputs, verbose=0) - targets) ** 2).mean())
            kernel.assign(before)
        slope.append((losses[0] - losses[1]) / 2e-2)
    bias = 2 * (model.predict(inputs, verbose=0) - targets).mean()
    head = found.norm / np.hypot(found.first_to_last, 1)
    assert head == pytest.approx(np.linalg.norm([*slope, bias]), rel=1e-2)


@pytest.mark.parametrize(
    "layer",
    [
        lambda: kl.LSTM(3, return_sequences=True),
        lambda: kl.GRU(3, return_sequences=True),
        lambda: kl.GRU(3, return_sequences=True, reset_after=False, use_bias=False),
        lambda: kl.Bidirectional(kl.LSTM(3, return_sequences=True)),
    ],
)
def test_gates_walk_as_keras_does(layer, monkeypatch):
    inputs = noise(4 * 7 * 2).reshape(4, 7, 2).astype(np.float32)
    layer = layer()
    said = keras.ops.convert_to_numpy(layer(inputs))
    walked = []
    for name in ("_lstm", "_gru"):
        original = getattr(gates, name)
        monkeypatch.setattr(gates, name, lambda *a, f=original: (walked.append(out := f(*a)), out)[1])
    assert gates.facts(layer, inputs, None).saturated == 0
    assert np.mean([step[1][0].mean() for step in walked]) == pytest.approx(0.5, abs=0.35)  # forget
    np.testing.assert_allclose(walked[6][0][0], said[:, -1, :3], atol=1e-5)
    if said.shape[-1] == 6:
        np.testing.assert_allclose(walked[13][0][0], said[:, 0, 3:], atol=1e-5)


def test_gates_that_chrono_initialisation_opens_are_not_saturated():
    part = make_part(noise(400), length=120)
    found = look(part, {"name": "masked_lstm", "units": 8, "gate_initializer": "chrono", "mask_value": None})
    assert found.initial.gates["lstm"].saturated < 0.1
    closed = build(part, {"name": "masked_lstm", "units": 8, "mask_value": None}, TRAINING, 0)
    closed.get_layer("lstm").cell.bias.assign(np.repeat([-6.0, 1.0, 0.0, -6.0], 8))  # input, forget, cell, output
    found = look(part, {"name": "masked_lstm", "units": 8, "mask_value": None}, networks={0: closed})
    assert found.trained["0"].gates["lstm"].saturated == pytest.approx(2 / 3, abs=0.02)


def test_layers_of_nested_models_are_those_of_the_network():
    part = make_part(noise(80), length=5, kind="sign")
    inner = keras.Sequential([kl.Dense(3, activation="relu", name="inside"), kl.Dense(1, "sigmoid", name="end")])
    body = keras.Sequential([kl.LSTM(4, name="memory"), keras.Sequential([kl.Dropout(0.1), inner])])
    for model in (keras.Sequential([keras.Input((5, 1)), body]), _functional(body)):
        model.compile("adam", "binary_crossentropy")
        plain = layers.flat(model)
        np.testing.assert_array_equal(plain.predict(part.inputs(), verbose=0), model.predict(part.inputs(), verbose=0))
        assert layers.head(plain).name == "end"
        assert set(layers.graph(plain)) >= {"memory", "inside", "end"}
        probe = NetworkProbe(part, np.arange(40), model, TRAINING)
        assert probe.head() == network.Head("sigmoid", 1, 0.0, 1.0)
        found = probe.measure(model)
        assert set(found.units) == {"memory", "inside"}
        assert set(found.gates) == {"memory"}
        assert found.dead_output == 0
        assert found.gradient.first_to_last > 0
        assert len(found.gradient.steps) == 5


def _functional(body):
    inputs = keras.Input((5, 1))
    return keras.Model(inputs, body(inputs))


def test_layers_tell_whether_a_memory_has_bounds():
    part = make_part(noise(60), length=5)
    first, head = look(part, LSTM | {"activation": "relu"}).layers
    assert (first.kind, first.activation, first.recurrent, first.bounded) == ("LSTM", "relu", True, False)
    assert (head.kind, head.activation, head.recurrent, head.bounded) == ("Dense", "linear", False, False)
    assert look(part, LSTM).layers[0].bounded


def test_penalties_on_outputs_are_measured():
    part = make_part(noise(60), length=5)
    inputs = keras.Input((5, 1))
    outputs = kl.Dense(1)(kl.Activation("tanh", activity_regularizer=keras.regularizers.L2(0.5))(kl.Flatten()(inputs)))
    model = keras.Model(inputs, outputs)
    model.compile("adam", "mse")
    found = NetworkProbe(part, np.arange(50), model, TRAINING).measure(model)
    activity = 0.5 * (np.tanh(part.inputs(np.arange(50))) ** 2).sum() / 50  # Keras divides by the windows
    assert found.activity == pytest.approx(activity, rel=1e-4)
    assert look(part, LSTM).initial.activity is None


def test_a_masked_step_is_passed_over_by_the_gates():
    layer = kl.LSTM(3)
    inputs = noise(2 * 6).reshape(2, 6, 1).astype(np.float32)
    layer(inputs)
    mask = np.array([[True] * 3 + [False] * 3] * 2)
    np.testing.assert_array_equal(gates._walk(layer.cell, inputs, mask), gates._walk(layer.cell, inputs[:, :3], None))


def test_a_dead_head_and_a_short_memory():
    part = make_part(noise(60) ** 2, length=40)
    architecture = {"name": "masked_lstm", "units": 3}
    model = build(part, architecture, TRAINING, 0)
    model.get_layer("head").bias.assign([-9.0])
    found = look(part, architecture, networks={0: model})
    assert (found.head.low, found.head.high) == (0.0, None)
    one = found.trained["0"]
    assert one.dead_output == 1.0
    assert one.gradient.norm == 0.0
    assert one.gradient.memory < 38
    assert sum(one.gradient.steps[:4]) < 1e-3 * sum(one.gradient.steps)
    assert one.loss == pytest.approx((part.targets() ** 2).mean(), rel=1e-4)


def test_softmax_on_one_unit_is_dead():
    part = make_part(noise(40), length=5, kind="sign")
    found = look(part, LSTM | {"head": "softmax"})
    assert found.initial.dead_output == 1.0
    assert look(part, LSTM | {"head": "sigmoid"}).initial.dead_output == 0.0
    assert found.initial.expected_loss == pytest.approx(np.log(2), rel=1e-4)


def test_penalty_and_dropout():
    part = make_part(noise(40), length=5)
    found = look(part, {"name": "simple_rnn", "units": [4], "activations": ["tanh"], "dropout": 0.3})
    assert found.dropout == 0.3
    model = build(part, {"name": "simple_rnn", "units": [4], "activations": ["tanh"]}, TRAINING, 0)
    squares = sum(float((w.numpy() ** 2).sum()) for w in model.trainable_weights if "recurrent" not in w.path)
    assert found.initial.penalty == pytest.approx(0.01 * squares, rel=1e-4)


def test_weights_that_are_no_numbers_and_windows_with_a_missing_cell():
    part = make_part(noise(60), length=5, kind="sign")
    sick = broken(part, 20)
    architecture = LSTM | {"head": "sigmoid"}
    model, history = fit(sick, None, architecture, TRAINING, seed=0)
    assert history["stopped"] == "nonfinite"
    found = look(sick, architecture, networks={0: model})
    assert found.target_shape == [50, 1]  # of 55 windows five hold the cell
    one = found.trained["0"]
    assert one.loss is None
    assert one.gradient is None
    assert found.initial.loss == pytest.approx(np.log(2), rel=0.2)


def test_carried_state_is_left_out():
    part = make_part(noise(61), length=5, stride=5)
    settings = {"state": "lanes", "batch_size": 3}
    stateful = build(part, LSTM, TRAINING | settings, 0)
    found = look(part, LSTM, settings, {0: stateful})
    assert found.trained["0"] == look(part, LSTM).initial


def test_outputs_of_another_rank_than_the_targets():
    part = make_part(noise(40), length=5)
    inputs = keras.Input((5, 1))
    sequences = keras.Model(inputs, kl.Dense(1)(kl.LSTM(3, return_sequences=True)(inputs)))
    kept = [weight.copy() for weight in sequences.get_weights()]
    architecture = {"name": "lstm", "builder": "lstm:absent"}  # cannot be built again
    found = look(part, architecture, networks={0: sequences, 1: keras.models.clone_model(sequences)})
    assert (found.output_shape, found.target_shape) == ([35, 5, 1], [35, 1])
    assert found.initial is None
    assert found.trained["0"].loss > 0
    for before, after in zip(kept, sequences.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_a_network_that_is_no_graph():
    @keras.saving.register_keras_serializable(package="tests")
    class Own(keras.Model):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.dense = kl.Dense(1)

        def call(self, inputs):
            return self.dense(inputs[:, :, 0])

    part = make_part(noise(40), length=5)
    own = Own()
    own(part.inputs())
    found = look(part, {"name": "lstm", "builder": "lstm:absent"}, networks={0: own})
    one = found.trained["0"]
    assert found.head.activation is None
    assert one.loss > 0
    assert one.gradient.norm > 0
    assert one.units == {}


SUBCLASSED = """import keras
from keras import layers


class Net(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.recurrent, self.head = layers.LSTM(3), layers.Dense(1)

    def call(self, inputs):
        return self.head(self.recurrent(inputs))


def build(shape):
    return Net()
"""


def test_a_subclassed_network_and_its_schedule_are_measured(tmp_path, monkeypatch):
    (tmp_path / "net_of_tests.py").write_text(SUBCLASSED)
    monkeypatch.setattr(architectures, "FOLDER", tmp_path)
    monkeypatch.setattr(sys.modules["pipeline.architectures"], "__path__", [str(tmp_path)])
    part, architecture = make_part(noise(80), length=5), {"name": "net_of_tests"}
    schedule = {"schedule": "cosine", "rate": 0.01, "warmup": 1, "final": 0.0}
    settings = TRAINING | {"optimizer": "adam", "learning_rate": schedule, "loss": {"name": "huber", "delta": 2.0}}
    trained, _ = fit(part, None, architecture, settings, 0)
    found = network.facts(part, {"architecture": architecture, "training": settings}, {0: trained})
    assert (found.loss, found.head.activation, found.weights) == ("huber", None, trained.count_params())
    assert found.initial.loss > 0
    assert found.trained["0"].gradient.norm > 0
    measured = controls.facts(part, {"architecture": architecture, "training": settings})
    assert measured.real.skill is not None
    assert measured.memorise.rates["1"].finite


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("linear", (None, None)),
        ("sigmoid", (0.0, 1.0)),
        ("tanh", (-1.0, 1.0)),
        ("relu", (0.0, None)),
        ("softplus", (0.0, None)),
        ("elu", (-1.0, None)),
        ("relu6", (0.0, 6.0)),
        ("softmax", (0.0, 1.0)),
        ("leaky_relu", (None, None)),
    ],
)
def test_bounds(name, expected):
    assert layers.bounds(keras.activations.get(name)) == pytest.approx(expected, abs=1e-6)
