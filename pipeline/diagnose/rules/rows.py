"""Rules over windows and targets, before any network."""

from __future__ import annotations

from typing import Any

from pipeline.diagnose.assessment import Facts, Standing, limit
from pipeline.diagnose.rules import Finding


def nonfinite_input(facts: Facts, _: Standing) -> Finding | None:
    """Missing or infinite cells that reach the network."""
    found = facts["data"]["nonfinite"]
    if not found or not (found["cells"] or found["targets"]):
        return None
    keys = ("row", "column", "window", "batch", "cells", "windows", "targets")
    return Finding("nonfinite_input", True, {key: found.get(key) for key in keys}, {"dataset.window.missing": "drop"})


def constant_feature(facts: Facts, _: Standing) -> Finding | None:
    names = [one["name"] for one in facts["data"]["inputs"] if one["constant"]]
    # One feature of independent sequences may be constant within each of them, and still differ between them.
    if not names:
        return None
    every = len(names) == len(facts["data"]["inputs"])
    change = {} if every else {"dataset.window.constant": "drop"}
    return Finding("constant_feature", True, {"features": names, "of": len(facts["data"]["inputs"])}, change)


def unscaled_input(facts: Facts, _: Standing) -> Finding | None:
    """Inputs far from zero mean and unit spread, as the network sees them."""
    bad = []
    for one in facts["data"]["inputs"]:
        if one["constant"] or not one["std"]:
            continue
        offset = abs(one["mean"]) / one["std"]
        wide = one["std"] > limit("input_spread_most") or one["std"] < limit("input_spread_least")
        if wide or (offset > limit("input_offset_most") and abs(one["mean"]) > 1):
            bad.append({"feature": one["name"], "mean": one["mean"], "std": one["std"]})
    if not bad:
        return None
    change = {"dataset.scaling.features": "standard"}
    if facts["settings"]["scaling"]["features"] == "standard":
        change = {"dataset.scaling.window": "standard"}
    return Finding("unscaled_input", True, {"features": len(bad), "of": len(facts["data"]["inputs"])} | bad[0], change)


def unscaled_target(facts: Facts, standing: Standing) -> Finding | None:
    """A regression's target far from unit size, or on a level that training never showed."""
    target, shift = facts["data"]["target"], facts["data"]["shift"]
    if facts["data"]["kind"] is not None or not target or not target["std"]:
        return None
    offset = abs(target["mean"]) / target["std"]
    moved = abs(shift["mean"]) if shift and shift["mean"] is not None else 0.0
    evidence = {"mean": target["mean"], "std": target["std"]}
    before = facts["network"]["initial"] or {}
    evidence |= {"loss_before_training": before.get("loss"), "expected_loss": before.get("expected_loss")}
    if target["std"] > limit("target_spread_most") or target["std"] < limit("target_spread_least"):
        return Finding("unscaled_target", True, evidence, {"dataset.scaling.target": "standard"})
    if offset > limit("target_offset_most") and abs(target["mean"]) > 1:
        return Finding("unscaled_target", True, evidence, {"dataset.scaling.target": "standard"})
    # A level that drifts away hurts only a network that has to foretell the level itself.
    if moved > limit("shift_most") and standing.trouble and shift:
        evidence |= {"validation_shift": shift["mean"], "validation_outside": shift["outside"]}
        return Finding("unscaled_target", True, evidence, {"dataset.scaling.window": "last"})
    return None


def heavy_tailed_target(facts: Facts, _: Standing) -> Finding | None:
    """Rare extremes that press everything else together, where the target is scaled to its range."""
    target = facts["data"]["target"]
    if facts["data"]["kind"] is not None or not target or facts["settings"]["scaling"]["target"] != "minmax":
        return None
    heavy = (target["kurtosis"] or 0.0) > limit("kurtosis_most")
    if not heavy or target["unit_spread"] is None or target["unit_spread"] > limit("unit_spread_least"):
        return None
    change: dict[str, Any] = {"dataset.scaling.target": "standard"}
    if not _reaches_all(facts):
        change["experiment.architecture.head"] = "linear"
    evidence = {"kurtosis": target["kurtosis"], "spread_of_range": target["unit_spread"]}
    return Finding("heavy_tailed_target", True, evidence, change)


def target_misaligned(facts: Facts, _: Standing) -> Finding | None:
    """A target that already stands in the window, or lies rows away from where its cause is; rows that repeat."""
    found = facts["data"]["alignment"]
    if not found:
        return None
    known, elsewhere = found["known"], found["known_elsewhere"] or 0.0
    if known is not None and known >= limit("known_share") and elsewhere < limit("known_share"):
        keys = ("known", "known_lag", "known_feature")
        return Finding("target_misaligned", True, {key: found[key] for key in keys})
    repeated = found["repeated"]
    if repeated is not None and repeated >= limit("repeated_share"):
        return Finding("target_misaligned", True, {"repeated_rows": repeated})
    best, last = found["best_corr"], found["last_corr"]
    if best is None or last is None or (found["best_lag"] or 1) <= 1:
        return None
    if abs(best) - abs(last) <= limit("misaligned_gain") or abs(best) <= limit("misaligned_corr"):
        return None
    shown = ("best_lag", "best_feature", "best_corr", "last_corr")
    return Finding("target_misaligned", True, {key: found[key] for key in shown})


def class_imbalance(facts: Facts, _: Standing) -> Finding | None:
    classes = facts["data"]["classes"]
    if not classes or max(classes["shares"]) < limit("imbalance_share"):
        return None
    return Finding("class_imbalance", True, {"shares": classes["shares"]})


def duplicate_windows(facts: Facts, _: Standing) -> Finding | None:
    found = facts["data"]["duplicates"]
    if not found or (found["share"] or 0.0) < limit("duplicate_share"):
        return None
    # Equal sequences with equal targets are what few kinds of sequences look like.
    if facts["settings"]["window"]["length"] == "sequence" and not found["conflicting"]:
        return None
    return Finding("duplicate_windows", True, {key: found[key] for key in ("share", "conflicting")})


def mask_hides_data(facts: Facts, _: Standing) -> Finding | None:
    """The mask's value stands in the windows. They are cut from rows and hold no padding: what is masked is data."""
    mask = facts["network"]["masking"]
    if not mask or (mask["share"] or 0.0) < limit("masked_share"):
        return None
    keys = ("value", "share", "inside", "windows")
    return Finding(
        "mask_hides_data", True, {key: mask[key] for key in keys}, {"experiment.architecture.mask_value": None}
    )


def state_order_broken(facts: Facts, _: Standing) -> Finding | None:
    """State is handed from batch to batch, but the next batch's rows do not continue this one's."""
    found = facts["data"]["state"]
    if not found or found["continued"] is None or found["continued"] >= limit("continued_share"):
        return None
    state = "lanes" if found["possible"] else "none"
    evidence = {"declared": found["declared"], "continued": found["continued"]}
    return Finding("state_order_broken", True, evidence, {"experiment.training.state": state})


def window_too_short(facts: Facts, _: Standing) -> Finding | None:
    """A linear model of a longer window finds clearly more on the same held-out windows."""
    longer = facts["references"].get("longer") or {}
    if (facts["data"]["duplicates"] or {}).get("share", 0.0) >= limit("duplicate_share"):
        return None  # what a longer window finds there is the repetition
    known = {int(length): skill for length, skill in longer.items() if skill is not None}
    own = known.pop(facts["data"]["length"], None)
    if own is None or not known:
        return None
    # The shortest one that has nearly all of the gain.
    best = max(known.values())
    length = min(length for length, skill in known.items() if skill >= best - 0.02)
    if known[length] - max(own, 0.0) <= limit("longer_gain") or known[length] <= 0:
        return None
    evidence = {"length": facts["data"]["length"], "skill": own, "longer": length, "longer_skill": known[length]}
    return Finding("window_too_short", True, evidence, {"dataset.window.length": length})


def _reaches_all(facts: Facts) -> bool:
    head = facts["network"]["head"]
    return head["low"] is None and head["high"] is None


RULES = (
    nonfinite_input,
    constant_feature,
    unscaled_input,
    unscaled_target,
    heavy_tailed_target,
    target_misaligned,
    class_imbalance,
    duplicate_windows,
    mask_hides_data,
    state_order_broken,
    window_too_short,
)
