"""Data for `dvc plots`: a small CSV file per kind of plot and experiment, written by the stage `evaluate`.

Every experiment has all four, for values and for classes, so that dvc.yaml names each kind once. Take scores from
`reports/evaluation`, never from these files: for a long series they hold a few hundred points.

`dvc plots diff` compares settings, so no picture is of test rows: windows are those of the validation part or, without
one, of the training part. Of several folds they are the first one's, because the validation and training rows of later
folds are earlier folds' test rows. The column `part` names the part.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.common import files
from pipeline.scoring import scores

FOLDER = Path("reports/plots")
# Points of one file: a page with ten experiments stays at a few MB, and its curves keep their shape.
_POINTS = 600
_BINS = 10
_THIRDS = ("low", "middle", "high")

COLUMNS = {
    "learning": ("experiment", "part", "fold", "seed", "epoch", "loss"),
    "predictions": ("experiment", "part", "seed", "truth", "prediction"),
    "calibration": ("experiment", "part", "class", "seed", "forecast", "observed", "windows"),
    "confusion": ("experiment", "part", "truth", "prediction", "share"),
}

Rows = Iterator[dict[str, Any]]


def write(
    name: str,
    arrays: Mapping[Any, list[np.ndarray]],
    trainings: list[dict[str, Any]],
    seeds: list[int],
    classes: int | None,
) -> None:
    """Write `reports/plots/KIND/NAME.csv` for the kinds `learning`, `predictions`, `calibration` and `confusion`.

    Args:
        name: the experiment.
        arrays: from `pipeline.evaluate.collect`. `truth` and the outputs of each seed are used: `[windows, outputs]`
            per part and fold, in the units of the scores.
        trainings: `fold`, `seed` and `curves` of each training, as in `reports/evaluation`.
        seeds: the random seeds.
        classes: 2, 3, or None for a regression.
    """
    part = "validation" if ("validation", "truth") in arrays else "train"
    truth = arrays[part, "truth"][0]
    outputs = {seed: arrays[part, ("seed", seed)][0] for seed in seeds}
    tables: dict[str, Rows] = {
        "learning": learning(trainings),
        "predictions": predictions(truth, outputs, classes),
        "calibration": calibration(truth, outputs, classes),
        "confusion": confusion(truth, outputs, classes),
    }
    for kind, rows in ((kind, list(rows)) for kind, rows in tables.items()):
        # One row of empty cells where there is nothing to draw, because DVC refuses a table without rows.
        shown = [{"experiment": name, "part": part, **row} for row in rows or [{}]]
        _write(FOLDER / kind / f"{name}.csv", COLUMNS[kind], shown)


def learning(trainings: list[dict[str, Any]]) -> Rows:
    """Yield `loss` after each `epoch` (from 1) per `part`, `fold` and `seed`; long trainings are thinned evenly.

    The validation losses are those of the first fold.
    """
    curves = [
        (part, training["fold"], training["seed"], training["curves"][key])
        for part, key in (("train", "loss"), ("validation", "val_loss"))
        for training in trainings
        if key in training["curves"] and (part == "train" or training["fold"] == 0)
    ]
    for part, fold, seed, losses in curves:
        for k in _thinned(len(losses), _POINTS // len(curves)):
            yield {"part": part, "fold": fold, "seed": seed, "epoch": k + 1, "loss": losses[k]}


def predictions(truth: np.ndarray, outputs: dict[int, np.ndarray], classes: int | None) -> Rows:
    """Yield `truth` and `prediction` of evenly spaced windows; of several steps the first.

    For classes, the prediction is the expected class number: for two classes the probability of class 1.
    """
    for seed, own in outputs.items():
        expected = scores.probabilities(own, classes) @ np.arange(classes) if classes else own[:, 0]
        for k in _thinned(len(truth), _POINTS // len(outputs)):
            yield {"seed": seed, "truth": truth[k, 0], "prediction": expected[k]}


def calibration(truth: np.ndarray, outputs: dict[int, np.ndarray], classes: int | None) -> Rows:
    """Yield the reliability of the forecasts: the windows in ten equally large bins, by their forecast.

    Per bin the means `forecast` and `observed`, and the number of `windows`. For classes, the forecast is the
    probability of each `class` (of two classes, of class 1), and its share is observed. For values, both are means of
    the first step.
    """
    for seed, own in outputs.items():
        if classes:
            chances = scores.probabilities(own, classes)
            pairs = [(str(k), chances[:, k], truth[:, 0] == k) for k in range(1 if classes == 2 else 0, classes)]
        else:
            pairs = [("", own[:, 0], truth[:, 0])]
        for label, forecast, observed in pairs:
            finite = np.isfinite(forecast)
            if not finite.any():
                yield {"class": label, "seed": seed, "forecast": None, "observed": None, "windows": 0}
                continue
            forecast, observed = forecast[finite], observed[finite]
            # Equal forecasts share a bin, so that a constant forecast makes one bin and not ten scattered ones.
            edges = np.unique(np.quantile(forecast, np.arange(1, _BINS) / _BINS))
            bins = np.searchsorted(edges, forecast, side="right")
            for k in np.unique(bins):
                inside = bins == k
                means = {"forecast": forecast[inside].mean(), "observed": observed[inside].mean()}
                yield {"class": label, "seed": seed, **means, "windows": int(inside.sum())}


def confusion(truth: np.ndarray, outputs: dict[int, np.ndarray], classes: int | None) -> Rows:
    """Yield the `share` of all windows by true and predicted class, the mean over the seeds.

    For values, the classes are the thirds of the part's true values at the first step: low, middle, high. A NaN or
    infinite prediction counts as `none`; for classes as class 0, as in Keras.
    """
    labels = [str(k) for k in range(classes)] if classes else list(_THIRDS)
    predicted = labels if classes else [*labels, "none"]
    total = np.zeros((len(labels), len(predicted)))
    edges = np.quantile(truth[:, 0], [1 / 3, 2 / 3])
    for own in outputs.values():
        if classes:
            rows, columns = truth[:, 0].astype(int), scores.predicted_classes(own, classes)
        else:
            rows, columns = np.searchsorted(edges, truth[:, 0]), np.searchsorted(edges, own[:, 0])
            columns = np.where(np.isfinite(own[:, 0]), columns, len(labels))
        np.add.at(total, (rows, columns), 1)
    total /= max(len(truth), 1) * len(outputs)
    for i, true in enumerate(labels):
        for j, prediction in enumerate(predicted):
            if prediction != "none" or total[:, j].any():
                yield {"truth": true, "prediction": prediction, "share": total[i, j]}


def _thinned(length: int, most: int) -> list[int]:
    """Return at most `most` indices below `length`, evenly spaced, including the first and the last."""
    return [round(k) for k in np.linspace(0, length - 1, min(length, max(most, 2)))]


def _write(path: Path, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    """Write numbers with five digits; NaN and infinity become empty cells."""

    def shown(value: Any) -> Any:
        if isinstance(value, float | np.floating):
            return f"{value:.5g}" if np.isfinite(value) else ""
        return "" if value is None else value

    with files.atomic_write(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns, lineterminator="\n")
        table.writeheader()
        table.writerows([{key: shown(value) for key, value in row.items()} for row in rows])
