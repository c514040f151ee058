"""Sides and revisions of the comparison, made up for its tests."""

from __future__ import annotations

import functools
from typing import Any

import yaml

from tests.helpers.reports import diagnosed, made_up, stored
from workflow.compare.revisions import REVISION, Revision, Side

SETTINGS: dict[str, Any] = {
    "experiment": {"dataset": "d", "training": {"learning_rate": 0.001, "seeds": [0, 1], "loss": None}},
    "dataset": {"series": "s", "scaling": {"target": "standard"}},
    "series": {"rows": 10},
    "size": "quick",
}


def side(revision: str, factor: float = 1.0, rows: int = 120, first: int = 0, **changed: Any) -> Side:
    """Return an evaluated experiment with `factor` times the usual losses; `changed` are settings, as `a__b__c`."""
    settings: dict[str, Any] = yaml.safe_load(yaml.safe_dump(SETTINGS))
    for path, value in changed.items():
        *above, last = path.split("__")
        functools.reduce(lambda node, key: node[key], above, settings)[last] = value
    evaluation = made_up("x", oracle=False)
    evaluation["settings"] = {key: settings[key] for key in ("experiment", "dataset", "series")}
    return Side(
        revision=revision,
        declared=settings,
        evaluation=evaluation,
        losses=stored("x", factor=factor, rows=rows, first=first),
        diagnosis=diagnosed("x"),
        sources={"train": {"pipeline/train.py": "1"}},
    )


def revision(name: str, hashes: dict[str, str], rate: float = 0.001, settings: bool = True, **more: Any) -> Revision:
    raw = {
        "experiments": {"x": {"dataset": "d", "rate": rate}},
        "datasets": {"d": {"series": "s"}},
        "series": {"s": {}},
        "size": "quick",
    }
    outs = [{"path": path, "md5": value} for path, value in hashes.items()]

    def unread(path: str, expected: str) -> bytes:
        raise AssertionError(path)

    return Revision(
        name, REVISION, "0123456", raw, raw if settings else None, {"evaluate@x": {"outs": outs, **more}}, unread
    )
