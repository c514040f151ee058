"""Small series of one's own from data frames, through the stages before the training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from pipeline import dataset
from pipeline.common import params
from pipeline.dataset import scaling, splitting, windowing
from pipeline.series import reading

NAME = "mine"
SPLIT = {"scheme": "holdout", "validation": 0.2, "test": 0.2}
TRAINING = {"batch_size": 32, "epochs": 2, "seeds": [0]}


def settings(
    features: list[str] | None, window: dict[str, Any], target: str = "y", head: str = "linear", **change: Any
) -> dict[str, Any]:
    """Return parameters with one series, dataset and experiment `mine`; `change` is of the dataset."""
    series = {"source": "data/own/mine.csv", "target": target} | ({"features": features} if features else {})
    return {
        "size": "quick",
        "series": {NAME: series},
        "datasets": {NAME: {"series": NAME, "split": SPLIT, "window": window} | change},
        "experiments": {
            NAME: {"dataset": NAME, "architecture": {"name": "lstm", "units": [4], "head": head}, "training": TRAINING}
        },
        "calibration": {"series": 3, "planted": 1, "pairs": 1},
    }


def write(frame: pd.DataFrame, given: dict[str, Any]) -> dict[str, Any]:
    """Write the file and params.yaml to the working directory; return the parameters."""
    Path("data/own").mkdir(parents=True, exist_ok=True)
    frame.to_csv("data/own/mine.csv", index=False)
    Path("params.yaml").write_text(yaml.safe_dump(given, sort_keys=False), encoding="utf-8")
    return params.load()


def made(frame: pd.DataFrame, given: dict[str, Any], stages: int = 4) -> dict[str, Any]:
    """Write the file and run the first `stages` of raw, split, window and scale; return the parameters."""
    p = write(frame, given)
    order = (reading.raw, splitting.split, windowing.window, scaling.scale)
    for stage in order[:stages]:
        stage(p, NAME)
    return p


def parts() -> dict[str, dataset.Part]:
    """Open all parts of the first fold."""
    return {name: dataset.load(NAME, 0, name) for name in splitting.PARTS if dataset.has(NAME, 0, name)}


def sticky(rows: int, names: list[Any], seed: int = 0, stay: float = 0.9) -> pd.DataFrame:
    """Draw a chain of labels `y` that mostly stay, and a noisy signal `x` of which each label has its own level."""
    random = np.random.default_rng(seed)
    codes = np.zeros(rows, dtype=int)
    for t in range(1, rows):
        codes[t] = codes[t - 1] if random.random() < stay else random.integers(len(names))
    signal = codes + random.normal(scale=0.4, size=rows)
    return pd.DataFrame({"x": signal, "y": [names[code] for code in codes]})
