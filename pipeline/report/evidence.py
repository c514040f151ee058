"""The evidence of a finding as names and texts: what each number is of, in words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline.report.wording import quantity

# By the finding's code and the key, or by the key alone; a key that is not here is its own name.
_NAMES = {
    "accuracy": "accuracy on training windows",
    "best_corr": "best correlation",
    "continued": "share of windows that continue the one before",
    "corr_last": "correlation with the last value",
    "dead": "share of outputs without slope",
    "direction": "correlation of predicted and true changes",
    "distance_to_last": "squared distance from the last value",
    "duplicate_windows.conflicting": "share of these with different targets",
    "duplicate_windows.share": "share of equal windows",
    "explained": "share of the target explained",
    "explained_by_past": "share explained by its past",
    "first_to_last": "gradient norm of the first layer over that of the last",
    "gradient_norm_before": "gradient norm before training",
    "high": "highest output",
    "inputs_ignored.reference": "skill of the best reference",
    "kept_by_decay": "share of a weight that the decay leaves",
    "kurtosis": "excess kurtosis",
    "largest_share": "share of the class predicted most",
    "last_corr": "correlation in the last row",
    "late_fall": "fall of the loss in the last quarter",
    "level_instead_of_change.persistence": "share of the target that the last value explains",
    "low": "lowest output",
    "majority": "accuracy of the majority class there",
    "mask_hides_data.inside": "share between two steps that are kept",
    "mask_hides_data.share": "share of masked steps",
    "mask_hides_data.windows": "share of windows masked as a whole",
    "narrowest": "units of the narrowest layer",
    "needed": "steps needed",
    "noise": "median step between losses over their range",
    "norm": "gradient norm",
    "of_outputs": "share of the penalties on outputs",
    "one_batch": "share of the loss left on one batch",
    "one_batch_larger": "share left at the larger rate",
    "one_batch_smaller": "share left at the smaller rate",
    "penalty_share": "share of penalties in the loss",
    "penalty_share_before": "that share before training",
    "per_window": "holes per window",
    "reach_after": "steps reached back after training",
    "reach_before": "steps reached back before training",
    "repeated_rows": "share of rows that equal the one before",
    "saturated": "share saturated",
    "seeds_disagree.best": "skill of the best seed",
    "seeds_disagree.worst": "skill of the worst seed",
    "share_of_class_0": "share of class 0",
    "skill_real": "skill with the inputs",
    "skill_zeroed": "skill with inputs of zero",
    "spread": "standard deviation of the predictions over the target's",
    "spread_of_range": "standard deviation of the target over its range",
    "target_1%": "1 % of the targets below",
    "target_99%": "99 % of the targets below",
    "train_skill": "skill on training windows",
    "unseen_skill": "skill on unseen windows",
    "update_to_weight": "size of an update over that of the weights",
    "validation_outside": "share of validation targets outside the training range",
    "validation_rise": "last validation loss over the least",
    "validation_shift": "shift of the validation targets in standard deviations",
    "validation_to_training": "validation loss over the training loss",
    "worst_rise": "greatest loss over the least",
}


def listed(finding: dict[str, Any], text: Callable[[Any], str] = quantity) -> list[tuple[str, str]]:
    """Return each value of a finding's evidence with its name, without those that were not measured.

    Args:
        finding: of the output of `diagnose`.
        text: formats a value.
    """
    rows: list[tuple[str, str]] = []
    for key, value in (finding.get("evidence") or {}).items():
        if value is None:
            continue
        if key == "of" and rows:
            rows[-1] = rows[-1][0], f"{rows[-1][1]} of {text(value)}"
            continue
        rows.append((_NAMES.get(f"{finding['code']}.{key}", _NAMES.get(key, key.replace("_", " "))), text(value)))
    return rows
