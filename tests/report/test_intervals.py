"""Small pictures of a skill and its interval."""

import re

import pytest

from pipeline.report import intervals


@pytest.mark.parametrize(
    ("values", "places"),
    [
        ((0.0, -0.5, 0.5), (48.0, 27.0, 69.0)),
        ((1.0, 1.0, 1.0), (90.0, 90.0, 90.0)),
        ((-1.0, -9.0, 0.0), (6.0, 6.0, 48.0)),
    ],
)
def test_places_on_the_scale(values, places):
    text = intervals.drawn(*values)
    at, low, high = (
        float(re.search(pattern, text)[1]) for pattern in (r'cx="([\d.]+)"', r'range" d="M([\d.]+)', r"H([\d.]+)")
    )
    assert (at, low, high) == places


def test_what_lies_beyond_the_scale_is_an_arrow():
    assert intervals.drawn(-88.2, None, None).count("dot full") == 1
    assert "circle" not in intervals.drawn(-88.2, None, None)
    assert intervals.drawn(0.5, -7.0, 3.0).count("range full") == 2
    assert "full" not in intervals.drawn(0.5, -1.0, 1.0)


def test_no_skill_has_no_picture():
    assert intervals.drawn(None, None, None) == ""
