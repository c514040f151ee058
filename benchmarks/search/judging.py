"""Contradictions between a diagnosis, which knows no test window, and the outcome on the test windows."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.workshop import NAME
from pipeline.evaluate import collect
from pipeline.scoring import scores, skill

# Words for what contradicts what.
MISSED = "better than the best naive forecast, yet no signal or not learning"
EMPTY = "worse than a constant answer, yet learning"
AHEAD = "better than the linear model and the naive forecast, yet behind"
KINDS = (MISSED, EMPTY, AHEAD)


def outcome(p: dict[str, Any], evaluation: dict[str, Any]) -> dict[str, Any]:
    """Return what the test windows say, all folds and seeds: figures and words.

    Args:
        p: the parameters of the project.
        evaluation: result of `workshop.compare`.

    Returns:
        `windows`; `naive`, `linear` and `constant`, each with `baseline`, `skill`, `low`, `high`, `comparison`
        (`pipeline.scoring.skill.compare`); `trees` and `oracle`, their skill against the same naive forecast, or None.
    """
    compared = evaluation["comparison"]
    sides = {"naive": compared["naive"], "linear": compared["linear"], "constant": _constant(p)}
    test = evaluation["parts"]["test"]
    loss = scores.main_loss(evaluation["classes"])
    base = test["baselines"][compared["naive"]["baseline"]][loss]
    trees, oracle = test["baselines"].get("trees"), test["oracle"]
    return {
        "windows": compared["windows"],
        **{side: {key: found[key] for key in _KEPT} for side, found in sides.items()},
        "trees": scores.skill(trees[loss], base) if trees else None,
        "oracle": scores.skill(oracle[loss], base) if oracle else None,
    }


_KEPT = ("baseline", "skill", "low", "high", "comparison")


def _constant(p: dict[str, Any]) -> dict[str, Any]:
    """Compare the network with a constant answer on the test windows."""
    arrays, about = collect.collect(p, NAME)
    order = np.argsort(np.concatenate(arrays["test", "row"]), kind="stable")
    rows = np.concatenate(arrays["test", "row"])[order]

    def loss(key: Any) -> np.ndarray:
        truth, outputs = (np.concatenate(arrays["test", one]) for one in ("truth", key))
        return np.asarray(skill.losses(truth, outputs, about["classes"]))[order]

    name = "majority" if about["classes"] else "train_mean"
    side = (name, loss(("baseline", name)))
    seeds = p["experiments"][NAME]["training"]["seeds"]
    found = skill.compare(
        {seed: loss(("seed", seed)) for seed in seeds}, side, side, overlap=about["overlap"], rows=rows
    )
    return dict(found["naive"])


def contradiction(verdict: str, test: dict[str, Any]) -> str | None:
    """Return which of `KINDS` a verdict and the outcome on the test windows are, or None."""
    words = {side: test[side]["comparison"] for side in ("naive", "linear", "constant")}
    if verdict in ("not_learning", "no_evidence_of_signal") and words["naive"] == "better":
        return MISSED
    if verdict == "learning" and words["constant"] == "worse":
        return EMPTY
    if verdict == "behind" and words["naive"] == words["linear"] == "better":
        return AHEAD
    return None


def luck(row: dict[str, Any]) -> bool:
    """Whether a contradiction is chance by construction: nothing in the rows could be learned."""
    return bool(row["contradiction"] == MISSED and row["about"]["signal"] is False)
