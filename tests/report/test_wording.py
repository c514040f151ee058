"""How the report writes numbers."""

import pytest

from pipeline.report import wording


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.12345, "0.123"),
        (-0.5, "−0.500"),
        (0, "0"),
        (1234.5, "1,234"),
        (12.34, "12.3"),
        (-2.71e60, "−2.71e+60"),
        (123456789.0, "123,456,789"),
        (1.1921e-07, "1.19e−07"),
        (None, "NaN"),
    ],
)
def test_numbers_for_people(value, text):
    assert wording.number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-5.67e-05, "−0.0001"),
        (-4.9e-05, "0.0000"),
        (2.33e-05, "0.0000"),
        (0.00044, "0.0004"),
        (-0.0012, "−0.00120"),
        (0.0, "0"),
        (0.5, "0.500"),
        (None, "–"),
    ],
)
def test_a_score_near_zero_has_no_exponent(value, text):
    assert wording.score(value) == text
    assert wording.score(value, "accuracy") == text


def test_a_small_loss_keeps_its_digits():
    assert wording.score(5.67e-05, "mse") == wording.number(5.67e-05) == "5.67e−05"
    assert wording.score_range([1.27e-06, 4.14e-06]) == "1.27e−06 to 4.14e−06"
    assert wording.score_range([-5.67e-05, 2e-05, None], metric="r2") == "−0.0001 to 0.0000; 1 of 3 NaN"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-5.67e-05, "−0.0001"),
        (-4e-05, "0.0000"),
        (0.0004, "0.0004"),
        (-0.0012, "−0.001"),
        (0.0, "0.000"),
        (12.34, "12.3"),
    ],
)
def test_a_skill_near_zero_has_four_decimals(value, text):
    assert wording.skill(value) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [(-0.5, 0.25, "−0.500 to 0.250"), (-2e15, -5e9, "all below −1,000"), (None, 0.3, "up to 0.300"), (None, None, "–")],
)
def test_intervals_of_skill(low, high, text):
    assert wording.skills(low, high) == text
