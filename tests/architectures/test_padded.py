"""Networks that skip the padding before a sequence: their output does not depend on how much of it there is."""

import warnings

import numpy as np
import pytest

from pipeline.common.architectures import Shape
from pipeline.network import backends

backends.prepare(threads=1, jit_compile=True)

import keras  # noqa: E402 - the backend is prepared before

from pipeline.network import models  # noqa: E402

# Options under which padding would show: biases, activations of 0 that are not 0, and norms.
MASKING = {
    "lstm": {"units": [5, 4], "norm": True},
    "gru": {"units": [5, 4]},
    "bidirectional": {"units": [5, 4]},
    "simple_rnn": {"units": [5, 4], "activations": ["tanh", "tanh"]},
    "attention": {"units": [7, 5], "width": 8, "heads": 2},
    "tcn": {"units": [6, 4, 4], "activation": "sigmoid"},
}
SHORT, LONG, OWN = 12, 20, 9  # lengths of two windows, and of the sequence in both
OTHERS = ["masked_lstm", "nlinear", "dlinear", "stacked_lstm", "stateful_lstm", "stacked_dense"]


def build(name, length, padded, **options):
    keras.utils.set_random_seed(0)
    model = models.build({"name": name} | MASKING.get(name, {}) | options, Shape(length, 2, 3, padded=padded))
    drawn = np.random.default_rng(1)
    model.set_weights([weight + 0.3 * drawn.standard_normal(weight.shape) for weight in model.get_weights()])
    return model


def padded(length, rows=OWN):
    """Four sequences at the end of windows of a length: float32 [4, length, 2]."""
    own = np.random.default_rng(0).normal(size=(4, OWN, 2)).astype("float32")[:, OWN - rows :]
    return np.concatenate([np.zeros((4, length - rows, 2), "float32"), own], axis=1)


def outputs(model, windows):
    return keras.ops.convert_to_numpy(model(windows))


@pytest.mark.parametrize("name", MASKING)
def test_the_amount_of_padding_changes_nothing(name):
    short, long = (build(name, length, True) for length in (SHORT, LONG))
    expected = outputs(short, padded(SHORT))
    np.testing.assert_allclose(outputs(long, padded(LONG)), expected, rtol=1e-4, atol=1e-5)
    whole = build(name, OWN, False)  # no padding, and no mask
    np.testing.assert_allclose(outputs(whole, padded(OWN)), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", MASKING)
def test_it_changes_a_network_without_a_mask(name):
    short, long = (build(name, length, False) for length in (SHORT, LONG))
    assert np.abs(outputs(long, padded(LONG)) - outputs(short, padded(SHORT))).max() > 1e-3


@pytest.mark.parametrize("name", [*MASKING, *OTHERS])
def test_a_mask_adds_no_weight_and_windows_without_padding_get_none(name):
    plain, masked = (models.build({"name": name}, Shape(SHORT, 2, 3, padded=given)) for given in (False, True))
    assert [weight.path for weight in plain.weights] == [weight.path for weight in masked.weights]
    names = [{layer.name for layer in model.layers} for model in (plain, masked)]
    assert ["masking" in each for each in names] == [name == "masked_lstm", name in [*MASKING, "masked_lstm"]]


@pytest.mark.parametrize("name", MASKING)
def test_no_layer_drops_the_mask_and_a_saved_network_keeps_it(name, tmp_path):
    options = {} if name == "simple_rnn" else {"skip": True}
    with warnings.catch_warnings():
        warnings.filterwarnings("error", "(?s).*mask")  # of Keras, on a layer that knows no masks
        model = build(name, SHORT, True, dropout=0.2, **options)
        models.check_saving(model, SHORT, 2, "architecture")
        models.save(model, tmp_path / "a.keras")
        loaded = models.load(tmp_path / "a.keras")
        found = outputs(loaded, padded(SHORT))
    np.testing.assert_allclose(found, outputs(model, padded(SHORT)), rtol=1e-5, atol=1e-6)
    assert loaded.get_layer("masking").mask_value == 0


@pytest.mark.parametrize("name", MASKING)
def test_sequences_of_several_lengths_in_one_batch_and_one_without_a_row(name):
    model = build(name, SHORT, True)
    windows = [padded(SHORT, rows)[:1] for rows in (9, 1, 4, 0)]
    together = outputs(model, np.concatenate(windows))
    assert np.isfinite(together).all()
    alone = np.concatenate([outputs(model, window) for window in windows])
    np.testing.assert_allclose(together, alone, rtol=1e-4, atol=1e-5)
    assert len(np.unique(together[:, 0].round(6))) == 4


@pytest.mark.parametrize("name", ["lstm", "gru", "bidirectional", "masked_lstm"])
def test_no_layer_leaves_a_mask_to_cudnn_which_takes_padding_at_the_end_alone(name, tmp_path):
    model = models.build({"name": name}, Shape(SHORT, 2, 3, padded=True))
    models.save(model, tmp_path / "a.keras")
    for network in (model, models.load(tmp_path / "a.keras")):
        chosen = [layer.use_cudnn for layer in network._flatten_layers() if hasattr(layer, "use_cudnn")]
        assert chosen
        assert not any(chosen)
    plain = models.build({"name": "lstm"}, Shape(SHORT, 2, 3))
    assert [layer.use_cudnn for layer in plain.layers if hasattr(layer, "use_cudnn")] == ["auto"]
