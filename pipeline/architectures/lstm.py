"""LSTM layers and a Dense head: datascience 51264 with one LSTM(32), and the plain network for a series of your own.

    [batch, 100, 1] -> LSTM 32 -> [batch, 32] -> Dense 1, sigmoid -> [batch, 1]

4,385 weights (4,352 + 33) with the one feature of the post's code, 4,641 with the three that its summary implies. A
Masking layer skips the padding of sequences.
"""

from __future__ import annotations

import keras
from keras import layers

from pipeline.common.architectures import Shape


def build(
    shape: Shape,
    *,
    units: tuple[int, ...] = (32,),
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    norm: bool = False,
    skip: bool = False,
    head: str = "linear",
) -> keras.Model:
    """Stack one LSTM per number of `units`.

    Args:
        shape: shapes of inputs and outputs.
        units: widths of the LSTM layers.
        activation: of the LSTM layers.
        recurrent_activation: of their gates.
        dropout: of their inputs.
        recurrent_dropout: of their states.
        norm: put a LayerNormalization before the head.
        skip: add a linear function of the window to the head, initially zero, so that the LSTM only has to learn the
            rest (the autoregressive part of LSTNet, Lai et al. 2018).
        head: activation of the outputs.
    """
    inputs = x = keras.Input((shape.length, shape.features), batch_size=shape.batch_size, name="window")
    if shape.padded:
        x = layers.Masking(name="masking")(x)
    for i, width in enumerate(units):
        x = layers.LSTM(
            width,
            activation=activation,
            recurrent_activation=recurrent_activation,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            return_sequences=i < len(units) - 1,
            stateful=shape.batch_size is not None,
            name=f"lstm_{i}",
        )(x)
    if norm:
        x = layers.LayerNormalization(name="norm")(x)
    if not skip:
        return keras.Model(inputs, layers.Dense(shape.outputs, activation=head, name="head")(x), name="lstm")
    linear = layers.Dense(shape.outputs, use_bias=False, kernel_initializer="zeros", name="skip")
    x = layers.Add()([layers.Dense(shape.outputs, name="head")(x), linear(layers.Flatten()(inputs))])
    return keras.Model(inputs, layers.Activation(head, name="activation")(x), name="lstm")
