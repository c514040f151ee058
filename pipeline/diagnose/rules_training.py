"""Rules over the recorded trainings and the short ones that the diagnosis makes."""

from __future__ import annotations

from typing import Any

from pipeline.diagnose.rules import Finding
from pipeline.diagnose.standing import Facts, Standing, limit, middle

_BASE = "1"  # the rate of the training itself, among the multiples that were tried


def learning_rate_too_high(facts: Facts, standing: Standing) -> Finding | None:
    """The loss diverges or only jumps, and a smaller step does better."""
    if not standing.trouble or facts["data"]["nonfinite"]:
        return None
    rates = _rates(facts)
    own = rates.get(_BASE)
    best = _best_of(rates, lambda multiple: multiple < 1)
    if best is None:
        return None
    diverged = any(run["nonfinite"] for run in facts["course"].values())
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
    if own is None or best is None:
        return None
    multiple, ratio = best
    if own < limit("rate_stuck") or own < limit("rate_gain") * ratio or ratio > limit("rate_stuck"):
        return None
    rate = _rate(facts)
    evidence = {"rate": rate, "one_batch": own, "larger_rate": rate * multiple, "one_batch_larger": ratio}
    return Finding(
        "learning_rate_too_low", True, evidence, {"experiment.training.learning_rate": _short(rate * multiple)}
    )


def too_few_updates(facts: Facts, standing: Standing) -> Finding | None:
    """The loss was still falling when the training ended, after few steps."""
    if not standing.trouble or standing.broken:
        return None
    runs = facts["course"].values()
    updates = middle([run["updates"] for run in runs])
    late = middle([run["late_fall"] for run in runs])
    if updates is None or late is None or updates > limit("few_updates") or late < limit("late_fall"):
        return None
    training = facts["experiment"]["training"]
    evidence = {"updates": updates, "late_fall": late, "epochs": training["epochs"], "batch": training["batch_size"]}
    return Finding("too_few_updates", True, evidence, _more(facts))


def capacity_too_small(facts: Facts, standing: Standing) -> Finding | None:
    """No rate memorises one batch, though the outputs move: there are too few weights to hold it."""
    if not standing.trouble or standing.broken:
        return None
    memorise = facts["controls"].get("memorise") or {}
    floors = {k: v["floor"] for k, v in (memorise.get("rates") or {}).items() if v.get("floor") is not None}
    if not floors or min(floors.values()) < limit("memorised"):
        return None
    weights, width = facts["network"]["weights"], max(facts["data"]["features"], 1)
    units = [layer["units"] for layer in facts["network"]["layers"] if layer.get("units")]
    narrow = min(units[:-1], default=None) if len(units) > 1 else None
    if narrow is None or narrow > 2:
        return None
    evidence = {"weights": weights, "narrowest": narrow, "features": width, "one_batch": min(floors.values())}
    return Finding("capacity_too_small", True, evidence)


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
