"""Facts of windows and targets: every one against a small case whose answer is known."""

import json
from dataclasses import replace

import numpy as np
import pytest

from pipeline import raw
from pipeline.dataset.sampling import evenly
from pipeline.diagnose.facts import alignment, data, repeated, to_json, typed
from tests.helpers.parts import make_part

TRAINING = {"seeds": [3], "batch_size": 4, "shuffle": False, "state": "none", "steps_per_execution": 1}


def noise(count, seed=0):
    return np.random.default_rng(seed).standard_normal(count)


def with_features(part, columns, keep_target=True):
    """The part with more columns, all of them features, scaled by nothing."""
    names = list(columns)
    rows = np.column_stack([part.rows[:, :1], *columns.values()])
    features = [*(["x"] if keep_target else []), *names]
    spec = replace(part.spec, columns=["x", *names], features=features)
    scaled = rows if keep_target else rows[:, 1:]
    return replace(part, rows=rows, scaled=scaled.astype(np.float32), spec=spec)


def test_clean_windows_have_nothing_to_tell():
    found = data.facts(make_part(noise(200), length=5), make_part(noise(50, 1), length=5), TRAINING)
    assert found.windows == data.Windows(195)
    assert (found.length, len(found.inputs), found.kind) == (5, 1, None)
    assert found.nonfinite is None
    assert found.state is None
    assert found.classes is None
    assert found.duplicates == repeated.Duplicates(0.0, 0.0, 199)
    assert found.shift.outside < 0.1
    assert typed.read(data.Data, json.loads(json.dumps(typed.as_json(found), allow_nan=False))) == found


def test_the_first_missing_cell_is_named_with_the_batch_that_meets_it():
    part = make_part(noise(100), length=5, first_row=1000)
    part = with_features(part, {"other": noise(100, 1)})
    part.scaled[42, 1] = np.nan
    part.scaled[60, 0] = np.inf
    found = data.nonfinite(part, TRAINING)
    assert (found.cells, found.targets) == (2, 0)
    assert (found.row, found.column, found.window) == (1042, "other", 38)
    assert found.windows == 10
    assert found.batch == 38 // 4


def test_the_batch_is_that_of_the_first_seed_and_of_the_real_order():
    part = make_part(noise(100), length=5)
    part.scaled[42] = np.nan
    order = np.random.default_rng([3, 0]).permutation(95)
    first = int(np.flatnonzero((order >= 38) & (order <= 42))[0])
    assert data.nonfinite(part, TRAINING | {"shuffle": True}).batch == first // 4
    # Carried state drops what does not fill a batch: here all windows that read row 80.
    late = make_part(noise(100), length=5)
    late.scaled[80] = np.nan
    assert data.nonfinite(late, TRAINING | {"state": "posted", "batch_size": 36}).batch is None


def test_a_bad_cell_that_no_window_reads_does_not_count():
    part = make_part(noise(30), length=4, stride=10)
    part.scaled[5] = np.nan
    assert data.nonfinite(part, TRAINING) is None


def test_a_missing_target_is_told_apart_from_an_input():
    part = make_part(noise(30), length=4, first_row=100)
    part.table["target_0"][7] = np.nan
    found = data.nonfinite(part, TRAINING)
    assert (found.cells, found.targets, found.windows, found.window) == (0, 1, 1, 7)
    assert (found.row, found.column) == (111, "x")


def test_inputs_are_those_of_the_network():
    part = with_features(make_part(noise(300), length=5), {"flat": np.full(300, 7.1), "large": 1e4 + noise(300, 2)})
    x, flat, large = data.inputs(part)
    assert x.name == "x"
    assert not x.constant
    assert x.std == pytest.approx(1, abs=0.15)
    assert flat.constant
    assert flat.mean == pytest.approx(7.1)
    assert not large.constant
    assert large.mean == pytest.approx(1e4, rel=1e-3)
    # Within every window `flat` and the slow line are the same after the window's own scaling.
    last = replace(part, spec=replace(part.spec, scaling=part.spec.scaling | {"window": "last"}))
    assert data.inputs(last)[1] == data.Input("flat", mean=0, std=0, constant=True, largest=0)
    standard = replace(part, spec=replace(part.spec, scaling=part.spec.scaling | {"window": "standard"}))
    assert data.inputs(standard)[2].std == pytest.approx(1, abs=0.01)


def test_one_other_value_between_the_windows_looked_at_is_not_constant():
    values = np.zeros(30000)
    values[15001] = 1
    part = with_features(make_part(noise(30000), length=2, stride=3), {"rare": values})
    assert data.inputs(part)[1].std == 0
    assert not data.inputs(part)[1].constant


def test_a_heavy_tail_and_a_spread_of_the_unit_range_show_in_the_target():
    tail = np.random.default_rng(0).standard_t(3, 4000)
    low, high = tail.min(), tail.max()
    found = data.target(make_part(tail, length=2, center=low, scale=high - low))
    assert found.unit_spread == pytest.approx(found.std, rel=1e-3)
    assert found.unit_spread < 0.1
    assert found.kurtosis > 5
    normal = data.target(make_part(noise(4000), length=2))
    assert abs(normal.kurtosis) < 0.5
    assert normal.quantiles["0.99"] == pytest.approx(2.33, abs=0.25)


def test_a_target_without_variance_has_no_shape():
    found = data.target(make_part(np.full(50, 3.3), length=4))
    assert found.std == pytest.approx(0, abs=1e-6)
    assert found.kurtosis is None
    assert found.unit_spread is None


def test_classes_have_shares_and_the_entropy_of_an_answer_that_knows_them():
    part = make_part(np.tile([1.0, -1.0, 1.0, 1.0], 50), length=4, kind="sign")
    found = data.classes(part)
    assert found.shares == pytest.approx([0.25, 0.75], abs=0.01)
    assert found.entropy == pytest.approx(0.5623, abs=0.01)
    one = data.classes(make_part(np.ones(20), length=4, kind="sign"))
    assert one == data.Classes([0.0, 1.0], 0.0)
    assert data.shift(part, part) is None


def test_a_shift_is_told_in_training_deviations():
    train, held = make_part(noise(500), length=3), make_part(noise(500, 1) + 4, length=3)
    found = data.shift(train, held)
    assert found.mean == pytest.approx(4, abs=0.3)
    assert found.outside > 0.7
    assert data.shift(train, None) is None


def test_equal_windows_are_counted_with_those_of_another_target():
    values = np.concatenate([noise(20), noise(20), noise(20)])  # thrice the same
    found = repeated.duplicates(make_part(values, length=5))
    assert found.share == 1
    assert found.conflicting == 0
    part = make_part(values, length=5)
    part.table["target_0"][3] += 1  # one of three equal windows
    assert repeated.duplicates(part).conflicting == pytest.approx(3 / 55)
    assert repeated.duplicates(make_part(noise(60), length=5)).share == 0


def test_windows_that_stand_still_are_no_duplicates():
    values = np.concatenate([noise(20), np.zeros(30), noise(20, 1)])
    assert repeated.duplicates(make_part(values, length=5)).share == 0
    assert repeated.duplicates(make_part(np.full(30, np.nan), length=5)).share == 0
    # A single row always is one value: there equal ones do count.
    assert repeated.duplicates(make_part(np.tile([1.0, 2.0], 10), length=1)).share == 1


def test_carried_state_in_the_posted_order_continues_nothing():
    part = make_part(noise(101), length=10)
    posted = data.state(part, TRAINING | {"state": "posted"})
    assert posted == data.CarriedState("posted", 0.0, True)
    apart = make_part(noise(105), length=10, stride=10)
    assert data.state(apart, TRAINING | {"state": "posted"}).continued == 0
    lanes = data.state(apart, TRAINING | {"state": "lanes", "batch_size": 2})
    assert lanes.continued == 1
    assert not data.state(make_part(noise(100), length=10, stride=7), TRAINING | {"state": "posted"}).possible
    assert data.state(apart, TRAINING | {"state": "posted", "batch_size": 50}).continued is None


def test_a_target_in_its_place_is_found_there():
    found = alignment.facts(make_part(noise(300), length=8))
    assert found.own == alignment.Own(declared=1.0, offset=0, share=1.0)
    assert found.known == 0
    assert found.repeated == 0
    assert found.later is None
    ahead = alignment.facts(make_part(noise(300), length=8, horizon=3, kind="difference"))
    assert ahead.own == alignment.Own(declared=1.0, offset=0, share=1.0)


@pytest.mark.parametrize("kind", ["value", "difference", "return"])
def test_a_target_that_lies_in_its_own_window_is_known(kind):
    part = make_part(noise(300) + 10, length=8, kind=kind)
    early = {"target_0": np.roll(part.table["target_0"], 2)}  # what the window before the last one was asked
    found = alignment.facts(replace(part, table=part.table | early))
    assert found.known > 0.98
    assert found.known_lag == 2
    assert found.known_elsewhere < 0.05
    assert found.own.offset == -2
    assert found.own.declared < 0.05
    late = {"target_0": np.roll(part.table["target_0"], -5)}
    found = alignment.facts(replace(part, table=part.table | late))
    assert found.known < 0.05
    assert found.own.offset == 5
    assert found.own.share > 0.97


def test_classes_are_known_by_more_than_chance():
    values = noise(600)
    part = make_part(values, length=6, kind="classes", thresholds=[-0.4, 0.4])
    honest = alignment.facts(part)
    assert honest.own.share == 1
    assert honest.known < 0.5
    assert honest.known_elsewhere > 0.25
    shifted = alignment.facts(replace(part, table=part.table | {"target_0": np.roll(part.table["target_0"], 1)}))
    assert shifted.known > 0.99
    assert shifted.known_lag == 1
    assert shifted.known_elsewhere < 0.5


def test_a_shifted_copy_among_the_features_is_found_on_either_side():
    target = noise(400)
    part = make_part(target, length=8)
    past = alignment.facts(with_features(part, {"copy": np.roll(target, -3)}, keep_target=False))
    assert past.known == 1
    assert past.known_feature == "copy"
    assert past.known_lag == 3
    # A copy that comes four rows late: what is asked now would have been told then.
    future = alignment.facts(with_features(part, {"copy": np.roll(target, 4)}, keep_target=False))
    assert future.known < 0.05
    later = future.later
    assert (later.equal, later.equal_feature, later.equal_offset) == (1.0, "copy", 4)
    assert later.offset == 4
    assert later.corr == pytest.approx(1)


def test_the_lag_with_the_most_to_say_is_found():
    cause = noise(600)
    target = np.roll(cause, 5) + 0.3 * noise(600, 1)  # row t follows from row t - 5
    found = alignment.facts(with_features(make_part(target, length=8), {"cause": -cause}))
    assert found.best_feature == "cause"
    assert found.best_lag == 5
    assert found.best_corr < -0.9
    assert found.last_corr < 0.3


def test_repeated_rows_are_counted():
    assert alignment.facts(make_part(np.repeat(noise(50), 3), length=6)).repeated == pytest.approx(2 / 3, abs=0.01)
    both = with_features(make_part(np.repeat(noise(50), 3), length=6), {"y": noise(150, 1)})
    assert alignment.facts(both).repeated == 0


def test_values_that_repeat_are_told_from_rows_that_were_filled():
    filled = alignment.facts(make_part(np.repeat(noise(50), 3), length=6))
    assert filled.repeated_distinct == 1
    night = np.maximum(np.sin(np.arange(600) / 24 * 2 * np.pi) + 0.1 * noise(600), 0)
    night[np.arange(600) % 24 >= 12] = 0
    dark = alignment.facts(make_part(night, length=6))
    assert dark.repeated > 0.4
    assert dark.repeated_distinct < 0.1
    assert alignment.facts(make_part(noise(300), length=6)).repeated_distinct is None


def test_a_target_that_repeats_itself_is_known_by_its_own_column():
    sticky = (np.cumsum(np.random.default_rng(0).random(600) < 0.04) % 2).astype(float)
    found = alignment.facts(make_part(sticky, length=6, kind="sign"))
    assert found.known_own == found.known > 0.9
    assert found.own.declared == 1
    season = np.round(np.sin(np.arange(600) / 12 * 2 * np.pi), 6)
    found = alignment.facts(make_part(season, length=24))
    assert found.known_own == 1
    assert found.best_own == pytest.approx(1)
    copied = alignment.facts(with_features(make_part(noise(400), length=8), {"copy": np.roll(noise(400), -3)}, False))
    assert copied.known_own < 0.05


def test_the_season_and_the_steps_are_those_of_the_split():
    wave = np.round(np.sin(np.arange(480) / 24 * 2 * np.pi), 6)
    about = {"given": None, "autocorrelation": None, "visible": 24, "visible_autocorrelation": 1.0}
    part = make_part(wave, length=6)
    found = data.season(part, about)
    assert (found.visible, found.exact) == (24, 1.0)
    noisy = data.season(make_part(wave + 0.1 * noise(480), length=6), about)
    assert noisy.exact == 0
    assert data.season(part, about | {"given": 7, "autocorrelation": 0.1}).exact < 0.1  # copied, whatever is visible
    assert data.season(part, None) is None
    time = {"first": "a", "last": "b", "step": "1 hour", "holes": 3, "early": 0, "treated": "irregular"}
    split = {"rows": 480, "series": {"time": time}}
    assert data.time(split) == data.Time("1 hour", 3, 0, "irregular", 480)
    assert data.time({}) is None
    assert data.time({"rows": 480, "series": {"time": None}}) is None
    assert data.time({"rows": 2, "series": {"time": {"first": "a", "last": "b"}}}) is None


def test_the_last_value_explains_a_walk_and_no_noise():
    assert data.persistence(make_part(np.cumsum(noise(500)), length=6)) > 0.9
    assert data.persistence(make_part(noise(500), length=6)) == pytest.approx(-1, abs=0.2)
    assert data.persistence(make_part(noise(500), length=6, kind="difference")) is None


def test_the_mean_of_a_sequence_has_no_place_among_the_rows():
    part = make_part(noise(200), length=20, kind="sequence_mean", sequence_length=20)
    assert alignment.facts(part) is None
    assert data.facts(part, None, TRAINING).windows == data.Windows(10)


@pytest.mark.parametrize("values", [np.full(60, np.nan), np.full(60, 2.0)])
def test_nothing_to_measure_breaks_nothing(values):
    found = data.facts(make_part(values, length=5), make_part(values, length=5), TRAINING)
    json.dumps(to_json(found), allow_nan=False)
    assert found.inputs[0].constant
    assert found.alignment.best_lag is None


def test_every_stage_output_has_facts(project):
    from pipeline import dataset
    from pipeline.common import params
    from pipeline.dataset import scaling, splitting, windowing

    p = params.load()
    for name, experiment in (("season", "season_lstm"), ("sign", "sign_lstm")):
        raw.main([name])
        made = f"{name}_windows"
        for stage in (splitting.split, windowing.window, scaling.scale):
            stage(p, made)
        held = dataset.load(made, 0, "validation") if dataset.has(made, 0, "validation") else None
        found = data.facts(dataset.load(made, 0, "train"), held, p["experiments"][experiment]["training"])
        json.dumps(typed.as_json(found), allow_nan=False)
        assert found.alignment.own.declared == 1
        if name == "sign":
            assert found.inputs[0].std == pytest.approx(0.001, rel=0.2)


def test_evenly_keeps_both_ends():
    assert evenly(3, 10).tolist() == [0, 1, 2]
    assert evenly(101, 3).tolist() == [0, 50, 100]
