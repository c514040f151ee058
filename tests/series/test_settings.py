"""Checks of settings: every bound from both sides, and what a message shows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.series.settings import SettingError, check_names, listing, number, whole_number

WRONG = [True, False, "3", None, [3], np.bool_(True)]


@settings(deadline=None)
@given(st.integers(-50, 50), st.integers(-20, 20), st.one_of(st.none(), st.integers(-20, 20)))
def test_a_whole_number_is_in_its_range(value: int, least: int, most: int | None) -> None:
    inside = value in range(least, value + 1 if most is None else most + 1)
    for given_ in (value, np.int64(value)):
        if inside:
            found = whole_number("rows", given_, least, most)
            assert (found, type(found)) == (value, int)
        else:
            with pytest.raises(SettingError) as caught:
                whole_number("rows", given_, least, most)
            span = f"{least} or more" if most is None else f"from {least} to {most}"
            assert str(caught.value).startswith(f"rows must be a whole number, {span}. Received: ")
    with pytest.raises(SettingError):
        whole_number("rows", float(value), least, most)


@settings(deadline=None)
@given(st.floats(-5, 5), st.integers(-4, 4), st.integers(-4, 4), st.booleans())
def test_a_number_is_between_its_bounds(value: float, above: int, below: int, include: bool) -> None:
    for given_ in (value, np.float32(value), int(value), float(above), float(below)):
        inside = above < given_ < below or (include and given_ == above)
        if inside:
            found = number("phi", given_, above, below, include_above=include)
            assert (found, type(found)) == (float(given_), float)
        else:
            with pytest.raises(SettingError) as caught:
                number("phi", given_, above, below, include)
            low = f"{above} or more" if include else f"more than {above}"
            assert caught.value.rule == f"must be a number, {low} and less than {below}"
            assert caught.value.received == repr(given_)


def test_a_number_without_an_upper_bound() -> None:
    assert number("scale", 1e9, 0, np.inf) == 1e9
    with pytest.raises(SettingError, match=r"scale must be a number, more than 0\. Received: 0\."):
        number("scale", 0, 0, np.inf)


@pytest.mark.parametrize("value", WRONG)
def test_what_is_no_number(value: object) -> None:
    with pytest.raises(SettingError):
        whole_number("rows", value, -9)
    with pytest.raises(SettingError):
        number("phi", value, -9, 9)


def test_the_fix_is_the_callers_or_about_the_point() -> None:
    for fix, expected in (("", "Write it without a point."), ("Leave it out.", "Leave it out.")):
        with pytest.raises(SettingError) as caught:
            whole_number("rows", 1.0, 0, fix=fix)
        assert (caught.value.key, caught.value.received, caught.value.fix) == ("rows", "1.0", expected)


def test_a_long_listing_is_cut_and_counted() -> None:
    names = [f"c{i}" for i in range(31)]
    assert listing(names[:30]) == ", ".join(names[:30])
    assert listing(names) == ", ".join(names[:30]) + ", … (31 in all)"
    assert listing(names[:3], most=2) == "c0, c1, … (3 in all)"
    assert listing([]) == ""


@pytest.mark.parametrize(
    ("target", "features", "key", "shown"),
    [
        ("c", None, "target", "'c'"),
        (1, None, "target", "1"),
        ("a", [], "features", "[]"),
        ("a", "b", "features", "'b'"),
        ("a", ["b", "c"], "features", "'c'"),
        ("a", ["b", 2], "features", "2"),
        ("a", ["b", "a", "b"], "features", "'b' twice"),
    ],
)
def test_names_are_known_and_named_once(target: object, features: object, key: str, shown: str) -> None:
    with pytest.raises(SettingError) as caught:
        check_names(target, features, ["a", "b"], "this series")
    assert (caught.value.key, caught.value.received) == (key, shown)


def test_the_target_alone_is_the_default() -> None:
    assert check_names("a", None, ["a", "b"], "this series") == ("a", ["a"])
    assert check_names("a", ["b", "a"], ["a", "b"], "this series") == ("a", ["b", "a"])
