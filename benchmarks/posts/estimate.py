"""What an experiment takes: minutes, memory, disk, and as many epochs as fit a limit of minutes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from benchmarks.posts.cases import Case
from benchmarks.posts.speed import Speed
from pipeline.common.costs import Cost
from workflow import resources

# Windows that a diagnosis trains on again, and predictions, whose cost is about a third of a training's.
_SECOND, _PREDICTED = 0.9, 1 / 3
_STAGES = ("baselines", "predict", "evaluate", "diagnose")
# Times that the reference models of a diagnosis hold the training windows as float64: 3.8 GB for 123707.
_COPIES = 10
# Seconds of these stages for an experiment without costs.
_OTHERS = 120.0


@dataclass(frozen=True)
class Estimate:
    """What one experiment takes.

    Attributes:
        epochs: of the training; fewer than posted where they do not fit.
        posted: epochs of the post.
        minutes: of all stages after the data.
        megabytes: of memory.
        disk: megabytes of the folder.
        device: that trains, as `Speed.device`.
    """

    epochs: int
    posted: int
    minutes: float
    megabytes: int
    disk: int
    device: str = ""

    def line(self, case: Case, speed: Speed) -> str:
        """Return the line that is printed before anything is trained."""
        of = "" if self.epochs == self.posted else f"of {self.posted:,} "
        return (
            f"{case.name} ({case.post}): about {self.minutes:.0f} min, {self.megabytes:,} MB of memory, "
            f"{self.disk:,} MB of disk; {self.epochs:,} {of}epochs of {speed.windows:,} windows, "
            f"{speed.per_second:,.0f} windows a second on {self.device or case.training['backend']}"
        )


def estimate(case: Case, speed: Speed, limit: float, folder: Path, costs: dict[str, Cost] | None = None) -> Estimate:
    """Estimate one experiment.

    Args:
        case: the experiment.
        speed: as measured.
        limit: minutes that it may take.
        folder: of the case, with its data.
        costs: measured costs by stage, at quick size; those that the project knows by default.
    """
    known = resources.measured("quick") if costs is None else costs
    own = [known[stage] for stage in _of(case) if stage in known]
    others = sum(cost.seconds for cost in own) if own else _OTHERS
    posted = int(case.training["epochs"])

    def minutes(epochs: int) -> float:
        return (epochs * _per_epoch(case, speed) + _prediction(case, speed) + others) / 60

    fitting = posted
    if minutes(posted) > limit:
        fitting = _round_down((limit * 60 - others - _prediction(case, speed)) / _per_epoch(case, speed))
    references = _COPIES * speed.windows * speed.numbers * 8 / 2**20
    peak = max([speed.megabytes, *(cost.megabytes for cost in own)]) + references
    return Estimate(
        epochs=fitting,
        posted=posted,
        minutes=minutes(fitting),
        megabytes=resources.megabytes("diagnose", Cost(0, peak, case.params["size"])),
        disk=_disk(folder),
        device=speed.device,
    )


def _disk(folder: Path) -> int:
    """Return the megabytes of a case's data, and some for what is made of them."""
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return math.ceil(1.1 * size / 2**20) + 10


def _of(case: Case) -> list[str]:
    return [f"{stage}@{case.dataset if stage == 'baselines' else case.name}" for stage in _STAGES]


def _per_epoch(case: Case, speed: Speed) -> float:
    """Seconds of one epoch of every training: each seed, and the diagnosis' own one without a validation part."""
    trainings = len(case.training["seeds"]) + (0.0 if speed.validated else _SECOND)
    return trainings * speed.windows / speed.per_second


def _prediction(case: Case, speed: Speed) -> float:
    return _PREDICTED * len(case.training["seeds"]) * speed.windows / speed.per_second


def _round_down(epochs: float) -> int:
    """Return two leading digits, so that the number hardly depends on how fast the machine was; at least 1."""
    digits = 10 ** max(len(str(int(epochs))) - 2, 0)
    return max(int(epochs) // digits * digits, 1)
