"""The proofs that train or predict, on each backend of a dataset's experiments."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from pipeline.common import backends as listed
from pipeline.common import files, params
from pipeline.leakage import networks
from pipeline.leakage.stage import leakage
from pipeline.network import backends
from tests.conftest import PROJECT, write_params
from tests.helpers.proofs import SEASON, prepared

# Like the other tests that need a network, so that they can share a process.
backends.prepare(threads=1, jit_compile=True)

TRAINED = ("perturbation_validation", "perturbation_test", "test_unopened", "state")


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Processes that find the project, and no backend of this one."""
    monkeypatch.setenv("PYTHONPATH", str(PROJECT))
    monkeypatch.delenv("KERAS_BACKEND", raising=False)


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
@pytest.mark.skipif(os.environ["KERAS_BACKEND"] != "tensorflow", reason="the process has another backend already")
def test_a_dataset_is_proved_once_on_each_backend_of_its_experiments(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = prepared(project)
    one = given["experiments"]["season_lstm"]
    given["experiments"]["on_jax"] = one | {"training": one["training"] | {"backend": "jax"}}
    write_params(project, given)
    p = params.load()
    listed.write(p)
    leakage(p, SEASON)
    proofs = files.read_json(files.LEAKAGE / f"{SEASON}.json")["proofs"]
    made = [(proof["name"], proof["backend"]) for proof in proofs if proof["backend"]]
    assert made == [(name, backend) for backend in ("tensorflow", "jax") for name in TRAINED]
    assert {proof["result"] for proof in proofs} == {"pass", "not_applicable"}
    assert [proof["name"] for proof in proofs].count("prefix") == 1


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")
def test_the_other_process_computes_on_the_backend_that_it_names(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared(project)
    broken = project / "broken/tensorflow"
    broken.mkdir(parents=True)
    (broken / "__init__.py").write_text("raise ImportError('TensorFlow was imported')\n", encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", f"{broken.parent}:{PROJECT}")
    alone = networks.prove_elsewhere(SEASON, "jax")
    assert [(proof.name, proof.backend, proof.result) for proof in alone] == [(name, "jax", "pass") for name in TRAINED]
    with pytest.raises(SystemExit):
        networks.prove_elsewhere(SEASON, "tensorflow")


@pytest.mark.usefixtures("elsewhere")
def test_a_process_that_fails_ends_this_one_with_its_code(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    prepared(project)
    with pytest.raises(SystemExit) as caught:
        networks.prove_elsewhere(SEASON, "theano")
    assert caught.value.code == 2
    assert "must be tensorflow or jax. Received: theano" in capfd.readouterr().err
