"""The error that the choice of seeds adds to a difference of mean losses.

Seeds and windows are two crossed samples: a mean loss varies with the seeds, with the windows, and with their
interaction: what a seed does on single windows. The interaction is part of the spread of the seeds' mean losses and of
that of the windows' differences. It counts once (Hillis 2014, of readers within tests: a reader is a seed, a case a
window).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from pipeline.scoring import bootstrap, gains
from pipeline.scoring.bootstrap import LEVEL
from pipeline.scoring.long_run import Error, group_size

# Student's t takes the seeds' mean losses for normal ones. They are skewed, and some fail, which matters most of two
# against two. Their variance is therefore raised by half, that of five against five by 1 %.
_FEW_SEEDS = 4.0
# Fewer blocks of windows say too little of the interaction.
_FEWEST_BLOCKS = 8


class _Groups(NamedTuple):
    """Losses of the seeds of both experiments, and the unit of their relative deviations."""

    before: np.ndarray  # [seeds, windows], less each seed's mean
    after: np.ndarray
    unit: float  # of the deviations and of the error, as losses
    error: Error  # of the difference of the seeds' mean losses, in units of losses

    @property
    def share(self) -> float:
        """Return the variance of a difference of group means, of seeds with variance 1."""
        return 1 / len(self.before) + 1 / len(self.after)

    @property
    def degrees(self) -> int:
        """Return the degrees of freedom of the spread within both groups."""
        return len(self.before) + len(self.after) - 2


def errors(
    before: np.ndarray,
    after: np.ndarray,
    overlap: int = 1,
    sequences: np.ndarray | None = None,
    rows: np.ndarray | None = None,
) -> list[Error] | None:
    """Return the errors of a difference of mean losses for other seeds and other windows; None for one seed.

    Args:
        before: losses, `[seeds, windows]`, finite.
        after: the same of the other experiment.
        overlap: as in `gains.sample`.
        sequences: as in `gains.sample`.
        rows: as in `gains.sample`.
    """
    if min(len(before), len(after)) < 2:
        return None
    groups = _groups(before, after)
    # Without the seeds' levels, but with the difference of the experiments, at which an interval looks from 0.
    level = before.mean() + groups.unit * groups.before.mean(axis=0)
    other = after.mean() + groups.unit * groups.after.mean(axis=0)
    units = gains.sample([other, level], [(0, 1)], overlap, sequences, rows)
    kept = 1 - _interaction(groups, units, sequences)
    found, _ = gains.errors(units, 0, 1)
    return [_together(groups.error, Error(error.standard * float(np.sqrt(kept)), error.degrees)) for error in found]


def _groups(before: np.ndarray, after: np.ndarray) -> _Groups:
    """Return the deviations of the seeds and Student's error of two groups.

    Seeds multiply a loss rather than add to it: two that settle at 24 and 37 reach 8.9 and 8.6 with a fix. So the
    deviations are shares of each seed's mean, and the error is that of the logarithms, times the logarithmic mean of
    both losses, by which a difference of logarithms becomes one of losses.
    """
    old, new = before.mean(axis=1), after.mean(axis=1)
    before, after, unit = before - old[:, None], after - new[:, None], 1.0
    if old.min() > 0 and new.min() > 0:
        means = float(old.mean()), float(new.mean())
        ratio = float(np.log(means[0] / means[1]))
        unit = (means[0] - means[1]) / ratio if abs(ratio) > 1e-6 else means[0]
        before, after = before / old[:, None], after / new[:, None]
        old, new = np.log(old), np.log(new)
    degrees = len(old) + len(new) - 2
    squares = sum(float(np.sum((level - level.mean()) ** 2)) for level in (old, new))
    variance = squares / degrees * (1 + _FEW_SEEDS / degrees**3) * (1 / len(old) + 1 / len(new))
    return _Groups(before, after, unit, Error(unit * float(np.sqrt(variance)), float(degrees)))


def _interaction(groups: _Groups, units: gains.Sample, sequences: np.ndarray | None) -> float:
    """Return the share of the windows' variance that is the interaction: 1 / F of a two-way analysis, at most 1.

    The analysis takes means of blocks, because a difference may vary slowly where the interaction does not.
    """
    blocks = [_blocks(losses, units, sequences) for losses in (groups.before, groups.after)]
    if blocks[0].shape[1] < _FEWEST_BLOCKS:
        return 0.0
    centred = [own - own.mean(axis=1, keepdims=True) for own in blocks]
    difference = centred[0].mean(axis=0) - centred[1].mean(axis=0)
    total = float(np.sum(difference**2))
    within = sum(float(np.sum((own - own.mean(axis=0)) ** 2)) for own in centred)
    return min(groups.share * within / groups.degrees / total, 1.0) if total > 0 else 0.0


def _blocks(losses: np.ndarray, units: gains.Sample, sequences: np.ndarray | None) -> np.ndarray:
    """Return the means over blocks of windows, or sums over sequences, `[seeds, blocks]`."""
    if sequences is not None:
        return bootstrap.group_units(losses.T, sequences)[:, :-1].T
    count = losses.shape[1]
    size = max(min(max(units.block, group_size(count)), count // _FEWEST_BLOCKS), units.overlap)
    return losses[:, count % size :].reshape(len(losses), -1, size).mean(axis=2)


def _together(seeds: Error, windows: Error) -> Error:
    """Return the error of a sum of two independent means, with Cochran's critical value (1964).

    It is the mean of Student's two, weighted by the variances. Satterthwaite's degrees of freedom grow where two seeds
    happen to agree, and find a difference in up to 7 % of equal pairs.
    """
    from scipy import special

    weights = np.square([seeds.standard, windows.standard])
    total = float(weights.sum())
    if total <= 0:
        return seeds
    critical = float(weights @ [own.reach(LEVEL) / own.standard if own.standard else 0 for own in (seeds, windows)])
    degrees = float(special.stdtridf(1 - LEVEL / 2, critical / total))
    return Error(float(np.sqrt(total)), degrees)
