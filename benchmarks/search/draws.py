"""One experiment out of many combinations of rows, network, loss, scaling, split and training, good or bad."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.corpus import generators
from benchmarks.corpus.drawing import experiment, head, networks, with_rows
from benchmarks.corpus.generators import Drawn
from benchmarks.workshop import Work

# Gradient steps and rows that one second pays for, so that a draw depends on no clock.
_STEPS, _ROWS = 60, 260
LOSSES: dict[int | None, tuple[Any, ...]] = {
    None: (None, None, "mae", "huber", "log_cosh", "MeanSquaredError"),
    2: (None, None, "bce", "BinaryCrossentropy", "binary_focal_crossentropy", "mse"),
    3: (None, None, "categorical_crossentropy", "kl_divergence", "categorical_focal_crossentropy"),
}
TARGETS: tuple[dict[str, Any], ...] = (
    {"kind": "value"},
    {"kind": "value"},
    {"kind": "difference"},
    {"kind": "sign", "of": "difference"},
    {"kind": "sign"},
    {"kind": "classes", "quantiles": [0.33, 0.67]},
)
# Each change of a level without memory can be told from the level itself: only these stay without anything to learn.
_LEVELS = ("noise", "returns", "unrelated", "averaged", "breathing")


def draw(seed: int, number: int, seconds: float) -> tuple[Work, dict[str, Any]]:
    """Return draw `number` of a seed, and what it is made of.

    Args:
        seed: of the search.
        number: of the draw.
        seconds: what its training may cost, about.

    Returns:
        The experiment; and `series`, `signal` (False where nothing can be learned, by construction; None where the rows
        do not say), `network`, `target`, `loss`, `scaling`, `split`, `rows`, `updates`, `rate`.
    """
    random = np.random.default_rng([seed, number])
    nothing = random.random() < 0.4
    pool = generators.NULLS if nothing else generators.SIGNALS
    name = str(random.choice(sorted(pool)))
    rows = int(random.integers(400, max(401, int(_ROWS * seconds))))
    drawn = pool[name](random, rows)
    target = _target(random, name, drawn)
    drawn = _centred(random, drawn) if target["kind"] == "sign" and target.get("of") != "difference" else drawn
    classes = {"sign": 2, "classes": 3}.get(target["kind"])
    kinds = networks(int(random.choice([4, 8, 16])))
    network = str(random.choice(sorted(kinds)))
    loss = LOSSES[classes][int(random.integers(len(LOSSES[classes])))]
    scaling = {
        "features": str(random.choice(["standard", "standard", "minmax", "robust"])),
        "target": str(random.choice(["standard", "standard", "minmax", "robust"])),
        "window": str(random.choice(["none", "none", "none", "last"])),
    }
    split, share = _split(random, rows)
    updates = int(random.integers(40, max(41, int(_STEPS * seconds))))
    rate = float(10 ** random.uniform(-4, -1.5))
    horizon = int(random.choice([1, 1, 1, 3, 6])) if target["kind"] == "value" else 1
    work = experiment(
        random,
        drawn,
        kinds[network] | {"head": head(classes)},
        updates=updates,
        target=target,
        split=split,
        validated=share,
        horizon=horizon,
        scaling=scaling,
        loss=loss,
        learning_rate=rate,
        optimizer=str(random.choice(["adam", "adam", "adamw", "rmsprop"])),
    )
    about = {
        "series": name,
        "signal": False if nothing else None,
        "network": network,
        "target": "/".join(str(target[key]) for key in ("kind", "of") if key in target),
        "horizon": horizon,
        "loss": loss or "default",
        "scaling": "/".join(scaling.values()),
        "split": work.dataset["split"],
        "rows": rows,
        "updates": updates,
        "rate": float(f"{rate:.2g}"),
    }
    return work, about


def _target(random: np.random.Generator, name: str, drawn: Drawn) -> dict[str, Any]:
    """Draw a target; of series without anything to learn, one that leaves it so."""
    known = [*TARGETS]
    if name in _LEVELS:
        # The level of noise predicts its next change, and the sizes of earlier returns predict that of the next one.
        known = [one for one in known if one["kind"] in ("value", "sign") and one.get("of") != "difference"]
    return dict(known[int(random.integers(len(known)))])


def _centred(random: np.random.Generator, drawn: Drawn) -> Drawn:
    """Return rows of whose targets some share lies above zero."""
    y = drawn.rows["y"]
    return with_rows(drawn, y=y - np.quantile(y, float(random.choice([0.3, 0.5, 0.5, 0.8]))))


def _split(random: np.random.Generator, rows: int) -> tuple[dict[str, Any] | None, float]:
    """Return the settings of a walk-forward split, or None and the share of the validation part of a holdout."""
    if random.random() < 0.2:
        size = rows // 6
        return {"scheme": "expanding", "folds": 2, "validation_size": size, "test_size": size}, 0.0
    return None, float(random.choice([0.0, 0.15, 0.2]))
