"""Keras on JAX: threads, epochs, steps and gradients. The loop over the batches is part of the compiled program."""

from __future__ import annotations

import importlib.util
import itertools
import math
import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.common.errors import UserError
from pipeline.network import backends

if TYPE_CHECKING:
    import keras

    from pipeline.network.backends.jax_program import Program, Windows
    from pipeline.network.batches import Batches

# The last programs: the seeds and folds of an experiment follow one another, and proofs train by turns with and
# without early stopping.
_compiled: dict[str, Program] = {}
_KEPT = 2
# Numbers in the inputs of one call, 16 MiB; the most steps of a call of `steps`, and batches of `predict_in_turn`.
_CALL, _STEPS, _BATCHES = 2**22, 32, 64


def prepare(threads: int, jit_compile: bool) -> None:
    """See `pipeline.network.backends.prepare`."""
    if importlib.util.find_spec("jax") is None:
        raise UserError(
            "training.backend",
            "must be a backend that is installed",
            "jax",
            "Run `uv sync --group jax`, or set backend: tensorflow.",
        )
    os.environ["KERAS_BACKEND"] = "jax"
    os.environ["NPROC"] = str(threads)  # XLA takes the number of its threads on a CPU from here
    # A quarter less time to compile (470563: 6.5 s instead of 10.0 s with the first epoch), and later epochs as fast.
    flags = "--xla_backend_optimization_level=1 --xla_gpu_deterministic_ops=true"
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flags}".strip()
    # One generator for all elements of a mask, not one for each device: a sixth of an epoch with dropout (470563).
    os.environ["JAX_THREEFRY_PARTITIONABLE"] = "0"
    # Several functions of Keras import TensorFlow where they find it: 2 s, for types that cannot occur here. None in
    # this place makes the import fail as if it were not installed.
    sys.modules["tensorflow"] = None  # type: ignore[assignment]
    with backends.without_unused("jax"):
        import keras  # noqa: F401 - before anything imports all of it


def compilation(training: dict[str, Any]) -> tuple[bool, int]:
    """See `pipeline.network.backends.compilation`."""
    return True, 1


def run_epochs(
    model: keras.Model,
    batches: Batches,
    validation: Batches | None,
    epochs: int,
    callbacks: list[keras.callbacks.Callback],
    class_weight: dict[int, float] | None,
    reports: Callable[[int], set[int]],
    validation_reports: frozenset[int],
    program: str | None,
) -> None:
    """See `pipeline.network.backends.run_epochs`.

    The batches between two reports run in one call, which ends after a batch whose loss is not finite.
    """
    import keras

    from pipeline.network.backends.jax_program import Windows

    if type(model).train_step is not keras.Model.train_step:
        raise UserError(
            "training.backend",
            "must be tensorflow for a network with a `train_step` of its own",
            "jax",
            "Set backend: tensorflow.",
        )
    model.optimizer.build(model.trainable_variables)
    compiled = _program(model, batches.part.spec.classes, program)
    training = Windows.of(batches, class_weight)
    unseen = None if validation is None else Windows.of(validation)
    caller = keras.callbacks.CallbackList(callbacks, model=model, epochs=epochs, steps=len(batches), verbose=0)
    model.stop_training = False
    logs: dict[str, float] = {}
    caller.on_train_begin()
    batches.on_epoch_end()  # as Keras's `fit` does before the first epoch too: the order of windows is the same
    for epoch in range(epochs):
        caller.on_epoch_begin(epoch)
        logs = _train(compiled, model, training, batches, reports(epoch), caller)
        if validation is not None and unseen is not None:
            scores = _score(compiled, model, unseen, validation, validation_reports, caller)
            logs |= {f"val_{name}": value for name, value in scores.items()}
        caller.on_epoch_end(epoch, logs)
        batches.on_epoch_end()
        if model.stop_training:
            break
    caller.on_train_end(logs)


def predict(model: keras.Model, inputs: np.ndarray) -> np.ndarray:
    """See `pipeline.network.backends.predict`."""
    from pipeline.network import models

    if models.states(model):  # which Keras's own function does not keep
        return predict_in_turn(model, inputs[None])[0]
    return np.asarray(model.predict_on_batch(inputs))


def predict_in_turn(model: keras.Model, inputs: np.ndarray) -> np.ndarray:
    """See `pipeline.network.backends.predict_in_turn`.

    Of 6,286 windows of 100 rows, one by one, a call for each takes 0.86 s, and one for each 64 of them 0.19 s.
    """
    from pipeline.network.backends import jax_program

    most = min(max(1, _CALL // inputs[0].size), _BATCHES)
    found = []
    for start in range(0, len(inputs), most):
        some = inputs[start : start + most]
        found.append(jax_program.predict_in_turn(model, _filled(some, most), len(some)))
    return np.concatenate(found)


def steps(model: keras.Model) -> backends.Steps:
    """See `pipeline.network.backends.steps`."""
    from pipeline.network.backends import jax_program

    compiled = jax_program.Program(model, None)

    def run(inputs: Callable[[np.ndarray], np.ndarray], targets: np.ndarray, order: np.ndarray) -> int:
        size, done = order.shape[1], 0
        most = min(max(1, _CALL // inputs(order[0, :1]).size // size), _STEPS)
        numbers = np.arange(most * size, dtype=np.int32).reshape(most, size)
        while done < len(order):
            some = order[done : done + most].ravel()
            # Filled up to one size, so that nothing is compiled twice; the steps of these windows are not done.
            given, wanted = (_filled(array, most * size) for array in (inputs(some), targets[some]))
            windows, calls = jax_program.Windows.ready(given, wanted), len(some) // size
            count, after, sums, _ = compiled.train(
                jax_program.values(model), compiled.zero(), windows, numbers, numbers.size, 0, calls
            )
            jax_program.assign(model, after)
            done += int(count)
            if not math.isfinite(float(sums.loss)):
                break
        return done

    return run


def _filled(array: np.ndarray, size: int) -> np.ndarray:
    """Append rows of zeros."""
    return np.concatenate([array, np.zeros((size - len(array), *array.shape[1:]), dtype=array.dtype)])


def gradients(function: Callable[..., Any], jit_compile: bool) -> Callable[..., Any]:
    """See `pipeline.network.backends.gradients`."""
    import jax

    traced = jax.jit(jax.grad(function))

    def run(at: list[Any], *others: Any) -> list[Any]:
        return [np.asarray(gradient) for gradient in traced(list(at), *others)]

    return run


def _program(model: keras.Model, classes: int | None, text: str | None) -> Program:
    from pipeline.network.backends.jax_program import Program

    if text is None:
        return Program(model, classes)
    if text not in _compiled:
        while len(_compiled) >= _KEPT:
            del _compiled[next(iter(_compiled))]
        _compiled[text] = Program(model, classes)
    return _compiled[text]


def _train(
    compiled: Program,
    model: keras.Model,
    windows: Windows,
    batches: Batches,
    reports: set[int],
    caller: keras.callbacks.CallbackList,
) -> dict[str, float]:
    """Train for one epoch, and return the means that Keras reports."""
    from pipeline.network.backends import jax_program

    sums = compiled.zero()
    for order, first, start, stop in _calls(compiled, batches, reports):
        caller.on_train_batch_begin(first + start)
        count, after, sums, before = compiled.train(
            jax_program.values(model),
            sums,
            windows,
            order,
            len(batches.order) - first * batches.batch_size,
            start,
            stop,
        )
        last = first + int(count) - 1
        jax_program.assign(model, after)
        if not math.isfinite(float(sums.loss)) and last > first + start:
            caller.on_train_batch_end(last - 1, compiled.means(before))
            caller.on_train_batch_begin(last)
        caller.on_train_batch_end(last, compiled.means(sums))
        if model.stop_training:
            break
    return compiled.means(sums)


def _score(
    compiled: Program,
    model: keras.Model,
    windows: Windows,
    batches: Batches,
    reports: frozenset[int],
    caller: keras.callbacks.CallbackList,
) -> dict[str, float]:
    """Score all windows, and return the means that Keras reports."""
    from pipeline.network.backends import jax_program

    sums = compiled.zero()
    caller.on_test_begin()
    for order, first, start, stop in _calls(compiled, batches, reports):
        caller.on_test_batch_begin(first + start)
        trained, others, state = jax_program.values(model)
        count = len(batches.order) - first * batches.batch_size
        others, sums = compiled.score((trained, others, state), sums, windows, order, count, start, stop)
        jax_program.assign(model, (trained, others, state))
        caller.on_test_batch_end(first + stop - 1, compiled.means(sums))
    means = compiled.means(sums)
    caller.on_test_end(means)
    return means


def _calls(
    compiled: Program, batches: Batches, reports: set[int] | frozenset[int]
) -> list[tuple[np.ndarray, int, int, int]]:
    """Divide the batches of an epoch into calls.

    Returns:
        Per call: int [batches, batch size], the windows of all batches of its size; the number of the first of them in
        the epoch; and the call's first and last batch among them.
    """
    order, size = batches.order.astype(np.int32), batches.batch_size
    full, rest = divmod(len(order), size)
    if rest and full and compiled.fills:
        order = np.concatenate([order, np.full(size - rest, order[-1], dtype=np.int32)])
        full, rest = full + 1, 0
    body, tail = order[: full * size].reshape(full, size), order[full * size :].reshape(-1, max(rest, 1))
    edges = sorted({0, full} | {report for report in reports if report < full})
    calls = [(body, 0, start, stop) for start, stop in itertools.pairwise(edges)]
    return calls + ([(tail.reshape(1, rest), full, 0, 1)] if rest else [])
