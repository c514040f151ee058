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

    With op determinism on, Keras turns XLA off, at five times the time of a long window (51264: 2,600 windows a second
    instead of 13,800). So it is asked for only without XLA; XLA's CPU code gives equal bytes at an equal number of
    threads (`tests/network/test_training.py`), and on a GPU its own flag does the same.
    """
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # what goes wrong raises; the lines are about GPUs that are not there
    os.environ["KERAS_BACKEND"] = "tensorflow"
    if jit_compile:
        flags = os.environ.get("XLA_FLAGS", "")
        os.environ["XLA_FLAGS"] = f"{flags} --xla_gpu_deterministic_ops=true".strip()
    with _quiet():
        import tensorflow as tf

    tf.get_logger().setLevel("ERROR")  # each seed traces its own step, which TensorFlow warns about
    for name in ("intra_op_parallelism_threads", "inter_op_parallelism_threads"):
        if getattr(tf.config.threading, f"get_{name}")() != threads:  # it may be set once only
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
        return [tf.convert_to_tensor(one).numpy() for one in traced(at, *others)]

    return run


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep back what the C++ side writes while it is loaded: it speaks of absent GPUs before its log level holds."""
    sys.stderr.flush()
    kept = os.dup(2)
    with tempfile.TemporaryFile() as said:
        os.dup2(said.fileno(), 2)
        try:
            yield
        except BaseException:
            said.seek(0)
            os.write(kept, said.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
