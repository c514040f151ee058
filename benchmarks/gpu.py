"""The five posts' networks on one GPU: windows a second, equal bytes, and the losses of a CPU.

    python -m benchmarks.gpu                        in an environment whose JAX has CUDA
    python -m benchmarks.gpu --torch /path/python   with PyTorch on the same GPU, from the Python of another environment
    python -m benchmarks.gpu deep_rnn               some of them; the others keep their figures, on the same kind of GPU

Each network trains at its posted batch on the windows of `benchmarks.backends`: twice on the GPU, and once on one
thread of the same machine's CPU. Writes benchmarks/results/gpu.json and the table of docs/benchmarks.md. TensorFlow is
not measured: it needs other libraries on a GPU.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks import backends, scratch
from pipeline.common import files
from tools import documents

RESULT = scratch.PROJECT / "benchmarks/results/gpu.json"
DOC = scratch.PROJECT / "docs/benchmarks.md"
# Epochs after the one that compiles, and batches whose losses are compared with those of a CPU.
EPOCHS, UPDATES = 3, 20


def measure(name: str) -> dict[str, Any]:
    """Train where JAX runs here: seconds of the epochs, digest of the weights, and the loss of the first updates."""
    part, architecture, training = backends.settings(name)
    from pipeline.network import backends as own
    from pipeline.network import training as network

    own.prepare(1, training["jit_compile"], "jax")
    import jax
    import keras

    training |= {"epochs": EPOCHS + 1, "backend": "jax"}
    ends: list[float] = []
    end = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ends.append(time.monotonic()))
    model, _ = network.fit(part, None, architecture, training, 0, live=lambda _: end)
    digest = hashlib.sha256(b"".join(weight.tobytes() for weight in model.get_weights())).hexdigest()
    _, first = network.fit(part, None, architecture, training, 0, updates=UPDATES)
    device = jax.devices()[0]
    return {
        "device": device.device_kind if device.platform != "cpu" else "cpu",
        "seconds": np.diff(ends).tolist(),
        "weights": digest,
        "loss": first["epochs"][0]["loss"],
    }


def compare(name: str, python: str, folder: Path) -> dict[str, Any]:
    """Return the figures of one network.

    Args:
        name: of the experiment.
        python: of an environment with PyTorch, or "".
        folder: with the code and the data.

    Returns:
        Windows a second (median over the epochs) on the GPU, on the CPU and with PyTorch (None without it), whether two
        trainings on the GPU have equal bytes, and the relative difference of the loss after 20 updates.
    """
    gpu, again = (_one(folder, name, {}) for _ in range(2))
    cpu = _one(folder, name, {"JAX_PLATFORMS": "cpu"})
    torch = None
    if python:
        seconds = scratch.figures(
            folder, "benchmarks.backends", "--one", "torch", name, python, environment={"TORCH_DEVICE": "cuda"}
        )
        torch = _speed(name, seconds)
    return {
        "device": gpu["device"],
        "gpu": _speed(name, gpu["seconds"]),
        "cpu": _speed(name, cpu["seconds"]),
        "torch": torch,
        "equal_bytes": gpu["weights"] == again["weights"],
        "loss_difference": abs(gpu["loss"] / cpu["loss"] - 1),
    }


def _one(folder: Path, name: str, environment: dict[str, str]) -> dict[str, Any]:
    measured: dict[str, Any] = scratch.figures(
        folder, "benchmarks.gpu", "--one", name, environment=environment, without=("KERAS_BACKEND",)
    )
    return measured


def _speed(name: str, seconds: list[float]) -> float:
    return backends.NETWORKS[name][1] / statistics.median(seconds)


def markdown(stored: dict[str, Any]) -> str:
    """Return the table of docs/benchmarks.md."""
    lines = [
        f"{stored['device']}, JAX {stored['jax']}; windows a second:",
        "",
        "| post | JAX on the GPU | JAX on one thread of its CPU | PyTorch on the GPU | two trainings on the GPU "
        "| loss of the first updates, GPU against CPU |",
        "|---|---|---|---|---|---|",
    ]
    for name, each in stored["networks"].items():
        torch = "–" if each["torch"] is None else f"{each['torch']:,.0f}"
        equal = "equal bytes" if each["equal_bytes"] else "**other bytes**"
        lines.append(
            f"| {backends.NETWORKS[name][0]} | {each['gpu']:,.0f} | {each['cpu']:,.0f} | {torch} | {equal} "
            f"| {each['loss_difference']:.0e} |"
        )
    return "\n".join(lines) + "\n"


def main(arguments: list[str]) -> int:
    """Measure, and write the results; the exit code is 1 if JAX finds no GPU."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="of the experiments, all by default")
    parser.add_argument("--torch", default="", metavar="PYTHON", help="Python of an environment with PyTorch")
    given = parser.parse_args(arguments)
    if unknown := [name for name in given.names if name not in backends.NETWORKS]:
        parser.error(f"no such network: {', '.join(unknown)}. There are: {', '.join(backends.NETWORKS)}.")
    params = yaml.safe_load((scratch.PROJECT / "params.yaml").read_text(encoding="utf-8"))
    done: set[str] = set()
    before = files.read_json(RESULT) if given.names else {"networks": {}}
    networks: dict[str, Any] = dict(before["networks"])
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        scratch.prepare(folder, params, ("pipeline", "benchmarks", "tools"))
        for name in given.names or backends.NETWORKS:
            scratch.make_data(folder, params["experiments"][name]["dataset"], done)
            found = compare(name, given.torch, folder)
            device = found.pop("device")
            if device == "cpu":
                print("benchmarks.gpu: JAX finds no GPU. Install it with CUDA: `pip install 'jax[cuda13]'`.")
                return 1
            networks[name] = found
            print(name, json.dumps(found), flush=True)
            stored = {
                "command": "python -m benchmarks.gpu",
                "device": device,
                "jax": version("jax"),
                "networks": {each: networks[each] for each in backends.NETWORKS if each in networks},
            }
            if given.names and any(before[key] != stored[key] for key in ("device", "jax")):
                print(f"benchmarks.gpu: the other figures are of {before['device']}, JAX {before['jax']}. Measure all.")
                return 1
            files.write_json(RESULT, stored)
            documents.write_table(DOC, "benchmarks.gpu", markdown(stored))
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(sys.argv[2])))
    else:
        sys.exit(main(sys.argv[1:]))
