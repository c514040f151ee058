"""Files of several ids, and small projects in which the stages of the data run on them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pipeline.common import params
from pipeline.dataset import scaling, splitting, windowing
from pipeline.leakage import scratch
from pipeline.series import reading


def panel(lengths: list[int], seed: int = 0, firsts: list[int] | None = None, shuffle: bool = False) -> pd.DataFrame:
    """Make a table of ids `u0`, `u1`, … with hourly times, a target `y` that counts rows and a feature `x`."""
    random = np.random.default_rng(seed)
    firsts = firsts or [0] * len(lengths)
    pieces = [
        pd.DataFrame(
            {
                "user": f"u{i}",
                "time": pd.Timestamp("2020-01-01") + pd.to_timedelta(first + np.arange(length), unit="h"),
                "y": 1000.0 * i + np.arange(length) + first,
                "x": random.standard_normal(length),
            }
        )
        for i, (length, first) in enumerate(zip(lengths, firsts, strict=True))
    ]
    table = pd.concat(pieces, ignore_index=True)
    return table.sample(frac=1, random_state=seed).reset_index(drop=True) if shuffle else table


@contextlib.contextmanager
def project(
    table: pd.DataFrame, dataset: dict[str, Any], name: str = "panel", **series: Any
) -> Iterator[dict[str, Any]]:
    """Run raw, split, window and scale on a table in a temporary folder; yield the parameters."""
    written = {
        "size": "quick",
        "series": {
            name: {"source": "data/own/panel.csv", "id": "user", "target": "y", "features": ["x", "y"]} | series
        },
        "datasets": {name: {"series": name} | dataset},
        "experiments": {
            name: {
                "dataset": name,
                "architecture": {"name": "lstm", "units": [4]},
                "training": {"batch_size": 16, "epochs": 1, "seeds": [0, 1]},
            }
        },
        "calibration": {"series": 3, "planted": 1, "pairs": 1},
    }
    written["series"][name] = {k: v for k, v in written["series"][name].items() if v is not None}
    with scratch.project(written):
        Path("data/own").mkdir(parents=True)
        table.to_csv("data/own/panel.csv", index=False)
        p = params.load()
        reading.raw(p, name)
        for stage in (splitting.split, windowing.window, scaling.scale):
            stage(p, name)
        yield p
