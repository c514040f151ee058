"""Windows, networks and settings of the experiment that is diagnosed. The test part is never opened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pipeline import dataset
from pipeline.common import files
from pipeline.dataset import Part

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class TrainedFold:
    """Windows and networks of one fold."""

    train: Part  # training windows
    validation: Part | None  # None where there is no such part
    models: dict[int, keras.Model]  # trained networks by seed
    histories: dict[int, dict[str, Any]]  # records of their trainings by seed (docs/files.md)


@dataclass(frozen=True)
class DiagnosedRun:
    """An experiment as its stages left it.

    The verdict is about all folds; the first one, whose rows come before every row that any evaluation uses, stands
    for the others in all other facts.

    Attributes:
        name: of the experiment.
        experiment: its complete settings `dataset`, `architecture` and `training`.
        dataset: complete settings of its dataset.
        folds: at least one.
        budget: processor seconds that a second training may take (`diagnosis.second_training` in params.yaml).
        split: split.json of its dataset (docs/files.md): the season and the steps in time.
    """

    name: str
    experiment: dict[str, Any]
    dataset: dict[str, Any]
    folds: list[TrainedFold]
    budget: float
    split: dict[str, Any] = field(default_factory=dict)

    @property
    def train(self) -> Part:
        """Training windows of the first fold."""
        return self.folds[0].train

    @property
    def validation(self) -> Part | None:
        """Validation windows of the first fold."""
        return self.folds[0].validation

    @property
    def models(self) -> dict[int, keras.Model]:
        """Trained networks of the first fold by seed."""
        return self.folds[0].models

    @property
    def histories(self) -> dict[int, dict[str, Any]]:
        """Records of the first fold's trainings by seed."""
        return self.folds[0].histories


def load(p: dict[str, Any], name: str) -> DiagnosedRun:
    """Open the windows, networks and records of an experiment.

    Args:
        p: params.yaml as `params.load` gives it.
        name: of the experiment.

    Raises:
        UserError: a model file was not written by `train`.
    """
    experiment = p["experiments"][name]
    data = experiment["dataset"]
    folds = [_fold(name, experiment, k) for k in range(dataset.folds(data))]
    split = files.read_json(files.SPLIT / data / "split.json")
    return DiagnosedRun(name, experiment, p["datasets"][data], folds, p["diagnosis"]["second_training"], split)


def _fold(name: str, experiment: dict[str, Any], k: int) -> TrainedFold:
    from pipeline.network import models

    data, folder = experiment["dataset"], files.MODELS / name / "training"
    seeds = experiment["training"]["seeds"]
    return TrainedFold(
        dataset.load(data, k, "train"),
        dataset.load(data, k, "validation") if dataset.has(data, k, "validation") else None,
        {seed: models.load(folder / f"fold{k}_seed{seed}.keras") for seed in seeds},
        {seed: files.read_json(folder / f"fold{k}_seed{seed}.json") for seed in seeds},
    )
