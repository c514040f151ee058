"""Dense 64-256-256-64 on the flattened window: the alternative to an LSTM that datascience 123707 asks about.

    [batch, 100, 7] -> [batch, 700] -> Dense 64, 256, 256, 64 -> [batch, 64] -> Dense 1 -> [batch, 1]

143,809 weights: the widths and activations of `stacked_lstm`, without time.
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
    head: str = "linear",
) -> keras.Model:
    """Stack one Dense per number of `units`, with its own entry of `activations` and a Dropout after it.

    Raises:
        ValueError: the numbers of activations and units differ.
    """
    inputs = keras.Input((shape.length, shape.features), batch_size=shape.batch_size, name="window")
    x = layers.Flatten(name="flatten")(inputs)
    for i, (width, activation) in enumerate(zip(units, activations, strict=True)):
        x = layers.Dense(width, activation=activation, name=f"dense_{i}")(x)
        if dropout:
            x = layers.Dropout(dropout, name=f"dropout_{i}")(x)
    return keras.Model(inputs, layers.Dense(shape.outputs, activation=head, name="head")(x), name="stacked_dense")
