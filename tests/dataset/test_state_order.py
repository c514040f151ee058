"""The order of windows for carried state."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.common.errors import UserError
from pipeline.dataset import state_order
from tests.helpers.parts import make_part


def test_posted_goes_on_batch_after_batch():
    assert state_order.posted(11, 3).tolist() == [[0, 1, 2], [3, 4, 5], [6, 7, 8]]


def test_posted_of_470563_continues_no_row():
    batches = state_order.posted(84_000, 500)
    assert batches.shape == (168, 500)
    assert (batches[1:] - batches[:-1] == 500).all()  # row i is followed by window i + 500, not by i + 1


def test_lanes_where_the_stride_is_the_length():
    (only,) = state_order.lanes(np.arange(12) * 10, 10, 3)
    assert only.T.tolist() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]


def test_passes_need_no_multiple_of_steps_unless_asked():
    starts = np.arange(21) * 10
    assert [len(each) for each in state_order.lanes(starts, 10, 3)] == [7]
    assert [len(each) for each in state_order.lanes(starts, 10, 3, multiple=2)] == [6, 1]


def test_lanes_of_51264_leave_out_less_than_a_batch():
    (only,) = state_order.lanes(np.arange(9429) * 100, 100, 32)
    assert only.shape == (294, 32)


def test_a_smaller_stride_makes_interleaved_chains():
    found = state_order.chains(np.arange(10) * 5, 15)
    assert [chain.tolist() for chain in found] == [[0, 3, 6, 9], [1, 4, 7], [2, 5, 8]]


def test_a_lane_never_jumps_over_a_dropped_window():
    starts = np.delete(np.arange(20) * 10, 7)
    passes = state_order.lanes(starts, 10, 2)
    for each in passes:
        assert (starts[each[1:]] - starts[each[:-1]] == 10).all()
    assert [len(chain) for chain in state_order.chains(starts, 10)] == [7, 12]


def test_passes_come_in_multiples_so_that_no_execution_spans_two():
    passes = state_order.lanes(np.arange(107) * 10, 10, 4, multiple=5)
    assert [len(each) for each in passes] == [25, 1]  # 26 steps would fit, 25 of them in whole executions


@given(
    length=st.integers(1, 12),
    divisor=st.integers(1, 4),
    kept=st.lists(st.booleans(), min_size=20, max_size=120),
    batch=st.integers(1, 6),
    multiple=st.integers(1, 4),
)
def test_lanes_continue_and_cover(length, divisor, kept, batch, multiple):
    stride = length
    length = stride * divisor
    starts = np.flatnonzero(kept) * stride
    try:
        passes = state_order.lanes(starts, length, batch, multiple)
    except UserError:
        assert len(starts) < batch or not set(starts + length) & set(starts)
        return
    used = np.concatenate([each.ravel() for each in passes])
    assert len(set(used.tolist())) == len(used)
    for each in passes:
        assert each.shape[1] == batch
        assert (starts[each[1:]] - starts[each[:-1]] == length).all()
    for each in passes[:-1]:
        assert len(each) % multiple == 0
    if multiple == 1:
        assert len(starts) - len(used) < batch


@given(st.sets(st.integers(0, 200), min_size=1), st.integers(1, 20))
def test_each_window_stands_in_one_chain(starts, length):
    rows = np.array(sorted(starts))
    found = state_order.chains(rows, length)
    assert sorted(np.concatenate(found).tolist()) == list(range(len(rows)))
    ends = {int(rows[chain[-1]]) + length for chain in found}
    assert not ends & starts  # a chain ends only where nothing continues it


def test_windows_of_two_sequences_do_not_continue_each_other():
    part = make_part(np.arange(60.0), length=10, kind="sequence_mean", sequence_length=30, stride=10)
    found = state_order.chains(state_order.rows_in_time(part), 10)
    assert [chain.tolist() for chain in found] == [[0, 1, 2], [3, 4, 5]]


def test_less_than_a_batch_is_an_error():
    with pytest.raises(UserError, match=r"`training.batch_size` .* Received: 4 for 3 windows"):
        state_order.posted(3, 4)
    with pytest.raises(UserError, match=r"`training.batch_size`"):
        state_order.lanes(np.arange(3) * 10, 10, 4)


def test_a_stride_that_does_not_divide_the_length_is_an_error():
    with pytest.raises(UserError, match=r"`training.state` .* stride for training that divides"):
        state_order.lanes(np.arange(50) * 3, 10, 4)


@pytest.mark.parametrize(
    ("train", "evaluation", "wrong"), [(5, 5, ""), (10, 1, ""), (5, 4, "evaluation"), (3, 5, "train")]
)
def test_lanes_need_strides_that_divide_the_length_in_every_part(train, evaluation, wrong):
    part = make_part(np.arange(100.0), length=10, stride=train)
    spec = replace(part.spec, stride={"train": train, "evaluation": evaluation})
    if not wrong:
        state_order.require_continuing(spec)
        return
    with pytest.raises(UserError, match=f"window.stride.{wrong}. does not divide"):
        state_order.require_continuing(spec)


def test_no_window_continues_one_before_a_cut():
    part = make_part(np.arange(100.0), length=10, stride=5, first_row=40)
    cut = replace(part, spec=replace(part.spec, cuts=(40, 70, 95)))
    chains = state_order.chains(state_order.rows_in_time(cut), 10)
    starts = part.spec.first_rows[part.table["start"]]
    for chain in chains:
        rows = starts[chain]
        assert (np.diff(rows) == 10).all()
        # The window that begins at a cut is the first of its chain.
        assert not np.isin(rows[1:], (40, 70, 95)).any()
        assert len(np.unique(np.searchsorted((40, 70, 95), rows, side="right"))) == 1
    assert sum(map(len, chains)) == len(part)
    assert (np.diff(cut.spec.axis)[[29, 54]] > 1000).all()
    assert (np.delete(np.diff(cut.spec.axis), [29, 54]) == 1).all()
    np.testing.assert_array_equal(part.spec.axis, part.spec.first_rows)
