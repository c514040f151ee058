"""Rules over the recorded trainings and the short ones that the diagnosis makes."""

from __future__ import annotations

from typing import Any

from pipeline.diagnose.assessment import Facts, Standing, limit, middle
from pipeline.diagnose.rules import Finding

_BASE = "1"  # the rate of the training itself, among the multiples that were tried


def learning_rate_too_high(facts: Facts, standing: Standing) -> Finding | None:
    """The loss diverges or only jumps, and a smaller step does better."""
    if not standing.trouble or facts["data"]["nonfinite"]:
        return None
    rates = _rates(facts)
    own = rates.get(_BASE)
    best = _best_of(rates, lambda multiple: multiple < 1)
    diverged = any(run["nonfinite"] for run in facts["course"].values())
    if best is None:
        # No rate that was tried is small enough, though the gradients themselves are.
        norm = ((facts["network"]["initial"] or {}).get("gradient") or {}).get("norm")
        if not diverged or norm is None or norm > limit("exploding_norm"):
            return None
        evidence = {"rate": _rate(facts), "gradient_norm_before": norm, "diverged": True}
        return Finding("learning_rate_too_high", True, evidence, {"experiment.training.learning_rate": 0.001})
    rise = middle([run.get("worst_rise") for run in facts["course"].values()])
    noise = middle([run.get("noise") for run in facts["course"].values()])
    fall = middle([run.get("fall") for run in facts["course"].values()])
    restless = diverged or (rise or 0) > limit("rise_most") or (noise or 0) > limit("noise_most") or (fall or 0) < 0
    multiple, ratio = best
    worse = own is None or own > max(limit("rate_gain") * ratio, limit("rate_stuck"))
    if not (restless and worse and ratio < 0.9):
        return None
    rate = _rate(facts)
    evidence = {"rate": rate, "one_batch": own, "smaller_rate": rate * multiple, "one_batch_smaller": ratio}
    evidence |= {"diverged": diverged, "worst_rise": rise, "noise": noise}
    return Finding(
        "learning_rate_too_high", True, evidence, {"experiment.training.learning_rate": _short(rate * multiple)}
    )


def learning_rate_too_low(facts: Facts, standing: Standing) -> Finding | None:
    """One batch is memorised far sooner at a larger step, and the training is still on its way down."""
    if not standing.trouble or standing.broken:
        return None
    rates = _rates(facts)
    own = rates.get(_BASE)
    best = _best_of(rates, lambda multiple: multiple > 1)
    updates = middle([run["updates"] for run in facts["course"].values()])
    if own is None or best is None or (updates or 0) <= limit("least_updates"):
        return None
    multiple, ratio = best
    moved = _update_ratio(facts)
    # So small a step that even a hundred times as large a one has not come far yet: it has come further in proportion.
    still = moved is not None and moved < limit("update_least") and 1 - ratio > 5 * max(1 - own, 0.0) > 0
    stuck = own > limit("rate_own") and own > limit("rate_gain") * ratio and ratio < limit("rate_stuck")
    if not still and not stuck:
        return None
    rate = _rate(facts)
    evidence: dict[str, Any] = {"rate": rate, "one_batch": own}
    evidence |= {"larger_rate": rate * multiple, "one_batch_larger": ratio}
    evidence |= {"update_to_weight": moved}
    return Finding(
        "learning_rate_too_low", True, evidence, {"experiment.training.learning_rate": _short(rate * multiple)}
    )


def too_few_updates(facts: Facts, standing: Standing) -> Finding | None:
    """The loss was still falling when the training ended, after few steps."""
    if not standing.trouble or standing.broken or (standing.train_skill or 0.0) > limit("fitted_well"):
        return None
    runs = facts["course"].values()
    updates = middle([run["updates"] for run in runs])
    # Of one seed is enough: another one may have died, and its loss cannot fall.
    late = max((run["late_fall"] for run in runs if run["late_fall"] is not None), default=None)
    if updates is None or updates > limit("few_updates"):
        return None
    if updates > limit("least_updates") and (late is None or late < limit("late_fall")):
        return None
    training = facts["experiment"]["training"]
    evidence = {"updates": updates, "late_fall": late, "epochs": training["epochs"], "batch": training["batch_size"]}
    return Finding("too_few_updates", True, evidence, _more(facts))


def capacity_too_small(facts: Facts, standing: Standing) -> Finding | None:
    """A layer of one or two units, and training windows that are answered far worse than by the references."""
    if not standing.behind or standing.broken or standing.reference is None:
        return None
    units = [layer["units"] for layer in facts["network"]["layers"] if layer.get("units")]
    narrow = min(units[:-1], default=None)
    fitted = standing.train_skill or 0.0
    if narrow is None or narrow > limit("capacity_units") or fitted > limit("behind") * standing.reference:
        return None
    rates = (facts["controls"].get("memorise") or {}).get("rates") or {}
    floors = [one["floor"] for one in rates.values() if one.get("floor") is not None]
    evidence = {"narrowest": narrow, "weights": facts["network"]["weights"], "one_batch": min(floors, default=None)}
    return Finding("capacity_too_small", True, evidence | {"train_skill": fitted, "reference": standing.reference})


def _update_ratio(facts: Facts) -> float | None:
    """By how much of its norm a layer moves in one step: the layer that moves most, the middle seed."""
    seeds: list[float | None] = []
    for run in facts["course"].values():
        layers = [one["median"] for one in (run["update_ratio"] or {}).values() if one.get("median") is not None]
        seeds.append(max(layers, default=None))
    return middle(seeds)


def _more(facts: Facts) -> dict[str, Any]:
    """Smaller batches where the batch holds a good part of the windows, else more epochs."""
    training, windows = facts["experiment"]["training"], facts["data"]["windows"]["train"]
    if training["batch_size"] > windows / 8:
        return {"experiment.training.batch_size": max(1, training["batch_size"] // 32)}
    return {"experiment.training.epochs": training["epochs"] * 4}


def _rate(facts: Facts) -> float:
    return float(facts["experiment"]["training"]["learning_rate"])


def _short(rate: float) -> float:
    return float(f"{rate:.2g}")


def _rates(facts: Facts) -> dict[str, float | None]:
    """What is left of the loss on one batch after the same steps, by multiple of the own rate; None: not finite."""
    rates = (facts["controls"].get("memorise") or {}).get("rates") or {}
    return {multiple: one["ratio"] if one["finite"] else None for multiple, one in rates.items()}


def _best_of(rates: dict[str, float | None], wanted: Any) -> tuple[float, float] | None:
    known = [(float(multiple), ratio) for multiple, ratio in rates.items() if ratio is not None]
    known = [one for one in known if wanted(one[0])]
    return min(known, key=lambda one: one[1]) if known else None


RULES = (learning_rate_too_high, learning_rate_too_low, too_few_updates, capacity_too_small)
