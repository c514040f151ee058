"""Run one experiment by Snakemake, in full sight of the user."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from pipeline.common import files
from workflow import failed
from workflow.fix.running import RunError


def targets(name: str) -> list[str]:
    """Return the files that a run of one experiment makes."""
    results = (files.EVALUATION / f"{name}.json", files.DIAGNOSIS / f"{name}.json", files.EXPERIMENTS / f"{name}.html")
    return [str(path) for path in results]


def run(name: str, cores: str) -> None:
    """Train, evaluate and diagnose an experiment, write its page, and print its verdict; nothing else runs.

    Raises:
        RunError: a stage failed; the message is its own line.
    """
    started = time.time()
    command = [sys.executable, "-m", "snakemake", "--cores", cores, "--", *targets(name)]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")])
    sys.stdout.flush()
    process = subprocess.Popen(command, env=os.environ | {"PATH": path})  # noqa: S603 - a name of params.yaml
    try:
        code = process.wait()
    except KeyboardInterrupt:
        process.wait()  # Ctrl-C reaches Snakemake too, which ends its jobs
        raise
    if code:
        found = failed.failures(started)
        raise RunError(found[0].reason if found else "The run ended before it was done: see above.")
