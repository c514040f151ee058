"""Rules over what the trained networks say: what one sees, beside why."""

from __future__ import annotations

import math
from typing import Any

from pipeline.diagnose.assessment import Facts, Standing, limit, middle
from pipeline.diagnose.rules import Finding


def collapsed_predictions(facts: Facts, standing: Standing) -> Finding | None:
    """(Nearly) the same answer for every window."""
    seeds = [one["train"] for one in facts["outcome"]["seeds"].values()]
    if standing.learned and not standing.behind:
        return None
    if facts["data"]["kind"] is None:
        spread = middle([one.get("spread") for one in seeds])
        if spread is None or spread > limit("collapsed_spread"):
            return None
        return Finding("collapsed_predictions", False, {"spread": spread})
    share = middle([one.get("largest_share") for one in seeds])
    spread = middle([one.get("spread") for one in seeds])
    if share is None or (share < limit("collapsed_class") and (spread or 0) > limit("collapsed_spread")):
        return None
    accuracy, most = middle([one["accuracy"] for one in seeds]), middle([one["majority"] for one in seeds])
    evidence = {"largest_share": share, "spread": spread, "accuracy": accuracy, "majority": most}
    return Finding("collapsed_predictions", False, evidence)


def persistence_echo(facts: Facts, standing: Standing) -> Finding | None:
    """The predictions repeat the last value, and foretell nothing of the change that comes."""
    echoes = [(one["held"] or one["train"]).get("echo") for one in facts["outcome"]["seeds"].values()]
    known = [echo for echo in echoes if echo and echo["to_last"] is not None]
    if not known or standing.learned:
        return None
    near = middle([echo["to_last"] for echo in known])
    direction = middle([echo["direction"] for echo in known])
    along = middle([echo["corr_last"] for echo in known])
    if near is None or near > limit("echo_to_last") or (direction or 0) > limit("echo_direction"):
        return None
    evidence = {"distance_to_last": near, "corr_last": along, "direction": direction}
    return Finding("persistence_echo", False, evidence)


def loss_at_floor(facts: Facts, standing: Standing) -> Finding | None:
    """The loss lies at a number that one gets without knowing anything, or at the clip of Keras's cross-entropy."""
    losses = [run["last"] for run in facts["course"].values() if run["last"] is not None]
    if not losses:
        return None
    if max(losses) <= limit("floor"):
        return Finding("loss_at_floor", False, {"loss": max(losses), "constant": "1.1921e-07"})
    loss, classes = middle(losses), facts["data"]["classes"]
    penalty = middle([run["penalty_share"] for run in facts["course"].values()]) or 0.0
    if not classes or not facts["network"]["loss"].endswith("crossentropy") or loss is None or standing.learned:
        return None
    loss *= 1 - penalty
    count = len(classes["shares"])
    known = {"ln 2" if count == 2 else "ln 3": math.log(count), "entropy of the shares": classes["entropy"]}
    for name, value in known.items():
        if abs(loss / value - 1) < limit("constant_loss"):
            return Finding("loss_at_floor", False, {"loss": loss, "constant": name, "value": value})
    return None


def loss_metric_disagree(facts: Facts, standing: Standing) -> Finding | None:
    """A loss that looks good beside predictions that are not."""
    if standing.broken or standing.learned is not False:
        return None
    loss = middle([run["last"] for run in facts["course"].values()])
    share = middle([run["penalty_share"] for run in facts["course"].values()]) or 0.0
    if loss is None or (standing.train_skill is not None and standing.train_skill > limit("gap")):
        return None
    classes = facts["data"]["classes"]
    fit = loss * (1 - share)  # what is left of it without the penalty
    if fit > (limit("low_entropy") * classes["entropy"] if classes else limit("low_loss")):
        return None
    return Finding(
        "loss_metric_disagree", False, {"loss": loss, "without_penalty": fit, "train_skill": standing.train_skill}
    )


def overfitting(facts: Facts, standing: Standing) -> Finding | None:
    """Training windows are answered far better than others."""
    if standing.broken:
        return None
    unseen, control = facts["outcome"]["all"]["held"], facts["controls"].get("held_back")
    if unseen:
        seen, own = facts["outcome"]["all"]["train"]["constant_skill"], unseen["constant_skill"]
    elif control:
        seen, own = control["train_skill"], control["constant_skill"]
    else:
        return None
    rise = middle([run.get("val_rise") for run in facts["course"].values()])
    if seen is None or own is None or seen < limit("gap") or seen - own < limit("gap"):
        return None
    # A level that moved away leaves a gap too, without anything having been learned by heart.
    shift = facts["data"]["shift"]
    moved = bool(shift and shift["mean"] is not None and abs(shift["mean"]) > limit("shift_most"))
    if moved or (standing.learned and not (rise and rise > limit("validation_rise"))):
        return None
    evidence = {"train_skill": seen, "unseen_skill": own, "validation_rise": rise}
    stopping = {"monitor": "val_loss", "patience": 5, "restore_best": True}
    change: dict[str, Any] = {"experiment.training.early_stopping": stopping}
    if not unseen:
        if facts["settings"]["split"]["scheme"] not in ("holdout", "sequences"):
            change = {}
        else:
            change = {"dataset.split.validation": 0.1} | change
    return Finding("overfitting", True, evidence, change)


RULES = (collapsed_predictions, persistence_echo, loss_at_floor, loss_metric_disagree, overfitting)
