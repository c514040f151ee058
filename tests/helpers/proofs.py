"""Tiny datasets and cheap steps for the tests of the proofs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pipeline import dataset, raw
from pipeline.common import backends, files, params
from pipeline.dataset import scaling, splitting, windowing
from pipeline.leakage import perturbation
from tests.conftest import PROJECT, tiny_params, write_params

SEASON, SIGN = "season_windows", "sign_windows"
CLASSES = {"length": 12, "target": {"kind": "classes", "quantiles": [0.3, 0.6]}}
SLIDING = {"scheme": "sliding", "folds": 3, "train_size": 60, "test_size": 30, "validation_size": 30}


def least_squares(p: dict[str, Any], name: str, fold: int) -> dict[str, bytes]:
    """What a cheap learner makes of the scaled training windows, in place of a network's weights."""
    part = dataset.load(name, fold, "train")
    x = np.nan_to_num(part.inputs()[:, :, 0].astype(float))
    return {"weights": np.linalg.lstsq(x, part.raw_targets(), rcond=None)[0].tobytes()}


CHEAP = perturbation.Steps(splitting.split, windowing.window, scaling.scale, least_squares)


def prepared(project: Path, name: str = SEASON, holes: int = 0, **change: Any) -> dict[str, Any]:
    """Parameters and stored files of one dataset; `holes` cells of the series are made missing."""
    p = tiny_params()
    p["datasets"][name] |= change
    write_params(project, p)
    p = params.load()
    series = p["datasets"][name]["series"]
    raw.main([series])
    rows = np.array(files.read_array(files.RAW / series / "rows.npy"))
    rows[np.random.default_rng(0).choice(len(rows), holes, replace=False), 0] = np.nan
    files.write_array(files.RAW / series / "rows.npy", rows)
    for stage in (splitting.split, windowing.window, scaling.scale):
        stage(p, name)
    backends.write(p)
    return p


def raw_rows(p: dict[str, Any], name: str) -> np.ndarray:
    return files.read_array(files.RAW / p["datasets"][name]["series"] / "rows.npy")


def sequences(project: Path, **change: Any) -> dict[str, Any]:
    """Eight sequences by position, the last two of them the test; the first of these equals one of training."""
    p = tiny_params()
    real = params.load(PROJECT / "params.yaml")
    p["series"]["steps"] = {"source": "pipeline/sources/steps.py", "length": 6, "counts": [1, 2, 3, 1, 4, 5, 3, 6]}
    chosen = {"scheme": "sequences", "validation": 0, "test": 0.25, "identical": "by_position"} | change
    p["datasets"][SEASON] = real["datasets"]["step_sequences_posted"] | {"series": "steps", "split": chosen}
    write_params(project, p)
    p = params.load()
    raw.main(["steps"])
    for stage in (splitting.split, windowing.window, scaling.scale):
        stage(p, SEASON)
    return p


def loaded(fold: int = 0, name: str = SEASON) -> dict[str, dataset.Part]:
    return {kind: dataset.load(name, fold, kind) for kind in splitting.PARTS if dataset.has(name, fold, kind)}
