"""How much a result depends on the kind of processor: the same tiny runs, with the instructions of older ones.

    python -m benchmarks.processors     prints the table; about ten minutes

The libraries choose their code by the processor that they find. Each lets itself be told of another: that is what is
done here, for one machine can be no other. What cannot be told this way: Eigen, which does TensorFlow's products where
oneDNN does not, cuts its blocks by the sizes of the caches; and a GPU.
"""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.clones import PROJECT

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
    """One generated series, and one small LSTM on it twice: as it is, and compiled with XLA."""
    real = _real()
    training = real["experiments"]["co2_lstm"]["training"] | {"epochs": 5, "seeds": [0]}
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
    }


def _real() -> Any:
    return yaml.safe_load((PROJECT / "params.yaml").read_text(encoding="utf-8"))


def run(folder: Path, environment: dict[str, str]) -> Path:
    """All stages from raw rows to scores in a new folder."""
    folder.mkdir()
    (folder / "pipeline").symlink_to(PROJECT / "pipeline")
    (folder / "params.yaml").write_text(json.dumps(params()), encoding="utf-8")
    stages = ["raw season", *(f"{stage} season_windows" for stage in ("split", "window", "scale"))]
    stages += [f"{stage} {name}" for name in ("plain", "xla") for stage in ("train", "predict", "evaluate")]
    for stage in stages:
        kind, name = stage.split()
        subprocess.run(
            [sys.executable, "-m", f"pipeline.{kind}", name],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
            env=os.environ | environment | {"PYTHONPATH": str(folder)},
        )
    return folder


def weights(folder: Path, name: str) -> list[np.ndarray]:
    """The weights of a trained model, in their order."""
    import h5py

    with zipfile.ZipFile(folder / f"models/{name}/training/fold0_seed0.keras") as archive:
        content = io.BytesIO(archive.read("model.weights.h5"))
    found: list[np.ndarray] = []
    with h5py.File(content) as file:
        file.visititems(
            lambda path, node: found.append(node[()]) if hasattr(node, "shape") and "optimizer" not in path else None
        )
    return found


def rows(folder: Path) -> list[np.ndarray]:
    """Every array of raw and scaled rows."""
    return [np.load(path) for path in sorted(folder.glob("data/**/*.npy")) if "time" not in path.name]


def predictions(folder: Path, name: str) -> list[np.ndarray]:
    import pyarrow.parquet as pq

    return [
        pq.read_table(path).column("seed0_0").to_numpy()
        for path in sorted(folder.glob(f"models/{name}/predictions/fold0/*.parquet"))
    ]


def scores(folder: Path, name: str) -> list[np.ndarray]:
    """The network's, the baselines' and the linear model's scores, seven digits, as one array each."""

    def numbers(node: Any) -> list[float]:
        if isinstance(node, dict):
            return [one for key in sorted(node) for one in numbers(node[key])]
        if isinstance(node, list):
            return [one for item in node for one in numbers(item)]
        return [float(node)] if isinstance(node, int | float) and not isinstance(node, bool) else []

    parts = json.loads((folder / f"reports/evaluation/{name}.json").read_text(encoding="utf-8"))["parts"]
    return [
        np.array([one]) for part in parts.values() for key in ("network", "baselines") for one in numbers(part[key])
    ]


def apart(some: list[np.ndarray], others: list[np.ndarray]) -> float:
    """The largest difference within an array, as a share of that array's largest value; over all arrays."""
    found = [0.0]
    for one, other in zip(some, others, strict=True):
        scale = float(np.max(np.abs(one))) or 1.0
        found.append(float(np.max(np.abs(one.astype(float) - other.astype(float)))) / scale)
    return max(found)


def main() -> int:
    with tempfile.TemporaryDirectory() as scratch:
        base = run(Path(scratch) / "base", {})
        print("| setting of the libraries | rows | weights | weights, XLA | predictions | scores |")
        print("|---|---|---|---|---|---|")
        for number, (words, environment) in enumerate(KINDS.items()):
            other = run(Path(scratch) / str(number), environment)
            found = [apart(rows(base), rows(other))]
            found += [apart(weights(base, name), weights(other, name)) for name in ("plain", "xla")]
            for read in (predictions, scores):
                found.append(max(apart(read(base, name), read(other, name)) for name in ("plain", "xla")))
            print(f"| {words} | " + " | ".join(f"{one:.0e}" if one else "equal" for one in found) + " |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
