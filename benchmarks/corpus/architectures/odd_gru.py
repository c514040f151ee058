"""GRU layers and a Dense head: an architecture that is none of the project's.

[batch, length, features] -> GRU -> ... -> Dense -> [batch, outputs]
"""

from __future__ import annotations

import keras
from keras import initializers, layers

from pipeline.common.architectures import Shape


def build(
    shape: Shape,
    *,
    units: tuple[int, ...] = (16,),
    activation: str = "tanh",
    input_deviation: float | None = None,
    dropout: float = 0.0,
    head: str = "linear",
    head_bias: float = 0.0,
) -> keras.Model:
    """Stack one GRU per number of `units`; `input_deviation` and `head_bias` are those of the initial weights."""
    inputs = x = keras.Input((shape.length, shape.features), batch_size=shape.batch_size, name="window")
    for i, width in enumerate(units):
        kernel = "glorot_uniform" if input_deviation is None else initializers.RandomNormal(0, input_deviation)
        x = layers.GRU(
            width,
            activation=activation,
            kernel_initializer=kernel,
            return_sequences=i < len(units) - 1,
            stateful=shape.batch_size is not None,
            name=f"gru_{i}",
        )(x)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    bias = initializers.Constant(head_bias)
    outputs = layers.Dense(shape.outputs, activation=head, bias_initializer=bias, name="head")(x)
    return keras.Model(inputs, outputs, name="odd_gru")
