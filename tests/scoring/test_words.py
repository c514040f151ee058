"""Forecasts in words that fit their sentences."""

from __future__ import annotations

import pytest

from pipeline.scoring import words


@pytest.mark.parametrize(
    ("name", "classes", "noun", "clause"),
    [
        ("persistence", None, "the last value", "repeating the last value"),
        ("persistence", 0, "the last value", "repeating the last value"),
        ("persistence", 3, "the shares that follow the last class", "predicting the shares that follow the last class"),
        ("majority", 2, "the shares of the classes", "predicting the shares of the classes"),
        ("drift", None, "the last value with drift", "the last value with drift"),
        ("theta", None, "theta", "theta"),
    ],
)
def test_a_forecast_is_a_noun_or_the_subject_of_a_clause(name, classes, noun, clause):
    assert words.noun(name, classes) == noun
    assert words.clause(name, classes) == clause
