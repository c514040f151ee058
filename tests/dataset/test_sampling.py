"""Evenly spaced indices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dataset.sampling import evenly


@settings(deadline=None)
@given(st.integers(0, 300), st.integers(1, 300))
def test_indices_are_evenly_spaced_from_the_first_to_the_last(count: int, most: int) -> None:
    found = evenly(count, most)
    assert len(found) == min(count, most)
    assert found.dtype.kind == "i"
    if len(found) > 1:
        assert (found[0], found[-1]) == (0, count - 1)
        steps = np.diff(found)
        assert steps.max() - steps.min() <= 1
        assert steps.min() >= 1


@pytest.mark.parametrize("most", [0, 1])
def test_one_index_is_the_first(most: int) -> None:
    assert evenly(7, most).tolist() == [0]
