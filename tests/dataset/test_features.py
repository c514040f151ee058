"""The input columns of a dataset."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.common.errors import UserError
from pipeline.dataset import features

SERIES = {"name": "s", "columns": ["a", "flat", "y"], "features": ["a", "flat", "y"], "target": "y"}
ROWS = np.column_stack([np.arange(6.0), np.full(6, 2.0), [1.0, np.nan, 3.0, 1.0, 1.0, 1.0]])


def test_the_target_is_no_input_of_its_own_row():
    assert features.chosen("d", {"horizon": 1}, SERIES) == ["a", "flat", "y"]
    assert features.chosen("d", {"horizon": 0}, SERIES) == ["a", "flat"]
    with pytest.raises(UserError, match=r"horizon` must be 1 or more where the target is the only"):
        features.chosen("d", {"horizon": 0}, SERIES | {"features": ["y"]})


def test_missing_cells_are_no_second_value():
    rows = np.array([[1.0, 1.0, np.nan], [1.0, np.nan, np.nan], [1.0, 2.0, np.nan]])
    assert features.constant_columns(rows, ["one", "two", "none"], [0, 1, 2]) == ["one", "none"]


def test_a_constant_column_is_refused_dropped_or_decided_by_the_first_fold():
    names = SERIES["features"]
    with pytest.raises(UserError, match=r"`series\.s, column flat` must not be constant .* Received: 2 in every row"):
        features.without_constant("d", "error", ROWS, SERIES, names, 0)
    assert features.without_constant("d", "drop", ROWS, SERIES, names, 0) == ["a", "y"]
    # A later fold has the inputs of the first one, whatever its own rows are.
    assert features.without_constant("d", "drop", ROWS, SERIES, names, 1) == names
    assert features.without_constant("d", "drop", ROWS[:, [0, 0, 2]], SERIES, names, 0) == names
    with pytest.raises(UserError, match="must not be constant"):
        features.without_constant("d", "drop", ROWS, SERIES, ["flat"], 0)


def test_a_constant_target_leaves_nothing_to_predict():
    rows = ROWS.copy()
    rows[:, 2] = 4.0
    with pytest.raises(UserError, match=r"`series\.s\.target` must vary .* Received: y, which is 4 in every row"):
        features.without_constant("d", "drop", rows, SERIES, ["a"], 0)
