"""Train and diagnose experiments by Snakemake, and estimate how long that takes."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline.common import costs, files
from pipeline.common.errors import UserError
from workflow import run_lock
from workflow.fix import losses

LOG = Path(".snakemake/fix.log")
# The stages that a candidate has, in their order. None of them reads test rows but `split`, which sets them apart.
STAGES = ("split", "window", "scale", "train", "diagnose")


class RunError(UserError):
    """A run that failed; its own last line is the message.

    Args:
        line: that line.
    """

    def __init__(self, line: str) -> None:
        Exception.__init__(self, line)


class Windows(NamedTuple):
    """Losses of validation windows, as `judging.Side` has them."""

    table: dict[str, np.ndarray]
    overlap: int
    sequence_length: int | None
    ids: dict[str, Any] | None = None  # as in `pipeline.scoring.grouping`


class Runner:
    """Runs of one fix.

    Args:
        cores: for Snakemake: a number, or `all`.
        lock: file descriptor of `run_lock.fix`, which the runs inherit: no other run starts while one of them lives.
    """

    def __init__(self, cores: str, lock: int) -> None:
        self._cores, self._lock = cores, lock
        self.cores = (os.cpu_count() or 1) if cores == "all" else int(cores)

    def train_and_diagnose(self, names: list[str]) -> dict[str, str]:
        """Train and diagnose experiments; nothing else runs of them, and nothing on test rows.

        Returns:
            For each experiment without a diagnosis the reason.

        Raises:
            RunError: the run failed for another reason than one of these experiments.
        """
        targets = [str(path) for name in names for path in (files.MODELS / name / "training", _diagnosis(name))]
        done, line = self._snakemake(targets)
        reasons = {name: _reason(name) for name in names if not _diagnosis(name).exists()}
        if (done and not all(reasons.values())) or (done and not reasons):
            raise RunError(line)
        return {name: reason or line for name, reason in reasons.items()}

    def evaluate(self, names: list[str]) -> None:
        """Evaluate experiments on the test part, and diagnose them.

        Raises:
            RunError: the run failed.
        """
        evaluations = [str(files.EVALUATION / f"{name}.json") for name in names]
        done, line = self._snakemake([*evaluations, *(str(_diagnosis(name)) for name in names)])
        if done:
            raise RunError(line)

    def measure(self, loaded: dict[str, Any], names: list[str]) -> dict[str, Windows]:
        """Return the losses of the validation windows, for the experiments that have some.

        Args:
            loaded: params.yaml as `params.load` gives it.
            names: of trained experiments.

        Raises:
            RunError: a network could not predict.
        """
        from pipeline.scoring.skill import overlapping

        found = {name: losses.spec(loaded, name) for name in names}
        specs = {name: spec for name, spec in found.items() if spec}
        with ThreadPoolExecutor(self.cores) as pool:
            list(pool.map(self._losses, specs))
        return {
            name: Windows(files.read_table(losses.file(name)), overlapping(spec), **spec.about_ids)
            for name, spec in specs.items()
        }

    def _losses(self, name: str) -> None:
        command = [sys.executable, "-m", "workflow.fix.losses", name]
        done = subprocess.run(command, capture_output=True, text=True, env=_environment(), check=False)  # noqa: S603 - a known name
        if done.returncode:
            raise RunError(_last(done.stderr))

    def _snakemake(self, targets: list[str]) -> tuple[int, str]:
        """Run Snakemake; return its exit code and the last line that it printed."""
        command = [sys.executable, "-m", "snakemake", "--cores", self._cores, "--keep-going", "--", *targets]
        LOG.parent.mkdir(exist_ok=True)
        with LOG.open("w", encoding="utf-8") as log:
            run = subprocess.Popen(  # noqa: S603 - targets are names of params.yaml, which the schema checks
                command, stdout=log, stderr=subprocess.STDOUT, env=_environment(), pass_fds=(self._lock,)
            )
            try:
                code = run.wait()
            except KeyboardInterrupt:
                run.wait()  # Ctrl-C reaches Snakemake too, which ends its jobs
                raise
        return code, _last(LOG.read_text(encoding="utf-8", errors="replace"))


def estimate(loaded: dict[str, Any], original: str, candidate: str) -> float | None:
    """Estimate the seconds that a candidate takes, from those that the original took on this machine.

    Args:
        loaded: params.yaml as `params.load` gives it.
        original: experiment with a row in reports/costs.csv.
        candidate: experiment whose training is longer in proportion to its updates, seeds and window length.

    Returns:
        The seconds of its training and diagnosis; None where the original never ran here.
    """
    recorded = costs.read()
    train, diagnose = (recorded.get(f"{stage}@{original}") for stage in ("train", "diagnose"))
    if train is None or diagnose is None:
        return None
    before, after = (loaded["experiments"][name]["training"] for name in (original, candidate))
    factor = after["epochs"] / before["epochs"] * before["batch_size"] / after["batch_size"]
    factor *= len(after["seeds"]) / len(before["seeds"])
    lengths = [
        loaded["datasets"][loaded["experiments"][name]["dataset"]]["window"]["length"] for name in (original, candidate)
    ]
    if all(isinstance(length, int) for length in lengths):
        factor *= lengths[1] / lengths[0]
    return train.seconds * factor + diagnose.seconds


def _diagnosis(name: str) -> Path:
    return files.DIAGNOSIS / f"{name}.json"


def _environment() -> dict[str, str]:
    """Return the environment of a run: the same Python, and the mark that this fix has started it."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    return os.environ | {"PATH": path, run_lock.FIXING: str(os.getpid())}


def _reason(name: str) -> str | None:
    """Return why an experiment could not be trained or diagnosed: the line of the stage that failed."""
    from workflow import messages

    # A candidate's dataset may have the name of an earlier candidate.
    for stage in STAGES:
        log = messages.LOGS / stage / f"{name}.log"
        if log.exists() and (line := messages.reason(log.read_text(encoding="utf-8", errors="replace"))):
            return line
    return None


def _last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "The run failed without a message."
