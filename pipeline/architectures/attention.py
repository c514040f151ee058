"""Small Transformer encoder with positions (Vaswani et al. 2017, "Attention Is All You Need").

    [batch, 100, 1] -> Dense 32, positions -> 2 blocks of attention and Dense 64, 32 -> [batch, 100, 32]
                    -> mean over the steps -> Dense 1 -> [batch, 1]

The normalisation stands before attention and Dense layers, so that no warm-up is needed (Xiong et al. 2020, "On Layer
Normalization in the Transformer Architecture"). Rows of padding are not attended to and not averaged, and positions
are counted from the first row after them. A block of width w and u hidden units has 4w(w + 1) weights in its
attention, u(w + 1) + w(u + 1) in its Dense layers and 4w in its normalisations. 17,249 weights with one feature.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import layers

from pipeline.common.architectures import Shape


@keras.saving.register_keras_serializable(package="flatline")
class Positions(layers.Layer):
    """Add the sines and cosines of the position: of [batch, steps, width], without weights; the width is even."""

    def call(self, inputs: Any) -> Any:
        """Return the inputs with their positions."""
        return inputs + self._waves(*inputs.shape[1:])

    def _waves(self, steps: int, width: int) -> Any:
        angles = np.arange(steps)[:, None] / 10_000.0 ** (np.arange(0, width, 2) / width)
        waves = np.stack([np.sin(angles), np.cos(angles)], axis=2).reshape(1, steps, width)
        return keras.ops.convert_to_tensor(waves, dtype=self.compute_dtype)


@keras.saving.register_keras_serializable(package="flatline")
class MaskedPositions(Positions):
    """Add the sines and cosines of the position among the steps that are not masked."""

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Return the inputs with their positions."""
        if mask is None:
            return super().call(inputs)
        position = keras.ops.maximum(keras.ops.cumsum(keras.ops.cast(mask, "int32"), axis=1) - 1, 0)
        return inputs + keras.ops.take(self._waves(*inputs.shape[1:])[0], position, axis=0)

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """Return the mask of the inputs."""
        return previous_mask


@keras.saving.register_keras_serializable(package="flatline")
class MaskedMean(layers.GlobalAveragePooling1D):
    """Average the steps that are not masked: 0 where all are, instead of a division by 0."""

    def call(self, inputs: Any, mask: Any = None) -> Any:
        """Return the mean."""
        if mask is None:
            return super().call(inputs)
        kept = keras.ops.cast(mask, self.compute_dtype)[:, :, None]
        return keras.ops.sum(inputs * kept, axis=1) / keras.ops.maximum(keras.ops.sum(kept, axis=1), 1.0)


def build(
    shape: Shape,
    *,
    units: tuple[int, ...] = (64, 64),
    width: int = 32,
    heads: int = 4,
    activation: str = "relu",
    dropout: float = 0.0,
    skip: bool = False,
    head: str = "linear",
) -> keras.Model:
    """Stack one encoder block per number of `units`.

    Args:
        shape: shapes of inputs and outputs.
        units: hidden units of the Dense layers of each block.
        width: of the steps between the blocks; an even multiple of `heads`.
        heads: of the attention.
        activation: of the hidden units.
        dropout: of attention weights, and of the outputs of attention and Dense layers.
        skip: add a linear function of the window to the head, initially zero.
        head: activation of the outputs.

    Raises:
        ValueError: the width is odd, or no multiple of the heads.
    """
    if width % 2 or width % heads:
        raise ValueError(f"width must be even and a multiple of heads, {heads}; received {width}")
    inputs = x = keras.Input((shape.length, shape.features), batch_size=shape.batch_size, name="window")
    if shape.padded:
        x = layers.Masking(name="masking")(x)
    positions = MaskedPositions(name="positions") if shape.padded else Positions(name="positions")
    x = positions(layers.Dense(width, name="embedding")(x))
    for i, hidden in enumerate(units):
        normal = layers.LayerNormalization(name=f"norm_{i}a")(x)
        seen = layers.MultiHeadAttention(heads, width // heads, dropout=dropout, name=f"attention_{i}")(normal, normal)
        x = layers.Add()([x, layers.Dropout(dropout, name=f"dropout_{i}a")(seen)])
        normal = layers.LayerNormalization(name=f"norm_{i}b")(x)
        made = layers.Dense(hidden, activation=activation, name=f"hidden_{i}")(normal)
        made = layers.Dense(width, name=f"dense_{i}")(made)
        x = layers.Add()([x, layers.Dropout(dropout, name=f"dropout_{i}b")(made)])
    mean = MaskedMean(name="mean") if shape.padded else layers.GlobalAveragePooling1D(name="mean")
    x = mean(layers.LayerNormalization(name="norm")(x))
    if not skip:
        return keras.Model(inputs, layers.Dense(shape.outputs, activation=head, name="head")(x), name="attention")
    linear = layers.Dense(shape.outputs, use_bias=False, kernel_initializer="zeros", name="skip")
    x = layers.Add()([layers.Dense(shape.outputs, name="head")(x), linear(layers.Flatten()(inputs))])
    return keras.Model(inputs, layers.Activation(head, name="activation")(x), name="attention")
