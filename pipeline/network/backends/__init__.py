"""What Keras has no common interface for, one small module per backend: a process has one of them."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING, Any

from pipeline.common.errors import UserError

if TYPE_CHECKING:
    import keras
    import numpy as np

    from pipeline.network.batches import Batches

# From a function of window numbers to their inputs, the targets of all windows, and the windows of each step.
Steps = Callable[[Callable[["np.ndarray"], "np.ndarray"], "np.ndarray", "np.ndarray"], int]
NAMES = ("tensorflow", "jax")
# Of an experiment that names none, and of what belongs to no experiment: planted leaks, a file of `make check`.
DEFAULT = "tensorflow"
# Keras and TensorFlow import these where they are installed, for plots, data frames, wrappers and converters that no
# stage uses: 1.4 s and 260 MB of 3.7 s and 810 MB.
_UNUSED = ("jax", "matplotlib", "pandas", "sklearn")


def prepare(threads: int, jit_compile: bool, backend: str | None = None) -> None:
    """Import Keras on a backend, with its threads, determinism and logging. Call it once in a process, before Keras.

    Args:
        threads: number of threads; it changes the order of sums, and so the results.
        jit_compile: whether models will be compiled with XLA; JAX always does.
        backend: `training.backend` of the experiment, or `DEFAULT`: every stage names one. None, for what runs inside
            of a stage, and in tests: the one that `KERAS_BACKEND` names, or TensorFlow.

    Raises:
        UserError: there is no such backend, it is not installed, or `KERAS_BACKEND` names another one.
    """
    if backend:
        require(backend)
    _module(backend or os.environ.get("KERAS_BACKEND") or DEFAULT).prepare(threads, jit_compile)


def require(backend: str, why: str = "as `training.backend` has it") -> None:
    """Require that the environment names no other backend; nothing is imported.

    Args:
        backend: the one to compute on.
        why: the words that follow its name in the message.

    Raises:
        UserError: `KERAS_BACKEND` names another one.
    """
    given = os.environ.get("KERAS_BACKEND")
    if given and given != backend:
        raise UserError("KERAS_BACKEND", f"must be {backend}, {why}", given, "Unset this environment variable.")


def compilation(training: dict[str, Any]) -> tuple[bool, int]:
    """Return whether XLA compiles a training's steps, and how many of them one call does.

    On JAX the settings of these names have no effect: XLA compiles every step, and the loop around them too.

    Args:
        training: the settings of the same name in params.yaml, complete.
    """
    return current().compilation(training)


def run_epochs(
    model: keras.Model,
    batches: Batches,
    validation: Batches | None,
    epochs: int,
    callbacks: list[keras.callbacks.Callback],
    *,
    class_weight: dict[int, float] | None = None,
    reports: Callable[[int], set[int]],
    validation_reports: Collection[int] = (),
    program: str | None = None,
) -> None:
    """Train a compiled network, and score the validation part after each epoch.

    Args:
        model: built and compiled.
        batches: of training.
        validation: batches of validation, or None.
        epochs: at most: a callback may stop earlier.
        callbacks: called as Keras's `fit` calls them.
        class_weight: weight of each class in the training loss.
        reports: for an epoch, counted from 0, the numbers of its batches after which callbacks are called, the last
            one among them. TensorFlow calls them after each execution instead.
        validation_reports: the same for each validation, whose last batch is always one of them.
        program: trainings with the same text differ in values alone, and JAX compiles them once.
    """
    current().run_epochs(
        model, batches, validation, epochs, callbacks, class_weight, reports, frozenset(validation_reports), program
    )


def predict(model: keras.Model, inputs: np.ndarray) -> np.ndarray:
    """Return a network's outputs for one batch, which carries state on if its layers do."""
    return current().predict(model, inputs)


def predict_in_turn(model: keras.Model, inputs: np.ndarray) -> np.ndarray:
    """Return a network's outputs for batches that follow one another, each with the state after the one before.

    Args:
        model: a network of any layers; without a carried state the batches have nothing to do with one another.
        inputs: float32 [batches, batch size, length, features].

    Returns:
        float32 [batches, batch size, outputs]. The network keeps the state after the last batch.
    """
    return current().predict_in_turn(model, inputs)


def steps(model: keras.Model) -> Steps:
    """Return a function that trains a compiled network on batches of one size.

    It takes a function from int [windows] to their inputs, the targets of all windows, and int [steps, batch size], the
    windows of each step. It returns the number of steps done: fewer where the loss becomes NaN or infinite.
    """
    return current().steps(model)


def gradients(function: Callable[..., Any], jit_compile: bool) -> Callable[..., Any]:
    """Return the gradient of a function of tensors. Keras has no call for it.

    Args:
        function: from a list of tensors (and any further arguments) to one number.
        jit_compile: compile with XLA; must be as for `prepare` in this process.

    Returns:
        A function of the same arguments that returns one array per tensor of the list: the gradient of the number, 0 if
        it does not depend on the tensor. It is traced once for arguments of equal shapes.
    """
    return current().gradients(function, jit_compile)


def current() -> ModuleType:
    """Return the module of the process's backend."""
    return _module(os.environ.get("KERAS_BACKEND", DEFAULT))


@contextmanager
def without_unused(needed: str = "") -> Iterator[None]:
    """Let the import of libraries fail that Keras and TensorFlow can do without. They can be imported afterwards.

    A name whose entry in `sys.modules` is None raises ModuleNotFoundError, as if it were not installed.

    Args:
        needed: one that is imported all the same.
    """
    hidden = [name for name in _UNUSED if name != needed and name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


def _module(name: str) -> ModuleType:
    if name not in NAMES:
        rule = f"must be {' or '.join(NAMES)}"
        raise UserError("KERAS_BACKEND", rule, name, "Unset this environment variable.")
    return importlib.import_module(f"pipeline.network.backends.{name}")
