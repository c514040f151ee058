"""Whether a feature knows more of the target than the past can: the target's own later rows, or a mean over them.

Two forms are looked for, in the raw rows in which training windows lie, and with no regard to the windows' length.

A copy: x(t) = y(t + k) + error with k of 1 or more. A cause, y(t + 1) = a x(t) + error, explains as much and is honest.
Of the two, only a copy has the slope 1 and no offset when x is regressed on y; a cause with a = 1 has it when y is
regressed on x.

A filter: x(t) is a weighted sum of y(t - p) … y(t + j), j of 1 or more, as a centred mean is. If y follows from x and
its own past, y(t + j) = (x(t) - …) / c, then the same equation holds, so it decides nothing by itself. But then x
drives a process that is stable, while that of a mean over later rows never forgets: a root of its polynomial lies on or
outside the unit circle. A root of 1 alone is that of a level that sums up what flows in, and is honest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pipeline.dataset import scaling, windowing

if TYPE_CHECKING:
    from pipeline.dataset import Part

# Rows on either side of a feature's row, fewer where there would be less than so many rows per coefficient.
_REACH = 16
_ROWS_EACH = 20
_MOST = 20_000  # rows of one regression
# Relations that explain less than this are not measured further.
_LEAST = 0.9
# Rows are left out of a filter as long as what stays unexplained grows by no more than this.
_TRIMMED = 1.5
_EXACT = 1e-9
_NEAR_ONE = 0.05  # distance from the root 1 of a sum


@dataclass(frozen=True)
class Ahead:
    """The feature that later rows of the target explain best; shares are of its or the target's variance."""

    feature: str  # its name
    rows: int  # by how many rows it is ahead of its own row
    # share that is explained: of the target by the copy, or of the feature by the target's rows around it
    explained: float
    past: float  # share of the same that is explained by the target's rows up to the feature's row
    slope: float | None  # of a copy: of the feature on the target it copies; None for a filter
    slope_error: float | None  # its standard error
    offset: float | None  # of a copy: mean difference, in standard deviations of the target
    backward: float | None  # of a copy: slope of the target on the feature
    root: float | None  # of a filter: size of the largest root, one of 1 left out; None for a copy
    alone: float | None  # of a filter: share of the target's next row that earlier rows of the feature explain alone


def facts(train: Part) -> list[Ahead]:
    """Return the copies and filters found: of every feature but the target itself at most one of each."""
    spec = train.spec
    target = spec.columns[spec.target_column]
    others = [name for name in spec.features if name != target]
    if not others or spec.target["kind"] in windowing.WHOLE:
        return []
    rows = np.asarray(train.rows, dtype=float)
    used = scaling.covered(len(rows), train.table["start"], spec.length)
    y = np.where(used, rows[:, spec.target_column], np.nan)
    reach = max(1, min(_REACH, int(used.sum()) // (2 * _ROWS_EACH)))
    around = _around(y, spec.axis, np.arange(-reach, reach + 1))
    found: list[Ahead | None] = []
    for name in others:
        x = np.where(used, rows[:, spec.columns.index(name)], np.nan)
        table = _Table.of(x, around)
        if table is not None:
            found += [_copy(name, table, reach), _filter(name, table, reach, x, y, spec.axis)]
    return [one for one in found if one]


def _around(values: np.ndarray, axis: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Return the values around each row: float64 [rows, offsets]; NaN where rows are not that far apart in time."""
    places = np.arange(len(values))[:, None] + offsets
    clipped = places.clip(0, len(values) - 1)
    there = (places == clipped) & (axis[clipped] - axis[:, None] == offsets)
    return np.where(there, values[clipped], np.nan)


class _Table(NamedTuple):
    """Means and covariances of a first column and others: enough for every regression among them."""

    mean: np.ndarray
    covariance: np.ndarray
    rows: int

    @staticmethod
    def of(first: np.ndarray, others: np.ndarray) -> _Table | None:
        """Use the rows in which all are known; None for too few of them, or a constant first column."""
        good = np.flatnonzero(np.isfinite(first) & np.isfinite(others).all(axis=1))
        good = good[:: -(-len(good) // _MOST)] if len(good) else good
        if len(good) < _ROWS_EACH // 2 * (others.shape[1] + 1) or np.ptp(first[good]) <= 0:
            return None
        table = np.column_stack([first[good], others[good]])
        mean = table.mean(axis=0)
        scaled = table - mean
        return _Table(mean, scaled.T @ scaled / len(good), len(good))

    def coefficients(self, of: int, by: list[int]) -> np.ndarray:
        """Return the least-squares coefficients of one column on others."""
        return np.asarray(np.linalg.lstsq(self.covariance[np.ix_(by, by)], self.covariance[by, of], rcond=1e-12)[0])

    def unexplained(self, of: int, by: list[int]) -> float:
        """Return the share of a column's variance that a linear function of others leaves."""
        weights = self.coefficients(of, by)
        inner = self.covariance[np.ix_(by, by)]
        left = self.covariance[of, of] - 2 * weights @ self.covariance[by, of] + weights @ inner @ weights
        variance = float(self.covariance[of, of])
        return min(max(float(left) / variance, 0.0), 1.0) if variance > 0 else 1.0


def _copy(name: str, table: _Table, reach: int) -> Ahead | None:
    """Return the later row of the target that a feature is most like; None where an earlier one, or its own, is."""
    variances = np.diag(table.covariance)
    if (variances <= 0).any():
        return None
    shares = table.covariance[0, 1:] ** 2 / (variances[0] * variances[1:])
    offset = int(np.argmax(shares)) - reach
    share, at = float(min(shares.max(), 1.0)), 1 + reach + offset
    if offset < 1 or share < _LEAST:
        return None
    covariance = float(table.covariance[0, at])
    return Ahead(
        feature=name,
        rows=offset,
        explained=share,
        past=1 - table.unexplained(at, list(range(1, reach + 2))),
        slope=covariance / float(variances[at]),
        slope_error=float(np.sqrt(variances[0] * (1 - share) / variances[at] / table.rows)),
        offset=float((table.mean[0] - table.mean[at]) / np.sqrt(variances[at])),
        backward=covariance / float(variances[0]),
        root=None,
        alone=None,
    )


def _filter(name: str, table: _Table, reach: int, x: np.ndarray, y: np.ndarray, axis: np.ndarray) -> Ahead | None:
    """Return the shortest filter of the target that explains a feature as well as all rows around it do."""
    here, last = 1 + reach, 1 + 2 * reach  # columns of the target's own row, and of the latest one
    least = table.unexplained(0, list(range(1, last + 1)))
    if 1 - least < _LEAST:
        return None
    enough = max(_TRIMMED * least, _EXACT)
    stop = next(i for i in range(here, last + 1) if i == last or table.unexplained(0, list(range(1, i + 1))) <= enough)
    if stop == here:
        return None
    start = next(i for i in range(here, 0, -1) if i == 1 or table.unexplained(0, list(range(i, stop + 1))) <= enough)
    weights = table.coefficients(0, list(range(start, stop + 1)))
    roots = np.roots(weights[::-1])
    sizes = np.abs(roots[np.abs(roots - 1) > _NEAR_ONE])
    # The target's next row beside rows of the feature up to its own.
    alone = _Table.of(_around(y, axis, np.array([1]))[:, 0], _around(x, axis, -np.arange(2 * reach)))
    return Ahead(
        feature=name,
        rows=stop - here,
        explained=1 - least,
        past=1 - table.unexplained(0, list(range(1, here + 1))),
        slope=None,
        slope_error=None,
        offset=None,
        backward=None,
        root=float(sizes.max()) if len(sizes) else None,
        alone=None if alone is None else 1 - alone.unexplained(0, list(range(1, 2 * reach + 1))),
    )
