"""Whether a post's symptom came out here: one rule per symptom, decided from the measured numbers alone.

A rule takes one experiment's evaluation and the post's figure (or None). It answers yes, no, or None where nothing here
can decide it, with what was measured and the criterion in words.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple


class Outcome(NamedTuple):
    """`came_out` is None where the experiment cannot tell; `measured` and `criterion` are texts for the report."""

    came_out: bool | None
    measured: str
    criterion: str


Rule = Callable[[dict[str, Any], float | None], Outcome]


def judge(rule: str, evaluation: dict[str, Any], figure: float | None) -> Outcome:
    """Apply the rule of that name. Raises KeyError for a name that is no rule."""
    return RULES[rule](evaluation, figure)


def number(value: float | None, digits: int = 3) -> str:
    """A number for people: `digits` significant ones, without exponents where they can be avoided."""
    if value is None:
        return "not a number"
    if value == 0:
        return "0"
    size = math.floor(math.log10(abs(value)))
    if size < -4:
        text = f"{value:.{digits - 1}e}"
    elif size >= digits:
        text = f"{value:,.0f}"
    else:
        text = f"{value:.{max(digits - 1 - size, 0)}f}"
    return text.replace("-", "−")


def _seeds(evaluation: dict[str, Any], part: str, metric: str) -> list[float | None]:
    """A score of every seed, in order; empty where there is no such part or score."""
    seeds = evaluation["parts"].get(part, {}).get("seeds", {})
    return [score.get(metric) for score in seeds.values()]


def _last(evaluation: dict[str, Any], *names: str) -> list[float | None]:
    """The last value of the first of these learning curves that there is, of every training."""
    values = []
    for run in evaluation["training"]:
        curve = next((run["curves"][name] for name in names if name in run["curves"]), [None])
        values.append(curve[-1] if curve else None)
    return values


def _range(values: list[float | None], digits: int = 3) -> str:
    """Least to greatest of the seeds."""
    known = [v for v in values if v is not None]
    if not known:
        return "not a number"
    low, high = number(min(known), digits), number(max(known), digits)
    text = low if low == high else f"{low} to {high}"
    return text if len(known) == len(values) else f"{text}; {len(values) - len(known)} of {len(values)} not a number"


def _every(values: list[float | None], test: Callable[[float], bool]) -> bool | None:
    """Whether the test holds for every seed; None without any seed. What is not a number passes no test."""
    return all(v is not None and test(v) for v in values) if values else None


def _outcome(values: list[float | None], test: Callable[[float], bool], what: str, criterion: str) -> Outcome:
    return Outcome(_every(values, test), f"{what} {_range(values)}" if values else "not measured", criterion)


def r2_near_zero_on_training(evaluation: dict[str, Any], _: float | None) -> Outcome:
    return _outcome(
        _seeds(evaluation, "train", "r2"),
        lambda r2: abs(r2) < 0.05,
        "R²",
        "|R²| < 0.05 on the training rows, every seed",
    )


def predictions_hug_the_mean(evaluation: dict[str, Any], _: float | None) -> Outcome:
    return _outcome(
        _seeds(evaluation, "train", "spread"),
        lambda spread: spread < 0.2,
        "spread",
        "predictions' standard deviation below 0.2 of the target's, every seed",
    )


def no_overfitting(evaluation: dict[str, Any], _: float | None) -> Outcome:
    """Both scores low: a network that learns a signal overfits as little, and that is no symptom."""
    train, test = _seeds(evaluation, "train", "r2"), _seeds(evaluation, "test", "r2")
    pairs = [(a, b) for a, b in zip(train, test, strict=True) if a is not None and b is not None]
    came = len(pairs) == len(train) and all(a < 0.1 and b < 0.1 for a, b in pairs)
    measured = f"R² {_range(train)}, on test {_range(test)}"
    return Outcome(came, measured, "R² below 0.1 on training and on test, every seed")


def one_value_for_all(evaluation: dict[str, Any], _: float | None) -> Outcome:
    values = _seeds(evaluation, "train", "spread") + _seeds(evaluation, "test", "spread")
    return _outcome(
        values,
        lambda spread: spread < 0.01,
        "spread",
        "predictions' standard deviation below 1 % of the target's, on training and test, every seed",
    )


def no_better_than_train_mean(evaluation: dict[str, Any], _: float | None) -> Outcome:
    mean = evaluation["parts"]["train"]["baselines"]["train_mean"]["mse"]
    skills = [1 - mse / mean if mse is not None and mean else None for mse in _seeds(evaluation, "train", "mse")]
    return _outcome(skills, lambda skill: skill < 0.05, "skill", "skill against the train mean below 0.05 on training")


def loss_as_low_as_posted(evaluation: dict[str, Any], figure: float | None) -> Outcome:
    limit = 1.5 * (figure or 0)
    losses, penalties = _last(evaluation, "loss"), _last(evaluation, "penalty")
    shares = [p / x for p, x in zip(penalties, losses, strict=True) if p is not None and x]
    outcome = _outcome(losses, lambda loss: loss <= limit, "loss", f"last training loss at most {number(limit)}")
    if shares:
        outcome = outcome._replace(measured=f"{outcome.measured}, of which the penalty {min(shares):.0%}")
    return outcome


def validation_loss_below_training(evaluation: dict[str, Any], _: float | None) -> Outcome:
    pairs = list(zip(_last(evaluation, "val_loss"), _last(evaluation, "loss"), strict=True))
    if all(validation is None for validation, _ in pairs):
        return Outcome(None, "no validation part", "last validation loss below the last training loss")
    ratios = [v / t if v is not None and t else None for v, t in pairs]
    return _outcome(ratios, lambda ratio: ratio < 1, "ratio", "last validation loss below the last training loss")


def worse_than_persistence(evaluation: dict[str, Any], _: float | None) -> Outcome:
    persistence = evaluation["parts"]["test"]["baselines"]["persistence"]["mse"]
    errors = _seeds(evaluation, "test", "mse")
    skills = [1 - mse / persistence if mse is not None and persistence else None for mse in errors]
    return _outcome(skills, lambda skill: skill < 0, "skill", "skill against persistence below 0 on the test rows")


def turns_nan_at_a_higher_rate(evaluation: dict[str, Any], _: float | None) -> Outcome:
    rate = evaluation["settings"]["experiment"]["training"]["learning_rate"]
    criterion = "some training turns NaN at a learning rate above 1e-4"
    if rate <= 1e-4:
        return Outcome(None, f"run at {rate:g} alone", criterion)
    failed = sum(run["nonfinite"] is not None for run in evaluation["training"])
    return Outcome(failed > 0, f"{failed} of {len(evaluation['training'])} trainings", criterion)


def loss_at_floor(evaluation: dict[str, Any], figure: float | None) -> Outcome:
    limit = figure or 1e-6
    losses = _last(evaluation, "loss")
    outcome = _outcome(losses, lambda loss: loss < limit, "last loss", f"last training loss below {limit:g}")
    return outcome._replace(measured=outcome.measured + _failures(evaluation))


def accuracy_is_share_of_class_0(evaluation: dict[str, Any], _: float | None) -> Outcome:
    criterion = "every window is given class 0 on training, so the accuracy is that class's share"
    seeds = evaluation["parts"]["train"]["seeds"].values()
    alone = [all(row[k] == 0 for row in score["confusion"] for k in range(1, len(row))) for score in seeds]
    share = evaluation["parts"]["train"]["truth"]["shares"][0]
    measured = f"accuracy {_range([score['accuracy'] for score in seeds], 4)}, share {number(share, 4)}"
    return Outcome(all(alone), measured, criterion)


def nothing_changes_after_epoch_1(evaluation: dict[str, Any], _: float | None) -> Outcome:
    criterion = "weights not finite at the end of epoch 1, or a loss that varies by less than 0.01 % from epoch 2 on"
    stuck, told = [], []
    for run in evaluation["training"]:
        losses = run["curves"].get("loss", [])[1:]
        if run["nonfinite"] is not None:
            # Keras can go on without end, but weights that are not numbers stay so.
            stuck.append(run["nonfinite"]["epoch"] == 1)
            told.append(f"NaN in epoch {run['nonfinite']['epoch']}")
        elif len(losses) < 2:
            return Outcome(None, f"{len(losses) + 1} epochs", criterion)
        else:
            spread = (max(losses) - min(losses)) / abs(losses[0]) if losses[0] else 0.0
            stuck.append(spread < 1e-4)
            told.append(f"loss varies by {spread:.1%}")
    return Outcome(all(stuck) if stuck else None, "; ".join(dict.fromkeys(told)), criterion)


def accuracy_falls_after_epoch_1(evaluation: dict[str, Any], _: float | None) -> Outcome:
    criterion = "accuracy on the training rows at the end below the first epoch's running accuracy"
    first = [_first_accuracy(run["curves"]) for run in evaluation["training"]]
    if all(value is None for value in first):
        return Outcome(None, "no accuracy was recorded before the loss ended" + _failures(evaluation), criterion)
    last = _seeds(evaluation, "train", "accuracy")
    falls = [a is not None and b is not None and b < a for a, b in zip(first, last, strict=False)]
    return Outcome(all(falls), f"{_range(first, 4)}, then {_range(last, 4)}", criterion)


def _first_accuracy(curves: dict[str, list[float | None]]) -> float | None:
    """The first epoch's accuracy, by whichever of Keras's names it was recorded."""
    curve = next((c for name, c in curves.items() if name.endswith("accuracy") and not name.startswith("val_")), [])
    return curve[0] if curve else None


def nan_in_epoch_1(evaluation: dict[str, Any], _: float | None) -> Outcome:
    failed = [run["nonfinite"] for run in evaluation["training"]]
    came = all(one is not None and one["epoch"] == 1 for one in failed)
    return Outcome(came, _failures(evaluation).lstrip("; ") or "all losses finite", "NaN in epoch 1, every seed")


def loss_at_ln_2(evaluation: dict[str, Any], _: float | None) -> Outcome:
    losses = _last(evaluation, "loss")
    criterion = "last training loss within 0.002 of ln 2, every seed"
    test = _every(losses, lambda loss: abs(loss - math.log(2)) <= 0.002)
    return Outcome(test, f"loss {_range(losses, 4)}", criterion)


def accuracy_at_chance(evaluation: dict[str, Any], _: float | None) -> Outcome:
    came: list[bool] = []
    told = []
    for part in ("train", "test"):
        limit = max(0.02, 1.5 / math.sqrt(evaluation["parts"][part]["windows"]))
        values = _seeds(evaluation, part, "accuracy")
        came += [value is not None and abs(value - 0.5) <= limit for value in values]
        told.append(f"{part} {_range(values)}")
    criterion = "accuracy within 0.02, or three standard errors, of 0.5 on training and test, every seed"
    return Outcome(all(came), ", ".join(told), criterion)


def weights_as_posted(evaluation: dict[str, Any], figure: float | None) -> Outcome:
    weights = evaluation["training"][0]["weights"]
    return Outcome(weights == figure, f"{weights:,}", "the same number")


def _failures(evaluation: dict[str, Any]) -> str:
    """Where the trainings turned NaN, to put after a measured number; nothing where none did."""
    failed = [run["nonfinite"] for run in evaluation["training"] if run["nonfinite"]]
    if not failed:
        return ""
    one = failed[0]
    before = f" after a mean loss of {number(one['loss_before'])}" if one.get("loss_before") is not None else ""
    return (
        f"; NaN in {len(failed)} of {len(evaluation['training'])} trainings, "
        f"first at epoch {one['epoch']}, batch {one['batch']}{before}"
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
