"""References: how far back a linear signal reaches, and the columns that trees read."""

from dataclasses import replace

import numpy as np

from pipeline.diagnose.facts import references, trees
from tests.helpers.parts import make_part


def noise(count, seed=0):
    return np.random.default_rng(seed).standard_normal(count)


def test_rows_after_a_gap_have_no_longer_past():
    part = make_part(noise(400), length=10)
    times = np.arange(400) + np.where(np.arange(400) >= 200, 1000, 0)
    part = replace(part, spec=replace(part.spec, first_rows=times))
    reaching = references._reaching(part, 30)
    starts = part.table["start"][reaching]
    assert not set(range(191, 220)) & set(starts.tolist())
    assert starts.min() == 20
    assert 220 in starts


def test_columns_of_trees_keep_the_latest_rows_whole():
    windows = np.arange(2 * 1000 * 2, dtype=float).reshape(2, 1000, 2)
    made = trees.columns(windows, from_last=False)
    assert made.shape[0] == 2
    assert made.shape[1] <= 256
    assert np.array_equal(made[:, -128:], windows[:, -64:].reshape(2, -1))
    assert trees.columns(windows[:, :10], from_last=False).shape == (2, 20)
    apart = trees.columns(windows[:, :10], from_last=True)
    assert np.array_equal(apart[:, -2:], windows[:, 9])
    assert np.array_equal(apart[:, -4:-2], [[-2, -2], [-2, -2]])
