"""Rules over the network as it is built and as its training left it."""

from __future__ import annotations

from typing import Any

from pipeline.diagnose.assessment import Facts, Standing, limit, middle
from pipeline.diagnose.rules import Finding

_RANGE_OF_LOSS = {
    # Loss -> heads whose outputs it is made for; None stands for a head without an activation.
    "binary_crossentropy": {"sigmoid"},
    "categorical_crossentropy": {"softmax"},
    "sparse_categorical_crossentropy": {"softmax"},
}
_OF_CLASSES = {
    *_RANGE_OF_LOSS,
    "hinge",
    "squared_hinge",
    "categorical_hinge",
    "poisson",
    "kl_divergence",
    "categorical_focal_crossentropy",
    "binary_focal_crossentropy",
}


def shape_broadcast(facts: Facts, _: Standing) -> Finding | None:
    """Outputs and targets of different rank: the loss compares every one with every other, without a word."""
    network = facts["network"]
    out, target = network["output_shape"], network["target_shape"]
    if len(out) == len(target) and list(out[1:]) == list(target[1:]):
        return None
    return Finding("shape_broadcast", True, {"output": str(out), "target": str(target)})


def head_cannot_reach_target(facts: Facts, _: Standing) -> Finding | None:
    """Targets beyond what the head's activation can give."""
    head, target = facts["network"]["head"], facts["data"]["target"]
    if facts["data"]["kind"] is not None or not target:
        return None
    low, high = head["low"], head["high"]
    q = target["quantiles"]
    below = low is not None and q["0.01"] < low - 1e-6
    above = high is not None and q["0.99"] > high + 1e-6
    if not below and not above:
        return None
    evidence = {"head": head["activation"], "low": low, "high": high, "target_1%": q["0.01"], "target_99%": q["0.99"]}
    return Finding("head_cannot_reach_target", True, evidence, {"experiment.architecture.head": "linear"})


def loss_head_mismatch(facts: Facts, _: Standing) -> Finding | None:
    """A loss that is not made for this head, these units or this encoding of the target."""
    head, loss, kind = facts["network"]["head"], facts["network"]["loss"], facts["data"]["kind"]
    activation, units = head["activation"], head["units"]
    evidence: dict[str, Any] = {
        "loss": loss,
        "head": activation,
        "units": units,
        "target": f"{kind} classes" if kind else "regression",
    }
    wanted = {None: "linear", 2: "sigmoid", 3: "softmax"}[kind]
    change: dict[str, Any] = {}
    if kind is None:
        if loss in _OF_CLASSES and loss != "poisson":
            change = {"experiment.training.loss": None}
        elif activation == "softmax":
            change = {"experiment.architecture.head": "linear"}
        else:
            return None
    elif activation == "softmax" and units == 1:
        evidence["constant"] = 1.0  # one unit's share of itself
        change = {"experiment.architecture.head": "sigmoid"}
    elif loss in _RANGE_OF_LOSS:
        fits = (loss == "binary_crossentropy") == (kind == 2)
        if activation in _RANGE_OF_LOSS[loss] and fits:
            return None
        if activation != wanted:
            change["experiment.architecture.head"] = wanted
        if not fits:
            change["experiment.training.loss"] = None
    elif activation == wanted and loss in ("mean_squared_error", "mse", "mae", "mean_absolute_error"):
        # A square of a probability's error is the Brier score: slower, and no mismatch.
        return None
    else:
        change = {"experiment.training.loss": None}
        if activation != wanted:
            change["experiment.architecture.head"] = wanted
    return Finding("loss_head_mismatch", True, evidence, change)


def nonfinite_weights(facts: Facts, standing: Standing) -> Finding | None:
    runs = facts["course"]
    bad = [seed for seed, run in runs.items() if not run["weights_finite"]]
    if not bad:
        return None
    first = next((runs[seed]["nonfinite"] for seed in bad if runs[seed]["nonfinite"]), None) or {}
    evidence = {"seeds": len(bad), "of": len(runs), "epoch": first.get("epoch"), "batch": first.get("batch")}
    after = facts["outcome"]["seeds"][bad[0]]["train"]
    evidence |= {key: after[key] for key in ("accuracy", "share_of_class_0") if key in after}
    return Finding("nonfinite_weights", False, evidence)


def dead_output(facts: Facts, _: Standing) -> Finding | None:
    """The head's activation is flat wherever the outputs lie, so no gradient passes it."""
    seeds = _trained(facts)
    dead = {seed: one["dead_output"] for seed, one in seeds.items() if one.get("dead_output") is not None}
    bad = [seed for seed, share in dead.items() if share >= limit("dead_share")]
    if not bad or facts["network"]["head"]["activation"] in ("linear", None):
        return None
    head = {None: "linear", 2: "sigmoid", 3: "softmax"}[facts["data"]["kind"]]
    activation = facts["network"]["head"]["activation"]
    evidence = {"head": activation, "dead": max(dead.values()), "seeds": len(bad), "of": len(seeds)}
    return Finding("dead_output", True, evidence, {} if activation == head else {"experiment.architecture.head": head})


def exploding_gradients(facts: Facts, standing: Standing) -> Finding | None:
    if not standing.trouble:
        return None
    worst: dict[str, Any] = {}
    for when, one in _networks(facts):
        gradient = one.get("gradient") or {}
        norm = gradient.get("norm")
        if norm is not None and norm > max(worst.get("norm", 0.0), limit("exploding_norm")):
            worst = {"norm": norm, "of": when}
    # Large because the targets are large is the target's fault, and told there.
    target = facts["data"]["target"]
    if not worst or (target and facts["data"]["kind"] is None and (target["std"] or 0) > 10):
        return None
    return Finding("exploding_gradients", True, worst, {"experiment.training.clipnorm": 1.0})


def vanishing_gradients(facts: Facts, standing: Standing) -> Finding | None:
    """The first layer gets next to none of the gradient that the last one gets, from the start on."""
    ratio = ((facts["network"]["initial"] or {}).get("gradient") or {}).get("first_to_last")
    if not standing.trouble or ratio is None or ratio > limit("vanishing_ratio"):
        return None
    # A tiny input makes a tiny gradient of the first layer, and nothing else.
    if any(not one["constant"] and (one["std"] or 0) < limit("input_spread_least") for one in facts["data"]["inputs"]):
        return None
    return Finding("vanishing_gradients", True, {"first_to_last": ratio})


def saturated_units(facts: Facts, standing: Standing) -> Finding | None:
    if not standing.trouble:
        return None
    worst: dict[str, Any] = {}
    for when, one in _networks(facts):
        for kind in ("units", "gates"):
            for layer, shares in (one.get(kind) or {}).items():
                share = shares.get("saturated")
                if share is not None and share > max(worst.get("saturated", 0.0), limit("saturated_share")):
                    worst = {"layer": layer, "kind": kind, "saturated": share, "of": when}
    return Finding("saturated_units", True, worst) if worst else None


def memory_too_short(facts: Facts, standing: Standing) -> Finding | None:
    """What is to be learned lies further back than the network's outputs depend on."""
    references = facts["references"]
    needed, length = references.get("needed"), facts["data"]["length"]
    if not standing.trouble or not needed or needed < limit("memory_steps"):
        return None
    reach = ((facts["network"]["initial"] or {}).get("gradient") or {}).get("memory")
    learned = middle([(one.get("gradient") or {}).get("memory") for one in _trained(facts).values()])
    known = [value for value in (reach, learned) if value is not None]
    if not known or max(known) > limit("memory_share") * needed:
        return None
    evidence = {"length": length, "needed": needed, "reach_before": reach, "reach_after": learned}
    return Finding("memory_too_short", True, evidence, {"experiment.architecture.gate_initializer": "chrono"})


def over_regularised(facts: Facts, standing: Standing) -> Finding | None:
    """Most of the loss is the penalty on the weights, or dropout takes away most of what is learned."""
    share = middle([run["penalty_share"] for run in facts["course"].values()])
    before = facts["network"]["initial"] or {}
    first = None
    if before.get("penalty") is not None and before.get("loss"):
        first = before["penalty"] / (before["penalty"] + before["loss"])
    # A penalty that has pressed all weights to nothing is small in the end.
    if (share or 0.0) > limit("penalty_share") or (standing.trouble and (first or 0.0) > limit("penalty_share")):
        loss = middle([run["last"] for run in facts["course"].values()])
        evidence = {"penalty_share": share, "penalty_share_before": first, "loss": loss}
        return Finding("over_regularised", True, evidence, {"experiment.architecture.l2": 0.0} | _dropout(facts))
    rate = facts["network"]["dropout"]
    if rate and rate >= limit("dropout_most") and standing.trouble:
        return Finding("over_regularised", True, {"dropout": rate}, _dropout(facts))
    return None


def _dropout(facts: Facts) -> dict[str, Any]:
    return {"experiment.architecture.dropout": 0.0} if facts["network"]["dropout"] else {}


def _trained(facts: Facts) -> dict[str, Any]:
    return {seed: one for seed, one in facts["network"]["trained"].items() if one}


def _networks(facts: Facts) -> list[tuple[str, dict[str, Any]]]:
    """The untrained network, and the trained one of every seed."""
    trained = [(f"seed {seed}", one) for seed, one in _trained(facts).items()]
    return [("initial", facts["network"]["initial"] or {}), *trained]


RULES = (
    shape_broadcast,
    head_cannot_reach_target,
    loss_head_mismatch,
    nonfinite_weights,
    dead_output,
    exploding_gradients,
    vanishing_gradients,
    saturated_units,
    memory_too_short,
    over_regularised,
)
