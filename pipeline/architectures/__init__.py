"""One file per architecture, each with a `build(shape, **options) -> keras.Model`."""

from __future__ import annotations

from typing import NamedTuple


class Shape(NamedTuple):
    """What a dataset asks of a network: it takes `[batch, length, features]` and gives `[batch, outputs]`."""

    length: int
    features: int
    outputs: int
    batch_size: int | None = None  # a number: the recurrent layers are stateful, and every batch has this many rows
