"""Rows that belong together by the cells of a column: patients, ships, users. The rows of each id lie side by side."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.series.settings import SettingError

if TYPE_CHECKING:
    import pyarrow as pa

    from pipeline.series.tables import TableFile


@dataclass(frozen=True)
class Ids:
    """Where the rows of each id are.

    Attributes:
        column: the name of the column.
        names: the id of each group, as text, in the order of first appearance.
        starts: the first row of each group, rising from 0.
    """

    column: str
    names: list[str]
    starts: list[int]

    def intervals(self, rows: int) -> list[tuple[int, int]]:
        """Return the half-open interval of each id in a series of so many rows."""
        return list(zip(self.starts, [*self.starts[1:], rows], strict=True))


def read(file: TableFile, name: str, column: pa.ChunkedArray) -> tuple[np.ndarray, list[str]]:
    """Number the ids of a column in the order of first appearance.

    Args:
        file: the file, for messages.
        name: the name of the column.
        column: its cells: texts or numbers. A whole number is the same id however it is written in Parquet.

    Returns:
        int64 [rows], the number of each row's id; and the ids as text.

    Raises:
        UserError: a cell is missing.
        SettingError: every row has an id of its own, or all rows have the same.
    """
    import pandas as pd
    import pyarrow as pa
    import pyarrow.compute as pc

    if column.null_count:
        row = int(np.flatnonzero(column.is_null().to_numpy())[0])
        raise file.error(row, name, "must name an id", "a missing cell", "Give each row an id.")
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    cells = column.cast(kind)
    if pa.types.is_floating(kind) and pc.all(pc.equal(cells, pc.round(cells))).as_py():
        cells = cells.cast(pa.int64())
    text = pd.Series(cells.cast(pa.string()).to_numpy(zero_copy_only=False), dtype="str").str.strip()
    numbers, names = pd.factorize(text, sort=False)
    if len(names) == len(numbers):
        fix = "Leave it out if the rows are one series."
        raise SettingError("id", "must name a column whose cells repeat", f"{name}, with {len(names):,} ids", fix)
    if len(names) == 1:
        raise SettingError(
            "id", "must name a column with two ids or more", f"{name}: {names[0]} alone", "Leave it out."
        )
    return np.asarray(numbers, dtype=np.int64), [str(each) for each in names]


def grouped(column: str, numbers: np.ndarray, names: list[str], times: np.ndarray | None) -> tuple[np.ndarray, Ids]:
    """Return the order of rows that brings each id together, and where each begins.

    Args:
        column: the name of the column.
        numbers: int64 [rows], the number of each row's id.
        names: the ids.
        times: datetime64 [rows], by which the rows of one id are sorted; None to keep their order.

    Returns:
        int64 [rows], and the ids.
    """
    order = np.lexsort((numbers,) if times is None else (times, numbers))
    starts = np.concatenate([[0], np.cumsum(np.bincount(numbers, minlength=len(names)))[:-1]])
    return order, Ids(column, names, starts.tolist())
