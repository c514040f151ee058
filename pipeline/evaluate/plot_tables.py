"""What `dvc plots` draws of an experiment: a small CSV file per kind of plot, written by the stage `evaluate`.

Every experiment has all four, whether it foretells values or classes, so that dvc.yaml names each kind once. Scores are
read off `reports/evaluation`, never off these: of a long series they hold some hundred points.
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
# Points of one file: a page over ten experiments stays at a few MB, and its curves still show every turn.
_POINTS = 600
_BINS = 10
_THIRDS = ("low", "middle", "high")

COLUMNS = {
    "learning": ("experiment", "part", "fold", "seed", "epoch", "loss"),
    "predictions": ("experiment", "seed", "truth", "prediction"),
    "calibration": ("experiment", "class", "seed", "forecast", "observed", "windows"),
    "confusion": ("experiment", "truth", "prediction", "share"),
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
        arrays: as `pipeline.evaluate.collect` gives them: of the test part, per fold, `truth` and each seed's outputs
            `[windows, outputs]` in the units of the scores.
        trainings: per fold and seed, `fold`, `seed` and `curves`, as in `reports/evaluation`.
        seeds: the random seeds.
        classes: 2, 3, or None for a regression.
    """
    truth = np.concatenate(arrays["test", "truth"])
    outputs = {seed: np.concatenate(arrays["test", ("seed", seed)]) for seed in seeds}
    tables: dict[str, Rows] = {
        "learning": learning(trainings),
        "predictions": predictions(truth, outputs, classes),
        "calibration": calibration(truth, outputs, classes),
        "confusion": confusion(truth, outputs, classes),
    }
    for kind, rows in ((kind, list(rows)) for kind, rows in tables.items()):
        # A row of empty cells where there is nothing to draw: DVC refuses a table without rows.
        _write(FOLDER / kind / f"{name}.csv", COLUMNS[kind], [{"experiment": name, **row} for row in rows or [{}]])


def learning(trainings: list[dict[str, Any]]) -> Rows:
    """`loss` after each `epoch` (counted from 1), per `part`, `fold` and `seed`; long trainings are thinned evenly."""
    curves = [
        (part, one["fold"], one["seed"], one["curves"][key])
        for part, key in (("train", "loss"), ("validation", "val_loss"))
        for one in trainings
        if key in one["curves"]
    ]
    for part, fold, seed, losses in curves:
        for k in _thinned(len(losses), _POINTS // len(curves)):
            yield {"part": part, "fold": fold, "seed": seed, "epoch": k + 1, "loss": losses[k]}


def predictions(truth: np.ndarray, outputs: dict[int, np.ndarray], classes: int | None) -> Rows:
    """`truth` and `prediction` of test windows spread evenly over the part, the first step of several.

    Of classes the prediction is the class to be expected: with two, the probability of class 1.
    """
    for seed, own in outputs.items():
        expected = scores.probabilities(own, classes) @ np.arange(classes) if classes else own[:, 0]
        for k in _thinned(len(truth), _POINTS // len(outputs)):
            yield {"seed": seed, "truth": truth[k, 0], "prediction": expected[k]}


def calibration(truth: np.ndarray, outputs: dict[int, np.ndarray], classes: int | None) -> Rows:
    """What came true where a value was foretold: the test windows in ten bins of equally many, by their forecast.

    Per bin `forecast` and `observed`, the means, and `windows`. Of classes the forecast is the probability of each
    `class` (of two, of class 1) and what is observed is its share; of values it is the first step and their mean.
    """
    for seed, own in outputs.items():
        if classes:
            foretold = scores.probabilities(own, classes)
            pairs = [(str(k), foretold[:, k], truth[:, 0] == k) for k in range(1 if classes == 2 else 0, classes)]
        else:
            pairs = [("", own[:, 0], truth[:, 0])]
        for label, forecast, came in pairs:
            finite = np.isfinite(forecast)
            if not finite.any():
                yield {"class": label, "seed": seed, "forecast": None, "observed": None, "windows": 0}
                continue
            forecast, came = forecast[finite], came[finite]
            # Equal forecasts share a bin, so that one value for every window makes one bin and no scatter of ten.
            edges = np.unique(np.quantile(forecast, np.arange(1, _BINS) / _BINS))
            bins = np.searchsorted(edges, forecast, side="right")
            for k in np.unique(bins):
                inside = bins == k
                means = {"forecast": forecast[inside].mean(), "observed": came[inside].mean()}
                yield {"class": label, "seed": seed, **means, "windows": int(inside.sum())}


def confusion(truth: np.ndarray, outputs: dict[int, np.ndarray], classes: int | None) -> Rows:
    """The `share` of all test windows by true and foretold class, the mean over the seeds.

    Of values the classes are the thirds of the test part's true ones, first step: low, middle, high. What is no number
    is foretold as `none`; of classes as class 0, as Keras counts it.
    """
    labels = [str(k) for k in range(classes)] if classes else list(_THIRDS)
    foretold = labels if classes else [*labels, "none"]
    total = np.zeros((len(labels), len(foretold)))
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
        for j, other in enumerate(foretold):
            if other != "none" or total[:, j].any():
                yield {"truth": true, "prediction": other, "share": total[i, j]}


def _thinned(length: int, most: int) -> list[int]:
    """At most `most` indices below `length`, evenly spread, the first and the last among them."""
    return [round(k) for k in np.linspace(0, length - 1, min(length, max(most, 2)))]


def _write(path: Path, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    """Five digits; an empty cell where there is no finite number."""

    def shown(value: Any) -> Any:
        if isinstance(value, float | np.floating):
            return f"{value:.5g}" if np.isfinite(value) else ""
        return "" if value is None else value

    with files.atomic_write(path) as beside, beside.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, columns, lineterminator="\n")
        table.writeheader()
        table.writerows([{key: shown(value) for key, value in row.items()} for row in rows])
