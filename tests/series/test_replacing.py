"""Replacement values differ from every old one and move extremes and means."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.series.replacing import draw_labels, draw_others, ranges


def test_ranges_of_columns_that_vary_stand_still_or_are_missing() -> None:
    rows = np.array([[1.0, -4, 0.25, 0, np.nan], [3, -4, 0.25, 0, np.nan], [np.nan, np.nan, 0.25, 0, np.nan]])
    low, width = ranges(rows)
    np.testing.assert_array_equal(low, [1, -4, 0.25, 0, 0])
    np.testing.assert_array_equal(width, [2, 4, 1, 1, 1])


@settings(deadline=None)
@given(st.lists(st.floats(-100, 100), min_size=1, max_size=20), st.integers(0, 9))
def test_every_value_is_another_one_from_the_middle_of_the_range_up(values: list[float], seed: int) -> None:
    old = np.array(values)[:, None]
    low, width = ranges(old)
    new = draw_others(old, low, width, np.random.default_rng(seed))
    assert (new != old).all()
    drawn = low + width * np.random.default_rng(seed).uniform(0.5, 1.5, old.shape)
    np.testing.assert_array_equal(new, drawn)
    assert ((new >= low + 0.5 * width) & (new <= low + 1.5 * width)).all()


def test_a_draw_that_hits_the_old_value_is_moved_by_the_range() -> None:
    low, width = np.array([1.0]), np.array([2.0])
    hit = low + width * np.random.default_rng(0).uniform(0.5, 1.5, (3, 1))
    np.testing.assert_array_equal(draw_others(hit, low, width, np.random.default_rng(0)), hit + 2)
    np.testing.assert_array_equal(draw_others(np.full((3, 1), np.nan), low, width, np.random.default_rng(0)), hit)


@given(labels=st.lists(st.integers(-5, 9), min_size=2, max_size=6, unique=True), seed=st.integers(0, 99))
def test_every_label_becomes_another_label(labels: list[int], seed: int) -> None:
    values = sorted(map(float, labels))
    old = np.array(values * 20)
    new = draw_labels(old, values, np.random.default_rng(seed))
    assert set(new) <= set(values)
    assert (new != old).all()
