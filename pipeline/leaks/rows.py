"""Scaling and class thresholds learned from all rows of the series instead of the training rows."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.common import files
from pipeline.dataset import scaling, windowing
from pipeline.leaks import scratch_project
from pipeline.leaks.leak import Leak
from pipeline.scoring import baselines

if TYPE_CHECKING:
    from pipeline.leakage.proof import Proof

Stage = Callable[[dict[str, Any], str], None]

_SERIES, _ROWS, _LENGTH = 10, 600, 10
_SPLIT = {"scheme": "holdout", "validation": 0, "test": 0.3}
_LEVELS = {
    "split": _SPLIT,
    "window": {"length": _LENGTH},
    "scaling": {"features": "minmax", "target": "minmax"},
}
_CLASSES = {
    "split": _SPLIT,
    "window": {"length": _LENGTH, "target": {"kind": "classes", "of": "value", "quantiles": [0.333, 0.667]}},
    "scaling": {"target": "none"},
}


# --- the leaky steps


def scale_by_all_rows(p: dict[str, Any], name: str) -> None:
    """Run stage `scale` with center and scale of all rows of the series: `fit_transform` before the split."""
    scaling.scale(p, name)
    folder = files.SCALED / name
    table = files.read_json(folder / "scaling.json")
    rows, description, target = _series(p, name)
    for k, fold in enumerate(table["folds"]):
        positions = [description["series"]["columns"].index(n) for n in fold["features"]]
        center, scale = scaling.learn(rows[:, positions], table["methods"]["features"])
        for i, learned in enumerate(fold["features"].values()):
            learned |= {"center": center[i], "scale": scale[i]}
        target_center, target_scale = scaling.learn(rows[:, [target]], table["methods"]["target"])
        fold["target"] |= {"center": target_center[0], "scale": target_scale[0]}
        for part, part_rows in _development(description, name, k):
            scaled = scaling.apply(part_rows, positions, center, scale)
            files.write_array(files.fold_folder(files.SCALED, name, k) / f"{part}.npy", scaled)
    files.write_json(folder / "scaling.json", table)


def classes_by_all_rows(p: dict[str, Any], name: str) -> None:
    """Run stage `window` with class thresholds that are quantiles of all targets of the series."""
    windowing.window(p, name)
    settings = p["datasets"][name]["window"]
    folder = files.WINDOWS / name
    summary = files.read_json(folder / "windows.json")
    rows, description, target = _series(p, name)
    length, horizon = summary["length"], summary["horizon"]

    def quantities(rows: np.ndarray, start: np.ndarray) -> np.ndarray:
        return windowing.quantity(rows, start, length, horizon, summary["target"], target)[:, 0]

    everything = quantities(rows, windowing.starts([(0, len(rows))], length, horizon, 1))
    thresholds = [float(q) for q in np.quantile(everything, settings["target"]["quantiles"])]
    for k, fold in enumerate(summary["folds"]):
        for part, part_rows in _development(description, name, k):
            path = files.fold_folder(files.WINDOWS, name, k) / f"{part}.parquet"
            table = files.read_table(path)
            table["target_0"] = windowing.label(quantities(part_rows, table["start"]), "classes", thresholds)
            files.write_table(path, table)
            if part == "train":
                counts = np.bincount(table["target_0"].astype(int), minlength=3)
                fold["shares"] = counts / counts.sum()
        fold["thresholds"] = thresholds
    files.write_json(folder / "windows.json", summary)


def _series(p: dict[str, Any], name: str) -> tuple[np.ndarray, dict[str, Any], int]:
    """Return all rows of the series, the split's description, and the position of the target's column."""
    rows = files.read_array(files.RAW / p["datasets"][name]["series"] / "rows.npy")
    description = files.read_json(files.SPLIT / name / "split.json")
    return rows, description, description["series"]["columns"].index(description["series"]["target"])


def _development(description: dict[str, Any], name: str, fold: int) -> list[tuple[str, np.ndarray]]:
    """Return name and rows of the training part and, if there is one, of the validation part."""
    parts = [part for part in ("train", "validation") if description["folds"][fold][part] is not None]
    return [(part, files.read_array(files.part_file(name, fold, part))) for part in parts]


# --- proof and scores


def _rising(number: int) -> np.ndarray:
    """Generate autocorrelated noise around a line that rises by three of its deviations: float64 [rows, 1]."""
    noise = _autocorrelated([3, number])
    return (noise + np.linspace(0, 3 * noise.std(), _ROWS))[:, None]


def _widening(number: int) -> np.ndarray:
    """Generate autocorrelated noise whose deviation triples from the first row to the last: float64 [rows, 1]."""
    return (_autocorrelated([4, number]) * np.linspace(1, 3, _ROWS))[:, None]


def _autocorrelated(seed: list[int]) -> np.ndarray:
    from scipy.signal import lfilter

    return np.asarray(lfilter([1.0], [1.0, -0.7], np.random.default_rng(seed).standard_normal(_ROWS)))


def _prove(make: Callable[[int], np.ndarray], settings: dict[str, Any], stage: str) -> Callable[[Stage], Proof]:
    def prove(step: Stage) -> Proof:
        from pipeline.leakage import perturbation

        # No training: the leak precedes it, and weights could only change with the leak's own results.
        nothing = perturbation.train_nothing
        changed: dict[str, Any] = {stage: step, "weights": nothing, "stopped": nothing}
        with scratch_project.project(make(0), settings) as p:
            return perturbation.check(p, scratch_project.NAME, 0, "test", perturbation.STEPS._replace(**changed))

    return prove


def _score_levels(step: Stage) -> float:
    from sklearn.neural_network import MLPRegressor

    def forecast(number: int) -> tuple[np.ndarray, np.ndarray]:
        with scratch_project.project(_rising(number), _LEVELS) as p:
            train, test = scratch_project.make_parts(p, scale=step)
        network = MLPRegressor(hidden_layer_sizes=(16,), activation="tanh", max_iter=500, random_state=number)
        network.fit(train.inputs()[:, :, 0], train.targets()[:, 0])
        return test.raw_targets(), test.restore(network.predict(test.inputs()[:, :, 0])[:, None])

    return scratch_project.r2(map(forecast, range(_SERIES)))


def _score_classes(step: Stage) -> float:
    correct = []
    for number in range(_SERIES):
        with scratch_project.project(_widening(number), _CLASSES) as p:
            train, test = scratch_project.make_parts(p, window=step)
        predicted = baselines.fit(train)["logistic"](test).argmax(axis=1)
        correct.append(predicted == test.raw_targets()[:, 0])
    return float(np.mean(np.concatenate(correct)))


SCALER = Leak(
    name="scaler_on_all_rows",
    about="A rising series, scaled to its range: the lowest and highest value are taken from all rows, including the "
    "test rows.",
    metric="r2",
    learner=f"network of one layer of 16 tanh units, {_SERIES} series",
    clean=scaling.scale,
    leaky=scale_by_all_rows,
    prove=_prove(_rising, _LEVELS, "scale"),
    score=_score_levels,
)

THRESHOLDS = Leak(
    name="thresholds_on_all_rows",
    about="A series whose deviation triples, its next value divided into three classes. The thresholds between them "
    "are quantiles of all rows, including the test rows. The classes differ, so the two scores are not comparable.",
    metric="accuracy",
    learner=f"logistic regression, {_SERIES} series",
    clean=windowing.window,
    leaky=classes_by_all_rows,
    prove=_prove(_widening, _CLASSES, "window"),
    score=_score_classes,
)
