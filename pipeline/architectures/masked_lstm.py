"""Masking, LSTM(10) and a Dense head: datascience 67599, the question, and 68047, its answer.

    [batch, 2000, 1] -> Masking 0.0 -> LSTM 10 -> [batch, 10] -> Dense 1, relu -> [batch, 1]

491 weights. The answer leaves out `unit_forget_bias`, which is Keras's default anyway, and uses orthogonal kernels of
gain 0.01.
"""

from __future__ import annotations

import random
from typing import Any

import keras
from keras import layers, ops

from pipeline.common.architectures import Shape


@keras.saving.register_keras_serializable(package="flatline")
class Chrono(keras.initializers.Initializer):
    """Bias of an LSTM whose memory spans `length` steps.

    The forget gate's bias is log U[1, length - 1], the input gate's its negative, the others are 0 (Tallec and Ollivier
    2018, "Can recurrent neural networks warp time?"). Keras orders the gates input, forget, cell, output. `length` must
    be 3 or more.
    """

    def __init__(self, length: int, seed: int | None = None) -> None:
        self.length = length
        self._given_seed = seed
        # As in Keras: keras.utils.set_random_seed also seeds this module.
        self._seed = random.randint(1, 10**9) if seed is None else seed  # noqa: S311 - no secret

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Any:
        """Draw the bias."""
        units = shape[0] // 4
        forget = ops.log(keras.random.uniform((units,), 1.0, self.length - 1.0, dtype=dtype, seed=self._seed))
        return ops.concatenate([-forget, forget, ops.zeros((2 * units,), dtype=dtype)])

    def get_config(self) -> dict[str, Any]:
        """Return the arguments."""
        return {"length": self.length, "seed": self._given_seed}


def build(
    shape: Shape,
    *,
    units: int = 10,
    mask_value: float | None = 0.0,
    unit_forget_bias: bool = True,
    kernel_initializer: str = "glorot_uniform",
    kernel_gain: float = 1.0,
    gate_initializer: str = "default",
    activation: str = "tanh",
    head: str = "relu",
) -> keras.Model:
    """Mask steps, and read the rest with one LSTM.

    Args:
        shape: shapes of inputs and outputs.
        units: width of the LSTM.
        mask_value: skip steps whose cells all equal it; null leaves the Masking layer out.
        unit_forget_bias: start with a bias of 1 in the forget gate; without effect under `gate_initializer: chrono`.
        kernel_initializer: of the LSTM's kernel.
        kernel_gain: gain of an `orthogonal` kernel.
        gate_initializer: default, or chrono for gate biases that suit the window's length.
        activation: of the LSTM.
        head: activation of the outputs.

    Raises:
        ValueError: `gate_initializer` is neither default nor chrono; `kernel_gain` without orthogonal kernels.
    """
    if gate_initializer not in ("default", "chrono"):
        raise ValueError(f"gate_initializer must be default or chrono, not {gate_initializer}")
    if kernel_gain != 1.0 and kernel_initializer != "orthogonal":
        raise ValueError("kernel_gain needs kernel_initializer: orthogonal")
    chrono = gate_initializer == "chrono"
    orthogonal = kernel_initializer == "orthogonal"
    inputs = x = keras.Input((shape.length, shape.features), batch_size=shape.batch_size, name="window")
    if mask_value is not None:
        x = layers.Masking(mask_value, name="masking")(x)
    x = layers.LSTM(
        units,
        activation=activation,
        unit_forget_bias=unit_forget_bias and not chrono,
        kernel_initializer=keras.initializers.Orthogonal(kernel_gain) if orthogonal else kernel_initializer,
        bias_initializer=Chrono(shape.length) if chrono else "zeros",
        stateful=shape.batch_size is not None,
        name="lstm",
    )(x)
    return keras.Model(inputs, layers.Dense(shape.outputs, activation=head, name="head")(x), name="masked_lstm")
