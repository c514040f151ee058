"""Baselines on windows small enough to work out by hand, and against scikit-learn."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import LogisticRegression, RidgeCV

from pipeline.scoring import baselines, linear, naive, ridge, skill
from pipeline.scoring.naive import History
from tests.helpers.parts import make_part


def test_persistence_and_train_mean_of_two_steps():
    train = make_part([1, 2, 4, 8, 16, 32], length=2, horizon=2)
    test = make_part([10, 20, 30, 40], length=2, horizon=2, name="test", first_row=6)
    forecasts = baselines.fit(train)
    assert forecasts["persistence"](test).tolist() == [[20, 20]]
    assert forecasts["train_mean"](test).tolist() == [[(4 + 8 + 16) / 3, (8 + 16 + 32) / 3]]
    assert "seasonal_naive" not in forecasts


@pytest.mark.parametrize("kind", ["difference", "return"])
def test_persistence_of_a_change_is_no_change(kind):
    train = make_part([1, 2, 4, 8, 16, 32], length=2, kind=kind)
    assert baselines.fit(train)["persistence"](train).tolist() == [[0.0]] * len(train)


def test_a_missing_last_value_gives_the_training_mean():
    train = make_part([1, 2, 4, 8, 16], length=1)
    train.table["last"][0] = np.nan
    assert baselines.fit(train)["persistence"](train)[:2, 0].tolist() == [train.raw_targets().mean(), 2]


def test_seasonal_naive_takes_the_row_one_period_before_the_target():
    train = make_part([0, 1, 2, 3, 4, 5, 6, 7], length=2, period=3)
    # Window 0 ends at row 1 and targets row 2, whose season begins before the series: persistence.
    assert baselines.fit(train)["seasonal_naive"](train)[:, 0].tolist() == [1, 0, 1, 2, 3, 4]


def test_seasonal_naive_knows_nothing_after_the_window():
    values = np.arange(10.0)
    train = make_part(values, length=4, horizon=4, period=2)
    # Targets 4, 5, 6, 7 after a window that ends at row 3: rows 2, 3, then two and two seasons back again.
    assert baselines.fit(train)["seasonal_naive"](train)[0].tolist() == [2, 3, 2, 3]


def test_seasonal_naive_of_a_change_counts_from_the_last_value():
    train = make_part([1, 5, 2, 7, 3, 9], length=3, kind="difference", period=2)
    # Window 1 ends at row 3 (7), targets row 4, whose season before is row 2 (2).
    assert baselines.fit(train)["seasonal_naive"](train)[1, 0] == 2 - 7
    two = make_part([1, 5, 2, 7, 3, 9], length=3, horizon=2, kind="difference", period=2)
    # Window 0 ends at row 2 (2), targets row 4, whose last known season is row 2 itself.
    assert baselines.fit(two)["seasonal_naive"](two)[0, 0] == 0


def test_seasonal_naive_does_not_cross_a_gap():
    train = make_part(np.arange(6.0), length=2, period=3)
    train.spec.first_rows[3:] += 10
    train.table["row"][:] = train.spec.first_rows[train.table["start"] + 2]
    forecast = baselines.fit(train)["seasonal_naive"](train)[:, 0]
    assert forecast[-1] == train.table["last"][-1]


@pytest.mark.parametrize("horizon", [1, 3])
def test_ridge_agrees_with_scikit_learn(horizon, monkeypatch):
    random = np.random.default_rng(0)
    train = make_part(np.cumsum(random.normal(size=120)), length=6, horizon=horizon, center=2.0, scale=3.0)
    test = make_part(np.cumsum(random.normal(size=40)), length=6, horizon=horizon, center=2.0, scale=3.0, name="test")

    x = train.inputs().reshape(len(train), -1).astype(float)
    mean, std = x.mean(axis=0), x.std(axis=0)
    theirs = RidgeCV(alphas=ridge.ALPHAS * len(train)).fit((x - mean) / std, train.targets().astype(float))
    seen = (test.inputs().reshape(len(test), -1) - mean) / std
    expected = test.restore(theirs.predict(seen).reshape(len(test), -1))

    ours = baselines.fit(train)["ridge"](test)
    assert ours.shape == (len(test), horizon)
    assert ours == pytest.approx(expected, rel=1e-6)
    # The way for wide windows gives the same.
    monkeypatch.setattr(linear, "_WIDEST", 1)
    assert baselines.fit(train)["ridge"](test) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("horizon", [1, 3])
def test_ridge_last_is_the_ridge_of_changes_from_the_last_value(horizon):
    random = np.random.default_rng(3)
    values = np.cumsum(random.normal(size=170))
    train = make_part(values[:120], length=6, horizon=horizon, center=2.0, scale=3.0)
    test = make_part(values[120:], length=6, horizon=horizon, center=2.0, scale=3.0, name="test", first_row=120)

    def seen(part):
        windows = part.rows[part.table["start"][:, None] + np.arange(6), 0]
        return windows[:, :-1] - windows[:, -1:], windows[:, -1:]

    x, last = seen(train)
    mean, std = x.mean(axis=0), x.std(axis=0)
    theirs = RidgeCV(alphas=ridge.ALPHAS * len(train)).fit((x - mean) / std, train.raw_targets() - last)
    x, last = seen(test)
    expected = theirs.predict((x - mean) / std).reshape(len(test), -1) + last
    assert baselines.fit(train)["ridge_last"](test) == pytest.approx(expected, rel=1e-6)


def test_ridge_last_of_a_missing_last_value_is_the_training_mean():
    train = make_part(np.sin(np.arange(80.0)) + 4, length=4)
    test = make_part(np.sin(np.arange(80.0)) + 4, length=4, name="test")
    test.rows[10] = test.table["last"][7] = np.nan
    forecast = baselines.fit(train)["ridge_last"](test)
    assert np.isfinite(forecast).all()
    assert forecast[7] == pytest.approx(train.raw_targets().mean())


def test_windows_that_are_changes_already_and_single_rows_are_seen_once():
    train = make_part(np.arange(30.0), length=1)
    assert [name for name in baselines.fit(train) if name in baselines.LINEAR] == ["ridge"]
    train = make_part(np.arange(30.0), length=3)
    train.spec.scaling["window"] = "last"
    assert [name for name in baselines.fit(train) if name in baselines.LINEAR] == ["ridge"]


def test_ridge_with_more_inputs_than_windows():
    random = np.random.default_rng(1)
    train = make_part(random.normal(size=70), length=50)
    forecast = baselines.fit(train)["ridge"](train)
    assert np.isfinite(forecast).all()


def test_ridge_ignores_windows_with_a_missing_cell_and_survives_them():
    values = np.sin(np.arange(80.0))
    train = make_part(values, length=4)
    before = baselines.fit(train)["ridge"](train)
    train.scaled[40] = np.nan
    after = baselines.fit(train)["ridge"](train)
    assert np.isfinite(after).all()
    assert after[:20] == pytest.approx(before[:20], abs=1e-3)


KINDS = [("value", "value"), ("difference", "value"), ("return", "value"), ("sign", "value"), ("sign", "difference")]


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 999),
    kind=st.sampled_from(KINDS),
    horizon=st.integers(1, 4),
    period=st.integers(2, 30),
    length=st.integers(2, 6),
    gap=st.integers(0, 5),
    whole=st.booleans(),
)
def test_no_row_after_a_window_changes_a_forecast(seed, kind, horizon, period, length, gap, whole):
    random = np.random.default_rng(seed)
    values = random.normal(size=90) + 10 * (kind[0] != "sign")
    edge = int(random.integers(60 + gap + length, 90))
    changed = values.copy()
    changed[edge:] = random.normal(size=90 - edge) * 1e3 + 1e4

    def made(rows):
        settings = {"length": length, "horizon": horizon, "kind": kind[0], "of": kind[1], "period": period}
        train = make_part(rows[:60], **settings)
        test = make_part(rows[60 + gap :], **settings, name="test", first_row=60 + gap)
        history = History(np.arange(90), rows) if whole else None
        return {name: forecast(test) for name, forecast in baselines.fit(train, history=history).items()}, test

    one, test = made(values)
    other, _ = made(changed)
    before = np.flatnonzero(test.spec.first_rows[test.table["start"] + length - 1] < edge)
    for name, outputs in one.items():
        np.testing.assert_array_equal(outputs[before], other[name][before], err_msg=name)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 999), kind=st.sampled_from(KINDS[:3]), horizon=st.integers(1, 9), period=st.integers(2, 40))
def test_the_season_and_the_drift_of_a_window_by_hand(seed, kind, horizon, period):
    random = np.random.default_rng(seed)
    values = random.normal(size=90) + 10
    # Rows 60 to 64 lie in no part: a gap.
    train = make_part(values[:60], length=3, horizon=horizon, kind=kind[0], period=period)
    test = make_part(values[65:], length=3, horizon=horizon, kind=kind[0], period=period, name="test", first_row=65)
    missing = values.copy()
    missing[[0, 20, 61, 68]] = np.nan
    forecasts = baselines.fit(train, linear=False, history=History(np.arange(90), missing))
    seasonal = forecasts["seasonal_naive"](test)
    drift = forecasts["drift"](test) if kind[0] == "value" else None
    for window, start in enumerate(test.table["start"]):
        end = 65 + start + 2
        ahead = range(1, horizon + 1) if kind[0] == "value" else [horizon]
        for column, step in enumerate(ahead):
            row = end + step - period
            while row > end:
                row -= period
            value, last = (missing[row] if row >= 0 else np.nan), values[end]
            found = {"value": value, "difference": value - last, "return": value / last - 1}[kind[0]]
            expected = found if np.isfinite(found) else forecasts["persistence"](test)[window, column]
            assert seasonal[window, column] == pytest.approx(expected)
            if drift is not None:
                slope = (last - values[1]) / (end - 1)
                assert drift[window, column] == pytest.approx(last + step * slope)


def test_without_a_history_the_rows_of_training_and_of_the_part_are_known():
    train = make_part(np.arange(20.0), length=3, period=8)
    test = make_part(np.arange(22.0, 30), length=3, period=8, name="test", first_row=22)
    # Rows 14, … are the targets' seasons before: those up to 19 are training rows, 20 and 21 are in no part.
    forecast = baselines.fit(train, linear=False)["seasonal_naive"](test)[:, 0]
    assert forecast.tolist() == [17, 18, 19, 27, 28]


def test_drift_of_nothing_known_is_persistence():
    train = make_part(np.arange(6.0) * 2, length=1)
    test = make_part([7.0, 9.0], length=1, name="test", first_row=6)
    assert baselines.fit(train, linear=False)["drift"](train)[:, 0].tolist() == [0, 4, 6, 8, 10]
    nothing = History(np.arange(8), np.full(8, np.nan))
    assert baselines.fit(train, linear=False, history=nothing)["drift"](test)[:, 0].tolist() == [7]
    empty = History(np.zeros(0, dtype=int), np.zeros(0))
    assert baselines.fit(train, linear=False, history=empty)["drift"](test)[:, 0].tolist() == [7]


def test_the_window_average_is_the_mean_of_the_window():
    train = make_part([1, 3, 8, 4, 5], length=2, horizon=2)
    assert baselines.fit(train, linear=False)["window_average"](train).tolist() == [[2, 2], [5.5, 5.5]]
    train.table["mean"][0] = np.nan
    assert baselines.fit(train, linear=False)["window_average"](train)[0].tolist() == [6, 4.5]


def test_of_a_sequence_mean_nothing_is_known_but_the_last_value_and_the_mean():
    train = make_part(np.arange(40.0), length=4, kind="sequence_mean", sequence_length=4, period=2)
    assert list(baselines.fit(train, linear=False)) == ["persistence", "train_mean"]


def test_majority_gives_the_training_shares():
    train = make_part([-1, 1, -1, 1, 1, 1, 1], length=2, kind="sign")
    assert baselines.fit(train)["majority"](train).tolist() == [[0.8]] * 5


def test_persistence_of_a_sign_is_how_often_each_sign_followed_the_last_one():
    # Last values 1, -2, 3, 1, 2, -1 and 5; next signs 0, 1, 1, 1, 0, 1 and 1: after a rise 3 of 5 rise, after a fall 2
    # of 2; 5 of 7 rise in all, which counts as one more window.
    train = make_part([-1, 1, -2, 3, 1, 2, -1, 5, 1], length=2, kind="sign")
    up, down = (3 + 5 / 7) / 6, (2 + 5 / 7) / 3
    expected = [up, down, up, up, up, down, up]
    assert baselines.fit(train)["persistence"](train)[:, 0] == pytest.approx(expected)


def test_for_the_diagnosis_persistence_repeats_the_last_class_and_nothing_is_a_model():
    sign = make_part([-1, 1, -2, 0, 3, 1], length=2, kind="sign")
    assert naive.unlearned(sign)["persistence"](sign)[:, 0].tolist() == [1, 0, 0, 1]
    change = make_part([1, 3, 2, 2, 5, 1], length=2, kind="sign", of="difference")
    assert naive.unlearned(change)["persistence"](change)[:, 0].tolist() == [1, 0, 0, 1]
    three = make_part([-5, 0, 5, 1, -1, 1], length=1, kind="classes", thresholds=[-1.0, 1.0])
    forecasts = naive.unlearned(three)
    assert forecasts["persistence"](three).argmax(axis=1).tolist() == [0, 1, 2, 1, 0]
    three.table["last"][2] = np.nan
    assert forecasts["persistence"](three)[2] == pytest.approx(forecasts["majority"](three)[2])
    assert list(naive.unlearned(make_part(np.arange(9.0), length=2, period=3))) == [
        "persistence",
        "train_mean",
        "seasonal_naive",
    ]


def test_a_missing_last_value_gives_the_training_shares():
    train = make_part([-1, 1, -2, 3, 1, 2, -1, 5, 1], length=2, kind="sign")
    train.table["last"][3] = np.nan
    forecast = baselines.fit(train)
    assert forecast["persistence"](train)[3] == pytest.approx(forecast["majority"](train)[3])


@pytest.mark.parametrize(("of", "horizon"), [("value", 1), ("difference", 1), ("difference", 2), ("return", 3)])
def test_the_last_class_is_that_of_the_last_change_over_the_horizon(of, horizon):
    values = np.random.default_rng(4).normal(size=300) + 5
    train = make_part(values, length=5, horizon=horizon, kind="classes", of=of, thresholds=[-0.2, 0.3])
    ends = train.table["start"] + 4
    now = {"value": values, "difference": values[ends] - values[ends - horizon]}
    quantity = {"value": values[ends], "difference": now["difference"], "return": values[ends] / values[ends - horizon]}
    last = np.searchsorted([-0.2, 0.3], quantity[of] - (of == "return"), side="left")
    table = baselines.fit(train)["persistence"](train)
    truth = train.raw_targets()[:, 0].astype(int)
    shares = np.bincount(truth, minlength=3) / len(truth)
    for one in range(3):
        counts = np.bincount(truth[last == one], minlength=3)
        expected = (counts + shares) / (counts.sum() + 1)
        np.testing.assert_allclose(table[last == one], np.tile(expected, (np.sum(last == one), 1)))


@pytest.mark.parametrize("phi", [0.3, 0.8])
def test_a_network_that_only_repeats_the_last_sign_is_no_better_than_persistence(phi):
    random = np.random.default_rng(5)
    values = np.zeros(6000)
    for t in range(1, 6000):
        values[t] = phi * values[t - 1] + random.normal()
    train = make_part(values[:4000], length=4, kind="sign")
    test = make_part(values[4000:], length=4, kind="sign", name="test", first_row=4000)
    stays = np.mean((train.table["last"] > 0) == train.raw_targets()[:, 0])
    repeats = np.where(test.table["last"] > 0, stays, 1 - stays)[:, None]
    persistence = baselines.fit(train, linear=False)["persistence"](test)
    own, base = (skill.losses(test.raw_targets(), outputs, 2).mean() for outputs in (repeats, persistence))
    assert own == pytest.approx(base, rel=0.01)
    np.testing.assert_array_equal(persistence > 0.5, repeats > 0.5)


@pytest.mark.parametrize("thresholds", [[-0.5, 0.5], None])
def test_logistic_agrees_with_scikit_learn_and_its_penalty_is_the_best_on_the_last_fifth(thresholds):
    random = np.random.default_rng(2)
    values = random.normal(size=200)
    kind = "classes" if thresholds else "sign"
    train = make_part(values, length=5, kind=kind, thresholds=thresholds)
    x = train.inputs().reshape(len(train), -1).astype(float)
    x = (x - x.mean(axis=0)) / x.std(axis=0)
    truth = train.raw_targets().ravel()
    # 195 windows, of which the last 39 are held out; the one before them shares no target row.
    scores = []
    for penalty in linear.PENALTIES:
        early = LogisticRegression(C=1 / (penalty * 156), max_iter=1000).fit(x[:156], truth[:156])
        known = np.eye(len(early.classes_))[truth[156:].astype(int)]
        scores.append(np.sum((early.predict_proba(x[156:]) - known) ** 2))
    best = linear.PENALTIES[np.argmin(scores)]
    theirs = LogisticRegression(C=1 / (best * 195), max_iter=1000).fit(x, truth).predict_proba(x)
    expected = theirs if thresholds else theirs[:, 1:]
    assert baselines.fit(train)["logistic"](train) == pytest.approx(expected, abs=1e-4)


def test_logistic_on_few_windows_and_many_inputs_is_not_worse_than_the_shares():
    random = np.random.default_rng(6)
    values = random.normal(size=700)
    train = make_part(values[:350], length=60, kind="classes", thresholds=[-0.5, 0.5])
    test = make_part(values[350:], length=60, kind="classes", thresholds=[-0.5, 0.5], name="test", first_row=350)
    forecasts = baselines.fit(train)
    losses = {key: skill.losses(test.raw_targets(), forecasts[key](test), 3).mean() for key in ("majority", "logistic")}
    assert losses["logistic"] < 1.03 * losses["majority"]


def test_logistic_learns_a_planted_sign():
    random = np.random.default_rng(3)
    values = np.zeros(600)
    for t in range(1, 600):
        values[t] = 0.8 * values[t - 1] + random.normal()
    train = make_part(values, length=3, kind="sign")
    accuracy = ((baselines.fit(train)["logistic"](train) > 0.5) == train.raw_targets()).mean()
    assert accuracy > 0.7


def test_logistic_of_a_single_class_is_its_share():
    train = make_part(np.arange(1.0, 10), length=2, kind="sign")
    assert baselines.fit(train)["logistic"](train).tolist() == [[1.0]] * len(train)


def test_no_season_and_no_line_is_counted_across_a_cut():
    values = np.sin(2 * np.pi * np.arange(90) / 6) + np.arange(90) / 20
    settings = {"length": 3, "horizon": 2, "period": 6}

    def made(cuts, rows):
        parts = (make_part(rows[:60], **settings), make_part(rows[60:], **settings, name="test", first_row=60))
        train, test = (replace(part, spec=replace(part.spec, cuts=cuts)) for part in parts)
        history = History(test.spec.positions(np.arange(90)), rows)
        return {name: forecast(test) for name, forecast in baselines.fit(train, linear=False, history=history).items()}

    whole, cut = made((), values), made((58,), values)
    # Window k of the test part ends at row 62 + k: only from row 64 on is a season after the cut known.
    for k in range(len(cut["persistence"])):
        known = [62 + k + ahead - 6 >= 58 for ahead in (1, 2)]
        for step in range(2):
            same = "seasonal_naive" if known[step] else "persistence"
            assert cut["seasonal_naive"][k, step] == (whole if known[step] else cut)[same][k, step]
    # The rows before the cut are another time: their values change nothing but what is learned in training.
    np.testing.assert_allclose(cut["drift"], cut["persistence"], atol=1e-6)
    assert np.abs(whole["drift"] - whole["persistence"]).max() > 0.01


def test_the_penalty_is_the_middle_one_where_the_early_windows_have_one_class():
    train = make_part(np.r_[np.ones(60), np.tile([-1.0, 1.0], 5)], length=3, kind="sign")
    columns = linear._columns(train, False)
    truth = train.raw_targets().astype(int).ravel()
    assert linear._chosen_penalty(train, columns, truth) == linear.PENALTIES[3]
    assert np.isfinite(baselines.fit(train)["logistic"](train)).all()


def test_without_a_complete_window_the_linear_model_is_finite():
    train = make_part(np.arange(12.0), length=3)
    train.scaled[1::3] = np.nan
    columns = linear._columns(train, False)
    assert (len(columns.usable), columns.mean.tolist(), columns.std.tolist()) == (0, [0, 0, 0], [1, 1, 1])
