"""Training windows per second on one thread: this project on both backends, Keras's plain `fit`, and PyTorch.

    python -m benchmarks.backends                          the five posts' networks at their posted batch sizes
    python -m benchmarks.backends --torch /path/to/python  with PyTorch too, from the Python of another environment
    python -m benchmarks.backends deep_rnn                 some of them

Each way trains on the same first windows of an experiment, in a process of its own, for one epoch that compiles and
five that count. Read the ratios: machines are shared and noisy.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks import scratch

# Post, windows of an epoch, batch size, and the network for PyTorch: kind of layer, widths, outputs.
NETWORKS: dict[str, tuple[str, int, int, tuple[str, tuple[int, ...], int]]] = {
    "sign_lstm_no_signal": ("51264", 9440, 32, ("LSTM", (32,), 1)),
    "stateful_classifier_clean": ("470563", 16800, 100, ("LSTM", (50, 50), 3)),
    "deep_rnn": ("107289", 2880, 64, ("RNN", (64, 64, 64, 64), 1)),
    "stacked_lstm_linear": ("123707", 280, 28, ("LSTM", (64, 256, 256, 64), 1)),
    "sequence_mean_answer": ("68047", 45, 1, ("LSTM", (10,), 1)),
}
# `fit` is Keras as it was when the posts were written: XLA only where it is asked for. Since Keras 3, `compile` chooses
# XLA by itself: `auto`.
WAYS = ("fit", "auto", "tensorflow", "jax", "torch")
EPOCHS = 5


def settings(name: str) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """Return the first windows of an experiment, its architecture and its training without early stopping."""
    from pipeline import dataset
    from pipeline.common import params

    experiment = params.load()["experiments"][name]
    part, (_, windows, batch, _) = dataset.load(experiment["dataset"], 0, "train"), NETWORKS[name]
    part = replace(part, table={key: column[:windows] for key, column in part.table.items()})
    changed = {"early_stopping": None, "epochs": EPOCHS + 1, "batch_size": batch, "threads": 1}
    return part, experiment["architecture"], experiment["training"] | changed


def by_fit(name: str, jit_compile: bool | str) -> list[float]:
    """Time Keras's `fit` on TensorFlow, as a reader of the post would call it: ready windows, nothing else set."""
    part, architecture, training = settings(name)
    os.environ["TF_NUM_INTRAOP_THREADS"] = os.environ["TF_NUM_INTEROP_THREADS"] = "1"
    import keras

    from pipeline.common.architectures import Shape
    from pipeline.network import models

    stateful = training["batch_size"] if training["state"] != "none" else None
    model = models.build(
        architecture, Shape(part.spec.length, len(part.spec.features), part.spec.outputs, stateful, part.spec.level)
    )
    loss = {None: "mse", 2: "binary_crossentropy", 3: "categorical_crossentropy"}[part.spec.classes]
    metrics = ["accuracy"] if part.spec.classes else []
    model.compile(training["optimizer"], loss, metrics=metrics, jit_compile=jit_compile)
    ends: list[float] = []
    model.fit(
        part.inputs(),
        part.targets(),
        batch_size=training["batch_size"],
        epochs=training["epochs"],
        shuffle=training["shuffle"],
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ends.append(time.monotonic()))],
    )
    return np.diff(ends).tolist()


def by_project(name: str, backend: str) -> list[float]:
    """Time this project's training."""
    from pipeline.network import backends, training

    part, architecture, chosen = settings(name)
    backends.prepare(1, chosen["jit_compile"], backend)
    import keras

    ends: list[float] = []
    end = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ends.append(time.monotonic()))
    training.fit(part, None, architecture, chosen | {"backend": backend}, 0, live=lambda _: end)
    return np.diff(ends).tolist()


def by_torch(name: str, python: str) -> list[float]:
    """Time an ordinary loop of PyTorch in another environment, over the same windows."""
    part, _, training = settings(name)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "windows.npz"
        np.savez(path, inputs=part.inputs(), targets=part.targets())
        code = Path(__file__).with_name("torch_loop.py")
        about = json.dumps([NETWORKS[name][3], training["batch_size"], EPOCHS + 1, training["shuffle"]])
        done = subprocess.run([python, str(code), str(path), about], capture_output=True, text=True, check=True)
    return list(json.loads(done.stdout))


def measure(way: str, name: str, python: str) -> list[float]:
    """Return the seconds of each epoch but the first."""
    if way in ("fit", "auto"):
        return by_fit(name, "auto" if way == "auto" else False)
    return by_torch(name, python) if way == "torch" else by_project(name, way)


def compare(name: str, ways: list[str], python: str, folder: Path) -> dict[str, float]:
    """Return the windows per second of each way: the median over the epochs."""
    speeds = {}
    for way in ways:
        seconds = scratch.figures(folder, "benchmarks.backends", "--one", way, name, python, without=("KERAS_BACKEND",))
        speeds[way] = NETWORKS[name][1] / statistics.median(seconds)
    return speeds


def table(names: list[str], python: str) -> dict[str, dict[str, float]]:
    """Print and return the windows per second of some experiments' networks, by experiment and way.

    Args:
        names: experiments.
        python: of an environment with PyTorch, or "".
    """
    ways = [way for way in WAYS if way != "torch" or python]
    params = yaml.safe_load((scratch.PROJECT / "params.yaml").read_text(encoding="utf-8"))
    done: set[str] = set()
    speeds = {}
    print(f"{'windows per second':<28}" + "".join(f"{way:>18}" for way in ways))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        scratch.prepare(folder, params, ("pipeline", "benchmarks"))
        for name in names:
            scratch.make_data(folder, params["experiments"][name]["dataset"], done)
            speeds[name] = compare(name, ways, python, folder)
            row = "".join(f"{speed:>10,.0f} {speed / speeds[name]['fit']:>6.2f}x" for speed in speeds[name].values())
            print(f"{name:<28}{row}", flush=True)
    return speeds


def main(arguments: list[str]) -> int:
    """Print the table."""
    python = ""
    if "--torch" in arguments:
        at = arguments.index("--torch")
        python = arguments[at + 1]
        arguments = arguments[:at] + arguments[at + 2 :]
    table(arguments or list(NETWORKS), python)
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(*sys.argv[2:5])))
    else:
        sys.exit(main(sys.argv[1:]))
