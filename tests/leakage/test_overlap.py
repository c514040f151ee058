"""The proof `overlap`: a division by time passes, a random one of overlapping windows fails."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.leakage import overlap

LENGTH = 8


def parts(windows, side):
    """Windows of each part as rows and starts, as sequences one after the other."""
    made = {}
    for name, code in (("train", 0), ("validation", 1), ("test", 2)):
        own = windows[side == code]
        made[name] = (own.reshape(-1, windows.shape[2]), np.arange(len(own)) * LENGTH)
    return made


def windows(rows, stride=1):
    cut = np.lib.stride_tricks.sliding_window_view(rows, LENGTH, axis=0)[::stride]
    return np.ascontiguousarray(cut.transpose(0, 2, 1))


def by_time(count):
    return np.repeat([0, 1, 2], [count - 2 * (count // 6), count // 6, count // 6])


@pytest.fixture
def rows():
    return np.random.default_rng(0).normal(size=(200, 2))


@pytest.mark.parametrize("stride", [1, 2, 3])
def test_a_division_by_time_passes_and_a_random_one_fails(rows, stride):
    cut = windows(rows, stride)
    side = by_time(len(cut))
    assert overlap.check(parts(cut, side), LENGTH, False).result == "pass"
    shuffled = np.random.default_rng(1).permutation(side)
    proof = overlap.check(parts(cut, shuffled), LENGTH, False)
    assert proof.result == "fail"
    assert proof.compared["overlapping"] > 0.5 * proof.compared["windows"]
    assert "begins" in proof.found[0]
    assert overlap.check(parts(cut, shuffled), LENGTH, True).result == "informative"


def test_the_first_pair_is_named(rows):
    cut = windows(rows)
    side = by_time(len(cut))
    later = len(cut) - 3
    side[later] = 0  # a training window that begins inside the test windows before it
    proof = overlap.check(parts(cut, side), LENGTH, False)
    assert proof.result == "fail"
    assert proof.compared["overlapping"] == LENGTH // 2


def test_windows_apart_pass_in_any_division(rows):
    cut = windows(rows, LENGTH)
    side = np.random.default_rng(1).permutation(by_time(len(cut)))
    assert overlap.check(parts(cut, side), LENGTH, False).result == "pass"


def test_a_signal_of_two_levels_is_no_overlap():
    steps = (np.arange(LENGTH) >= np.random.default_rng(2).integers(1, LENGTH, size=60)[:, None]).astype(float)
    side = np.random.default_rng(1).permutation(by_time(60))
    assert overlap.check(parts(steps[..., None], side), LENGTH, False).result == "pass"


def test_windows_of_one_row_share_none():
    made = {"train": (np.ones((9, 1)), np.arange(9)), "test": (np.ones((3, 1)), np.arange(3))}
    assert overlap.check(made, 1, False).result == "pass"
