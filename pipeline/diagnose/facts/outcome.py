"""Facts of the trained networks' predictions of training and validation windows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.dataset.sampling import evenly
from pipeline.diagnose.facts import calibration
from pipeline.diagnose.facts.unseen import predictions
from pipeline.diagnose.facts.windows import finite, losses
from pipeline.scoring import naive as naive_forecasts
from pipeline.scoring import scores

if TYPE_CHECKING:
    from pipeline.dataset import Part
    from pipeline.diagnose.case import DiagnosedRun

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
    echo_end: Echo | None = None  # the same of the horizon's last step, if there are several
    calibration_gain: float | None = None  # of classes: gain in Brier skill by calibration of halves on each other


@dataclass(frozen=True)
class Seed:
    """One seed's predictions of both parts."""

    train: Predictions  # training windows
    held: Predictions | None  # validation windows


@dataclass(frozen=True)
class Outcome:
    """Predictions of the trained networks of the first fold."""

    seeds: dict[str, Seed]  # by seed


def facts(run: DiagnosedRun, unseen: list[np.ndarray] | None) -> Outcome:
    """Measure every seed's predictions.

    Args:
        run: the experiment; at most 4,096 of its training windows, evenly spaced, are predicted where no state is
            carried.
        unseen: predictions of the validation windows by each seed, or None.
    """
    train, validation, networks = run.train, run.validation, list(run.models.values())
    seen_part = _thinned(train, run.experiment["training"], networks[0].count_params())
    seen = _measure(seen_part, train, predictions(seen_part, networks, run.experiment))
    held: list[Predictions | None] = [None for _ in networks]
    if validation is not None and unseen is not None:
        held = [*_measure(finite(validation), train, unseen)]
    by_seed = zip(run.models, seen, held, strict=True)
    return Outcome({str(seed): Seed(own, other) for seed, own, other in by_seed})


def _measure(part: Part, train: Part, outputs: list[np.ndarray]) -> list[Predictions]:
    """Return the predictions of one part by seed."""
    constant = naive_forecasts.fit(train)["majority" if train.spec.classes else "train_mean"]
    constant_loss = losses(part, constant(part))
    return [_predictions(part, each, losses(part, each), constant_loss) for each in outputs]


def _thinned(part: Part, training: dict[str, Any], weights: int) -> Part:
    """Return evenly spaced windows, as many as are predicted in a second or two; all where state is carried."""
    most = int(np.clip(_WORK / max(weights * part.spec.length, 1), _LEAST, _MOST))
    return part if training["state"] != "none" else part.subset(evenly(len(part), most))


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
            calibration_gain=calibration.gain(scores.probabilities(outputs, classes), truth[:, 0], classes),
        )
    std = float(np.mean(truth.std(axis=0)))
    std_ratio = float(np.mean(outputs.std(axis=0))) / std if std > 0 else None
    echo = end = None
    if part.spec.target["kind"] == "value":
        last = np.asarray(part.table["last"], dtype=float)
        echo = _echo(truth[:, 0], outputs[:, 0], last)
        end = _echo(truth[:, -1], outputs[:, -1], last) if truth.shape[1] > 1 else None
    return Predictions(finite, constant_skill, spread=std_ratio, echo=echo, echo_end=end)


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
