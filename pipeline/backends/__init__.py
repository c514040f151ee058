"""What Keras has no common call for, one small module per backend."""

from __future__ import annotations

import importlib
import os
from types import ModuleType

from pipeline.common.errors import UserError

_DEFAULT = "tensorflow"


def prepare(threads: int, jit_compile: bool) -> None:
    """Settle threads, determinism and logs. Call it once in a process, before anything imports Keras.

    Args:
        threads: threads of the arithmetic; they change the order of sums, and so the results.
        jit_compile: whether models will be compiled with XLA.

    Raises:
        UserError: `KERAS_BACKEND` names a backend that Flatline has no module for.
    """
    _module(os.environ.get("KERAS_BACKEND", _DEFAULT)).prepare(threads, jit_compile)


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"pipeline.backends.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"pipeline.backends.{name}":
            raise
        raise UserError("KERAS_BACKEND", f"must be {_DEFAULT}", name, "Unset this environment variable.") from None
