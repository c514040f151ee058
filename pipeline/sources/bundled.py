"""Real series that ship with statsmodels, both in the public domain."""

from __future__ import annotations

import numpy as np

from pipeline.series import Series, SettingError, listing


def _co2() -> Series:
    from statsmodels.datasets import co2

    table = co2.load_pandas().data
    time = table.index.to_numpy().astype("datetime64[s]")
    return Series(table[["co2"]].to_numpy(dtype=np.float64), ["co2"], "co2", ["co2"], time=time)


def _sunspots() -> Series:
    from statsmodels.datasets import sunspots

    table = sunspots.load_pandas().data
    years = table["YEAR"].to_numpy().astype(np.int64) - 1970
    rows = table[["SUNACTIVITY"]].to_numpy(dtype=np.float64)
    return Series(
        rows,
        ["SUNACTIVITY"],
        "SUNACTIVITY",
        ["SUNACTIVITY"],
        time=years.astype("datetime64[Y]").astype("datetime64[s]"),
    )


SERIES = {"co2": _co2, "sunspots": _sunspots}


def make(*, name: str) -> Series:
    """Read a series.

    Args:
        name: `co2`, CO2 at Mauna Loa in parts per million, 2,284 weeks from 1958, 59 of them missing; or `sunspots`,
            the yearly number of sunspots, 309 years from 1700.

    Returns:
        Series of one column, with times.

    Raises:
        SettingError: there is no series of that name.
    """
    if not isinstance(name, str) or name not in SERIES:
        raise SettingError("name", "must name a bundled series", repr(name), f"Known: {listing(list(SERIES))}.")
    return SERIES[name]()
