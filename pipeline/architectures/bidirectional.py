"""Bidirectional LSTM layers and a Dense head (Schuster and Paliwal 1997, "Bidirectional Recurrent Neural Networks").

    [batch, 100, 1] -> LSTM 32 forwards, LSTM 32 backwards -> [batch, 64] -> Dense 1 -> [batch, 1]

Both directions read rows of the window alone, so nothing after it is known. A layer of u units on f inputs has
8u(f + u + 1) weights and 2u outputs. 8,769 weights (8,704 + 65) with one feature. A Masking layer skips the padding of
sequences in both directions.
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
    dropout: float = 0.0,
    recurrent_dropout: float = 0.0,
    norm: bool = False,
    skip: bool = False,
    head: str = "linear",
) -> keras.Model:
    """Stack one pair of LSTM layers per number of `units`.

    Args:
        shape: shapes of inputs and outputs.
        units: widths of the LSTM layers, of each direction.
        activation: of the LSTM layers.
        dropout: of their inputs.
        recurrent_dropout: of their states.
        norm: put a LayerNormalization before the head.
        skip: add a linear function of the window to the head, initially zero.
        head: activation of the outputs.

    Raises:
        ValueError: state is carried; a layer that reads backwards has no state to hand to the next window.
    """
    if shape.batch_size is not None:
        raise ValueError("a bidirectional network carries no state: training.state must be none")
    inputs = x = keras.Input((shape.length, shape.features), name="window")
    if shape.padded:
        x = layers.Masking(name="masking")(x)
    for i, width in enumerate(units):
        lstm = layers.LSTM(
            width,
            activation=activation,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            return_sequences=i < len(units) - 1,
            name=f"lstm_{i}",
        )
        x = layers.Bidirectional(lstm, name=f"bidirectional_{i}")(x)
    if norm:
        x = layers.LayerNormalization(name="norm")(x)
    if not skip:
        return keras.Model(inputs, layers.Dense(shape.outputs, activation=head, name="head")(x), name="bidirectional")
    linear = layers.Dense(shape.outputs, use_bias=False, kernel_initializer="zeros", name="skip")
    x = layers.Add()([layers.Dense(shape.outputs, name="head")(x), linear(layers.Flatten()(inputs))])
    return keras.Model(inputs, layers.Activation(head, name="activation")(x), name="bidirectional")
