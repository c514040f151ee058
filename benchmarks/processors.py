"""How much a result depends on the kind of processor: the same tiny runs, with the instructions of older ones.

    python -m benchmarks.processors     prints the table; about ten minutes

The libraries choose their code by the processor. Each can be set to assume another one, as is done here. Two effects
cannot be shown this way: that of the sizes of the caches, by which Eigen cuts its blocks where oneDNN does not do
TensorFlow's products; and that of a GPU.
"""

from __future__ import annotations

import io
import json
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks import scratch

OLD_NUMPY = {"NPY_DISABLE_CPU_FEATURES": "X86_V3 X86_V4 AVX512_ICL AVX512_SPR"}
KINDS: dict[str, dict[str, str]] = {
    "the same once more": {},
    "TensorFlow without oneDNN": {"TF_ENABLE_ONEDNN_OPTS": "0"},
    "oneDNN with AVX2": {"ONEDNN_MAX_CPU_ISA": "AVX2"},
    "oneDNN with SSE4.1": {"ONEDNN_MAX_CPU_ISA": "SSE41"},
    "XLA with AVX2": {"XLA_FLAGS": "--xla_cpu_max_isa=AVX2"},
    "XLA with SSE4.2": {"XLA_FLAGS": "--xla_cpu_max_isa=SSE4_2"},
    "OpenBLAS for Haswell (AVX2)": {"OPENBLAS_CORETYPE": "Haswell"},
    "OpenBLAS for Nehalem (SSE4.2)": {"OPENBLAS_CORETYPE": "Nehalem"},
    "NumPy without AVX2 and AVX-512": OLD_NUMPY,
    "all of the oldest": {
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "XLA_FLAGS": "--xla_cpu_max_isa=SSE4_2",
        "OPENBLAS_CORETYPE": "Nehalem",
        **OLD_NUMPY,
    },
}


def params() -> dict[str, Any]:
    """Describe one generated series and one small LSTM on it, trained plainly and compiled with XLA."""
    real = _real()
    training = real["experiments"]["co2_lstm"]["training"] | {"epochs": 5, "seeds": [0], "backend": "tensorflow"}
    lstm = {"dataset": "season_windows", "architecture": {"name": "lstm", "units": [16], "head": "linear"}}
    return {
        "size": "quick",
        "series": {"season": real["series"]["noisy_season"] | {"rows": 2000}},
        "datasets": {
            "season_windows": {
                "series": "season",
                "split": {"scheme": "holdout", "validation": 0.15, "test": 0.15},
                "window": {"length": 48},
                "scaling": {"features": "standard", "target": "standard"},
            }
        },
        "experiments": {
            "plain": lstm | {"training": training | {"jit_compile": False}},
            "xla": lstm | {"training": training | {"jit_compile": True}},
        },
        "calibration": real["calibration"],
        "diagnosis": real["diagnosis"],
    }


def _real() -> Any:
    return yaml.safe_load((scratch.PROJECT / "params.yaml").read_text(encoding="utf-8"))


def run(folder: Path, environment: dict[str, str]) -> Path:
    """Run all stages from raw rows to scores in a new folder."""
    scratch.prepare(folder, params())
    stages = ["raw season", *(f"{stage} season_windows" for stage in ("split", "window", "scale", "baselines"))]
    stages += [f"{stage} {name}" for name in ("plain", "xla") for stage in ("train", "predict", "evaluate")]
    for stage in stages:
        kind, name = stage.split()
        scratch.run(folder, f"pipeline.{kind}", name, environment=environment)
    return folder


def weights(folder: Path, name: str) -> list[np.ndarray]:
    """Read the weights of a trained model, in their order."""
    import h5py

    with zipfile.ZipFile(folder / f"models/{name}/training/fold0_seed0.keras") as archive:
        content = io.BytesIO(archive.read("model.weights.h5"))
    arrays: list[np.ndarray] = []
    with h5py.File(content) as file:
        file.visititems(
            lambda path, node: arrays.append(node[()]) if hasattr(node, "shape") and "optimizer" not in path else None
        )
    return arrays


def rows(folder: Path) -> list[np.ndarray]:
    """Read every array of raw and scaled rows."""
    return [np.load(path) for path in sorted(folder.glob("data/**/*.npy")) if "time" not in path.name]


def predictions(folder: Path, name: str) -> list[np.ndarray]:
    """Read the predictions of every part."""
    import pyarrow.parquet as pq

    return [
        pq.read_table(path).column("seed0_0").to_numpy()
        for path in sorted(folder.glob(f"models/{name}/predictions/fold0/*.parquet"))
    ]


def scores(folder: Path, name: str) -> list[np.ndarray]:
    """Read the scores of the network and the baselines, with seven digits, as one array each."""

    def numbers(node: Any) -> list[float]:
        if isinstance(node, dict):
            return [number for key in sorted(node) for number in numbers(node[key])]
        if isinstance(node, list):
            return [number for item in node for number in numbers(item)]
        return [float(node)] if isinstance(node, int | float) and not isinstance(node, bool) else []

    parts = json.loads((folder / f"reports/evaluation/{name}.json").read_text(encoding="utf-8"))["parts"]
    return [
        np.array([score]) for part in parts.values() for key in ("network", "baselines") for score in numbers(part[key])
    ]


def largest_difference(some: list[np.ndarray], others: list[np.ndarray]) -> float:
    """Return the largest difference of two lists of arrays, as a share of each array's largest value."""
    differences = [0.0]
    for a, b in zip(some, others, strict=True):
        scale = float(np.max(np.abs(a))) or 1.0
        differences.append(float(np.max(np.abs(a.astype(float) - b.astype(float)))) / scale)
    return max(differences)


def main() -> int:
    """Print the table."""
    with tempfile.TemporaryDirectory() as temporary:
        base = run(Path(temporary) / "base", {})
        print("| setting of the libraries | rows | weights | weights, XLA | predictions | scores |")
        print("|---|---|---|---|---|---|")
        for number, (words, environment) in enumerate(KINDS.items()):
            other = run(Path(temporary) / str(number), environment)
            cells = [largest_difference(rows(base), rows(other))]
            cells += [largest_difference(weights(base, name), weights(other, name)) for name in ("plain", "xla")]
            for read in (predictions, scores):
                cells.append(max(largest_difference(read(base, name), read(other, name)) for name in ("plain", "xla")))
            print(f"| {words} | " + " | ".join(f"{cell:.0e}" if cell else "equal" for cell in cells) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
