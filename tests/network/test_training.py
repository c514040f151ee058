"""Training: records, stops, carried state, and equal bytes for equal inputs."""

import copy
import dataclasses
import importlib
import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from pipeline.common import architectures, params
from pipeline.common.errors import UserError
from pipeline.network import backends, training
from tests.conftest import tiny_params, write_params
from tests.helpers.parts import make_part
from tests.helpers.trainings import SMALL, TRAINING, broken, noise

# Without the op determinism of TensorFlow, which holds for the process, so that tests of XLA can share it.
backends.prepare(threads=1, jit_compile=True)

import keras  # noqa: E402 - the backend is prepared before

from pipeline.common.architectures import Shape  # noqa: E402
from pipeline.network import models  # noqa: E402
from pipeline.network.batches import Batches  # noqa: E402

BACKEND = keras.backend.backend()
# Batches in one execution, and whether XLA compiles, are settings of TensorFlow alone.
ON_TENSORFLOW = pytest.mark.skipif(BACKEND != "tensorflow", reason="a setting of TensorFlow")


def squared_errors(part, model):
    return ((model.predict(part.inputs(), verbose=0) - part.targets()) ** 2)[:, 0]


def test_history():
    part, validation = make_part(noise(40), length=5), make_part(noise(20, 1), length=5, name="validation")
    model, history = training.fit(part, validation, SMALL, TRAINING, seed=0)
    assert history["weights"] == model.count_params()
    assert history["updates"] == 2 * 5  # 35 windows in batches of 8
    assert (history["stopped"], history["nonfinite"], history["weights_finite"]) == ("completed", None, True)
    assert len(history["epochs"]) == 2
    for epoch in history["epochs"]:
        assert epoch["loss"] == pytest.approx(squared_errors(part, model).mean(), rel=1e-5)
        assert epoch["val_loss"] == pytest.approx(squared_errors(validation, model).mean(), rel=1e-5)
        assert epoch["penalty"] == 0.0


def test_two_classes_have_an_accuracy():
    part = make_part(noise(40), length=5, kind="sign")
    model, history = training.fit(part, None, {"name": "lstm", "units": [3], "head": "sigmoid"}, TRAINING, seed=0)
    right = (model.predict(part.inputs(), verbose=0) > 0.5) == part.targets()
    assert history["epochs"][0]["accuracy"] == pytest.approx(right.mean())
    assert "val_loss" not in history["epochs"][0]


def test_the_penalty_is_recorded_apart_from_the_loss():
    part = make_part(noise(40), length=5)
    architecture = {"name": "simple_rnn", "units": [4], "activations": ["tanh"], "dropout": 0.0}
    model, history = training.fit(part, None, architecture, TRAINING, seed=0)
    squares = sum(
        float((keras.ops.convert_to_numpy(weight) ** 2).sum())
        for weight in model.trainable_weights
        if "recurrent" not in weight.path
    )
    epoch = history["epochs"][-1]
    assert epoch["penalty"] == pytest.approx(0.01 * squares, rel=1e-5)
    assert epoch["loss"] - epoch["penalty"] == pytest.approx(squared_errors(part, model).mean(), rel=1e-4)


def test_slices_are_the_losses_of_runs_of_batches_without_the_penalty():
    part = make_part(noise(95), length=5)  # 90 windows: 11 batches of 8 and one of 2
    architecture = {"name": "simple_rnn", "units": [4], "activations": ["tanh"], "dropout": 0.0}
    model, history = training.fit(part, None, architecture, TRAINING, seed=0)
    errors = squared_errors(part, model)
    expected = [errors[at : at + 8].mean() for at in range(0, 90, 8)]
    for epoch in history["epochs"]:
        assert epoch["slices"] == pytest.approx(expected, abs=1e-4)
    _, whole = training.fit(part, None, architecture, TRAINING | {"batch_size": 2}, seed=0)
    slices = whole["epochs"][0]["slices"]  # 45 batches in 20 runs of two or three
    assert len(slices) == 20
    assert np.mean(slices) == pytest.approx(errors.mean(), rel=0.05)


@ON_TENSORFLOW
def test_slices_end_with_an_execution():
    part = make_part(noise(95), length=5)
    model, some = training.fit(part, None, SMALL, TRAINING | {"steps_per_execution": 5}, seed=0)
    errors = squared_errors(part, model)
    reports = [errors[:40].mean(), errors[40:80].mean(), errors[80:].mean()]
    assert some["epochs"][0]["slices"] == pytest.approx(reports, abs=1e-4)


@pytest.mark.parametrize("steps", [1, pytest.param(2, marks=ON_TENSORFLOW)])
def test_update_ratios_are_those_of_the_epochs_first_report(steps):
    part = make_part(noise(40), length=5)
    settings = TRAINING | {"learning_rate": 0.1, "epochs": 1, "steps_per_execution": steps}
    before = {layer.name: layer.get_weights() for layer in training.build(part, SMALL, settings, 3).layers}
    _, history = training.fit(part, None, SMALL, settings, seed=3)
    few = dataclasses.replace(part, table={key: value[: 8 * steps] for key, value in part.table.items()})
    model, _ = training.fit(few, None, SMALL, settings, seed=3)  # an epoch that is that report alone
    ratios = history["epochs"][0]["update_ratio"]
    assert list(ratios) == ["lstm_0", "head"]
    for name, ratio in ratios.items():
        after = model.get_layer(name).get_weights()
        change = np.sqrt(sum(((a - b) ** 2).sum() for a, b in zip(after, before[name], strict=True)))
        assert ratio == pytest.approx(change / steps / np.sqrt(sum((b**2).sum() for b in before[name])), rel=1e-4)


@pytest.mark.parametrize(
    ("steps", "batch"), [(1, 3), pytest.param(2, 3, marks=ON_TENSORFLOW), pytest.param(4, 1, marks=ON_TENSORFLOW)]
)
def test_the_first_loss_that_is_not_finite_ends_the_training(steps, batch):
    part = make_part(noise(85), length=5, kind="sign")
    architecture = {"name": "lstm", "units": [3], "head": "sigmoid"}
    settings = TRAINING | {"steps_per_execution": steps}
    # Row 20 is first read by window 16, the first one of batch 3.
    _, history = training.fit(broken(part, 20), None, architecture, settings, seed=0)
    assert history["stopped"] == "nonfinite"
    assert not history["weights_finite"]
    assert len(history["epochs"]) == 1
    found = history["nonfinite"]
    assert (found["epoch"], found["batch"], found["batches_per_report"]) == (1, batch, steps)
    assert history["updates"] == -(-3 // steps) * steps
    if batch == 1:
        assert found["loss_before"] is None
        return
    healthy, _ = training.fit(part, None, architecture, TRAINING | {"epochs": 1}, seed=0)
    predictions = healthy.predict(part.inputs()[:16], verbose=0)
    truth = part.targets()[:16]
    assert len(history["epochs"][0]["slices"]) == (2 if steps == 1 else 1)  # the finite ones
    likelihood = np.where(truth == 1, predictions, 1 - predictions)
    assert found["loss_before"] == pytest.approx(-np.log(likelihood).mean(), rel=1e-4)
    assert found["accuracy_before"] == pytest.approx(((predictions > 0.5) == truth).mean())


def test_early_stopping_watches_the_loss():
    part = make_part(noise(40), length=5)
    stopping = {"monitor": "loss", "patience": 1, "min_delta": 0, "restore_best": False}
    _, history = training.fit(
        part, None, SMALL, TRAINING | {"epochs": 9, "early_stopping": stopping | {"min_delta": 9}}, 0
    )
    assert (history["stopped"], len(history["epochs"])) == ("early_stopping", 2)
    _, history = training.fit(part, None, SMALL, TRAINING | {"epochs": 2, "early_stopping": stopping}, 0)
    assert history["stopped"] == "completed"


PLATEAU = {"patience": 1, "factor": 0.5, "minimum": 0.06, "min_delta": 0.0}


def test_the_rate_is_reduced_where_the_validation_loss_no_longer_falls():
    part, other = make_part(noise(20, 1) + 3, length=5), make_part(noise(40), length=5, name="validation")
    settings = TRAINING | {"epochs": 6, "learning_rate": 0.1}
    plain, history = training.fit(part, other, SMALL, settings, seed=0)
    assert "learning_rate" not in history["epochs"][0]
    watching = settings | {"reduce_on_plateau": PLATEAU}
    # What fits the training part gets worse on the other one.
    reduced, history = training.fit(part, other, SMALL, watching, seed=0)
    found = [epoch["learning_rate"] for epoch in history["epochs"]]
    assert found[0] == pytest.approx(0.1)
    assert found[-1] == pytest.approx(0.06)
    assert sorted(found, reverse=True) == found
    kept, history = training.fit(part, dataclasses.replace(part, name="validation"), SMALL, watching, seed=0)
    assert {epoch["learning_rate"] for epoch in history["epochs"]} == {found[0]}
    equal = [np.array_equal(a, b) for a, b in zip(plain.get_weights(), kept.get_weights(), strict=True)]
    assert all(equal)
    assert not np.array_equal(plain.get_weights()[0], reduced.get_weights()[0])


@pytest.mark.parametrize(("state", "updates"), [("none", 5), ("posted", 4), ("lanes", 3)])
def test_a_schedule_counts_the_updates_of_the_real_batches(state, updates):
    part = make_part(noise(40), length=5, stride=5 if state == "lanes" else 1)
    settings = TRAINING | {"state": state, "epochs": 3, "batch_size": 2 if state == "lanes" else 8}
    schedule = {"schedule": "piecewise", "rate": 0.5, "warmup": 0, "boundaries": [1, 2], "factors": [0.1, 0.01]}
    _, history = training.fit(part, None, SMALL, settings | {"learning_rate": schedule}, seed=0)
    assert history["updates"] == 3 * updates
    found = [epoch["learning_rate"] for epoch in history["epochs"]]
    assert found == pytest.approx([0.5, 0.05, 0.005])


@pytest.mark.parametrize("steps", [1, 3])
def test_balanced_classes_weigh_the_training_loss_alone(steps):
    part = make_part(noise(60) + 0.7, length=5, kind="sign")
    architecture = {"name": "lstm", "units": [3], "head": "sigmoid"}
    settings = TRAINING | {"class_weight": "balanced", "steps_per_execution": steps}
    model, history = training.fit(part, part, architecture, settings, seed=0)
    truth, p = part.targets()[:, 0], model.predict(part.inputs(), verbose=0)[:, 0]
    lost = -np.where(truth == 1, np.log(p), np.log(1 - p))
    assert 0 < 2 * truth.sum() != len(truth)
    balanced = (lost[truth == 1].mean() + lost[truth == 0].mean()) / 2
    epoch = history["epochs"][0]
    assert epoch["loss"] == pytest.approx(balanced, rel=1e-4)
    assert epoch["val_loss"] == pytest.approx(lost.mean(), rel=1e-4)
    assert epoch["accuracy"] == pytest.approx(((p > 0.5) == truth).mean())


def test_restore_best_brings_the_best_weights_back():
    part, validation = make_part(noise(20, 1) + 3, length=5), make_part(noise(40), length=5, name="validation")
    stopping = {"monitor": "val_loss", "patience": 2, "min_delta": 0, "restore_best": True}
    settings = TRAINING | {"epochs": 30, "learning_rate": 0.1, "early_stopping": stopping}
    settings["learning_rate"] = 0.2
    # What fits the training part gets worse on the validation part.
    model, history = training.fit(part, validation, SMALL, settings, seed=0)
    best = min(epoch["val_loss"] for epoch in history["epochs"])
    assert history["stopped"] == "early_stopping"
    assert history["epochs"][-1]["val_loss"] > best
    assert squared_errors(validation, model).mean() == pytest.approx(best, rel=1e-4)


def test_a_failure_is_kept_even_where_the_best_is_asked_for():
    part = make_part(noise(40), length=5)
    stopping = {"monitor": "loss", "patience": 5, "min_delta": 0, "restore_best": True}
    _, history = training.fit(broken(part, 20), None, SMALL, TRAINING | {"early_stopping": stopping}, seed=0)
    assert (history["stopped"], history["weights_finite"]) == ("nonfinite", False)


def test_batches_hold_every_window_once_in_an_order_by_seed_and_epoch():
    part = make_part(np.arange(23.0), length=3)

    def epochs(seed):
        batches, orders = Batches(part, 8, seed), []
        for _ in range(2):
            pairs = [batches[i] for i in range(len(batches))]
            inputs, targets = (np.concatenate(each) for each in zip(*pairs, strict=True))
            assert [len(each) for each, _ in pairs] == [8, 8, 4]
            np.testing.assert_array_equal(inputs[:, -1, 0] + 1, targets[:, 0])
            orders.append(targets[:, 0].tolist())
            batches.on_epoch_end()
        return orders

    first, second = epochs(0)
    assert sorted(first) == sorted(second) == list(range(3, 23))
    assert first != second
    assert epochs(0) == [first, second]
    assert epochs(1)[0] != first
    assert epochs(None) == [list(map(float, range(3, 23)))] * 2


def test_fit_draws_a_new_order_once_an_epoch(monkeypatch):
    drawn = []
    original = Batches._draw
    monkeypatch.setattr(Batches, "_draw", lambda self: (original(self), drawn.append(self._order.tolist()))[0])
    training.fit(make_part(noise(20), length=3), None, SMALL, TRAINING | {"shuffle": True, "epochs": 3}, seed=4)
    expected = [np.random.default_rng([4, epoch]).permutation(17).tolist() for epoch in range(3)]
    assert drawn[:3] == expected


def unrolled(model, part, steps):
    """Outputs at the end of each of `steps` windows, from one pass over the whole stretch, without carried state."""
    length = part.spec.length
    inputs = keras.Input((steps * length, 1))
    outputs = keras.layers.LSTM(3, return_sequences=True)(inputs)
    outputs = model.get_layer("head")(outputs)
    long = keras.Model(inputs, outputs)
    long.layers[1].set_weights(
        [keras.ops.convert_to_numpy(w) for w in model.get_layer("lstm_0").trainable_weights],
    )

    def run(first):
        rows = part.scaled[first * length : (first + steps) * length][None]
        return long.predict(rows, verbose=0)[0, length - 1 :: length, 0]

    return run


def test_lanes_carry_state_as_one_long_sequence_does():
    part = make_part(noise(61), length=5, stride=5)
    assert len(part) == 12
    settings = TRAINING | {"state": "lanes", "batch_size": 3}
    model, history = training.fit(part, None, SMALL, settings, seed=0)
    run = unrolled(model, part, 4)
    predictions = np.concatenate([run(0), run(4), run(8)])  # three lanes of four windows
    expected = ((predictions - part.targets()[:, 0]) ** 2).mean()
    forgetful = unrolled(model, part, 1)
    without = np.mean([(forgetful(i)[0] - part.targets()[i, 0]) ** 2 for i in range(12)])
    for epoch in history["epochs"]:  # equal in both: state is zeroed before each
        assert epoch["loss"] == pytest.approx(expected, rel=1e-5)
        assert epoch["loss"] != pytest.approx(without, rel=1e-3)


@pytest.mark.parametrize("steps_per_execution", [1, 2])
def test_state_is_zeroed_between_passes(steps_per_execution):
    part = make_part(noise(71), length=5, stride=5)
    part = dataclasses.replace(part, table={key: np.delete(value, 9) for key, value in part.table.items()})
    settings = TRAINING | {"state": "lanes", "batch_size": 2, "steps_per_execution": steps_per_execution}
    order = training.batch_plan(part, settings)
    assert order.resets == {4}  # chains of 9 and 4 windows: two lanes of 4 steps, then two lanes of 2
    assert order.windows.T.tolist() == [[0, 1, 2, 3, 9, 10], [4, 5, 6, 7, 11, 12]]
    model, history = training.fit(part, None, SMALL, settings, seed=0)
    four, two = unrolled(model, part, 4), unrolled(model, part, 2)
    predictions = np.concatenate([four(0), four(4), two(10), two(12)])  # numbers as before the tenth was taken out
    expected = ((predictions - part.targets()[[*range(8), *range(9, 13)], 0]) ** 2).mean()
    for epoch in history["epochs"]:
        assert epoch["loss"] == pytest.approx(expected, rel=1e-5)


def test_posted_state_goes_from_batch_to_batch():
    part = make_part(noise(21), length=5)
    assert len(part) == 16
    model, history = training.fit(part, None, SMALL, TRAINING | {"state": "posted", "batch_size": 5}, seed=0)
    twin = models.build(SMALL, Shape(5, 1, 1, 5))
    models.copy_weights(model, twin)
    predictions = np.concatenate([backends.predict(twin, part.inputs(np.arange(at, at + 5))) for at in (0, 5, 10)])
    expected = ((predictions - part.targets()[:15]) ** 2).mean()
    for epoch in history["epochs"]:
        assert epoch["loss"] == pytest.approx(expected, rel=1e-5)


def test_validation_has_a_state_of_its_own():
    part, validation = (make_part(noise(61, seed), length=5, stride=5) for seed in (0, 1))
    settings = TRAINING | {"state": "lanes", "batch_size": 3}
    model, history = training.fit(part, validation, SMALL, settings, seed=0)
    run = unrolled(model, validation, 4)
    predictions = np.concatenate([run(0), run(4), run(8)])
    for epoch in history["epochs"]:
        assert epoch["val_loss"] == pytest.approx(((predictions - validation.targets()[:, 0]) ** 2).mean(), rel=1e-5)


@ON_TENSORFLOW
def test_steps_in_one_execution_and_xla_give_the_same_training():
    part = make_part(noise(60), length=5)
    settings = TRAINING | {"learning_rate": 0.05, "epochs": 3, "shuffle": True}
    plain, one = training.fit(part, None, SMALL, settings, seed=3)
    for other in ({"steps_per_execution": 4}, {"jit_compile": True}):
        model, history = training.fit(part, None, SMALL, settings | other, seed=3)
        assert model.jit_compile == bool(other.get("jit_compile"))  # Keras turns it off in silence
        assert history["updates"] == one["updates"]
        np.testing.assert_allclose(
            [epoch["loss"] for epoch in history["epochs"]], [epoch["loss"] for epoch in one["epochs"]], rtol=1e-4
        )
        for here, there in zip(model.get_weights(), plain.get_weights(), strict=True):
            np.testing.assert_allclose(here, there, atol=1e-5)


def test_too_large_a_batch_for_carried_state_is_an_error():
    with pytest.raises(UserError, match=r"`training.batch_size` .* 50 for 35 windows"):
        training.fit(make_part(noise(40), length=5), None, SMALL, TRAINING | {"state": "posted", "batch_size": 50}, 0)


def command(folder, module, *arguments):
    return subprocess.run(
        [sys.executable, "-m", f"pipeline.{module}", *arguments], cwd=folder, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A project whose two experiments were trained by their own commands, one with XLA, one on two threads."""
    from tests.conftest import PROJECT

    folder = tmp_path_factory.mktemp("project")
    p = copy.deepcopy(tiny_params())
    p["experiments"]["season_lstm"]["architecture"] |= {"dropout": 0.1}
    p["experiments"]["season_lstm"]["training"] |= {"threads": 2}
    p["experiments"]["sign_lstm"]["training"] |= {"jit_compile": True}
    for experiment in p["experiments"].values():
        experiment["training"]["backend"] = BACKEND
    write_params(folder, p)
    (folder / "pipeline").symlink_to(PROJECT / "pipeline")
    for module, level in (("raw", "series"), ("split", "datasets"), ("window", "datasets"), ("scale", "datasets")):
        for name in p[level]:
            done = command(folder, module, name)
            assert done.returncode == 0, done.stderr
    shutil.move(folder / "data/test", folder / "data/hidden")  # training must not need it
    for name in p["experiments"]:
        done = command(folder, "train", name)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        assert f"epoch {p['experiments'][name]['training']['epochs']}/" in done.stdout
    return folder


@pytest.mark.parametrize("name", ["season_lstm", "sign_lstm"])
def test_equal_inputs_give_equal_bytes(trained, name):
    folder = trained / "models" / name / "training"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert sorted(before) == [f"fold0_seed{seed}.{end}" for seed in (0, 1) for end in ("json", "keras")]
    assert before["fold0_seed0.keras"] != before["fold0_seed1.keras"]
    shutil.rmtree(folder)
    assert command(trained, "train", name).returncode == 0
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    history = json.loads(before["fold0_seed0.json"])
    assert history["stopped"] == "completed"
    assert ("val_loss" in history["epochs"][0]) == (name == "season_lstm")


def test_a_failure_leaves_earlier_models_as_they_were(trained):
    folder = trained / "models" / "season_lstm" / "training"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    text = (trained / "params.yaml").read_text()
    try:
        (trained / "params.yaml").write_text(text.replace("optimizer: adam", "optimizer: adam\n      loss: msse", 1))
        done = command(trained, "train", "season_lstm")
    finally:
        (trained / "params.yaml").write_text(text)
    assert done.returncode == 2
    assert re.match(
        r"`experiments.season_lstm.training.loss` \(params.yaml, line \d+\) must be a loss of Keras. Received: msse.",
        done.stderr,
    )
    assert done.stderr.count("\n") == 1
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_lambda_is_named_before_the_first_epoch(trained, tmp_path, monkeypatch):
    text = """import keras


def doubled(shape):
    inputs = keras.Input((shape.length, shape.features))
    hidden = keras.layers.Lambda(lambda x: 2 * x, name="doubled")(keras.layers.LSTM(3)(inputs))
    return keras.Model(inputs, keras.layers.Dense(1)(hidden))
"""
    (tmp_path / "mine_doubled.py").write_text(text)
    monkeypatch.chdir(trained)
    p = params.load()
    monkeypatch.setattr(architectures, "FOLDER", tmp_path)
    monkeypatch.setattr(importlib.import_module("pipeline.architectures"), "__path__", [str(tmp_path)])
    monkeypatch.setattr(training, "fit", lambda *_, **__: pytest.fail("the training began"))
    own = {"name": "mine_doubled", "builder": "mine_doubled:doubled"}
    p["experiments"]["season_lstm"] |= {"architecture": own}
    p["experiments"]["season_lstm"]["training"]["threads"] = 1  # as this process has been told
    with pytest.raises(UserError, match=r"`experiments.season_lstm.architecture` must .*layer `doubled`, a Lambda"):
        training.train(p, "season_lstm")


def test_shuffled_state_is_an_error():
    p = {
        "experiments": {
            "x": {"dataset": "d", "architecture": SMALL, "training": TRAINING | {"state": "lanes", "shuffle": True}}
        }
    }
    with pytest.raises(UserError, match=r"`experiments.x.training.shuffle` must be false if state is carried"):
        training.train(p, "x")
