"""One line for each reason why a run failed, as the very last lines that it prints."""

from __future__ import annotations

import atexit
import re
import shutil
import sys
from pathlib import Path
from typing import NoReturn

from snakemake.exceptions import WorkflowError

from pipeline.common.errors import harmless

LOGS = Path("logs")
# The line of workflow/repro.py after a command that failed: the reason is in the command's own last line, before it.
_FAILED = re.compile(r"ERROR: failed to reproduce '[^']*': failed to run: ")
# Its line for an error of another kind that already names place, rule and mend.
_OURS = re.compile(r"ERROR: failed to reproduce '[^']*': (`.*)")
# Bytes free below which a disk counts as full: no stage fits into them.
_FULL = 2**20


def give_up(line: str, reason: str) -> NoReturn:
    """End the run with `line` as the last line printed.

    Args:
        line: the message for the user.
        reason: Snakemake's own message, printed above.
    """
    print_last(line)
    raise WorkflowError(reason.splitlines()[0]) from None


def stop(line: str) -> NoReturn:
    """End the run at once, before anything is computed, with `line` as the last line printed and exit code 2."""
    print(harmless(line), file=sys.stderr, flush=True)
    raise SystemExit(2)


def print_last(line: str) -> None:
    """Print a line on stderr as the very last thing of this process."""
    atexit.register(print, line, file=sys.stderr)


def print_failures_last(started: float) -> None:
    """Print the reasons of the stages that failed since `started` as the very last lines of this process."""
    logs = [log for log in sorted(LOGS.glob("**/*.log")) if log.stat().st_mtime >= started]
    lines = [line for log in logs if (line := reason(log.read_text(encoding="utf-8", errors="replace")))]
    for line in lines or _unwritten(logs):
        print_last(line)


def _unwritten(logs: list[Path]) -> list[str]:
    """Return the line for a stage that could not write its log: on a full disk its reason is nowhere."""
    empty = next((log for log in logs if not log.stat().st_size), None)
    if shutil.disk_usage(LOGS if LOGS.exists() else ".").free < _FULL:
        return [f"`{LOGS}` must have space for logs. Received: No space left on device. Free some, and run again."]
    if empty:
        return [
            f"`{empty}` must hold the stage's output. Received: nothing; it was stopped at its start, or there was "
            "No space left on device. Free some if so, and run again."
        ]
    return []


def reason(log: str) -> str | None:
    """Return the line of a stage's log that says why it failed, the command's last one or DVC's; None if it did not."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    for i, line in enumerate(lines):
        if line.startswith("ERROR:"):
            ours = _OURS.match(line)
            return ours[1] if ours else lines[i - 1] if _FAILED.match(line) and i else line
    return None
