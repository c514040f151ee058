"""Four SimpleRNN(64), regularised everywhere, and a Dense head: datascience 107289.

    [batch, 60, 1] -> SimpleRNN 64 x3 -> [batch, 60, 64] -> SimpleRNN 64 -> [batch, 64] -> Dense 1 -> [batch, 1]

29,057 weights; elu, tanh, selu, tanh. The l2 penalty of 0.01 applies to kernels and biases, not to recurrent kernels; a
Dropout of 0.2 follows each layer. A Masking layer skips the padding of sequences.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from pipeline.common.architectures import Shape


def build(
    shape: Shape,
    *,
    units: tuple[int, ...] = (64, 64, 64, 64),
    activations: tuple[str, ...] = ("elu", "tanh", "selu", "tanh"),
    l2: float = 0.01,
    dropout: float = 0.2,
    recurrent_dropout: float = 0.0,
    kernel_initializer: str = "he_normal",
    bias_initializer: str = "random_normal",
    head: str = "linear",
) -> keras.Model:
    """Stack one SimpleRNN per number of `units`, with its own entry of `activations`.

    Raises:
        ValueError: the numbers of activations and units differ.
    """

    def common() -> dict[str, Any]:
        # By name, so that every layer draws its own weights: an initialiser object used twice gives equal weights.
        return {
            "kernel_regularizer": keras.regularizers.L2(l2) if l2 else None,
            "bias_regularizer": keras.regularizers.L2(l2) if l2 else None,
            "kernel_initializer": kernel_initializer,
            "bias_initializer": bias_initializer,
        }

    inputs = x = keras.Input((shape.length, shape.features), batch_size=shape.batch_size, name="window")
    if shape.padded:
        x = layers.Masking(name="masking")(x)
    for i, (width, activation) in enumerate(zip(units, activations, strict=True)):
        x = layers.SimpleRNN(
            width,
            activation=activation,
            recurrent_dropout=recurrent_dropout,
            return_sequences=i < len(units) - 1,
            stateful=shape.batch_size is not None,
            name=f"rnn_{i}",
            **common(),
        )(x)
        x = layers.Dropout(dropout, name=f"dropout_{i}")(x)
    outputs = layers.Dense(shape.outputs, activation=head, name="head", **common())(x)
    return keras.Model(inputs, outputs, name="simple_rnn")
