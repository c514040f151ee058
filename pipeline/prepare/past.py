"""Features of the past: an example of a function that `series.X.prepare` can name."""

from __future__ import annotations

import pandas as pd


def means(frame: pd.DataFrame) -> pd.DataFrame:
    """Add the mean of the last 24 rows of each column, and its change over one row.

    Args:
        frame: a column of numbers for each of the file's; the index holds the times, if the series has them.

    Returns:
        The frame with two more columns for each. A row is made of this row and earlier ones alone.
    """
    made = {f"{name}_mean": frame[name].rolling(24, min_periods=1).mean() for name in frame}
    made |= {f"{name}_change": frame[name].diff().fillna(0.0) for name in frame}
    return frame.assign(**made)
