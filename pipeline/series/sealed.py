"""A time in which the process may not open the project's files."""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pipeline.common.errors import UserError

# The place of the function that runs now, for messages; empty while none does.
_running: list[str] = []


@contextlib.contextmanager
def reading_nothing(place: str) -> Iterator[None]:
    """Refuse to open the project's files: no run on fewer or other rows changes them, and DVC does not see them.

    Raises:
        UserError: at `place`, a file is opened.
    """
    _hook()
    _running.append(place)
    try:
        yield
    finally:
        _running.pop()


@functools.cache
def _hook() -> None:
    sys.addaudithook(_audit)  # once, as Python never removes one


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if not _running or event != "open" or not isinstance(arguments[0], str | bytes):
        return
    path, root = Path(os.fsdecode(arguments[0])).resolve(), Path.cwd().resolve()
    if path.is_relative_to(root) and path.relative_to(root).parts[:1] not in (("pipeline",), (".venv",)):
        shown = str(path.relative_to(root))
        fix = "Put the column into the series' own file: the proof knows its rows."
        raise UserError(_running[-1], "must read nothing but the frame", shown, fix)
