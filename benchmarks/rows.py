"""How the data stages and a training bear many rows: seven columns of a Parquet file, windows of 100.

    python -m benchmarks.rows    raw to scaled rows against a copy, growth with the rows, memory of a training

A copy reads the Parquet file and writes as many bytes as the four stages raw, split, window and scale do.
"""

from __future__ import annotations

import csv
import itertools
import json
import math
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks import scratch
from pipeline.common import costs

ROWS, FEATURES, LENGTH = 3_000_000, 7, 100
SIZES = (100_000, 1_000_000, 10_000_000)
STRIDES = (50, 1)
REPEATS = 5
UPDATES, BATCH = 100, 28
_PARQUET = Path("data/own/rows.parquet")
_OUTPUTS = ("raw", "split", "test", "windows", "scaled")


def prepare(folder: Path, rows: int) -> None:
    """Write a Parquet file with so many rows, and params.yaml with a dataset for each stride."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    params = yaml.safe_load((scratch.PROJECT / "params.yaml").read_text(encoding="utf-8"))
    columns = [f"x{i}" for i in range(FEATURES)]
    params["series"] = {"rows": {"source": str(_PARQUET), "target": "x0", "features": columns}}
    params["datasets"] = {
        f"stride_{stride}": {
            "series": "rows",
            "split": {"scheme": "holdout", "validation": 0, "test": 0.1},
            "window": {"length": LENGTH, "stride": {"train": stride, "evaluation": 50}},
            "scaling": {"features": "standard", "target": "minmax"},
        }
        for stride in STRIDES
    }
    experiment = params["experiments"]["sign_lstm_no_signal"]
    params["experiments"] = {"lstm": experiment | {"dataset": f"stride_{STRIDES[0]}"}}
    scratch.prepare(folder, params, ("pipeline", "benchmarks"))
    (folder / _PARQUET).parent.mkdir(parents=True)
    drawn = np.random.default_rng(0).normal(size=(rows, FEATURES))
    pq.write_table(pa.table({name: drawn[:, i] for i, name in enumerate(columns)}), folder / _PARQUET)


def copy(folder: Path) -> float:
    """Return the seconds in which one process reads the Parquet file and writes the bytes of the stages' outputs."""
    import pyarrow.parquet as pq

    sizes = [path.stat().st_size for kind in _OUTPUTS for path in (folder / "data" / kind).rglob("*") if path.is_file()]
    start = time.monotonic()
    columns = [column.to_numpy() for column in pq.read_table(folder / _PARQUET).columns]
    content = np.stack(columns, axis=1).tobytes()
    for i, size in enumerate(sizes):
        with (folder / f"copy{i}").open("wb") as file:
            for at in range(0, size, len(content)):
                file.write(content[: min(len(content), size - at)])
    seconds = time.monotonic() - start
    for i in range(len(sizes)):
        (folder / f"copy{i}").unlink()
    return seconds


def stages(folder: Path) -> tuple[float, float]:
    """Run the four stages; return their seconds together, and the peak megabytes of the largest."""
    start = time.monotonic()
    scratch.make_data(folder, f"stride_{STRIDES[0]}")
    seconds = time.monotonic() - start
    with (folder / "reports/costs.csv").open(encoding="utf-8") as file:
        return seconds, max(float(row["peak_megabytes"]) for row in csv.DictReader(file))


def scaled(repeats: int = REPEATS) -> dict[str, float]:
    """Compare the four stages with the copy: median seconds of both, at `ROWS` rows."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        prepare(folder, ROWS)
        ours, copies = [], []
        for _ in range(repeats):
            ours.append(stages(folder)[0])
            copies.append(copy(folder))
    return {"stages": statistics.median(ours), "copy": statistics.median(copies)}


def growth(repeats: int = REPEATS) -> dict[str, Any]:
    """Return median seconds, peak megabytes and megabytes of the raw rows at each size.

    `exponent` is the larger of the two between neighbouring sizes, because the start of the processes flatters the
    first; `paper` and `paper_megabytes` are those of ten times as many rows as the largest, on the line through the
    last two. `beyond` is how many bytes of memory come with each byte of the rows.
    """
    seconds, peaks, mapped = [], [], []
    for rows in SIZES:
        with tempfile.TemporaryDirectory() as temporary:
            prepare(Path(temporary), rows)
            runs = [stages(Path(temporary)) for _ in range(repeats)]
            mapped.append(sum(path.stat().st_size for path in Path(temporary, "data/raw").rglob("*.npy")) / 2**20)
        seconds.append(statistics.median(run[0] for run in runs))
        peaks.append(statistics.median(run[1] for run in runs))
    exponents = [math.log10(b / a) for a, b in itertools.pairwise(seconds)]
    return {
        "rows": list(SIZES),
        "seconds": seconds,
        "megabytes": peaks,
        "mapped": mapped,
        "exponent": max(exponents),
        "paper": _on_paper(seconds),
        "paper_megabytes": _on_paper(peaks),
        "beyond": (peaks[-1] - peaks[0]) / (mapped[-1] - mapped[0]),
    }


def _on_paper(values: list[float]) -> float:
    """Return the value at ten times the largest size, on the line through the last two sizes."""
    (smaller, larger), (before, last) = SIZES[-2:], values[-2:]
    return last + (last - before) / (larger - smaller) * 9 * larger


def train_one(backend: str, stride: str) -> dict[str, float]:
    """Train for `UPDATES` updates in this process; return its peak megabytes and the milliseconds of an update."""
    from pipeline.common import params
    from pipeline.network import backends, training

    experiment = params.load()["experiments"]["lstm"]
    chosen = experiment["training"] | {"backend": backend, "epochs": 1, "early_stopping": None, "batch_size": BATCH}
    backends.prepare(1, chosen["jit_compile"], backend)
    import keras

    part, _ = training.parts(f"stride_{stride}", 0)
    ends: dict[int, float] = {}
    end = keras.callbacks.LambdaCallback(
        on_train_batch_end=lambda batch, logs: ends.__setitem__(batch, time.monotonic())
    )
    training.fit(part, None, experiment["architecture"], chosen, 0, updates=UPDATES, live=lambda _: end)
    first, last = min(ends), max(ends)
    peak = costs.peak_megabytes()
    return {"megabytes": peak, "milliseconds": (ends[last] - ends[first]) / (last - first) * 1000}


def training(repeats: int = REPEATS) -> dict[str, dict[str, float]]:
    """Return `train_one` for each backend and stride at `ROWS` rows, medians over the repeats."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        prepare(folder, ROWS)
        done: set[str] = set()
        for stride in STRIDES:
            scratch.make_data(folder, f"stride_{stride}", done)
        cases = [(backend, stride) for backend in ("tensorflow", "jax") for stride in STRIDES]
        runs: dict[str, list[dict[str, float]]] = {}
        for _ in range(repeats):
            for backend, stride in cases:
                measured = scratch.figures(
                    folder, "benchmarks.rows", "--one", backend, str(stride), without=("KERAS_BACKEND",)
                )
                runs.setdefault(f"{backend}_{stride}", []).append(measured)
    return {case: {key: statistics.median(run[key] for run in each) for key in each[0]} for case, each in runs.items()}


def main() -> int:
    """Print the figures."""
    for function in (scaled, growth, training):
        print(f"{function.__name__}: {json.dumps(function(), indent=1)}", flush=True)
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(train_one(*sys.argv[2:4])))
    else:
        sys.exit(main())
