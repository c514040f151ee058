"""The stage writes every proof of every fold; a failed proof does not fail it."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.leakage import perturbation, state, training
from pipeline.leakage.__main__ import main
from pipeline.leakage.stage import leakage
from pipeline.network import backends
from tests.conftest import PROJECT
from tests.helpers.proofs import CHEAP, SEASON, SIGN, SLIDING, prepared

# Like the other tests that need a network, so that they can share a process.
backends.prepare(threads=1, jit_compile=True)


NAMES = [
    "intervals",
    "reads",
    "stored_files",
    "perturbation_validation",
    "perturbation_test",
    "test_unopened",
    "prefix",
    "history",
    "duplicates",
    "state",
]

# Those that train or predict.
TRAINED = ("perturbation_validation", "perturbation_test", "test_unopened", "state")


def without_networks(monkeypatch: pytest.MonkeyPatch, result: str) -> None:
    monkeypatch.setattr(training, "fit", lambda *_: pytest.fail("trained"))
    independence = {"state": "none", "windows": 3, "difference": None, "tolerance": 0.1, "result": result}
    monkeypatch.setattr(state, "prove", lambda p, name, fold: state.judge(independence, fold))
    for function in (perturbation.reference, perturbation.check, perturbation.check_test):
        monkeypatch.setattr(function, "__defaults__", (CHEAP, None))


def test_the_stage_looks_at_every_fold(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    p = prepared(project, split=SLIDING)
    without_networks(monkeypatch, "pass")
    leakage(p, SEASON)
    proofs = files.read_json(files.LEAKAGE / f"{SEASON}.json")["proofs"]
    expected = [(fold, name) for fold in range(3) for name in NAMES]
    assert [(proof["fold"], proof["name"]) for proof in proofs] == [*expected, (None, "prepare")]
    assert [proof["result"] for proof in proofs] == ["pass"] * len(expected) + ["not_applicable"]


def test_the_stage_writes_every_proof_of_a_dataset(project: Path) -> None:
    p = prepared(project)
    backend = os.environ["KERAS_BACKEND"]  # of this process; test_jax.py runs this test on JAX
    with contextlib.redirect_stdout(None):
        main([SEASON]) if backend == "tensorflow" else leakage(p, SEASON, [backend])
    report = files.read_json(files.LEAKAGE / f"{SEASON}.json")
    assert report["dataset"] == SEASON
    assert report["read"] == {"series": "season", **files.read_json(files.RAW / "season" / "series.json")["source"]}
    assert [proof["name"] for proof in report["proofs"]] == [*NAMES, "prepare"]
    for proof in report["proofs"][:-1]:
        assert proof["result"] == "pass", proof
        assert set(proof) == {"name", "fold", "result", "compared", "found", "about", "backend"}
        assert proof["backend"] == (backend if proof["name"] in TRAINED else None)
        assert proof["fold"] == 0
        assert all(
            isinstance(count, int) and count > 0 for key, count in proof["compared"].items() if "pairs" not in key
        )
    assert report["proofs"][0]["compared"] == {"windows": 268 + 48 + 48, "rows": 400}
    assert (
        report["proofs"][4]["compared"]["artefacts"] == 13
    )  # with the season, both trainings' weights, and the losses watched


def test_a_failed_proof_does_not_fail_the_stage(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    p = prepared(project, SIGN)
    path = files.WINDOWS / SIGN / "fold0/train.parquet"
    table = files.read_table(path)
    table["start"] = table["start"] + 1
    files.write_table(path, table)
    without_networks(monkeypatch, "fail")
    main([SIGN])
    results = {proof["name"]: proof["result"] for proof in files.read_json(files.LEAKAGE / f"{SIGN}.json")["proofs"]}
    assert results == {
        "intervals": "fail",
        "reads": "pass",
        "stored_files": "fail",
        "perturbation_test": "pass",
        "test_unopened": "pass",
        "prefix": "pass",
        "history": "pass",
        "holdout": "pass",
        "duplicates": "pass",
        "state": "fail",
        "prepare": "not_applicable",
    }
    assert p["datasets"][SIGN]["split"]["validation"] == 0


def test_only_a_training_imports_a_network_library() -> None:
    code = "import sys, pipeline.leakage; sys.exit(int('keras' in sys.modules or 'tensorflow' in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=False).returncode == 0


def test_a_dataset_that_does_not_exist(project: Path) -> None:
    with pytest.raises(UserError, match=r"must be in params\.yaml"):
        main(["nothing"])
