"""A short training for the proofs about weights, by stage `train`'s own functions."""

from __future__ import annotations

import functools
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.dataset import Part
from pipeline.network import backends, training

if TYPE_CHECKING:
    import keras

SETTINGS: dict[str, Any] = {
    "loss": None,
    "optimizer": "sgd",
    "learning_rate": 0.01,
    "label_smoothing": 0.0,
    "class_weight": "none",
    "reduce_on_plateau": None,
    "momentum": None,
    "nesterov": False,
    "weight_decay": None,
    "clipnorm": None,
    "global_clipnorm": None,
    "clipvalue": None,
    "batch_size": 64,
    "epochs": 1,
    "shuffle": True,
    "early_stopping": None,
    "state": "none",
    "seeds": [0],
    "jit_compile": False,
    "steps_per_execution": 1,
    "threads": 1,
}
# Patience for one more epoch, in which a rate that was reduced counts.
STOPPING = {"monitor": "val_loss", "patience": 1, "min_delta": 0.0, "restore_best": True}
PLATEAU = {"patience": 0, "factor": 0.5, "minimum": 0.0, "min_delta": 0.0}
_WINDOWS, _ROWS = 256, 1 << 15  # most windows and rows of one training: enough to move every weight


def architecture(part: Part) -> dict[str, Any]:
    """Describe a small LSTM whose head suits the target, as in params.yaml."""
    classes = part.spec.classes
    head = "linear" if not classes else "sigmoid" if classes == 2 else "softmax"
    return {"name": "lstm", "units": [4], "head": head}


def last(part: Part) -> Part:
    """Select the last few windows of a part, those nearest to the next part; a missing cell becomes 0."""
    count = min(len(part), _WINDOWS, max(4, _ROWS // part.spec.length))
    table = {column: values[-count:] for column, values in part.table.items()}
    start = int(table["start"][0])
    scaled = np.nan_to_num(part.scaled[start : int(table["start"][-1]) + part.spec.length])
    raw = None if part.raw is None else part.raw[start:]
    return replace(
        part, scaled=scaled, rows=part.rows[start:], raw=raw, table=table | {"start": table["start"] - start}
    )


def fit(
    name: str, fold: int, stopping: dict[str, Any] | None = None
) -> tuple[keras.Model, dict[str, Any], dict[str, Any]]:
    """Train on the last windows of the parts that a training reads; validation only where `stopping` is given.

    Returns:
        The network, the settings of its training, and its history.
    """
    _prepare()
    part, validation = training.parts(name, fold)
    part = last(part)
    validation = last(validation) if stopping and validation is not None else None
    settings = SETTINGS | {"batch_size": -(-len(part) // 2), "epochs": 3 if stopping else 1, "early_stopping": stopping}
    settings |= {"reduce_on_plateau": PLATEAU if validation is not None else None}
    network, history = training.fit(part, validation, architecture(part), settings, seed=0)
    return network, settings, history


def weights(p: dict[str, Any], name: str, fold: int) -> dict[str, bytes]:
    """Return the weights after a short training without validation."""
    return {"weights": _bytes(fit(name, fold)[0])}


def stopped(p: dict[str, Any], name: str, fold: int) -> dict[str, bytes]:
    """Return the weights of the epoch with the best validation loss, and the losses; nothing without validation.

    The validation loss also decides about the learning rate.
    """
    if training.parts(name, fold)[1] is None:
        return {}
    network, _, history = fit(name, fold, STOPPING)
    return watched(network, history)


def watched(network: keras.Model, history: dict[str, Any]) -> dict[str, bytes]:
    """Return what must not depend on rows after validation: weights, and the losses by which they were chosen.

    The weights alone do not suffice: where the first epoch is the best on two different parts, they are the same.
    """
    return {"weights after early stopping": _bytes(network), "losses": json.dumps(history["epochs"]).encode()}


@functools.cache
def _prepare() -> None:
    # On the backend that the process has already: the stage that runs it names one.
    backends.prepare(SETTINGS["threads"], SETTINGS["jit_compile"])


def _bytes(network: keras.Model) -> bytes:
    return b"".join(np.asarray(weight, dtype=np.float32).tobytes() for weight in network.get_weights())
