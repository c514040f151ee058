"""The stage on tiny series: what it writes, what it chooses, and what it leaves out."""

import dataclasses

import numpy as np
import pytest

from pipeline import dataset
from pipeline.baselines import slow, stage, trees
from pipeline.common import files, params
from pipeline.scoring import baselines, linear, skill, smoothing, univariate
from pipeline.scoring.blocks import blocks
from pipeline.scoring.naive import History
from tests.helpers.evaluated import HOLDOUT, WAVE, build
from tests.helpers.parts import make_part

FOLDER = files.BASELINES / "tiny"


@pytest.fixture
def empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(params.architectures, "check", lambda place, architecture: None)


def made(values=WAVE, **settings):
    given = {"split_settings": HOLDOUT, "window_settings": {"length": 5}} | settings
    stage.baselines(build(values, **given), "tiny")
    return files.read_json(FOLDER / "baselines.json")


@pytest.mark.usefixtures("empty_folder")
def test_the_tables_hold_what_the_baselines_forecast_and_equal_bytes():
    described = made(period=19)
    train = dataset.load("tiny", 0, "train")
    fitted = baselines.fit(train, history=History(np.arange(100), WAVE))
    assert [name for name in described["names"] if name not in ("trees", "theta", "ets")] == list(fitted)
    for part in ("train", "validation", "test"):
        windows = dataset.load("tiny", 0, part)
        table = files.read_table(FOLDER / "fold0" / f"{part}.parquet")
        assert list(table) == ["row", *(f"{name}_0" for name in described["names"])]
        np.testing.assert_array_equal(table["row"], windows.table["row"])
        for name, forecast in fitted.items():
            np.testing.assert_allclose(table[f"{name}_0"], forecast(windows)[:, 0], rtol=1e-12)
    before = {path: path.read_bytes() for path in FOLDER.rglob("*") if path.is_file()}
    made(period=19)
    assert before == {path: path.read_bytes() for path in FOLDER.rglob("*") if path.is_file()}


@pytest.mark.usefixtures("empty_folder")
def test_the_tables_hold_the_time_of_each_target_where_it_is_known():
    days = np.datetime64("2020-02-27", "s") + np.arange(100) * np.timedelta64(1, "D")
    made(times=days)
    for part in ("train", "validation", "test"):
        table = files.read_table(FOLDER / "fold0" / f"{part}.parquet")
        np.testing.assert_array_equal(table["time"], days[table["row"]])


@pytest.mark.usefixtures("empty_folder")
def test_the_references_have_the_least_loss_on_validation():
    described = made(np.cumsum(np.random.default_rng(0).normal(size=200)))
    part = dataset.load("tiny", 0, "validation")
    table = files.read_table(FOLDER / "fold0/validation.parquet")
    losses = {
        name: skill.losses(part.raw_targets(), table[f"{name}_0"][:, None], None).mean() for name in described["names"]
    }
    for side, names in (("naive", baselines.NAIVE), ("linear", baselines.LINEAR)):
        chosen = described["chosen"][side]
        own = {name: losses[name] for name in names if name in losses}
        assert chosen["baseline"] == min(own, key=lambda name: own[name])
        assert chosen["chosen_on"] == "validation"
        assert chosen["losses"] == pytest.approx(own, rel=1e-6)


@pytest.mark.usefixtures("empty_folder")
def test_without_validation_the_linear_reference_is_chosen_on_held_back_training_windows():
    # A level that steps away from its mean late: the window less its last row is the better view of the last fifth.
    values = np.random.default_rng(1).normal(size=200) + 40 * (np.arange(200) > 130)
    described = made(values, split_settings={"scheme": "holdout", "validation": 0, "test": 0.2})
    train = dataset.load("tiny", 0, "train")
    early, late = (train.subset(side) for side in blocks(train))
    forecasts = linear.fit(early)
    own = {key: skill.losses(late.raw_targets(), forecasts[key](late), None).mean() for key in forecasts}
    chosen = described["chosen"]["linear"]
    assert (chosen["chosen_on"], described["chosen"]["naive"]["chosen_on"]) == ("held_back", "train")
    assert chosen["losses"] == pytest.approx(own, rel=1e-6)
    assert chosen["baseline"] == min(own, key=lambda name: own[name]) == "ridge_last"


@pytest.mark.usefixtures("empty_folder")
def test_a_baseline_that_one_fold_lacks_has_no_table():
    expanding = {"scheme": "expanding", "folds": 3, "test_size": 40}
    described = made(np.tile(WAVE, 2), split_settings=expanding)
    # 80, 120 and 160 training rows, and trees learn from 50 windows of the earlier four fifths.
    assert ["trees" in fold["left_out"] for fold in described["folds"]] == [False, False, False]
    described = made(np.tile(WAVE, 2)[:160], split_settings=expanding)
    assert ["trees" in fold["left_out"] for fold in described["folds"]] == [True, False, False]
    assert "trees" not in described["names"]
    assert "theta_0" in files.read_table(FOLDER / "fold2/test.parquet")


@pytest.mark.usefixtures("empty_folder")
def test_the_season_before_the_part_and_across_a_gap_is_read():
    split = {"scheme": "holdout", "validation": 0, "test": 0.3, "gap": 7}
    made(np.arange(100.0), split_settings=split, period=31)
    test = dataset.load("tiny", 0, "test")
    table = files.read_table(FOLDER / "fold0/test.parquet")
    np.testing.assert_array_equal(table["seasonal_naive_0"], test.table["row"] - 31.0)


def test_no_clock_is_read_and_less_time_means_fewer_windows_and_rows():
    values = np.cumsum(np.random.default_rng(2).normal(size=600))
    train, history = make_part(values[:500], length=4, period=12), History(np.arange(600), values)
    persistence = baselines.fit(train, linear=False)["persistence"]
    long = slow.fit(train, history, persistence, 20.0)
    assert {*long.forecasts} == {"trees", "theta", "ets"}
    assert long.about["trees"]["windows"] == len(train)
    assert long.about["ets"]["rows"] == long.about["theta"]["rows"] == 500
    rows = 100
    short = slow.fit(train, history, persistence, rows * smoothing.SECONDS_PER_FITTED_ROW)
    assert short.about["ets"]["rows"] == rows
    none = slow.fit(train, history, persistence, 1e-4)
    assert none.left_out["trees"].startswith("fewer than 50 training windows")
    assert none.left_out["ets"].endswith("rows take longer than the limit")
    assert none.forecasts == {}
    # Windows that end before the rows that the state is carried along have persistence.
    forecast, base = short.forecasts["ets"](train), persistence(train)
    ends = train.table["row"] - 1
    np.testing.assert_array_equal(forecast[ends < 400], base[ends < 400])
    assert (forecast[ends >= 400] != base[ends >= 400]).all()
    width = trees.columns(train, np.array([0])).shape[1]
    cost = 2 * trees.ROUNDS * (trees.SECONDS_PER_CELL * width + trees.SECONDS_PER_WINDOW)
    assert slow.fit(train, history, persistence, 200.4 * cost).about["trees"]["windows"] == 200


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"kind": "sign"}, "no value of the series"),
        ({"horizon": 13, "period": 6}, "longer than 2 seasons"),
        ({"features": ["x", "z"]}, "other features"),
        ({"rows": 20}, "fewer than 24"),
    ],
)
def test_theta_and_ets_are_left_out_with_the_reason(settings, reason):
    settings = dict(settings)
    features, rows = settings.pop("features", ["x"]), settings.pop("rows", 90)
    values = np.random.default_rng(3).normal(size=rows)
    train = make_part(values, length=3, **settings)
    train = dataclasses.replace(train, spec=dataclasses.replace(train.spec, features=features))
    fitted = univariate.fit(train, History(np.arange(rows), values), lambda part: np.zeros((len(part), 1)), 20.0)
    assert all(isinstance(result, str) and reason in result for result in fitted.values())


@pytest.mark.parametrize(("kind", "horizon"), [("value", 3), ("difference", 3), ("return", 2)])
def test_theta_and_ets_forecast_the_target_at_its_rows(kind, horizon):
    values = np.random.default_rng(4).normal(size=160) + 30
    values[[0, 70, 130]] = np.nan
    filled = values.copy()
    filled[[70, 130]] = values[[69, 129]]
    train = make_part(np.nan_to_num(values[:100], nan=30), length=3, horizon=horizon, kind=kind)
    test = make_part(values[105:], length=3, horizon=horizon, kind=kind, name="test", first_row=105)
    persistence = baselines.fit(train, linear=False)["persistence"]
    for name, method in (("theta", smoothing.theta), ("ets", lambda *given: smoothing.ets(*given, seconds=20.0))):
        forecast, _ = univariate.fit(train, History(np.arange(160), values), persistence, 20.0)[name]
        ahead, _ = method(filled[1:100], filled[1:], None)
        ends = 105 + test.table["start"] + 2
        steps = np.arange(1, horizon + 1) if kind == "value" else np.array([horizon])
        expected, last = ahead(ends - 1, steps), test.table["last"][:, None]
        expected = {"value": expected, "difference": expected - last, "return": expected / last - 1}[kind]
        expected = np.where(np.isfinite(expected), expected, persistence(test))
        np.testing.assert_allclose(forecast(test), expected)


def test_theta_and_ets_learn_from_the_last_training_rows_without_a_hole():
    values = np.random.default_rng(5).normal(size=120)
    train = make_part(values[:100], length=3)
    train.spec.first_rows[40:] += 10
    history = History(np.arange(130), np.concatenate([values[:40], np.zeros(10), values[40:]]))
    fitted = univariate.fit(train, history, lambda part: np.zeros((len(part), 1)), 20.0)
    assert fitted["theta"][1]["rows"] == fitted["ets"][1]["rows"] == 60


@pytest.mark.parametrize(("cuts", "rows", "known"), [((), 120, 200), ((170,), 120, 170), ((60, 170), 60, 170)])
def test_theta_and_ets_carry_no_state_across_a_cut(cuts, rows, known):
    random = np.random.default_rng(5)
    values = np.sin(np.arange(200) / 3) + random.normal(size=200) / 10 + 5
    parts = (
        make_part(values[:120], length=6, horizon=2),
        make_part(values[120:], length=6, horizon=2, name="test", first_row=120),
    )
    train, test = (dataclasses.replace(part, spec=dataclasses.replace(part.spec, cuts=cuts)) for part in parts)
    history = History(train.spec.positions(np.arange(200)), values)
    persistence = baselines.fit(train, linear=False, history=history)["persistence"]
    ends = test.table["row"] - 1
    for forecast, about in univariate.fit(train, history, persistence, 20.0).values():
        assert about["rows"] == rows
        same = (forecast(test) == persistence(test)).all(axis=1)
        np.testing.assert_array_equal(same, ends >= known)
