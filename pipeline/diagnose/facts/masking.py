"""What a Masking layer skips, and whether its value was meant for that: a sentinel lies far from all real cells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.dataset.sampling import evenly
from pipeline.diagnose.facts.data import Input, constant, largest, moments

if TYPE_CHECKING:
    import keras

    from pipeline.dataset import Part

# Windows that are measured, and cells of float32 in memory for it: 64 MB.
_WINDOWS = 2000
_CELLS = 2**24


@dataclass(frozen=True)
class Masking:
    """Steps of the training windows that a Masking layer skips."""

    value: float  # the layer's mask value
    share: float  # of all steps
    inside: float  # share of steps that are skipped between two that are not
    windows: float  # share of windows that are skipped as a whole
    # how far the mask value lies outside the range of the other steps' cells, in their standard deviations, for the
    # feature that is nearest; 0 inside a range, None where no other cell varies
    outside: float | None = None
    features: list[Input] | None = None  # the features without the steps that are skipped; None if all are
    padding: bool = False  # whether the dataset gives the mask value to its padding and to no other step


def facts(part: Part, network: keras.Model) -> Masking | None:
    """Measure what a Masking layer skips in at most 2,000 evenly spaced training windows."""
    import keras

    values = [layer.mask_value for layer in network._flatten_layers() if isinstance(layer, keras.layers.Masking)]
    if not values or not len(part):
        return None
    value = float(values[0])
    most = max(1, min(_WINDOWS, _CELLS // (part.spec.length * len(part.spec.features))))
    cells = part.inputs(evenly(len(part), most))
    kept = np.any(cells != value, axis=2)  # as Keras's Masking does
    steps, filled = np.arange(kept.shape[1]), kept.any(axis=1)
    first = np.where(filled, kept.argmax(axis=1), len(steps))
    last = np.where(filled, len(steps) - 1 - kept[:, ::-1].argmax(axis=1), -1)
    inside = ~kept & (steps > first[:, None]) & (steps < last[:, None])
    others = [cells[kept][:, i] for i in range(cells.shape[2])]
    distances = [far for column in others if (far := _outside(column, value)) is not None]
    measured = zip(part.spec.features, others, strict=True)
    return Masking(
        value=value,
        share=float((~kept).mean()),
        inside=float(inside.mean()),
        windows=float((~filled).mean()),
        outside=min(distances, default=None),
        features=[Input(name, *moments(cells), constant(cells), largest(cells)) for name, cells in measured]
        if kept.any()
        else None,
        padding=part.spec.padded and value == 0,
    )


def _outside(cells: np.ndarray, value: float) -> float | None:
    """Return the distance of a value to the range of the finite cells, in their standard deviations."""
    cells = cells[np.isfinite(cells)].astype(float)
    if constant(cells):
        return None
    return max(float(cells.min()) - value, value - float(cells.max()), 0.0) / float(cells.std())
