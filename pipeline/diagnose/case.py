"""One experiment as the diagnosis sees it: its windows, its networks, its settings. The test part is never opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline import dataset
from pipeline.common import files
from pipeline.dataset import Part

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Subject:
    """What is diagnosed: the first fold, whose rows come before every row that any evaluation uses.

    Attributes:
        name: of the experiment.
        experiment: `dataset`, `architecture` and `training` as in params.yaml, complete.
        dataset: the settings of its dataset, complete.
        train: training windows.
        held: validation windows, None where there is no such part.
        models: trained network by seed.
        histories: what `train` recorded, by seed (docs/files.md).
    """

    name: str
    experiment: dict[str, Any]
    dataset: dict[str, Any]
    train: Part
    held: Part | None
    models: dict[int, keras.Model]
    histories: dict[int, dict[str, Any]]


def load(p: dict[str, Any], name: str) -> Subject:
    """Open what the stages made of an experiment.

    Args:
        p: params.yaml as `params.load` gives it.
        name: of the experiment.

    Raises:
        UserError: a model is not one that `train` wrote.
    """
    from pipeline.network import models

    experiment = p["experiments"][name]
    data, folder = experiment["dataset"], files.MODELS / name / "training"
    seeds = experiment["training"]["seeds"]
    return Subject(
        name,
        experiment,
        p["datasets"][data],
        dataset.load(data, 0, "train"),
        dataset.load(data, 0, "validation") if dataset.has(data, 0, "validation") else None,
        {seed: models.load(folder / f"fold0_seed{seed}.keras") for seed in seeds},
        {seed: files.read_json(folder / f"fold0_seed{seed}.json") for seed in seeds},
    )
