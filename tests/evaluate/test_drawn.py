"""What the report draws: the same numbers as the forecasts, with the times of their rows."""

import numpy as np
import pytest

from pipeline import dataset
from pipeline.common import files
from pipeline.evaluate import drawn
from tests.helpers.evaluated import HOLDOUT, WAVE, build, predict, run

DAYS = np.datetime64("2020-02-27", "s") + np.arange(100) * np.timedelta64(1, "D")


def evaluated(**settings):
    given = {"split_settings": HOLDOUT, "window_settings": {"length": 5}, "period": 19} | settings
    made = build(WAVE, **given)
    predict(lambda part, seed: part.raw_targets() + 0.1 * (seed + 1))
    return run(made)[0]


@pytest.mark.usefixtures("empty_folder")
def test_the_stretch_has_the_references_the_season_and_the_times_of_its_targets():
    evaluation = evaluated(times=DAYS)
    own, chosen = evaluation["parts"]["test"]["drawn"], evaluation["chosen"]
    test, table = dataset.load("tiny", 0, "test"), files.read_table(files.BASELINES / "tiny/fold0/test.parquet")
    assert set(own["baselines"]) == {"persistence", "seasonal_naive", *(chosen[side]["baseline"] for side in chosen)}
    for name, values in own["baselines"].items():
        assert values == pytest.approx(table[f"{name}_0"].tolist(), rel=1e-6)
    assert own["row"] == test.table["row"].tolist()
    assert own["time"] == [str(DAYS[row])[:10] for row in own["row"]]
    assert own["seeds"]["1"] == pytest.approx((test.raw_targets()[:, 0] + 0.2).tolist(), rel=1e-6)


@pytest.mark.usefixtures("empty_folder")
def test_without_a_time_column_there_are_no_times():
    evaluation = evaluated()
    assert evaluation["parts"]["test"]["drawn"]["time"] is None
    assert evaluation["split"]["axis"] is None
    assert "time" not in files.read_table(files.BASELINES / "tiny/fold0/test.parquet")


@pytest.mark.usefixtures("empty_folder")
def test_the_ends_of_the_parts_have_their_times():
    evaluation = evaluated(times=DAYS, split_settings=HOLDOUT | {"policy": "carry"})
    axis, fold = evaluation["split"]["axis"], evaluation["split"]["folds"][0]
    known = dict(zip(axis["rows"], axis["time"], strict=True))
    wanted = {0, 99, *(row for part in fold.values() for interval in part["intervals"] for row in interval)} - {100}
    assert wanted <= set(known)
    assert fold["test"]["intervals"][0][0] + fold["test"]["context"] in known
    assert all(np.datetime64(time) == DAYS[row] for row, time in known.items())


@pytest.mark.parametrize(
    ("times", "texts"),
    [
        (["2020-01-01", "2020-01-02"], ["2020-01-01", "2020-01-02"]),
        (["2020-01-01", "2020-01-01T12:30"], ["2020-01-01T00:00", "2020-01-01T12:30"]),
        (["2020-01-01", "2020-01-01T00:00:05"], ["2020-01-01T00:00:00", "2020-01-01T00:00:05"]),
        (["2020-01-01", "2020-01-01T00:00:00.25"], ["2020-01-01T00:00:00.000000", "2020-01-01T00:00:00.250000"]),
    ],
)
def test_times_are_as_short_as_all_of_them_allow(times, texts):
    assert drawn.texts(np.array(times, dtype="datetime64[us]")) == texts


def arrays(residuals, rows):
    """Return truth of 0 and forecasts with these residuals, one fold each."""
    return {
        ("test", "row"): [np.asarray(row) for row in rows],
        ("test", "truth"): [np.asarray(each, dtype=float)[:, None] for each in residuals],
        ("test", ("seed", 0)): [np.zeros((len(each), 1)) for each in residuals],
    }


ABOUT = {"classes": None, "sequence_length": None}


def test_the_autocorrelation_is_that_of_statsmodels():
    from statsmodels.tsa.stattools import acf

    left = np.convolve(np.random.default_rng(0).normal(size=210), np.ones(10), "valid")
    found = drawn.residuals(arrays([left], [np.arange(201)]), "test", [0], ABOUT)
    own = found["seeds"]["0"]
    # There the sum is divided by all windows, here by the pairs.
    pairs = 201 - np.arange(1, len(own["autocorrelation"]) + 1)
    assert own["autocorrelation"] * pairs / 201 == pytest.approx(acf(left, nlags=len(pairs), fft=False)[1:])
    assert (own["mean"], own["std"]) == pytest.approx((left.mean(), left.std()))
    assert (found["step"], found["windows"]) == (1, 201)


def test_lags_are_rows_and_not_places_in_the_table():
    # Every other window is missing in the second half: lag 1 is of the first half alone.
    rows = np.r_[np.arange(60), 60 + 2 * np.arange(30)]
    alternating = np.where(rows % 2, 1.0, -1.0)
    found = drawn.residuals(arrays([alternating], [rows]), "test", [0], ABOUT)
    variance = alternating.var()
    first, second = found["seeds"]["0"]["autocorrelation"][:2]
    centred = alternating - alternating.mean()
    near = np.r_[centred[:59] * centred[1:60], centred[59] * centred[60]]
    assert first == pytest.approx(near.mean() / variance)
    assert second > 0.5


def test_folds_do_not_touch_and_nan_is_left_out():
    left = [np.r_[np.nan, np.ones(20), -np.ones(20)], np.r_[np.ones(20), -np.ones(20)]]
    found = drawn.residuals(arrays(left, [np.arange(41), 41 + np.arange(40)]), "test", [0], ABOUT)
    # 38 pairs of equal neighbours and one of unequal ones in each fold, none between the folds.
    assert found["seeds"]["0"]["autocorrelation"][0] == pytest.approx((38 - 1) / 39)


def test_constant_or_few_residuals_have_no_autocorrelation():
    found = drawn.residuals(arrays([np.ones(30)], [np.arange(30)]), "test", [0], ABOUT)
    assert found["seeds"]["0"] == {"mean": 1.0, "std": None, "autocorrelation": []}
    few = arrays([np.arange(9.0)], [np.arange(9)])
    assert drawn.residuals(few, "test", [0], ABOUT) is None
    many = arrays([np.arange(30.0)], [np.arange(30)])
    assert drawn.residuals(many, "test", [0], ABOUT | {"classes": 3}) is None
    assert drawn.residuals(many, "test", [0], ABOUT | {"sequence_length": 10}) is None


def test_a_sample_is_of_all_folds():
    parts = arrays([np.arange(400.0), np.arange(400.0, 500.0)], [np.arange(400), np.arange(400, 500)])
    found = drawn.sample(parts, "test", [0], None)
    assert found["windows"] == 500
    assert len(found["truth"]) == len(found["seeds"]["0"]) == 300
    assert (found["truth"][0], found["truth"][-1]) == (0, 499)
    assert drawn.sample(parts, "test", [0], 2) is None
