"""References: a known signal and its distance are found, and no signal is invented."""

import json
from dataclasses import replace

import numpy as np
import pytest

from pipeline.diagnose.facts import holdout, references, trees, typed
from tests.helpers.parts import make_part


def noise(count, seed=0):
    return np.random.default_rng(seed).standard_normal(count)


def autoregression(count, weights, seed=0, amount=1.0):
    """x_t = sum of weights[lag] x_{t-lag} + noise."""
    values, e = np.zeros(count), amount * noise(count, seed)
    for t in range(count):
        values[t] = e[t] + sum(w * values[t - lag] for lag, w in weights.items() if t >= lag)
    return values


def test_no_later_target_is_in_an_earlier_window():
    for horizon, stride in ((1, 1), (4, 1), (3, 10)):
        part = make_part(np.arange(200.0), length=10, horizon=horizon, stride=stride, first_row=50)
        early, late = holdout.halves(part)
        assert len(late) == len(part) // 5
        assert early.raw_targets().max() < late.raw_targets().min()
        assert late.raw_targets().max() == part.raw_targets().max()
        assert len(early) >= len(part) - len(late) - horizon
        # Only what overlaps is left out: one window more would reach into the later targets.
        assert len(early) == len(part) - len(late) or early.raw_targets().max() + 1 == late.raw_targets().min()


def test_sequences_are_not_cut():
    part = make_part(noise(400), length=20, kind="sequence_mean", sequence_length=20)
    early, late = holdout.halves(part)
    assert (len(early), len(late)) == (16, 4)
    assert early.table["start"].max() < late.table["start"].min()


def test_of_too_few_windows_nothing_is_told():
    part = make_part(noise(6), length=4)
    early, late = holdout.halves(part)
    assert (len(early), len(late)) == (1, 1)
    found = references.facts(part, None)
    assert found.linear is None
    assert found.trees is None
    assert found.held_kind == "held_back"


def test_white_noise_has_no_skill():
    found = references.facts(make_part(noise(2000), length=20), None)
    assert found.naive.name == "train_mean"
    for name in ("linear", "trees"):
        assert getattr(found, name).low <= 0
        assert getattr(found, name).skill < 0.02
    assert found.needed is None


def test_a_linear_signal_is_found_where_it_lies():
    values = autoregression(3000, {6: 0.7})
    early, late = make_part(values[:2400], length=16), make_part(values[2400:], length=16)
    found = references.facts(early, late)
    assert found.held_kind == "validation"
    assert found.linear.skill == pytest.approx(0.49, abs=0.1)
    assert found.linear.low > 0.3
    assert found.trees.low > 0.2
    assert found.needed == 8
    recent = {rows: mean for rows, (mean, _) in references.recent(references._Field.of(early, late)).items()}
    assert list(recent) == [1, 2, 4, 8, 16]
    assert recent[4] < 0.1 < 0.3 < recent[8]
    assert recent[16] == pytest.approx(found.linear.skill)


def test_a_longer_window_is_judged_on_the_same_windows():
    found = references.facts(make_part(autoregression(3000, {12: 0.8}), length=8, period=12), None)
    longer = found.longer
    assert list(longer) == ["8", "16", "20", "32"]
    # The last season, which the naive forecast knows, lies outside the window's own 8 rows.
    assert found.naive.name == "seasonal_naive"
    assert longer["8"] < -0.5
    assert min(longer["16"], longer["20"], longer["32"]) > 0.03
    assert found.linear.skill < -0.5
    # The rows before a validation part are not opened, and of 40 windows too few are left of a fourfold length.
    few = references.facts(make_part(noise(400), length=20), make_part(noise(60, 1), length=20))
    assert few.longer is None or "80" not in few.longer


def test_rows_after_a_gap_have_no_longer_past():
    part = make_part(noise(400), length=10)
    times = np.arange(400) + np.where(np.arange(400) >= 200, 1000, 0)
    part = replace(part, spec=replace(part.spec, first_rows=times))
    reaching = references._reaching(part, 30)
    starts = part.table["start"][reaching]
    assert not set(range(191, 220)) & set(starts.tolist())
    assert starts.min() == 20
    assert 220 in starts


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
    found = references.facts(part, None)
    assert found.linear.skill < 0.05
    assert found.trees.low > 0.8
    assert found.trees.skill > found.linear.skill
    assert found.needed is None  # no linear model can tell


def test_trees_start_from_the_last_value_where_levels_wander():
    steps = autoregression(2500, {1: 0.8})
    found = references.facts(make_part(np.cumsum(steps), length=12), None)
    assert found.naive.name == "persistence"
    assert found.linear.low > 0.4
    assert found.trees.low > 0.3


def test_the_mean_of_long_sequences_is_found_from_few_of_them():
    counts = np.random.default_rng(0).integers(20, 480, 45)
    values = (np.arange(500)[None] < counts[:, None]).astype(float).ravel()
    part = make_part(values, length=500, kind="sequence_mean", sequence_length=500)
    found = references.facts(part, None)
    assert [len(side) for side in holdout.halves(part)] == [36, 9]
    assert found.linear.skill > 0.95
    assert found.linear.low > 0.6
    assert found.longer is None


@pytest.mark.parametrize("kind", ["sign", "classes"])
def test_classes_of_a_small_series_are_found(kind):
    values = 0.001 * autoregression(4000, {1: 0.6})
    thresholds = np.quantile(values, [0.3, 0.7]).tolist() if kind == "classes" else None
    found = references.facts(make_part(values, length=10, kind=kind, thresholds=thresholds), None)
    assert found.naive.name == "majority"
    assert found.linear.low > 0.05
    assert found.trees.low > 0.05
    assert found.needed == 1
    none = references.facts(make_part(noise(4000), length=10, kind=kind, thresholds=[-0.5, 0.5]), None)
    assert none.linear.low <= 0
    assert none.trees.low <= 0


@pytest.mark.parametrize("window", ["last", "standard"])
def test_windows_scaled_by_themselves_are_judged_in_raw_units(window):
    values = np.cumsum(autoregression(2000, {1: 0.7})) + 50
    part = make_part(values, length=12)
    part = replace(part, spec=replace(part.spec, scaling=part.spec.scaling | {"window": window}))
    found = references.facts(part, None)
    assert found.linear.low > 0.2
    assert found.longer["24"] == pytest.approx(found.longer["12"], abs=0.1)


@pytest.mark.parametrize("kind", ["difference", "return"])
def test_changes_over_several_rows(kind):
    values = np.cumsum(autoregression(2000, {1: 0.8})) + 500
    found = references.facts(make_part(values, length=8, horizon=3, kind=kind), None)
    assert found.linear.low > 0.2
    assert found.trees.low > 0.1


def test_several_steps_at_once():
    values = autoregression(2000, {1: 0.9})
    found = references.facts(make_part(values, length=8, horizon=6), None)
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
    found = references.facts(part, None)
    json.dumps(typed.as_json(found), allow_nan=False)
    assert found.linear.low > 0
    assert found.trees.skill > 0


@pytest.mark.parametrize("kind", ["value", "sign"])
def test_a_target_without_variance_has_no_skill_to_tell(kind):
    found = references.facts(make_part(np.full(200, 2.0), length=5, kind=kind), None)
    json.dumps(typed.as_json(found), allow_nan=False)
    assert found.linear.skill is None
    assert found.needed is None


def test_equal_inputs_give_equal_facts():
    part = make_part(autoregression(800, {2: 0.6}), length=6)
    assert references.facts(part, None) == references.facts(part, None)


def test_columns_of_trees_keep_the_latest_rows_whole():
    windows = np.arange(2 * 1000 * 2, dtype=float).reshape(2, 1000, 2)
    made = trees.columns(windows, from_last=False)
    assert made.shape[0] == 2
    assert made.shape[1] <= 256
    assert np.array_equal(made[:, -128:], windows[:, -64:].reshape(2, -1))
    assert trees.columns(windows[:, :10], from_last=False).shape == (2, 20)
    apart = trees.columns(windows[:, :10], from_last=True)
    assert np.array_equal(apart[:, -2:], windows[:, 9])
    assert np.array_equal(apart[:, -4:-2], [[-2, -2], [-2, -2]])
