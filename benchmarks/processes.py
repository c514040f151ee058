"""Measurements in several processes, each of which makes some of them one after the other."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterable
from typing import TypeVar

from benchmarks.scratch import PROJECT

Item = TypeVar("Item")


def spread(module: str, arguments: list[str], names: list[str], workers: int) -> int:
    """Run `python -m MODULE ARGUMENTS NAMES` in `workers` processes with a share of the names each.

    Returns:
        How many processes failed.
    """
    # One thread each, so that as many processes as cores do not fight; byte for byte the same results.
    env = os.environ | {"OMP_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONWARNINGS": "ignore"}
    command = [sys.executable, "-m", module, *arguments]
    running = [
        subprocess.Popen([*command, *names[i::workers]], cwd=PROJECT, env=env) for i in range(min(workers, len(names)))
    ]
    return sum(process.wait() != 0 for process in running)


def in_turn(items: Iterable[Item], name: Callable[[Item], str], make: Callable[[Item], str]) -> int:
    """Make items one after the other, and print what `make` returns of each; one that fails is left out.

    Returns:
        The exit code: 1 if any failed.
    """
    failed = 0
    for item in items:
        try:
            line = make(item)
        except Exception:
            traceback.print_exc()
            failed += 1
            line = f"{name(item)}: failed"
        print(line, flush=True)
    return 1 if failed else 0
