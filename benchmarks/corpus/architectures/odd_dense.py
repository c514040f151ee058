"""Dense layers on the flattened window, or, by mistake, on each step of it.

[batch, length, features] -> [batch, length x features] -> Dense -> ... -> Dense -> [batch, outputs]
"""

from __future__ import annotations

import keras
from keras import initializers, layers

from pipeline.common.architectures import Shape


def build(
    shape: Shape,
    *,
    units: tuple[int, ...] = (32, 32),
    activation: str = "tanh",
    deviation: float | None = None,
    flatten: bool = True,
    ones: bool = False,
    l2: float = 0.0,
    head: str = "linear",
    head_bias: float = 0.0,
) -> keras.Model:
    """`deviation` and `head_bias` are those of the initial weights; without `flatten` every step has an output.

    With `ones` the layers read ones in place of the window.
    """
    inputs = x = keras.Input((shape.length, shape.features), batch_size=shape.batch_size, name="window")
    if ones:
        x = keras.ops.ones_like(x)
    if flatten:
        x = layers.Flatten(name="flatten")(x)
    for i, width in enumerate(units):
        kernel = "glorot_uniform" if deviation is None else initializers.RandomNormal(0, deviation)
        penalty = keras.regularizers.L2(l2) if l2 else None
        x = layers.Dense(
            width, activation=activation, kernel_initializer=kernel, kernel_regularizer=penalty, name=f"dense_{i}"
        )(x)
    outputs = layers.Dense(
        shape.outputs, activation=head, bias_initializer=initializers.Constant(head_bias), name="head"
    )(x)
    return keras.Model(inputs, outputs, name="odd_dense")
