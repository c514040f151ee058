"""Windows per second and memory of three ways to batch 2.7 million rows x 7, window 100, stride 50.

    python -m benchmarks.windows

Each way runs in a process of its own over the same memory-mapped rows, in batches of 28 as post 123707 has them.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import numpy as np

from benchmarks.scratch import PROJECT

ROWS, FEATURES, LENGTH, STRIDE, BATCH = 2_700_000, 7, 100, 50, 28


def gather(rows: np.ndarray) -> int:
    """Gather the rows of each batch, as this project does (pipeline/dataset/part.py)."""
    starts = np.arange(0, len(rows) - LENGTH, STRIDE)
    for i in range(0, len(starts), BATCH):
        np.ascontiguousarray(rows[starts[i : i + BATCH, None] + np.arange(LENGTH)])
    return len(starts)


def view(rows: np.ndarray) -> int:
    """Copy all windows of a sliding view at once."""
    windows = np.lib.stride_tricks.sliding_window_view(rows, LENGTH, axis=0)[:-1:STRIDE].transpose(0, 2, 1)
    return len(np.ascontiguousarray(windows))


def keras_dataset(rows: np.ndarray) -> int:
    """Iterate over keras.utils.timeseries_dataset_from_array."""
    import keras

    seen = 0
    for batch in keras.utils.timeseries_dataset_from_array(
        rows, None, sequence_length=LENGTH, sequence_stride=STRIDE, batch_size=BATCH
    ):
        seen += len(batch)
    return seen


WAYS: dict[str, Callable[[np.ndarray], int]] = {"gather": gather, "view": view, "keras_dataset": keras_dataset}


def measure(name: str, path: str) -> str:
    """Measure windows per second, imports excluded, and peak MB."""
    rows = np.load(path, mmap_mode="r")
    WAYS[name](np.array(rows[:10_000]))
    start = time.monotonic()
    seen = WAYS[name](rows)
    speed = seen / (time.monotonic() - start)
    return f"{speed} {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}"


def main() -> int:
    """Print the table."""
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/rows.npy"
        np.save(path, np.random.default_rng(0).normal(size=(ROWS, FEATURES)).astype(np.float32))
        print(f"{'way':<16}{'windows/s':>12}{'ratio':>8}{'peak MB':>10}")
        first = None
        for name in WAYS:
            code = f"from benchmarks.windows import measure; print(measure({name!r}, {path!r}))"
            done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
            speed, peak = map(float, done.stdout.split())
            first = first or speed
            print(f"{name:<16}{speed:>12,.0f}{speed / first:>8.2f}{peak:>10,.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
