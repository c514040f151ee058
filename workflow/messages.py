"""What a run says when it fails: one line for each reason, as the very last of all that it prints."""

from __future__ import annotations

import atexit
import re
import sys
from pathlib import Path
from typing import NoReturn

from snakemake.exceptions import WorkflowError

LOGS = Path("logs")
# DVC's own line where a stage's command ended badly: what the command had to say stands before it.
_FAILED = re.compile(r"ERROR: failed to reproduce '[^']*': failed to run: ")
# Another line of ours, which DVC was given to say.
_OURS = re.compile(r"ERROR: failed to reproduce '[^']*': (`.*)")


def give_up(line: str, reason: str) -> NoReturn:
    """End the run, with `line` as the last thing said."""
    say_last(line)
    raise WorkflowError(reason.splitlines()[0]) from None


def say_last(line: str) -> None:
    """Print a line on stderr as the very last thing of this process."""
    atexit.register(print, line, file=sys.stderr)


def tell_failures_last(started: float) -> None:
    """Print, as the very last lines of this process, what the stages that failed since `started` had to say."""
    for log in sorted(LOGS.glob("**/*.log")):
        line = reason(log.read_text(encoding="utf-8", errors="replace")) if log.stat().st_mtime >= started else None
        if line:
            say_last(line)


def reason(log: str) -> str | None:
    """The line of a stage's log that says why it failed: the command's last one, or else DVC's; None if it did not."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    for i, line in enumerate(lines):
        if line.startswith("ERROR:"):
            ours = _OURS.match(line)
            return ours[1] if ours else lines[i - 1] if _FAILED.match(line) and i else line
    return None
