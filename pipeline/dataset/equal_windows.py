"""Windows whose inputs are equal in every cell, found in time that grows with the rows.

Each row becomes a 64-bit number h_i, and each window that begins in row s the sum of h_{s+j} B^j over its rows, modulo
2^64: a polynomial rolling hash (Karp and Rabin, 1987). All of them come from one cumulative sum S of h_i B^i, as
(S_{s+length} - S_s) B^{-s}, for an odd B has an inverse. Equal windows have equal hashes; windows with equal hashes are
then compared cell by cell, so chance does not count as a duplicate.
"""

from __future__ import annotations

from collections import defaultdict

import numpy as np

_BASE = 0x9E3779B97F4A7C15  # odd
_CELLS = 1 << 22  # compared at a time


def hashes(rows: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
    """The hash of every window, uint64 [windows]."""
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
    """A well mixed number for each row, uint64 [rows]; the mixing is splitmix64's (Steele, Lea and Flood, 2014)."""
    result = np.zeros(len(rows), dtype=np.uint64)
    for column in range(rows.shape[1]):
        values = np.asarray(rows[:, column], dtype=np.float64) + 0.0  # -0.0 and 0.0 are equal
        values[np.isnan(values)] = np.nan  # one of the many patterns of bits
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
    """Windows of equal hash, divided until those of one array hold the same cells: positions in `sides`."""
    if not len(heads):
        return []
    sizes = tails - heads
    members = np.concatenate([order[a:b] for a, b in zip(heads, tails, strict=True)])
    groups = np.repeat(np.arange(len(heads)), sizes)
    leaders = np.repeat(order[heads], sizes)
    same = np.empty(len(members), dtype=bool)
    columns = next(iter(parts.values()))[0].shape[1]
    step = max(1, _CELLS // (length * columns))
    for at in range(0, len(members), step):
        some = slice(at, at + step)
        one = contents(parts, length, members[some], sides, indices)
        other = contents(parts, length, leaders[some], sides, indices)
        same[some] = ((one == other) | (np.isnan(one) & np.isnan(other))).all(axis=1)
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
    """Inputs of some windows, float64 [some, length x features]."""
    columns = next(iter(parts.values()))[0].shape[1]
    result = np.empty((len(members), length, columns))
    for side, (rows, starts) in enumerate(parts.values()):
        mine = sides[members] == side
        result[mine] = rows[starts[indices[members[mine]]][:, None] + np.arange(length)]
    return result.reshape(len(members), -1)
