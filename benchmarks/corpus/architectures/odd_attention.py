"""Self-attention over the steps of a window, and a Dense head.

[batch, length, features] -> EinsumDense -> MultiHeadAttention, LayerNormalization -> Dense -> Flatten -> Dense
"""

from __future__ import annotations

import keras
from keras import layers

from pipeline.common.architectures import Shape


def build(shape: Shape, *, width: int = 16, heads: int = 2, head: str = "linear") -> keras.Model:
    """`width` numbers describe a step; `heads` attention heads share them."""
    inputs = keras.Input((shape.length, shape.features), batch_size=shape.batch_size, name="window")
    # Each step has weights of its own, so that attention knows where a step stands.
    x = layers.EinsumDense("btf,tfw->btw", (shape.length, width), bias_axes="tw", name="embedding")(inputs)
    seen = layers.MultiHeadAttention(heads, max(width // heads, 1), name="attention")(x, x)
    x = layers.LayerNormalization(name="norm")(layers.Add(name="residual")([x, seen]))
    x = layers.Flatten(name="flatten")(layers.Dense(width // 2, activation="gelu", name="mixed")(x))
    return keras.Model(inputs, layers.Dense(shape.outputs, activation=head, name="head")(x), name="odd_attention")
