"""Settings of a training whose every number can be computed by hand, and parts to train on."""

import dataclasses

import numpy as np

TRAINING = {
    "loss": None,
    "optimizer": "sgd",
    "learning_rate": 1e-12,  # weights stay as they were drawn, so every loss can be computed by hand
    "clipnorm": None,
    "clipvalue": None,
    "batch_size": 8,
    "epochs": 2,
    "shuffle": False,
    "early_stopping": None,
    "state": "none",
    "seeds": [0],
    "jit_compile": False,
    "steps_per_execution": 1,
    "threads": 1,
}
SMALL = {"name": "lstm", "units": [3], "head": "linear"}


def noise(rows, seed=0):
    return np.random.default_rng(seed).normal(size=rows)


def broken(part, row):
    """The same part with one missing cell that reached the scaled rows."""
    scaled = part.scaled.copy()
    scaled[row] = np.nan
    return dataclasses.replace(part, scaled=scaled)
