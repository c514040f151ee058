"""Another target, other features or another period of a series."""

import numpy as np
import pytest

from pipeline.series import SettingError, select
from pipeline.sources import market


def test_select_takes_other_features_and_keeps_the_oracle_of_the_target_alone():
    series = market.make(rows=50, signal=0.1, seed=1)
    fewer = select(series, features=["f2", "return"], period=7)
    assert (fewer.features, fewer.period, fewer.oracle) == (["f2", "return"], 7, series.oracle)
    assert fewer.rows is series.rows
    other = select(series, target="f3", features=["f3"])
    assert (other.target, other.oracle) == ("f3", None)
    assert other.columns == [*series.features, "return"]
    np.testing.assert_array_equal(other.rows, series.rows[:, :-2])


@pytest.mark.parametrize(
    ("settings", "key"),
    [
        ({"target": "f8"}, "target"),
        ({"features": ["f1", "oracle_location"]}, "features"),
        ({"features": ["f1", "f1"]}, "features"),
        ({"features": []}, "features"),
        ({"period": 1}, "period"),
    ],
)
def test_select_refuses_names_that_are_not_there(settings, key):
    with pytest.raises(SettingError) as caught:
        select(market.make(rows=50, signal=0.1, seed=1), **settings)
    assert caught.value.key == key
    assert key == "period" or "features" in str(caught.value) or "f1, f2" in str(caught.value)
