"""Windows that came in a file are compared one after the other, wherever the file's other parts lie between them."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.scoring import skill

RANDOM = np.random.default_rng(0)
TRUTH = RANDOM.normal(size=(120, 1))
FORECASTS = {
    ("seed", 0): TRUTH + RANDOM.normal(scale=0.6, size=(120, 1)),
    ("baseline", "train_mean"): np.zeros((120, 1)),
    ("baseline", "ridge"): TRUTH + RANDOM.normal(scale=0.7, size=(120, 1)),
}


def compared(rows: np.ndarray, kind: str):
    arrays = {("test", "row"): [rows], ("test", "truth"): [TRUTH], ("test", "raw"): [TRUTH]}
    arrays |= {("test", key): [values] for key, values in FORECASTS.items()}
    chosen = {"naive": {"baseline": "train_mean", "chosen_on": "validation"}}
    chosen["linear"] = {"baseline": "ridge", "chosen_on": "validation"}
    about = {"classes": None, "sequence_length": None, "overlap": 1, "chosen": chosen, "target": {"kind": kind}}
    found = skill.compare_experiment(arrays, [0], about, "w")["naive"]
    return found["low"], found["high"]


def test_a_random_division_has_the_interval_of_consecutive_windows():
    consecutive = np.arange(120) * 8
    scattered = np.sort(np.random.default_rng(1).choice(800, size=120, replace=False)) * 8
    assert compared(scattered, "given") == compared(consecutive, "given")
    assert compared(consecutive, "given") == pytest.approx(compared(consecutive, "value"))
    low, high = compared(scattered, "given")
    assert 0.2 < low < high < 0.9
