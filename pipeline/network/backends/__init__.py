"""Calls that Keras has no common interface for, one small module per backend."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from types import ModuleType
from typing import Any

from pipeline.common.errors import UserError

_DEFAULT = "tensorflow"


def prepare(threads: int, jit_compile: bool) -> None:
    """Set threads, determinism and logging. Call it once in a process, before anything imports Keras.

    Args:
        threads: number of threads; it changes the order of sums, and so the results.
        jit_compile: whether models will be compiled with XLA.

    Raises:
        UserError: `KERAS_BACKEND` names a backend that has no module here.
    """
    _module(os.environ.get("KERAS_BACKEND", _DEFAULT)).prepare(threads, jit_compile)


def gradients(function: Callable[..., Any], jit_compile: bool) -> Callable[..., Any]:
    """Return the gradient of a function of tensors. Keras has no call for it.

    Args:
        function: from a list of tensors (and any further arguments) to one number.
        jit_compile: compile with XLA; must be as for `prepare` in this process.

    Returns:
        A function of the same arguments that returns one array per tensor of the list: the gradient of the number, 0 if
        it does not depend on the tensor. It is traced once for arguments of equal shapes.
    """
    return _module(os.environ.get("KERAS_BACKEND", _DEFAULT)).gradients(function, jit_compile)


def _module(name: str) -> ModuleType:
    try:
        return importlib.import_module(f"pipeline.network.backends.{name}")
    except ModuleNotFoundError as error:
        if error.name != f"pipeline.network.backends.{name}":
            raise
        raise UserError("KERAS_BACKEND", f"must be {_DEFAULT}", name, "Unset this environment variable.") from None
