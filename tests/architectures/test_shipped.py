"""The networks for a series of your own, against closed formulas and NumPy."""

import numpy as np
import pytest

from pipeline.common.architectures import Shape
from pipeline.common.errors import UserError
from pipeline.network import backends

backends.prepare(threads=1, jit_compile=True)

import keras  # noqa: E402 - the backend is prepared before

from pipeline.network import models  # noqa: E402

SHAPES = [Shape(9, 1, 1), Shape(30, 3, 4), Shape(1, 2, 5, level=1)]
LAYERS = {"gru": [5, 4], "bidirectional": [5, 4], "tcn": [6, 6, 4], "attention": [7, 5]}
NAMES = [*LAYERS, "nlinear", "dlinear"]


def build(name, shape, **options):
    keras.utils.set_random_seed(0)
    given = {"units": LAYERS[name]} if name in LAYERS else {}
    return models.build({"name": name} | given | options, shape)


def draw(shape, rows=6):
    return np.random.default_rng(0).normal(size=(rows, shape.length, shape.features)).astype("float32")


def expected_weights(name, shape, width=32):
    """Number of weights by the formulas of the papers, and inputs of the head."""
    total, f = 0, shape.features
    if name in ("nlinear", "dlinear"):
        return {"nlinear": 1, "dlinear": 2}[name] * shape.outputs * (shape.length * f + 1)
    if name == "attention":
        total, f = width * (f + 1), width
        for u in LAYERS[name]:
            total += 4 * width * (width + 1) + (width * u + u) + (u * width + width) + 2 * 2 * width
        total += 2 * width
    for u in LAYERS[name]:
        if name == "gru":
            total, f = total + 3 * u * (f + u + 2), u
        elif name == "bidirectional":
            total, f = total + 2 * 4 * u * (f + u + 1), 2 * u
        elif name == "tcn":
            total += u * (3 * f + 1) + u * (3 * u + 1) + (u * (f + 1) if f != u else 0)
            f = u
    return total + shape.outputs * (f + 1)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("name", NAMES)
def test_weights_by_the_closed_formula(name, shape):
    model = build(name, shape)
    assert model.count_params() == expected_weights(name, shape)
    assert model.output_shape == (None, shape.outputs)


@pytest.mark.parametrize(
    ("name", "length", "outputs", "weights"),
    [
        ("gru", 100, 1, 3_393),
        ("bidirectional", 100, 1, 8_769),
        ("tcn", 100, 1, 21_953),
        ("attention", 100, 1, 17_249),
        ("nlinear", 96, 24, 2_328),
        ("dlinear", 96, 24, 4_656),
    ],
)
def test_weights_of_the_docstrings(name, length, outputs, weights):
    assert models.build({"name": name}, Shape(length, 1, outputs)).count_params() == weights


@pytest.mark.parametrize("name", NAMES)
def test_a_network_is_saved_and_loaded_in_safe_mode(name, tmp_path):
    shape = Shape(9, 2, 3)
    model = build(name, shape, head="softmax", dropout=0.3)
    models.check_saving(model, 9, 2, "architecture")
    models.save(model, tmp_path / "a.keras")
    outputs = models.load(tmp_path / "a.keras").predict_on_batch(draw(shape))
    np.testing.assert_allclose(outputs, model.predict_on_batch(draw(shape)), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(outputs.sum(axis=1), 1, rtol=1e-5)
    assert outputs.std(axis=0).min() > 1e-4


@pytest.mark.parametrize("name", LAYERS)
def test_a_skip_is_zero_at_first(name):
    shape = Shape(8, 2, 3)
    plain, skipping = (build(name, shape, head="sigmoid", skip=skip) for skip in (False, True))
    assert skipping.count_params() == plain.count_params() + 8 * 2 * 3
    straight = np.random.default_rng(1).normal(size=(16, 3)).astype("float32")
    for layer in plain.layers:
        if layer.weights:
            skipping.get_layer(layer.name).set_weights(layer.get_weights())
    before = plain.predict_on_batch(draw(shape))
    np.testing.assert_allclose(skipping.predict_on_batch(draw(shape)), before, rtol=1e-4)
    skipping.get_layer("skip").set_weights([straight])
    logits = np.log(before / (1 - before)) + draw(shape).reshape(6, 16) @ straight
    np.testing.assert_allclose(skipping.predict_on_batch(draw(shape)), 1 / (1 + np.exp(-logits)), rtol=1e-3)


def dense(model, name, features=1):
    """Kernel [length, features, outputs] and bias of a Dense layer on flattened windows."""
    kernel, bias = (weight.astype(float) for weight in model.get_layer(name).get_weights())
    return kernel.reshape(-1, features, kernel.shape[1]), bias


def linear(kernel, bias, windows):
    """Return the sum over features of one linear layer each."""
    return np.einsum("wlf,lfo->wo", windows, kernel) + bias


@pytest.mark.parametrize("level", [0, 1, 2])
def test_nlinear_subtracts_the_last_value_and_adds_it_again(level):
    shape = Shape(12, 3, 5, level=level)
    model, windows = build("nlinear", shape), draw(shape).astype(float)
    last = windows[:, -1:, :]
    expected = linear(*dense(model, "head", 3), windows - last) + last[:, :, level]
    np.testing.assert_allclose(model.predict_on_batch(draw(shape)), expected, rtol=1e-4, atol=1e-5)


def test_nlinear_follows_the_level_of_its_window_and_of_no_other_target():
    shape = Shape(12, 1, 4, level=0)
    followed = build("nlinear", shape).predict_on_batch(draw(shape) + 100) - 100
    np.testing.assert_allclose(followed, build("nlinear", shape).predict_on_batch(draw(shape)), atol=1e-3)
    model = build("nlinear", shape._replace(level=None))
    expected = linear(*dense(model, "head"), draw(shape).astype(float) - draw(shape)[:, -1:])
    np.testing.assert_allclose(model.predict_on_batch(draw(shape)), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("length", "kernel"), [(40, 25), (7, 25), (12, 3), (5, 1)])
@pytest.mark.parametrize("features", [1, 3])
def test_dlinear_adds_a_layer_on_the_trend_and_one_on_the_rest(length, kernel, features):
    shape = Shape(length, features, 5)
    model, windows = build("dlinear", shape, kernel=kernel), draw(shape).astype(float)
    trend = np.empty_like(windows)
    for t in range(length):  # a centred average; beyond an end, the row at that end
        near = np.clip(np.arange(t - kernel // 2, t + kernel // 2 + 1), 0, length - 1)
        trend[:, t] = windows[:, near].mean(axis=1)
    expected = linear(*dense(model, "trend_head", features), trend)
    expected += linear(*dense(model, "rest_head", features), windows - trend)
    np.testing.assert_allclose(model.predict_on_batch(draw(shape)), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("units", "kernel"), [([4], 2), ([4, 4], 3), ([5, 4, 3], 3)])
def test_a_tcn_reads_the_rows_of_its_receptive_field(units, kernel):
    field = 1 + 2 * (kernel - 1) * (2 ** len(units) - 1)
    shape = Shape(field + 3, 2, 1)
    model, windows = build("tcn", shape, units=units, kernel=kernel, activation="tanh"), draw(shape)
    before = model.predict_on_batch(windows)
    for row, read in ((0, False), (2, False), (3, True), (field + 2, True)):
        other = windows.copy()
        other[:, row] += 1
        assert np.array_equal(model.predict_on_batch(other), before) != read


def test_a_tcn_is_causal():
    shape = Shape(20, 2, 1)
    model, windows = build("tcn", shape), draw(shape)
    inside = keras.Model(model.inputs, model.get_layer("block_2").output)
    later = windows.copy()
    later[:, 11:] += 1
    outputs, changed = inside.predict_on_batch(windows), inside.predict_on_batch(later)
    np.testing.assert_allclose(changed[:, :11], outputs[:, :11], rtol=1e-5, atol=1e-6)
    assert (changed[:, 11] != outputs[:, 11]).any()


def test_attention_knows_the_positions_of_its_rows():
    shape = Shape(10, 1, 1)
    model, windows = build("attention", shape), draw(shape)
    assert not np.allclose(model.predict_on_batch(windows[:, ::-1]), model.predict_on_batch(windows), atol=1e-3)
    inside = keras.Model(model.get_layer("embedding").output, model.get_layer("positions").output)
    added = inside.predict_on_batch(np.zeros((1, 10, 32), "float32"))[0]
    for i in range(16):
        waves = np.sin(np.arange(10) / 10_000 ** (2 * i / 32)), np.cos(np.arange(10) / 10_000 ** (2 * i / 32))
        np.testing.assert_allclose(added[:, 2 * i : 2 * i + 2], np.stack(waves, axis=1), atol=1e-5)


def test_a_bidirectional_layer_reads_both_ways():
    shape = Shape(10, 2, 1)
    model, windows = build("bidirectional", shape, units=[3]), draw(shape)
    features = keras.Model(model.inputs, model.get_layer("bidirectional_0").output)
    layer = model.get_layer("bidirectional_0")
    layer.backward_layer.set_weights(layer.forward_layer.get_weights())
    there, back = features.predict_on_batch(windows), features.predict_on_batch(windows[:, ::-1])
    np.testing.assert_allclose(there[:, :3], back[:, 3:], rtol=1e-4, atol=1e-6)
    assert not np.allclose(there[:, :3], there[:, 3:], atol=1e-3)


@pytest.mark.parametrize(
    ("architecture", "shape", "words"),
    [
        ({"name": "attention", "width": 30}, Shape(9, 1, 1), "multiple of heads, 4; received 30"),
        ({"name": "attention", "width": 3, "heads": 3}, Shape(9, 1, 1), "even"),
        ({"name": "dlinear", "kernel": 4}, Shape(9, 1, 1), "kernel must be odd; received 4"),
        ({"name": "bidirectional"}, Shape(9, 1, 1, 5), "training.state must be none"),
    ],
)
def test_options_that_cannot_be(architecture, shape, words):
    with pytest.raises(UserError, match="must have options") as error:
        models.build(architecture, shape)
    assert words in str(error.value)
