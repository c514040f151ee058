"""Windows that are held out, and the comparison with the best naive forecast on them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import numpy as np

from pipeline.scoring import skill

if TYPE_CHECKING:
    from pipeline.dataset import Part


def subset(part: Part, indices: np.ndarray) -> Part:
    """Return the part with only the windows `indices`, int [windows]; its rows stay as they are."""
    return dataclasses.replace(part, table={name: column[indices] for name, column in part.table.items()})


def halves(part: Part) -> tuple[Part, Part]:
    """Return an earlier and a later piece of the training windows, for a dataset without a validation part.

    The later piece is the last fifth of the windows (of the sequences, where they are independent), at least one. The
    earlier piece holds the windows that end, targets included, before the first target row of the later piece: no
    target of the later piece is an input or a target of the earlier one, which may be empty. Scaling was learned on
    both.
    """
    spec = part.spec
    if spec.sequence_length:
        sequence = np.asarray(spec.first_rows)[part.table["start"]] // spec.sequence_length
        sequences = np.unique(sequence)
        cut = sequences[-max(len(sequences) // 5, 1)]
        return subset(part, np.flatnonzero(sequence < cut)), subset(part, np.flatnonzero(sequence >= cut))
    count = len(part)
    cut = count - max(count // 5, 1)
    # Last row of each window and its targets, and first row of the later piece's targets, on the axis of time.
    last = np.asarray(spec.first_rows)[part.table["start"]] + spec.length - 1 + spec.horizon
    early = np.flatnonzero(last[:cut] < np.asarray(part.table["row"])[cut:].min())
    return subset(part, early), subset(part, np.arange(cut, count))


def last_step(outputs: np.ndarray) -> np.ndarray:
    """Return outputs as [windows, outputs]: the last step of a network that gives one per input row."""
    return outputs if outputs.ndim == 2 else outputs.reshape(len(outputs), -1, outputs.shape[-1])[:, -1]


def losses(part: Part, forecast: np.ndarray) -> np.ndarray:
    """Return the loss of a forecast on each window: float64 [windows]."""
    return skill.losses(part.raw_targets(), forecast, part.spec.classes)


def against_naive(part: Part, loss: np.ndarray, naive_loss: np.ndarray) -> tuple[float | None, ...]:
    """Return the skill of a forecast against a naive one, and both ends of its 95 % interval.

    Args:
        part: the windows that are judged; they may have been thinned out.
        loss: of the forecast, float64 [windows].
        naive_loss: of the naive forecast, float64 [windows].
    """
    spec = part.spec
    order = np.argsort(part.table["row"], kind="stable")
    target_rows = np.asarray(part.table["row"])[order]
    # Of thinned windows fewer in a row share a target row.
    apart = np.median(np.diff(target_rows)) if len(target_rows) > 1 else 1
    naive = ("naive", naive_loss[order])
    compared = skill.compare(
        {0: loss[order]},
        naive,
        naive,
        overlap=int(-(-spec.target_rows // max(apart, 1))),
        sequences=target_rows // spec.sequence_length if spec.sequence_length else None,
    )["naive"]
    return compared["skill"], compared["low"], compared["high"]
