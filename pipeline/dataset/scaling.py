"""Stage `scale`: a table of numbers learned from the rows that training windows cover, applied to the rows once."""

from __future__ import annotations

from typing import Any

import numpy as np

from pipeline.common import files
from pipeline.dataset import windowing


def covered(rows: int, begin: np.ndarray, width: int) -> np.ndarray:
    """Which rows lie in a window, inputs and targets alike: bool [rows].

    Args:
        rows: rows of the part.
        begin: int64 [windows], starts.
        width: rows from a window's first input to its last target.
    """
    edges = np.zeros(rows + 1, dtype=np.int64)
    np.add.at(edges, begin, 1)
    np.add.at(edges, begin + width, -1)
    return np.cumsum(edges[:-1]) > 0


def learn(values: np.ndarray, method: str) -> tuple[np.ndarray, np.ndarray]:
    """Center and scale of every column: scaled = (raw - center) / scale. Missing cells do not count.

    Args:
        values: float64 [rows, columns].
        method: standard (mean, deviation), minmax (minimum, range), robust (median, quartile range) or none.

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
    """Scaled features of all rows, float32 [rows, features], made some hundred thousand rows at a time."""
    result = np.empty((len(rows), len(positions)), dtype=np.float32)
    for i in range(0, len(rows), 1 << 18):
        result[i : i + (1 << 18)] = (rows[i : i + (1 << 18)][:, positions] - center) / scale
    return result


def scale(p: dict[str, Any], name: str) -> None:
    """Write scaling.json and the scaled rows of training and validation of dataset `name`."""
    settings = p["datasets"][name]["scaling"]
    description = files.read_json(files.SPLIT / name / "split.json")
    windows = files.read_json(files.WINDOWS / name / "windows.json")
    columns, target = description["series"]["columns"], description["series"]["target"]
    positions = [columns.index(n) for n in windows["features"]]
    ahead = 0 if windows["target"]["kind"] == "sequence_mean" else windows["horizon"]

    tables, scaled = [], {}
    for k, fold in enumerate(description["folds"]):
        folder = files.fold_folder(files.SPLIT, name, k)
        rows = windowing.clean(files.read_array(folder / "train.npy"), fold["train"]["intervals"], windows["missing"])
        made = files.read_table(files.fold_folder(files.WINDOWS, name, k) / "train.parquet")
        seen = covered(len(rows), made["start"], windows["length"] + ahead)
        center, spread = learn(rows[seen][:, positions], settings["features"])
        if windows["classes"]:
            target_center, target_spread = 0.0, 1.0
        else:
            # The target column itself where its values are predicted; what was made of it where that is predicted.
            own = rows[seen, columns.index(target)] if windows["target"]["kind"] == "value" else made["target_0"]
            c, s = learn(own[:, None], settings["target"])
            target_center, target_spread = float(c[0]), float(s[0])
        tables.append(
            {
                "features": {
                    n: {"center": c, "scale": s} for n, c, s in zip(windows["features"], center, spread, strict=True)
                },
                "target": {"center": target_center, "scale": target_spread},
            }
        )
        scaled[k, "train"] = apply(rows, positions, center, spread)
        if fold["validation"] is not None:
            rows = windowing.clean(
                files.read_array(folder / "validation.npy"), fold["validation"]["intervals"], windows["missing"]
            )
            scaled[k, "validation"] = apply(rows, positions, center, spread)

    folder = files.empty_folder(files.SCALED / name)
    for (k, part), array in scaled.items():
        files.write_array(folder / f"fold{k}" / f"{part}.npy", array)
    files.write_json(folder / "scaling.json", {"methods": settings, "folds": tables})
