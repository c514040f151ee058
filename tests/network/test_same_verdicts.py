"""Both backends give the same verdict, where one does not depend on luck."""

from __future__ import annotations

import importlib.util
import inspect
import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from benchmarks import scratch
from tests.conftest import PROJECT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed"),
]
PARAMS = yaml.safe_load((PROJECT / "params.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", PARAMS["experiments"])
def test_the_verdict_is_the_same_where_two_seeds_on_tensorflow_agree(name: str, tmp_path: Path) -> None:
    experiment = PARAMS["experiments"][name]
    if _dropout(experiment["architecture"]):
        pytest.skip("its masks differ between the backends")
    seeds = {"first": ("tensorflow", 0), "second": ("tensorflow", 1), "other": ("jax", 0)}
    params = PARAMS | {
        "experiments": {
            key: experiment | {"training": experiment["training"] | {"backend": backend, "seeds": [seed]}}
            for key, (backend, seed) in seeds.items()
        }
    }
    scratch.prepare(tmp_path, params)
    scratch.make_data(tmp_path, experiment["dataset"])
    one, two = (_verdict(tmp_path, key) for key in ("first", "second"))
    if one != two:
        pytest.skip(f"the seeds on TensorFlow disagree: {one}, {two}")
    assert _verdict(tmp_path, "other") == one


def _verdict(folder: Path, key: str) -> str:
    for stage in ("train", "diagnose"):
        scratch.run(folder, f"pipeline.{stage}", key, without=("KERAS_BACKEND",))
    return str(json.loads((folder / f"reports/diagnosis/{key}.json").read_text(encoding="utf-8"))["verdict"])


def _dropout(architecture: dict[str, Any]) -> bool:
    """Return whether a network has dropout, by its options and their defaults."""
    options = inspect.signature(import_module(f"pipeline.architectures.{architecture['name']}").build).parameters
    given = {key: architecture.get(key, options[key].default) for key in options if "dropout" in key}
    return any(given.values())
