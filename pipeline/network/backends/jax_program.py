"""The compiled loop over the batches of a training on JAX, by Keras's functions without side effects."""

from __future__ import annotations

import inspect
import weakref
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import keras
import numpy as np

from pipeline.network import models
from pipeline.network.backends import jax_loops
from pipeline.network.batches import Batches

# Values of the trained, the other and the optimiser's variables.
Values = tuple[list[Any], list[Any], list[Any]]


class Windows(NamedTuple):
    """Windows on the device: starts in rows, or inputs that are ready; float32."""

    inputs: Any  # [windows, length, features]; None where they are gathered
    rows: Any  # [rows, features]
    rest: Any  # what is left of rows in float64; None where they are float32
    start: Any  # int32 [windows]
    steps: Any  # int32 [length], 0, 1, …
    targets: Any  # [windows, outputs]
    weights: Any  # [windows], in the loss
    scaling: Any  # last or standard, as the one key of a dictionary, which belongs to the shape; empty for none

    @classmethod
    def of(cls, batches: Batches, class_weight: dict[int, float] | None = None) -> Windows:
        """Put the rows of a part on the device. Each window is gathered from them, as `Part.inputs` does."""
        part = batches.part
        rows = np.asarray(part.scaled, dtype=np.float32)
        rest = None if part.scaled.dtype == np.float32 else jnp.asarray((part.scaled - rows).astype(np.float32))
        method = part.spec.scaling["window"]
        return cls(
            None,
            jnp.asarray(rows),
            rest,
            jnp.asarray(part.table["start"].astype(np.int32)),
            jnp.arange(part.spec.length, dtype=jnp.int32),
            jnp.asarray(batches.targets),
            jnp.asarray(_weights(batches.targets, class_weight)),
            {} if method == "none" else {method: 0},
        )

    @classmethod
    def ready(cls, inputs: np.ndarray, targets: np.ndarray) -> Windows:
        """Put inputs and targets on the device."""
        return cls(inputs, None, None, None, None, targets, np.ones(len(targets), dtype=np.float32), {})

    def gather(self, some: Any) -> Any:
        """Return the inputs of some windows: float32 [some, length, features]."""
        if self.inputs is not None:
            return self.inputs[some]
        at = self.start[some][:, None] + self.steps
        batch = self.rows[at]
        if not self.scaling:
            return batch
        # In two parts, whose differences keep the digits that float32 rows have lost.
        low = self.rest[at]
        batch = (batch - batch[:, -1:]) + (low - low[:, -1:])
        if "standard" in self.scaling:
            std = batch.std(axis=1, keepdims=True)
            batch = (batch - batch.mean(axis=1, keepdims=True)) / jnp.where(std > 0, std, 1)
        return batch


class Sums(NamedTuple):
    """What the means of an epoch are made of so far."""

    loss: Any  # sum over windows
    windows: Any
    accuracy: list[Any]  # variables of Keras's metric


class Program:
    """The training of one network, or of others that differ from it in values alone.

    Args:
        model: compiled. The program keeps it, for its structure.
        classes: their number, None for a regression.

    Attributes:
        fills: whether a short last batch is filled up with windows of weight 0. It is not where windows of a batch
            count for one another, or may do so; then it is compiled by itself.
    """

    def __init__(self, model: keras.Model, classes: int | None) -> None:
        self._model = jax_loops.twin(model)
        self._loss = keras.losses.get(model.loss)
        self._accuracy = models.accuracy(classes)
        for metric in self._accuracy:
            metric.reset_state()
        self._variables = _variables(self._model)
        self._training = "training" in inspect.signature(model.call).parameters
        self.fills = all(_alone(layer) for layer in model._flatten_layers(include_self=False))
        self.fills &= type(model).__module__.startswith("keras.")
        self._optimizer = model.optimizer
        self._optimizer.build(model.trainable_variables)
        self.train = jax.jit(self._train)
        self.score = jax.jit(self._score)

    def zero(self) -> Sums:
        """Return the sums at the beginning of an epoch."""
        variables = [jnp.zeros_like(variable.value) for metric in self._accuracy for variable in metric.variables]
        return Sums(jnp.float32(0), jnp.float32(0), variables)

    def means(self, sums: Sums) -> dict[str, float]:
        """Return the means that Keras reports."""
        means = {"loss": float(np.float32(sums.loss) / np.float32(sums.windows)) if float(sums.windows) else 0.0}
        return means | {metric.name: float(metric.stateless_result(sums.accuracy)) for metric in self._accuracy}

    def _train(
        self, given: Values, sums: Sums, windows: Windows, order: Any, count: Any, start: Any, stop: Any
    ) -> tuple[Any, Values, Sums, Sums]:
        """Train on the batches from `start` to before `stop`, or to the first one whose loss is not finite.

        Args:
            given: values of the variables.
            sums: of the epoch so far.
            windows: all of the part.
            order: int [batches, batch size], the windows of each batch.
            count: windows in `order` that count; those after them fill the last batch up.
            start: first batch.
            stop: the one after the last batch.

        Returns:
            The batch after the last one done; the values and sums after that; the sums one batch before.
        """
        optimizer = self._optimizer

        def step(carried: Any) -> Any:
            i, (trained, others, state), sums, _ = carried
            x, y, weights, real = self._batch(windows, order, count, i)
            (loss, (others, outputs)), gradients = jax.value_and_grad(self._cost, has_aux=True)(
                trained, others, x, y, weights, True
            )
            trained, state = optimizer.stateless_apply(state, gradients, trained)
            return i + 1, (trained, others, state), self._add(sums, loss, y, outputs, real), sums

        def goes_on(carried: Any) -> Any:
            return (carried[0] < stop) & jnp.isfinite(carried[2].loss)

        return jax.lax.while_loop(goes_on, step, (jnp.int32(start), given, sums, sums))

    def _score(
        self, given: Values, sums: Sums, windows: Windows, order: Any, count: Any, start: Any, stop: Any
    ) -> tuple[list[Any], Sums]:
        """Score batches; arguments as for `_train`. Returns the other variables, which hold state, and the sums."""
        trained, others, _ = given

        def step(i: Any, carried: Any) -> Any:
            others, sums = carried
            x, y, weights, real = self._batch(windows, order, count, i)
            loss, (others, outputs) = self._cost(trained, others, x, y, weights, False)
            return others, self._add(sums, loss, y, outputs, real)

        return jax.lax.fori_loop(start, stop, step, (others, sums))

    def _batch(self, windows: Windows, order: Any, count: Any, i: Any) -> tuple[Any, Any, Any, Any]:
        """Return inputs, targets, weights in the mean over the batch, and which windows count."""
        some, size = order[i], order.shape[1]
        real = jnp.arange(size) < count - i * size
        weights = windows.weights[some] * real * (size / real.sum())
        return windows.gather(some), windows.targets[some], weights, real

    def _cost(
        self, trained: list[Any], others: list[Any], x: Any, y: Any, weights: Any, training: bool
    ) -> tuple[Any, tuple[list[Any], Any]]:
        """Return the loss with penalties; and the other variables and the outputs."""
        given = {"training": training} if self._training else {}
        mapping = [*zip(self._variables[0], trained, strict=True), *zip(self._variables[1], others, strict=True)]
        with keras.StatelessScope(mapping, collect_losses=True) as scope:
            outputs = self._model(x, **given)
            penalties = self._model.losses
        others = [scope.get_current_value(variable) for variable in self._variables[1]]
        if isinstance(self._loss, keras.losses.Loss):
            loss = self._loss(y, outputs, sample_weight=weights)
        else:
            loss = jnp.mean(self._loss(y, outputs) * weights)
        return loss + sum(penalties), (others, outputs)

    def _add(self, sums: Sums, loss: Any, y: Any, outputs: Any, real: Any) -> Sums:
        variables = sums.accuracy
        for metric in self._accuracy:
            variables = metric.stateless_update_state(variables, y, outputs, sample_weight=real)
        count = real.sum().astype(jnp.float32)
        return Sums(sums.loss + loss * count, sums.windows + count, variables)


def values(model: keras.Model) -> Values:
    """Return the values of a network's variables."""
    trained, others, state = ([variable.value for variable in each] for each in _variables(model))
    return trained, others, state


def assign(model: keras.Model, given: Values) -> None:
    """Set the variables of a network."""
    for each, new in zip(_variables(model), given, strict=True):
        for variable, value in zip(each, new, strict=True):
            variable.assign(value)


def predict_in_turn(model: keras.Model, inputs: np.ndarray, count: int) -> np.ndarray:
    """Predict the first batches of an array, each with the state after the one before; the model keeps the last one.

    Arrays of one shape share a program, whatever the count.

    Args:
        model: the network.
        inputs: float32 [batches, batch size, length, features].
        count: of batches.

    Returns:
        float32 [count, batch size, outputs].
    """
    if model not in _predictors:
        states = models.states(model)

        def run(values: list[Any], state: list[Any], xs: Any, count: Any) -> tuple[list[Any], Any]:
            def step(i: Any, carried: tuple[list[Any], Any]) -> tuple[list[Any], Any]:
                state, made = carried
                mapping = [*zip(model.variables, values, strict=True), *zip(states, state, strict=True)]
                with keras.StatelessScope(mapping) as scope:
                    outputs = model(xs[i])
                return [scope.get_current_value(variable) for variable in states], made.at[i].set(outputs)

            made = jnp.zeros((*xs.shape[:2], *model.output_shape[1:]), jnp.float32)
            return jax.lax.fori_loop(0, count, step, (state, made))

        _predictors[model] = jax.jit(run), states
    run, states = _predictors[model]
    state, outputs = run([each.value for each in model.variables], [each.value for each in states], inputs, count)
    for variable, value in zip(states, state, strict=True):
        variable.assign(value)
    return np.array(outputs[:count])


_predictors: weakref.WeakKeyDictionary[keras.Model, Any] = weakref.WeakKeyDictionary()


def _variables(model: keras.Model) -> tuple[list[Any], list[Any], list[Any]]:
    """Return the trained variables; the others, and the carried state, which Keras does not count; the optimiser's."""
    others = [*model.non_trainable_variables, *models.states(model)]
    return model.trainable_variables, others, getattr(model.optimizer, "variables", [])


def _alone(layer: keras.Layer) -> bool:
    """Return whether a layer certainly treats each window of a batch by itself, and adds nothing to the loss."""
    own = type(layer).__module__.startswith("keras.")
    joint = isinstance(layer, keras.layers.BatchNormalization | keras.layers.ActivityRegularization)
    return own and not joint and getattr(layer, "activity_regularizer", None) is None


def _weights(targets: np.ndarray, class_weight: dict[int, float] | None) -> np.ndarray:
    """Return the weight of each window: float32 [windows]."""
    if class_weight is None:
        return np.ones(len(targets), dtype=np.float32)
    classes = targets[:, 0].round() if targets.shape[1] == 1 else targets.argmax(axis=1)
    return np.array([class_weight[int(one)] for one in classes], dtype=np.float32)
