"""Whether targets belong to their inputs: which part of a target its inputs already hold, and where else it occurs.

rows          0 1 2 3 4 5 6 7        length 4, horizon 1
inputs        x x x x
lag           4 3 2 1
own target            y
offset                0 1 2 3        rows after the target's declared row; below 0 before it

With horizon 0 the declared row is the window's last: the target's own column is no input there, and its cell at lag 1
is the target. So `known_own` is of earlier rows, and `best_own` is 1: a measurement that follows its causes after some
rows is not misaligned.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pipeline.dataset import scaling, windowing
from pipeline.dataset.sampling import evenly
from pipeline.diagnose.facts.repeated import repeats

if TYPE_CHECKING:
    from pipeline.dataset import Part, Spec

# Windows that are compared, and cells of float64 over all features in memory.
_WINDOWS = 2000
_CELLS = 2**22
# Rows after the window in which a shifted target is searched, where the window itself is shorter.
_LEAST_REACH = 16


@dataclass(frozen=True)
class Own:
    """Where the target lies in its own column."""

    declared: float | None  # share of windows whose target is that of its declared row: 1 where nothing was shifted
    offset: int | None  # rows from the declared row to the one that holds most targets
    share: float | None  # share of windows whose target is there


@dataclass(frozen=True)
class Later:
    """Where the target lies in the other features after the window."""

    corr: float | None  # the correlation that is largest in size
    feature: str | None  # where it was found
    offset: int | None  # where it was found
    equal: float | None  # the largest share of windows whose target equals such a cell
    equal_feature: str | None  # where it was found
    equal_offset: int | None  # where it was found


@dataclass(frozen=True)
class Alignment:
    """Where the targets' values lie among the rows around their windows.

    A target is compared with the result of its own rule (value, difference, return; sign or class of it) at every other
    row of every feature. Correlations are Pearson's, of the raw cells with the raw target or the class number.
    """

    # the largest share of windows, over features and lags, whose target equals a value that its own inputs hold at
    # one lag
    known: float | None
    known_lag: int | None  # that lag; 1 is the last input row
    known_feature: str | None  # that feature
    # the median share at the other lags of that feature, which repeated values or few classes give by chance
    known_elsewhere: float | None
    own: Own  # the target's own column
    later: Later | None  # None without other features
    best_lag: int | None  # lag of the input whose correlation is largest in size
    best_corr: float | None  # that correlation
    best_feature: str | None  # that feature
    last_corr: float | None  # the largest correlation at lag 1, in size
    repeated: float | None  # share of the input rows that equal the row before in every feature
    known_own: float | None = None  # the largest share at one lag of the target's own column, feature or not
    best_own: float | None = None  # the size of that column's largest correlation in the window
    # among the values that two rows or more repeat, how many differ, as a share of such runs: 1 where each run has its
    # own value, as in rows that were filled in; near 0 for a few values that come again and again
    repeated_distinct: float | None = None


def facts(train: Part) -> Alignment | None:
    """Compare the targets of at most 2,000 evenly spaced training windows with the rows around them.

    Targets that came with their windows have neither a column of their own nor rows after the window.
    """
    spec = train.spec
    if spec.target["kind"] == "sequence_mean":
        return None
    given = spec.target["kind"] == "given"
    reach = 0 if given else max(spec.length, spec.horizon + _LEAST_REACH)
    names = list(dict.fromkeys([*spec.features, *([] if given else [spec.columns[spec.target_column]])]))
    width = (spec.length + reach) * len(names)
    some = evenly(len(train), min(_WINDOWS, max(_CELLS // width, 50)))
    truth = train.raw_targets()[some, 0]
    around = _Around(train, train.table["start"][some] + spec.length - 1, reach)
    equal, corr = {}, {}
    for name in names:
        values, cells = around.look(spec.columns.index(name))
        equal[name], corr[name] = _equal(values, truth), _correlation(cells, truth)
    inside = around.offsets <= 0
    # A change needs an earlier row too, which must lie in the window as well.
    reachable = inside & (around.offsets - _back(spec) > -spec.length)
    lags = 1 - around.offsets
    by_input = {name: np.where(inside, np.abs(corr[name]), np.nan) for name in spec.features}
    best, best_lag, _ = _largest(by_input, lags)
    known = {name: np.where(reachable, equal[name], np.nan) for name in spec.features}
    known_feature, known_lag, share = _largest(known, lags)
    last = [abs(float(corr[name][lags == 1][0])) for name in spec.features]
    target = spec.columns[spec.target_column]
    known_own = best_own = None
    if not given:
        past = around.offsets < _declared(spec)
        _, _, known_own = _largest({"": np.where(reachable & past, equal[target], np.nan)}, lags)
        _, _, best_own = _largest({"": np.where(inside, np.abs(corr[target]), np.nan)}, lags)
    share_repeated, distinct = _repeated(train)
    return Alignment(
        known=share,
        known_lag=known_lag,
        known_feature=known_feature,
        known_elsewhere=_median(known[known_feature][lags != known_lag]) if known_feature else None,
        own=Own(None, None, None) if given else _own(equal[target], around.offsets - _declared(spec)),
        later=None if given else _later(spec, equal, corr, around.offsets),
        best_lag=best_lag,
        best_corr=float(corr[best][lags == best_lag][0]) if best else None,
        best_feature=best,
        last_corr=max((size for size in last if np.isfinite(size)), default=None),
        repeated=share_repeated,
        known_own=known_own,
        best_own=best_own,
        repeated_distinct=distinct,
    )


class _Around:
    """The rows around the last input row of each window, which has offset 0 here."""

    def __init__(self, part: Part, ends: np.ndarray, reach: int) -> None:
        self._part = part
        self.offsets = np.arange(1 - part.spec.length, reach + 1)
        self._at = ends[:, None] + self.offsets
        self._there = self._together(self._at, ends)
        back = _back(part.spec)
        self._before = self._at - back
        self._both = self._there & self._together(self._before, ends)

    def _together(self, at: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Return which rows are in the part and as far from the last input row in time as in the file."""
        times = self._part.spec.axis
        within = at.clip(0, len(times) - 1)
        good = (within == at) & (times[within] - times[ends][:, None] == at - ends[:, None])
        if length := self._part.spec.sequence_length:
            good &= times[within] // length == (times[ends] // length)[:, None]
        return good

    def look(self, column: int) -> tuple[np.ndarray, np.ndarray]:
        """Return the target's rule applied to each row of a column, and its cells: float64 [windows, offsets]."""
        spec = self._part.spec
        series = np.asarray(self._part.rows[:, column], dtype=float)
        last = len(series) - 1
        cells = np.where(self._there, series[self._at.clip(0, last)], np.nan)
        kind = spec.target["kind"]
        rule = spec.target["of"] if spec.classes else kind
        values = cells
        if rule in ("difference", "return"):
            earlier = np.where(self._both, series[self._before.clip(0, last)], np.nan)
            with np.errstate(divide="ignore", invalid="ignore"):
                values = cells - earlier if rule == "difference" else cells / earlier - 1
        if spec.classes:
            values = np.where(np.isfinite(values), windowing.label(values, kind, spec.thresholds), np.nan)
        return values, cells


def _back(spec: Spec) -> int:
    """Return the rows between the two ends of a change."""
    rule = spec.target["of"] if spec.classes else spec.target["kind"]
    return spec.horizon if rule in ("difference", "return") else 0


def _declared(spec: Spec) -> int:
    """Return the rows from the last input row to the first target row."""
    return min(spec.horizon, 1) if spec.target["kind"] == "value" else spec.horizon


def _equal(values: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return the share of windows whose target equals the value at each offset, up to printed precision: [offsets]."""
    known = np.isfinite(values) & np.isfinite(truth)[:, None]
    same = known & np.isclose(values, truth[:, None], rtol=1e-9, atol=0)
    counts = known.sum(axis=0)
    return np.where(counts > 0, same.sum(axis=0) / np.maximum(counts, 1), np.nan)


def _correlation(cells: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Return Pearson's correlation of each offset with the target: [offsets]; NaN where either is constant."""
    known = np.isfinite(cells) & np.isfinite(truth)[:, None]
    counts = np.maximum(known.sum(axis=0), 1)
    x, y = np.where(known, cells, 0.0), np.where(known, truth[:, None], 0.0)
    x = np.where(known, x - x.sum(axis=0) / counts, 0.0)
    y = np.where(known, y - y.sum(axis=0) / counts, 0.0)
    scale = np.sqrt((x**2).sum(axis=0) * (y**2).sum(axis=0))
    size = np.abs(np.where(known, cells, 0.0)).max(axis=0, initial=0)
    flat = (scale <= 0) | (np.sqrt((x**2).sum(axis=0) / counts) <= 1e-12 * size) | (known.sum(axis=0) < 3)
    return np.where(flat, np.nan, (x * y).sum(axis=0) / np.where(scale > 0, scale, 1.0))


def _largest(tables: dict[str, np.ndarray], places: np.ndarray) -> tuple[str | None, int | None, float | None]:
    """Return name, place and value of the largest number in `[places]` tables; of equal ones the place nearest to 0."""
    best: tuple[str | None, int | None, float | None] = (None, None, None)
    for name, table in tables.items():
        if not np.isfinite(table).any():
            continue
        top = np.nanmax(table)
        at = min(np.flatnonzero(table == top), key=lambda i: abs(int(places[i])))
        if best[2] is None or float(top) > best[2]:
            best = (name, int(places[at]), float(top))
    return best


def _median(values: np.ndarray) -> float | None:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else None


def _own(equal: np.ndarray, offsets: np.ndarray) -> Own:
    _, offset, share = _largest({"": equal}, offsets)
    declared = equal[offsets == 0]
    return Own(float(declared[0]) if len(declared) else None, offset, share)


def _later(spec: Spec, equal: dict[str, np.ndarray], corr: dict[str, np.ndarray], offsets: np.ndarray) -> Later | None:
    others = [name for name in spec.features if name != spec.columns[spec.target_column]]
    if not others:
        return None
    after, places = offsets > 0, offsets - _declared(spec)
    feature, offset, _ = _largest({n: np.where(after, np.abs(corr[n]), np.nan) for n in others}, places)
    same, same_at, share = _largest({n: np.where(after, equal[n], np.nan) for n in others}, places)
    correlation = float(corr[feature][places == offset][0]) if feature else None
    return Later(correlation, feature, offset, share, same, same_at)


def _repeated(train: Part) -> tuple[float | None, float | None]:
    """Return how many rows in windows equal the row before, and how many of the repeated values differ.

    Rows after a gap or filled do not count.
    """
    spec = train.spec
    rows = np.asarray(train.rows)[:, [spec.columns.index(name) for name in spec.features]]
    times = spec.axis
    follows = np.concatenate([[False], np.diff(times) == 1])
    if spec.sequence_length:
        follows &= times % spec.sequence_length != 0
    follows &= scaling.covered(len(rows), train.table["start"], spec.length) & ~train.filled()
    if not follows.any():
        return None, None
    same = repeats(rows) & follows
    # A run begins at the row before its first repetition.
    begins = np.flatnonzero(same & ~np.concatenate([[False], same[:-1]]))
    distinct = len(np.unique(np.nan_to_num(rows[begins], nan=np.inf), axis=0)) / len(begins) if len(begins) else None
    return float(same[follows].mean()), distinct
