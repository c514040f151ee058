"""Controls on networks and series of which it is known what they can learn."""

import numpy as np
import pytest

from pipeline.network import backends
from tests.helpers.parts import make_part
from tests.helpers.trainings import TRAINING, broken, noise

backends.prepare(threads=1, jit_compile=True)

from pipeline.diagnose.facts import controls, planting, short  # noqa: E402 - the backend is prepared before

DENSE = {"name": "stacked_dense", "units": [16], "activations": ["tanh"]}
ADAM = TRAINING | {"optimizer": "adam", "learning_rate": 0.01, "batch_size": 16, "epochs": 20, "shuffle": True}


def autoregression(rows, phi=0.9, seed=0):
    values, shocks = np.zeros(rows), noise(rows, seed)
    for t in range(1, rows):
        values[t] = phi * values[t - 1] + shocks[t]
    return values


def facts(part, architecture=DENSE, training=None):
    return controls.facts(part, {"architecture": architecture, "training": ADAM | (training or {})})


@pytest.fixture(scope="module")
def healthy():
    return facts(make_part(autoregression(700), length=8, scale=2.0))


def test_a_healthy_network_memorises_and_learns_what_was_planted(healthy):
    rates = healthy.memorise.rates
    assert list(rates) == ["0.01", "0.1", "1", "10", "100"]
    assert rates["1"].floor < 0.2
    assert rates["0.01"].ratio > 0.5 > rates["1"].ratio
    assert 0.6 < healthy.planted.strength < 0.9
    assert healthy.planted.share > 0.7


def test_inputs_are_what_a_network_learns_from(healthy):
    assert healthy.real.skill > 0.4
    assert healthy.zeroed.skill < 0.05
    assert healthy.shuffled.skill < 0.2


def test_noise_leaves_nothing_but_the_planted_signal():
    found = facts(make_part(noise(900), length=8, kind="sign"), DENSE | {"head": "sigmoid"})
    assert found.planted.share > 0.5


def test_a_dead_head_learns_nothing():
    part = make_part(autoregression(300) - 50, length=8)  # targets below what a relu can say
    found = facts(part, DENSE | {"head": "relu"}, {"learning_rate": 0.1})
    assert found.planted.share < 0.1
    assert min(rate.floor for rate in found.memorise.rates.values()) > 0.9


def test_a_rate_that_explodes_is_not_finite():
    found = facts(make_part(autoregression(300), length=8, scale=0.01), training={"optimizer": "sgd"})
    rates = found.memorise.rates
    assert not rates["100"].finite
    assert rates["100"].ratio is None


def test_a_training_stops_where_its_loss_is_not_finite():
    part = make_part(autoregression(300), length=8, scale=0.01)
    training = short.ShortTraining(part, {"architecture": DENSE, "training": ADAM | {"optimizer": "sgd"}})
    training.restart(100.0)
    assert training.train(part.inputs, part.targets(), np.arange(16), 100) < 100


def test_each_control_begins_where_the_training_does():
    part = make_part(noise(200), length=5)
    architecture = {"name": "lstm", "units": [3], "head": "linear", "dropout": 0.3}
    one = short.ShortTraining(part, {"architecture": architecture, "training": ADAM})
    weights = []
    for _ in range(2):
        one.restart()
        one.train(part.inputs, part.targets(), np.arange(len(part)), 5)
        weights.append(one.network.get_weights())
    for first, second in zip(*weights, strict=True):
        np.testing.assert_array_equal(first, second)
    one.restart(10.0)
    assert float(one.network.optimizer.learning_rate) == pytest.approx(0.1)


def test_equal_facts_in_carried_state_missing_cells_and_again():
    part = broken(make_part(autoregression(120), length=5, kind="sign", stride=5), 20)
    architecture = {"name": "lstm", "units": [3], "head": "sigmoid"}
    settings = {"state": "lanes", "batch_size": 8, "shuffle": False, "epochs": 2}
    first = facts(part, architecture, settings)
    assert first == facts(part, architecture, settings)
    assert first.memorise.rates["1"].finite


def test_no_network_no_controls():
    found = facts(make_part(noise(60), length=5), {"name": "lstm", "builder": "lstm:absent"})
    assert found == controls.Controls(None, None, None, None, None)


@pytest.mark.parametrize("classes", [None, 2, 3])
def test_the_strength_is_what_the_best_answer_reaches(classes):
    random = np.random.default_rng(0)
    inputs = random.normal(size=(20_000, 4, 2)).astype(np.float32) * [0.001, 1.0] + [5.0, 0.0]
    known = random.exponential(size=(20_000, 1)) if classes is None else random.integers(classes, size=(20_000, 1))
    targets = (np.eye(3)[known[:, 0]] if classes == 3 else known).astype(np.float32)
    made = planting.plant(inputs.astype(np.float32), targets, classes, seed=0)
    if classes:  # the same shares
        np.testing.assert_allclose(made.targets.mean(axis=0), targets.mean(axis=0), atol=0.01)
    else:  # the same distribution
        np.testing.assert_allclose(
            np.quantile(made.targets, [0.1, 0.5, 0.9]), np.quantile(targets, [0.1, 0.5, 0.9]), rtol=0.1
        )
    # calibrated: where the oracle says p, the target is p on average
    order = np.argsort(made.oracle[:, 0])
    for block in np.array_split(order, 10):
        assert made.targets[block, 0].mean() == pytest.approx(made.oracle[block, 0].mean(), abs=0.05, rel=0.05)
    assert 1 - ((made.targets - made.oracle) ** 2).mean() / targets.var(axis=0).mean() > 0.55


def test_rows_of_padding_carry_no_signal():
    random = np.random.default_rng(0)
    inputs = random.normal(size=(500, 6, 1)).astype(np.float32)
    inputs[:, 4:] = 1.0
    inputs[0, 5] = 0.0
    score = planting._score(inputs)
    expected = sum((inputs[:, t, 0] - inputs[:, t, 0].mean()) / inputs[:, t, 0].std() for t in (1, 2, 3))
    np.testing.assert_allclose(score, expected, rtol=1e-3, atol=1e-3)
    constant = np.ones_like(inputs)
    assert planting.plant(constant, random.normal(size=(500, 1)).astype(np.float32), None, 0) is None


def test_steps_follow_from_sizes():
    part = make_part(noise(300), length=100)
    small = short.ShortTraining(part, {"architecture": {"name": "lstm", "units": [4]}, "training": ADAM})
    large = short.ShortTraining(
        part, {"architecture": {"name": "lstm", "units": [300, 300]}, "training": ADAM | {"batch_size": 64}}
    )
    assert (small.batch, large.batch) == (16, 16)
    few, many = (controls._plan(one, 10_000) for one in (large, small))
    assert all(few[name] <= many[name] for name in few)
    cost = sum(few[name] * times for name, times in (("memorise", 5), ("trials", 3), ("planted", 1)))
    assert cost * large.seconds() < 80


@pytest.mark.parametrize("count", [4, 39, 40, 400, 3200])
def test_shuffled_targets_keep_no_phase_of_any_season(count):
    order = controls._shuffled(count)
    np.testing.assert_array_equal(np.sort(order), np.arange(count))
    if count < 400:
        return
    for period in (2, 5, 8, 10, 20, 24, 40, 80):
        wave = np.sin(2 * np.pi * np.arange(count) / period + 0.5)
        assert abs(np.corrcoef(wave, wave[order])[0, 1]) < 0.5


def test_signals_of_several_kinds():
    random = np.random.default_rng(0)
    inputs = random.normal(size=(3000, 12, 2)).astype(np.float32)
    targets = random.normal(size=(3000, 1)).astype(np.float32)
    made = {kind: planting.plant(inputs, targets, None, 0, kind).oracle[:, 0] for kind in planting.KINDS}

    def tells(kind, part):
        return np.corrcoef(made[kind], part)[0, 1]

    assert tells("last_rows", inputs[:, -3:].sum(axis=(1, 2))) > 0.95
    assert tells("window_mean", inputs.mean(axis=(1, 2))) > 0.95
    assert tells("one_feature", inputs[:, -1, 0]) > 0.95


def test_a_network_that_pools_over_the_window_is_able(monkeypatch):
    part = make_part(noise(1500), length=60)
    seen = []
    original = controls._planted

    def recorded(*given):
        seen.append(original(*given))
        return seen[-1]

    monkeypatch.setattr(controls, "_planted", recorded)
    monkeypatch.setattr(controls.planting, "KINDS", ("one_feature", "window_mean"))
    found = facts(part, {"name": "masked_lstm", "mask_value": None, "head": "linear"}, {"learning_rate": 1e-6}).planted
    assert [each.kind for each in seen] == ["one_feature", "window_mean"]
    assert found.share == pytest.approx(max(each.share for each in seen), abs=1e-5)
    seen.clear()
    found = facts(make_part(autoregression(400), length=8)).planted
    assert (found.kind, len(seen)) == ("one_feature", 1)
