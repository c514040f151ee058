"""What the stages made of a dataset, one part at a time, as a network or a baseline needs it.

A batch is one gather from the memory-mapped scaled rows: memory grows with the rows, never with rows x window length.
`python -m benchmarks.windows` (2.7 million rows x 7, windows of 100): 801,000 windows a second and 250 MB by gathers,
15,400 and 1,004 MB by `keras.utils.timeseries_dataset_from_array`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.common import files, params
from pipeline.dataset import splitting, windowing
from pipeline.dataset.scaling import apply


@dataclass(frozen=True)
class Spec:
    """What is the same for every window of a part."""

    length: int  # input rows of a window
    horizon: int
    features: list[str]
    target: dict[str, Any]  # kind, of
    classes: int | None
    outputs: int  # width of the network's last layer
    columns: list[str]
    target_column: int
    thresholds: list[float] | None
    shares: list[float] | None  # of the classes in training
    period: int | None
    sequence_length: int | None
    oracle: dict[str, Any] | None
    scaling: dict[str, str]  # methods: features, target, window
    target_center: float
    target_scale: float
    score_units: str
    stride: dict[str, int]
    first_rows: np.ndarray  # series row of each row of the part


@dataclass(frozen=True)
class Part:
    """One part of one fold: rows, window table, and what turns them into inputs and targets."""

    name: str
    rows: np.ndarray
    scaled: np.ndarray
    table: dict[str, np.ndarray]
    spec: Spec

    def __len__(self) -> int:
        return len(self.table["start"])

    def inputs(self, indices: np.ndarray | None = None) -> np.ndarray:
        """Inputs of the windows `indices` (all of them if None): float32 [windows, length, features]."""
        begin = self.table["start"] if indices is None else self.table["start"][indices]
        batch = self.scaled[begin[:, None] + np.arange(self.spec.length)]
        if self.spec.scaling["window"] == "last":
            batch = batch - batch[:, -1:, :]
        elif self.spec.scaling["window"] == "standard":
            deviation = batch.std(axis=1, keepdims=True)
            batch = (batch - batch.mean(axis=1, keepdims=True)) / np.where(deviation > 0, deviation, 1)
        return np.ascontiguousarray(batch, dtype=np.float32)

    def raw_targets(self) -> np.ndarray:
        """Targets in raw units, or class numbers: float64 [windows, horizon or 1]."""
        return np.stack([self.table[k] for k in self.table if k.startswith("target_")], axis=1)

    def targets(self, indices: np.ndarray | None = None) -> np.ndarray:
        """Targets as the network sees them: float32 [windows, outputs]; scaled, 0/1, or one-hot."""
        raw = self.raw_targets()
        if self.spec.classes == 3:
            made = np.eye(3)[raw[:, 0].astype(int)]
        elif self.spec.classes == 2:
            made = raw
        else:
            center, scale = self._units()
            made = (raw - center) / scale
        made = made.astype(np.float32)
        return made if indices is None else made[indices]

    def restore(self, outputs: np.ndarray) -> np.ndarray:
        """A network's outputs for all windows in raw units, float64 [windows, outputs]; probabilities pass through."""
        if self.spec.classes:
            return outputs.astype(np.float64)
        center, scale = self._units()
        return outputs.astype(np.float64) * scale + center

    def _units(self) -> tuple[np.ndarray | float, np.ndarray | float]:
        """Center and scale of each window's target: the training rows', or the window's own."""
        center: np.ndarray | float = self.spec.target_center
        scale: np.ndarray | float = self.spec.target_scale
        level = self.spec.target["kind"] in ("value", "sequence_mean")
        if self.spec.scaling["window"] == "last" and level:
            center = self.table["last"][:, None]
        elif self.spec.scaling["window"] == "standard":
            spread = self.table["spread"][:, None]
            scale = np.where(spread > 0, spread, 1)
            center = self.table["mean"][:, None] if level else 0.0
        return center, scale


def folds(dataset: str) -> int:
    """How many folds the dataset has."""
    return len(files.read_json(files.SPLIT / dataset / "split.json")["folds"])


def has(dataset: str, fold: int, part: str) -> bool:
    """Whether the fold has that part; only validation may be left out."""
    return files.read_json(files.SPLIT / dataset / "split.json")["folds"][fold][part] is not None


def load(dataset: str, fold: int, part: str) -> Part:
    """Open one part of one fold. The test part is windowed and scaled here, with what was learned in training.

    Args:
        dataset: name of the dataset.
        fold: number of the fold, from 0.
        part: train, validation or test.
    """
    description = files.read_json(files.SPLIT / dataset / "split.json")
    windows = files.read_json(files.WINDOWS / dataset / "windows.json")
    scaling = files.read_json(files.SCALED / dataset / "scaling.json")
    series = description["series"]
    learned, made = scaling["folds"][fold], windows["folds"][fold]
    position = description["folds"][fold][part]
    spec = Spec(
        length=windows["length"],
        horizon=windows["horizon"],
        features=windows["features"],
        target=windows["target"],
        classes=windows["classes"],
        outputs=windows["outputs"],
        columns=series["columns"],
        target_column=series["columns"].index(series["target"]),
        thresholds=made["thresholds"],
        shares=made["shares"],
        period=series["period"],
        sequence_length=series["sequence_length"],
        oracle=series["oracle"],
        scaling=scaling["methods"],
        target_center=learned["target"]["center"],
        target_scale=learned["target"]["scale"],
        score_units=params.load()["datasets"][dataset]["score_units"],
        stride=windows["stride"],
        first_rows=splitting.rows_of(position),
    )
    if part == "test":
        rows = windowing.clean(
            files.read_array(files.TEST / dataset / f"fold{fold}.npy"), position["intervals"], windows["missing"]
        )
        columns = [spec.columns.index(n) for n in spec.features]
        table, _ = windowing.table(
            rows,
            position,
            windows["stride"]["evaluation"],
            spec.length,
            windows,
            columns,
            spec.target_column,
            spec.thresholds,
        )
        center = np.array([learned["features"][n]["center"] for n in spec.features])
        scale = np.array([learned["features"][n]["scale"] for n in spec.features])
        return Part(part, rows, apply(rows, columns, center, scale), table, spec)
    rows = windowing.clean(
        files.read_array(files.fold_folder(files.SPLIT, dataset, fold) / f"{part}.npy"),
        position["intervals"],
        windows["missing"],
    )
    table = files.read_table(files.fold_folder(files.WINDOWS, dataset, fold) / f"{part}.parquet")
    return Part(
        part, rows, files.read_array(files.fold_folder(files.SCALED, dataset, fold) / f"{part}.npy"), table, spec
    )
