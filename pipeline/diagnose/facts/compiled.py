"""How a network from a file was compiled, where that differs from how it is trained here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.common import keras_file


@dataclass(frozen=True)
class Compiled:
    """What the file of a network says; names are those of Keras's functions."""

    loss: str | None  # None where it was saved without one
    from_logits: bool  # whether the loss takes the outputs as logits
    metrics: list[str]  # without those of the loss itself
    activation: str | None  # of the last layer in the file; None where it has none
    optimizer: str | None = None  # name of its class


def facts(architecture: dict[str, Any]) -> Compiled | None:
    """Read how a network was compiled; None where it comes from no file, or was saved uncompiled.

    Args:
        architecture: as in params.yaml.

    Raises:
        UserError: the file is missing, or is no network.
    """
    if architecture["name"] != "file":
        return None
    from pipeline.network import losses

    read = keras_file.read(Path(architecture["path"]))
    if read.compiled is None:
        return None
    given = read.compiled
    loss = None if given.loss is None else losses.name(given.loss)
    metrics = [keras_file.snake(metric) for metric in given.metrics]
    logits = bool(given.arguments.get("from_logits", False))
    return Compiled(loss, logits, metrics, keras_file.last_activation(read.config), given.optimizer)
