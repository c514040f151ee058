"""Where values are drawn, and what marks the axes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.report.pictures.scales import Scale, around, loss_scale, seconds


def span(first: str, last: str) -> Scale:
    low, high = seconds([first, last])
    return Scale(low, high, "time")


@pytest.mark.parametrize(
    ("scale", "marks"),
    [
        (Scale(0.0, 1.0), ["0", "0.2", "0.4", "0.6", "0.8", "1.0"]),
        (Scale(-0.5, 1.1), ["−0.5", "0", "0.5", "1.0"]),
        (Scale(3740, 4050), ["3,800", "3,900", "4,000"]),
        (Scale(0.8, 4.2, whole=True), ["1", "2", "3", "4"]),
        (Scale(1e-6, 2.0, "log"), ["10⁻⁶", "10⁻⁴", "0.01", "1"]),
        (Scale(0.15, 0.9, "log"), ["0.2", "0.5"]),
        (span("1996-05-11", "2001-12-29"), ["1998", "2000"]),
        (span("2016-01-15", "2016-12-20"), ["2016-04", "2016-07", "2016-10"]),
        (span("2016-02-27", "2016-03-12"), ["2016-02-29", "2016-03-04", "2016-03-08", "2016-03-12"]),
        (span("2016-07-01T02:00", "2016-07-02T04:00"), ["07-01 12:00", "07-02 00:00"]),
        (span("2016-07-01T02:00:03", "2016-07-01T02:00:58"), ["02:00:30"]),
        (span("1700-01-01", "2008-01-01"), ["1700", "1800", "1900", "2000"]),
    ],
)
def test_marks_are_round(scale: Scale, marks: list[str]) -> None:
    assert [text for _, text in scale.ticks(4 if scale.kind != "linear" or scale.low else 5)] == marks


def test_marks_stand_at_their_values() -> None:
    for value, text in span("1996-05-11", "2001-12-29").ticks(4):
        assert np.datetime64(int(value), "s") == np.datetime64(f"{text}-01-01")
    for value, text in Scale(1e-6, 2.0, "log").ticks(4):
        assert value == pytest.approx({"10⁻⁶": 1e-6, "10⁻⁴": 1e-4, "0.01": 0.01, "1": 1.0}[text])


@given(st.lists(st.floats(-1e9, 1e9), min_size=1), st.sampled_from(["linear", "log"]))
def test_a_scale_shows_all_that_it_can(values: list[float], kind: str) -> None:
    scale = around(np.array(values), kind)
    assert scale.low < scale.high
    at = scale.at(np.array(values))
    shown = np.array(values) > 1e-300 if kind == "log" else np.ones(len(values), bool)
    assert np.isfinite(at[shown]).all()
    assert ((at[shown] >= -1e-9) & (at[shown] <= 1 + 1e-9)).all()
    assert np.isnan(at[np.array(values) <= 0]).all() or kind == "linear"
    marked = scale.at(np.array([value for value, _ in scale.ticks()]))
    assert ((marked >= -1e-6) & (marked <= 1 + 1e-6)).all()
    assert len(marked) <= 12


def test_nothing_and_nan_have_a_scale_too() -> None:
    assert around(np.array([])) == Scale(0.0, 1.0)
    assert around(np.array([np.nan, 2.0, 4.0])) == Scale(2.0 - 0.08, 4.0 + 0.08)


def test_losses_have_powers_if_they_span_many_and_rounding_is_no_course() -> None:
    assert loss_scale(np.array([1.0, 0.01])).kind == "log"
    assert loss_scale(np.array([1.0, 0.5])).kind == "linear"
    flat = loss_scale(np.array([0.078838, 0.07883801]))
    assert flat.high - flat.low > 0.05 * 0.0788


@pytest.mark.parametrize("step", [0.001, 0.02, 0.5])
def test_times_below_a_second_have_marks_with_their_fraction(step: float) -> None:
    start = 1_600_000_000.25
    marks = Scale(start, start + 40 * step / 10, "time").ticks(4)
    assert 2 <= len(marks) <= 6
    for value, text in marks:
        hours, minutes, rest = text.split(":")
        assert float(hours) * 3600 + float(minutes) * 60 + float(rest) == pytest.approx(value % 86400, abs=1e-4)
        assert start - 1e-6 <= value <= start + 4 * step + 1e-6
    assert len({text for _, text in marks}) == len(marks)
