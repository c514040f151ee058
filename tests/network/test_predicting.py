"""Predictions: every window, in raw units, with state as the training carries it."""

import dataclasses

import numpy as np
import pytest

from pipeline import raw, scale, split, window
from pipeline.common import files, params
from pipeline.common.errors import UserError
from pipeline.network import backends, predicting
from pipeline.network.training import train
from tests.helpers.parts import make_part

# Without the op determinism of TensorFlow, which holds for the process, so that tests of XLA can share it.
backends.prepare(threads=1, jit_compile=True)

import keras  # noqa: E402 - the backend is prepared before

from pipeline.common.architectures import Shape  # noqa: E402
from pipeline.network import models  # noqa: E402

SMALL = {"name": "lstm", "units": [3], "head": "linear"}


def noise(rows, seed=0):
    return np.random.default_rng(seed).normal(size=rows)


def saved(tmp_path, seeds, batch=None, length=5):
    """One untrained model per seed, on disk."""
    paths = []
    for seed in seeds:
        keras.utils.set_random_seed(seed)
        paths.append(tmp_path / f"{seed}.keras")
        models.save(models.build(SMALL, Shape(length, 1, 1, batch)), paths[-1])
    return paths


def experiment(state, batch=4, seeds=(0,)):
    return {"architecture": SMALL, "training": {"state": state, "batch_size": batch, "seeds": list(seeds)}}


def test_every_window_in_raw_units(tmp_path):
    part = make_part(noise(40) * 5 + 100, length=5, center=100.0, scale=5.0)
    paths = saved(tmp_path, [0, 7])
    table = predicting.table(part, paths, experiment("none", seeds=[0, 7]))[0]
    assert list(table) == ["row", "target_0", "seed0_0", "seed7_0"]
    np.testing.assert_array_equal(table["target_0"], part.raw_targets()[:, 0])
    for seed, path in zip((0, 7), paths, strict=True):
        predictions = models.load(path).predict(part.inputs(), verbose=0)[:, 0]
        np.testing.assert_allclose(table[f"seed{seed}_0"], predictions * 5 + 100, rtol=1e-6)
        assert table[f"seed{seed}_0"].dtype == np.float64


@pytest.mark.parametrize("state", ["none", "lanes"])
def test_saved_networks_keep_their_own_weights(tmp_path, state):
    part = make_part(noise(40), length=5)
    networks = [models.load(path) for path in saved(tmp_path, [0, 7])]
    before = [[np.array(each) for each in network.get_weights()] for network in networks]
    outputs = [found for _, found in predicting.in_turn(part, networks, experiment(state, seeds=[0, 7]))]
    assert not np.array_equal(*outputs)
    for network, own in zip(networks, before, strict=True):
        assert all(map(np.array_equal, network.get_weights(), own))


def test_calls_are_bounded_and_join(tmp_path, monkeypatch):
    part = make_part(noise(40), length=5)
    (path,) = saved(tmp_path, [0])
    whole = predicting.table(part, [path], experiment("none"))[0]["seed0_0"]
    sizes = []
    inputs = type(part).inputs
    monkeypatch.setattr(type(part), "inputs", lambda self, i=None: (sizes.append(len(i)), inputs(self, i))[1])
    monkeypatch.setattr(predicting, "_CALL", 40)  # eight windows of five rows
    np.testing.assert_allclose(predicting.table(part, [path], experiment("none"))[0]["seed0_0"], whole, rtol=1e-5)
    assert sizes == [8, 8, 8, 8, 3, 8]  # the last one checks batch independence


def test_posted_state_goes_on_and_the_last_batch_is_filled_up(tmp_path):
    part = make_part(noise(23), length=5)
    assert len(part) == 18
    (path,) = saved(tmp_path, [0], batch=4)
    predictions = predicting.table(part, [path], experiment("posted"))[0]["seed0_0"]
    twin = models.load(path)
    order = np.append(np.arange(18), [17, 17]).reshape(5, 4)
    expected = np.concatenate([backends.predict(twin, part.inputs(batch))[:, 0] for batch in order])[:18]
    np.testing.assert_allclose(predictions, expected, rtol=1e-5)
    np.testing.assert_array_equal(predicting.table(part, [path], experiment("posted"))[0]["seed0_0"], predictions)


def test_lanes_follow_each_chain_from_its_beginning(tmp_path):
    part = make_part(noise(61), length=5, stride=5)
    part = dataclasses.replace(part, table={key: np.delete(value, 7) for key, value in part.table.items()})
    paths = saved(tmp_path, [0, 1], batch=3)
    table = predicting.table(part, paths, experiment("lanes", batch=3, seeds=[0, 1]))[0]
    for seed, path in enumerate(paths):
        model = models.load(path)
        inputs = keras.Input((None, 1))
        sequence = keras.layers.LSTM(3, return_sequences=True)
        long = keras.Model(inputs, model.get_layer("head")(sequence(inputs)))
        sequence.set_weights(
            [keras.ops.convert_to_numpy(weight) for weight in model.get_layer("lstm_0").trainable_weights]
        )
        # Windows 0 to 6 and 8 to 11 of five rows: the state does not jump over the one that is missing.
        runs = [long.predict(part.scaled[a:b][None], verbose=0)[0, 4::5, 0] for a, b in ((0, 35), (40, 60))]
        np.testing.assert_allclose(table[f"seed{seed}_0"], np.concatenate(runs), rtol=1e-4, atol=1e-6)


def test_a_network_of_nan_predicts_nan(tmp_path):
    (path,) = saved(tmp_path, [0])
    model = models.load(path)
    model.set_weights([weight * np.nan for weight in model.get_weights()])
    models.save(model, path)
    assert np.isnan(predicting.table(make_part(noise(20), length=5), [path], experiment("none"))[0]["seed0_0"]).all()


def test_predictions_do_not_depend_on_their_batch_unless_state_is_declared(tmp_path):
    part = make_part(noise(60), length=5)
    (path,) = saved(tmp_path, [0])
    free = predicting.table(part, [path], experiment("none"))[1]
    assert [check["result"] for check in free] == ["pass"]
    assert free[0]["difference"] < 1e-4
    (path,) = saved(tmp_path, [0], batch=4)
    carried = predicting.worst(predicting.table(part, [path], experiment("posted"))[1])
    assert carried["result"] == "informative"
    assert carried["state"] == "posted"
    assert carried["difference"] > 0.01


def test_undeclared_state_and_batch_statistics_are_found():
    part = make_part(noise(60), length=5)

    class Leaky(keras.layers.Layer):
        """Takes the mean of the batch from each row: so the other windows of the batch change a prediction."""

        def call(self, inputs):
            return inputs - keras.ops.mean(inputs, axis=0, keepdims=True)

    inputs = keras.Input((5, 1))
    network = keras.Model(inputs, keras.layers.Dense(1)(Leaky()(keras.layers.LSTM(3)(inputs))))
    training = {"state": "none"}
    found = predicting.check_batch_independence(part, network, training, predicting.windows(part, network, training))
    assert found["result"] == "fail"
    passed = {"state": "none", "windows": 5, "difference": 1e-7, "tolerance": 1e-3, "result": "pass"}
    assert predicting.worst([passed, found, passed])["result"] == "fail"
    nothing = passed | {"difference": None, "result": "informative"}  # a seed without a finite output
    assert predicting.worst([passed, nothing])["result"] == "informative"
    assert predicting.worst([passed, nothing])["difference"] == 1e-7


def test_nan_predictions_are_not_compared(tmp_path):
    (path,) = saved(tmp_path, [0])
    model = models.load(path)
    model.set_weights([weight * np.nan for weight in model.get_weights()])
    models.save(model, path)
    found = predicting.worst(predicting.table(make_part(noise(20), length=5), [path], experiment("none"))[1])
    assert (found["result"], found["difference"]) == ("informative", None)


@pytest.fixture
def trained(project, monkeypatch):
    """A project whose one experiment is trained."""
    monkeypatch.setattr(backends, "prepare", lambda *_, **__: None)
    raw.main(["season"])
    for stage in (split, window, scale):
        stage.main(["season_windows"])
    p = params.load()
    train(p, "season_lstm")
    return p


def test_every_part_is_predicted_and_equal_inputs_give_equal_bytes(trained, tmp_path):
    folder = tmp_path / "models/season_lstm/predictions"
    (folder / "fold7").mkdir(parents=True)
    (folder / "fold7/test.parquet").write_text("left over")
    predicting.predict(trained, "season_lstm")
    before = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.parquet")}
    assert sorted(before) == ["fold0/test.parquet", "fold0/train.parquet", "fold0/validation.parquet"]
    predicting.predict(trained, "season_lstm")
    assert before == {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*.parquet")}
    assert files.read_json(folder / "state.json")["result"] == "pass"
    table = files.read_table(folder / "fold0/test.parquet")
    assert list(table) == ["row", "target_0", "seed0_0", "seed1_0"]
    rows = files.read_array(tmp_path / "data/raw/season/rows.npy")
    np.testing.assert_allclose(table["target_0"], rows[table["row"], 0])
    assert table["row"][-1] == 399
    assert np.isfinite(table["seed0_0"]).all()
    assert not np.array_equal(table["seed0_0"], table["seed1_0"])


def test_a_missing_model_is_an_error(trained, tmp_path):
    (tmp_path / "models/season_lstm/training/fold0_seed1.keras").unlink()
    with pytest.raises(UserError, match=r"fold0_seed1.keras` must be a model that `train` wrote"):
        predicting.predict(trained, "season_lstm")


@pytest.mark.parametrize("batches", [1, 3, 64, 65])
def test_batches_in_turn_are_as_one_after_the_other(batches):
    network = keras.Sequential([keras.Input((4, 2), batch_size=2), keras.layers.LSTM(3, stateful=True)])
    inputs = np.random.default_rng(batches).normal(size=(batches, 2, 4, 2)).astype(np.float32)
    expected = np.stack([backends.predict(network, batch) for batch in inputs])
    state = [np.array(each) for each in models.states(network)]
    models.reset_state(network)
    np.testing.assert_allclose(backends.predict_in_turn(network, inputs), expected, rtol=1e-6)
    for after, each in zip(models.states(network), state, strict=True):
        np.testing.assert_allclose(np.array(after), each, rtol=1e-6)
