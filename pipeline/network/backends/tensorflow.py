"""Keras on TensorFlow: threads, determinism, silence, epochs and gradients."""

from __future__ import annotations

import math
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pipeline.network import backends

if TYPE_CHECKING:
    import keras
    import numpy as np

    from pipeline.network.batches import Batches


def prepare(threads: int, jit_compile: bool) -> None:
    """See `pipeline.network.backends.prepare`.

    With op determinism, Keras turns XLA off, which makes long windows five times slower (51264: 2,600 windows a second
    instead of 13,800). It is therefore enabled only without XLA. XLA's CPU code gives equal bytes at an equal number of
    threads (`tests/network/test_training.py`); on a GPU, its own flag does the same.
    """
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # errors raise; the other lines are about missing GPUs
    os.environ["KERAS_BACKEND"] = "tensorflow"
    if jit_compile:
        flags = os.environ.get("XLA_FLAGS", "")
        os.environ["XLA_FLAGS"] = f"{flags} --xla_gpu_deterministic_ops=true".strip()
    with _quiet(), backends.without_unused():
        import tensorflow as tf  # and with it Keras

    tf.get_logger().setLevel("ERROR")  # TensorFlow warns that each seed traces its own step
    for name in ("intra_op_parallelism_threads", "inter_op_parallelism_threads"):
        if getattr(tf.config.threading, f"get_{name}")() != threads:  # it can be set only once
            getattr(tf.config.threading, f"set_{name}")(threads)
    if not jit_compile:
        tf.config.experimental.enable_op_determinism()


def compilation(training: dict[str, Any]) -> tuple[bool, int]:
    """See `pipeline.network.backends.compilation`."""
    return training["jit_compile"], training["steps_per_execution"]


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
    """See `pipeline.network.backends.run_epochs`."""
    model.fit(
        batches,
        validation_data=validation,
        epochs=epochs,
        shuffle=False,  # Batches shuffles by itself
        verbose=0,
        class_weight=class_weight,
        callbacks=callbacks,
    )


def predict(model: keras.Model, inputs: np.ndarray) -> np.ndarray:
    """See `pipeline.network.backends.predict`."""
    return model.predict_on_batch(inputs)


def predict_in_turn(model: keras.Model, inputs: np.ndarray) -> np.ndarray:
    """See `pipeline.network.backends.predict_in_turn`."""
    import numpy as np

    return np.stack([model.predict_on_batch(batch) for batch in inputs])


def steps(model: keras.Model) -> backends.Steps:
    """See `pipeline.network.backends.steps`."""

    def run(inputs: Callable[[np.ndarray], np.ndarray], targets: np.ndarray, order: np.ndarray) -> int:
        for step, some in enumerate(order):
            logs = model.train_on_batch(inputs(some), targets[some], return_dict=True)
            if not math.isfinite(float(logs["loss"])):
                return step + 1
        return len(order)

    return run


def gradients(function: Callable[..., Any], jit_compile: bool) -> Callable[..., Any]:
    """See `pipeline.network.backends.gradients`."""
    import tensorflow as tf

    @tf.function(jit_compile=jit_compile)
    def traced(at: list[Any], *others: Any) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(at)
            number = function(at, *others)
        return tape.gradient(number, at, unconnected_gradients=tf.UnconnectedGradients.ZERO)

    def run(at: list[Any], *others: Any) -> list[Any]:
        at, others = tf.nest.map_structure(tf.convert_to_tensor, (list(at), others))
        return [tf.convert_to_tensor(gradient).numpy() for gradient in traced(at, *others)]

    return run


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide what the C++ side writes while loading: it warns of missing GPUs before its log level applies."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as output:
        os.dup2(output.fileno(), 2)
        try:
            yield
        except BaseException:
            output.seek(0)
            os.write(kept, output.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
