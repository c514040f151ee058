"""dvc.yaml as DVC resolves it: who reads and writes which files."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.conftest import PROJECT
from workflow import checks

STAGES: dict[str, Any] = yaml.safe_load((PROJECT / "dvc.yaml").read_text(encoding="utf-8"))["stages"]


@pytest.fixture(scope="module")
def resolved() -> dict[str, tuple[list[str], list[str]]]:
    """Dependencies and outputs of every stage, as DVC resolves them."""
    from dvc.repo import Repo

    with Repo(str(PROJECT)) as repo:
        return {
            stage.addressing.split(":")[-1]: (
                [dep.def_path for dep in stage.deps if not hasattr(dep, "params")],
                [out.def_path for out in stage.outs],
            )
            for stage in repo.index.stages
            if getattr(stage, "name", None)
        }


def test_raw_alone_writes_raw_rows_and_no_stage_writes_files_of_the_users(
    resolved: dict[str, tuple[list[str], list[str]]],
) -> None:
    outs = [(stage.split("@")[0], out) for stage, (_, outs) in resolved.items() for out in outs]
    assert len({out for _, out in outs}) == len(outs)
    assert {kind for kind, out in outs if f"{out}/".startswith("data/raw/")} == {"raw"}
    assert not [out for _, out in outs if f"{out}/".startswith("data/own/") or out in ("data", ".")]


def test_no_stage_reads_test_rows_before_predict(resolved: dict[str, tuple[list[str], list[str]]]) -> None:
    assert any(dep.startswith("data/test/") for dep in resolved["predict@co2_lstm"][0])
    assert checks.reads_test_rows_too_early(resolved) is None


@pytest.mark.parametrize(
    ("stage", "dep"),
    [
        ("train@co2_lstm", "data/test/co2_weekly"),
        ("train@co2_lstm", "data/test"),
        ("train@co2_lstm", "data/raw/co2"),
        ("train@co2_lstm", "data/own/mine.csv"),
        ("train@co2_lstm", "data"),
        ("scale@co2_weekly", "data/raw/co2"),
        ("window@co2_weekly", "data/test/co2_weekly"),
    ],
)
def test_a_stage_that_reads_test_rows_too_early_is_found(
    resolved: dict[str, tuple[list[str], list[str]]], stage: str, dep: str
) -> None:
    deps, outs = resolved[stage]
    assert checks.reads_test_rows_too_early(resolved | {stage: ([*deps, dep], outs)}) == (stage, dep)


def test_what_is_made_from_test_rows_must_not_come_before_predict_either(
    resolved: dict[str, tuple[list[str], list[str]]],
) -> None:
    deps, outs = resolved["train@co2_lstm"]
    found = checks.reads_test_rows_too_early(
        resolved | {"train@co2_lstm": ([*deps, "reports/evaluation/deep_rnn.json"], outs)}
    )
    assert found
    assert found[0] in ("evaluate@deep_rnn", "predict@deep_rnn")
    diagnose = (["models/co2_lstm/training", "data/split/co2_weekly"], ["reports/diagnosis/co2_lstm.json"])
    assert checks.reads_test_rows_too_early(resolved | {"diagnose@co2_lstm": diagnose}) is None
    for made in ("models/co2_lstm/predictions", "models/co2_lstm/predictions/fold0/test.parquet"):
        told = ([*diagnose[0], made], diagnose[1])
        found = checks.reads_test_rows_too_early(resolved | {"diagnose@co2_lstm": told})
        assert found == ("predict@co2_lstm", "data/test/co2_weekly")


@pytest.mark.parametrize("kind", STAGES)
def test_a_stage_that_depends_on_the_size_names_it_in_its_command(kind: str) -> None:
    """DVC's run cache overlooks a parameter of that name: it would give back the results of the other size."""
    stage = STAGES[kind].get("do", STAGES[kind])
    assert ("size" in stage.get("params", [])) == ("${size}" in stage["cmd"])


def test_no_stage_names_a_setting_that_may_be_left_out() -> None:
    """DVC fails where a key that a stage names is not in params.yaml, though the schema has a default for it."""
    schema = yaml.safe_load((PROJECT / "pipeline/common/params.schema.yaml").read_text(encoding="utf-8"))
    required = {level: set(schema["$defs"][level[:-1]]["required"]) for level in ("datasets", "experiments")}
    named = set()
    for stage in STAGES.values():
        for param in stage.get("do", stage).get("params", []):
            parts = param.split(".") if isinstance(param, str) else []
            if parts[0:1] and parts[0] in required and len(parts) > 2:
                # The key after `${key}` or `${item.dataset}`, which has a point of its own.
                named.add((parts[0], parts[-1]))
    assert ("experiments", "training") in named
    assert not [(level, key) for level, key in named if not key.endswith("}") and key not in required[level]]
