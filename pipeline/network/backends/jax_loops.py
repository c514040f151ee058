"""Loops over time steps whose gradient does one product per weight matrix, not one per step.

Keras computes a recurrent layer by a scan over the whole cell, and the gradient of that scan adds to every weight
matrix at each step. Here the products with the inputs of all steps are one, and the loop back in time computes the
gradients of the states alone: those of both matrices are one product each, over all steps (as cuDNN does; Appleyard,
Kočiský and Blunsom 2016, "Optimizing performance of recurrent neural networks on GPUs").
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import keras

from pipeline.network import models

# Fewest units of a layer that runs so, for its matrices must be large: 123707 (up to 256 units) trains 15 % more
# windows a second; 107289 (64) and 51264 (32) 7 % and 9 % fewer, since the loop moves more small arrays (busy cores).
WIDE = 128
# From the sum of the products at one step, [batch, units x gates], and the states before it to those after it.
Cell = Callable[[Any, tuple[Any, ...]], tuple[Any, ...]]


def twin(model: keras.Model) -> keras.Model:
    """Return a network with the same variables in the same order, whose wide LSTM and SimpleRNN layers run as above.

    The network itself where it has no such layer, or is no graph of layers.
    """
    own = type(model).__module__.startswith("keras.") and hasattr(model, "input_shape")
    if not own or not any(_kind(layer) is not type(layer) for layer in model.layers):
        return model
    made = keras.models.clone_model(model, clone_function=lambda layer: _kind(layer).from_config(layer.get_config()))
    models.without_cudnn(made)  # a layer's configuration does not hold that choice
    return made


def _kind(layer: keras.Layer) -> type[keras.Layer]:
    """Return the class that runs a layer; a subclass may compute something else, and keeps its own."""
    return _KINDS.get(type(layer), type(layer)) if getattr(layer, "units", 0) >= WIDE else type(layer)


class _LSTM(keras.layers.LSTM):
    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """See `keras.layers.RNN`."""
        inner, gate = self.cell.activation, self.cell.recurrent_activation

        def cell(z: Any, states: tuple[Any, ...]) -> tuple[Any, ...]:
            take, keep, new, give = jnp.split(z, 4, axis=1)
            carry = gate(keep) * states[1] + gate(take) * inner(new)
            return gate(give) * inner(carry), carry

        if self.cell.implementation != 2 or self.go_backwards or self.unroll or self.zero_output_for_mask:
            return super().inner_loop(sequences, initial_state, mask, training)
        return _run(self, cell, sequences, initial_state, mask, training)


class _SimpleRNN(keras.layers.SimpleRNN):
    def inner_loop(self, sequences: Any, initial_state: Any, mask: Any, training: bool = False) -> Any:
        """See `keras.layers.RNN`."""
        if self.go_backwards or self.unroll or self.zero_output_for_mask:
            return super().inner_loop(sequences, initial_state, mask, training)
        activation = self.cell.activation
        return _run(self, lambda z, states: (activation(z),), sequences, initial_state, mask, training)


_KINDS: dict[type, Any] = {keras.layers.LSTM: _LSTM, keras.layers.SimpleRNN: _SimpleRNN}


def _run(layer: Any, cell: Cell, sequences: Any, initial_state: Any, mask: Any, training: bool) -> Any:
    """Return the last output, [batch, units]; all outputs, [batch, steps, units]; and the states."""
    weights = layer.cell
    mask = mask[0] if isinstance(mask, list | tuple) else mask
    dropped = None
    if training and weights.dropout:
        sequences = sequences * weights.get_dropout_mask(sequences[:, 0])[:, None]
    if training and weights.recurrent_dropout:
        dropped = weights.get_recurrent_dropout_mask(initial_state[0])
    products = jnp.swapaxes(sequences, 0, 1) @ weights.kernel.value
    if weights.use_bias:
        products = products + weights.bias.value
    masked = None if mask is None else jnp.swapaxes(mask, 0, 1)[..., None]
    states, outputs = _loop(
        cell, layer.return_sequences, weights.recurrent_kernel.value, products, tuple(initial_state), dropped, masked
    )
    return states[0], jnp.swapaxes(outputs, 0, 1) if layer.return_sequences else states[0][:, None], list(states)


@functools.partial(jax.custom_vjp, nondiff_argnums=(0, 1))
def _loop(cell: Cell, every: bool, recurrent: Any, products: Any, states: Any, dropped: Any, masked: Any) -> Any:
    """Run a layer.

    Args:
        cell: elementwise.
        every: return the outputs of all steps.
        recurrent: [units, units x gates], the weights of the state.
        products: [steps, batch, units x gates], of the inputs.
        states: before the first step, each [batch, units]; the first one is the output.
        dropped: [batch, units], factors of the state in its product, or None.
        masked: bool [steps, batch, 1], false at a step that changes nothing, or None.

    Returns:
        The states after the last step; the outputs, [steps, batch, units], or None.
    """

    def step(states: Any, given: Any) -> Any:
        after = _step(cell, recurrent, dropped, states, *given)[0]
        return after, after[0] if every else None

    return jax.lax.scan(step, states, (products, masked))


def _step(cell: Cell, recurrent: Any, dropped: Any, states: Any, product: Any, masked: Any) -> tuple[Any, Any]:
    """Return the states after a step, and the argument of the cell."""
    z = product + _times(states[0], dropped) @ recurrent
    after = cell(z, states)
    if masked is not None:
        after = tuple(jnp.where(masked, new, old) for new, old in zip(after, states, strict=True))
    return after, z


def _forward(cell: Cell, every: bool, recurrent: Any, products: Any, states: Any, dropped: Any, masked: Any) -> Any:
    def step(states: Any, given: Any) -> Any:
        after, z = _step(cell, recurrent, dropped, states, *given)
        return after, (after[0] if every else None, z, states)

    last, (outputs, all_z, before) = jax.lax.scan(step, states, (products, masked))
    return (last, outputs), (recurrent, all_z, before, dropped, masked)


def _backward(cell: Cell, every: bool, saved: Any, gradients: Any) -> tuple[Any, ...]:
    recurrent, all_z, before, dropped, masked = saved

    def step(after: Any, given: Any) -> Any:
        z, states, output, mask = given
        if every:
            after = (after[0] + output, *after[1:])
        passed = None
        if mask is not None:
            passed = [jnp.where(mask, 0, each) for each in after]
            after = tuple(jnp.where(mask, each, 0) for each in after)
        dz, earlier = jax.vjp(cell, z, states)[1](after)
        earlier = (earlier[0] + _times(dz @ recurrent.T, dropped), *earlier[1:])
        if passed is not None:
            earlier = tuple(one + other for one, other in zip(earlier, passed, strict=True))
        return earlier, dz

    last, outputs = gradients
    first, all_dz = jax.lax.scan(step, last, (all_z, before, outputs, masked), reverse=True)
    of_recurrent = jnp.tensordot(_times(before[0], dropped), all_dz, axes=((0, 1), (0, 1)))
    return of_recurrent, all_dz, first, None, None


def _times(state: Any, dropped: Any) -> Any:
    return state if dropped is None else state * dropped


_loop.defvjp(_forward, _backward)
