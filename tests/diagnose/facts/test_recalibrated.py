"""Probabilities that a loss distorts are mapped back; nothing is learned from the windows that are judged."""

import numpy as np
import pytest

from pipeline.diagnose.facts import recalibrated
from pipeline.network import backends
from pipeline.scoring import scores

backends.prepare(threads=1, jit_compile=True)

import keras  # noqa: E402 - the backend is prepared before

PLAIN = {"class_weight": "none", "label_smoothing": 0.0}


def drawn(classes, count, seed):
    """Probabilities, classes drawn from them, and the same probabilities as a focal loss leaves them: flatter."""
    random = np.random.default_rng(seed)
    shares = random.dirichlet(np.ones(classes), size=count)
    truth = np.array([random.choice(classes, p=row) for row in shares])
    flat = shares**0.4 / (shares**0.4).sum(axis=1, keepdims=True)
    return (shares[:, 1:], truth, flat[:, 1:]) if classes == 2 else (shares, truth, flat)


@pytest.mark.parametrize("classes", [2, 3])
def test_a_power_of_the_probabilities_is_undone(classes):
    _, truth, flat = drawn(classes, 4000, 0)
    known, _, others = drawn(classes, 500, 1)
    others[7] = np.nan
    mapped = recalibrated.mapped(flat, truth, others, classes)
    assert np.isnan(mapped[7]).all()
    rest = np.delete(np.arange(500), 7)
    assert np.abs(mapped[rest] - known[rest]).mean() < 0.03 < np.abs(others[rest] - known[rest]).mean()
    # A monotone map of one number leaves the predicted class where the balance is even.
    if classes == 2:
        agree = scores.predicted_classes(mapped[rest], 2) == scores.predicted_classes(others[rest], 2)
        assert agree.mean() > 0.98


def test_one_class_teaches_nothing():
    outputs = np.full((5, 1), 0.3)
    np.testing.assert_array_equal(recalibrated.mapped(outputs, np.zeros(5, int), outputs, 2), outputs)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize(("power", "undone"), [(1 / 6, True), (0.01, False)])
def test_outputs_that_are_nearly_constant_are_judged_as_they_are(classes, power, undone):
    """A focal loss of exponent 5 leaves a sixth of the log-odds; a hundredth is a network that has barely moved."""
    random = np.random.default_rng(2)
    shares = random.dirichlet(np.full(classes, 0.5), size=2000) * 0.98 + 0.02 / classes
    truth = np.array([random.choice(classes, p=row) for row in shares])
    flat = shares**power / (shares**power).sum(axis=1, keepdims=True)
    outputs = flat[:, 1:] if classes == 2 else flat
    mapped = recalibrated.mapped(outputs, truth, outputs, classes)
    assert np.array_equal(mapped, outputs) != undone
    if undone:
        assert np.abs(mapped - (shares[:, 1:] if classes == 2 else shares)).mean() < 0.03


@pytest.mark.parametrize(
    ("loss", "change", "expected"),
    [
        ("binary_crossentropy", {}, False),
        ("bce", {}, False),
        ("BinaryCrossentropy", {}, False),
        (keras.losses.MeanSquaredError(), {}, False),
        ("binary_focal_crossentropy", {}, True),
        ("huber", {}, True),
        ("binary_crossentropy", {"class_weight": "balanced"}, True),
        ("binary_crossentropy", {"label_smoothing": 0.1}, True),
    ],
)
def test_losses_that_distort(loss, change, expected):
    network = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1, activation="sigmoid")])
    network.compile(loss=loss)
    assert recalibrated.distorts(network, PLAIN | change) == expected
