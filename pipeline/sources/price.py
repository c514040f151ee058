"""An artificial market with 22 features, for three classes of the next return (stats 470563).

    return_t = location_t + scale_t · normal

    location_t = sqrt(signal) · order_flow_{t-1}
    scale_t²   = (1 - signal) · exp(0.6 log_volume_{t-1} - 0.18), which clusters

`order_flow` and `log_volume` are normal first-order autoregressions of unit variance; every other feature is computed
from the returns of its row and of earlier rows. Stage `window` makes classes of the target at quantiles of the training
rows: with 0.2020 as the lower one, the share of class 0 is the accuracy at which the post's network stays.
"""

from __future__ import annotations

import numpy as np

from pipeline.series import ORACLE, Series, SettingError, autoregress, listing, number, streams, whole_number

SPANS = [5, 10, 20]
BURN_IN = 200  # rows before the first, in which the slowest average forgets its start


def _features(returns: np.ndarray, order_flow: np.ndarray, log_volume: np.ndarray) -> dict[str, np.ndarray]:
    """Return the 22 features in order, each [rows - BURN_IN]; row t uses rows up to t."""
    from scipy.signal import lfilter

    table = {"return": returns}
    table |= {f"return_{lag}": np.roll(returns, lag) for lag in (1, 2, 3)}  # only burn-in rows wrap round
    rolling: dict[str, np.ndarray] = {}
    for span in SPANS:
        view = np.lib.stride_tricks.sliding_window_view(returns, span)
        rolling[f"mean_{span}"] = view.mean(axis=1)
        rolling[f"volatility_{span}"] = view.std(axis=1)
        rolling[f"range_{span}"] = view.max(axis=1) - view.min(axis=1)
        rolling[f"up_share_{span}"] = (view > 0).mean(axis=1)
        # Return less its exponentially weighted average.
        rate = 2 / (span + 1)
        rolling[f"momentum_{span}"] = returns - lfilter([rate], [1.0, rate - 1], returns)
    kinds = ("mean", "volatility", "range", "up_share", "momentum")
    table |= {f"{kind}_{span}": rolling[f"{kind}_{span}"] for kind in kinds for span in SPANS}
    table |= {"order_flow": order_flow, "log_volume": log_volume, "volume_change": np.diff(log_volume, prepend=0.0)}
    return {name: values[values.size - (returns.size - BURN_IN) :] for name, values in table.items()}


def make(
    *, rows: int, signal: float, seed: int, missing_row: int | None = None, missing_column: str | None = None
) -> Series:
    """Generate the series.

    Args:
        rows: number of rows, 1 or more.
        signal: the oracle's R², 0 <= signal < 1.
        seed: 0 or more.
        missing_row: row, counted from 0, whose cell in `missing_column` is made missing.
        missing_column: the name of a feature; given together with `missing_row` or not at all.

    Returns:
        Series with 22 features, one of them the target `return` (unit variance), and a normal oracle.

    Raises:
        SettingError: a setting is out of its range.
    """
    rows, signal = whole_number("rows", rows, 1), number("signal", signal, 0, 1, include_above=True)
    flow, volume, noise = (stream.standard_normal(rows + BURN_IN) for stream in streams(seed, 3))
    flow, volume = autoregress(flow, 0.8), autoregress(volume, 0.95)
    location, scale = np.zeros(rows + BURN_IN), np.ones(rows + BURN_IN)
    location[1:] = np.sqrt(signal) * flow[:-1]
    scale[1:] = np.sqrt(1 - signal) * np.exp(0.3 * volume[:-1] - 0.09)  # E exp(0.6 u) = exp(0.18)
    columns = _features(location + scale * noise, flow, volume)
    features = list(columns)
    table = np.column_stack([*columns.values(), location[BURN_IN:], scale[BURN_IN:]])
    if missing_row is not None or missing_column is not None:
        if missing_row is None or missing_column is None:
            keys = ["missing_row", "missing_column"]
            given, other = keys if missing_column is None else keys[::-1]
            raise SettingError(given, f"must go together with `{other}`", "one of the two", "Give both, or neither.")
        missing_row = whole_number("missing_row", missing_row, 0, rows - 1)
        if missing_column not in columns:
            known = f"The features are: {listing(features)}."
            raise SettingError("missing_column", "must name a feature of this series", repr(missing_column), known)
        table[missing_row, features.index(missing_column)] = np.nan
    oracle = {"distribution": "normal", "degrees": None}
    return Series(table, features + ORACLE, "return", features, oracle=oracle)
