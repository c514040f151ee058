"""Reading pictures back: what a reader would read off the axes of an SVG; and a diagnosis with every fact."""

from __future__ import annotations

import copy
import re
from typing import Any
from xml.etree import ElementTree

import numpy as np

_SVG = "{http://www.w3.org/2000/svg}"
_TOKEN = re.compile(r"([Mlh])|(-?\d+)[ ]?(-?\d+)?")


def parse(svg: str) -> ElementTree.Element:
    """Parse a picture; the namespace is that of a page, which the element itself does not name."""
    return ElementTree.fromstring(svg)  # noqa: S314 - made by this project


def texts(svg: str) -> list[str]:
    """Return all visible texts."""
    return [each.text or "" for each in parse(svg).iter("text")]


def described(svg: str) -> tuple[str, str]:
    """Return the accessible name and the description, by the ids that the picture refers to."""
    root = parse(svg)
    by_id = {each.get("id"): each.text or "" for each in root.iter() if each.get("id")}
    return by_id[root.attrib["aria-labelledby"]], by_id[root.attrib["aria-describedby"]]


def drawn(svg: str, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the values of the line or dots with this name, read off the axes."""
    root = parse(svg)
    plot = next(each for each in root.iter("svg") if each.get("class") == "plot")
    _, _, wide, high = (float(number) for number in plot.attrib["viewBox"].split())
    paths = [each for each in plot.iter("path") if each.get("data-name") == name]
    assert paths, f"{name} is not drawn; there are {[each.get('data-name') for each in plot.iter('path')]}"
    at = _points(paths[0].attrib["d"])
    return _value(root.attrib["data-x"], at[:, 0] / wide), _value(root.attrib["data-y"], 1 - at[:, 1] / high)


def names(svg: str) -> list[str]:
    """Return the names of all lines and dots."""
    return [each.attrib["data-name"] for each in parse(svg).iter("path") if each.get("data-name")]


def boxes(svg: str) -> list[dict[str, float]]:
    """Return place and size of all rectangles."""
    kept = ("x", "y", "width", "height")
    return [{key: float(each.attrib[key]) for key in kept} for each in parse(svg).iter("rect")]


def _points(d: str) -> np.ndarray:
    found, mode, at = [], "", (0, 0)
    for letter, first, second in _TOKEN.findall(d):
        if letter:
            mode = letter
        elif mode == "M":
            at = (int(first), int(second))
            found.append(at)
        elif mode == "l":
            at = (at[0] + int(first), at[1] + int(second))
            found.append(at)
    return np.array(found, dtype=float).reshape(-1, 2)


def _value(scale: str, share: np.ndarray) -> np.ndarray:
    kind, low, high = scale.split()
    if kind == "log":
        ends = np.log10([float(low), float(high)])
        return np.asarray(10 ** (ends[0] + share * (ends[1] - ends[0])))
    return np.asarray(float(low) + share * (float(high) - float(low)))


def diagnosis() -> dict[str, Any]:
    """Return a diagnosis in which every fact that is drawn was measured."""
    return copy.deepcopy(_DIAGNOSIS)


def found(code: str, **evidence: Any) -> dict[str, Any]:
    """Return the diagnosis with one finding and its evidence."""
    made = diagnosis()
    made["findings"] = [{"code": code, "evidence": evidence}]
    return made


def _against(skill: float, low: float | None = None, high: float | None = None) -> dict[str, Any]:
    return {"skill": skill, "low": low, "high": high, "p_value": 0.01}


def _snapshot(steps: list[float], memory: int, saturated: float) -> dict[str, Any]:
    gradient = {"norm": 15.7, "first_to_last": 2.5, "steps": steps, "memory": memory}
    return {
        "loss": 0.2,
        "expected_loss": 0.03,
        "penalty": 0.6,
        "dead_output": 0.25,
        "gradient": gradient,
        "units": {"rnn_0": {"saturated": None}, "rnn_1": {"saturated": saturated}},
        "gates": {"rnn_1": {"saturated": 0.125}},
    }


def _predictions(skill: float, spread: float) -> dict[str, Any]:
    echo = {"corr_last": 0.9, "to_last": 0.2, "direction": 0.125}
    return {"finite": True, "constant_skill": skill, "spread": spread, "echo": echo, "echo_end": echo}


_INPUT = {"name": "load", "mean": 250.0, "std": 40.0, "constant": False, "largest": 400.0}
_FLAT = {"name": "flat", "mean": 1.0, "std": 0.0, "constant": True, "largest": 1.0}
_DIAGNOSIS: dict[str, Any] = {
    "experiment": "mine_lstm",
    "verdict": "behind",
    "findings": [],
    "facts": {
        "experiment": {
            "name": "mine_lstm",
            "options": [],
            "dataset": "mine",
            "architecture": {"name": "lstm"},
            "training": {"learning_rate": 0.001, "batch_size": 32, "seeds": [0, 1]},
        },
        "data": {
            "windows": {"train": 1000},
            "length": 4,
            "kind": None,
            "nonfinite": {
                "cells": 1,
                "targets": 0,
                "windows": 40,
                "row": 250,
                "column": "load",
                "window": 200,
                "batch": 6,
            },
            "inputs": [_INPUT, _FLAT],
            "target": {
                "mean": 0.5,
                "std": 0.25,
                "quantiles": {"0.01": -1.5, "0.99": 2.0},
                "kurtosis": 0.1,
                "unit_spread": 0.2,
            },
            "classes": {"shares": [0.75, 0.25], "entropy": 0.56},
            "shift": {"mean": 2.5, "outside": 0.74},
            "duplicates": {"share": 0.3, "conflicting": 0.1, "distinct": 90},
            "alignment": None,
            "state": {"declared": "posted", "continued": 0.125, "possible": True},
            "season": {"given": 24, "autocorrelation": 0.1, "visible": 7, "visible_autocorrelation": 0.8},
            "time": {"step": "1 hour", "holes": 100, "early": 50, "treated": "irregular", "rows": 1001},
            "persistence": 0.9,
        },
        "references": {"needed": 3, "longer": {"4": 0.2, "8": 0.5, "16": 0.55}},
        "network": {
            "weights": 100,
            "layers": [],
            "head": {"activation": "sigmoid", "units": 1, "low": 0.0, "high": 1.0},
            "loss": "mean_squared_error",
            "output_shape": [4, 1],
            "target_shape": [4, 1],
            "dropout": 0.0,
            "masking": {"value": 0.0, "share": 0.6, "inside": 0.2, "windows": 0.0},
            "initial": _snapshot([0.5, 0.6, 0.7, 0.8], 4, 0.25),
            "trained": {
                "0": _snapshot([1e-6, 1e-4, 0.01, 1.0], 2, 0.75),
                "1": _snapshot([1e-5, 1e-3, 0.1, 1.0], 3, 0.5),
            },
        },
        "course": {
            seed: {
                "updates": 200,
                "nonfinite": None,
                "weights_finite": True,
                "penalty_share": share,
                "late_fall": 0.1,
                "update_ratio": {"rnn_1": {"median": 1e-4}},
            }
            for seed, share in (("0", 0.9), ("1", 0.8))
        },
        "outcome": {
            "seeds": {
                "0": {"train": _predictions(0.5, 0.04), "held": _predictions(0.3, 0.06)},
                "1": {"train": _predictions(0.4, 0.08), "held": None},
            }
        },
        "controls": {
            "memorise": {
                "rates": {
                    "0.1": {"ratio": 0.9, "floor": 1.0, "spread": 0.1, "finite": True},
                    "1": {"ratio": 0.5, "floor": 0.6, "spread": 0.5, "finite": True},
                    "10": {"ratio": 0.1, "floor": 0.2, "spread": 0.9, "finite": True},
                    "100": {"ratio": None, "floor": None, "spread": None, "finite": False},
                }
            },
            "real": {"skill": 0.4, "steps": 37},
            "zeroed": {"skill": 0.01, "steps": 37},
            "shuffled": {"skill": -11.1, "steps": 37},
            "planted": {"strength": 0.8, "share": 0.5, "steps": 90, "kind": "last_rows"},
        },
        "unseen": {
            "part": "validation",
            "classes": None,
            "folds": 1,
            "windows": 591,
            "naive": {"name": "seasonal_naive", "against_constant": _against(0.6, 0.4, 0.7), "unit_root": None},
            "linear": _against(0.52, 0.44, 0.58),
            "trees": _against(0.48, 0.41, 0.55),
            "networks": {
                "against_constant": _against(0.16, 0.12, 0.19),
                "against_naive": _against(-1.03, -1.76, -0.48),
                "against_linear": _against(-3.0),
                "against_trees": _against(-2.9),
                "unanswered": 0.0,
            },
            "train_skill": 0.7,
            "train_windows": 512,
        },
    },
}
