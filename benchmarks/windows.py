"""Windows per second and memory of three ways to batch 2.7 million rows x 7, window 100, stride 50.

    python -m benchmarks.windows

Each way runs in a process of its own over the same training part, in batches of 28 as post 123707 has them, in the
order of an epoch.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import rows, scratch
from pipeline.common import costs

REPEATS = 5


def gather(part: Any) -> Callable[[np.ndarray], int]:
    """Gather the rows of each batch, as trainings do (pipeline/dataset/part.py)."""
    return lambda some: len(part.inputs(some))


def ready(part: Any) -> Callable[[np.ndarray], int]:
    """Copy each batch out of windows that are ready in memory."""
    windows = part.inputs()
    return lambda some: len(windows[some])


def keras_dataset(part: Any) -> Callable[[np.ndarray], int]:
    """Iterate over keras.utils.timeseries_dataset_from_array, which reads the rows in order."""
    import keras

    stride = int(part.table["start"][1] - part.table["start"][0])
    batches = iter(
        keras.utils.timeseries_dataset_from_array(
            part.scaled, None, sequence_length=part.spec.length, sequence_stride=stride, batch_size=rows.BATCH
        )
    )
    return lambda some: len(next(batches))


WAYS: dict[str, Callable[[Any], Callable[[np.ndarray], int]]] = {
    "gather": gather,
    "ready": ready,
    "keras_dataset": keras_dataset,
}


def measure(name: str) -> dict[str, float]:
    """Measure windows per second, preparations and imports excluded, and peak MB."""
    from pipeline import dataset

    part = dataset.load(f"stride_{rows.STRIDES[0]}", 0, "train")
    order = np.random.default_rng(0).permutation(len(part))
    batches = [order[i : i + rows.BATCH] for i in range(0, len(order), rows.BATCH)]
    batch = WAYS[name](part)
    batch(batches[0])
    start = time.monotonic()
    seen = sum(batch(some) for some in batches[1:])
    seconds = time.monotonic() - start
    return {"windows": seen / seconds, "megabytes": costs.peak_megabytes()}


def compare(repeats: int = REPEATS) -> dict[str, dict[str, float]]:
    """Return the medians of `measure` for each way."""
    runs: dict[str, list[dict[str, float]]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        rows.prepare(folder, rows.ROWS)
        scratch.make_data(folder, f"stride_{rows.STRIDES[0]}")
        for _ in range(repeats):
            for name in WAYS:
                runs.setdefault(name, []).append(scratch.figures(folder, "benchmarks.windows", "--one", name))
    return {name: {key: statistics.median(run[key] for run in each) for key in each[0]} for name, each in runs.items()}


def main() -> int:
    """Print the table."""
    made = compare()
    print(f"{'way':<16}{'windows/s':>12}{'ratio':>8}{'peak MB':>10}")
    for name, each in made.items():
        ratio = each["windows"] / made["gather"]["windows"]
        print(f"{name:<16}{each['windows']:>12,.0f}{ratio:>8.2f}{each['megabytes']:>10,.0f}")
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(sys.argv[2])))
    else:
        sys.exit(main())
