"""An experiment drawn at random: a small network, a short training and a split for drawn rows."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.corpus.generators import Drawn
from benchmarks.workshop import Work

OWN = tuple(sorted((Path(__file__).parent / "architectures").glob("*.py")))
TEST = 0.2
VALIDATION = 0.2
Architecture = dict[str, Any]


def networks(units: int) -> dict[str, Architecture]:
    """Return the small networks of this size, by a short name."""
    return {
        "lstm": {"name": "lstm", "units": [units]},
        "lstm_skip": {"name": "lstm", "units": [units], "skip": True},
        "stacked_lstm": {"name": "lstm", "units": [units, units]},
        "gru": {"name": "odd_gru", "units": [units]},
        "rnn": {"name": "odd_rnn", "units": [units]},
        "dense": {"name": "odd_dense", "units": [units, units]},
        "wide_dense": {"name": "stacked_dense", "units": [2 * units], "activations": ["tanh"]},
        "bidirectional": {"name": "odd_lstm", "units": units, "both_ways": True},
        "attention": {"name": "odd_attention", "width": units},
        "convolution": {"name": "odd_conv", "filters": [units]},
        "pooled": {"name": "odd_conv", "filters": [units], "pool": True},
        "norm": {"name": "odd_norm", "units": units},
        "batch_norm": {"name": "odd_norm", "units": units, "norm": "batch", "inputs_too": True},
        "nested": {"name": "odd_nested", "units": units},
        "nested_lstm": {"name": "odd_nested", "units": units, "cell": "lstm", "split_head": True},
    }


# Those that learn the drawn series within some hundred steps, whichever it is.
QUICK = ("lstm", "lstm_skip", "gru", "rnn", "dense", "wide_dense", "bidirectional", "norm", "nested")


def network(draw: np.random.Generator, among: tuple[str, ...] = QUICK, classes: int | None = None) -> Architecture:
    """Draw a network with a head for this target."""
    units = int(draw.choice([8, 12, 16]))
    return networks(units)[str(draw.choice(sorted(among)))] | {"head": head(classes)}


def head(classes: int | None) -> str:
    """Return the usual head for a number of classes; None for a regression."""
    return "linear" if not classes else "sigmoid" if classes == 2 else "softmax"


def experiment(
    draw: np.random.Generator,
    drawn: Drawn,
    architecture: Architecture | None = None,
    *,
    among: tuple[str, ...] = QUICK,
    updates: int = 400,
    seeds: int = 1,
    target: dict[str, Any] | None = None,
    validated: bool | float = True,
    split: dict[str, Any] | None = None,
    horizon: int | None = None,
    length: int | None = None,
    window: dict[str, Any] | None = None,
    scaling: dict[str, Any] | None = None,
    series: dict[str, Any] | None = None,
    **training: Any,
) -> Work:
    """Return an experiment on drawn rows.

    Args:
        draw: of everything that is not given.
        drawn: the rows.
        architecture: the network; drawn from `among` where it is None.
        among: networks to draw from.
        updates: gradient steps, about.
        seeds: trainings.
        target: settings of `window.target`.
        validated: whether there is a validation part; its share where it is a number.
        split: settings of the split in place of a holdout.
        horizon: in place of the rows' own, which may be 0.
        length: in place of a drawn one.
        window: further settings.
        scaling: further settings.
        series: further settings.
        **training: further settings.
    """
    kind = (target or {}).get("kind")
    classes = len(np.unique(drawn.rows["y"])) if kind == "label" else {"sign": 2, "classes": 3}.get(kind or "")
    share = VALIDATION if validated is True else float(validated)
    parts = split or {"scheme": "holdout", "validation": share, "test": TEST}
    batch = int(training.pop("batch_size", 0) or draw.choice([16, 32]))
    count = len(next(iter(drawn.rows.values())))
    windows = count * (1 - TEST - share if split is None else 0.5)
    plain = {
        "loss": None,
        "learning_rate": float(draw.choice([0.005, 0.01])),
        "batch_size": batch,
        "epochs": math.ceil(updates / max(windows / batch, 1)),
        "seeds": [int(one) for one in np.sort(draw.choice(1000, seeds, replace=False))],
    }
    given: dict[str, Any] = {"length": length or int(draw.integers(drawn.length[0], drawn.length[1] + 1))}
    given |= {"horizon": horizon or drawn.horizon} | drawn.window | (window or {})
    if target:
        given["target"] = target
    period = {"period": drawn.period} if drawn.period else {}
    return Work(
        {
            "split": parts,
            "window": given,
            "scaling": {"features": "standard", "target": "standard"} | drawn.scaling | (scaling or {}),
        },
        architecture or network(draw, among, classes),
        plain | training,
        drawn.rows,
        series={"target": "y", "features": list(drawn.features)} | period | (series or {}),
        files=OWN,
    )


def with_rows(drawn: Drawn, **changed: np.ndarray) -> Drawn:
    """Return the same with other columns."""
    return replace(drawn, rows=drawn.rows | changed)
