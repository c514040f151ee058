"""What a file was compiled with becomes the settings of a training, or one line."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.common.errors import UserError
from pipeline.common.keras_file import Compiled
from pipeline.network import backends, compiled, losses

backends.prepare(threads=1, jit_compile=True)

import keras  # noqa: E402 - the backend is prepared before

PLACE = "net.keras"


def of(loss: Any = "mse", optimizer: Any = "adam") -> Compiled:
    """The record of a real `compile`, as `keras_file.read` makes it."""
    made = keras.optimizers.get(optimizer)
    named = loss if isinstance(loss, str) else type(loss).__name__
    arguments = {} if isinstance(loss, str) else loss.get_config()
    return Compiled(named, arguments, [], type(made).__name__, made.get_config())


def test_optimiser_and_rate_are_those_of_the_file():
    made = compiled.training(of(), None, ("linear", 1), PLACE)
    assert made == ({"optimizer": "adam", "learning_rate": 0.001, "loss": "mean_squared_error"}, "none", [])
    sgd = keras.optimizers.SGD(0.02, momentum=0.9, nesterov=True, clipnorm=1.0)
    smoothed = keras.losses.BinaryCrossentropy(label_smoothing=0.25)
    made = compiled.training(of(smoothed, sgd), 2, ("sigmoid", 1), PLACE)
    assert made.settings == {
        "optimizer": "sgd", "learning_rate": 0.02, "momentum": 0.9, "nesterov": True, "clipnorm": 1.0,
        "loss": {"name": "binary_crossentropy", "label_smoothing": 0.25},
    }  # fmt: skip
    assert compiled.training(of(), None, ("linear", 1), PLACE, rate=0.5).settings["learning_rate"] == 0.5


def test_without_a_record_the_usual_is_used_and_said():
    made = compiled.training(None, 2, ("sigmoid", 1), PLACE)
    assert made.settings == {"optimizer": "adam", "learning_rate": 0.001, "loss": None}
    assert "saved uncompiled" in made.notes[0]


BINARY, LOGITS = "binary_crossentropy", keras.losses.BinaryCrossentropy(from_logits=True)
SPARSE = "sparse_categorical_crossentropy"


@pytest.mark.parametrize(
    ("loss", "classes", "head", "expected", "end"),
    [
        (BINARY, 2, ("sigmoid", 1), BINARY, "none"),
        (LOGITS, 2, ("linear", 1), BINARY, "sigmoid"),
        (LOGITS, 2, ("sigmoid", 1), BINARY, "sigmoid"),
        (SPARSE, 2, ("softmax", 2), BINARY, "class_1"),
        ("categorical_crossentropy", 2, ("softmax", 2), BINARY, "class_1"),
        (keras.losses.SparseCategoricalCrossentropy(from_logits=True), 2, ("linear", 2), BINARY, "class_1"),
        (SPARSE, 3, ("softmax", 3), "categorical_crossentropy", "none"),
        (keras.losses.SparseCategoricalCrossentropy(from_logits=True), 3, ("linear", 3),
         "categorical_crossentropy", "softmax"),
        (SPARSE, 2, ("sigmoid", 1), None, "none"),
        (SPARSE, None, ("linear", 1), None, "none"),
        (BINARY, None, ("sigmoid", 1), BINARY, "none"),
        ("mse", 2, ("sigmoid", 1), "mse", "none"),
        (BINARY, 2, ("linear", 1), BINARY, "none"),
    ],
)  # fmt: skip
def test_loss_and_head_are_said_in_words_of_the_settings(loss, classes, head, expected, end):
    made = compiled.training(of(loss), classes, head, PLACE)
    assert made.end == end
    assert made.settings["loss"] in (expected, losses.name(expected) if expected else None)
    if loss == SPARSE and expected is None:
        assert "cannot be computed" in made.notes[0]


@pytest.mark.parametrize(
    ("given", "classes", "head", "words"),
    [
        (of(optimizer="adagrad"), None, ("linear", 1), r"optimizer` must be one of adam, .*Received: Adagrad"),
        (of(optimizer=keras.optimizers.Adam(beta_1=0.5)), None, ("linear", 1), r"beta_1` must be Keras's own"),
        (of(optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, 9))), None, ("linear", 1),
         r"optimizer, learning_rate` must be a number. Received: CosineDecay. Give one"),
        (of("mine"), None, ("linear", 1), r"loss` must be a loss of Keras. Received: mine"),
        (of(keras.losses.MeanSquaredError(reduction="sum")), None, ("linear", 1), r"reduction` must be Keras's own"),
        (of(BINARY), 2, ("sigmoid", 2), r"must end in one unit, or in a softmax over two"),
        (of(SPARSE), 3, ("softmax", 5), r"must have an output for each of the 3 classes of y. Received: 5 outputs"),
    ],
)  # fmt: skip
def test_what_is_not_supported_is_one_line(given, classes, head, words):
    with pytest.raises(UserError, match=words) as refused:
        compiled.training(given, classes, head, PLACE)
    assert "\n" not in str(refused.value)


def test_the_head_is_the_last_activation():
    def ended(*layers: Any) -> keras.Model:
        return keras.Sequential([keras.Input((4, 1)), keras.layers.LSTM(3), *layers])

    dense = keras.layers.Dense
    assert compiled.head(ended(dense(1))) == ("linear", 1)
    assert compiled.head(ended(dense(2, activation="softmax"))) == ("softmax", 2)
    assert compiled.head(ended(dense(2), keras.layers.Softmax())) == ("softmax", 2)
    assert compiled.head(ended(dense(2), keras.layers.Activation("sigmoid"))) == ("sigmoid", 2)
    assert compiled.head(ended()) == (None, 3)
