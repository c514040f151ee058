"""Facts of the trained networks' predictions of training and validation windows, and their skill."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.dataset import Part
from pipeline.dataset.sampling import evenly
from pipeline.diagnose.facts.holdout import last_step, losses, subset
from pipeline.network import predicting
from pipeline.scoring import naive as naive_forecasts
from pipeline.scoring import scores, skill

if TYPE_CHECKING:
    import keras

# Windows x steps x weights of one network's predictions: a second or two on one core.
_WORK = 4e10
_LEAST, _MOST = 200, 4096


@dataclass(frozen=True)
class Echo:
    """Distance of the predictions to the last value of the window."""

    corr_last: float  # correlation of the predictions with the last values
    to_last: float | None  # mean squared distance to the last value / mean squared error of persistence
    direction: float  # correlation of the predicted changes with the real ones


@dataclass(frozen=True)
class Predictions:
    """One seed's predictions of one part; the JSON has no key for a fact that does not apply."""

    finite: bool  # all predictions are finite
    constant_skill: float | None = None  # against a constant answer
    accuracy: float | None = None  # of classes; that of predictions that are not finite too
    share_of_class_0: float | None = None  # of the true classes, where predictions are not finite
    majority: float | None = None  # share of the most frequent class
    largest_share: float | None = None  # share of the class that is predicted most often
    # standard deviation of the predictions as a share of that of the targets; for classes, of the probabilities as a
    # share of 0.5
    spread: float | None = None
    echo: Echo | None = None  # for targets that are values of the series


@dataclass(frozen=True)
class Seed:
    """One seed's predictions of both parts."""

    train: Predictions  # training windows
    held: Predictions | None  # validation windows


@dataclass(frozen=True)
class Skill:
    """Skill of all seeds together on one part."""

    skill: float | None  # against the naive forecast
    low: float | None  # lower end of its 95 % interval
    high: float | None  # upper end
    constant_skill: float | None  # against a constant answer


@dataclass(frozen=True)
class Skills:
    """Skill of all seeds together."""

    train: Skill  # training windows
    held: Skill | None  # validation windows


@dataclass(frozen=True)
class Outcome:
    """Predictions of the trained networks."""

    seeds: dict[str, Seed]  # by seed
    all: Skills  # over all seeds


def facts(
    train: Part, validation: Part | None, training: dict[str, Any], models: dict[int, keras.Model], naive: str | None
) -> Outcome:
    """Measure every seed's predictions.

    Args:
        train: training windows; at most 4,096 of them, evenly spaced, are predicted where no state is carried.
        validation: validation windows, or None.
        training: settings of the experiment's training.
        models: network by seed.
        naive: name of the naive baseline; None for a constant answer.
    """
    learned = naive_forecasts.unlearned(train)
    constant = learned["majority" if train.spec.classes else "train_mean"]
    compared = learned[naive] if naive else constant
    seen, skill_seen = _measure(train, training, models, compared, constant)
    if validation is None:
        return Outcome({seed: Seed(predictions, None) for seed, predictions in seen.items()}, Skills(skill_seen, None))
    unseen, skill_unseen = _measure(validation, training, models, compared, constant)
    return Outcome({seed: Seed(seen[seed], unseen[seed]) for seed in seen}, Skills(skill_seen, skill_unseen))


def _measure(
    part: Part,
    training: dict[str, Any],
    models: dict[int, keras.Model],
    naive: naive_forecasts.Forecast,
    constant: naive_forecasts.Forecast,
) -> tuple[dict[str, Predictions], Skill]:
    """Return the predictions of one part by seed, and the skill of all seeds."""
    part = _thinned(part, training, next(iter(models.values())).count_params())
    naive_loss, constant_loss = losses(part, naive(part)), losses(part, constant(part))
    by_seed, own = {}, {}
    for seed, network in models.items():
        outputs = _outputs(part, network, training)
        own[seed] = losses(part, outputs)
        by_seed[str(seed)] = _predictions(part, outputs, own[seed], constant_loss)
    return by_seed, _skill(part, own, naive_loss, constant_loss)


def _thinned(part: Part, training: dict[str, Any], weights: int) -> Part:
    """Return evenly spaced windows, as many as are predicted in a second or two; all where state is carried."""
    most = int(np.clip(_WORK / max(weights * part.spec.length, 1), _LEAST, _MOST))
    return part if training["state"] != "none" else subset(part, evenly(len(part), most))


def _outputs(part: Part, network: keras.Model, training: dict[str, Any]) -> np.ndarray:
    """Return predictions in raw units, or outputs of the head: float64 [windows, outputs]."""
    # A chain of windows may be longer than the batch is wide: batches from zero state are enough here.
    lanes = training["state"] == "lanes"
    outputs = _batches(part, network) if lanes else predicting.windows(part, network, training)
    return part.restore(last_step(np.asarray(outputs)))


def _batches(part: Part, network: keras.Model) -> np.ndarray:
    from pipeline.network import models

    size = int(network.input_shape[0])
    outputs = []
    for i in range(0, len(part), size):
        indices = np.arange(i, i + size).clip(max=len(part) - 1)
        models.reset_state(network)
        outputs.append(network.predict_on_batch(part.inputs(indices))[: len(part) - i])
    models.reset_state(network)
    return np.concatenate(outputs)


def _predictions(part: Part, outputs: np.ndarray, loss: np.ndarray, constant_loss: np.ndarray) -> Predictions:
    """Measure one network on one part."""
    classes, truth = part.spec.classes, part.raw_targets()
    finite = bool(np.isfinite(outputs).all())
    if not finite and classes:
        # argmax over NaN is 0, so accuracy becomes the share of class 0.
        numbers = truth[:, 0].astype(int)
        accuracy = float(np.mean(scores.predicted_classes(outputs, classes) == numbers))
        return Predictions(finite, accuracy=accuracy, share_of_class_0=float(np.mean(numbers == 0)))
    if not finite:
        return Predictions(finite)
    constant_skill = scores.skill(float(np.nanmean(loss)), float(np.nanmean(constant_loss)))
    if classes:
        predicted = scores.predicted_classes(outputs, classes)
        return Predictions(
            finite,
            constant_skill,
            accuracy=float(np.mean(predicted == truth[:, 0])),
            majority=float(np.bincount(truth.astype(int).ravel(), minlength=classes).max() / len(truth)),
            largest_share=float(np.bincount(predicted, minlength=classes).max() / len(predicted)),
            spread=float(np.mean(scores.probabilities(outputs, classes).std(axis=0))) / 0.5,
        )
    std = float(np.mean(truth.std(axis=0)))
    std_ratio = float(np.mean(outputs.std(axis=0))) / std if std > 0 else None
    echo = None
    if part.spec.target["kind"] == "value":
        echo = _echo(truth[:, 0], outputs[:, 0], np.asarray(part.table["last"], dtype=float))
    return Predictions(finite, constant_skill, spread=std_ratio, echo=echo)


def _echo(truth: np.ndarray, predicted: np.ndarray, last: np.ndarray) -> Echo | None:
    known = np.isfinite(last)
    if known.sum() < 3 or not np.std(last[known]) or not np.std(predicted[known]):
        return None
    truth, predicted, last = truth[known], predicted[known], last[known]
    change, real_change = predicted - last, truth - last
    persistence_error = float(np.mean(real_change**2))
    varies = np.std(change) and np.std(real_change)
    return Echo(
        corr_last=float(np.corrcoef(predicted, last)[0, 1]),
        to_last=float(np.mean(change**2)) / persistence_error if persistence_error > 0 else None,
        direction=float(np.corrcoef(change, real_change)[0, 1]) if varies else 0.0,
    )


def _skill(part: Part, loss: dict[int, np.ndarray], naive_loss: np.ndarray, constant_loss: np.ndarray) -> Skill:
    order = np.argsort(part.table["row"], kind="stable")
    target_rows, length = np.asarray(part.table["row"])[order], part.spec.sequence_length
    compared = skill.compare(
        {seed: own[order] for seed, own in loss.items()},
        ("naive", naive_loss[order]),
        ("constant", constant_loss[order]),
        overlap=skill.overlapping(part.spec),
        sequences=target_rows // length if length else None,
    )
    naive, constant = compared["naive"], compared["linear"]
    return Skill(naive["skill"], naive["low"], naive["high"], constant["skill"])
