"""Facts of an experiment: measurements without a threshold, as dataclasses whose fields are the keys of the JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipeline.common.numbers import significant
from pipeline.diagnose.facts.compiled import Compiled
from pipeline.diagnose.facts.controls import Controls
from pipeline.diagnose.facts.course import Course
from pipeline.diagnose.facts.data import Data
from pipeline.diagnose.facts.network import Network
from pipeline.diagnose.facts.outcome import Outcome
from pipeline.diagnose.facts.references import References
from pipeline.diagnose.facts.typed import as_json, read
from pipeline.diagnose.facts.unseen import Unseen


@dataclass(frozen=True)
class Experiment:
    """The experiment as in params.yaml, complete."""

    name: str  # of the experiment
    options: list[str]  # names that its builder takes
    dataset: str  # name of its dataset
    architecture: dict[str, Any]  # its settings
    training: dict[str, Any]  # its settings
    compiled: Compiled | None = None  # of a network from a file; None for any other
    size: str | None = None  # of the parameters; None in older facts
    per_size: list[str] = field(default_factory=list)  # dotted paths in params.yaml of its values that are per size


@dataclass(frozen=True)
class Settings:
    """Settings of the dataset as in params.yaml, complete."""

    split: dict[str, Any]
    window: dict[str, Any]
    scaling: dict[str, Any]


@dataclass(frozen=True)
class Facts:
    """All facts of one experiment; `course` by seed."""

    experiment: Experiment
    settings: Settings
    data: Data
    references: References
    network: Network
    course: dict[str, Course]
    outcome: Outcome
    controls: Controls
    unseen: Unseen


def to_json(facts: Facts) -> dict[str, Any]:
    """Return the facts as JSON has them: five digits, and null for NaN and infinity."""
    return dict(significant(as_json(facts), 5))


def from_json(stored: dict[str, Any]) -> Facts:
    """Return the facts that `to_json` wrote, keys that are unknown here left out."""
    facts: Facts = read(Facts, stored)
    return facts
