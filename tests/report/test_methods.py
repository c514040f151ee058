"""The error rates of the comparison."""

from pipeline.report import methods
from tests.helpers.reports import calibrated


def test_calibration_by_hand():
    table = methods.error_rates(calibrated())
    assert table["sizes"] == ["12", "500"]
    both = ["5.6 %, at most 10.1 %"] * 2
    assert [(row["name"], row["cells"], row["chip"] and row["chip"]["chip"]) for row in table["rows"]] == [
        ("no signal: random walk", ["0.6 %, at most 1.5 %", "6.0 %, at most 9.5 %"], "not met"),
        ("no signal, all together", ["0.5 %, at most 1.1 %", "1.0 %, at most 1.9 %"], "met"),
        ("equally good forecasts: overlapping", both, "not met"),
        ("equally good forecasts, all together", both, "not met"),
        ("signal: autoregression, oracle R² 0.10", ["", "75.0 %, at least 71.2 %"], "not met"),
        ("signal: independent, oracle R² 0.90", ["10.0 %, at least 8.1 %", ""], None),
    ]


def test_a_target_is_met_at_the_limit():
    calibration = calibrated()
    for own in calibration["null"]:
        own["upper"] = 0.02
    calibration["planted"][0]["rate"] = 0.8
    chips = {row["name"]: row["chip"] and row["chip"]["chip"] for row in methods.error_rates(calibration)["rows"]}
    assert chips["no signal, all together"] == chips["signal: autoregression, oracle R² 0.10"] == "met"
