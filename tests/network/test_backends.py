"""Both backends: every setting of a training, every architecture, and the same histories from the same weights."""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest
import yaml

from pipeline.common.errors import UserError
from pipeline.network import backends
from tests.conftest import PROJECT, tiny_params, write_params
from tests.helpers.on_backend import histories
from tests.helpers.trainings import TRAINING

pytestmark = pytest.mark.skipif(importlib.util.find_spec("jax") is None, reason="JAX is not installed")

LSTM = {"name": "lstm", "units": [3], "head": "linear"}
SIGN = {"name": "lstm", "units": [3], "head": "sigmoid"}
PLAIN = TRAINING | {"learning_rate": 0.01, "optimizer": "adam", "epochs": 3}
STOPPING = {"monitor": "val_loss", "patience": 0, "min_delta": 0.0, "restore_best": True}
PLATEAU = {"patience": 0, "factor": 0.5, "minimum": 0.0, "min_delta": 0.1}
SCHEDULE = {"schedule": "cosine", "rate": 0.01, "warmup": 0.5, "final": 0.1}
PIECES = {"schedule": "piecewise", "rate": 0.01, "warmup": 0, "boundaries": [1, 2], "factors": [0.1, 0.01]}
# What each case changes in `PLAIN`; together all keys of a training.
SETTINGS = {
    "adam": {"optimizer": "adam", "shuffle": True, "batch_size": 8, "clipnorm": 0.05, "learning_rate": SCHEDULE},
    "adamw": {"optimizer": "adamw", "weight_decay": 0.1, "global_clipnorm": 0.05, "threads": 2},
    "nadam": {"optimizer": "nadam", "clipvalue": 0.01, "loss": {"name": "huber", "delta": 0.5}, "batch_size": 64},
    "rmsprop": {"optimizer": "rmsprop", "momentum": 0.5, "learning_rate": PIECES, "jit_compile": True},
    "sgd": {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "steps_per_execution": 2},
    "watched": {"early_stopping": STOPPING, "epochs": 6, "reduce_on_plateau": PLATEAU, "learning_rate": 0.1},
    "classes": {"class_weight": "balanced", "label_smoothing": 0.1, "seeds": [0]},
    "posted": {"state": "posted"},
    "lanes": {"state": "lanes", "batch_size": 2},
}
ABOUT = {
    "watched": {"validation": True, "level": 3.0},
    "classes": {"kind": "sign", "level": 0.5, "architecture": SIGN, "validation": True},
    "lanes": {"stride": 6, "validation": True},
    "posted": {"validation": True},
}
CASES = {
    name: {"rows": 60, "architecture": LSTM, "training": PLAIN | changed} | ABOUT.get(name, {})
    for name, changed in SETTINGS.items()
}
# Every architecture without dropout, for twenty updates.
ARCHITECTURES = {
    "attention": {"units": [8], "width": 8, "heads": 2},
    "bidirectional": {"units": [6, 4]},
    "dlinear": {"kernel": 3},
    "gru": {"units": [8, 4]},
    "lstm": {"units": [8, 4], "norm": True},
    "lstm_skip": {"name": "lstm", "units": [8], "skip": True},
    "masked_lstm": {"gate_initializer": "chrono", "head": "linear"},
    "nlinear": {},
    "simple_rnn": {"dropout": 0.0},
    "stacked_dense": {"head": "sigmoid"},
    "stacked_lstm": {"units": [8, 16, 16, 8], "head": "linear"},
    "stateful_lstm": {"dropout": 0.0, "recurrent_dropout": 0.0, "head": "linear"},
    "tcn": {"units": [8, 6]},
}
# Those that skip the padding before a sequence.
MASKING = ("attention", "bidirectional", "gru", "lstm", "simple_rnn", "tcn")
TWENTY = PLAIN | {"epochs": 1, "batch_size": 4}
# Four layers of elu and selu blow rounding up at greater rates: adam divides each gradient by its own size.
RATES = {"simple_rnn": 0.001}
NETWORKS = {
    name: {
        "rows": 86,
        "architecture": {"name": name} | options,
        "training": TWENTY | {"learning_rate": RATES.get(name, 0.01)},
    }
    for name, options in ARCHITECTURES.items()
}
NETWORKS |= {f"{name}, padded": NETWORKS[name] | {"padded": True, "rows": 480} for name in MASKING}


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("initial")
    return [histories(backend, folder, CASES | NETWORKS) for backend in backends.NAMES]


def test_the_cases_hold_every_setting_and_every_architecture():
    schema = yaml.safe_load((PROJECT / "pipeline/common/params.schema.yaml").read_text(encoding="utf-8"))
    tried = set().union(*SETTINGS.values())
    assert tried | {"backend"} == set(schema["$defs"]["training"]["properties"])
    files = {path.stem for path in (PROJECT / "pipeline/architectures").glob("[a-z]*.py")}
    # The architecture `file` is whatever a file holds (tests/architectures/test_file.py).
    assert {case["architecture"]["name"] for case in NETWORKS.values()} == files - {"file"}


@pytest.mark.parametrize("name", CASES)
def test_every_setting_has_the_same_effect_on_both(both, name):
    here, there = (histories[name] for histories in both)
    assert {key: here[key] for key in ("weights", "updates", "stopped")} == {
        key: there[key] for key in ("weights", "updates", "stopped")
    }
    steps = CASES[name]["training"]["steps_per_execution"]
    for epoch, other in zip(here["epochs"], there["epochs"], strict=True):
        assert list(epoch) == list(other)
        for key in set(epoch) - ({"slices", "update_ratio"} if steps > 1 else set()):
            assert other[key] == pytest.approx(epoch[key], rel=1e-3), key
    if "accuracy" not in here["epochs"][0]:
        assert here["epochs"][0]["loss"] != here["epochs"][-1]["loss"]


@pytest.mark.parametrize("name", NETWORKS)
def test_losses_of_twenty_updates_agree(both, name):
    here, there = (histories[name] for histories in both)
    assert (here["updates"], there["updates"]) == (20, 20)
    (epoch,), (other,) = here["epochs"], there["epochs"]
    assert len(epoch["slices"]) == 20
    np.testing.assert_allclose(other["slices"], epoch["slices"], rtol=1e-4, atol=1e-6)
    assert other["loss"] == pytest.approx(epoch["loss"], rel=1e-4)


@pytest.mark.slow
def test_the_tests_of_training_and_predicting_pass_on_jax():
    """They compare with numbers computed by hand: records, stops, NaN, carried state, restored weights, bytes."""
    files = [f"tests/network/test_{name}.py" for name in ("training", "predicting", "padded")]
    files.append("tests/architectures/test_architectures.py::test_weights_go_over_to_another_batch_size")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files],
        cwd=PROJECT,
        env=os.environ | {"KERAS_BACKEND": "jax"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:]


def test_the_environment_must_not_contradict_the_experiment(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "tensorflow")
    with pytest.raises(UserError, match=r"`KERAS_BACKEND` must be jax, as `training.backend` .* Received: tensorflow"):
        backends.prepare(1, False, "jax")


def test_planted_leaks_and_proofs_are_on_their_backend_whatever_the_environment_says(tmp_path):
    """Both refuse at once; a process without this check would go on to JAX, as Keras itself does."""
    write_params(tmp_path, tiny_params())
    (tmp_path / "data").mkdir()
    (tmp_path / "data/backends.json").write_text('{"backends": {"season_windows": ["tensorflow"]}}')
    for command in (["pipeline.leaks"], ["pipeline.leakage", "season_windows"]):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=tmp_path,
            env=os.environ | {"KERAS_BACKEND": "jax", "PYTHONPATH": str(PROJECT)},
            capture_output=True,
            text=True,
        )
        line = "`KERAS_BACKEND` must be tensorflow, on which the stage `"
        assert (done.returncode, done.stderr.startswith(line)) == (2, True), done.stderr
        assert {path.name for path in tmp_path.iterdir()} == {"data", "params.yaml"}


def test_a_train_step_of_its_own_is_an_error_on_jax():
    code = (
        "from pipeline.network import backends; backends.prepare(1, False, 'jax')\n"
        "import keras\n"
        "class Own(keras.Model):\n"
        "    def train_step(self, state, data):\n"
        "        raise NotImplementedError\n"
        "inputs = keras.Input((5, 1))\n"
        "model = Own(inputs, keras.layers.Dense(1)(keras.layers.Flatten()(inputs)))\n"
        "backends.run_epochs(model, None, None, 1, [], reports=lambda epoch: {1})"
    )
    done = _fresh(code)
    assert "`training.backend` must be tensorflow for a network with a `train_step` of its own" in done.stderr


def test_an_unknown_backend_is_an_error(monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "torch")
    with pytest.raises(UserError, match=r"`KERAS_BACKEND` must be tensorflow or jax\. Received: torch"):
        backends.prepare(1, False)


def test_a_backend_that_is_not_installed_is_an_error(monkeypatch):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"`training.backend` must be a backend that is installed\. Received: jax"):
        backends.prepare(1, False, "jax")


def test_libraries_that_keras_does_not_need_can_be_imported_afterwards():
    code = (
        "import sys; from pipeline.network import backends; backends.prepare(1, False, sys.argv[1])\n"
        "unused = {'jax', 'matplotlib', 'pandas', 'sklearn', 'tensorflow'} - {sys.argv[1]}\n"
        "print(sorted(name for name in unused if sys.modules.get(name)))\n"
        "import matplotlib, pandas, sklearn"
    )
    for backend in backends.NAMES:
        done = _fresh(code, backend)
        assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr


def _fresh(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run code in a process of its own, without the backend that another test has chosen for this one."""
    environment = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
