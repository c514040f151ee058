"""Facts of a network on its own training windows: head, loss, masking, gradients, units and gates.

Each network is looked at twice, as it was before its first step and as its training left it, always in inference mode,
from zero state, and on windows without a missing cell: a missing cell is a fact of the data.
"""

from __future__ import annotations

import itertools
from typing import Any

import keras
import numpy as np

from pipeline.common.architectures import Shape
from pipeline.common.errors import UserError
from pipeline.common.numbers import significant
from pipeline.dataset import Part
from pipeline.diagnose.facts import gates, layers
from pipeline.network import backends, models
from pipeline.network.training import build

# Windows that are looked at, and windows of one gradient; fewer where one window costs more than so many products.
_WINDOWS, _GRADIENT_WINDOWS = 256, 64
_FORWARD, _BACKWARD = 1.3e10, 3.2e9
# Cells of activations held at once: 64 MB.
_CELLS = 2**24
# Values kept of the sensitivity over the steps of a window.
_STEPS = 64


def facts(train_part: Part, experiment: dict[str, Any], networks: dict[int, keras.Model]) -> dict[str, Any]:
    """Facts of an experiment's networks.

    Args:
        train_part: training windows.
        experiment: `architecture` and `training` as in params.yaml, complete.
        networks: the trained one by seed.

    Returns:
        `weights`, `layers`, `head`, `loss`, `optimizer`, `output_shape`, `target_shape`, `regularised`, `dropout`,
        `masking`, `initial` (None where the network cannot be built again) and `trained`, by seed. What cannot be told
        is None: of a network that is no graph of layers, of weights that are not finite, of a loss that refuses the
        shapes. Six digits.
    """
    training, classes = experiment["training"], train_part.spec.classes
    seed = next(iter(networks))
    initial, probe = _fresh(train_part, experiment, seed, networks[seed])
    indices = _windows(train_part, probe)
    eyes = Eyes(train_part, indices, probe, training)
    found = {
        "weights": probe.count_params(),
        "layers": [layers.describe(layer) for layer in probe.layers if not isinstance(layer, keras.layers.InputLayer)],
        "head": eyes.head_facts(),
        "loss": eyes.loss_name,
        "optimizer": training["optimizer"],
        "output_shape": None,
        "target_shape": list(train_part.targets(indices).shape),
        "classes": classes,
        "regularised": any(weight.regularizer is not None for weight in probe.trainable_weights),
        "dropout": max((layers.dropout(layer) for layer in probe._flatten_layers()), default=0.0),
        "masking": masking(train_part, probe),
        "initial": None,
        "trained": {},
    }
    if initial is not None:
        found["initial"] = eyes.look(initial)
    for one, network in networks.items():
        found["trained"][str(one)] = eyes.look(network)
    found["output_shape"] = eyes.output_shape
    return significant(found, 6)


def masking(part: Part, network: keras.Model) -> dict[str, Any] | None:
    """What a Masking layer hides of the training windows, at most 2,000 of them, evenly spaced.

    Returns:
        `value`; `share` of steps that are passed over; `inside`: share of steps passed over between two that are not;
        `windows`: share passed over from end to end; `trailing`: share of steps passed over at the end of windows that
        are not. None without such a layer.
    """
    value = _mask_value(network)
    if value is None or not len(part):
        return None
    most = max(1, min(len(part), 2000, _CELLS // (part.spec.length * len(part.spec.features))))
    inputs = part.inputs(np.linspace(0, len(part) - 1, most).astype(int))
    there = np.any(inputs != value, axis=2)  # as Keras's Masking does
    steps = np.arange(there.shape[1])
    filled = there.any(axis=1)
    first = np.where(filled, there.argmax(axis=1), len(steps))
    last = np.where(filled, len(steps) - 1 - there[:, ::-1].argmax(axis=1), -1)
    inside = ~there & (steps > first[:, None]) & (steps < last[:, None])
    return {
        "value": value,
        "share": float((~there).mean()),
        "inside": float(inside.mean()),
        "windows": float((~filled).mean()),
        "trailing": float(((steps > last[:, None]) & filled[:, None]).mean()),
    }


class Eyes:
    """One network that other weights are put into, so that nothing is traced twice."""

    def __init__(self, part: Part, indices: np.ndarray, network: keras.Model, training: dict[str, Any]) -> None:
        self._network = network
        self._inputs, self._targets = part.inputs(indices), part.targets(indices)
        self._classes = part.spec.classes
        self._jit = training["jit_compile"]
        self.loss_name = str(network.loss)
        self._loss = keras.losses.get(self.loss_name)
        self.output_shape: list[int] | None = None
        self._head = layers.head(network)
        self._probe, features = network, None
        if self._head is not None:
            entering = {f"into {layer.name}": layers.entering(layer) for layer in network.layers}
            wanted = {name: given for name, (given, _) in entering.items() if given is not None}
            wanted |= {f"{name}, mask": mask for name, (_, mask) in entering.items() if mask is not None}
            self._probe = keras.Model(network.inputs, wanted | layers.graph(network) | {"": network.output})
            features = entering[f"into {self._head.name}"][0]
        self._probe.compile(jit_compile=self._jit)
        self._features = network if features is None else keras.Model(network.inputs, features)
        some = np.linspace(0, len(indices) - 1, _affordable(network, part, _BACKWARD, _GRADIENT_WINDOWS)).astype(int)
        self._some = np.unique(some)
        self._loss_gradient = backends.gradients(self._loss_of_weights, self._jit)
        self._feature_gradient = backends.gradients(self._projection, self._jit)

    def head_facts(self) -> dict[str, Any]:
        """Activation, width and range of the layer that ends the network; None where it cannot be told."""
        if self._head is None:
            return dict.fromkeys(("layer", "activation", "units", "low", "high"))
        activation = layers.activation(self._head)
        low, high = layers.bounds(activation)
        return {
            "layer": self._head.name,
            "activation": getattr(activation, "__name__", type(activation).__name__),
            "units": int(self._network.output_shape[-1]),
            "low": low,
            "high": high,
        }

    def look(self, other: keras.Model) -> dict[str, Any]:
        """Facts of the network with the weights of `other`."""
        if other is not self._network:
            models.copy_weights(other, self._network)
        models.reset_state(self._network)
        finite = all(
            bool(np.isfinite(keras.ops.convert_to_numpy(weight)).all()) for weight in self._network.trainable_weights
        )
        said = self._probe.predict_on_batch(self._inputs)
        said = said if isinstance(said, dict) else {"": said}
        outputs = said[""]
        self.output_shape = list(outputs.shape)
        found: dict[str, Any] = {
            "finite": finite,
            "loss": self._mean_loss(outputs),
            "expected_loss": self._expected_loss(),
            "constant_loss": self._constant_loss(),
            "penalty": models.penalty(self._network),
            "output": _about(outputs),
            "preactivation": None,
            "dead_output": None,
            "gradient": None,
            "units": None,
            "gates": None,
        }
        if not finite or not np.isfinite(outputs).all():
            return found
        given = None if self._head is None else said.get(f"into {self._head.name}")
        summed = None if given is None else layers.before(self._head, given)
        if summed is not None:
            found["preactivation"] = _about(summed)
            found["dead_output"] = layers.dead(layers.activation(self._head), summed)
        found["gradient"] = self._gradient()
        found["units"], found["gates"] = {}, {}
        for layer in self._network.layers:
            given, mask = (said.get(f"into {layer.name}{end}") for end in ("", ", mask"))
            if layer.name in said and layer is not self._head and layers.activation(layer) is not None:
                found["units"][layer.name] = layers.units(layer, said[layer.name])
            if given is not None and given.ndim == 3 and (one := gates.facts(layer, given, mask)):
                found["gates"][layer.name] = one
        return found

    # --- loss

    def _mean_loss(self, outputs: np.ndarray) -> float | None:
        try:
            return float(keras.ops.mean(self._loss(self._targets, keras.ops.convert_to_tensor(outputs))))
        except (TypeError, ValueError):
            return None

    def _expected_loss(self) -> float | None:
        """What an answer costs that knows nothing of the window: equal chances, or the mean target."""
        if self._classes:
            return self._mean_loss(np.full_like(self._targets, 1 / self._classes))
        return self._constant_loss()

    def _constant_loss(self) -> float | None:
        """What the best constant answer costs: the classes' shares, or the mean or median target."""
        answers = [self._targets.mean(axis=0)]
        if not self._classes:
            answers.append(np.median(self._targets, axis=0))
        costs = [self._mean_loss(np.broadcast_to(one, self._targets.shape).astype(np.float32)) for one in answers]
        return None if None in costs else min(cost for cost in costs if cost is not None)

    # --- gradients

    def _loss_of_weights(self, weights: list[Any], others: list[Any], inputs: Any, targets: Any) -> Any:
        outputs, _ = self._network.stateless_call(weights, others, inputs)
        return keras.ops.mean(self._loss(targets, outputs))

    def _projection(self, inputs: list[Any], weights: list[Any], others: list[Any], direction: Any) -> Any:
        features, _ = self._features.stateless_call(weights, others, inputs[0])
        return keras.ops.sum(features * direction)

    def _gradient(self) -> dict[str, Any] | None:
        """Gradients of the loss by layer, and of the features before the head by time step."""
        network, inputs, targets = self._network, self._inputs[self._some], self._targets[self._some]
        values = [[weight.value for weight in kind] for kind in _weights(network)]
        try:
            found = self._loss_gradient(values[0], values[1], inputs, targets)
        except (TypeError, ValueError):
            return None
        by_weight = {id(weight): one for weight, one in zip(network.trainable_variables, found, strict=True)}
        norms = {
            layer.name: _norm([by_weight[id(weight)] for weight in layer.trainable_weights if id(weight) in by_weight])
            for layer in network.layers
            if layer.trainable_weights
        }
        ends = list(norms.values())
        return {
            "norm": _norm(found),
            "weights": _norm([keras.ops.convert_to_numpy(weight) for weight in network.trainable_variables]),
            "layers": norms,
            "first_to_last": ends[0] / ends[-1] if len(ends) > 1 and ends[-1] > 0 else None,
            **self._sensitivity(inputs),
        }

    def _sensitivity(self, inputs: np.ndarray) -> dict[str, Any]:
        """How much the features before the head move with the input of each step, mean norm over windows.

        The norm is that of the features' projection on a random direction of ±1, whose mean square is the squared norm
        of the whole Jacobian (Hutchinson 1990).
        """
        values = [[weight.value for weight in kind] for kind in _weights(self._features)]
        known = getattr(self._features, "output_shape", None) or self._features(inputs[:1]).shape
        shape = (len(inputs), *known[1:])
        direction = np.random.default_rng(0).choice([-1.0, 1.0], size=shape).astype(np.float32)
        by_input = self._feature_gradient([inputs], values[0], values[1], direction)[0]
        steps = np.linalg.norm(by_input.astype(np.float64), axis=2).mean(axis=0)
        total = float(steps.sum())
        if not np.isfinite(total) or total <= 0:
            return {"steps": None, "memory": None, "first": None}
        backwards = np.cumsum(steps[::-1]) / total
        edges = np.linspace(0, len(steps), min(_STEPS, len(steps)) + 1).astype(int)
        return {
            "steps": [float(steps[a:b].mean()) for a, b in itertools.pairwise(edges)],
            "memory": int(np.searchsorted(backwards, 0.99) + 1),
            "first": float(steps[: max(1, len(steps) // 10)].sum() / total),
        }


def clean(part: Part) -> np.ndarray:
    """Indices of the windows without a cell or target that is not finite, in their order."""
    bad = np.concatenate([[0], np.cumsum(~np.isfinite(part.scaled).all(axis=1))])
    begin = part.table["start"]
    whole = bad[begin + part.spec.length] == bad[begin]
    return np.flatnonzero(whole & np.isfinite(part.targets()).all(axis=1))


def _windows(part: Part, network: keras.Model) -> np.ndarray:
    """Evenly spaced windows without a missing cell."""
    usable = clean(part)
    if not len(usable):
        usable = np.arange(len(part))
    units = sum(int(np.prod(output.shape[1:])) for output in layers.graph(network).values())
    most = min(_affordable(network, part, _FORWARD, _WINDOWS), max(16, _CELLS // max(units, 1)))
    return usable[np.unique(np.linspace(0, len(usable) - 1, min(most, len(usable))).astype(int))]


def _affordable(network: keras.Model, part: Part, products: float, most: int) -> int:
    """Windows that cost at most so many products, at least 16."""
    return int(np.clip(products / (network.count_params() * part.spec.length), 16, most))


def _fresh(
    part: Part, experiment: dict[str, Any], seed: int, trained: keras.Model
) -> tuple[keras.Model | None, keras.Model]:
    """The network of a seed before its first step, and one of the same weights that any batch fits into.

    An own network may not be what `models.build` asks for any more; then the trained one is looked at alone.
    """
    training = experiment["training"]
    shape = Shape(part.spec.length, len(part.spec.features), part.spec.outputs)
    try:
        initial = build(part, experiment["architecture"], training, seed)
        if training["state"] == "none":
            return initial, initial
        probe = models.build(experiment["architecture"], shape)
    except UserError:
        initial, probe = None, keras.models.clone_model(trained)  # the trained one keeps its own weights
    models.compile_model(probe, training, part.spec.classes)
    return initial, probe


def _mask_value(network: keras.Model) -> float | None:
    found = [layer for layer in network._flatten_layers() if isinstance(layer, keras.layers.Masking)]
    return float(found[0].mask_value) if found else None


def _weights(network: keras.Model) -> tuple[list[Any], list[Any]]:
    return network.trainable_variables, network.non_trainable_variables


def _about(values: np.ndarray) -> dict[str, float]:
    return {key: float(getattr(np, key)(values)) for key in ("mean", "std", "min", "max")}


def _norm(arrays: list[np.ndarray]) -> float:
    return float(np.sqrt(sum(float(np.sum(np.square(array, dtype=np.float64))) for array in arrays)))
