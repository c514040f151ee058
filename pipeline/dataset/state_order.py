"""The order of windows in a training that carries state from batch to batch. Index arrays only, no values.

    posted (470563), batch 3            lanes, batch 3
    batch 0:   0  1  2                  batch 0:   0  4  8
    batch 1:   3  4  5                  batch 1:   1  5  9
    batch 2:   6  7  8                  batch 2:   2  6 10
                                        batch 3:   3  7 11

On the left, the state after window 0 goes to window 3; on the right, to window 1, which begins where window 0 ended
(the stride is the length here; with a smaller stride there are length / stride such chains).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pipeline.common.errors import UserError

if TYPE_CHECKING:
    from pipeline.dataset import Part, Spec


def posted(windows: int, batch: int) -> np.ndarray:
    """Return the windows in order, batch after batch, as in stats 470563; a last batch that is not full is dropped.

    Returns:
        int [windows // batch, batch].

    Raises:
        UserError: there is not one full batch.
    """
    _require_batch(windows, batch)
    return np.arange(windows // batch * batch).reshape(-1, batch)


def chains(starts: np.ndarray, length: int) -> list[np.ndarray]:
    """Return chains of windows: each begins in the row after the last row of the one before.

    Args:
        starts: int [windows], first row of each window, on an axis on which successive rows follow one another in time.
        length: rows of a window.

    Returns:
        One int array of window indices per chain, in the order of their first windows; each window is in exactly one.
    """
    rows = np.asarray(starts).tolist()
    index = {row: i for i, row in enumerate(rows)}
    following = {i: index[row + length] for i, row in enumerate(rows) if row + length in index}
    result = []
    for head in sorted(set(range(len(rows))) - set(following.values())):
        chain = [head]
        while chain[-1] in following:
            chain.append(following[chain[-1]])
        result.append(np.array(chain))
    return result


def lanes(starts: np.ndarray, length: int, batch: int, multiple: int = 1) -> list[np.ndarray]:
    """Return lanes: row i of a batch continues row i of the batch before it, throughout a pass.

    Each pass uses the longest segments of which the chains yield a full batch, so state lives as long as the data
    allows; the rest goes into the next pass. A lane never jumps over a gap. State is reset between passes.

    Args:
        starts: int [windows], as for `chains`.
        length: rows of a window.
        batch: lanes side by side.
        multiple: the number of steps of every pass but the last is a multiple of this, so that no execution of so many
            steps spans two passes.

    Returns:
        int [steps, batch] per pass; fewer than `batch` windows of those that a pass could hold are left out.

    Raises:
        UserError: no window continues another (the stride does not divide the length), or there is not one full batch.
    """
    _require_batch(len(starts), batch)
    left = chains(starts, length)
    if all(len(chain) == 1 for chain in left):
        raise UserError(
            "training.state",
            "must not be lanes if no window begins where another one ended",
            f"{len(starts)} windows of {length} rows",
            "Choose a stride for training that divides the length of the window, or state: none.",
        )
    passes = []
    while steps := _longest([len(chain) for chain in left], batch, multiple):
        passes.append(_cut(left, steps, batch))
    if multiple > 1 and (steps := _longest([len(chain) for chain in left], batch, 1)):
        passes.append(_cut(left, steps, batch))
    return passes


def require_continuing(spec: Spec) -> None:
    """Refuse lanes where no window of some part continues another one.

    Raises:
        UserError: the stride of training or of evaluation does not divide the length of a window.
    """
    for kind, stride in spec.stride.items():
        if spec.length % stride:
            raise UserError(
                "training.state",
                f"must not be lanes if `window.stride.{kind}` does not divide the length of a window",
                f"a stride of {stride} for windows of {spec.length} rows",
                "Choose another stride, or state: none.",
            )


def rows_in_time(part: Part) -> np.ndarray:
    """Return the first row of each window, on an axis for `chains`.

    Gaps between intervals stay gaps, and no window continues one before a cut, or one of another independent sequence.

    Returns:
        int [windows].
    """
    rows = part.spec.axis[part.table["start"]]
    if part.spec.sequence_length:
        rows = rows + rows // part.spec.sequence_length  # one missing row between two sequences
    return rows


def _longest(lengths: list[int], batch: int, multiple: int) -> int:
    """Return the greatest multiple of `multiple` for which chains of these lengths yield `batch` segments, or 0."""
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
            "must not exceed the windows of a part if state is carried",
            f"{batch} for {windows} windows",
            "Choose a smaller batch.",
        )
