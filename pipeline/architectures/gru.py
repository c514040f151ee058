"""GRU layers and a Dense head (Cho et al. 2014, "Learning Phrase Representations using RNN Encoder-Decoder").

    [batch, 100, 1] -> GRU 32 -> [batch, 32] -> Dense 1 -> [batch, 1]

A layer of u units on f inputs has 3u(f + u + 2) weights: Keras resets the state after its matrix product, as cuDNN
does, with a second bias. 3,393 weights (3,360 + 33) with one feature. A Masking layer skips the padding of sequences.
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
    """Stack one GRU per number of `units`.

    Args:
        shape: shapes of inputs and outputs.
        units: widths of the GRU layers.
        activation: of the GRU layers.
        recurrent_activation: of their gates.
        dropout: of their inputs.
        recurrent_dropout: of their states.
        norm: put a LayerNormalization before the head.
        skip: add a linear function of the window to the head, initially zero.
        head: activation of the outputs.
    """
    inputs = x = keras.Input((shape.length, shape.features), batch_size=shape.batch_size, name="window")
    if shape.padded:
        x = layers.Masking(name="masking")(x)
    for i, width in enumerate(units):
        x = layers.GRU(
            width,
            activation=activation,
            recurrent_activation=recurrent_activation,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            return_sequences=i < len(units) - 1,
            stateful=shape.batch_size is not None,
            name=f"gru_{i}",
        )(x)
    if norm:
        x = layers.LayerNormalization(name="norm")(x)
    if not skip:
        return keras.Model(inputs, layers.Dense(shape.outputs, activation=head, name="head")(x), name="gru")
    linear = layers.Dense(shape.outputs, use_bias=False, kernel_initializer="zeros", name="skip")
    x = layers.Add()([layers.Dense(shape.outputs, name="head")(x), linear(layers.Flatten()(inputs))])
    return keras.Model(inputs, layers.Activation(head, name="activation")(x), name="gru")
