"""Independent sequences of zeros and then ones, whose mean is the target (datascience 67599, answered by 68047)."""

from __future__ import annotations

import numpy as np

from pipeline.series import Series, SettingError, streams, whole_number


def _draw(counts: str, sequences: int, length: int, seed: object) -> np.ndarray:
    (stream,) = streams(seed, 1)
    if counts == "sampled":
        return stream.integers(1, length, size=sequences, endpoint=True)
    if sequences > length + 1:
        fix = f"Length {length} has {length + 1} different counts, 0 among them: ask for fewer, or use `sampled`."
        raise SettingError("sequences", f"must be {length + 1} or less where counts are unique", sequences, fix)
    return stream.permutation(length + 1)[:sequences]


def make(*, length: int, counts: list[int] | str, sequences: int | None = None, seed: int | None = None) -> Series:
    """Generate the sequences.

    Args:
        length: rows of one sequence, 1 or more.
        counts: the number of ones of each sequence in order, 0 … length; or "unique": distinct numbers from
            0 … length, so a sequence of zeros alone may occur, as in the answer's generator; or "sampled":
            1 … length with replacement.
        sequences: number of sequences, for "unique" and "sampled" only.
        seed: 0 or more, for "unique" and "sampled" only.

    Returns:
        Series of one column `step`, sequence after sequence. Its oracle is exact: the mean is a function of the
        window.

    Raises:
        SettingError: a setting is out of its range, or there are not so many unique sequences.
    """
    length = whole_number("length", length, 1)
    if isinstance(counts, list) and counts:
        for key, value in (("sequences", sequences), ("seed", seed)):
            if value is not None:
                raise SettingError(key, "must be left out where the counts are listed", value, "Remove it.")
        numbers = np.array([whole_number(f"counts[{i}]", count, 0, length) for i, count in enumerate(counts)])
    elif isinstance(counts, str) and counts in ("unique", "sampled"):
        many = whole_number("sequences", sequences, 1, fix=f"Give the number of {counts} counts.")
        numbers = _draw(counts, many, length, seed)
    else:
        fix = "For example: counts: [1, 5, 3]."
        raise SettingError("counts", "must be a list of numbers of ones, `unique` or `sampled`", repr(counts), fix)
    steps = np.arange(length) >= length - numbers[:, None]
    rows = steps.reshape(-1, 1).astype(np.float64)
    oracle = {"distribution": "exact", "degrees": None}
    return Series(rows, ["step"], "step", ["step"], sequence_length=length, oracle=oracle)
