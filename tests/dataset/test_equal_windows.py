"""Hashes of windows against Python's integers, and groups of equal windows against a comparison of all with all."""

from __future__ import annotations

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.dataset import equal_windows

B, M = 0x9E3779B97F4A7C15, (1 << 64) - 1


def splitmix(state: int) -> int:
    state = (state + B) & M
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & M
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & M
    return state ^ (state >> 31)


def row_hash(row: list[float]) -> int:
    state = 0
    for cell in row:
        bits = struct.unpack("<Q", struct.pack("<d", np.nan if np.isnan(cell) else cell + 0.0))[0]
        state = splitmix((state + bits) & M)
    return state


def test_the_reference_is_splitmix64() -> None:
    assert splitmix(0) == 0xE220A8397B1DCDAF  # the first number of the published generator for seed 0


@settings(deadline=None)
@given(
    st.integers(1, 3).flatmap(
        lambda wide: st.lists(st.lists(st.floats(allow_infinity=False), min_size=wide, max_size=wide), min_size=1)
    ),
    st.data(),
)
def test_a_hash_is_a_polynomial_of_the_rows_of_the_window(rows: list[list[float]], data: st.DataObject) -> None:
    length = data.draw(st.integers(1, len(rows)))
    starts = data.draw(st.lists(st.integers(0, len(rows) - length), min_size=1, max_size=5))
    expected = [sum(row_hash(rows[s + j]) * pow(B, j, 1 << 64) for j in range(length)) & M for s in starts]
    found = equal_windows.hashes(np.array(rows), np.array(starts), length)
    assert found.dtype == np.uint64
    assert found.tolist() == expected


@settings(deadline=None)
@given(
    st.lists(st.lists(st.sampled_from([0.0, -0.0, 1.0, np.nan]), min_size=6, max_size=20), min_size=1, max_size=3),
    st.integers(1, 3),
    st.integers(1, 2),
    st.integers(1, 40),
)
def test_windows_are_grouped_as_by_comparing_all_with_all(
    series: list[list[float]], length: int, wide: int, cells: int
) -> None:
    parts = {}
    for i, values in enumerate(series):
        rows = np.array(values[: len(values) // wide * wide]).reshape(-1, wide)
        parts[str(i)] = (rows, np.arange(len(rows) - length + 1)[::-1])
    sides = np.repeat(np.arange(len(parts)), [len(starts) for _, starts in parts.values()])
    indices = np.concatenate([np.arange(len(starts)) for _, starts in parts.values()])
    windows = [rows[start : start + length].ravel() for rows, starts in parts.values() for start in starts]
    if not windows:
        return
    np.testing.assert_array_equal(
        equal_windows.contents(parts, length, np.arange(len(windows)), sides, indices), windows
    )
    # One hash for all, and blocks of a few cells: everything rests on the comparison.
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(equal_windows, "_CELLS", cells)
        order = np.arange(len(windows))
        found = equal_windows.verified(
            parts, length, order, np.array([0]), np.array([len(windows)]), sides, indices
        ) + equal_windows.verified(parts, length, order, np.array([], int), np.array([], int), sides, indices)
    groups = sorted(sorted(int(member) for member in group) for group in found)
    expected: list[list[int]] = []
    for i, window in enumerate(windows):
        for group in expected:
            if np.array_equal(windows[group[0]], window, equal_nan=True):
                group.append(i)
                break
        else:
            expected.append([i])
    assert groups == sorted(expected)


def test_several_groups_each_keep_their_own_windows() -> None:
    rows = np.array([1.0, 2, 1, 2, 3, 3, 4])[:, None]
    parts = {"a": (rows, np.arange(7))}
    order = np.array([0, 2, 1, 3, 4, 5, 6])
    found = equal_windows.verified(
        parts, 1, order, np.array([0, 2, 4]), np.array([2, 4, 7]), np.zeros(7, int), np.arange(7)
    )
    assert [group.tolist() for group in found] == [[0, 2], [1, 3], [4, 5], [6]]
