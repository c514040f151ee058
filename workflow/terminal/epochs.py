"""Where a running training is, from the learning curve that it writes after every epoch."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any, NamedTuple

from pipeline.common import files, plots


class Epoch(NamedTuple):
    """The last epoch that a training has done."""

    training: int  # which of the trainings, from 1
    trainings: int
    epoch: int
    epochs: int

    @property
    def share(self) -> float:
        """The share of all epochs of all trainings that are done."""
        return ((self.training - 1) * self.epochs + self.epoch) / (self.trainings * self.epochs)

    def __str__(self) -> str:
        which = f"training {self.training} of {self.trainings}, " if self.trainings > 1 else ""
        return f"{which}epoch {self.epoch} of {self.epochs}"


def current(name: str, experiment: dict[str, Any], dataset: str) -> Epoch | None:
    """Return the last epoch of the running training of experiment `name`; None before the first one's end."""
    try:
        rows = list(csv.DictReader(plots.path("learning", name).read_text(encoding="utf-8").splitlines()))
        done = [(row["fold"], row["seed"], int(row["epoch"])) for row in rows if row["part"] == "train"]
    except (OSError, KeyError, TypeError, ValueError):
        return None
    if not done:
        return None
    training = experiment["training"]
    trainings = len({(fold, seed) for fold, seed, _ in done})
    return Epoch(trainings, max(_folds(dataset) * len(training["seeds"]), trainings), done[-1][2], training["epochs"])


def _folds(dataset: str) -> int:
    return max(len(list(Path(files.SPLIT / dataset).glob("fold*"))), 1)
