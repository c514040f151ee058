"""Facts of a network on its own training windows: head, loss, masking, gradients, units and gates.

Each network is measured before its first step and after its training, always in inference mode, from zero state, and
on windows without a missing cell: a missing cell is a fact of the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.common.errors import UserError
from pipeline.dataset.sampling import evenly
from pipeline.diagnose.facts import masking
from pipeline.diagnose.facts.typed import rounded

if TYPE_CHECKING:
    import keras

    from pipeline.dataset import Part

# Windows that are measured; fewer where one window costs more than so many products.
_WINDOWS = 256
_FORWARD = 1.3e10
# Cells of activations in memory: 64 MB.
_CELLS = 2**24


@dataclass(frozen=True)
class Layer:
    """One layer of the network."""

    units: int | None  # units or filters; None where it has none
    kind: str | None = None  # name of its class
    activation: str | None = None  # its name, or that of the layer it wraps; None where it has none
    recurrent: bool | None = None  # it carries a state from step to step
    bounded: bool | None = None  # its activation has two bounds; None without an activation


@dataclass(frozen=True)
class Head:
    """The layer whose activation ends the network; all None where the network is not a graph of layers."""

    activation: str | None  # its name
    units: int | None  # width of the output
    low: float | None  # least output of the activation; None where it has no lower bound
    high: float | None  # greatest output; None where it has no upper bound


@dataclass(frozen=True)
class Gradient:
    """Gradients of the loss by layer, and of the features before the head by time step."""

    norm: float | None  # of the gradient of the loss with respect to all weights
    first_to_last: float | None  # norm for the first layer with weights / norm for the last one
    steps: list[float] | None  # sensitivity of the features to the input of each step, oldest first, in at most 64 bins
    memory: int | None  # fewest recent steps with 99 % of the sensitivity


@dataclass(frozen=True)
class Units:
    """Outputs of one layer."""

    saturated: float | None  # share within 2 % of a bound of the activation; None where it has not two bounds


@dataclass(frozen=True)
class Gates:
    """Gates of one recurrent layer."""

    # share of gate values below 0.02 or above 0.98, without those of memory cells that are open by their biases alone
    saturated: float


@dataclass(frozen=True)
class Snapshot:
    """A network before or after training; None for what NaN, infinity or a loss that refuses the shapes prevents."""

    loss: float | None  # mean over the windows, without the penalty
    expected_loss: float | None  # of an answer that ignores the inputs: equal probabilities, or the best constant
    penalty: float | None  # of the regularisers
    dead_output: float | None  # share of outputs at which the head's activation has no gradient
    gradient: Gradient | None  # None where it cannot be computed
    units: dict[str, Units] | None  # by layer, without the head
    gates: dict[str, Gates] | None  # by layer
    activity: float | None = None  # penalty on the outputs of layers; None without one


@dataclass(frozen=True)
class Network:
    """A network on its own training windows."""

    weights: int  # their number
    layers: list[Layer]  # without the inputs
    head: Head  # the layer that ends the network
    loss: str  # its name
    output_shape: list[int]  # of the predictions of the windows measured
    target_shape: list[int]  # of their targets
    dropout: float  # largest rate of any layer
    masking: masking.Masking | None  # None without such a layer
    initial: Snapshot | None  # before the first step, for the first seed; None where the network cannot be built again
    trained: dict[str, Snapshot]  # by seed


def facts(part: Part, experiment: dict[str, Any], networks: dict[int, keras.Model]) -> Network:
    """Measure an experiment's networks.

    Args:
        part: training windows.
        experiment: `architecture` and `training` as in params.yaml, complete.
        networks: the trained one by seed.
    """
    import keras

    from pipeline.diagnose.facts import layers
    from pipeline.diagnose.facts.probe import NetworkProbe

    seed = next(iter(networks))
    initial, network = _initial(part, experiment, seed, networks[seed])
    indices = _windows(part, network)
    probe = NetworkProbe(part, indices, network, experiment["training"])
    before = None if initial is None else probe.measure(initial)
    after = {str(seed): probe.measure(trained) for seed, trained in networks.items()}
    real = [layer for layer in layers.flat(network).layers if not isinstance(layer, keras.layers.InputLayer)]
    result = Network(
        weights=network.count_params(),
        layers=[_layer(layer) for layer in real],
        head=probe.head(),
        loss=probe.loss_name,
        output_shape=probe.output_shape,
        target_shape=list(part.targets(indices).shape),
        dropout=max((layers.dropout(layer) for layer in network._flatten_layers()), default=0.0),
        masking=masking.facts(part, network),
        initial=before,
        trained=after,
    )
    return rounded(result, 6)


def _layer(layer: keras.Layer) -> Layer:
    from pipeline.diagnose.facts import layers

    squash = layers.activation(layer)
    return Layer(
        units=layers.units(layer),
        kind=type(layer).__name__,
        activation=getattr(squash, "__name__", None),
        recurrent=layers.recurrent(layer),
        bounded=None if squash is None else None not in layers.bounds(squash),
    )


def clean(part: Part) -> np.ndarray:
    """Return the indices of the windows whose cells and targets are all finite, in their order."""
    bad = np.concatenate([[0], np.cumsum(~np.isfinite(part.scaled).all(axis=1))])
    start = part.table["start"]
    finite = bad[start + part.spec.length] == bad[start]
    return np.flatnonzero(finite & np.isfinite(part.targets()).all(axis=1))


def affordable(network: keras.Model, part: Part, products: float, most: int) -> int:
    """Return how many windows cost at most so many products, at least 16.

    Args:
        network: gives the weights.
        part: gives the steps.
        products: the limit.
        most: windows, at most.
    """
    return int(np.clip(products / (network.count_params() * part.spec.length), 16, most))


def _windows(part: Part, network: keras.Model) -> np.ndarray:
    """Return evenly spaced windows without a missing cell."""
    from pipeline.diagnose.facts import layers

    usable = clean(part)
    if not len(usable):
        usable = np.arange(len(part))
    outputs = layers.graph(layers.flat(network)).values()
    units = sum(int(np.prod(output.shape[1:])) for output in outputs)
    most = min(affordable(network, part, _FORWARD, _WINDOWS), max(16, _CELLS // max(units, 1)))
    return usable[evenly(len(usable), most)]


def _initial(
    part: Part, experiment: dict[str, Any], seed: int, trained: keras.Model
) -> tuple[keras.Model | None, keras.Model]:
    """Return the network of a seed before its first step, and one of the same weights that takes batches of any size.

    The builder of an own network may no longer give what `models.build` expects; then only the trained one is measured.
    """
    import keras

    from pipeline.network import models
    from pipeline.network.training import build

    training = experiment["training"]
    shape = part.spec.shape()
    try:
        initial = build(part, experiment["architecture"], training, seed)
        if training["state"] == "none":
            return initial, initial
        network = models.build(experiment["architecture"], shape)
    except UserError:
        initial, network = None, keras.models.clone_model(trained)  # the trained one keeps its own weights
    models.compile_model(network, training, part.spec.classes)
    return initial, network
