"""Keras on TensorFlow: threads, determinism, silence and gradients."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


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
    with _quiet():
        import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # TensorFlow warns that each seed traces its own step
    for name in ("intra_op_parallelism_threads", "inter_op_parallelism_threads"):
        if getattr(tf.config.threading, f"get_{name}")() != threads:  # it can be set only once
            getattr(tf.config.threading, f"set_{name}")(threads)
    if not jit_compile:
        tf.config.experimental.enable_op_determinism()


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
