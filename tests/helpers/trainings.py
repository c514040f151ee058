"""Settings of a training whose numbers can be computed by hand, and parts to train on."""

import dataclasses

import numpy as np

TRAINING = {
    "loss": None,
    "optimizer": "sgd",
    "learning_rate": 1e-12,  # weights keep their initial values, so every loss can be computed by hand
    "label_smoothing": 0.0,
    "class_weight": "none",
    "reduce_on_plateau": None,
    "momentum": None,
    "nesterov": False,
    "weight_decay": None,
    "clipnorm": None,
    "global_clipnorm": None,
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
    """Return the same part with one missing cell in the scaled rows."""
    scaled = part.scaled.copy()
    scaled[row] = np.nan
    return dataclasses.replace(part, scaled=scaled)
