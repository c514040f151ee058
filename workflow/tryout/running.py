"""Run one experiment by Snakemake, in full sight of the user."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import yaml

from pipeline.common import files
from workflow import messages
from workflow.fix.running import RunError

PAGE = Path("reports/experiments")


def page(name: str) -> Path | None:
    """Return the page of an experiment; None where dvc.yaml has no stage that writes it."""
    stages = yaml.safe_load(Path("dvc.yaml").read_text(encoding="utf-8"))["stages"]
    return PAGE / f"{name}.html" if "page" in stages else None


def targets(name: str) -> list[str]:
    """Return the files that a run of one experiment makes."""
    made = [files.EVALUATION / f"{name}.json", files.DIAGNOSIS / f"{name}.json"]
    return [str(path) for path in [*made, *filter(None, [page(name)])]]


def run(name: str, cores: str) -> None:
    """Train, evaluate and diagnose an experiment, and write its page; nothing else runs.

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
        logs = [log for log in sorted(messages.LOGS.glob("**/*.log")) if log.stat().st_mtime >= started]
        reasons = [messages.reason(log.read_text(encoding="utf-8", errors="replace")) for log in logs]
        raise RunError(next((line for line in reasons if line), "The run ended before it was done: see above."))
