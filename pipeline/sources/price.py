"""An invented market of 22 features, for three classes of the next return (stats 470563).

    return_t = location_t + scale_t · normal

    location_t = sqrt(signal) · order_flow_{t-1}
    scale_t²   = (1 - signal) · exp(0.6 log_volume_{t-1} - 0.18), which clusters

`order_flow` and `log_volume` are normal first-order autoregressions of unit variance; every other feature is computed
from the returns of its row and of earlier rows. Classes are made of the target by stage `window`, with quantiles of the
training rows: with 0.2020 as the lower one, class 0 has the share of rows at which the post's accuracy stays.
"""

from __future__ import annotations

import numpy as np

from pipeline.series import ORACLE, Series, SettingError, autoregress, listing, number, streams, whole_number

SPANS = [5, 10, 20]
BURN_IN = 200  # rows before the first: the slowest average has forgotten its start


def _features(returns: np.ndarray, order_flow: np.ndarray, log_volume: np.ndarray) -> dict[str, np.ndarray]:
    """The 22 features, each [rows - BURN_IN], in their order; row t reads rows up to t."""
    from scipy.signal import lfilter

    table = {"return": returns}
    table |= {f"return_{lag}": np.roll(returns, lag) for lag in (1, 2, 3)}  # what wraps round is burn-in
    rolling: dict[str, np.ndarray] = {}
    for span in SPANS:
        view = np.lib.stride_tricks.sliding_window_view(returns, span)
        rolling[f"mean_{span}"] = view.mean(axis=1)
        rolling[f"volatility_{span}"] = view.std(axis=1)
        rolling[f"range_{span}"] = view.max(axis=1) - view.min(axis=1)
        rolling[f"up_share_{span}"] = (view > 0).mean(axis=1)
        # Return against its average with exponentially fading weights: does the move go on?
        rate = 2 / (span + 1)
        rolling[f"momentum_{span}"] = returns - lfilter([rate], [1.0, rate - 1], returns)
    kinds = ("mean", "volatility", "range", "up_share", "momentum")
    table |= {f"{kind}_{span}": rolling[f"{kind}_{span}"] for kind in kinds for span in SPANS}
    table |= {"order_flow": order_flow, "log_volume": log_volume, "volume_change": np.diff(log_volume, prepend=0.0)}
    return {name: values[values.size - (returns.size - BURN_IN) :] for name, values in table.items()}


def make(
    *, rows: int, signal: float, seed: int, missing_row: int | None = None, missing_column: str | None = None
) -> Series:
    """Make the series.

    Args:
        rows: how many, 1 or more.
        signal: the oracle's R², 0 <= signal < 1.
        seed: 0 or more.
        missing_row: row, counted from 0, whose cell in `missing_column` is missing.
        missing_column: the name of a feature; together with `missing_row` or not at all.

    Returns:
        Series with 22 features, among them the target `return` (unit variance), all finite, and a normal oracle.

    Raises:
        SettingError: a setting is out of its range.
    """
    rows, signal = whole_number("rows", rows, 1), number("signal", signal, 0, 1, include_above=True)
    streams_ = streams(seed, 3)
    flow, volume, noise = (stream.standard_normal(rows + BURN_IN) for stream in streams_)
    flow, volume = autoregress(flow, 0.8), autoregress(volume, 0.95)
    location, scale = np.zeros(rows + BURN_IN), np.ones(rows + BURN_IN)
    location[1:] = np.sqrt(signal) * flow[:-1]
    scale[1:] = np.sqrt(1 - signal) * np.exp(0.3 * volume[:-1] - 0.09)  # E exp(0.6 u) = exp(0.18)
    columns = _features(location + scale * noise, flow, volume)
    features = list(columns)
    table = np.column_stack([*columns.values(), location[BURN_IN:], scale[BURN_IN:]])
    if missing_row is not None or missing_column is not None:
        if missing_row is None or missing_column is None:
            lone, other = (
                ("missing_row", "missing_column") if missing_column is None else ("missing_column", "missing_row")
            )
            raise SettingError(lone, f"must go together with `{other}`", "one of the two", "Give both, or neither.")
        missing_row = whole_number("missing_row", missing_row, 0, rows - 1)
        if missing_column not in columns:
            there = f"The features are: {listing(features)}."
            raise SettingError("missing_column", "must name a feature of this series", repr(missing_column), there)
        table[missing_row, features.index(missing_column)] = np.nan
    oracle = {"distribution": "normal", "degrees": None}
    return Series(table, features + ORACLE, "return", features, oracle=oracle)
