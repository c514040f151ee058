"""Duplicates: windows of two parts whose inputs are equal, all of them, in time that grows with the rows.

Each row becomes a 64-bit number h_i, and each window that begins in row s the sum of h_{s+j} B^j over its rows, modulo
2^64: a polynomial rolling hash (Karp and Rabin, 1987). All of them come from one cumulative sum S of h_i B^i, as
(S_{s+length} - S_s) B^{-s}, for an odd B has an inverse. Equal windows have equal hashes; windows with equal hashes are
then compared cell by cell, so chance does not count as a duplicate.

Windows whose rows are all alike, or all missing, are counted apart: a sensor that stands still, or a gap in the record,
makes equal windows that tell nothing.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np

from pipeline import dataset
from pipeline.leakage.proof import MOST, Proof, judged

_BASE = 0x9E3779B97F4A7C15  # odd
_CELLS = 1 << 22  # compared at a time


def check(
    parts: dict[str, tuple[np.ndarray, np.ndarray]],
    length: int,
    declared: bool,
    fold: int | None = None,
    first_rows: dict[str, np.ndarray] | None = None,
    name: str = "NAME",
) -> Proof:
    """Count the pairs of windows with equal inputs on two sides of a split.

    Args:
        parts: per part its inputs, float64 [rows, features], and the starts of its windows, int64 [windows]. Windows
            that reach beyond the rows are left out: `intervals` names them.
        length: rows of a window.
        declared: whether the dataset says that there are such pairs.
        fold: number of the fold.
        first_rows: per part the series row of each of its rows, for `found`; its own row numbers if None.
        name: the dataset, for `found`.

    Returns:
        The proof `duplicates`: informative instead of fail where they are declared, and where all of them are windows
        whose rows are alike. Two missing cells are equal.
    """
    parts = {
        kind: (rows, starts[(starts >= 0) & (starts + length <= len(rows))]) for kind, (rows, starts) in parts.items()
    }
    names = list(parts)
    hashes = [_hashes(rows, starts, length) for rows, starts in parts.values()]
    every = np.concatenate(hashes)
    sides = np.repeat(np.arange(len(parts)), [len(h) for h in hashes])
    indices = np.concatenate([np.arange(len(h)) for h in hashes])
    order = np.argsort(every, kind="stable")
    pairs = constant_pairs = 0
    examples: list[np.ndarray] = []
    constants: list[np.ndarray] = []
    if len(order):
        heads = np.flatnonzero(np.concatenate([[True], np.diff(every[order]) != 0]))
        low = np.minimum.reduceat(sides[order], heads)
        high = np.maximum.reduceat(sides[order], heads)
        tails = np.append(heads[1:], len(order))
        wanted = low < high
        for members in _verified(parts, length, order, heads[wanted], tails[wanted], sides, indices):
            counts = np.bincount(sides[members], minlength=len(parts))
            if np.count_nonzero(counts) > 1:
                some = (int(counts.sum()) ** 2 - int((counts**2).sum())) // 2
                if _constant(_contents(parts, length, members[:1], sides, indices).reshape(length, -1)):
                    constant_pairs += some
                    constants.append(members)
                else:
                    pairs += some
                    examples.append(members)
    fails = bool(pairs) and not declared
    found = []
    if fails:
        found.append(f"declare `datasets.{name}.duplicates: informative` if equal windows are expected")
    for members in [*sorted(examples, key=np.min), *sorted(constants, key=np.min)][:MOST]:
        firsts = [int(members[sides[members] == side].min()) for side in np.unique(sides[members])]
        found.append(" and ".join(_shown(names[sides[m]], parts, int(indices[m]), length, first_rows) for m in firsts))
    about = (
        "Windows of two parts whose inputs are equal in every cell, by a rolling hash, and compared where it is equal; "
        "those whose rows are all alike or missing are counted apart and fail nothing."
    )
    compared = {"windows": len(every), "equal_pairs": pairs, "constant_pairs": constant_pairs}
    return judged("duplicates", fold, compared, found, about, "fail" if fails else "informative")


def dataset_proof(p: dict[str, Any], name: str, fold: int, parts: dict[str, dataset.Part]) -> Proof:
    """`check` on the cleaned features of one fold, before scaling."""
    settings = p["datasets"][name]
    declared = settings.get("duplicates") == "informative" or settings["split"].get("identical") == "by_position"
    spec = parts["train"].spec
    positions = [spec.columns.index(n) for n in spec.features]
    inputs = {kind: (part.rows[:, positions], part.table["start"]) for kind, part in parts.items()}
    return check(
        inputs, spec.length, declared, fold, {kind: part.spec.first_rows for kind, part in parts.items()}, name
    )


def _constant(cells: np.ndarray) -> bool:
    """Whether all rows of a window [length, features] are alike, which one row alone is not, or all cells missing."""
    absent = np.isnan(cells)
    return bool(absent.all() or (len(cells) > 1 and ((cells == cells[0]) | (absent & absent[0])).all()))


def _hashes(rows: np.ndarray, starts: np.ndarray, length: int) -> np.ndarray:
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


def _verified(
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
        one = _contents(parts, length, members[some], sides, indices)
        other = _contents(parts, length, leaders[some], sides, indices)
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
            cells = _contents(parts, length, np.array([member]), sides, indices) + 0.0
            by_content[np.where(np.isnan(cells), np.nan, cells).tobytes()].append(int(member))
        result += [np.array(each) for each in by_content.values()]
    return result


def _contents(
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


def _shown(
    name: str,
    parts: dict[str, tuple[np.ndarray, np.ndarray]],
    index: int,
    length: int,
    first_rows: dict[str, np.ndarray] | None,
) -> str:
    start = int(parts[name][1][index])
    row = int(first_rows[name][start]) if first_rows else start
    return f"rows [{row}, {row + length}) of {name}"
