"""The diagnosis of each network that ships: it also fits those without recurrence, gates or `units`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from pipeline.common import files, params
from pipeline.dataset import scaling, splitting, windowing
from pipeline.diagnose import verdict
from pipeline.diagnose.stage import diagnose
from pipeline.network import backends, training
from pipeline.series import reading
from tests.conftest import tiny_params, write_params
from tests.helpers.parts import make_part
from tests.helpers.trainings import TRAINING

backends.prepare(threads=1, jit_compile=True)

from pipeline.diagnose.facts import network  # noqa: E402 - the backend is prepared before

SMALL = {
    "gru": {"units": [4]},
    "bidirectional": {"units": [3]},
    "tcn": {"units": [4, 4]},
    "attention": {"units": [8], "width": 8, "heads": 2},
    "nlinear": {},
    "dlinear": {"kernel": 3},
}
GATED = ("gru", "bidirectional")


@pytest.mark.parametrize("kind", ["value", "sign"])
@pytest.mark.parametrize("name", SMALL)
def test_layers_and_gates_are_measured(name: str, kind: str) -> None:
    architecture = {"name": name, "head": "linear" if kind == "value" else "sigmoid"} | SMALL[name]
    part = make_part(np.random.default_rng(0).normal(size=80), length=12, kind=kind)
    made = {0: training.build(part, architecture, TRAINING, 0)}
    facts = network.facts(part, {"architecture": architecture, "training": TRAINING}, made)
    assert facts.weights == made[0].count_params()
    assert facts.head.activation == architecture["head"]
    assert any(layer.recurrent for layer in facts.layers) == (name in GATED)
    snapshot = facts.trained["0"]
    assert bool(snapshot.gates) == (name in GATED)
    assert snapshot.gradient is not None
    assert snapshot.gradient.norm is not None
    assert snapshot.gradient.norm > 0
    assert snapshot.gradient.memory is not None
    assert 1 <= snapshot.gradient.memory <= 12


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in ("attention", "dlinear") else pytest.mark.slow) for name in SMALL]
)
def test_an_experiment_is_diagnosed(name: str, project: Path) -> None:
    small = tiny_params()
    small["experiments"] = {"one": small["experiments"]["season_lstm"] | {"architecture": {"name": name} | SMALL[name]}}
    small["datasets"] = {"season_windows": small["datasets"]["season_windows"]}
    small["datasets"]["season_windows"]["window"] = {"length": 12, "horizon": 2}
    small["experiments"]["one"]["training"] |= {"epochs": 2, "seeds": [0]}
    small["series"] = {"season": small["series"]["season"]}
    write_params(project, small)
    p = params.load()
    reading.raw(p, "season")
    for stage in (splitting.split, windowing.window, scaling.scale):
        stage(p, "season_windows")
    training.train(p, "one")
    diagnose(p, "one")
    found = files.read_json(files.DIAGNOSIS / "one.json")
    assert found["verdict"] in verdict.VERDICTS
    assert found["reasons"]
    codes = {finding["code"] for finding in found["findings"]}
    if name not in GATED:
        assert not codes & {"unbounded_recurrent_activation"}
