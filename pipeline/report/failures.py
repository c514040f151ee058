"""Stages that failed in a run: whose they are, and why.

A failed stage leaves no result, and Snakemake does not start what needs one. The index is then written from what
there is, with a card for every experiment that waits for the failed stage.
"""

from __future__ import annotations

from typing import Any, NamedTuple

# Stages of a series, of a dataset, and of an experiment.
_OF_SERIES = ("raw",)
_OF_DATASET = ("split", "window", "scale", "baselines", "leakage")
_OF_EXPERIMENT = ("train", "predict", "evaluate", "diagnose", "page")


class Failure(NamedTuple):
    """A stage that failed.

    Attributes:
        stage: DVC's name of the stage, as `train@co2_lstm`.
        reason: The line that says why.
    """

    stage: str
    reason: str


def by_experiment(settings: dict[str, Any], failed: list[Failure]) -> dict[str, dict[str, str]]:
    """Return `stage` and `reason` of the first failure that each experiment waits for.

    Args:
        settings: Output of `params.load()`.
        failed: Stages that failed, in the order of their run.
    """
    result: dict[str, dict[str, str]] = {}
    for failure in failed:
        for name in _waiting(settings, failure.stage):
            result.setdefault(name, failure._asdict())
    return result


def of_none(settings: dict[str, Any], failed: list[Failure]) -> list[Failure]:
    """Return the failures that no experiment waits for: `leaks`, `calibrate`, `report`."""
    return [failure for failure in failed if not _waiting(settings, failure.stage)]


def _waiting(settings: dict[str, Any], stage: str) -> list[str]:
    kind, _, name = stage.partition("@")
    experiments, datasets = settings["experiments"], settings["datasets"]
    if kind in _OF_EXPERIMENT:
        return [name] if name in experiments else []
    if kind in _OF_DATASET:
        return [own for own, experiment in experiments.items() if experiment["dataset"] == name]
    if kind in _OF_SERIES:
        return [own for own, experiment in experiments.items() if datasets[experiment["dataset"]]["series"] == name]
    return []
