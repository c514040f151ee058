"""Settings of a training whose numbers can be computed by hand, and parts to train on."""

import dataclasses

import numpy as np

from pipeline.leakage.training import SETTINGS

# The rate keeps the weights at their initial values, so that every loss can be computed by hand.
TRAINING = SETTINGS | {"learning_rate": 1e-12, "batch_size": 8, "epochs": 2, "shuffle": False}
SMALL = {"name": "lstm", "units": [3], "head": "linear"}


def noise(rows, seed=0):
    return np.random.default_rng(seed).normal(size=rows)


def broken(part, row):
    """Return the same part with one missing cell in the scaled rows."""
    scaled = part.scaled.copy()
    scaled[row] = np.nan
    return dataclasses.replace(part, scaled=scaled)


def padded(part, most=4):
    """Return a part of whole sequences with 0 to `most` rows of padding before each."""
    padding = np.zeros(len(part.rows), dtype=bool)
    for number, start in enumerate(part.table["start"]):
        padding[start : start + number % (most + 1)] = True
    scaled = np.where(padding[:, None], np.float32(0), part.scaled)
    return dataclasses.replace(part, scaled=scaled, spec=dataclasses.replace(part.spec, padding=padding, padded=True))
