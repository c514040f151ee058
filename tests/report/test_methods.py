"""The error rates of the comparison."""

from pipeline.report import methods
from tests.helpers.reports import calibrated


def test_calibration_by_hand():
    rows = methods.error_rates(calibrated())["rows"]
    assert [(row["name"], row["rate"], row["limits"], row["chip"] and row["chip"]["chip"]) for row in rows] == [
        ("no signal: random walk", "6.0 %", "at most 9.5 %", "not met"),
        ("no signal, all together", "2.5 %", "at most 3.1 %", "met"),
        ("planted signal, oracle R² 0.10", "75.0 %", "at least 71.2 %", "not met"),
        ("two equally good forecasts: overlapping", "2.2 %, worse 3.3 %", "both at most 10.1 %", None),
        ("two equally good forecasts, all together", "2.2 %, worse 3.3 %", "both at most 10.1 %", None),
    ]
