"""A label that lies in its own inputs: with horizon 0, the target's column is one of the features."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.common import files
from pipeline.dataset import windowing
from pipeline.leaks import scratch_project
from pipeline.leaks.leak import Leak
from pipeline.scoring import baselines

if TYPE_CHECKING:
    from pipeline.leakage.proof import Proof

Stage = Callable[[dict[str, Any], str], None]

_SERIES, _ROWS, _LABELS = 10, 600, 3
_DATASET = {
    "split": {"scheme": "holdout", "validation": 0, "test": 0.3},
    "window": {"length": 10, "horizon": 0, "target": {"kind": "label"}},
}


def label_among_inputs(p: dict[str, Any], name: str) -> None:
    """Run stage `window` with the column of labels as one more input, up to the row whose label is predicted."""
    windowing.window(p, name)
    path = files.WINDOWS / name / "windows.json"
    summary = files.read_json(path)
    target = files.read_json(files.SPLIT / name / "split.json")["series"]["target"]
    files.write_json(path, summary | {"features": [*summary["features"], target]})


def _labelled(number: int) -> np.ndarray:
    """Draw labels 0, 1 and 2 and a signal that rises with them, under three times as much noise: float64 [rows, 2]."""
    random = np.random.default_rng([11, number])
    labels = random.integers(_LABELS, size=_ROWS)
    return np.column_stack([labels, labels + 3 * random.standard_normal(_ROWS)])


def _prove(step: Stage) -> Proof:
    from pipeline.leakage import reads

    with scratch_project.project(_labelled(0), _DATASET, ["feature"]) as p:
        train, test = scratch_project.make_parts(p, window=step)
        return reads.prove(p, scratch_project.NAME, 0, {"train": train, "test": test})


def _score(step: Stage) -> float:
    correct = []
    for number in range(_SERIES):
        with scratch_project.project(_labelled(number), _DATASET, ["feature"]) as p:
            train, test = scratch_project.make_parts(p, window=step)
        predicted = baselines.fit(train)["logistic"](test).argmax(axis=1)
        correct.append(predicted == test.raw_targets()[:, 0])
    return float(np.mean(np.concatenate(correct)))


LABEL = Leak(
    name="label_among_inputs",
    about="One of three labels in each row, and a signal that hardly shows it. The label of a window's last row is "
    "predicted from rows up to it, and the column of labels is among them.",
    metric="accuracy",
    learner=f"logistic regression, {_SERIES} series",
    clean=windowing.window,
    leaky=label_among_inputs,
    prove=_prove,
    score=_score,
)
