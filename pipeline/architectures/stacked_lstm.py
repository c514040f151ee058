"""LSTM 64-256-256-64 and a Dense head: datascience 123707.

    [batch, 100, 7] -> LSTM 64, 256, 256 -> [batch, 100, 256] -> LSTM 64 -> [batch, 64] -> Dense 1 -> [batch, 1]

954,689 weights. The last LSTM is linear, as posted. The sigmoid head is the author's first version, the linear one the
second.
"""

from __future__ import annotations

import keras
from keras import layers

from pipeline.common.architectures import Shape


def build(
    shape: Shape,
    *,
    units: tuple[int, ...] = (64, 256, 256, 64),
    activations: tuple[str, ...] = ("tanh", "tanh", "tanh", "linear"),
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    head: str = "sigmoid",
) -> keras.Model:
    """Stack one LSTM per number of `units`, with its own entry of `activations`.

    Raises:
        ValueError: the numbers of activations and units differ.
    """
    inputs = x = keras.Input((shape.length, shape.features), batch_size=shape.batch_size, name="window")
    for i, (width, activation) in enumerate(zip(units, activations, strict=True)):
        x = layers.LSTM(
            width,
            activation=activation,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            return_sequences=i < len(units) - 1,
            stateful=shape.batch_size is not None,
            name=f"lstm_{i}",
        )(x)
    return keras.Model(inputs, layers.Dense(shape.outputs, activation=head, name="head")(x), name="stacked_lstm")
