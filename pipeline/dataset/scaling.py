"""Stage `scale`: center and scale of each column, learned from the rows that the training windows cover.

Under `window: last` a network sees values less the last one of their window, so their scale is that of these changes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.dataset import splitting, windowing
from pipeline.dataset.sampling import evenly

# Cells of float64 that changes are learned from: 64 MB.
_CELLS = 1 << 23
# Rows that are learned from or scaled at a time.
_ROWS = 1 << 18


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
    return np.cumsum(edges, out=edges)[:-1] > 0


def learn(values: np.ndarray, method: str, seen: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Learn center and scale of every column: scaled = (raw - center) / scale. Missing cells are ignored.

    Args:
        values: float64 [rows, columns].
        method: standard (mean, standard deviation), minmax (minimum, range), robust (median, quartile range) or none.
            Quartiles need all rows in memory, and so do the others where a block of rows lacks a column.
        seen: bool [rows], the rows to learn from; all by default.

    Returns:
        Two float64 [columns]. The scale of a constant column is 1.
    """
    from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

    def blocks() -> Iterator[np.ndarray]:
        for i in range(0, len(values), _ROWS):
            some = slice(i, i + _ROWS)
            block = values[some] if seen is None else values[some][seen[some]]
            if len(block):
                yield block

    def fitted(scaler: Any) -> Any:
        for block in blocks():
            # scikit-learn never forgets the NaN that it learns from a column without a cell.
            if np.isnan(block).all(axis=0).any():
                return scaler.fit(np.concatenate(list(blocks())))
            scaler.partial_fit(block)
        return scaler

    if method == "standard":
        standard = fitted(StandardScaler())
        return standard.mean_, standard.scale_
    if method == "minmax":
        minmax = fitted(MinMaxScaler())
        return minmax.data_min_, 1 / minmax.scale_
    if method == "robust":
        robust = RobustScaler().fit(np.concatenate(list(blocks())))
        return robust.center_, robust.scale_
    return np.zeros(values.shape[1]), np.ones(values.shape[1])


def changes(rows: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
    """Return the earlier rows of windows less the last row of their window: float64 [changes, columns].

    Args:
        rows: float64 [rows, columns].
        starts: int64 [windows]; of very many windows, some are taken at equal distances.
        length: input rows of a window.
    """
    most = max(_CELLS // (length * rows.shape[1]), 1)
    some = starts[evenly(len(starts), most)]
    # A window of one row has no change; its single row less itself leaves the scale at 1.
    before = np.arange(max(length - 1, 1))
    return (rows[some[:, None] + before] - rows[some + length - 1][:, None]).reshape(-1, rows.shape[1])


def stored_type(window: str) -> type[np.floating[Any]]:
    """Return the type of scaled features: float32, or float64 where each window is scaled once more.

    A level of 1e7 steps leaves float32 no digit of a single step.
    """
    return np.float32 if window == "none" else np.float64


def apply(
    rows: np.ndarray, positions: list[int], center: np.ndarray, scale: np.ndarray, window: str = "none"
) -> np.ndarray:
    """Scale the features: [rows, features], of `stored_type`."""
    result = np.empty((len(rows), len(positions)), dtype=stored_type(window))
    for i in range(0, len(rows), _ROWS):
        result[i : i + _ROWS] = (rows[i : i + _ROWS][:, positions] - center) / scale
    return result


class Numbers(NamedTuple):
    """Center and scale of each feature, for all rows or for those of each id.

    Attributes:
        center: float64 [features] or [ids, features].
        scale: like `center`.
        starts: the first row of each id; None where the numbers are those of all rows.
    """

    center: np.ndarray
    scale: np.ndarray
    starts: list[int] | None

    @staticmethod
    def of(learned: dict[str, Any], features: list[str], series: dict[str, Any]) -> Numbers:
        """Read the numbers of a fold of scaling.json, for a series of split.json."""
        if "ids" in learned:
            own = learned["ids"]
            return Numbers(np.array(own["center"]), np.array(own["scale"]), series["ids"]["starts"])
        center, scale = (np.array([learned["features"][name][key] for name in features]) for key in ("center", "scale"))
        return Numbers(center, scale, None)

    def apply(self, rows: np.ndarray, positions: list[int], series_rows: np.ndarray, window: str) -> np.ndarray:
        """Scale the features of rows, as the function `apply` does; `series_rows` are their places in the series."""
        if self.starts is None:
            return apply(rows, positions, self.center, self.scale, window)
        number = np.searchsorted(self.starts, series_rows, side="right") - 1
        edges = [0, *(np.flatnonzero(np.diff(number)) + 1), len(number)]
        pieces = [
            apply(rows[a:b], positions, self.center[number[a]], self.scale[number[a]], window)
            for a, b in itertools.pairwise(edges)
        ]
        return np.concatenate(pieces)


def _targets(
    column: np.ndarray, table: dict[str, np.ndarray], windows: dict[str, Any], settings: dict[str, str]
) -> dict[str, dict[str, float] | None]:
    """Learn center and scale of the target, and of its change from the window's last value.

    Args:
        column: float64 [rows], the target's column in the rows that training windows cover; NaN where it is missing.
        table: of the training windows.
        windows: content of windows.json.
        settings: of the scaling.

    Returns:
        `target`, which standardised scores are in too; and `change`, None where the network does not predict changes.
    """
    if windows["classes"]:
        return {"target": {"center": 0.0, "scale": 1.0}, "change": None}
    kind = windows["target"]["kind"]
    targets = np.stack([values for name, values in table.items() if name.startswith("target_")], axis=1)
    # Values are scaled as their column is; differences, returns and means by their own distribution.
    learned = {"target": learn((column if kind == "value" else targets).reshape(-1, 1), settings["target"])}
    if settings["window"] == "last" and kind in windowing.LEVELS:
        learned["change"] = learn((targets - table["last"][:, None]).reshape(-1, 1), settings["target"])
    made = {key: {"center": float(c[0]), "scale": float(s[0])} for key, (c, s) in learned.items()}
    return {"target": made["target"], "change": made.get("change")}


def learn_fold(
    features: np.ndarray,
    truth: np.ndarray,
    table: dict[str, np.ndarray],
    windows: dict[str, Any],
    settings: dict[str, str],
) -> tuple[np.ndarray, np.ndarray, dict[str, dict[str, float] | None]]:
    """Learn all that a fold's scaling needs from the rows that some windows cover.

    Args:
        features: float64 [rows, features], raw.
        truth: float64 [rows], the target's column; NaN where it is missing.
        table: of the windows to learn from.
        windows: `length`, `horizon`, `target` and `classes`, as in windows.json.
        settings: of the scaling.

    Returns:
        Center and scale of the features, float64 [features] each, and `target` and `change` as in `_targets`.
    """
    length = windows["length"]
    seen = covered(len(features), table["start"], length + windowing.rows_ahead(windows))
    center, scales = learn(features, settings["features"], seen)
    if settings["window"] == "last":
        _, scales = learn(changes(features, table["start"], length), settings["features"])
    return center, scales, _targets(truth[seen], table, windows, settings)


def by_id(targets: list[dict[str, dict[str, float] | None]]) -> dict[str, Any]:
    """Return `target_by_id` and `change_by_id` of `Spec` from what was learned for each id."""
    found: dict[str, Any] = {}
    for key in ("target", "change"):
        pairs = [[own["center"], own["scale"]] for own in (each[key] for each in targets) if own]
        found[f"{key}_by_id"] = np.array(pairs) if len(pairs) == len(targets) else None
    return found


class Learned(NamedTuple):
    """Center and scale of each id.

    Attributes:
        center: float64 [ids, features].
        scale: float64 [ids, features].
        targets: `target` and `change` of each id, as in `_targets`.
    """

    center: np.ndarray
    scale: np.ndarray
    targets: list[dict[str, dict[str, float] | None]]


def learn_ids(
    number: np.ndarray,
    count: int,
    features: np.ndarray,
    truth: np.ndarray,
    table: dict[str, np.ndarray],
    windows: dict[str, Any],
    settings: dict[str, str],
) -> Learned:
    """Learn the scaling of each id from its own windows; an id without a window gets that of all.

    Args:
        number: int64 [windows], the id of each window.
        count: number of ids.
        features: as in `learn_fold`, like all that follow.
        truth: see there.
        table: see there.
        windows: see there.
        settings: see there.
    """
    learned = []
    span = windows["length"] + windowing.rows_ahead(windows)
    for i in range(count):
        own = number == i
        some = {key: column[own] for key, column in table.items()} if own.any() else table
        # Only the rows of the id, so that the time grows with the rows and not with their product with the ids.
        first, last = int(some["start"].min()), int(some["start"].max()) + span
        rows = slice(first, last)
        some = some | {"start": some["start"] - first}
        learned.append(learn_fold(features[rows], truth[rows], some, windows, settings))
    centers, scales, targets = zip(*learned, strict=True)
    return Learned(np.stack(centers), np.stack(scales), list(targets))


def _require_each_id(place: str, ids: dict[str, Any], number: np.ndarray) -> None:
    absent = np.flatnonzero(np.bincount(number, minlength=len(ids["names"])) == 0)
    if len(absent):
        rule = "must be all where an id has no training window to learn a scale from"
        received = f"id, and {ids['column']} {ids['names'][absent[0]]} has none"
        raise UserError(place, rule, received, "Set it to all, or leave out the rows of that id.")


def _columns(rows: np.ndarray, positions: list[int]) -> np.ndarray:
    """Return some columns of rows, without a copy where they are neighbours."""
    first, last = positions[0], positions[-1] + 1
    return rows[:, first:last] if positions == list(range(first, last)) else rows[:, positions]


class _Dataset(NamedTuple):
    """A dataset, its parts on disk and the scaling that it asks for.

    Attributes:
        name: of the dataset.
        place: dotted path of its `scaling`, for errors.
        settings: of the scaling.
        series: of split.json.
        windows: content of windows.json.
    """

    name: str
    place: str
    settings: dict[str, str]
    series: dict[str, Any]
    windows: dict[str, Any]

    @property
    def positions(self) -> list[int]:
        """Positions of the features among the columns."""
        return [self.series["columns"].index(feature) for feature in self.windows["features"]]

    def read(self, fold: int, part: str, position: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
        """Read a part, as `windowing.read_part`."""
        return windowing.read_part(self.name, fold, part, position, self.windows["missing"])

    def learn(self, k: int, fold: dict[str, Any]) -> dict[str, Any]:
        """Return the numbers of a fold as scaling.json holds them.

        Raises:
            UserError: each id is to be scaled by its own rows, and one has no training window.
        """
        rows, stored = self.read(k, "train", fold["train"])
        rows = _columns(rows, self.positions)
        truth = stored[:, self.series["columns"].index(self.series["target"])]
        table = files.read_table(files.fold_folder(files.WINDOWS, self.name, k) / "train.parquet")
        center, scales, target = learn_fold(rows, truth, table, self.windows, self.settings)
        features = {
            feature: {"center": c, "scale": s}
            for feature, c, s in zip(self.windows["features"], center, scales, strict=True)
        }
        learned: dict[str, Any] = {"features": features, **target}
        if self.settings["per"] == "id":
            ids = self.series["ids"]
            number = np.searchsorted(ids["starts"], table["row"], side="right") - 1
            _require_each_id(f"{self.place}.per", ids, number)
            each = learn_ids(number, len(ids["names"]), rows, truth, table, self.windows, self.settings)
            learned["ids"] = each._asdict()
        return learned

    def write(self, folder: Path, k: int, fold: dict[str, Any], learned: dict[str, Any]) -> None:
        """Write the scaled rows of a fold, some hundred thousand at a time."""
        numbers, positions = Numbers.of(learned, self.windows["features"], self.series), self.positions
        window = self.settings["window"]
        for part in ("train", "validation"):
            if fold[part] is not None:
                rows, places = self.read(k, part, fold[part])[0], splitting.rows_of(fold[part])
                blocks = (
                    numbers.apply(rows[i : i + _ROWS], positions, places[i : i + _ROWS], window)
                    for i in range(0, len(rows), _ROWS)
                )
                path = folder / f"fold{k}" / f"{part}.npy"
                files.write_blocks(path, (len(rows), len(positions)), stored_type(window), blocks)


def scale(p: dict[str, Any], name: str) -> None:
    """Write scaling.json and the scaled training and validation rows of dataset `name`.

    Raises:
        UserError: each id is to be scaled by its own rows, and one has no training window.
    """
    settings = p["datasets"][name]["scaling"]
    description = files.read_json(files.SPLIT / name / "split.json")
    windows = files.read_json(files.WINDOWS / name / "windows.json")
    dataset = _Dataset(name, f"datasets.{name}.scaling", settings, description["series"], windows)
    folds = description["folds"]
    learned = [dataset.learn(k, fold) for k, fold in enumerate(folds)]  # before anything is replaced
    folder = files.empty_folder(files.SCALED / name)
    for k, fold in enumerate(folds):
        dataset.write(folder, k, fold, learned[k])
    methods = {key: method for key, method in settings.items() if key != "per"}
    files.write_json(folder / "scaling.json", {"methods": methods, "folds": learned})
