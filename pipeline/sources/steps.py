"""Independent sequences of zeros and then ones, whose mean is to be told (datascience 67599, answered by 68047)."""

from __future__ import annotations

import numpy as np

from pipeline.series import Series, SettingError, streams, whole_number


def _draw(counts: str, sequences: int, length: int, seed: object) -> np.ndarray:
    (stream,) = streams(seed, 1)
    if counts == "sampled":
        return stream.integers(1, length, size=sequences, endpoint=True)
    if sequences > length + 1:
        mend = f"Length {length} has {length + 1} different counts, 0 among them: ask for fewer, or take `sampled`."
        raise SettingError("sequences", f"must be {length + 1} or less where counts are unique", sequences, mend)
    return stream.permutation(length + 1)[:sequences]


def make(*, length: int, counts: list[int] | str, sequences: int | None = None, seed: int | None = None) -> Series:
    """Make the sequences.

    Args:
        length: rows of one sequence, 1 or more.
        counts: the number of ones of each sequence in order, 0 … length; or "unique": distinct ones out of
            0 … length, so the sequence of zeros alone may occur, as the answer's generator has it; or "sampled":
            1 … length with replacement.
        sequences: how many, for "unique" and "sampled" alone.
        seed: 0 or more, for "unique" and "sampled" alone.

    Returns:
        Series with the one column `step`, sequence after sequence. Its oracle is exact: the mean is a function of the
        window.

    Raises:
        SettingError: a setting is out of its range, or more unique sequences than there are.
    """
    length = whole_number("length", length, 1)
    if isinstance(counts, list) and counts:
        for key, value in (("sequences", sequences), ("seed", seed)):
            if value is not None:
                raise SettingError(key, "must be left out where the counts are listed", value, "Take it out.")
        numbers = np.array([whole_number(f"counts[{i}]", count, 0, length) for i, count in enumerate(counts)])
    elif isinstance(counts, str) and counts in ("unique", "sampled"):
        many = whole_number("sequences", sequences, 1, mend=f"Counts that are {counts} need to know how many.")
        numbers = _draw(counts, many, length, seed)
    else:
        mend = "For example: counts: [1, 5, 3]."
        raise SettingError("counts", "must be a list of numbers of ones, `unique` or `sampled`", repr(counts), mend)
    steps = np.arange(length) >= length - numbers[:, None]
    rows = steps.reshape(-1, 1).astype(np.float64)
    oracle = {"distribution": "exact", "degrees": None}
    return Series(rows, ["step"], "step", ["step"], sequence_length=length, oracle=oracle)
