"""Settings of an experiment and its dataset as params.yaml writes them, and changes of them."""

from __future__ import annotations

import copy
import json
from typing import Any, NamedTuple

from pipeline.common.params import SIZES
from pipeline.common.training import enough_seeds

# Keys of an experiment that no training depends on.
_LABELS = ("dataset", "post", "published")


class Change(NamedTuple):
    """Settings to change, and why."""

    reasons: tuple[str, ...]  # codes of findings, or `next` for the verdict's next step
    values: dict[str, Any]  # by dotted path below `experiment.` or `dataset.`


class Settings(NamedTuple):
    """An experiment and its dataset, sizes not resolved."""

    experiment: dict[str, Any]
    dataset: dict[str, Any]


def of(raw: dict[str, Any], name: str) -> Settings:
    """Return the settings of an experiment of params.yaml."""
    experiment = raw["experiments"][name]
    return Settings(experiment, raw["datasets"][experiment["dataset"]])


def changed(settings: Settings, values: dict[str, Any], size: str) -> Settings:
    """Return new settings with these values; where a value is given per size, that of `size` alone is replaced."""
    result: Any = copy.deepcopy(settings._asdict())
    for path, value in values.items():
        result = _set(result, path.split("."), copy.deepcopy(value), size)
    return Settings(**result)


def _set(node: Any, keys: list[str], value: Any, size: str) -> Any:
    if isinstance(node, dict) and node and set(node) <= set(SIZES):
        return node | {size: _set(node.get(size), keys, value, size)}
    if not keys:
        return value
    first, *rest = keys
    below = node if isinstance(node, dict) else {}
    return below | {first: _set(below.get(first), rest, value, size)}


def with_seeds(settings: Settings, resolved: list[int], size: str) -> Settings:
    """Return the settings with enough seeds for a comparison, as `make fix` writes them.

    Args:
        settings: of the experiment.
        resolved: its seeds at this size.
        size: `quick` or `full`.
    """
    seeds = enough_seeds(resolved)
    return changed(settings, {"experiment.training.seeds": seeds}, size) if seeds != resolved else settings


def key(loaded: dict[str, Any], name: str) -> str:
    """Return a text that is equal for experiments with equal settings.

    Args:
        loaded: params.yaml as `params.load` gives it.
        name: of the experiment.
    """
    experiment = loaded["experiments"][name]
    own = {each: value for each, value in experiment.items() if each not in _LABELS}
    return json.dumps([own, loaded["datasets"][experiment["dataset"]]], sort_keys=True)


def changes(diagnosis: dict[str, Any]) -> tuple[list[Change], list[str]]:
    """Return the changes that a diagnosis proposes.

    They are those of the findings in their order, then that of the verdict's next step, then those of all causes at
    once: a dead output and a rate that is too low hide each other, and neither change alone shows an effect.

    Args:
        diagnosis: content of `reports/diagnosis/NAME.json`.

    Returns:
        The changes, and the parameters that a finding names but that no candidate may change: those of a series are
        what the forecasts are compared with.
    """
    single, causes, left = [], [], []
    for finding in diagnosis["findings"]:
        values, others = _own((finding.get("remedy") or {}).get("set") or {}, diagnosis)
        left += others
        if values:
            single.append(Change((finding["code"],), values))
            causes += [single[-1]] if finding["weight"] == "cause" else []
    values, others = _own((diagnosis.get("next") or {}).get("set") or {}, diagnosis)
    left += others
    if values and values not in [change.values for change in single]:
        single.append(Change(("next",), values))
    if len(causes) > 1:
        together: dict[str, Any] = {}
        for change in causes:  # the first cause is worth most
            together = change.values | together
        single.append(Change(tuple(code for change in causes for code in change.reasons), together))
    return single, list(dict.fromkeys(left))


def _own(given: dict[str, Any], diagnosis: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Split parameters into those of this experiment and its dataset, and the names of the others."""
    prefixes = {
        f"experiments.{diagnosis['experiment']}.": "experiment.",
        f"datasets.{diagnosis['facts']['experiment']['dataset']}.": "dataset.",
    }
    values, others = {}, []
    for path, value in given.items():
        prefix = next((each for each in prefixes if path.startswith(each)), None)
        if prefix is None:
            others.append(path)
        else:
            values[prefixes[prefix] + path.removeprefix(prefix)] = value
    return values, others
