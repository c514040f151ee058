"""Which pictures show the evidence of a finding. Only what was measured is drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pipeline.report.pictures import network, rows, shares, skills, training
from pipeline.report.pictures.svg import Picture

Draw = Callable[[dict[str, Any]], Picture | None]


def for_finding(code: str, diagnosis: dict[str, Any], evaluation: dict[str, Any] | None = None) -> list[Picture]:
    """Return the pictures of a finding's evidence; none where a number says all.

    Args:
        code: of the finding, as in `diagnosis["findings"]`.
        diagnosis: output of the stage `diagnose`.
        evaluation: output of the stage `evaluate`, for learning curves and times; None leaves these out.
    """
    if not diagnosis.get("facts"):
        return []
    # A page may hold a picture below two findings; their ids differ.
    key = f"{diagnosis['experiment']}-{code}"
    given = {**diagnosis, "experiment": key, "split": (evaluation or {}).get("split")}
    drawn = [draw(given) for draw in _OF.get(code, ())]
    if evaluation and code in _CURVES and training.recorded(evaluation):
        drawn.insert(0, training.curves({**evaluation, "experiment": key}))
    return [picture for picture in drawn if picture]


def _seeds(fact: str, title: str, axis: str, caption: str) -> Draw:
    return lambda diagnosis: skills.seeds(diagnosis, fact, title, axis, caption)


def _numbers(code: str, title: str, axis: str, names: dict[str, str], caption: str) -> Draw:
    return lambda diagnosis: shares.numbers(diagnosis, code, title, axis, names, caption)


# Findings that show in the course of the loss.
_CURVES = (
    "too_few_updates",
    "overfitting",
    "learning_rate_too_high",
    "nonfinite_weights",
    "loss_at_floor",
    "validation_below_training",
)

_SPREAD = _seeds(
    "spread",
    "How much the predictions vary",
    "standard deviation, as a share of that of the target",
    "At 0 the network predicts one value for all windows, at 1 its predictions vary as much as the target.",
)
_ECHO = (
    _seeds(
        "echo.corr_last",
        "Predictions and the last value of the window",
        "correlation",
        "At 1 the predictions rise and fall with the last value.",
    ),
    _seeds(
        "echo.direction",
        "Predicted and real changes",
        "correlation",
        "At 0 the predicted change from the last value says nothing of the real one, at 1 all.",
    ),
)
_SEED_SKILL = _seeds(
    "constant_skill",
    "Skill of each seed against a constant",
    "skill",
    "Each seed starts from other random weights. At 0 it is as good as a constant.",
)

_OF: dict[str, tuple[Draw, ...]] = {
    "nonfinite_input": (rows.missing_cell,),
    "constant_feature": (shares.constants,),
    "unscaled_input": (shares.scales,),
    "duplicate_windows": (shares.duplicates,),
    "mask_hides_data": (shares.masked,),
    "state_order_broken": (shares.handovers,),
    "window_too_short": (skills.window_lengths,),
    "unscaled_target": (shares.ranges,),
    "head_cannot_reach_target": (shares.ranges,),
    "heavy_tailed_target": (shares.ranges,),
    "level_out_of_range": (shares.outside,),
    "level_instead_of_change": (
        _numbers(
            "level_instead_of_change",
            "How much of the target the last value explains",
            "share of the variance",
            {"persistence": "the last value alone", "train_skill": "network, training windows"},
            "What the last value explains, the network need not learn if it predicts the change.",
        ),
    ),
    "target_misaligned": (
        _numbers(
            "target_misaligned",
            "The target among the inputs",
            "share, or correlation",
            {
                "known": "windows that hold their target",
                "repeated_rows": "rows that repeat",
                "best_corr": "correlation at the best lag",
                "last_corr": "correlation at the last row",
            },
            "A window should not hold its own target.",
        ),
    ),
    "class_imbalance": (shares.classes,),
    "looks_ahead": (
        _numbers(
            "looks_ahead",
            "What explains the feature",
            "share explained",
            {"explained": "later rows of the target", "explained_by_past": "rows up to its own"},
            "A feature that was known in time is explained by the past.",
        ),
    ),
    "time_irregular": (shares.steps,),
    "season_not_set": (shares.season,),
    "dead_output": (network.dead_outputs,),
    "inputs_ignored": (skills.inputs, network.sensitivity),
    "exploding_gradients": (network.gradient_norms, network.sensitivity),
    "vanishing_gradients": (network.updates, network.sensitivity),
    "saturated_units": (network.saturation,),
    "unbounded_recurrent_activation": (network.sensitivity,),
    "memory_too_short": (network.sensitivity,),
    "over_regularised": (shares.penalty,),
    "weight_decay_large": (shares.decay,),
    "learning_rate_too_high": (training.range_test,),
    "learning_rate_too_low": (training.range_test, network.updates),
    "capacity_too_small": (skills.references,),
    "collapsed_predictions": (_SPREAD,),
    "persistence_echo": _ECHO,
    "echo_over_horizon": tuple(
        _seeds(f"echo_end.{fact}", title, "correlation", caption)
        for fact, title, caption in (
            ("corr_last", "Predictions of the last step and the last value", "At 1 they rise and fall with it."),
            (
                "direction",
                "Predicted and real changes over the horizon",
                "At 0 the prediction says nothing of the change.",
            ),
        )
    ),
    "seeds_disagree": (_SEED_SKILL,),
    "miscalibrated": (
        _numbers(
            "miscalibrated",
            "Skill of the probabilities",
            "skill against the class shares",
            {"skill": "as they are", "gain_by_calibration": "gained by calibration"},
            "Half of the windows calibrate the others.",
        ),
    ),
    "loss_metric_disagree": (skills.references,),
    "overfitting": (skills.references,),
    "too_few_updates": (training.range_test,),
}
