"""Reads: a window's values stay the same when every row from its first target on is replaced.

The other proofs check row numbers and what is learned. This one checks the values themselves: a window that contains
its target, by one row too many or through the mean that scales it, changes. With horizon 0 the target is in the row of
the window's last inputs, so the target's whole column is replaced too: a target that is one of its inputs changes them.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from pipeline import dataset
from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.dataset import padding, scaling, splitting, windowing
from pipeline.dataset.sampling import evenly
from pipeline.leakage.proof import Proof, judge
from pipeline.series import replacing

_EDGES = 8  # of a part, evenly spaced
_WINDOWS, _ROWS = 256, 1 << 15  # most windows and rows before an edge
_BEYOND = 4  # rows replaced, in lengths of a window
_SEED = 5


class _Stretch(NamedTuple):
    """Some rows of a part, and the settings to make a part from them."""

    rows: np.ndarray  # float64 [rows, columns], not cleaned
    position: dict[str, Any]  # intervals, context and padding
    edge: int  # the first row that is replaced
    spec: dataset.Spec
    missing: str
    stride: int
    numbers: scaling.Numbers


def prove(p: dict[str, Any], name: str, fold: int, parts: dict[str, dataset.Part]) -> Proof:
    """Replace the rows from an edge on, make the part again, and compare the windows before that edge.

    Args:
        p: parameters.
        name: name of the dataset.
        fold: number of the fold.
        parts: the parts of that fold.

    Returns:
        The proof `reads`. Each line of `found` names the last window that changed at an edge, with its rows.
    """
    split = files.read_json(files.SPLIT / name / "split.json")
    described = split["folds"][fold]
    learned = files.read_json(files.SCALED / name / "scaling.json")["folds"][fold]
    missing = p["datasets"][name]["window"]["missing"]
    windows = edges = 0
    found: list[str] = []
    for kind, part in parts.items():
        rows = files.read_array(files.part_file(name, fold, kind))
        numbers = scaling.Numbers.of(learned, part.spec.features, split["series"])
        rng = np.random.default_rng([_SEED, fold, splitting.PARTS.index(kind)])
        for first, last in _choose(part, len(rows)):
            stretch = _cut(part, rows, described[kind], first, last, missing, numbers)
            compared, lines = _compare(kind, stretch, rng)
            windows, edges, found = windows + compared, edges + 1, found + lines
    about = (
        f"From each of up to {_EDGES} rows of each part on, rows were replaced and the part was made again. Up to "
        f"{_WINDOWS} windows that end before that row have the same inputs to the bit, scaled by the same means and "
        "deviations."
    )
    if next(iter(parts.values())).spec.same_row:
        about += " The target, which is of a window's last row, was replaced in every row."
    return judge("reads", fold, {"windows": windows, "edges": edges}, found, about)


def _choose(part: dataset.Part, rows: int) -> list[tuple[int, int]]:
    """Choose edges: for each, the starts of the first and of the last window compared, which ends at the edge."""
    start = part.table["start"]
    # A window without a row after it leaves nothing to replace; windows beyond the rows are reported by `intervals`.
    start = start[(start >= 0) & (start + part.spec.length < rows)]
    most = min(_WINDOWS, max(4, _ROWS // max(part.spec.length, *part.spec.stride.values())))
    return [(int(start[max(0, i - most + 1)]), int(start[i])) for i in evenly(len(start), _EDGES)]


def _cut(
    part: dataset.Part,
    rows: np.ndarray,
    position: dict[str, Any],
    first: int,
    last: int,
    missing: str,
    numbers: scaling.Numbers,
) -> _Stretch:
    edge = last + part.spec.length
    stop = min(len(rows), edge + _BEYOND * part.spec.length + part.spec.rows_ahead)
    own, pads, offset = [], [], 0
    for (a, b), padded in zip(position["intervals"], position.get("padding") or itertools.repeat(0), strict=False):
        low, high = max(first, offset), min(stop, offset + b - a)
        if low < high:
            own.append((a + low - offset, a + high - offset))
            pads.append(min(padded, high - low))
        offset += b - a
    some = np.array(rows[first:stop])
    some[0] = part.rows[first]  # filled, in case rows before the stretch fill it
    position = {"intervals": own, "context": 0} | ({"padding": pads} if part.spec.padding is not None else {})
    spec = replace(part.spec, first_rows=splitting.rows_of(position), padding=padding.rows(position))
    stride = spec.stride["train" if part.name == "train" else "evaluation"]
    return _Stretch(some, position, edge - first, spec, missing, stride, numbers)


def _replaced(stretch: _Stretch, rng: np.random.Generator) -> np.ndarray:
    """Replace every cell from the edge on; missing cells stay missing, so that the windows stay the same.

    With horizon 0 the target's column is replaced in every row.
    """
    rows = np.array(stretch.rows)
    if stretch.spec.same_row:
        at = stretch.spec.target_column
        column = rows[:, [at]]
        others = replacing.draw_others(column, *replacing.ranges(column), rng)
        rows[:, at] = np.where(np.isnan(column), np.nan, others)[:, 0]
    old = rows[stretch.edge :]
    rows[stretch.edge :] = np.where(np.isnan(old), np.nan, replacing.draw_others(old, *replacing.ranges(rows), rng))
    return rows


def _made(stretch: _Stretch, rows: np.ndarray) -> dataset.Part:
    """Make the part of these rows, by the functions with which `dataset.load` makes a test part."""
    spec = stretch.spec
    columns = [spec.columns.index(n) for n in spec.features]
    cleaned = windowing.clean(rows, stretch.position["intervals"], stretch.missing)
    settings = {"target": spec.target, "horizon": spec.horizon, "missing": stretch.missing}
    position, stride, truth = stretch.position, stretch.stride, rows[:, spec.target_column]
    table, _ = windowing.table(
        cleaned, position, stride, spec.length, settings, columns, spec.target_column, spec.thresholds, truth
    )
    scaled = stretch.numbers.apply(cleaned, columns, spec.first_rows, spec.scaling["window"])
    scaled = scaled if spec.padding is None else padding.filled(scaled, spec.padding)
    return dataset.Part("stretch", cleaned, scaled, table, spec)


def _seen(part: dataset.Part, edge: int) -> dict[str, np.ndarray]:
    """Return everything about the windows that end before the edge but their targets: arrays of one row per window."""
    before = np.flatnonzero(part.table["start"] + part.spec.length <= edge)
    seen = {key: part.table[key][before] for key in ("start", "row", "last", "mean", "spread")}
    # Zero outputs in raw units show the numbers by which a network's outputs are restored.
    restored = part.restore(np.zeros((len(part), part.spec.outputs)))[before]
    return seen | {"inputs": part.inputs(before), "restored outputs": restored}


def _compare(kind: str, stretch: _Stretch, rng: np.random.Generator) -> tuple[int, list[str]]:
    """Return how many windows were compared, and at most one line on a change."""
    length, series_rows = stretch.spec.length, stretch.spec.first_rows
    last = stretch.edge - length

    def rows(start: int) -> str:
        return f"the {kind} window of rows [{series_rows[start]}, {series_rows[start + length - 1] + 1})"

    try:
        before, after = (_seen(_made(stretch, r), stretch.edge) for r in (stretch.rows, _replaced(stretch, rng)))
    except UserError as error:
        return 0, [f"new values after {rows(last)}: {error}"]
    starts = before["start"]
    if not np.array_equal(starts, after["start"]) or not len(starts) or starts[-1] != last:
        return 0, [f"{rows(last)} is missing when the rows after it are replaced"]
    for what in ("row", "inputs", "last", "mean", "spread", "restored outputs"):
        old, new = (np.asarray(each[what], dtype=np.float64).reshape(len(starts), -1) for each in (before, after))
        changed = ~((old == new) | (np.isnan(old) & np.isnan(new))).all(axis=1)
        if changed.any():
            start = int(starts[np.flatnonzero(changed)[-1]])
            later = f"the rows from {series_rows[stretch.edge - 1] + 1} on"
            what_else = " and the target of its last row" if stretch.spec.same_row else ""
            return len(starts), [f"{what} of {rows(start)} changed with {later}{what_else}"]
    return len(starts), []
