"""Nested numbers as plain Python values."""

import numpy as np

from pipeline.common import numbers


def test_plain():
    nested = {np.int64(3): (np.float32(0.5), np.array([[1, 2]])), "b": [np.inf, True, None, "text"]}
    assert numbers.plain(nested) == {3: [0.5, [[1, 2]]], "b": [None, True, None, "text"]}


def test_significant():
    assert numbers.significant({"a": [1234.56, np.float64(0.000123456)], "b": float("nan"), "c": 7}, 3) == {
        "a": [1230.0, 0.000123],
        "b": None,
        "c": 7,
    }
