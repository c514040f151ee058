"""The proofs that train or predict, once per backend: one of them in the stage's process, each other in its own.

`python -m pipeline.leakage.networks DATASET BACKEND FILE` writes those of one backend to a file.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from pipeline import dataset
from pipeline.common import errors, files, params
from pipeline.leakage import perturbation, state, training
from pipeline.leakage.proof import Proof
from pipeline.network import backends


def prepare(backend: str) -> None:
    """Import Keras on a backend. Call it once in a process, before the proofs."""
    backends.prepare(training.SETTINGS["threads"], training.SETTINGS["jit_compile"], backend)


def prove(p: dict[str, Any], name: str, fold: int, expected: perturbation.Reference, backend: str) -> Iterator[Proof]:
    """Yield the proofs of one fold; `state` is the last of them.

    Args:
        p: parameters.
        name: name of the dataset.
        fold: number of the fold.
        expected: results of the stages for the original rows, on the same backend.
        backend: that of this process, for the proofs to name.
    """
    if dataset.has(name, fold, "validation"):
        yield replace(perturbation.check(p, name, fold, "validation", expected=expected), backend=backend)
    for proof in perturbation.check_test(p, name, fold, expected=expected):
        yield replace(proof, backend=backend)
    yield replace(state.prove(p, name, fold), backend=backend)


def prove_elsewhere(name: str, backend: str) -> list[Proof]:
    """Return the proofs of every fold on a backend that is not this process's.

    Call it before `prepare`, which sets variables of the environment.

    Raises:
        SystemExit: the other process failed; it has printed why.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "proofs.json"
        command = [sys.executable, "-m", "pipeline.leakage.networks", name, backend, str(path)]
        done = subprocess.run(command, check=False)  # noqa: S603 - no shell, and both names are checked
        if done.returncode:
            sys.exit(done.returncode)
        return [Proof(**each) for each in files.read_json(path)]


def main(arguments: list[str]) -> None:
    """Run the command."""
    name, backend, path = arguments
    p = params.load()
    prepare(backend)
    expected = perturbation.reference(p, name)
    proofs = [proof for fold in range(dataset.folds(name)) for proof in prove(p, name, fold, expected, backend)]
    files.write_json(Path(path), [asdict(proof) for proof in proofs])


if __name__ == "__main__":
    errors.run(main)
