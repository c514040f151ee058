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
    ("low", "high", "text"),
    [(-0.5, 0.25, "−0.500 to 0.250"), (-2e15, -5e9, "all below −1,000"), (None, 0.3, "up to 0.300"), (None, None, "–")],
)
def test_intervals_of_skill(low, high, text):
    assert wording.skills(low, high) == text
