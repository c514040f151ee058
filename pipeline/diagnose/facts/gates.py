"""What the gates of an LSTM or GRU do, window after window: Keras returns their outputs, never their gates."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np

# A gate this near to 0 or 1 passes less than a twelfth of the gradient that it passes at one half.
_NEAR = 0.02
# Sequences of gates kept for one layer: 32 windows tell means to a hundredth.
_WINDOWS = 32


def facts(layer: Any, inputs: np.ndarray, mask: np.ndarray | None) -> dict[str, Any] | None:
    """Gates and cells of one recurrent layer on some windows.

    Args:
        layer: an LSTM, a GRU, an RNN of one of their cells, or a Bidirectional one around it.
        inputs: what the layer is given, float32 [windows, steps, features].
        mask: bool [windows, steps], False where a step is passed over; None for no mask.

    Returns:
        `forget`, `input` and (LSTM) `output`: means of the gates. For a GRU, forget is its update gate z, which keeps
        the state, and input is 1 - z. `memory`: steps after which a state has fallen to 1/e by the forget gate alone,
        -1 / mean(log f), the largest over units (1/(1 - f) for f near 1; Tallec and Ollivier 2018). `saturated`: share
        of gate values below 0.02 or above 0.98; `closed`: share below 0.02; `cells`: share of the cells' activations
        within 2 % of -1 or 1, None where the activation is not tanh. None for a layer without gates.
    """
    seen = [
        _walk(one, inputs[:_WINDOWS, ::direction], None if mask is None else mask[:_WINDOWS, ::direction])
        for one, direction in _directions(layer)
    ]
    found = [one for one in seen if one is not None]
    if not found:
        return None
    forget = np.concatenate([one["forget"] for one in found], axis=1)  # [windows x steps, units]
    gates = [
        np.concatenate([one[key].ravel() for one in found]) for key in ("forget", "input", "output") if key in found[0]
    ]
    every = np.concatenate(gates)
    memory = -1 / np.minimum(np.log(np.maximum(forget, 1e-30)).mean(axis=0), -1e-9)
    cells = [one["cells"] for one in found if "cells" in one]
    return {
        "forget": float(forget.mean()),
        "input": float(gates[1].mean()),
        "output": float(gates[2].mean()) if len(gates) > 2 else None,
        "memory": float(memory.max()),
        "saturated": float(((every < _NEAR) | (every > 1 - _NEAR)).mean()),
        "closed": float((every < _NEAR).mean()),
        "cells": float((np.abs(np.concatenate(cells, axis=None)) > 1 - _NEAR).mean()) if cells else None,
    }


def _directions(layer: Any) -> Iterator[tuple[Any, int]]:
    """The cells of a recurrent layer, each with the direction that it reads in."""
    for one in (layer.forward_layer, layer.backward_layer) if hasattr(layer, "forward_layer") else (layer,):
        yield getattr(one, "cell", None), -1 if getattr(one, "go_backwards", False) else 1


def _walk(cell: Any, inputs: np.ndarray, mask: np.ndarray | None) -> dict[str, np.ndarray] | None:
    """Gates at every step that is not passed over, [windows x steps, units]."""
    steps = {keras.layers.LSTMCell: _lstm, keras.layers.GRUCell: _gru}.get(type(cell))
    if steps is None:
        return None
    weights = [keras.ops.convert_to_numpy(one).astype(np.float32) for one in (cell.kernel, cell.recurrent_kernel)]
    weights.append(keras.ops.convert_to_numpy(cell.bias) if cell.use_bias else np.zeros(1, dtype=np.float32))
    state = np.zeros((2, len(inputs), cell.units), dtype=np.float32)
    seen: dict[str, list[np.ndarray]] = {}
    for t in range(inputs.shape[1]):
        there = np.ones(len(inputs), dtype=bool) if mask is None else mask[:, t]
        if not there.any():
            continue
        state[:, there], gates = steps(cell, weights, inputs[there, t], state[:, there])
        for key, value in gates.items():
            seen.setdefault(key, []).append(value)
    return {key: np.concatenate(values) for key, values in seen.items()} or None


def _lstm(cell: Any, weights: list[np.ndarray], x: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
    """One step of Keras's LSTM: gates in the order input, forget, cell, output; state is (h, c)."""
    z = x @ weights[0] + state[0] @ weights[1] + weights[2]
    i, f, c, o = np.split(z, 4, axis=1)
    gate, activate = _numpy(cell.recurrent_activation), _numpy(cell.activation)
    i, f, o = gate(i), gate(f), gate(o)
    c = f * state[1] + i * activate(c)
    squashed = activate(c)
    seen = {"forget": f, "input": i, "output": o}
    return np.stack([o * squashed, c]), seen | ({"cells": squashed} if cell.activation.__name__ == "tanh" else {})


def _gru(cell: Any, weights: list[np.ndarray], x: np.ndarray, state: np.ndarray) -> tuple[np.ndarray, dict[str, Any]]:
    """One step of Keras's GRU: gates in the order update, reset, candidate; state is (h, unused)."""
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
    return np.stack([z * h + (1 - z) * candidate, state[1]]), {"forget": z, "input": 1 - z}


def _numpy(activation: Any) -> Callable[[np.ndarray], np.ndarray]:
    """An activation on arrays: a call of Keras costs 50 µs, and a window may have thousands of steps."""
    known: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "sigmoid": lambda x: 1 / (1 + np.exp(-np.clip(x, -60, 60))),
        "tanh": np.tanh,
        "linear": lambda x: x,
        "relu": lambda x: np.maximum(x, 0),
    }
    return known.get(
        activation.__name__, lambda x: keras.ops.convert_to_numpy(activation(keras.ops.convert_to_tensor(x)))
    )
