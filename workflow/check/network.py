"""A look at a network with Keras: whether it takes the windows, and how it ends."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import keras

from pipeline.common.errors import UserError
from pipeline.common.keras_file import Compiled
from pipeline.network import compiled as compiling
from workflow.check.target import Target


class Built(NamedTuple):
    """A network that was loaded.

    Attributes:
        head: the activation that ends it, and its number of outputs.
        weights: their number.
    """

    head: tuple[str | None, int]
    weights: int


def inspect(path: Path, window: tuple[int, ...]) -> Built:
    """Load a network in safe mode and compare it with the windows.

    Args:
        path: a file that `keras_file.read` accepts.
        window: rows and features of a window.

    Raises:
        UserError: Keras cannot load it, or it does not take such windows.
    """
    try:
        model = keras.saving.load_model(path, compile=False, safe_mode=True)
    except Exception as error:
        reason = " ".join(str(error).split())[:200]
        fix = f"Save it with Keras {keras.__version__}, which this project uses."
        raise UserError(str(path), "must be a network that Keras can load", reason, fix) from None
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        received = f"{len(model.inputs)} inputs, {len(model.outputs)} outputs"
        raise UserError(str(path), "must have one input and one output", received, "Save a network with one of each.")
    expected, shape = list(window), list(model.input_shape[1:])
    fits = len(expected) == len(shape) and all(b in (None, a) for a, b in zip(expected, shape, strict=True))
    if not fits or shape[-1] is None:
        fix = "Save the windows that the network was trained on."
        raise UserError(str(path), f"must take the windows of X, {expected} rows and features", shape, fix)
    if model.input_shape[0] is not None:
        fix = "Leave `batch_size` and `stateful=True` out, and save again."
        raise UserError(str(path), "must take batches of any size", f"batches of {model.input_shape[0]}", fix)
    if len(model.output_shape) != 2:
        fix = "Leave `return_sequences=True` out of the last recurrent layer: one vector a window is expected."
        raise UserError(str(path), "must give one vector a window", list(model.output_shape), fix)
    return Built(compiling.head(model), model.count_params())


def training(
    compiled: Compiled | None, found: Target, built: Built, place: str, rate: float | None
) -> compiling.Training:
    """Return the settings of the training; see `pipeline.network.compiled.training`.

    Raises:
        UserError: something is not supported, or the outputs do not suit the targets.
    """
    units = built.head[1]
    if not found.classes and units != found.outputs:
        fix = f"Give the last layer {found.outputs} unit{'s' if found.outputs > 1 else ''}."
        raise UserError(place, f"must have an output for each of the {found.outputs} numbers of y", f"{units}", fix)
    return compiling.training(compiled, found.classes, built.head, place, rate)
