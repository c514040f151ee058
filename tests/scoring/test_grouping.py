"""Which windows are resampled together."""

from dataclasses import replace

import numpy as np

from pipeline.dataset import Spec
from pipeline.scoring import baselines, grouping
from tests.helpers.parts import make_part


def test_whole_sequences_and_ids_are_groups() -> None:
    rows = np.array([0, 3, 9, 10, 21])
    assert grouping.of(rows, {"sequence_length": None}) is None
    np.testing.assert_array_equal(grouping.of(rows, {"sequence_length": 10}), [0, 0, 0, 1, 2])
    ids = {"starts": [0, 3, 9, 10, 20], "whole": False}
    np.testing.assert_array_equal(grouping.of(rows, {"sequence_length": None, "ids": ids}), [0, 1, 2, 3, 4])


def test_few_ids_are_no_sample_of_ids() -> None:
    rows = np.arange(40)
    ids = {"starts": [0, 20], "whole": False}
    assert grouping.of(rows, {"sequence_length": None, "ids": ids}) is None
    np.testing.assert_array_equal(
        grouping.of(rows, {"sequence_length": None, "ids": ids | {"whole": True}}), rows // 20
    )


def test_naive_forecasts_stay_within_an_id() -> None:
    values = np.concatenate([np.arange(12.0), 100 + 3 * np.arange(12.0)])
    part = make_part(values, length=3, period=4)
    inside = part.table["start"] % 12 < 9
    table = {name: column[inside] for name, column in part.table.items()}
    spec: Spec = replace(part.spec, ids=(0, 12), cuts=(12,))
    made = baselines.fit(replace(part, table=table, spec=spec))
    own = replace(part, table=table, spec=spec)
    forecasts = {name: forecast(own)[:, 0] for name, forecast in made.items()}
    truth, last = own.table["target_0"], own.table["last"]
    slope = np.where(own.table["row"] < 12, 1, 3)
    np.testing.assert_allclose(forecasts["drift"], truth)
    np.testing.assert_allclose(forecasts["persistence"], last)
    # A season earlier lies in the other id for the first window of each.
    earlier = np.where(own.table["row"] % 12 >= 4, truth - 4 * slope, last)
    np.testing.assert_allclose(forecasts["seasonal_naive"], earlier)
    assert "theta" not in forecasts
