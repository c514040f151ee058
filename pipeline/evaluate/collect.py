"""Truth and all forecasts of an experiment, per part and fold, in the units of the scores."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from pipeline import dataset
from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.dataset import windowing
from pipeline.scoring import oracle, scores, skill

PARTS = ("train", "validation", "test")
DROPPED = ("dropped", "dropped_targets")

# (part, name) -> an array per fold. Names are "truth", "naive", "dropped" (the counts `DROPPED`), "row", "time" (of
# that row; only if the series has times), "raw", "reference" (the level that separates the two signs), ("seed", 0),
# ("baseline", "ridge"), ("oracle", ""), ("given", "") for the weights that a network came with.
Arrays = skill.Arrays


def collect(settings: dict[str, Any], name: str) -> tuple[Arrays, dict[str, Any]]:
    """Return truth and all forecasts of experiment `name`, and a description of the target."""
    experiment = settings["experiments"][name]
    data = experiment["dataset"]
    arrays: Arrays = defaultdict(list)
    about: dict[str, Any] = {}
    references = files.read_json(files.BASELINES / data / "baselines.json")
    # Each fold has its own scaling. Pooled scores need one unit, which later folds' rows must not decide.
    units = _units(dataset.load(data, 0, "train").spec)
    for fold in range(dataset.folds(data)):
        about = _add_fold(arrays, name, data, fold, experiment["training"]["seeds"], units, references["names"])
    return arrays, about | {"chosen": references["chosen"]}


def _add_fold(
    arrays: Arrays,
    name: str,
    data: str,
    fold: int,
    seeds: list[int],
    units: tuple[float, float],
    references: list[str],
) -> dict[str, Any]:
    """Add the truth and all forecasts of one fold to `arrays`, and return a description of the target."""
    train = dataset.load(data, fold, "train")
    spec = train.spec
    center, scale = units
    naive = _naive(train)
    for part in PARTS:
        if not dataset.has(data, fold, part):
            continue
        windows = train if part == "train" else dataset.load(data, fold, part)
        forecasts: dict[Any, np.ndarray] = {
            ("seed", seed): outputs for seed, outputs in _predictions(name, fold, windows, seeds).items()
        }
        came = _given(name, fold, windows)
        if came is not None:
            forecasts["given", ""] = came
        baselines, times = _baselines(data, fold, windows, references)
        forecasts |= {("baseline", key): outputs for key, outputs in baselines.items()}
        best = oracle.predict(windows)
        if best is not None:
            forecasts["oracle", ""] = best
        arrays[part, "truth"].append((windows.raw_targets() - center) / scale)
        for key, outputs in forecasts.items():
            arrays[part, key].append((outputs - center) / scale)
        if naive:
            arrays[part, "naive"].append(np.full(len(windows), naive / scale))
        arrays[part, "dropped"].append(np.array([windows.dropped.get(key, 0) for key in DROPPED]))
        arrays[part, "row"].append(np.asarray(windows.table["row"]))
        if times is not None:
            arrays[part, "time"].append(times)
        arrays[part, "raw"].append(windows.raw_targets())
        reference = _reference(windows)
        if reference is not None:
            arrays[part, "reference"].append((reference - center) / scale)
    return {
        "kind": "classes" if spec.classes else "regression",
        "classes": spec.classes,
        "shares": spec.shares,
        "thresholds": spec.thresholds,
        "target": {**spec.target, "column": spec.columns[spec.target_column]},
        "length": spec.length,
        "horizon": spec.horizon,
        "features": len(spec.features),
        **({"labels": spec.labels} if spec.labels else {}),
        "period": spec.period,
        **spec.about_ids,
        "overlap": skill.overlapping(spec),
        "score_scale": scale,
        "units": "standardised" if spec.score_units == "standardised" and not spec.classes else "original",
    }


def _units(spec: dataset.Spec) -> tuple[float, float]:
    """Return what to subtract from a value and then divide it by before scoring, both from the fold's training rows."""
    if spec.classes or spec.score_units != "standardised":
        return 0.0, 1.0
    return spec.target_center, spec.target_scale


def _reference(part: dataset.Part) -> np.ndarray | None:
    """Return the level above which a target counts as a rise, `[windows]` in raw units; None where there is none."""
    kind = part.spec.target["kind"]
    if part.spec.same_row:
        return None
    if kind == "value":
        return np.asarray(part.table["last"], dtype=float)
    level = {"difference": 0.0, "return": 0.0, "sign": 0.5}.get(kind)
    return None if level is None else np.full(len(part), level)


def _naive(train: dataset.Part) -> float | None:
    """Return the denominator of MASE: the (seasonal) naive forecast's mean absolute error on the training rows."""
    spec = train.spec
    kind = spec.target["kind"]
    if spec.classes or kind in windowing.WHOLE:
        return None
    if kind == "return":
        # The naive forecast of a return is no change, and its error the return itself.
        return float(np.mean(np.abs(train.raw_targets()))) or None
    return scores.naive_error(train.truth(), spec.axis, spec.period or 1, spec.sequence_length)


def _predictions(name: str, fold: int, part: dataset.Part, seeds: list[int]) -> dict[int, np.ndarray]:
    """Read the stored outputs of each seed, `[windows, outputs]`, and check that they belong to these windows."""
    path = files.MODELS / name / "predictions" / f"fold{fold}" / f"{part.name}.parquet"
    mend = f"Run `dvc repro predict@{name}` again."
    return _outputs(path, _table(path, part, mend), part, {seed: f"seed{seed}" for seed in seeds}, mend)


def _given(name: str, fold: int, part: dataset.Part) -> np.ndarray | None:
    """Return the outputs of the weights that the network came with, `[windows, outputs]`; None without such."""
    path = files.MODELS / name / "predictions" / f"fold{fold}" / f"{part.name}.parquet"
    table, mend = files.read_table(path), f"Run `dvc repro predict@{name}` again."
    return _outputs(path, table, part, {"given": "given"}, mend)["given"] if "given_0" in table else None


def _baselines(
    data: str, fold: int, part: dataset.Part, names: list[str]
) -> tuple[dict[str, np.ndarray], np.ndarray | None]:
    """Read the stored forecasts of each baseline, `[windows, outputs]`, and check that they belong to these windows.

    Returns:
        Forecasts by name, and the time of each window's first target row, datetime64 `[windows]`, or None.
    """
    path = files.fold_folder(files.BASELINES, data, fold) / f"{part.name}.parquet"
    mend = f"Run `dvc repro baselines@{data}` again."
    table = _table(path, part, mend)
    return _outputs(path, table, part, {name: name for name in names}, mend), table.get("time")


def _table(path: Path, part: dataset.Part, mend: str) -> dict[str, np.ndarray]:
    """Read a table whose `row` is that of the part's windows."""
    table = files.read_table(path)
    if not np.array_equal(table["row"], part.table["row"]):
        raise UserError(
            str(path), f"must hold the {len(part)} windows of the {part.name} part", f"{len(table['row'])} others", mend
        )
    return table


def _outputs(
    path: Path, table: dict[str, np.ndarray], part: dataset.Part, names: dict[Any, str], mend: str
) -> dict[Any, np.ndarray]:
    """Return the columns `NAME_0` … of each name, `[windows, outputs]`."""
    outputs = {}
    for key, name in names.items():
        columns = [f"{name}_{k}" for k in range(part.spec.outputs)]
        absent = [column for column in columns if column not in table]
        if absent:
            raise UserError(f"{path}, column {absent[0]}", "must exist", "no such column", mend)
        outputs[key] = np.stack([table[column] for column in columns], axis=1).astype(float)
    return outputs
