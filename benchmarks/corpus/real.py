"""Real series that ship with packages the project needs anyway; nothing is downloaded.

statsmodels: public domain. matplotlib: its sample data. arch: prices of Yahoo Finance and series of FRED, as in its own
documentation.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd


def elnino() -> np.ndarray:
    """Temperature of the sea off Peru by the month, 1950 to 2010."""
    from statsmodels.datasets import elnino as source

    return _values(source.load_pandas().data.drop(columns="YEAR"))


def co2_monthly() -> np.ndarray:
    """CO2 at Mauna Loa by the month."""
    from statsmodels.datasets import co2 as source

    return _values(source.load_pandas().data["co2"].resample("MS").mean().interpolate())


def sunspots() -> np.ndarray:
    """Sunspots by the year."""
    from statsmodels.datasets import sunspots as source

    return _values(source.load_pandas().data["SUNACTIVITY"])


def turnover() -> np.ndarray:
    """Turnover of makers of electrical equipment in the euro area by the month."""
    from statsmodels.datasets import elec_equip as source

    return _values(source.load_pandas().data.iloc[:, 0])


def vix() -> np.ndarray:
    """The market's expected volatility by the day, 2014 to 2018."""
    from arch.data import vix as source

    return _values(source.load()["vix"].dropna())


def sp500_range() -> np.ndarray:
    """Daily range of the S&P 500, logarithmic: volatility as it was."""
    from arch.data import sp500 as source

    return _range(source.load())


def nasdaq_range() -> np.ndarray:
    """Daily range of the NASDAQ, logarithmic."""
    from arch.data import nasdaq as source

    return _range(source.load())


def eeg() -> np.ndarray:
    """One channel of an electroencephalogram, the sample of matplotlib's gallery."""
    import matplotlib

    path = Path(matplotlib.get_data_path()) / "sample_data/eeg.dat"
    return np.fromfile(path, dtype=float).reshape(-1, 4)[:, 0]


def inflation() -> np.ndarray:
    """Monthly change of consumer prices without food and energy."""
    from arch.data import core_cpi as source

    return 1200 * np.diff(np.log(_values(source.load().iloc[:, 0])))


def sp500() -> np.ndarray:
    """Daily returns of the S&P 500 in percent."""
    from arch.data import sp500 as source

    return _returns(source.load()["Adj Close"])


def nasdaq() -> np.ndarray:
    """Daily returns of the NASDAQ in percent."""
    from arch.data import nasdaq as source

    return _returns(source.load()["Adj Close"])


def oil() -> np.ndarray:
    """Daily returns of crude oil in percent."""
    from arch.data import wti as source

    return _returns(source.load().iloc[:, 0])


SIGNALS: dict[str, Callable[[], np.ndarray]] = {
    "elnino": elnino,
    "co2_monthly": co2_monthly,
    "sunspots": sunspots,
    "turnover": turnover,
    "sp500_range": sp500_range,
    "nasdaq_range": nasdaq_range,
    "eeg": eeg,
}
# Their values in another order have nothing to tell.
SHUFFLED: dict[str, Callable[[], np.ndarray]] = SIGNALS | {"vix": vix, "inflation": inflation}
MARKETS: dict[str, Callable[[], np.ndarray]] = {"sp500": sp500, "nasdaq": nasdaq, "oil": oil}


def _values(column: pd.Series | pd.DataFrame) -> np.ndarray:
    return column.to_numpy(dtype=float).ravel()


def _range(table: pd.DataFrame) -> np.ndarray:
    return np.log(np.maximum(_values(table["High"]) / _values(table["Low"]) - 1, 1e-4))


def _returns(price: pd.Series) -> np.ndarray:
    known = price.dropna()
    return 100 * np.diff(np.log(_values(known[known > 0])))
