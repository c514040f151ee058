"""Windows held out for a second training teach it nothing."""

from dataclasses import replace

import numpy as np
import pytest

from pipeline.dataset import holdout
from tests.helpers.parts import make_part
from tests.helpers.trainings import noise


def test_no_later_target_is_in_an_earlier_window():
    for horizon, stride in ((1, 1), (4, 1), (3, 10)):
        part = make_part(np.arange(400.0), length=10, horizon=horizon, stride=stride, first_row=50)
        early, late = holdout.last_tenth(part)
        assert len(late) == holdout._held(len(part), -(-horizon // stride))
        assert early.raw_targets().max() < late.raw_targets().min()
        assert late.raw_targets().max() == part.raw_targets().max()
        assert len(early) >= len(part) - len(late) - horizon
        # Only what overlaps is left out: one window more would reach into the later targets.
        assert len(early) == len(part) - len(late) or early.raw_targets().max() + 1 == late.raw_targets().min()


@pytest.mark.parametrize("window", ["none", "last", "standard"])
def test_the_last_tenth_teaches_nothing(window):
    part = make_part(noise(400), length=8)
    part = replace(part, spec=replace(part.spec, scaling=part.spec.scaling | {"window": window}))
    early, late = holdout.last_tenth(part)
    first = int(late.table["row"].min())
    other = replace(part, rows=part.rows.copy(), table={name: column.copy() for name, column in part.table.items()})
    other.rows[first:] += 1000.0
    other.table["target_0"][len(part) - len(late) :] += 1000.0
    changed, later = holdout.last_tenth(other)
    np.testing.assert_array_equal(early.inputs(), changed.inputs())
    np.testing.assert_array_equal(early.targets(), changed.targets())
    assert changed.spec.target_center == pytest.approx(changed.rows[:first].mean(), abs=0.2)
    assert np.abs(later.raw_targets() - late.raw_targets()).min() == 1000.0


@pytest.mark.parametrize(
    ("count", "overlap", "held"), [(4000, 1, 400), (90, 1, 10), (30, 1, 6), (4, 1, 1), (900, 24, 180)]
)
def test_of_few_windows_up_to_a_fifth_is_held_out(count, overlap, held):
    assert holdout._held(count, overlap) == held


def test_sequences_are_not_cut():
    part = make_part(noise(800), length=20, kind="sequence_mean", sequence_length=20)
    early, late = holdout.last_tenth(part)
    assert (len(early), len(late)) == (32, 8)
    assert early.table["start"].max() < late.table["start"].min()
