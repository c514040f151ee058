"""Temporal convolutional network (Bai et al. 2018, arXiv 1803.01271).

    [batch, 100, 1] -> 4 blocks of 2 causal Conv1D 32 -> [batch, 100, 32] -> last step -> Dense 1 -> [batch, 1]

Block i has dilation 2^i. The output depends on the last 1 + 2(k - 1)(2^n - 1) rows of the window, for kernels of k
rows and n blocks: 61 with the defaults. A block of u filters on f inputs has u(kf + 1) + u(ku + 1) weights, and
u(f + 1) more for the 1 x 1 convolution beside it where u and f differ. Weight normalisation is left out. 21,953 weights
with one feature. Every convolution reads zeros in rows of padding, as causal padding supplies before the window.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers

from pipeline.common.architectures import Shape


@keras.saving.register_keras_serializable(package="flatline")
class Kept(layers.Layer):
    """Return 1 for each step that is not masked and 0 for the others: [batch, steps, 1]. The mask ends here."""

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mask as numbers."""
        if mask is None:
            return keras.ops.ones_like(inputs[:, :, :1])
        return keras.ops.cast(mask, self.compute_dtype)[:, :, None]

    def compute_mask(self, inputs: Any, previous_mask: Any) -> None:
        """Return None: convolutions take no mask."""


def build(
    shape: Shape,
    *,
    units: tuple[int, ...] = (32, 32, 32, 32),
    kernel: int = 3,
    activation: str = "relu",
    dropout: float = 0.0,
    norm: bool = False,
    skip: bool = False,
    head: str = "linear",
) -> keras.Model:
    """Stack one residual block of two causal convolutions per number of `units`.

    Args:
        shape: shapes of inputs and outputs.
        units: filters of the convolutions of each block.
        kernel: rows that one convolution reads.
        activation: of the convolutions, and after each sum.
        dropout: of whole channels, after each convolution.
        norm: put a LayerNormalization before the head.
        skip: add a linear function of the window to the head, initially zero.
        head: activation of the outputs.
    """
    inputs = x = keras.Input((shape.length, shape.features), batch_size=shape.batch_size, name="window")
    kept = Kept(name="kept")(layers.Masking(name="masking")(inputs)) if shape.padded else None
    for i, width in enumerate(units):
        beside = x if x.shape[-1] == width else layers.Conv1D(width, 1, name=f"beside_{i}")(x)
        for half in ("a", "b"):
            if kept is not None:
                x = layers.Multiply(name=f"kept_{i}{half}")([x, kept])
            x = layers.Conv1D(
                width, kernel, padding="causal", dilation_rate=2**i, activation=activation, name=f"conv_{i}{half}"
            )(x)
            x = layers.SpatialDropout1D(dropout, name=f"dropout_{i}{half}")(x)
        x = layers.Activation(activation, name=f"block_{i}")(layers.Add()([x, beside]))
    x = layers.Flatten()(layers.Cropping1D((shape.length - 1, 0), name="last")(x))
    if norm:
        x = layers.LayerNormalization(name="norm")(x)
    if not skip:
        return keras.Model(inputs, layers.Dense(shape.outputs, activation=head, name="head")(x), name="tcn")
    linear = layers.Dense(shape.outputs, use_bias=False, kernel_initializer="zeros", name="skip")
    x = layers.Add()([layers.Dense(shape.outputs, name="head")(x), linear(layers.Flatten()(inputs))])
    return keras.Model(inputs, layers.Activation(head, name="activation")(x), name="tcn")
