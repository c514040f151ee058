"""This commit and an earlier one side by side: whole runs, what a run costs besides its stages, and start-up.

Each revision is a clone with an environment of its own. Whole runs are made once each, one after the other; everything
else is a median of five, in turn.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import statistics
import subprocess
import time
from pathlib import Path
from typing import Any

from benchmarks.scratch import PROJECT

REPEATS = 5
# The experiment whose learning rate changes: its training is short, so that its own computing does not hide the rest.
CHANGED = "co2_lstm"
# What make, or this process, has set for itself.
_NOT_PASSED_ON = (
    *("VIRTUAL_ENV", "PYTHONPATH", "KERAS_BACKEND", "MAKEFLAGS", "MAKELEVEL", "MFLAGS"),
    *("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "XLA_FLAGS"),
)
_START = """
import inspect
from pipeline.network import backends
given = (1, False) + (({backend!r},) if "backend" in inspect.signature(backends.prepare).parameters else ())
backends.prepare(*given)
import keras
print(next(int(line.split()[1]) / 1024 for line in open("/proc/self/status") if line.startswith("VmHWM:")))
"""


def commit(given: str = "") -> str:
    """Return the hash of a revision; without one, of the commit before the one that brought the second backend."""
    if not given:
        added = _git("log", "--diff-filter=A", "--format=%H", "--", "pipeline/network/backends/jax.py").split()
        given = f"{added[-1]}^"
    return _git("rev-parse", "--verify", f"{given}^{{commit}}").strip()


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=PROJECT, check=True, capture_output=True, text=True).stdout


class Revision:
    """A clone of one revision.

    Args:
        folder: the clone; made where it is not there.
        revision: to check out.

    Attributes:
        environment: seconds of `make environment`, packages cached; 0 where it was there.
    """

    def __init__(self, folder: Path, revision: str) -> None:
        self.folder = folder
        if not folder.exists():
            subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(PROJECT), str(folder)], check=True)
            subprocess.run(["git", "checkout", "--quiet", "--detach", commit(revision)], cwd=folder, check=True)
        self.environment = self.timed("make", "environment")

    def run(self, *command: str, **variables: str) -> str:
        """Run a command in the clone, in its environment, and return its output.

        Raises:
            RuntimeError: it failed; with its last lines.
        """
        kept = {name: value for name, value in os.environ.items() if name not in _NOT_PASSED_ON}
        own = str(PROJECT / ".venv/bin")
        path = ":".join([str(self.folder / ".venv/bin"), *(at for at in os.environ["PATH"].split(":") if at != own)])
        done = subprocess.run(
            command,
            cwd=self.folder,
            env=kept | {"PATH": path, "TF_CPP_MIN_LOG_LEVEL": "3"} | variables,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {(done.stdout + done.stderr)[-2000:]}")
        return done.stdout

    def timed(self, *command: str) -> float:
        """Return the seconds of a command."""
        start = time.monotonic()
        self.run(*command)
        return time.monotonic() - start

    def costs(self) -> dict[str, float]:
        """Return the seconds of each stage that has run in the clone."""
        with (self.folder / "reports/costs.csv").open(encoding="utf-8") as file:
            return {row["stage"]: float(row["seconds"]) for row in csv.DictReader(file)}

    def verdicts(self) -> dict[str, str]:
        """Return the verdict of each experiment."""
        found = sorted((self.folder / "reports/diagnosis").glob("*.json"))
        return {path.stem: json.loads(path.read_text(encoding="utf-8"))["verdict"] for path in found}

    def fresh(self) -> None:
        """Forget all results, so that every stage runs."""
        for name in (".dvc/cache", ".dvc/tmp", ".snakemake", "reports", "models"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        for path in (self.folder / "data").glob("[!o]*"):  # all but own
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self.run("git", "checkout", "--quiet", ".")


def start(now: Revision, before: Revision, repeats: int = REPEATS) -> dict[str, dict[str, float]]:
    """Return seconds and peak megabytes of a process that imports Keras as a stage does: medians."""
    cases = {"before": (before, "tensorflow"), "tensorflow": (now, "tensorflow"), "jax": (now, "jax")}
    runs: dict[str, list[tuple[float, float]]] = {name: [] for name in cases}
    for repeat in range(repeats + 1):
        for name, (revision, backend) in cases.items():
            begun = time.monotonic()
            peak = float(revision.run("python", "-c", _START.format(backend=backend)).splitlines()[-1])
            if repeat:  # the first one reads the libraries from the disk
                runs[name].append((time.monotonic() - begun, peak))
    return {
        name: {key: statistics.median(run[i] for run in each) for i, key in enumerate(("seconds", "megabytes"))}
        for name, each in runs.items()
    }


def demo(now: Revision) -> float:
    """Return the seconds of `make demo` without any result."""
    now.fresh()
    return now.timed("make", "demo")


def whole(now: Revision, before: Revision) -> dict[str, Any]:
    """Run the main job from nothing in both clones.

    Returns:
        Of each: seconds, and those of all diagnoses and of all stages that both have; and the changed verdicts.
    """
    made: dict[str, Any] = {}
    for name, revision in (("before", before), ("now", now)):
        revision.fresh()
        made[name] = {"environment": revision.environment, "run": revision.timed("make", "run")}
    both = sorted(set(before.verdicts()) & set(now.verdicts()))
    stages = sorted(set(before.costs()) & set(now.costs()))
    for name, revision in (("before", before), ("now", now)):
        costs = revision.costs()
        made[name]["diagnose"] = sum(costs[f"diagnose@{one}"] for one in both)
        made[name]["shared"] = sum(costs[one] for one in stages)
    then, after = before.verdicts(), now.verdicts()
    changed = {one: f"{then[one]}, now {after[one]}" for one in both if then[one] != after[one]}
    return made | {"changed": changed, "new": sorted(set(after) - set(then))}


def idle(now: Revision, before: Revision, repeats: int = REPEATS) -> dict[str, float]:
    """Return the median seconds of `snakemake` where nothing is stale; needs `whole`."""
    runs: dict[str, list[float]] = {"before": [], "now": []}
    for _ in range(repeats):
        for name, revision in (("before", before), ("now", now)):
            runs[name].append(revision.timed("snakemake", "--cores", "2"))
    return {name: statistics.median(each) for name, each in runs.items()}


def change(now: Revision, before: Revision, repeats: int = REPEATS) -> dict[str, float]:
    """Return the median seconds of a run after one learning rate changed, besides its stages; needs `whole`."""
    from dvc.utils.serialize import modify_yaml  # it keeps the rest of the text

    runs: dict[str, list[float]] = {"before": [], "now": []}
    for repeat in range(repeats):
        for name, revision in (("before", before), ("now", now)):
            with modify_yaml(str(revision.folder / "params.yaml")) as params:
                params["experiments"][CHANGED]["training"]["learning_rate"] = 0.001 + 0.0001 * (repeat + 1)
            (revision.folder / "reports/costs.csv").unlink()
            seconds = revision.timed("snakemake", "--cores", "1")
            runs[name].append(seconds - sum(revision.costs().values()))
    return {name: statistics.median(each) for name, each in runs.items()}
