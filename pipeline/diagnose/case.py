"""Windows, networks and settings of the experiment that is diagnosed. The test part is never opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pipeline import dataset
from pipeline.common import files
from pipeline.dataset import Part

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class DiagnosedRun:
    """The trainings on the first fold, whose rows come before every row that any evaluation uses.

    Attributes:
        name: of the experiment.
        experiment: its complete settings `dataset`, `architecture` and `training`.
        dataset: complete settings of its dataset.
        train: training windows.
        validation: validation windows, None where there is no such part.
        models: trained networks by seed.
        histories: records of their trainings by seed (docs/files.md).
    """

    name: str
    experiment: dict[str, Any]
    dataset: dict[str, Any]
    train: Part
    validation: Part | None
    models: dict[int, keras.Model]
    histories: dict[int, dict[str, Any]]


def load(p: dict[str, Any], name: str) -> DiagnosedRun:
    """Open the windows, networks and records of an experiment.

    Args:
        p: params.yaml as `params.load` gives it.
        name: of the experiment.

    Raises:
        UserError: a model file was not written by `train`.
    """
    from pipeline.network import models

    experiment = p["experiments"][name]
    data, folder = experiment["dataset"], files.MODELS / name / "training"
    seeds = experiment["training"]["seeds"]
    return DiagnosedRun(
        name,
        experiment,
        p["datasets"][data],
        dataset.load(data, 0, "train"),
        dataset.load(data, 0, "validation") if dataset.has(data, 0, "validation") else None,
        {seed: models.load(folder / f"fold0_seed{seed}.keras") for seed in seeds},
        {seed: files.read_json(folder / f"fold0_seed{seed}.json") for seed in seeds},
    )
