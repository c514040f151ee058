"""One network that measures others: their weights are copied into it, so that nothing is traced twice."""

from __future__ import annotations

import itertools
from typing import Any

import keras
import numpy as np

from pipeline.dataset import Part
from pipeline.dataset.sampling import evenly
from pipeline.diagnose.facts import gates, layers
from pipeline.diagnose.facts.network import Gates, Gradient, Head, Snapshot, Units, affordable
from pipeline.network import backends, losses, models

# Windows of one gradient; fewer where one window costs more than so many products.
_WINDOWS = 64
_BACKWARD = 3.2e9
# Bins of the sensitivity over the steps of a window.
_STEPS = 64


class NetworkProbe:
    """A compiled network, and models that return the inputs and outputs of its layers.

    Args:
        part: training windows.
        indices: those that are predicted, int [windows].
        network: receives the weights of the networks that are measured.
        training: settings of the experiment's training.

    Attributes:
        loss_name: of the network's loss, as Keras's function has it.
        output_shape: of the last predictions.
    """

    def __init__(self, part: Part, indices: np.ndarray, network: keras.Model, training: dict[str, Any]) -> None:
        self._network = network
        self._inputs, self._targets = part.inputs(indices), part.targets(indices)
        self._classes = part.spec.classes
        jit, _ = backends.compilation(training)
        self.loss_name = losses.name(network.loss)
        self._loss = keras.losses.get(network.loss)
        self.output_shape: list[int] = []
        self._flat = layers.flat(network)
        self._head = layers.head(self._flat)
        self._inside, features = network, None
        if self._head is not None:
            entering = {f"into {name}": given for name, given in layers.entering(self._flat).items()}
            wanted = {name: given for name, (given, _) in entering.items() if given is not None}
            wanted |= {f"{name}, mask": mask for name, (_, mask) in entering.items() if mask is not None}
            ends = layers.graph(self._flat) | {"": self._flat.outputs[0]}
            self._inside = keras.Model(self._flat.inputs, wanted | ends)
            features = entering.get(f"into {self._head.name}", (None, None))[0]
        self._inside.compile(jit_compile=jit)
        self._features = network if features is None else keras.Model(self._flat.inputs, features)
        self._some = evenly(len(indices), affordable(network, part, _BACKWARD, _WINDOWS))
        self._loss_gradient = backends.gradients(self._loss_of_weights, jit)
        self._feature_gradient = backends.gradients(self._projection, jit)

    def head(self) -> Head:
        """Return activation, width and range of the network's head."""
        if self._head is None:
            return Head(None, None, None, None)
        activation = layers.activation(self._head)
        name = getattr(activation, "__name__", type(activation).__name__)
        return Head(name, int(self._network.output_shape[-1]), *layers.bounds(activation))

    def measure(self, other: keras.Model) -> Snapshot:
        """Measure the network with the weights of `other`."""
        if other is not self._network:
            models.copy_weights(other, self._network)
        models.reset_state(self._network)
        weights = self._network.trainable_weights
        finite = all(bool(np.isfinite(keras.ops.convert_to_numpy(weight)).all()) for weight in weights)
        values = self._inside.predict_on_batch(self._inputs)
        values = values if isinstance(values, dict) else {"": values}
        outputs = values[""]
        self.output_shape = list(outputs.shape)
        costs = self._mean_loss(outputs), self._expected_loss(), models.penalty(self._network)
        if not finite or not np.isfinite(outputs).all():
            return Snapshot(*costs, None, None, None, None)
        given = None if self._head is None else values.get(f"into {self._head.name}")
        summed = None if given is None else layers.before(self._head, given)
        dead = None if summed is None else layers.dead(layers.activation(self._head), summed)
        units: dict[str, Units] = {}
        recurrent: dict[str, Gates] = {}
        for layer in self._flat.layers:
            given, mask = (values.get(f"into {layer.name}{end}") for end in ("", ", mask"))
            if layer.name in values and layer is not self._head and layers.activation(layer) is not None:
                units[layer.name] = Units(layers.saturated(layer, values[layer.name]))
            if given is not None and given.ndim == 3 and (measured := gates.facts(layer, given, mask)):
                recurrent[layer.name] = measured
        return Snapshot(*costs, dead, self._gradient(), units, recurrent, self._activity())

    # --- loss

    def _activity(self) -> float | None:
        """Return the penalty on the outputs of layers, as Keras adds it to the loss of a batch."""
        if not any(getattr(layer, "activity_regularizer", None) for layer in self._network._flatten_layers()):
            return None
        self._network(self._inputs[self._some])
        return float(sum(float(loss) for loss in self._network.losses)) - models.penalty(self._network)

    def _mean_loss(self, outputs: np.ndarray) -> float | None:
        try:
            return float(keras.ops.mean(self._loss(self._targets, keras.ops.convert_to_tensor(outputs))))
        except (TypeError, ValueError):
            return None

    def _expected_loss(self) -> float | None:
        """Return the loss of equal probabilities, or of the mean or median target."""
        if self._classes:
            return self._mean_loss(np.full_like(self._targets, 1 / self._classes))
        answers = (self._targets.mean(axis=0), np.median(self._targets, axis=0))
        costs = [self._mean_loss(np.broadcast_to(one, self._targets.shape).astype(np.float32)) for one in answers]
        return None if None in costs else min(cost for cost in costs if cost is not None)

    # --- gradients

    def _loss_of_weights(self, weights: list[Any], others: list[Any], inputs: Any, targets: Any) -> Any:
        outputs, _ = self._network.stateless_call(weights, others, inputs)
        return keras.ops.mean(self._loss(targets, outputs))

    def _projection(self, inputs: list[Any], weights: list[Any], others: list[Any], direction: Any) -> Any:
        features, _ = self._features.stateless_call(weights, others, inputs[0])
        return keras.ops.sum(features * direction)

    def _gradient(self) -> Gradient | None:
        network, inputs, targets = self._network, self._inputs[self._some], self._targets[self._some]
        try:
            by_weight = self._loss_gradient(*_values(network), inputs, targets)
        except (TypeError, ValueError):
            return None
        gradients = {id(weight): array for weight, array in zip(network.trainable_variables, by_weight, strict=True)}
        norms = [
            _norm([gradients[id(weight)] for weight in layer.trainable_weights if id(weight) in gradients])
            for layer in self._flat.layers
            if layer.trainable_weights
        ]
        ratio = norms[0] / norms[-1] if len(norms) > 1 and norms[-1] > 0 else None
        return Gradient(_norm(by_weight), ratio, *self._sensitivity(inputs))

    def _sensitivity(self, inputs: np.ndarray) -> tuple[list[float] | None, int | None]:
        """Return how much the features before the head change with the input of each step, and the memory.

        A step's sensitivity is the mean over windows of the norm of the gradient of the features' projection on a
        random direction of ±1. Its mean square is the squared norm of the whole Jacobian (Hutchinson 1990).
        """
        known = getattr(self._features, "output_shape", None) or self._features(inputs[:1]).shape
        shape = (len(inputs), *known[1:])
        direction = np.random.default_rng(0).choice([-1.0, 1.0], size=shape).astype(np.float32)
        by_input = self._feature_gradient([inputs], *_values(self._features), direction)[0]
        steps = np.linalg.norm(by_input.astype(np.float64), axis=2).mean(axis=0)
        total = float(steps.sum())
        if not np.isfinite(total):
            return None, None
        edges = np.linspace(0, len(steps), min(_STEPS, len(steps)) + 1).astype(int)
        bins = [float(steps[a:b].mean()) for a, b in itertools.pairwise(edges)]
        if total <= 0:
            return bins, None
        return bins, int(np.searchsorted(np.cumsum(steps[::-1]) / total, 0.99) + 1)


def _values(network: keras.Model) -> tuple[list[Any], list[Any]]:
    """Return the values of the trainable and the other variables."""
    return [w.value for w in network.trainable_variables], [w.value for w in network.non_trainable_variables]


def _norm(arrays: list[np.ndarray]) -> float:
    return float(np.sqrt(sum(float(np.sum(np.square(array, dtype=np.float64))) for array in arrays)))
