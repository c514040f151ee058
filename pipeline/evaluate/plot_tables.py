"""Data for `dvc plots`: a small CSV file per kind of plot and experiment, written by the stage `evaluate`.

Every experiment has all three, for values and for classes, so that dvc.yaml names each kind once; the learning curves
are the stage `train`'s (pipeline/network/live.py). Take scores from
`reports/evaluation`, never from these files: for a long series they hold a few hundred points.

`dvc plots diff` compares settings, so no picture is of test rows: windows are those of the validation part or, without
one, of the training part. Of several folds they are the first one's, because the validation and training rows of later
folds are earlier folds' test rows. The column `part` names the part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from pipeline.common import plots
from pipeline.scoring import scores

_BINS = 10
_THIRDS = ("low", "middle", "high")

Rows = Iterator[dict[str, Any]]


def write(
    name: str,
    arrays: Mapping[Any, list[np.ndarray]],
    seeds: list[int],
    classes: int | None,
    names: list[str] | None = None,
) -> None:
    """Write `reports/plots/KIND/NAME.csv` for the kinds `predictions`, `calibration` and `confusion`.

    Args:
        name: the experiment.
        arrays: from `pipeline.evaluate.collect`. `truth` and the outputs of each seed are used: `[windows, outputs]`
            per part and fold, in the units of the scores.
        seeds: the random seeds.
        classes: their number, None for a regression.
        names: of the classes; their numbers if None.
    """
    part = "validation" if ("validation", "truth") in arrays else "train"
    truth = arrays[part, "truth"][0]
    outputs = {seed: arrays[part, ("seed", seed)][0] for seed in seeds}
    tables: dict[str, Rows] = {
        "predictions": predictions(truth, outputs, classes),
        "calibration": calibration(truth, outputs, classes, names),
        "confusion": confusion(truth, outputs, classes, names),
    }
    for kind, rows in ((kind, list(rows)) for kind, rows in tables.items()):
        # One row of empty cells where there is nothing to draw, because DVC refuses a table without rows.
        plots.write(kind, name, [{"part": part, **row} for row in rows or [{}]])


def predictions(truth: np.ndarray, outputs: dict[int, np.ndarray], classes: int | None) -> Rows:
    """Yield `truth` and `prediction` of evenly spaced windows; of several steps the first.

    For classes, the prediction is the expected class number: for two classes the probability of class 1.
    """
    for seed, own in outputs.items():
        expected = scores.probabilities(own, classes) @ np.arange(classes) if classes else own[:, 0]
        for k in plots.thinned(len(truth), plots.POINTS // len(outputs)):
            yield {"seed": seed, "truth": truth[k, 0], "prediction": expected[k]}


def calibration(
    truth: np.ndarray, outputs: dict[int, np.ndarray], classes: int | None, names: list[str] | None = None
) -> Rows:
    """Yield the reliability of the forecasts: the windows in ten equally large bins, by their forecast.

    Per bin the means `forecast` and `observed`, and the number of `windows`. For classes, the forecast is the
    probability of each `class` (of two classes, of class 1), and its share is observed. For values, both are means of
    the first step.
    """
    for seed, own in outputs.items():
        if classes:
            chances = scores.probabilities(own, classes)
            labels = names or [str(k) for k in range(classes)]
            pairs = [(labels[k], chances[:, k], truth[:, 0] == k) for k in range(1 if classes == 2 else 0, classes)]
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


def confusion(
    truth: np.ndarray, outputs: dict[int, np.ndarray], classes: int | None, names: list[str] | None = None
) -> Rows:
    """Yield the `share` of all windows by true and predicted class, the mean over the seeds.

    For values, the classes are the thirds of the part's true values at the first step: low, middle, high. A NaN or
    infinite prediction counts as `none`; for classes as class 0, as in Keras.
    """
    labels = (names or [str(k) for k in range(classes)]) if classes else list(_THIRDS)
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
            if j < len(labels) or total[:, j].any():
                yield {"truth": true, "prediction": prediction, "share": total[i, j]}
