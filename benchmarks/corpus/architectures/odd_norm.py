"""A recurrent layer between normalisations, and a Dense head.

[batch, length, features] -> (BatchNormalization) -> GRU -> LayerNormalization or BatchNormalization -> Dense
"""

from __future__ import annotations

import keras
from keras import layers

from pipeline.common.architectures import Shape


def build(
    shape: Shape, *, units: int = 16, norm: str = "layer", inputs_too: bool = False, head: str = "linear"
) -> keras.Model:
    """`norm` is layer or batch; with `inputs_too` a BatchNormalization comes before the GRU."""
    kinds = {
        "layer": lambda: layers.LayerNormalization(name="norm"),
        "batch": lambda: layers.BatchNormalization(momentum=0.9, name="norm"),
    }
    inputs = x = keras.Input((shape.length, shape.features), batch_size=shape.batch_size, name="window")
    if inputs_too:
        x = layers.BatchNormalization(momentum=0.9, name="norm_inputs")(x)
    x = layers.GRU(units, stateful=shape.batch_size is not None, name="gru")(x)
    x = kinds[norm]()(x)
    return keras.Model(inputs, layers.Dense(shape.outputs, activation=head, name="head")(x), name="odd_norm")
