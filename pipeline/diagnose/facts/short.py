"""Short trainings of one architecture, built and compiled once."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from pipeline.common import training as settings
from pipeline.dataset import Part
from pipeline.network import backends, models

# Seconds of a step on one core of the machine that this was fitted on: per weight, window and step; per step of a
# recurrent layer; and per call. Only their ratios matter: the number of steps follows from sizes, never from a clock.
_PRODUCT, _RECURRENT, _RECURRENT_JIT, _CALL = 1.8e-10, 8e-5, 1.5e-5, 5e-3
# Windows in a step: as many as the training has, within these limits; _FEW at most where a step costs much.
_LEAST, _FEW, _MOST = 8, 16, 64
_DEAR = 0.1


def step_seconds(network: keras.Model, length: int, batch: int, jit: bool) -> float:
    """Return the cost of one training step in processor seconds, by the model above.

    Args:
        network: of any architecture.
        length: input rows of a window.
        batch: windows in a step.
        jit: whether XLA compiles it.
    """
    total = _CALL
    for layer in network.layers:
        inner = getattr(layer, "forward_layer", layer)
        recurrent = isinstance(inner, keras.layers.RNN)
        shape = tuple(getattr(getattr(layer, "output", None), "shape", ()))
        steps = length if recurrent else (shape[1] or 1) if len(shape) == 3 else 1
        total += steps * batch * layer.count_params() * _PRODUCT
        total += steps * (_RECURRENT_JIT if jit else _RECURRENT) if recurrent else 0.0
    return total


class ShortTraining:
    """One network with its own optimiser, loss and regularisers, without carried state.

    Its learning rate is constant, the greatest one of a schedule: a few steps show how far a rate goes.
    Every batch has one size, so that nothing is traced or compiled twice.

    Args:
        part: training windows: shapes and classes.
        experiment: `architecture` and `training` as in params.yaml, complete.

    Attributes:
        network: the compiled network.
        rate: the experiment's learning rate, the greatest one of a schedule.
        seed: the first seed.
        batch: windows in a step.

    Raises:
        UserError: as `models.build`.
    """

    def __init__(self, part: Part, experiment: dict[str, Any]) -> None:
        training = experiment["training"] | {"steps_per_execution": 1}
        training |= {"learning_rate": settings.rate(training)}
        keras.utils.set_random_seed(training["seeds"][0])
        shape = part.spec.shape()
        self.network = models.build(experiment["architecture"], shape)
        models.compile_model(self.network, training, part.spec.classes)
        self.network.optimizer.build(self.network.trainable_variables)
        self.rate = training["learning_rate"]
        self._loss = keras.losses.get(self.network.loss)
        self._steps = backends.steps(self.network)
        self._length = part.spec.length
        self.seed = training["seeds"][0]
        self._jit, _ = backends.compilation(training)
        self.batch = int(np.clip(training["batch_size"], _LEAST, _MOST))
        if self.seconds() > _DEAR:
            self.batch = min(self.batch, _FEW)
        self._variables = [*self.network.variables, *self.network.optimizer.variables]
        self._initial = [np.array(keras.ops.convert_to_numpy(variable)) for variable in self._variables]

    def seconds(self) -> float:
        """Return the cost of one step by `step_seconds`."""
        return step_seconds(self.network, self._length, self.batch, self._jit)

    def restart(self, multiple: float = 1.0) -> None:
        """Reset weights, optimiser and dropout seeds, and set the learning rate to a multiple of the experiment's."""
        for variable, value in zip(self._variables, self._initial, strict=True):
            variable.assign(value)
        self.network.optimizer.learning_rate.assign(self.rate * multiple)

    def train(self, inputs: Any, targets: np.ndarray, indices: np.ndarray, steps: int, salt: int = 0) -> int:
        """Train on.

        Args:
            inputs: a function from int [batch] to the windows' inputs.
            targets: float32 [windows, outputs].
            indices: the windows to draw from, int [some].
            steps: gradient steps.
            salt: another order of the windows.

        Returns:
            The steps done: fewer where the loss becomes NaN or infinite.
        """
        random, passes = np.random.default_rng([self.seed, 78, salt]), -(-steps * self.batch // len(indices))
        order = np.concatenate([random.permutation(indices) for _ in range(passes)])
        return self._steps(inputs, targets, order[: steps * self.batch].reshape(steps, self.batch))

    def outputs(self, inputs: np.ndarray) -> np.ndarray:
        """Return the network's outputs: float32 [windows, …, outputs]."""
        batches = []
        for i in range(0, len(inputs), self.batch):
            some = np.arange(i, i + self.batch).clip(max=len(inputs) - 1)
            batches.append(self.network.predict_on_batch(inputs[some])[: len(inputs) - i])
        return np.concatenate(batches)

    def loss(self, outputs: np.ndarray, targets: np.ndarray) -> float | None:
        """Return the mean loss without the penalty; None where it is not finite."""
        mean = float(keras.ops.mean(self._loss(targets, keras.ops.convert_to_tensor(outputs))))
        return mean if np.isfinite(mean) else None
