"""The rows of the files in examples/: `python -m tests.helpers.examples` writes them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from tests.conftest import PROJECT

# Level of each axis, and size and rows of a period of the swing.
_ACTIVITIES = {
    "lying": ((9.5, 0.5, 0.5), 0.1, 20),
    "sitting": ((1.5, 9.0, 3.0), 0.2, 20),
    "standing": ((0.5, 9.8, 0.5), 0.2, 20),
    "stairs": ((1.0, 9.5, 1.0), 2.0, 9),
    "walking": ((0.5, 9.6, 0.8), 2.5, 6),
}


def soft_sensor() -> pd.DataFrame:
    """Return cos t and sin t at 800 times, 0.3 apart."""
    t = 0.3 * np.arange(800)
    return pd.DataFrame({"cos": np.cos(t), "sin": np.sin(t)}).round(6)


def activity() -> pd.DataFrame:
    """Draw 1,500 rows of three axes and an activity, each of which lasts 10 to 40 rows."""
    random = np.random.default_rng(0)
    names = sorted(_ACTIVITIES)
    rows: list[np.ndarray] = []
    labels: list[str] = []
    last = ""
    while len(labels) < 1500:
        name = str(random.choice([each for each in names if each != last]))
        level, size, period = _ACTIVITIES[name]
        count, phase = int(random.integers(10, 41)), random.uniform(0, 2 * np.pi)
        angle = 2 * np.pi * np.arange(count)[:, None] / period + phase + np.array([0.0, 1.0, 2.0])
        rows.append(np.array(level) + size * np.sin(angle) + random.normal(scale=0.7, size=(count, 3)))
        labels += [name] * count
        last = name
    table = pd.DataFrame(np.concatenate(rows)[:1500], columns=["x", "y", "z"]).round(3)
    return table.assign(activity=labels[:1500])


FILES: dict[str, Callable[[], pd.DataFrame]] = {"soft_sensor": soft_sensor, "activity": activity}

if __name__ == "__main__":
    for name, draw in FILES.items():
        draw().to_csv(PROJECT / "examples" / f"{name}.csv", index=False, lineterminator="\n")
