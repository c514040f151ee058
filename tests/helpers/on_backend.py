"""Train on one backend in a process of its own: `python -m tests.helpers.on_backend BACKEND FOLDER < cases.json`.

A case has `architecture`, `training`, and the arguments of `make_part`, or `padded` for sequences of 2 to 6 rows. The
first backend writes each case's initial weights to FOLDER; the next one takes them from there, since the backends'
generators differ. Prints the histories.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

PROJECT = Path(__file__).resolve().parents[2]


def histories(backend: str, folder: Path, cases: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the history of each case, trained on a backend."""
    environment = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"}
    done = subprocess.run(
        [sys.executable, "-m", "tests.helpers.on_backend", backend, str(folder)],
        cwd=PROJECT,
        env=environment,
        input=json.dumps(cases),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def main(backend: str, folder: Path) -> None:
    """Train all cases of standard input."""
    from pipeline.network import backends, training

    backends.prepare(1, True, backend)
    from tests.helpers.parts import make_part
    from tests.helpers.trainings import padded

    built, found = training.build, {}
    for name, case in json.load(sys.stdin).items():
        initial = folder / f"{name}.npz"

        def build(*arguments: Any, initial: Path = initial) -> Any:
            model = built(*arguments)
            if not initial.exists():
                np.savez(initial, *model.get_weights())
            with np.load(initial) as saved:
                model.set_weights(list(saved.values()))
            return model

        training.build = build
        values = [np.random.default_rng(seed).normal(size=case["rows"]) + case.get("level", 0.0) for seed in (0, 1)]
        given = {"length": 6, "stride": case.get("stride", 1), "kind": case.get("kind", "value")}
        if case.get("padded"):
            given |= {"kind": "sequence_mean", "sequence_length": 6}
        part, validation = make_part(values[0], **given), make_part(values[1], **given, name="validation")
        if case.get("padded"):
            part, validation = padded(part), padded(validation)
        _, history = training.fit(
            part, validation if case.get("validation") else None, case["architecture"], case["training"], seed=0
        )
        found[name] = history
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
