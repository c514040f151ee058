"""Layers of a network as a graph: what enters each of them, which one ends the network, and what their units do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np

from pipeline.network import backends

# A bound is reached within this share of the range between the two.
_NEAR = 0.02
# Layers that are an activation.
_ACTIVATIONS = {"ReLU": "relu", "Softmax": "softmax", "LeakyReLU": "leaky_relu", "ELU": "elu"}
_PASSING = (keras.layers.Reshape, keras.layers.Flatten, keras.layers.Dropout)


def graph(network: keras.Model) -> dict[str, keras.KerasTensor]:
    """Output of each layer that stands at one place of the graph and gives one tensor there, by the layer's name."""
    found = {}
    for layer in network.layers:
        try:
            output = layer.output
        except (AttributeError, ValueError):
            continue
        if isinstance(output, keras.KerasTensor):
            found[layer.name] = output
    return found


def entering(layer: Any) -> tuple[keras.KerasTensor | None, keras.KerasTensor | None]:
    """The one tensor that enters a layer, and the mask that comes with it; None where there is not one such."""
    try:
        given = layer.input if isinstance(layer.input, list) else [layer.input]
    except (AttributeError, ValueError):
        return None, None
    values = [one for one in given if isinstance(one, keras.KerasTensor) and one.dtype != "bool"]
    masks = [one for one in given if isinstance(one, keras.KerasTensor) and one.dtype == "bool"]
    return values[0] if len(values) == 1 else None, masks[0] if len(masks) == 1 else None


def head(network: keras.Model) -> Any:
    """The layer whose activation ends the network; None where the network is no graph of layers."""
    try:
        layer = network.output._keras_history.operation
        while isinstance(layer, _PASSING):
            layer = layer.input._keras_history.operation
    except (AttributeError, ValueError):
        return None
    return layer if activation(layer) is not None else None


def _inner(layer: Any) -> Any:
    return getattr(layer, "forward_layer", None) or getattr(layer, "layer", None) or layer


def activation(layer: Any) -> Callable[..., Any] | None:
    """The activation of a layer, or of what it wraps; None where it has none."""
    inner = _inner(layer)
    if type(inner).__name__ in _ACTIVATIONS:
        return keras.activations.get(_ACTIVATIONS[type(inner).__name__])
    return getattr(inner, "activation", None) or getattr(getattr(inner, "cell", None), "activation", None)


def before(layer: Any, given: np.ndarray) -> np.ndarray | None:
    """What enters a layer's activation, float32 [windows, …, units]; None for a layer whose sum is not known here."""
    if isinstance(layer, keras.layers.Dense):
        bias = keras.ops.convert_to_numpy(layer.bias) if layer.use_bias else 0.0
        return given @ keras.ops.convert_to_numpy(layer.kernel) + bias
    return given if isinstance(layer, keras.layers.Activation) or type(layer).__name__ in _ACTIVATIONS else None


def describe(layer: Any) -> dict[str, Any]:
    """Name, type, units, activation, whether it is recurrent, and number of weights."""
    inner = _inner(layer)
    cell = getattr(inner, "cell", inner)
    return {
        "name": layer.name,
        "type": type(layer).__name__ + (f"({type(inner).__name__})" if inner is not layer else ""),
        "units": getattr(cell, "units", getattr(cell, "filters", None)),
        "activation": getattr(activation(layer), "__name__", None),
        "recurrent": isinstance(inner, keras.layers.RNN),
        "weights": int(layer.count_params()),
    }


def dropout(layer: Any) -> float:
    """The largest rate of any dropout of a layer."""
    kinds = ("rate", "dropout", "recurrent_dropout")
    rates = [getattr(layer, key, None) for key in kinds if "ropout" in key or "ropout" in type(layer).__name__]
    return max((float(rate) for rate in rates if isinstance(rate, int | float)), default=0.0)


def dead(squash: Any, summed: np.ndarray) -> float:
    """Share of outputs that do not move with what enters the activation: a ReLU below 0, a softmax of one unit."""
    weights = np.random.default_rng(0).uniform(0.5, 1.5, size=summed.shape[-1:]).astype(np.float32)
    slope = backends.gradients(lambda at: keras.ops.sum(squash(at[0]) * weights), jit_compile=False)
    return float((np.abs(slope([summed.astype(np.float32)])[0]) < 1e-12).mean())


def units(layer: Any, said: np.ndarray) -> dict[str, Any]:
    """Units that say nothing: always 0 (`dead`), at a bound (`saturated`), or the same for all windows (`constant`).

    Args:
        said: outputs, float32 [windows, …, units].
    """
    flat = np.abs(said).reshape(-1, said.shape[-1])
    spread, size = said.std(axis=0), np.abs(said).mean(axis=0)
    still = spread <= 1e-5 * np.maximum(size, 1e-6)  # float32 rounding
    low, high = bounds(activation(layer))
    saturated = None
    if low is not None and high is not None:
        near = _NEAR * (high - low)
        saturated = float(((said < low + near) | (said > high - near)).mean())
    return {
        "dead": float((flat.max(axis=0) == 0).mean()),
        "saturated": saturated,
        "constant": float(still.reshape(-1, said.shape[-1]).all(axis=0).mean()),
    }


def bounds(squash: Any) -> tuple[float | None, float | None]:
    """The range of an activation, seen by trying it; None on a side that has no bound."""
    if squash is None or getattr(squash, "__name__", "") == "linear":
        return None, None
    if squash.__name__ in ("softmax", "log_softmax"):
        return (0.0, 1.0) if squash.__name__ == "softmax" else (None, 0.0)
    tried = np.concatenate([[-1e4, 1e4], np.linspace(-20, 20, 4001)]).astype(np.float32)
    try:
        said = keras.ops.convert_to_numpy(squash(keras.ops.convert_to_tensor(tried[:, None])))
    except (TypeError, ValueError):
        return None, None
    low, high = float(said.min()), float(said.max())
    # What still grows at 10,000, even with a small slope, has no bound.
    return low if low > -50 else None, high if high < 50 else None
