"""The later block of the training windows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.scoring.blocks import blocks
from tests.helpers.parts import make_part


@given(length=st.integers(1, 6), horizon=st.integers(1, 7), stride=st.integers(1, 4))
def test_no_target_row_is_on_both_sides_and_the_later_side_is_a_fifth(length, horizon, stride):
    part = make_part(np.arange(90.0), length=length, horizon=horizon, stride=stride)
    early, late = blocks(part)
    assert len(late) == len(part) // 5
    assert late.tolist() == list(range(len(part) - len(late), len(part)))
    rows = part.table["row"]
    seen = {int(row) + step for row in rows[early] for step in range(horizon)}
    assert seen.isdisjoint(int(row) + step for row in rows[late] for step in range(horizon))
    # One window more would share a row.
    assert early.tolist() == list(range(len(early)))
    if len(late) and len(early) < len(part) - len(late):
        assert rows[len(early)] + horizon > rows[late[0]]


def test_whole_sequences_and_very_few_windows():
    part = make_part(np.arange(40.0), length=4, kind="sequence_mean", sequence_length=4)
    early, late = blocks(part)
    assert (early.tolist(), late.tolist()) == (list(range(8)), [8, 9])
    early, late = blocks(make_part(np.arange(5.0), length=2))
    assert (len(early), len(late)) == (3, 0)


def test_a_subset_keeps_the_rows():
    part = make_part(np.arange(9.0), length=2)
    some = part.subset(np.array([1, 3]))
    assert some.raw_targets().tolist() == [[3], [5]]
    assert some.rows is part.rows
    assert len(some) == pytest.approx(2)
