"""The order of windows for training that carries state from batch to batch. Index arrays only; no values are touched.

    posted (470563), batch 3            lanes, batch 3
    batch 0:   0  1  2                  batch 0:   0  4  8
    batch 1:   3  4  5                  batch 1:   1  5  9
    batch 2:   6  7  8                  batch 2:   2  6 10
                                        batch 3:   3  7 11

In the left picture the state that row 0 has after window 0 goes to window 3; in the right one to window 1, which
begins where window 0 ended (stride = length here; with a smaller stride there are length / stride such chains).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.common.errors import UserError

if TYPE_CHECKING:
    from pipeline.dataset import Part


def posted(windows: int, batch: int) -> np.ndarray:
    """Windows in order, batch after batch, as stats 470563 fed them; what does not fill a batch is dropped.

    Returns:
        int [windows // batch, batch].

    Raises:
        UserError: there is not one full batch.
    """
    _require_batch(windows, batch)
    return np.arange(windows // batch * batch).reshape(-1, batch)


def chains(starts: np.ndarray, length: int) -> list[np.ndarray]:
    """Windows that continue one another: each begins in the row after the last row of the one before.

    Args:
        starts: int [windows], first row of each window, on an axis where neighbouring rows are neighbours in time.
        length: rows of a window.

    Returns:
        int arrays of window indices, in the order of their first windows; each window stands in exactly one.
    """
    rows = np.asarray(starts).tolist()
    index = {row: i for i, row in enumerate(rows)}
    following = {i: index[row + length] for i, row in enumerate(rows) if row + length in index}
    found = []
    for first in sorted(set(range(len(rows))) - set(following.values())):
        chain = [first]
        while chain[-1] in following:
            chain.append(following[chain[-1]])
        found.append(np.array(chain))
    return found


def lanes(starts: np.ndarray, length: int, batch: int, multiple: int = 1) -> list[np.ndarray]:
    """True lanes: row i of a batch continues row i of the batch before it, throughout a pass.

    Each pass takes the longest segments of which the chains yield a full batch, so state lives as long as the data
    allows; what is left over goes into the next pass. A lane never jumps over a gap. State is reset between passes.

    Args:
        starts: int [windows], as for `chains`.
        length: rows of a window.
        batch: lanes side by side.
        multiple: steps of every pass but the last come in multiples of this, so that no execution of so many steps
            spans two passes.

    Returns:
        int [steps, batch] per pass; fewer than `batch` windows (of those a pass could hold) are left out.

    Raises:
        UserError: no window continues another (the stride does not divide the length), or there is not one full batch.
    """
    _require_batch(len(starts), batch)
    left = chains(starts, length)
    if all(len(chain) == 1 for chain in left):
        raise UserError(
            "training.state",
            "must not be lanes where no window begins where another one ended",
            f"{len(starts)} windows of {length} rows",
            "Choose a stride for training that divides the length of the window, or state: none.",
        )
    passes = []
    while steps := _longest([len(chain) for chain in left], batch, multiple):
        passes.append(_cut(left, steps, batch))
    if multiple > 1 and (steps := _longest([len(chain) for chain in left], batch, 1)):
        passes.append(_cut(left, steps, batch))
    return passes


def rows_in_time(part: Part) -> np.ndarray:
    """First row of each window on the axis that `chains` wants: gaps between intervals stay gaps, and no window of one
    independent sequence continues a window of another.

    Returns:
        int [windows].
    """
    rows = part.spec.first_rows[part.table["start"]]
    if part.spec.sequence_length:
        rows = rows + rows // part.spec.sequence_length  # one missing row between two sequences
    return rows


def _longest(lengths: list[int], batch: int, multiple: int) -> int:
    """The greatest multiple of `multiple` of which chains of these lengths yield `batch` segments; 0 for none."""
    sizes = np.array(lengths)
    low, high = 0, int(sizes.max(initial=0)) // multiple
    while low < high:
        middle = (low + high + 1) // 2
        if (sizes // (middle * multiple)).sum() >= batch:
            low = middle
        else:
            high = middle - 1
    return low * multiple


def _cut(left: list[np.ndarray], steps: int, batch: int) -> np.ndarray:
    """Cut `batch` segments of `steps` windows off the front of the chains; `left` keeps the rest."""
    segments: list[np.ndarray] = []
    for i, chain in enumerate(left):
        count = min(len(chain) // steps, batch - len(segments))
        segments += np.split(chain[: count * steps], count) if count else []
        left[i] = chain[count * steps :]
    return np.stack(segments, axis=1)


def _require_batch(windows: int, batch: int) -> None:
    if windows < batch:
        raise UserError(
            "training.batch_size",
            "must not exceed the windows of a part where state is carried",
            f"{batch} for {windows} windows",
            "Choose a smaller batch.",
        )
