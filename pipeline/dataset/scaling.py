"""Stage `scale`: center and scale of each column, learned from the rows that the training windows cover."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.common import files
from pipeline.dataset import windowing


def covered(rows: int, starts: np.ndarray, width: int) -> np.ndarray:
    """Return which rows are in at least one window: bool [rows].

    Args:
        rows: rows of the part.
        starts: int64 [windows].
        width: rows of a window; with its targets, where these count too.
    """
    edges = np.zeros(rows + 1, dtype=np.int64)
    np.add.at(edges, starts, 1)
    np.add.at(edges, starts + width, -1)
    return np.cumsum(edges[:-1]) > 0


def learn(values: np.ndarray, method: str) -> tuple[np.ndarray, np.ndarray]:
    """Learn center and scale of every column: scaled = (raw - center) / scale. Missing cells are ignored.

    Args:
        values: float64 [rows, columns].
        method: standard (mean, standard deviation), minmax (minimum, range), robust (median, quartile range) or none.

    Returns:
        Two float64 [columns]. The scale of a constant column is 1.
    """
    from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

    if method == "standard":
        scaler = StandardScaler().fit(values)
        return scaler.mean_, scaler.scale_
    if method == "minmax":
        scaler = MinMaxScaler().fit(values)
        return scaler.data_min_, 1 / scaler.scale_
    if method == "robust":
        scaler = RobustScaler().fit(values)
        return scaler.center_, scaler.scale_
    return np.zeros(values.shape[1]), np.ones(values.shape[1])


def apply(rows: np.ndarray, positions: list[int], center: np.ndarray, scale: np.ndarray) -> np.ndarray:
    """Scale the features, some hundred thousand rows at a time: float32 [rows, features]."""
    result = np.empty((len(rows), len(positions)), dtype=np.float32)
    for i in range(0, len(rows), 1 << 18):
        result[i : i + (1 << 18)] = (rows[i : i + (1 << 18)][:, positions] - center) / scale
    return result


def scale(p: dict[str, Any], name: str) -> None:
    """Write scaling.json and the scaled training and validation rows of dataset `name`."""
    settings = p["datasets"][name]["scaling"]
    description = files.read_json(files.SPLIT / name / "split.json")
    windows = files.read_json(files.WINDOWS / name / "windows.json")
    columns = description["series"]["columns"]
    positions = [columns.index(feature) for feature in windows["features"]]
    target_column = columns.index(description["series"]["target"])

    learned, scaled = [], {}
    for k, fold in enumerate(description["folds"]):
        rows = windowing.read_rows(name, k, "train", fold["train"], windows["missing"])
        table = files.read_table(files.fold_folder(files.WINDOWS, name, k) / "train.parquet")
        seen = covered(len(rows), table["start"], windows["length"] + windowing.rows_ahead(windows))
        center, scales = learn(rows[seen][:, positions], settings["features"])
        if windows["classes"]:
            target = {"center": 0.0, "scale": 1.0}
        else:
            # Values are scaled as their column is; differences, returns and means by their own distribution.
            own = rows[seen, target_column] if windows["target"]["kind"] == "value" else table["target_0"]
            (target_center,), (target_scale,) = learn(own[:, None], settings["target"])
            target = {"center": float(target_center), "scale": float(target_scale)}
        features = {
            feature: {"center": c, "scale": s}
            for feature, c, s in zip(windows["features"], center, scales, strict=True)
        }
        learned.append({"features": features, "target": target})
        scaled[k, "train"] = apply(rows, positions, center, scales)
        if fold["validation"] is not None:
            rows = windowing.read_rows(name, k, "validation", fold["validation"], windows["missing"])
            scaled[k, "validation"] = apply(rows, positions, center, scales)

    folder = files.empty_folder(files.SCALED / name)
    for (k, part), array in scaled.items():
        files.write_array(folder / f"fold{k}" / f"{part}.npy", array)
    files.write_json(folder / "scaling.json", {"methods": settings, "folds": learned})
