"""An LSTM in which much can be wrong.

[batch, length, features] -> (Masking) -> LSTM, (Bidirectional) -> Dense -> [batch, outputs]
"""

from __future__ import annotations

import keras
from keras import initializers, layers

from pipeline.common.architectures import Shape


def build(
    shape: Shape,
    *,
    units: int = 16,
    activation: str = "tanh",
    both_ways: bool = False,
    sequences: bool = False,
    mask_value: float | None = None,
    input_deviation: float | None = None,
    forget_bias: float = 1.0,
    gate_bias: float = 0.0,
    l2: float = 0.0,
    dropout: float = 0.0,
    factor: float = 1.0,
    head: str = "linear",
    head_bias: float = 0.0,
) -> keras.Model:
    """`input_deviation` and the biases are initial ones; `sequences` lets the last layer return every step.

    What enters the head is multiplied by `factor`.
    """

    def bias(size: tuple[int, ...], dtype: object = None) -> object:
        parts = [gate_bias, forget_bias, 0.0, gate_bias]  # input, forget, cell, output
        return keras.ops.concatenate([keras.ops.full((units,), one, dtype=dtype) for one in parts])

    inputs = x = keras.Input((shape.length, shape.features), batch_size=shape.batch_size, name="window")
    if mask_value is not None:
        x = layers.Masking(mask_value, name="masking")(x)
    plain = forget_bias == 1.0 and gate_bias == 0.0
    layer = layers.LSTM(
        units,
        activation=activation,
        return_sequences=sequences,
        stateful=shape.batch_size is not None,
        unit_forget_bias=plain,
        bias_initializer="zeros",
        kernel_initializer="glorot_uniform"
        if input_deviation is None
        else initializers.RandomNormal(0, input_deviation),
        kernel_regularizer=keras.regularizers.L2(l2) if l2 else None,
        recurrent_regularizer=keras.regularizers.L2(l2) if l2 else None,
        name="lstm",
    )
    x = (layers.Bidirectional(layer, name="both_ways") if both_ways else layer)(x)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    if factor != 1.0:
        x = layers.Rescaling(factor, name="factor")(x)
    outputs = layers.Dense(
        shape.outputs,
        activation=head,
        bias_initializer=initializers.Constant(head_bias),
        kernel_regularizer=keras.regularizers.L2(l2) if l2 else None,
        name="head",
    )(x)
    model = keras.Model(inputs, outputs, name="odd_lstm")
    if not plain:
        layer.cell.bias.assign(bias((4 * units,), layer.cell.bias.dtype))
    return model
