"""Unseen windows: a known signal is found, no signal is invented, and networks are judged on windows they never saw."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from pipeline.network import backends
from tests.helpers.parts import make_part
from tests.helpers.trainings import TRAINING

backends.prepare(threads=1, jit_compile=True)

from pipeline.diagnose.case import DiagnosedRun, TrainedFold  # noqa: E402 - the backend is prepared before
from pipeline.diagnose.facts import forecasts, references, unseen, windows  # noqa: E402
from pipeline.network import training  # noqa: E402
from pipeline.network.training import fit  # noqa: E402

QUICK = TRAINING | {"optimizer": "adam", "learning_rate": 0.02, "batch_size": 32, "epochs": 8}
LSTM = {"name": "lstm", "units": [4], "head": "linear"}


def noise(count, seed=0):
    return np.random.default_rng(seed).standard_normal(count)


def autoregression(count, weights, seed=0, amount=1.0):
    """x_t = sum of weights[lag] x_{t-lag} + noise."""
    values, e = np.zeros(count), amount * noise(count, seed)
    for t in range(count):
        values[t] = e[t] + sum(w * values[t - lag] for lag, w in weights.items() if t >= lag)
    return values


def run_of(train, validation, networks=None, **training):
    """An experiment of these windows and networks, by seed."""
    experiment = {"architecture": LSTM, "training": TRAINING | training}
    histories = {seed: {"updates": 30} for seed in networks or {0: None}}
    return DiagnosedRun("x", experiment, {}, [TrainedFold(train, validation, networks or {}, histories)], 60.0)


def look(train, validation=None):
    """Judge the forecasts without a network on a validation part, or on the last fifth of the windows."""
    if validation is None:
        cut = len(train) * 4 // 5
        train, validation = train.subset(np.arange(cut)), train.subset(np.arange(cut, len(train)))
    run = run_of(train, validation)
    folds = unseen.pieces(run)
    known = unseen.facts(run, forecasts.fit(folds), [], None, folds)
    recent = references.facts(*folds[0])
    return SimpleNamespace(**vars(known) | {"rows_needed": recent.needed, "longer": recent.longer})


def test_of_too_few_windows_nothing_is_judged():
    found = look(make_part(noise(6), length=4))
    assert (found.windows, found.needed) == (1, 5)
    assert found.linear is None
    assert found.naive is None


def test_white_noise_has_no_skill():
    found = look(make_part(noise(2000), length=20))
    assert found.naive.name == "train_mean"
    for name in ("linear", "trees"):
        assert getattr(found, name).low <= 0
        assert getattr(found, name).skill < 0.02
    assert found.rows_needed is None


def test_a_linear_signal_is_found_where_it_lies():
    values = autoregression(3000, {6: 0.7})
    early, late = make_part(values[:2400], length=16), make_part(values[2400:], length=16)
    found = look(early, late)
    assert found.part == "validation"
    assert found.linear.skill == pytest.approx(0.49, abs=0.1)
    assert found.linear.low > 0.3
    assert found.trees.low > 0.2
    assert found.rows_needed == 8
    recent = {rows: mean for rows, (mean, _) in references.recent(references._Field.of(early, late)).items()}
    assert list(recent) == [1, 2, 4, 8, 16]
    assert recent[4] < 0.1 < 0.3 < recent[8]
    assert recent[16] == pytest.approx(found.linear.skill)


def test_a_longer_window_is_judged_on_the_same_windows():
    found = look(make_part(autoregression(3000, {12: 0.8}), length=8, period=12))
    longer = found.longer
    assert list(longer) == ["8", "16", "20", "32"]
    # The last season, which the naive forecast knows, lies outside the window's own 8 rows.
    assert found.naive.name == "seasonal_naive"
    assert longer["8"] < -0.5
    assert min(longer["16"], longer["20"], longer["32"]) > 0.03
    assert found.linear.skill < -0.5
    # The rows before a validation part are not opened, and of 40 windows too few are left of a fourfold length.
    few = look(make_part(noise(400), length=20), make_part(noise(60, 1), length=20))
    assert few.longer is None or "80" not in few.longer


def test_trees_see_what_no_linear_model_does():
    x = noise(4000)
    values = np.abs(np.roll(x, 1)) * 1.0
    part = make_part(values, length=6)
    part = replace(
        part,
        rows=np.column_stack([values, x]),
        scaled=x.astype(np.float32)[:, None],
        spec=replace(part.spec, columns=["y", "x"], features=["x"]),
    )
    found = look(part)
    assert found.linear.skill < 0.05
    assert found.trees.low > 0.8
    assert found.trees.skill > found.linear.skill
    assert found.rows_needed is None  # no linear model can tell


def test_trees_start_from_the_last_value_where_levels_wander():
    steps = autoregression(2500, {1: 0.8})
    found = look(make_part(np.cumsum(steps), length=12))
    assert found.naive.name in ("persistence", "drift")
    assert found.linear.low > 0.4
    assert found.trees.low > 0.3


def test_the_mean_of_long_sequences_is_found_from_few_of_them():
    counts = np.random.default_rng(0).integers(20, 480, 45)
    values = (np.arange(500)[None] < counts[:, None]).astype(float).ravel()
    part = make_part(values, length=500, kind="sequence_mean", sequence_length=500)
    found = look(part)
    assert found.linear.skill > 0.95
    assert found.linear.low > 0.6
    assert found.longer is None


@pytest.mark.parametrize("kind", ["sign", "classes"])
def test_classes_of_a_small_series_are_found(kind):
    values = 0.001 * autoregression(4000, {1: 0.6})
    thresholds = np.quantile(values, [0.3, 0.7]).tolist() if kind == "classes" else None
    found = look(make_part(values, length=10, kind=kind, thresholds=thresholds))
    # What the last class says is not what the last value says.
    assert found.naive.name == "persistence"
    assert found.naive.against_constant.low > 0.05
    assert found.linear.skill > 0
    assert found.trees.skill > 0
    assert found.rows_needed in (1, None)  # the last class may leave no more to tell
    none = look(make_part(noise(4000), length=10, kind=kind, thresholds=[-0.5, 0.5]))
    assert none.linear.low <= 0
    assert none.trees.low <= 0


@pytest.mark.parametrize("window", ["last", "standard"])
def test_windows_scaled_by_themselves_are_judged_in_raw_units(window):
    values = np.cumsum(autoregression(2000, {1: 0.7})) + 50
    part = make_part(values, length=12)
    part = replace(part, spec=replace(part.spec, scaling=part.spec.scaling | {"window": window}))
    found = look(part)
    assert found.linear.low > 0.2
    assert found.longer["24"] == pytest.approx(found.longer["12"], abs=0.1)


@pytest.mark.parametrize("kind", ["difference", "return"])
def test_changes_over_several_rows(kind):
    values = np.cumsum(autoregression(2000, {1: 0.8})) + 500
    found = look(make_part(values, length=8, horizon=3, kind=kind))
    assert found.linear.low > 0.2
    assert found.trees.low > 0.1


def test_several_steps_at_once():
    values = autoregression(2000, {1: 0.9})
    found = look(make_part(values, length=8, horizon=6))
    assert found.linear.low > 0
    assert found.linear.skill > 0.1
    assert found.trees.skill > 0.05


def test_missing_cells_and_constant_columns_break_nothing():
    values = autoregression(1500, {1: 0.8})
    part = make_part(values, length=10)
    scaled = np.column_stack([values, np.full(1500, 3.3)]).astype(np.float32)
    scaled[500:503, 0] = np.nan
    scaled[700, 0] = np.inf
    part = replace(part, scaled=scaled, spec=replace(part.spec, features=["x", "flat"], columns=["x", "flat"]))
    part.table["target_0"][40] = np.nan
    found = look(part)
    assert found.linear.low > 0
    assert found.trees.skill > 0


@pytest.mark.parametrize("kind", ["value", "sign"])
def test_a_target_without_variance_has_no_skill_to_tell(kind):
    found = look(make_part(np.full(200, 2.0), length=5, kind=kind))
    assert found.linear.skill is None
    assert found.rows_needed is None


def test_equal_inputs_give_equal_facts():
    part = make_part(autoregression(800, {2: 0.6}), length=6)
    assert look(part) == look(part)


def test_networks_of_all_folds_and_seeds_are_judged_on_all_windows():
    values = autoregression(900, {1: 0.9})
    parts = [make_part(values[a:b], length=5, first_row=a) for a, b in ((0, 500), (500, 600), (0, 600), (600, 900))]
    networks = [{seed: fit(part, None, LSTM, QUICK, seed)[0] for seed in (0, 1)} for part in parts[::2]]
    folds = [TrainedFold(*parts[:2], networks[0], {}), TrainedFold(*parts[2:], networks[1], {})]
    run = replace(run_of(parts[0], parts[1]), folds=folds)
    pieces = unseen.pieces(run)
    judged = unseen.validated(run, pieces)
    found = unseen.facts(run, forecasts.fit(pieces), judged, None, pieces)
    assert (found.folds, found.windows) == (2, 95 + 295)
    assert [len(each.outputs) for each in judged] == [2, 2]
    assert found.networks.against_constant.low > 0.3
    assert found.networks.unanswered == 0
    # The skill is that of the mean loss of both seeds over both folds.
    own = np.concatenate([np.mean([windows.losses(j.late, o) for o in j.outputs], axis=0) for j in judged])
    base = [windows.losses(late, np.full((len(late), 1), early.raw_targets().mean())) for early, late in pieces]
    assert found.networks.against_constant.skill == pytest.approx(1 - own.mean() / np.concatenate(base).mean())


def test_a_network_whose_prediction_is_nan_is_compared_on_the_others():
    values = autoregression(600, {1: 0.9})
    train, late = make_part(values[:400], length=5), make_part(values[400:], length=5)
    late.scaled[50] = np.nan
    network, _ = fit(train, None, LSTM, QUICK, 0)
    run = run_of(train, late, {0: network})
    folds = unseen.pieces(run)
    found = unseen.facts(run, forecasts.fit(folds), unseen.validated(run, folds), None, folds)
    assert found.networks.unanswered == pytest.approx(5 / 195)
    assert found.networks.against_constant.skill > 0.5


def test_the_second_training_sees_nine_tenths_and_has_as_many_updates(monkeypatch):
    part = make_part(autoregression(700, {1: 0.9}), length=5)
    network, history = fit(part, None, LSTM, QUICK, 3)
    run = replace(run_of(part, None, {3: network}), folds=[TrainedFold(part, None, {3: network}, {3: history})])
    run.experiment["training"] = QUICK
    folds = unseen.pieces(run)
    given = []
    original = training.fit
    monkeypatch.setattr(
        training, "fit", lambda part, *rest, **more: given.append(part) or original(part, *rest, **more)
    )
    judged, second = unseen.second_training(run, folds)
    (seen,) = given
    assert seen.table["row"].max() < folds[0][1].table["row"].min()
    found = unseen.facts(run, forecasts.fit(folds), judged, second, folds)
    assert (found.part, found.updates, found.over_budget) == ("last_tenth", history["updates"], False)
    assert found.windows == 70
    assert found.networks.against_constant.skill > 0.5
    assert found.train_skill > 0.5
    judged, second = unseen.second_training(replace(run, budget=0.001), folds)
    found = unseen.facts(run, forecasts.fit(folds), judged, second, folds)
    assert found.over_budget
    assert found.networks is None
    assert found.linear.skill is not None


def test_state_is_carried_as_the_experiment_declares():
    values = noise(240)
    part = make_part(values, length=5, stride=5)
    settings = QUICK | {"state": "lanes", "batch_size": 4, "shuffle": False, "epochs": 1}
    architecture = {"name": "stateful_lstm", "units": [4], "head": "linear", "dropout": 0.0, "recurrent_dropout": 0.0}
    network, _ = fit(part, None, architecture, settings, 0)
    experiment = {"architecture": architecture, "training": settings}
    (whole,) = unseen.predictions(part, [network], experiment)
    other = values.copy()
    other[:5] += 3.0  # the first window; all later ones continue it
    (changed,) = unseen.predictions(make_part(other, length=5, stride=5), [network], experiment)
    assert np.abs(whole[1] - changed[1]).max() > 1e-4
