"""Layers of a network as a graph: the inputs of each, the head, and the state of their units."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import keras
import numpy as np

from pipeline.network import backends

# A bound is reached within this share of the range between the two.
_NEAR = 0.02
# Layers that are an activation.
_ACTIVATIONS = {"ReLU": "relu", "Softmax": "softmax", "LeakyReLU": "leaky_relu", "ELU": "elu"}
_PASSING = (keras.layers.Reshape, keras.layers.Flatten, keras.layers.Dropout)


def flat(network: keras.Model) -> keras.Model:
    """Return the network with the layers of nested models in their place, as one graph of the same layers.

    The weights are shared. A network that is no graph is returned as it is.
    """
    if not any(isinstance(layer, keras.Model) for layer in network.layers):
        return network
    try:
        outer = keras.Model(network.inputs, network.outputs[0])  # a Sequential model has no calls to replace
        made = keras.models.clone_model(outer, clone_function=lambda layer: layer, call_function=_inline)
    except (AttributeError, TypeError, ValueError):
        return network
    return flat(made) if any(isinstance(layer, keras.Model) for layer in made.layers) else made


def _inline(layer: Any, *given: Any, **named: Any) -> Any:
    """Call a layer; of a nested model every layer by itself, so that each becomes a node of the graph outside."""
    if isinstance(layer, keras.Model):
        return layer.call(*given)
    return layer(*given, **named)


class Node(NamedTuple):
    """One call of a layer."""

    layer: Any
    inputs: list[keras.KerasTensor]
    outputs: list[keras.KerasTensor]


def nodes(network: keras.Model) -> list[Node]:
    """Return the calls that lead from the inputs to the outputs, inputs first; none where it is no graph."""
    try:
        waiting = list(network.outputs)
    except (AttributeError, ValueError):
        return []
    found: dict[tuple[int, int], Node] = {}
    while waiting:
        history = waiting.pop()._keras_history
        key = id(history.operation), history.node_index
        if key not in found:
            node = history.operation._inbound_nodes[history.node_index]
            found[key] = Node(history.operation, node.input_tensors, node.output_tensors)
            waiting += node.input_tensors
    return list(found.values())[::-1]


def graph(network: keras.Model) -> dict[str, keras.KerasTensor]:
    """Return the output of each layer that is called once and gives one tensor, by the layer's name."""
    return {node.layer.name: node.outputs[0] for node in _once(network) if len(node.outputs) == 1}


def _once(network: keras.Model) -> list[Node]:
    """Return the calls of layers that are called once, the inputs among them."""
    made = nodes(network)
    calls = [id(node.layer) for node in made]
    return [node for node in made if calls.count(id(node.layer)) == 1 and isinstance(node.layer, keras.Layer)]


def entering(network: keras.Model) -> dict[str, tuple[keras.KerasTensor | None, keras.KerasTensor | None]]:
    """Return the one tensor that enters each layer, and its mask; None where there is none, or more than one."""
    found = {}
    for node in _once(network):
        values = [tensor for tensor in node.inputs if tensor.dtype != "bool"]
        masks = [tensor for tensor in node.inputs if tensor.dtype == "bool"]
        found[node.layer.name] = (
            values[0] if len(values) == 1 else None,
            masks[0] if len(masks) == 1 else None,
        )
    return found


def head(network: keras.Model) -> Any:
    """Return the layer whose activation ends the network; None where the network is not a graph of layers."""
    try:
        layer = network.outputs[0]._keras_history.operation
        while isinstance(layer, _PASSING):
            layer = layer._inbound_nodes[-1].input_tensors[0]._keras_history.operation
    except (AttributeError, IndexError, ValueError):
        return None
    return layer if activation(layer) is not None else None


def _inner(layer: Any) -> Any:
    return getattr(layer, "forward_layer", None) or getattr(layer, "layer", None) or layer


def activation(layer: Any) -> Callable[..., Any] | None:
    """Return the activation of a layer, or of the layer that it wraps; None where it has none."""
    inner = _inner(layer)
    if type(inner).__name__ in _ACTIVATIONS:
        return keras.activations.get(_ACTIVATIONS[type(inner).__name__])
    return getattr(inner, "activation", None) or getattr(getattr(inner, "cell", None), "activation", None)


def before(layer: Any, given: np.ndarray) -> np.ndarray | None:
    """Return the input of a layer's activation, float32 [windows, …, units]; None for other kinds of layers."""
    if isinstance(layer, keras.layers.Dense):
        bias = keras.ops.convert_to_numpy(layer.bias) if layer.use_bias else 0.0
        return given @ keras.ops.convert_to_numpy(layer.kernel) + bias
    return given if isinstance(layer, keras.layers.Activation) or type(layer).__name__ in _ACTIVATIONS else None


def units(layer: Any) -> int | None:
    """Return the number of units or filters of a layer; None where it has none."""
    inner = _inner(layer)
    cell = getattr(inner, "cell", inner)
    return getattr(cell, "units", getattr(cell, "filters", None))


def recurrent(layer: Any) -> bool:
    """Return whether a layer, or the one that it wraps, carries a state from step to step."""
    return isinstance(_inner(layer), keras.layers.RNN)


def dropout(layer: Any) -> float:
    """Return the largest dropout rate of a layer."""
    kinds = ("rate", "dropout", "recurrent_dropout")
    rates = [getattr(layer, key, None) for key in kinds if "ropout" in key or "ropout" in type(layer).__name__]
    return max((float(rate) for rate in rates if isinstance(rate, int | float)), default=0.0)


def dead(squash: Any, summed: np.ndarray) -> float:
    """Return the share of outputs without a gradient: a ReLU below 0, a softmax of one unit.

    Args:
        squash: the activation.
        summed: its inputs, [windows, …, units].
    """
    weights = np.random.default_rng(0).uniform(0.5, 1.5, size=summed.shape[-1:]).astype(np.float32)
    slope = backends.gradients(lambda at: keras.ops.sum(squash(at[0]) * weights), jit_compile=False)
    return float((np.abs(slope([summed.astype(np.float32)])[0]) < 1e-12).mean())


def saturated(layer: Any, outputs: np.ndarray) -> float | None:
    """Return the share of outputs at a bound of the layer's activation; None where it has not two."""
    low, high = bounds(activation(layer))
    if low is None or high is None:
        return None
    near = _NEAR * (high - low)
    return float(((outputs < low + near) | (outputs > high - near)).mean())


def bounds(squash: Any) -> tuple[float | None, float | None]:
    """Return the range of an activation, found by evaluating it; None on a side without a bound."""
    if squash is None or getattr(squash, "__name__", "") == "linear":
        return None, None
    if squash.__name__ in ("softmax", "log_softmax"):
        return (0.0, 1.0) if squash.__name__ == "softmax" else (None, 0.0)
    tried = np.concatenate([[-1e4, 1e4], np.linspace(-20, 20, 4001)]).astype(np.float32)
    try:
        outputs = keras.ops.convert_to_numpy(squash(keras.ops.convert_to_tensor(tried[:, None])))
    except (TypeError, ValueError):
        return None, None
    low, high = float(outputs.min()), float(outputs.max())
    # An activation that still grows at 10,000, however slowly, has no bound.
    return low if low > -50 else None, high if high < 50 else None
