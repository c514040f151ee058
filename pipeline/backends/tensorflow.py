"""Keras on TensorFlow: threads, determinism and silence."""

from __future__ import annotations

import os


def prepare(threads: int, jit_compile: bool) -> None:
    """See `pipeline.backends.prepare`.

    With op determinism on, Keras turns XLA off, at five times the time of a long window (51264: 2,600 windows a second
    instead of 13,800). So it is asked for only without XLA; XLA's CPU code gives equal bytes at an equal number of
    threads (`tests/test_train.py`), and on a GPU its own flag does the same.
    """
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # INFO and WARNING lines of the C++ side, about GPUs that are not there
    os.environ["KERAS_BACKEND"] = "tensorflow"
    if jit_compile:
        flags = os.environ.get("XLA_FLAGS", "")
        os.environ["XLA_FLAGS"] = f"{flags} --xla_gpu_deterministic_ops=true".strip()
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(threads)
    if not jit_compile:
        tf.config.experimental.enable_op_determinism()
