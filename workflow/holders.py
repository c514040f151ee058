"""The holders of DVC's rwlock: the processes that read and write each path.

A killed process stays there. DVC would wait for it forever, and sooner or later its process id belongs to another one.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from pipeline.common import files

RWLOCK = Path(".dvc/tmp/rwlock")


def forget_the_dead(command: str | None = None) -> None:
    """Remove the entries that no living DVC process of this machine holds from DVC's rwlock.

    Args:
        command: remove entries of this command alone. Those of others may live on another machine of a cluster.
    """
    from dvc.lock import make_lock
    from dvc.rwlock import RWLOCK_LOCK

    if not RWLOCK.exists():
        return
    with make_lock(str(RWLOCK.with_name(RWLOCK_LOCK))):
        text = RWLOCK.read_text(encoding="utf-8", errors="replace")
        kept = json.dumps(living(text, command))
        if kept != text:
            with files.atomic_write(RWLOCK) as beside:
                beside.write_text(kept, encoding="utf-8")


def living(text: str, command: str | None = None) -> dict[str, Any]:
    """Return the content of an rwlock without the entries of dead processes; nothing if it is not a valid one.

    Args:
        text: the content.
        command: only entries of this command are removed.
    """

    def stays(pid: int, cmd: str) -> bool:
        return command not in (None, cmd) or _lives(pid, cmd)

    try:
        held = json.loads(text)
        read = {
            path: [holder for holder in holders if stays(**holder)] for path, holders in held.get("read", {}).items()
        }
        write = {path: holder for path, holder in held.get("write", {}).items() if stays(**holder)}
    except (ValueError, TypeError, AttributeError):
        return {}
    kept = {"write": write, "read": {path: holders for path, holders in read.items() if holders}}
    return {mode: holders for mode, holders in kept.items() if holders}


def _lives(pid: int, cmd: str) -> bool:
    """Return whether a process id still belongs to the recorded command: the words after its program's name."""
    import psutil

    try:
        now = psutil.Process(pid).cmdline()
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True
    # Folders may have spaces in their names.
    program = re.match(r".*?/(dvc|__main__\.py|repro\.py|snakemake)(?= |$)", cmd)
    words = cmd[program.end() :].strip() if program else cmd.partition(" ")[2]
    return " ".join(now).endswith(words)
