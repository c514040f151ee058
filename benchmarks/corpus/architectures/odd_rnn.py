"""SimpleRNN layers whose recurrent kernel is a scaled orthogonal matrix, and a Dense head.

[batch, length, features] -> SimpleRNN -> ... -> Dense -> [batch, outputs]
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
    recurrent_gain: float = 1.0,
    head: str = "linear",
) -> keras.Model:
    """`recurrent_gain` multiplies a signal at each step: below 1 it fades, above 1 it grows."""
    inputs = x = keras.Input((shape.length, shape.features), batch_size=shape.batch_size, name="window")
    for i, width in enumerate(units):
        x = layers.SimpleRNN(
            width,
            activation=activation,
            recurrent_initializer=initializers.Orthogonal(recurrent_gain),
            return_sequences=i < len(units) - 1,
            stateful=shape.batch_size is not None,
            name=f"rnn_{i}",
        )(x)
    return keras.Model(inputs, layers.Dense(shape.outputs, activation=head, name="head")(x), name="odd_rnn")
