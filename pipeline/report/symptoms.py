"""Whether a post's symptom is reproduced: one rule per symptom, decided from the measured numbers alone.

A rule takes one experiment's evaluation and the figure in the post (or None). It returns yes, no, or None if the
experiment cannot decide it, with the measurement and the criterion as texts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pipeline.common import training
from pipeline.report.wording import number, score_range


class Outcome(NamedTuple):
    """Result of one rule.

    Attributes:
        reproduced: None where the experiment cannot decide it.
        measured: the measurement, as text.
        criterion: the rule, as text.
    """

    reproduced: bool | None
    measured: str
    criterion: str


Rule = Callable[[dict[str, Any], float | None], Outcome]


def judge(rule: str, evaluation: dict[str, Any], figure: float | None) -> Outcome:
    """Apply the rule of this name; an unknown name raises KeyError."""
    return RULES[rule](evaluation, figure)


def _seed_scores(evaluation: dict[str, Any], part: str, metric: str) -> list[float | None]:
    """Return a score for each seed, in order; empty if the part is missing."""
    seeds = evaluation["parts"].get(part, {}).get("seeds", {})
    return [score.get(metric) for score in seeds.values()]


def _last_values(evaluation: dict[str, Any], curve: str) -> list[float | None]:
    """Return the last value of a learning curve for each training; None if it was not recorded."""
    recorded = [run["curves"].get(curve) for run in evaluation["training"]]
    return [values[-1] if values else None for values in recorded]


def _all_pass(values: Sequence[float | None], test: Callable[[float], bool]) -> bool | None:
    """Return whether every value passes the test, None if there is no value; NaN fails every test."""
    return all(value is not None and test(value) for value in values) if values else None


def _outcome(values: Sequence[float | None], test: Callable[[float], bool], name: str, criterion: str) -> Outcome:
    metric = "r2" if name in ("R²", "skill") else None
    measured = f"{name} {score_range(values, metric=metric)}" if values else "not measured"
    return Outcome(_all_pass(values, test), measured, criterion)


def r2_near_zero_on_training(evaluation: dict[str, Any], _: float | None) -> Outcome:
    """R² on the training rows is close to 0."""
    r2 = _seed_scores(evaluation, "train", "r2")
    return _outcome(r2, lambda value: abs(value) < 0.05, "R²", "|R²| < 0.05 on the training rows, every seed")


def predictions_hug_the_mean(evaluation: dict[str, Any], _: float | None) -> Outcome:
    """The predictions vary far less than the target."""
    return _outcome(
        _seed_scores(evaluation, "train", "spread"),
        lambda ratio: ratio < 0.2,
        "spread",
        "standard deviation of the predictions below 0.2 of the target's, every seed",
    )


def no_overfitting(evaluation: dict[str, Any], _: float | None) -> Outcome:
    """Both scores are low: two equal and high scores are no overfitting either, but no symptom."""
    train, test = _seed_scores(evaluation, "train", "r2"), _seed_scores(evaluation, "test", "r2")
    finite = [(a, b) for a, b in zip(train, test, strict=True) if a is not None and b is not None]
    low = len(finite) == len(train) and all(a < 0.1 and b < 0.1 for a, b in finite)
    measured = f"R² {score_range(train, metric='r2')}, on test {score_range(test, metric='r2')}"
    return Outcome(low, measured, "R² below 0.1 on training and on test, every seed")


def one_value_for_all(evaluation: dict[str, Any], _: float | None) -> Outcome:
    """The predictions hardly differ from each other."""
    return _outcome(
        _seed_scores(evaluation, "train", "spread") + _seed_scores(evaluation, "test", "spread"),
        lambda ratio: ratio < 0.01,
        "spread",
        "standard deviation of the predictions below 1 % of the target's, on training and test, every seed",
    )


def no_better_than_train_mean(evaluation: dict[str, Any], _: float | None) -> Outcome:
    """The network predicts its own training windows no better than their mean does."""
    mean = evaluation["parts"]["train"]["baselines"]["train_mean"]["mse"]
    skills = [1 - mse / mean if mse is not None and mean else None for mse in _seed_scores(evaluation, "train", "mse")]
    return _outcome(skills, lambda skill: skill < 0.05, "skill", "skill against the train mean below 0.05 on training")


def loss_as_low_as_posted(evaluation: dict[str, Any], figure: float | None) -> Outcome:
    """The training loss ends near the posted one."""
    threshold = 1.5 * (figure or 0)
    losses, penalties = _last_values(evaluation, "loss"), _last_values(evaluation, "penalty")
    shares = [p / x for p, x in zip(penalties, losses, strict=True) if p is not None and x]
    outcome = _outcome(
        losses, lambda loss: loss <= threshold, "loss", f"last training loss at most {number(threshold)}"
    )
    if shares:
        outcome = outcome._replace(measured=f"{outcome.measured}, of which the penalty {min(shares):.0%}")
    return outcome


def validation_loss_below_training(evaluation: dict[str, Any], _: float | None) -> Outcome:
    """The validation loss ends below the training loss."""
    criterion = "last validation loss below the last training loss"
    losses = list(zip(_last_values(evaluation, "val_loss"), _last_values(evaluation, "loss"), strict=True))
    if all(validation is None for validation, _ in losses):
        return Outcome(None, "no validation part", criterion)
    ratios = [v / t if v is not None and t else None for v, t in losses]
    return _outcome(ratios, lambda ratio: ratio < 1, "ratio", criterion)


def worse_than_persistence(evaluation: dict[str, Any], _: float | None) -> Outcome:
    """Repeating the last value is better on the test rows."""
    persistence = evaluation["parts"]["test"]["baselines"]["persistence"]["mse"]
    errors = _seed_scores(evaluation, "test", "mse")
    skills = [1 - mse / persistence if mse is not None and persistence else None for mse in errors]
    return _outcome(skills, lambda skill: skill < 0, "skill", "skill against persistence below 0 on the test rows")


def turns_nan_at_a_higher_rate(evaluation: dict[str, Any], _: float | None) -> Outcome:
    """A training with a higher learning rate ends in NaN."""
    rate = training.rate(evaluation["settings"]["experiment"]["training"])
    criterion = "at least one training turns NaN at a learning rate above 1e-4"
    if rate <= 1e-4:
        return Outcome(None, f"trained only at {rate:g}", criterion)
    failed = sum(run["nonfinite"] is not None for run in evaluation["training"])
    return Outcome(failed > 0, f"{failed} of {len(evaluation['training'])} trainings", criterion)


def loss_at_floor(evaluation: dict[str, Any], figure: float | None) -> Outcome:
    """The training loss ends at the floor of Keras's cross-entropy."""
    threshold = figure or 1e-6
    losses = _last_values(evaluation, "loss")
    outcome = _outcome(losses, lambda loss: loss < threshold, "last loss", f"last training loss below {threshold:g}")
    return outcome._replace(measured=outcome.measured + _failures(evaluation))


def accuracy_is_share_of_class_0(evaluation: dict[str, Any], _: float | None) -> Outcome:
    """Class 0 is predicted for every training window."""
    criterion = "class 0 is predicted for every training window, so the accuracy is the share of class 0"
    seeds = evaluation["parts"]["train"]["seeds"].values()
    only_class_0 = [all(row[k] == 0 for row in score["confusion"] for k in range(1, len(row))) for score in seeds]
    share = evaluation["parts"]["train"]["truth"]["shares"][0]
    measured = f"accuracy {score_range([score['accuracy'] for score in seeds], 4)}, share {number(share, 4)}"
    return Outcome(all(only_class_0), measured, criterion)


def nothing_changes_after_epoch_1(evaluation: dict[str, Any], _: float | None) -> Outcome:
    """The training stands still from epoch 2 on."""
    criterion = (
        "NaN or infinite weights at the end of epoch 1, or a loss that varies by less than 0.01 % from epoch 2 on"
    )
    stuck, measured = [], []
    for run in evaluation["training"]:
        losses = run["curves"].get("loss", [])[1:]
        if run["nonfinite"] is not None:
            # NaN weights stay NaN, however long Keras goes on.
            stuck.append(run["nonfinite"]["epoch"] == 1)
            measured.append(f"NaN in epoch {run['nonfinite']['epoch']}")
        elif len(losses) < 2:
            return Outcome(None, f"{len(losses) + 1} epochs", criterion)
        else:
            variation = (max(losses) - min(losses)) / abs(losses[0]) if losses[0] else 0.0
            stuck.append(variation < 1e-4)
            measured.append(f"loss varies by {variation:.1%}")
    return Outcome(all(stuck) if stuck else None, "; ".join(dict.fromkeys(measured)), criterion)


def accuracy_falls_after_epoch_1(evaluation: dict[str, Any], _: float | None) -> Outcome:
    """The training accuracy ends below that of the first epoch."""
    criterion = "final accuracy on the training rows below the running accuracy of the first epoch"
    first = [_first_accuracy(run["curves"]) for run in evaluation["training"]]
    if all(value is None for value in first):
        return Outcome(None, "no accuracy recorded before the loss ended" + _failures(evaluation), criterion)
    last = _seed_scores(evaluation, "train", "accuracy")
    falls = [a is not None and b is not None and b < a for a, b in zip(first, last, strict=False)]
    return Outcome(all(falls), f"{score_range(first, 4)}, then {score_range(last, 4)}", criterion)


def _first_accuracy(curves: dict[str, list[float | None]]) -> float | None:
    """Return the training accuracy of the first epoch, under any of Keras's names for it."""
    curve = next((c for name, c in curves.items() if name.endswith("accuracy") and not name.startswith("val_")), [])
    return curve[0] if curve else None


def nan_in_epoch_1(evaluation: dict[str, Any], _: float | None) -> Outcome:
    """Every training has a NaN loss in its first epoch."""
    failures = [run["nonfinite"] for run in evaluation["training"]]
    in_epoch_1 = all(failure is not None and failure["epoch"] == 1 for failure in failures)
    return Outcome(in_epoch_1, _failures(evaluation).lstrip("; ") or "all losses finite", "NaN in epoch 1, every seed")


def loss_at_ln_2(evaluation: dict[str, Any], _: float | None) -> Outcome:
    """The training loss ends at ln 2."""
    losses = _last_values(evaluation, "loss")
    criterion = "last training loss within 0.002 of ln 2, every seed"
    near = _all_pass(losses, lambda loss: abs(loss - math.log(2)) <= 0.002)
    return Outcome(near, f"loss {score_range(losses, 4)}", criterion)


def accuracy_at_chance(evaluation: dict[str, Any], _: float | None) -> Outcome:
    """The accuracy is that of guessing."""
    near: list[bool] = []
    measured = []
    for part in ("train", "test"):
        tolerance = max(0.02, 1.5 / math.sqrt(evaluation["parts"][part]["windows"]))
        values = _seed_scores(evaluation, part, "accuracy")
        near += [value is not None and abs(value - 0.5) <= tolerance for value in values]
        measured.append(f"{part} {score_range(values)}")
    criterion = "accuracy within 0.02, or three standard errors, of 0.5 on training and test, every seed"
    return Outcome(all(near), ", ".join(measured), criterion)


def weights_as_posted(evaluation: dict[str, Any], figure: float | None) -> Outcome:
    """The network has as many parameters as the posted one."""
    weights = evaluation["training"][0]["weights"]
    return Outcome(weights == figure, f"{weights:,}", "the same number")


def _failures(evaluation: dict[str, Any]) -> str:
    """Return where the trainings turned NaN, as text to append to a measurement; empty if none did."""
    failed = [run["nonfinite"] for run in evaluation["training"] if run["nonfinite"]]
    if not failed:
        return ""
    first = failed[0]
    before = f" after a mean loss of {number(first['loss_before'])}" if first.get("loss_before") is not None else ""
    return (
        f"; NaN in {len(failed)} of {len(evaluation['training'])} trainings, "
        f"first at epoch {first['epoch']}, batch {first['batch']}{before}"
    )


RULES: dict[str, Rule] = {
    rule.__name__: rule
    for rule in (
        r2_near_zero_on_training,
        predictions_hug_the_mean,
        no_overfitting,
        one_value_for_all,
        no_better_than_train_mean,
        loss_as_low_as_posted,
        validation_loss_below_training,
        worse_than_persistence,
        turns_nan_at_a_higher_rate,
        loss_at_floor,
        accuracy_is_share_of_class_0,
        nothing_changes_after_epoch_1,
        accuracy_falls_after_epoch_1,
        nan_in_epoch_1,
        loss_at_ln_2,
        accuracy_at_chance,
        weights_as_posted,
    )
}
