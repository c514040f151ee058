"""First-order autoregression, for the sign of the next value (datascience 51264).

x_t = phi x_{t-1} + e_t, e_t normal with standard deviation `scale`. The best prediction of the sign of x_t is the
sign of phi x_{t-1}; it is right with probability 1/2 + arcsin(|phi|) / pi.
"""

from __future__ import annotations

import numpy as np

from pipeline.series import ORACLE, Series, autoregress, number, streams, whole_number


def make(*, rows: int, phi: float, seed: int, scale: float = 1.0, channels: int = 1) -> Series:
    """Generate the series.

    Args:
        rows: number of rows, 1 or more.
        phi: -1 < phi < 1; 0 gives white noise, which cannot be predicted.
        seed: 0 or more.
        scale: standard deviation of the noise, above 0.
        channels: number of features; c2, c3, … are independent series of the same kind.

    Returns:
        Series with the columns x, c2, …, and a normal oracle of x.

    Raises:
        SettingError: a setting is out of its range.
    """
    rows, channels = whole_number("rows", rows, 1), whole_number("channels", channels, 1)
    phi, scale = number("phi", phi, -1, 1), number("scale", scale, 0, np.inf)
    std = scale / np.sqrt(1 - phi**2)
    names = ["x", *(f"c{number}" for number in range(2, channels + 1))]
    table = np.empty((rows, channels + 2))
    for column, stream in enumerate(streams(seed, channels)):
        table[:, column] = std * autoregress(stream.standard_normal(rows), phi)
    # The first row has no past: its oracle is the stationary distribution.
    table[0, -2:] = 0.0, std
    table[1:, -2], table[1:, -1] = phi * table[:-1, 0], scale
    return Series(table, names + ORACLE, "x", names, oracle={"distribution": "normal", "degrees": None})
