"""A recurrent body and a head, each a `keras.Sequential` of its own inside the network, as many tutorials write it.

[batch, length, features] -> Sequential(GRU or LSTM) -> Sequential(Dense, Dense) -> [batch, outputs]
"""

from __future__ import annotations

import keras
from keras import layers

from pipeline.common.architectures import Shape


def build(
    shape: Shape, *, units: int = 16, cell: str = "gru", split_head: bool = False, head: str = "linear"
) -> keras.Model:
    """`split_head` makes the activation of the outputs a layer of its own; `cell` is gru or lstm."""
    layer = {"gru": layers.GRU, "lstm": layers.LSTM}[cell]
    body = keras.Sequential([layer(units, stateful=shape.batch_size is not None)], name="body")
    last = [layers.Dense(shape.outputs), layers.Activation(head)] if split_head else [layers.Dense(shape.outputs, head)]
    inputs = keras.Input((shape.length, shape.features), batch_size=shape.batch_size, name="window")
    return keras.Model(inputs, keras.Sequential(last, name="head")(body(inputs)), name="odd_nested")
