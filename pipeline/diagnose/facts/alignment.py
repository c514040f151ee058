"""Whether targets stand beside the inputs they belong to: what of a target its own inputs already hold, and where
its values lie in the rows around it.

    rows          0 1 2 3 4 5 6 7        length 4, horizon 1
    inputs        x x x x
    lag           4 3 2 1
    own target            y
    offset                0 1 2 3        rows after the declared row of the target; before it they are below 0
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.dataset import scaling, windowing
from pipeline.dataset.sampling import evenly
from pipeline.diagnose.facts.repeated import repeats

if TYPE_CHECKING:
    from pipeline.dataset import Part, Spec

# Windows looked at, and cells of float64 over all features at a time.
_WINDOWS = 2000
_CELLS = 2**22
# Rows after the window in which a shifted target is looked for, where the window itself is shorter.
_LEAST_REACH = 16

Facts = dict[str, Any]


def facts(train: Part) -> Facts | None:
    """Where the targets' values lie among the rows around their windows; None for targets that are means of windows.

    A target is compared with what the same rule (value, difference, return; sign or class of it) makes of any other row
    of any feature. Correlations are Pearson's, of the raw cells with the raw target or the class number.

    Args:
        train: training windows; at most 2,000 of them, evenly spaced, are looked at.

    Returns:
        `known`: the largest share of windows, over features and lags, whose target equals what its own inputs hold at
        that `known_lag` (1: the last input row) of `known_feature`; `known_elsewhere`: the share at the other lags of
        that feature (median), which is what repeated values or few classes give by chance.
        `own`: the target column itself: `declared`, the share of windows whose target is the one of its declared row
        (1 where nothing was shifted), and `offset`, the rows between that row and the one where most targets are found,
        with their `share`.
        `later`: the other features in the rows after the window: `corr` (largest in size), `feature`, `offset`; and
        `equal`, the largest share of windows whose target equals such a cell, with `equal_feature`, `equal_offset`;
        None without other features.
        `best_lag`, `best_corr`, `best_feature`: the input with the largest correlation in size; `last_corr`: the
        largest at lag 1, in size; `chance`: about what the largest of as many correlations is where there is none;
        `windows` looked at.
        `repeated`: share of the input rows that equal the row before in every feature.
    """
    spec = train.spec
    if spec.target["kind"] == "sequence_mean":
        return None
    reach = max(spec.length, spec.horizon + _LEAST_REACH)
    names = list(dict.fromkeys([*spec.features, spec.columns[spec.target_column]]))
    width = (spec.length + reach) * len(names)
    some = evenly(len(train), min(_WINDOWS, max(_CELLS // width, 50)))
    truth = train.raw_targets()[some, 0]
    around = _Around(train, train.table["start"][some] + spec.length - 1, reach)
    equal, corr = {}, {}
    for name in names:
        made, cells = around.look(spec.columns.index(name))
        equal[name], corr[name] = _equal(made, truth), _correlation(cells, truth)
    inside = around.offsets <= 0
    # A change needs an earlier row too, which must lie in the window as well.
    reachable = inside & (around.offsets - _back(spec) > -spec.length)
    lags = 1 - around.offsets
    by_input = {name: np.where(inside, np.abs(corr[name]), np.nan) for name in spec.features}
    best, best_lag, _ = _largest(by_input, lags)
    result: Facts = {"windows": len(some), **_known({n: equal[n] for n in spec.features}, reachable, lags)}
    result["own"] = _own(equal[spec.columns[spec.target_column]], around.offsets - _declared(spec))
    result["later"] = _later(spec, equal, corr, around.offsets)
    last = [abs(float(corr[name][lags == 1][0])) for name in spec.features]
    return result | {
        "best_lag": best_lag,
        "best_corr": float(corr[best][lags == best_lag][0]) if best else None,
        "best_feature": best,
        "last_corr": max((one for one in last if np.isfinite(one)), default=None),
        "chance": float(np.sqrt(2 * np.log(2 * spec.length * len(spec.features)) / max(len(some), 1))),
        "repeated": _repeated(train),
    }


class _Around:
    """The rows around the last input row of some windows, which has offset 0 here."""

    def __init__(self, part: Part, ends: np.ndarray, reach: int) -> None:
        self._part = part
        self.offsets = np.arange(1 - part.spec.length, reach + 1)
        self._at = ends[:, None] + self.offsets
        self._there = self._together(self._at, ends)
        back = _back(part.spec)
        self._before = self._at - back
        self._both = self._there & self._together(self._before, ends)

    def _together(self, at: np.ndarray, ends: np.ndarray) -> np.ndarray:
        """Which rows are in the part and, in time, as far from the last input row as in the file."""
        times = np.asarray(self._part.spec.first_rows)
        within = at.clip(0, len(times) - 1)
        good = (within == at) & (times[within] - times[ends][:, None] == at - ends[:, None])
        if length := self._part.spec.sequence_length:
            good &= times[within] // length == (times[ends] // length)[:, None]
        return good

    def look(self, column: int) -> tuple[np.ndarray, np.ndarray]:
        """What the target's rule makes of each row of a column, and its cells: float64 [windows, offsets], or NaN."""
        spec = self._part.spec
        series = np.asarray(self._part.rows[:, column], dtype=float)
        last = len(series) - 1
        cells = np.where(self._there, series[self._at.clip(0, last)], np.nan)
        rule = spec.target["of"] if spec.classes else spec.target["kind"]
        made = cells
        if rule in ("difference", "return"):
            earlier = np.where(self._both, series[self._before.clip(0, last)], np.nan)
            with np.errstate(divide="ignore", invalid="ignore"):
                made = cells - earlier if rule == "difference" else cells / earlier - 1
        if spec.classes:
            made = np.where(np.isfinite(made), windowing.label(made, spec.target["kind"], spec.thresholds), np.nan)
        return made, cells


def _back(spec: Spec) -> int:
    """Rows between the two rows of which a change is taken."""
    rule = spec.target["of"] if spec.classes else spec.target["kind"]
    return spec.horizon if rule in ("difference", "return") else 0


def _declared(spec: Spec) -> int:
    """Rows from the last input row to the row of the (first) target."""
    return 1 if spec.target["kind"] == "value" else spec.horizon


def _equal(made: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Share of windows whose target is what each offset holds, up to the rounding of a printed number: [offsets]."""
    known = np.isfinite(made) & np.isfinite(truth)[:, None]
    same = known & np.isclose(made, truth[:, None], rtol=1e-9, atol=0)
    counts = known.sum(axis=0)
    return np.where(counts > 0, same.sum(axis=0) / np.maximum(counts, 1), np.nan)


def _correlation(cells: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Pearson's correlation of each offset with the target: [offsets]; NaN where one of them has no spread."""
    known = np.isfinite(cells) & np.isfinite(truth)[:, None]
    counts = np.maximum(known.sum(axis=0), 1)
    x, y = np.where(known, cells, 0.0), np.where(known, truth[:, None], 0.0)
    x = np.where(known, x - x.sum(axis=0) / counts, 0.0)
    y = np.where(known, y - y.sum(axis=0) / counts, 0.0)
    spread = np.sqrt((x**2).sum(axis=0) * (y**2).sum(axis=0))
    size = np.abs(np.where(known, cells, 0.0)).max(axis=0, initial=0)
    flat = (spread <= 0) | (np.sqrt((x**2).sum(axis=0) / counts) <= 1e-12 * size) | (known.sum(axis=0) < 3)
    return np.where(flat, np.nan, (x * y).sum(axis=0) / np.where(spread > 0, spread, 1.0))


def _largest(tables: dict[str, np.ndarray], places: np.ndarray) -> tuple[str | None, int | None, float | None]:
    """Name, place and value of the largest number in `[places]` tables; of equal ones that nearest to 0 wins."""
    best: tuple[str | None, int | None, float | None] = (None, None, None)
    for name, table in tables.items():
        if not np.isfinite(table).any():
            continue
        top = np.nanmax(table)
        at = min(np.flatnonzero(table == top), key=lambda one: abs(int(places[one])))
        if best[2] is None or float(top) > best[2]:
            best = (name, int(places[at]), float(top))
    return best


def _known(equal: dict[str, np.ndarray], reachable: np.ndarray, lags: np.ndarray) -> Facts:
    name, lag, share = _largest({n: np.where(reachable, table, np.nan) for n, table in equal.items()}, lags)
    elsewhere = None
    if name:
        others = equal[name][reachable & (lags != lag)]
        others = others[np.isfinite(others)]
        elsewhere = float(np.median(others)) if len(others) else None
    return {"known": share, "known_lag": lag, "known_feature": name, "known_elsewhere": elsewhere}


def _own(equal: np.ndarray, offsets: np.ndarray) -> Facts:
    _, offset, share = _largest({"": equal}, offsets)
    declared = equal[offsets == 0]
    return {"declared": float(declared[0]) if len(declared) else None, "offset": offset, "share": share}


def _later(spec: Spec, equal: dict[str, np.ndarray], corr: dict[str, np.ndarray], offsets: np.ndarray) -> Facts | None:
    others = [name for name in spec.features if name != spec.columns[spec.target_column]]
    if not others:
        return None
    after, places = offsets > 0, offsets - _declared(spec)
    feature, offset, _ = _largest({n: np.where(after, np.abs(corr[n]), np.nan) for n in others}, places)
    same, same_at, share = _largest({n: np.where(after, equal[n], np.nan) for n in others}, places)
    return {
        "corr": float(corr[feature][places == offset][0]) if feature else None,
        "feature": feature,
        "offset": offset,
        "equal": share,
        "equal_feature": same,
        "equal_offset": same_at,
    }


def _repeated(train: Part) -> float | None:
    """Share of the rows that windows read which equal the row before; a row after a gap has none before."""
    spec = train.spec
    rows = np.asarray(train.rows)[:, [spec.columns.index(name) for name in spec.features]]
    times = np.asarray(spec.first_rows)
    follows = np.concatenate([[False], np.diff(times) == 1])
    if spec.sequence_length:
        follows &= times % spec.sequence_length != 0
    follows &= scaling.covered(len(rows), train.table["start"], spec.length)
    return float(repeats(rows)[follows].mean()) if follows.any() else None
