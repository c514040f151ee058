"""Gates of an LSTM or GRU at every step, recomputed here: Keras returns the layer's outputs, never its gates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

from pipeline.diagnose.facts.network import Gates

# A gate this near to 0 or 1 passes less than a twelfth of the gradient that it passes at one half.
_NEAR = 0.02
# A forget gate that its bias alone opens so far, and an input gate that is as far closed, are a long memory by design:
# the units that chrono initialisation gives one.
_OPEN = 0.9
# Gates of a step that make up the memory: forget and input gate, or z and 1 - z.
_PAIRED = {keras.layers.LSTMCell: 2, keras.layers.GRUCell: 2}
# Windows of one layer: 32 give a mean to a hundredth.
_WINDOWS = 32


def facts(layer: Any, inputs: np.ndarray, mask: np.ndarray | None) -> Gates | None:
    """Measure the gates of one recurrent layer.

    Args:
        layer: an LSTM, a GRU, an RNN of one of their cells, or a Bidirectional one around it.
        inputs: of the layer, float32 [windows, steps, features].
        mask: bool [windows, steps], False where a step is skipped; None for no mask.

    Returns:
        None for a layer without gates.
    """
    gates: list[np.ndarray] = []
    for cell, direction in _directions(layer):
        gates += _walk(cell, inputs[:_WINDOWS, ::direction], None if mask is None else mask[:_WINDOWS, ::direction])
    if not gates:
        return None
    values = np.concatenate(gates, axis=None)
    values = values[~np.isnan(values)]
    return Gates(saturated=float(((values < _NEAR) | (values > 1 - _NEAR)).mean()) if len(values) else 0.0)


def _directions(layer: Any) -> Iterator[tuple[Any, int]]:
    """Yield the cells of a recurrent layer, each with the direction that it reads in."""
    for part in (layer.forward_layer, layer.backward_layer) if hasattr(layer, "forward_layer") else (layer,):
        yield getattr(part, "cell", None), -1 if getattr(part, "go_backwards", False) else 1


def _walk(cell: Any, inputs: np.ndarray, mask: np.ndarray | None) -> list[np.ndarray]:
    """Return all gates at every step that is not skipped, each [windows, units]; an empty list for other cells."""
    steps = {keras.layers.LSTMCell: _lstm, keras.layers.GRUCell: _gru}.get(type(cell))
    if steps is None:
        return []
    weights = [keras.ops.convert_to_numpy(kernel).astype(np.float32) for kernel in (cell.kernel, cell.recurrent_kernel)]
    weights.append(keras.ops.convert_to_numpy(cell.bias) if cell.use_bias else np.zeros(1, dtype=np.float32))
    state = np.zeros((2, len(inputs), cell.units), dtype=np.float32)
    remembers = _remembers(cell, weights[2])
    gates: list[np.ndarray] = []
    for t in range(inputs.shape[1]):
        there = np.ones(len(inputs), dtype=bool) if mask is None else mask[:, t]
        if there.any():
            state[:, there], at_step = steps(cell, weights, inputs[there, t], state[:, there])
            gates += [
                np.where(remembers, np.nan, gate) if i < _PAIRED[type(cell)] else gate for i, gate in enumerate(at_step)
            ]
    return gates


def _remembers(cell: Any, bias: np.ndarray) -> np.ndarray:
    """Return which units keep their state where no input and no output speaks against it: bool [units]."""
    if bias.size == 1:
        return np.zeros(cell.units, dtype=bool)
    gate = _numpy(cell.recurrent_activation)
    if isinstance(cell, keras.layers.GRUCell):
        return np.asarray(gate(np.atleast_2d(bias).sum(axis=0)[: cell.units]) > _OPEN)
    admits, keeps = np.split(bias, 4)[:2]
    return np.asarray((gate(keeps) > _OPEN) & (gate(admits) < 1 - _OPEN))


def _lstm(
    cell: Any, weights: list[np.ndarray], x: np.ndarray, state: np.ndarray
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Take one step of Keras's LSTM, its gates in the order input, forget, cell, output; state is (h, c).

    Returns:
        The next state, and the gates forget, input, output.
    """
    z = x @ weights[0] + state[0] @ weights[1] + weights[2]
    i, f, c, o = np.split(z, 4, axis=1)
    gate, activate = _numpy(cell.recurrent_activation), _numpy(cell.activation)
    i, f, o = gate(i), gate(f), gate(o)
    c = f * state[1] + i * activate(c)
    return np.stack([o * activate(c), c]), [f, i, o]


def _gru(cell: Any, weights: list[np.ndarray], x: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
    """Take one step of Keras's GRU, its gates in the order update, reset, candidate; state is (h, unused).

    Returns:
        The next state, and two gates: z, which keeps the state, and 1 - z, which admits the candidate.
    """
    kernel, recurrent, bias = weights
    bias = (
        np.broadcast_to(bias, (2, kernel.shape[1])) if bias.size == 1 or bias.ndim == 2 else np.stack([bias, 0 * bias])
    )
    gate, activate = _numpy(cell.recurrent_activation), _numpy(cell.activation)
    xz, xr, xh = np.split(x @ kernel + bias[0], 3, axis=1)
    h = state[0]
    uz, ur, uh = np.split(recurrent, 3, axis=1)
    bz, br, bh = np.split(bias[1], 3)
    z, r = gate(xz + h @ uz + bz), gate(xr + h @ ur + br)
    candidate = activate(xh + (r * (h @ uh + bh) if cell.reset_after else (r * h) @ uh))
    return np.stack([z * h + (1 - z) * candidate, state[1]]), [z, 1 - z]


def _numpy(activation: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Return an activation for arrays: a call of Keras costs 50 µs, and a window may have thousands of steps."""
    known: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "sigmoid": lambda x: 1 / (1 + np.exp(-np.clip(x, -60, 60))),
        "tanh": np.tanh,
        "linear": lambda x: x,
        "relu": lambda x: np.maximum(x, 0),
    }
    return known.get(
        activation.__name__, lambda x: keras.ops.convert_to_numpy(activation(keras.ops.convert_to_tensor(x)))
    )
