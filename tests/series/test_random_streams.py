"""Random streams of a generator."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.series.random_streams import autoregress, streams
from pipeline.series.settings import SettingError


def test_streams_are_spawned_from_the_seed() -> None:
    expected = np.random.default_rng(3).spawn(4)
    assert [one.integers(1 << 60) for one in streams(3, 4)] == [one.integers(1 << 60) for one in expected]
    assert len(streams(0, 2)) == 2
    with pytest.raises(SettingError, match="seed must be a whole number, 0 or more"):
        streams(-1, 2)


@settings(deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=30), st.floats(-0.99, 0.99))
def test_an_autoregression_follows_its_recursion(shocks: list[float], phi: float) -> None:
    expected = [shocks[0]]
    for shock in shocks[1:]:
        expected.append(phi * expected[-1] + (1 - phi * phi) ** 0.5 * shock)
    found = autoregress(np.array(shocks), phi)
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)
