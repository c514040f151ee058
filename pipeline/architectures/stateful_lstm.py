"""Two LSTM(50) with recurrent dropout and a Dense head of three sigmoids: stats 470563.

    [500, 10, 22] -> LSTM 50 -> [500, 10, 50] -> LSTM 50 -> [500, 50] -> Dense 3, sigmoid -> [500, 3]

34,953 weights (14,600 + 20,200 + 153). State is carried if `training.state` says so; the batch size is then fixed.
"""

from __future__ import annotations

import keras
from keras import layers

from pipeline.common.architectures import Shape


def build(
    shape: Shape,
    *,
    units: tuple[int, ...] = (50, 50),
    activation: str = "tanh",
    dropout: float = 0.2,
    recurrent_dropout: float = 0.2,
    head: str = "sigmoid",
) -> keras.Model:
    """Stack one LSTM per number of `units`; `dropout` is the rate of a Dropout layer after each."""
    inputs = x = keras.Input((shape.length, shape.features), batch_size=shape.batch_size, name="window")
    for i, width in enumerate(units):
        x = layers.LSTM(
            width,
            activation=activation,
            recurrent_dropout=recurrent_dropout,
            return_sequences=i < len(units) - 1,
            stateful=shape.batch_size is not None,
            name=f"lstm_{i}",
        )(x)
        x = layers.Dropout(dropout, name=f"dropout_{i}")(x)
    return keras.Model(inputs, layers.Dense(shape.outputs, activation=head, name="head")(x), name="stateful_lstm")
