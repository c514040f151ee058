"""DLinear (Zeng et al. 2023, "Are Transformers Effective for Time Series Forecasting?"): two linear layers.

    [batch, 96, 1] -> trend, a centred average of 25 rows of the window -> [batch, 96] -> Dense 24 -> [batch, 24]
                   -> the window less the trend                          -> [batch, 96] -> Dense 24, and their sum

The first and the last row are repeated, so that the average exists at the ends; it reads rows of the window alone. The
paper forecasts each series from itself alone: name the target as the only feature for that. Of further features both
layers read all. Padding of sequences is read as zeros. 2 x outputs x (length x features + 1) weights: 4,656 of 96 rows
and 24 steps ahead.
"""

from __future__ import annotations

import keras
from keras import layers

from pipeline.common.architectures import Shape


def build(shape: Shape, *, kernel: int = 25, dropout: float = 0.0, head: str = "linear") -> keras.Model:
    """Put a Dense layer on the trend of the window, another on the rest, and add the two.

    Args:
        shape: shapes of inputs and outputs.
        kernel: rows of the average, an odd number.
        dropout: of the cells of both.
        head: activation of the outputs.

    Raises:
        ValueError: the average has no middle row.
    """
    if kernel < 1 or kernel % 2 == 0:
        raise ValueError(f"kernel must be odd; received {kernel}")
    inputs = keras.Input((shape.length, shape.features), batch_size=shape.batch_size, name="window")
    padded, half = inputs, kernel // 2
    if half:
        first = layers.UpSampling1D(half, name="before")(layers.Cropping1D((0, shape.length - 1), name="first")(inputs))
        last = layers.UpSampling1D(half, name="after")(layers.Cropping1D((shape.length - 1, 0), name="last")(inputs))
        padded = layers.Concatenate(axis=1, name="padded")([first, inputs, last])
    trend = layers.AveragePooling1D(kernel, strides=1, name="trend")(padded)
    rest = layers.Subtract(name="rest")([inputs, trend])
    made = []
    for name, x in (("trend_head", trend), ("rest_head", rest)):
        x = layers.Dropout(dropout)(layers.Flatten()(x)) if dropout else layers.Flatten()(x)
        made.append(layers.Dense(shape.outputs, name=name)(x))
    return keras.Model(inputs, layers.Activation(head, name="activation")(layers.Add()(made)), name="dlinear")
