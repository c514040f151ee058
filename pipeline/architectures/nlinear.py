"""NLinear (Zeng et al. 2023, "Are Transformers Effective for Time Series Forecasting?"): one linear layer.

    [batch, 96, 1] -> less its last row -> [batch, 96] -> Dense 24 -> plus the target's last value -> [batch, 24]

The paper forecasts each series from itself alone: name the target as the only feature for that. Of further features
the layer reads the rows less their last ones, too. The last value is added where the network predicts the target itself
and the target is a feature, in the same units; not for classes, changes and other targets. Padding of sequences is read
as zeros, less the last row. outputs x (length x features + 1) weights: 2,328 of 96 rows and 24 steps ahead.
"""

from __future__ import annotations

import keras
from keras import layers

from pipeline.common.architectures import Shape


def build(shape: Shape, *, dropout: float = 0.0, head: str = "linear") -> keras.Model:
    """Put one Dense layer on the window less its last row.

    Args:
        shape: shapes of inputs and outputs.
        dropout: of the cells of the window.
        head: activation of the outputs; the last value is added before it.
    """
    inputs = keras.Input((shape.length, shape.features), batch_size=shape.batch_size, name="window")
    last = layers.Cropping1D((shape.length - 1, 0), name="last")(inputs)
    x = layers.Flatten(name="flatten")(layers.Subtract(name="less_last")([inputs, last]))
    if dropout:
        x = layers.Dropout(dropout, name="dropout")(x)
    if shape.level is None:
        return keras.Model(inputs, layers.Dense(shape.outputs, activation=head, name="head")(x), name="nlinear")
    # Channels become steps, so that cropping selects the target among them.
    around = (shape.level, shape.features - shape.level - 1)
    level = layers.Flatten(name="level")(layers.Cropping1D(around, name="target")(layers.Permute((2, 1))(last)))
    x = layers.Add(name="plus_level")([layers.Dense(shape.outputs, name="head")(x), level])
    return keras.Model(inputs, layers.Activation(head, name="activation")(x), name="nlinear")
