"""One part of a dataset as a network or a baseline needs it: inputs, targets, and the way back to raw units.

A batch is one gather from the memory-mapped scaled rows: memory grows with the rows, never with rows x window length.
`python -m benchmarks.windows` (2.7 million rows x 7, windows of 100): 801,000 windows a second and 250 MB by gathers,
15,400 and 1,004 MB by `keras.utils.timeseries_dataset_from_array`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from pipeline.common import files, params
from pipeline.common.architectures import Shape
from pipeline.dataset import padding, splitting, windowing
from pipeline.dataset.scaling import Numbers, by_id

# Rows between the two sides of a cut.
_FAR = 1 << 32


@dataclass(frozen=True)
class Spec:
    """Settings and learned numbers that all windows of a part share."""

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
    # Center and scale of the target's change from the window's last value, under `window: last`; None for 0 and
    # `target_scale`.
    change: tuple[float, float] | None = None
    cuts: tuple[int, ...] = ()  # series rows that do not follow the row before
    labels: list[str] | None = None  # names of the classes, where the target's column holds labels
    ids: tuple[int, ...] = ()  # first series row of each id; empty for a single series, and for whole sequences
    whole_ids: bool = False  # whether the split puts each id on one side
    padding: np.ndarray | None = None  # bool [rows of the part], which rows are padding; None where there is none
    # Center and scale of the target and of its change in each id, float64 [ids, 2]; None where all ids share them.
    target_by_id: np.ndarray | None = None
    change_by_id: np.ndarray | None = None
    padded: bool = False  # whether a sequence of the dataset, in any part of any fold, begins with padding

    def shape(self, batch_size: int | None = None) -> Shape:
        """Return the shape of a network for these windows: the same for all parts and folds of the dataset."""
        return Shape(self.length, len(self.features), self.outputs, batch_size, self.level, self.padded)

    @property
    def axis(self) -> np.ndarray:
        """Position in time of each row of the part: int64 [rows]; see `positions`."""
        return self.positions(self.first_rows)

    def positions(self, rows: np.ndarray) -> np.ndarray:
        """Return the position in time of series rows: int64 like `rows`. Rows on two sides of a cut are far apart."""
        return rows + np.searchsorted(self.cuts, rows, side="right") * _FAR if self.cuts else rows

    def groups(self, rows: np.ndarray) -> np.ndarray | None:
        """Return the number of each series row's id or independent sequence: int64 like `rows`; None for one series."""
        if self.sequence_length:
            return np.asarray(rows) // self.sequence_length
        return np.searchsorted(self.ids, rows, side="right") - 1 if self.ids else None

    @property
    def about_ids(self) -> dict[str, Any]:
        """What `scoring.grouping.of` needs: `sequence_length` and, of a series that has some, `ids`."""
        ids = {"ids": {"starts": list(self.ids), "whole": self.whole_ids}} if self.ids else {}
        return {"sequence_length": self.independent, **ids}

    @property
    def rows_ahead(self) -> int:
        """Rows from a window's last input to its last target; 0 if that is the last input row, or made of them."""
        return windowing.rows_ahead({"target": self.target, "horizon": self.horizon})

    @property
    def level(self) -> int | None:
        """Position of the target among the features; None where its last value is not in the units of the outputs."""
        target, scaling = self.columns[self.target_column], self.scaling
        alike = scaling["window"] == "standard" or (
            scaling["window"] == "none" and scaling["features"] == scaling["target"]
        )
        if self.classes or self.target["kind"] != "value" or target not in self.features or not alike:
            return None
        return self.features.index(target)

    @property
    def independent(self) -> int | None:
        """Rows of a sequence that is independent of the others; None for rows or windows in an order."""
        return None if self.target["kind"] == "given" else self.sequence_length

    @property
    def target_rows(self) -> int:
        """Rows that one target spans: the horizon, at least 1, or the window if the target is made of its inputs."""
        if self.target["kind"] in windowing.WHOLE:
            return self.length
        return max(self.rows_ahead, 1)

    @property
    def same_row(self) -> bool:
        """Whether the target is that of the window's last row: its past is then no input, and counts as unknown."""
        return self.target["kind"] not in windowing.WHOLE and not self.horizon


@dataclass(frozen=True)
class Part:
    """One part of one fold.

    Attributes:
        name: train, validation or test.
        rows: float64 [rows, columns], raw.
        scaled: float32 [rows, features]; float64 where each window is scaled once more.
        table: the window table (docs/files.md).
        spec: settings and learned numbers.
        raw: float64 [rows, columns], `rows` before missing cells were filled; None if none was.
        dropped: the numbers of windows that `windowing.table` dropped.
    """

    name: str
    rows: np.ndarray
    scaled: np.ndarray
    table: dict[str, np.ndarray]
    spec: Spec
    raw: np.ndarray | None = None
    dropped: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.table["start"])

    def subset(self, indices: np.ndarray) -> Part:
        """Return the part with only the windows `indices`, int [windows]; its rows stay as they are."""
        return replace(self, table={name: column[indices] for name, column in self.table.items()})

    def inputs(self, indices: np.ndarray | None = None) -> np.ndarray:
        """Return the inputs of the windows `indices` (None for all): float32 [windows, length, features]."""
        start = self.table["start"] if indices is None else self.table["start"][indices]
        # Padding is 0 already (`padding.filled`): a dataset with padding scales no window once more.
        batch = self._windows[start]
        if self.spec.scaling["window"] == "last":
            batch = batch - batch[:, -1:, :]
        elif self.spec.scaling["window"] == "standard":
            std = batch.std(axis=1, keepdims=True)
            batch = (batch - batch.mean(axis=1, keepdims=True)) / np.where(std > 0, std, 1)
        return np.ascontiguousarray(batch, dtype=np.float32)

    @cached_property
    def _windows(self) -> np.ndarray:
        """A view of the windows that begin at each row: [rows - length + 1, length, features].

        Indexing it copies a window at a time, 5.7 times as fast as indexing single rows (2.7 million x 7, windows of
        100, batches of 28: 3.1 instead of 0.54 million windows a second, one thread, medians of seven).
        """
        shape = (self.spec.length, self.scaled.shape[1])
        if len(self.scaled) < self.spec.length:
            return np.zeros((0, *shape), dtype=self.scaled.dtype)
        return np.lib.stride_tricks.sliding_window_view(self.scaled, shape)[:, 0]

    def truth(self) -> np.ndarray:
        """Return the target's column as it was measured: float64 [rows]; NaN where `rows` has a filled cell."""
        return (self.rows if self.raw is None else self.raw)[:, self.spec.target_column]

    def filled(self) -> np.ndarray:
        """Return which rows have a filled cell, in a feature or in the target's column: bool [rows]."""
        if self.raw is None:
            return np.zeros(len(self.rows), dtype=bool)
        used = sorted({*map(self.spec.columns.index, self.spec.features), self.spec.target_column})
        return np.asarray((np.isnan(self.raw[:, used]) & ~np.isnan(self.rows[:, used])).any(axis=1))

    def raw_targets(self) -> np.ndarray:
        """Return the targets in raw units, or class numbers: float64 [windows, horizon or 1]."""
        return np.stack([column for name, column in self.table.items() if name.startswith("target_")], axis=1)

    def targets(self, indices: np.ndarray | None = None) -> np.ndarray:
        """Return the targets as the network sees them, scaled, 0/1, or one-hot: float32 [windows, outputs]."""
        raw = self.raw_targets()
        if self.spec.classes:
            targets = raw if self.spec.classes == 2 else np.eye(self.spec.classes)[raw[:, 0].astype(int)]
        else:
            center, scale = self._units()
            targets = (raw - center) / scale
        targets = targets.astype(np.float32)
        return targets if indices is None else targets[indices]

    def restore(self, outputs: np.ndarray) -> np.ndarray:
        """Return a network's outputs for all windows in raw units: float64 [windows, outputs]. Probabilities stay."""
        if self.spec.classes:
            return outputs.astype(np.float64)
        center, scale = self._units()
        return outputs.astype(np.float64) * scale + center

    def _units(self) -> tuple[np.ndarray | float, np.ndarray | float]:
        """Return center and scale of the targets: those of the training rows, or of each window's own."""
        center: np.ndarray | float = self.spec.target_center
        scale: np.ndarray | float = self.spec.target_scale
        level = self.spec.target["kind"] in windowing.LEVELS
        own, changes = self.spec.target_by_id, self.spec.change_by_id
        number = self.spec.groups(self.table["row"]) if own is not None else None
        if own is not None:
            center, scale = own[number, 0][:, None], own[number, 1][:, None]
        if self.spec.scaling["window"] == "last" and level:
            center, scale = self.spec.change or (0.0, scale)
            if changes is not None:
                center, scale = changes[number, 0][:, None], changes[number, 1][:, None]
            center = self.table["last"][:, None] + center
        elif self.spec.scaling["window"] == "standard":
            std = self.table["spread"][:, None]
            scale = np.where(std > 0, std, 1)
            center = self.table["mean"][:, None] if level else 0.0
        return center, scale


def folds(dataset: str) -> int:
    """Return the number of folds of the dataset."""
    return len(files.read_json(files.SPLIT / dataset / "split.json")["folds"])


def has(dataset: str, fold: int, part: str) -> bool:
    """Return whether the fold has that part; only validation may be left out."""
    return files.read_json(files.SPLIT / dataset / "split.json")["folds"][fold][part] is not None


def load(dataset: str, fold: int, part: str) -> Part:
    """Open one part of one fold. The windows of the test part are made here, and scaled as learned in training.

    Args:
        dataset: name of the dataset.
        fold: number of the fold, from 0.
        part: train, validation or test.
    """
    description = files.read_json(files.SPLIT / dataset / "split.json")
    windows = files.read_json(files.WINDOWS / dataset / "windows.json")
    scaling = files.read_json(files.SCALED / dataset / "scaling.json")
    series, position = description["series"], description["folds"][fold][part]
    learned = scaling["folds"][fold]
    change = learned["change"]
    pad = padding.rows(position)
    spec = Spec(
        **{key: windows[key] for key in ("length", "horizon", "features", "target", "classes", "outputs", "stride")},
        **{key: windows["folds"][fold][key] for key in ("thresholds", "shares")},
        **{key: series[key] for key in ("columns", "period", "sequence_length", "oracle")},
        target_column=series["columns"].index(series["target"]),
        scaling=scaling["methods"],
        target_center=learned["target"]["center"],
        target_scale=learned["target"]["scale"],
        score_units=params.load()["datasets"][dataset]["score_units"],
        first_rows=splitting.rows_of(position),
        change=(change["center"], change["scale"]) if change else None,
        cuts=tuple(series["cuts"]) if not series["sequence_length"] else (),
        ids=tuple(series["ids"]["starts"]) if "ids" in series and not series["sequence_length"] else (),
        labels=windows.get("labels"),
        padding=pad,
        padded=padding.present(description["folds"]),
        **(by_id(learned["ids"]["targets"]) if "ids" in learned else {}),
        whole_ids=bool(series.get("ids", {}).get("whole")) and not series["sequence_length"],
    )
    rows, raw = windowing.read_part(dataset, fold, part, position, windows["missing"])
    if part != "test":
        table = files.read_table(files.fold_folder(files.WINDOWS, dataset, fold) / f"{part}.parquet")
        scaled = files.read_array(files.fold_folder(files.SCALED, dataset, fold) / f"{part}.npy")
        scaled = scaled if pad is None else padding.filled(scaled, pad)
        counts = windows["folds"][fold][part]
        return Part(part, rows, scaled, table, spec, raw, {key: counts[key] for key in ("dropped", "dropped_targets")})
    columns = [spec.columns.index(feature) for feature in spec.features]
    stride = windows["stride"]["evaluation"]
    truth = raw[:, spec.target_column]
    table, dropped = windowing.table(
        rows, position, stride, spec.length, windows, columns, spec.target_column, spec.thresholds, truth
    )
    numbers = Numbers.of(learned, spec.features, series)
    scaled = numbers.apply(rows, columns, spec.first_rows, spec.scaling["window"])
    scaled = scaled if pad is None else padding.filled(scaled, pad)
    return Part(part, rows, scaled, table, spec, raw, dropped)
