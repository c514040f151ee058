"""data/backends.json: which backends the experiments of each dataset use."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipeline import backends as stage
from pipeline.common import backends, files, params
from tests.conftest import tiny_params, write_params


def using(*chosen: tuple[str, str]) -> dict[str, Any]:
    names = {"a": {}, "b": {}, "c": {}}
    made = {f"net{i}": {"dataset": name, "training": {"backend": own}} for i, (name, own) in enumerate(chosen)}
    return {"datasets": names, "experiments": made}


def test_each_backend_stands_once_whatever_the_order_of_the_experiments() -> None:
    chosen = [("b", "tensorflow"), ("a", "jax"), ("b", "jax"), ("b", "tensorflow")]
    expected = {"a": ["jax"], "b": ["jax", "tensorflow"], "c": []}
    assert backends.of_datasets(using(*chosen)) == expected
    assert backends.of_datasets(using(*reversed(chosen))) == expected
    assert list(backends.of_datasets(using(*chosen))) == ["a", "b", "c"]


def test_the_stage_writes_what_a_proof_reads(project: Path) -> None:
    given = tiny_params()
    one = given["experiments"]["season_lstm"]
    one["training"] = one["training"] | {"backend": "jax"}  # the other experiment's are the same object
    write_params(project, given)
    stage.main([])
    assert files.read_json(files.BACKENDS) == backends.table(params.load())
    assert backends.read("season_windows") == ["jax"]
    assert backends.read("sign_windows") == ["tensorflow"]
