"""Find windows whose inputs are equal in every cell, in time linear in the rows.

Each row becomes a 64-bit number h_i. The hash of the window that begins in row s is the sum of h_{s+j} B^j over its
rows, modulo 2^64: a polynomial rolling hash (Karp and Rabin, 1987). All hashes come from one cumulative sum S of
h_i B^i, as (S_{s+length} - S_s) B^{-s}; an odd B has an inverse. Equal windows have equal hashes. Windows with equal
hashes are then compared cell by cell, so that a collision does not count as a duplicate.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

_BASE = 0x9E3779B97F4A7C15  # odd
_CELLS = 1 << 22  # compared at a time


def hashes(rows: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
    """Return the hash of every window: uint64 [windows]."""
    powers = np.full(len(rows) + 1, _BASE, dtype=np.uint64)
    powers[0] = 1
    np.multiply.accumulate(powers, out=powers)
    sums = np.zeros(len(rows) + 1, dtype=np.uint64)
    np.cumsum(_row_hashes(rows) * powers[:-1], out=sums[1:])
    back = np.full(len(rows) + 1, pow(_BASE, -1, 1 << 64), dtype=np.uint64)
    back[0] = 1
    np.multiply.accumulate(back, out=back)
    return (sums[starts + length] - sums[starts]) * back[starts]


def _row_hashes(rows: np.ndarray) -> np.ndarray:
    """Return a well mixed number for each row, as splitmix64 mixes (Steele, Lea and Flood, 2014): uint64 [rows]."""
    result = np.zeros(len(rows), dtype=np.uint64)
    for column in range(rows.shape[1]):
        values = np.asarray(rows[:, column], dtype=np.float64) + 0.0  # -0.0 and 0.0 are equal
        values[np.isnan(values)] = np.nan  # one bit pattern of many
        result += values.view(np.uint64)
        result += np.uint64(_BASE)
        result ^= result >> np.uint64(30)
        result *= np.uint64(0xBF58476D1CE4E5B9)
        result ^= result >> np.uint64(27)
        result *= np.uint64(0x94D049BB133111EB)
        result ^= result >> np.uint64(31)
    return result


def verified(
    parts: dict[str, tuple[np.ndarray, np.ndarray]],
    length: int,
    order: np.ndarray,
    heads: np.ndarray,
    tails: np.ndarray,
    sides: np.ndarray,
    indices: np.ndarray,
) -> list[np.ndarray]:
    """Divide windows of equal hash into groups with equal cells.

    Args:
        parts: by name, the rows of each part, float64 [rows, features], and its starts, int [windows].
        length: rows of a window.
        order: int [windows of all parts], windows by hash.
        heads: int [groups], first position in `order` of each group of equal hashes.
        tails: int [groups], the end of each group.
        sides: int [windows of all parts], position in `parts` of each window's part.
        indices: int [windows of all parts], the window's number in its part.

    Returns:
        One int array per group of equal windows: their positions in `sides`.
    """
    if not len(heads):
        return []
    sizes = tails - heads
    members = np.concatenate([order[a:b] for a, b in zip(heads, tails, strict=True)])
    groups = np.repeat(np.arange(len(heads)), sizes)
    leaders = np.repeat(order[heads], sizes)
    same = np.empty(len(members), dtype=bool)
    columns = next(iter(parts.values()))[0].shape[1]
    step = max(1, _CELLS // (length * columns))
    for i in range(0, len(members), step):
        some = slice(i, i + step)
        cells = contents(parts, length, members[some], sides, indices)
        expected = contents(parts, length, leaders[some], sides, indices)
        same[some] = ((cells == expected) | (np.isnan(cells) & np.isnan(expected))).all(axis=1)
    mixed = set(groups[~same].tolist())
    ends = np.cumsum(sizes)
    result = []
    for group in range(len(heads)):
        own = members[ends[group] - sizes[group] : ends[group]]
        if group not in mixed:
            result.append(own)
            continue
        by_content: dict[bytes, list[int]] = defaultdict(list)
        for member in own:
            cells = contents(parts, length, np.array([member]), sides, indices) + 0.0
            by_content[np.where(np.isnan(cells), np.nan, cells).tobytes()].append(int(member))
        result += [np.array(each) for each in by_content.values()]
    return result


def contents(
    parts: dict[str, tuple[np.ndarray, np.ndarray]],
    length: int,
    members: np.ndarray,
    sides: np.ndarray,
    indices: np.ndarray,
) -> np.ndarray:
    """Return the inputs of the windows `members`: float64 [members, length x features]; arguments as for `verified`."""
    columns = next(iter(parts.values()))[0].shape[1]
    result = np.empty((len(members), length, columns))
    for side, (rows, starts) in enumerate(parts.values()):
        mine = sides[members] == side
        result[mine] = rows[starts[indices[members[mine]]][:, None] + np.arange(length)]
    return result.reshape(len(members), -1)
