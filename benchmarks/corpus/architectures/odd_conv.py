"""Causal convolutions over the steps of a window, then one number per filter or all of them, and a Dense head.

[batch, length, features] -> Conv1D -> ... -> (pooling or Flatten) -> Dense -> [batch, outputs]
"""

from __future__ import annotations

import keras
from keras import layers

from pipeline.common.architectures import Shape


def build(
    shape: Shape,
    *,
    filters: tuple[int, ...] = (16, 16),
    kernel: int = 3,
    pool: bool = False,
    norm: bool = False,
    dropout: float = 0.0,
    head: str = "linear",
) -> keras.Model:
    """`pool` averages each filter over the window; `norm` puts a BatchNormalization behind each convolution."""
    inputs = x = keras.Input((shape.length, shape.features), batch_size=shape.batch_size, name="window")
    for i, width in enumerate(filters):
        x = layers.Conv1D(width, kernel, padding="causal", dilation_rate=2**i, name=f"conv_{i}")(x)
        if norm:
            x = layers.BatchNormalization(momentum=0.9, name=f"norm_{i}")(x)
        x = layers.Activation("relu", name=f"relu_{i}")(x)
    x = layers.GlobalAveragePooling1D(name="pool")(x) if pool else layers.Flatten(name="flatten")(x)
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    return keras.Model(inputs, layers.Dense(shape.outputs, activation=head, name="head")(x), name="odd_conv")
