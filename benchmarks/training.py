"""Windows per second of an epoch on TensorFlow, per experiment: plain, compiled with XLA, several steps per execution.

    python -m benchmarks.training               one experiment of each architecture
    python -m benchmarks.training NAME …        some of them

It needs the windows and scaled rows of `make run`. Every setting runs in a process of its own, over the first training
windows; the first epoch, which compiles, is excluded. Read the ratios: machines are shared and noisy.
"""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace
from typing import Any
from unittest.mock import patch

import numpy as np

from benchmarks.scratch import PROJECT

SETTINGS = {"plain": (False, 1), "16 steps": (False, 16), "jit": (True, 1), "jit, 16 steps": (True, 16)}
# Experiments, and the number of windows of an epoch: fewer where a window is expensive.
NAMES = {
    "sign_lstm_no_signal": 4000,
    "stacked_lstm_linear": 560,
    "stacked_dense": 2800,
    "sequence_mean_question": 45,
    "sequence_mean_answer": 45,
    "deep_rnn": 1920,
    "stateful_classifier_clean": 16800,
    "co2_lstm": 1546,
}


def measure(name: str, jit: bool, steps: int) -> float:
    """Return the windows per second in the best of three epochs, after one that compiles."""
    from pipeline import dataset
    from pipeline.common import params
    from pipeline.network import backends, training

    p = params.load()
    experiment = p["experiments"][name]
    changed: dict[str, Any] = experiment["training"] | {
        "backend": "tensorflow",
        "jit_compile": jit,
        "steps_per_execution": steps,
        "early_stopping": None,
    }
    backends.prepare(changed["threads"], jit, changed["backend"])
    part = dataset.load(experiment["dataset"], 0, "train")
    most = NAMES.get(name, 1000)
    part = replace(part, table={key: column[:most] for key, column in part.table.items()})
    # After `prepare`, which must come before Keras is imported.
    from pipeline.network.callbacks import EpochRecorder

    ends: list[float] = []

    class Timed(EpochRecorder):
        def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
            super().on_epoch_end(epoch, logs)
            ends.append(time.monotonic())

    with patch("pipeline.network.callbacks.EpochRecorder", Timed):
        training.fit(part, None, experiment["architecture"], changed | {"epochs": 4}, 0)
    return len(part) / min(np.diff(ends))


def main() -> int:
    """Print the table."""
    print(f"{'windows per second':<28}" + "".join(f"{setting:>16}" for setting in SETTINGS))
    for name in sys.argv[1:] or list(NAMES):
        row = f"{name:<28}"
        first = None
        for jit, steps in SETTINGS.values():
            code = f"from benchmarks.training import measure; print(measure({name!r}, {jit}, {steps}))"
            done = subprocess.run(
                [sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False
            )
            speed = float(done.stdout) if done.returncode == 0 else float("nan")
            first = first or speed
            row += f"{speed:>10,.0f} {speed / first:>4.2f}x"
        print(row, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
