"""Windows with finite targets, the losses of forecasts on them, and the shape of outputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.scoring import skill

if TYPE_CHECKING:
    from pipeline.dataset import Part


def finite(part: Part) -> Part:
    """Return the windows whose target is finite."""
    good = np.isfinite(part.targets()).all(axis=1) & np.isfinite(part.raw_targets()).all(axis=1)
    return part if good.all() else part.subset(np.flatnonzero(good))


def last_step(outputs: np.ndarray) -> np.ndarray:
    """Return outputs as [windows, outputs]: the last step of a network that gives one per input row."""
    return outputs if outputs.ndim == 2 else outputs.reshape(len(outputs), -1, outputs.shape[-1])[:, -1]


def losses(part: Part, forecast: np.ndarray) -> np.ndarray:
    """Return the loss of a forecast on each window: float64 [windows]."""
    return skill.losses(part.raw_targets(), forecast, part.spec.classes)
