"""Whether one experiment's losses are lower than another's, beyond what other windows and other seeds do."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.scoring import gains, grouping, seeds
from pipeline.scoring.bootstrap import LEVEL, RESAMPLES

# Why nothing is concluded: of one seed, the spread over seeds is unknown.
ONE_SEED = "one_seed"


def paired(
    before: dict[str, np.ndarray],
    after: dict[str, np.ndarray],
    *,
    overlap: int = 1,
    sequence_length: int | None = None,
    ids: dict[str, Any] | None = None,
    scale: float = 1.0,
    networks: bool = False,
) -> dict[str, Any]:
    """Measure how much lower the losses of one experiment are than those of another, on their common test windows.

    The error of the difference is that of the windows, as in `skill.compare`, and that of the seeds (`seeds.errors`),
    whose spread both experiments are taken to share. Nothing is corrected for several pairs.

    Args:
        before: table of `reports/losses/`: `row` `[windows]`, and `loss_SEED` `[windows]` per seed, which are averaged.
        after: the same for the other experiment; windows are matched by their `row`.
        overlap: how many windows in a row share a target row; the larger number of the two experiments.
        sequence_length: rows of an independent sequence, or None.
        ids: as in `grouping.of`, or None.
        scale: unit of `before` and `after`, in units of the losses' errors: `score_scale` of the first experiment.
        networks: whether to compare these very networks, whatever other seeds would do.

    Returns:
        `before` and `after`, the mean losses on the windows that both answer; `reduction`,
        1 - after / before, with `low`, `high` (95 %), two-sided `p_value`, `comparison` (of the second: `better`,
        `not_distinguishable`, `worse`) and `reason` (`gains.side`, `gains.limited`, or `one_seed`, where an experiment
        has no second one); `windows`, which both have; `unanswered`, those of them that a seed does not answer, and
        `left_out`, the windows that only one has, each by `before` and `after`; `unit`, `block_length`, `resamples`,
        `level`. An experiment with a seed that answers no window is worse than any other. Then there is no reduction,
        nor where the losses before are 0.
    """
    rows, left, right = np.intersect1d(before["row"], after["row"], return_indices=True)
    sides = {"before": _by_seed(before)[:, left], "after": _by_seed(after)[:, right]}
    answered = {key: np.isfinite(losses).all(axis=0) for key, losses in sides.items()}
    works = {key: bool(np.isfinite(losses).any(axis=1).all()) for key, losses in sides.items()}
    both = answered["before"] & answered["after"]
    about = {"sequence_length": sequence_length, "ids": ids}
    sequences = grouping.of(rows[both], about)
    result: dict[str, Any] = {
        "windows": len(rows),
        "left_out": {"before": len(before["row"]) - len(rows), "after": len(after["row"]) - len(rows)},
        "unanswered": {key: int((~own).sum()) for key, own in answered.items()},
        "unit": grouping.unit(sequences, about),
        "resamples": RESAMPLES,
        "level": LEVEL,
    }
    if not both.any():
        return result | _incomparable(sides, works, scale)
    old, new = (losses[:, both].mean(axis=0) for losses in sides.values())
    # Losses that differ by the rounding of their units are equal.
    new = np.where(np.isclose(new, old, rtol=1e-9, atol=0), old, new)
    result |= {"before": float(old.mean()) / scale**2, "after": float(new.mean()) / scale**2}
    units = gains.sample([new, old], [(0, 1)], overlap, sequences, rows[both])
    further = None
    if not networks:
        losses = sides["before"][:, both], sides["after"][:, both]
        further = seeds.errors(*losses, overlap=overlap, sequences=sequences, rows=rows[both])
    side = gains.limited(gains.side(units, 0, 1, further or ()), answered["after"], answered["before"])
    if not networks and further is None:
        side = gains.undecided(side["skill"], ONE_SEED)
    return {**result, "reduction": side.pop("skill"), **side, "block_length": units.block}


def _by_seed(table: dict[str, np.ndarray]) -> np.ndarray:
    """Return the losses of a table of `reports/losses/`, `[seeds, windows]`."""
    return np.stack([loss for name, loss in table.items() if name != "row"])


def _incomparable(sides: dict[str, np.ndarray], works: dict[str, bool], scale: float) -> dict[str, Any]:
    """Return the result where no window is answered by both: an experiment that works is better than one that fails."""
    comparison = "not_distinguishable"
    if sides["before"].shape[1] and works["before"] != works["after"]:
        comparison = "better" if works["after"] else "worse"
    means = {
        key: float(losses[np.isfinite(losses)].mean()) / scale**2 if works[key] else None
        for key, losses in sides.items()
    }
    undefined = dict.fromkeys(("reduction", "low", "high", "block_length"))
    reason = gains.UNANSWERED if comparison == "not_distinguishable" else None
    p_value = 1.0 if comparison == "not_distinguishable" else 0.0
    return {**means, **undefined, "p_value": p_value, "comparison": comparison, "reason": reason}


def unchanged(
    table: dict[str, np.ndarray],
    *,
    overlap: int = 1,
    sequence_length: int | None = None,
    ids: dict[str, Any] | None = None,
    scale: float = 1.0,
) -> dict[str, Any] | None:
    """Apply `paired` to networks of one experiment retrained without a change: first seed before, other seeds after.

    A fix must have a larger effect than other random numbers do. None where there is only one seed.

    Args:
        table: table of `reports/losses/`, its seeds in the order of the training's.
        overlap: as in `paired`.
        sequence_length: as in `paired`.
        ids: as in `paired`.
        scale: as in `paired`.
    """
    first, *others = (name for name in table if name != "row")
    if not others:
        return None
    before, after = ({"row": table["row"]} | {name: table[name] for name in names} for names in ([first], others))
    about: dict[str, Any] = {"overlap": overlap, "sequence_length": sequence_length, "ids": ids}
    return paired(before, after, **about, scale=scale, networks=True)
