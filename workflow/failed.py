"""The index after a run in which a stage failed, with a card for every experiment that waits for that stage.

Snakemake does not start `report` then, for an input is missing. The index is written here instead, from what there is,
and outside of DVC: dvc.lock keeps the earlier index, so that the next run finds this one changed and asks for `report`.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pipeline.common import params
from pipeline.report.failures import Failure
from workflow import messages, run_lock


def failures(started: float) -> list[Failure]:
    """Return the stages that failed since `started` by their logs, in the order in which they ended."""
    logs = [(log.stat().st_mtime, log) for log in messages.LOGS.glob("**/*.log")]
    found = []
    for ended, log in sorted(logs):
        line = messages.reason(log.read_text(encoding="utf-8", errors="replace")) if ended >= started else None
        if line:
            found.append(Failure(_stage(log), line))
    return found


def _stage(log: Path) -> str:
    """Return DVC's name of the stage that a log belongs to: `logs/train/co2_lstm.log` is that of `train@co2_lstm`."""
    return "@".join(log.relative_to(messages.LOGS).with_suffix("").parts)


def write_index(started: float) -> None:
    """Write the index from what there is, if a stage failed since `started`; a `make fix` leaves it alone.

    Whatever goes wrong here is one line: the reason of the failed stage is what a person needs.
    """
    found = failures(started)
    if not found or run_lock.FIXING in os.environ:
        return
    from pipeline.report import stage  # all templates: not at every start

    try:
        stage.report(params.load(), found)
    except Exception as error:
        line = " ".join(str(error).split())
        print(f"The index could not be written: {type(error).__name__}: {line}", file=sys.stderr)
