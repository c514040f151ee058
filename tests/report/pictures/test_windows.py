"""Predictions: what is drawn is what was predicted."""

import numpy as np
import pytest

from pipeline.report.pictures import windows
from tests.helpers.pictures import described, drawn, names, parse, texts
from tests.helpers.reports import made_up


def values(given: list[float | None]) -> np.ndarray:
    return np.array([np.nan if value is None else value for value in given], dtype=float)


def test_truth_network_and_references_are_those_measured() -> None:
    one = made_up("a", noise=0.1)
    known = one["parts"]["test"]["drawn"]
    known["baselines"]["seasonal_naive"] = [value + 0.5 for value in known["truth"]]
    picture = windows.predictions(one)
    wanted = {"truth": known["truth"], "network, seed 0": known["seeds"]["0"], "network, seed 1": known["seeds"]["1"]}
    wanted |= {"oracle": known["oracle"], "seasonal naive": known["baselines"]["seasonal_naive"]}
    wanted |= {"ridge": known["baselines"]["ridge"]}
    for name, expected in wanted.items():
        rows, at = drawn(picture.svg, name)
        assert rows == pytest.approx(known["row"], abs=0.05)
        assert at == pytest.approx(values(expected), abs=0.005), name
    assert set(wanted) <= set(texts(picture.svg))  # all in the legend
    assert {"x", "row of the series"} <= set(texts(picture.svg))  # the target and the rows


def test_persistence_stands_in_where_there_is_no_season() -> None:
    one = made_up("a", noise=0.1, oracle=False)
    one["chosen"]["naive"]["baseline"] = "drift"
    one["parts"]["test"]["drawn"]["baselines"]["drift"] = one["parts"]["test"]["drawn"]["truth"]
    assert {"persistence", "drift"} <= set(names(windows.predictions(one).svg))


def test_dates_are_on_the_axis_where_they_are_known() -> None:
    one = made_up("a", noise=0.1, oracle=False)
    days = np.datetime64("2016-06-01") + np.arange(120)
    one["parts"]["test"]["drawn"]["time"] = [str(day) for day in days]
    one["settings"]["series"] = {"time": "date", "zone": "Europe/Berlin"}
    picture = windows.predictions(one)
    assert {"date (UTC)", "2016-07", "2016-08", "2016-09"} <= set(texts(picture.svg))
    assert parse(picture.svg).attrib["data-x"].startswith("time ")
    assert drawn(picture.svg, "truth")[0] == pytest.approx(days.astype("datetime64[s]").astype(float), abs=3600)
    assert "from 2016-06-01 to 2016-09-28" in described(picture.svg)[1]


def test_hours_without_a_year_name_it_on_the_axis() -> None:
    one = made_up("a", noise=0.1, oracle=False)
    hours = np.datetime64("2016-06-01T00") + np.arange(120) // 4
    one["parts"]["test"]["drawn"]["time"] = [f"{hour}:00" for hour in hours]
    assert "time, 2016" in texts(windows.predictions(one).svg)


@pytest.mark.parametrize("apart", ["1ms", "1s"])
def test_times_without_a_day_name_it_on_the_axis(apart: str) -> None:
    one = made_up("a", noise=0.1, oracle=False)
    count, unit = int(apart.rstrip("ms")), apart.lstrip("1")
    times = np.datetime64("2016-06-01T12:00:00.000") + np.arange(120) * np.timedelta64(count, unit)
    one["parts"]["test"]["drawn"]["time"] = [str(each) for each in times]
    shown = texts(windows.predictions(one).svg)
    assert "time, 2016-06-01" in shown
    assert any(text.startswith("12:0") for text in shown)


def test_a_diverging_seed_does_not_flatten_the_truth() -> None:
    one = made_up("a", noise=0.1, oracle=False)
    known = one["parts"]["test"]["drawn"]
    known["seeds"]["1"] = [1e6] * 120
    at = drawn(windows.predictions(one).svg, "truth")[1]
    assert np.ptp(at) == pytest.approx(np.ptp(values(known["truth"])), abs=0.02)


def test_a_seed_of_nan_is_listed_as_such() -> None:
    one = made_up("a", noise=0.1, oracle=False)
    one["parts"]["test"]["drawn"]["seeds"]["1"] = [None] * 120
    assert "network, seed 1: NaN" in texts(windows.predictions(one).svg)


def test_probabilities_and_classes() -> None:
    one = made_up("a", classes=2, oracle=False)
    known = one["parts"]["test"]["drawn"]
    picture = windows.predictions(one)
    assert drawn(picture.svg, "network, seed 0")[1] == pytest.approx(values(known["seeds"]["0"]), abs=0.002)
    assert drawn(picture.svg, "truth")[1] == pytest.approx(values(known["truth"]), abs=0.002)
    assert "probability of class 1" in texts(picture.svg)
    three = windows.predictions(made_up("a", classes=3, validation=False))
    assert three.title == "Confusion matrix of the test windows"


def test_the_scatter_has_truth_across_and_prediction_up() -> None:
    one = made_up("a", noise=0.1, oracle=False)
    sample = one["parts"]["test"]["sample"]
    picture = windows.scatter(one)
    assert picture
    across, up = drawn(picture.svg, "seed 1")
    assert across == pytest.approx(values(sample["truth"]), abs=0.005)
    assert up == pytest.approx(values(sample["seeds"]["1"]), abs=0.005)
    assert drawn(picture.svg, "perfect")[0] == pytest.approx(drawn(picture.svg, "perfect")[1], abs=0.01)
    assert {"truth: x", "prediction: x"} <= set(texts(picture.svg))
    assert windows.scatter(made_up("a", classes=2)) is None


def test_sequences_are_drawn_one_by_one() -> None:
    one = made_up("a", kind="sequence_mean", validation=False)
    picture = windows.predictions(one)
    test, train = (one["parts"][part]["drawn"] for part in ("test", "train"))
    assert drawn(picture.svg, "test, seed 0")[1] == pytest.approx(values(test["seeds"]["0"]), abs=0.01)
    assert drawn(picture.svg, "train, all seeds")[0] == pytest.approx(values(train["truth"]), abs=0.01)
    assert windows.scatter(one) is None
    assert windows.residuals(one) == []


def test_residuals_are_truth_less_prediction() -> None:
    one = made_up("a", noise=0.1, oracle=False)
    known = one["parts"]["test"]["drawn"]
    over_time, correlogram = windows.residuals(one)
    left = values(known["truth"]) - values(known["seeds"]["1"])
    assert drawn(over_time.svg, "network, seed 1")[1] == pytest.approx(left, abs=0.005)
    one["parts"]["test"]["residuals"] |= {"step": 2}
    lags, at = drawn(windows.residuals(one)[1].svg, "seed 0")
    assert lags == pytest.approx([2, 4, 6], abs=0.01)
    assert at == pytest.approx([0.5, 0.3, 0.1], abs=0.002)
    assert "largest 0.500 at lag 1" in described(correlogram.svg)[1]


def test_the_band_is_that_of_white_noise_and_the_period_is_marked() -> None:
    one = made_up("a", noise=0.1, oracle=False)
    one["period"] = 2
    picture = windows.residuals(one)[1]
    root = parse(picture.svg)
    band = next(each for each in root.iter("rect") if each.get("fill") == "var(--area)" and each.get("y") != "1")
    plot = next(each for each in root.iter("svg") if each.get("class") == "plot")
    low, high = (float(end) for end in root.attrib["data-y"].split()[1:])
    tall = float(plot.attrib["viewBox"].split()[3])
    bands = [each for each in plot.iter("rect")]
    assert float(bands[0].attrib["height"]) / tall * (high - low) == pytest.approx(2 * 1.96 / np.sqrt(120), abs=0.005)
    assert band is not None
    assert "period, 2 rows" in texts(picture.svg)


def test_an_unknown_autocorrelation_is_not_drawn() -> None:
    one = made_up("a", noise=0.1, oracle=False)
    for own in one["parts"]["test"]["residuals"]["seeds"].values():
        own["autocorrelation"] = [None, None]
    assert len(windows.residuals(one)) == 1


def test_two_classes_have_a_correlogram_alone() -> None:
    assert [picture.title for picture in windows.residuals(made_up("a", classes=2))] == [
        "Autocorrelation of the residuals"
    ]


@pytest.mark.parametrize(("kind", "units", "name"), [("value", "original", "x"), ("return", "original", "return of x")])
def test_the_target_is_named_with_what_is_made_of_it(kind: str, units: str, name: str) -> None:
    one = made_up("a", oracle=False, kind=kind)
    assert windows.target(one) == name
    assert windows.target(one | {"units": "standardised"}) == f"{name}, standardised"
