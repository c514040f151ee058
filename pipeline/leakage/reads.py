"""Reads: what a window is made of stays the same when every row from its first target on is replaced.

The other proofs look at numbers of rows and at what is learned. This one looks at the very values: a window that takes
in its target, by a row too many or through a mean that it is scaled by, becomes another one.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from pipeline import dataset
from pipeline.common import files
from pipeline.common.errors import UserError
from pipeline.dataset import scaling, splitting, windowing
from pipeline.leakage import replacing
from pipeline.leakage.proof import Proof, judged

_EDGES = 8  # of a part, spread over it
_WINDOWS, _ROWS = 256, 1 << 15  # before an edge
_BEYOND = 4  # lengths of a window, of the rows replaced
_SEED = 5


class _Stretch(NamedTuple):
    """Some rows of a part, and how a part is made of them."""

    rows: np.ndarray  # float64 [rows, columns], not cleaned
    position: dict[str, Any]  # intervals and context
    edge: int  # the first row that is replaced
    spec: dataset.Spec
    missing: str
    stride: int
    center: np.ndarray
    scale: np.ndarray


def dataset_proof(p: dict[str, Any], name: str, fold: int, parts: dict[str, dataset.Part]) -> Proof:
    """Replace the rows from an edge on, make the part anew, and compare the windows before that edge.

    Args:
        p: parameters.
        name: the dataset.
        fold: number of the fold.
        parts: the parts of that fold.

    Returns:
        The proof `reads`. Each line of `found` names the last window that changed at an edge, with its rows.
    """
    of_fold = files.read_json(files.SPLIT / name / "split.json")["folds"][fold]
    learned = files.read_json(files.SCALED / name / "scaling.json")["folds"][fold]["features"]
    missing = p["datasets"][name]["window"]["missing"]
    windows = edges = 0
    found: list[str] = []
    for kind, part in parts.items():
        root = files.TEST / name if kind == "test" else files.fold_folder(files.SPLIT, name, fold)
        rows = files.read_array(root / (f"fold{fold}.npy" if kind == "test" else f"{kind}.npy"))
        center, width = (np.array([learned[n][key] for n in part.spec.features]) for key in ("center", "scale"))
        rng = np.random.default_rng([_SEED, fold, splitting.PARTS.index(kind)])
        for first, last in _chosen(part, len(rows)):
            stretch = _cut(part, rows, of_fold[kind]["intervals"], first, last, missing, center, width)
            compared, lines = _compared(kind, stretch, rng)
            windows, edges, found = windows + compared, edges + 1, found + lines
    about = (
        f"From each of up to {_EDGES} rows of each part on, rows were replaced and the part was made anew: inputs, and "
        f"the means and spreads that scale them, of up to {_WINDOWS} windows that end before are the same to the bit."
    )
    return judged("reads", fold, {"windows": windows, "edges": edges}, found, about)


def _chosen(part: dataset.Part, rows: int) -> list[tuple[int, int]]:
    """Starts of the first and of the last window that are looked at, for each edge: the row after the last one."""
    begin = part.table["start"]
    # A window with no row after it has nothing that could be replaced; of others `intervals` speaks.
    begin = begin[(begin >= 0) & (begin + part.spec.length < rows)]
    if not len(begin):
        return []
    most = min(_WINDOWS, max(4, _ROWS // max(part.spec.length, *part.spec.stride.values())))
    at = np.unique(np.linspace(0, len(begin) - 1, _EDGES).astype(int))
    return [(int(begin[max(0, i - most + 1)]), int(begin[i])) for i in at]


def _cut(
    part: dataset.Part,
    rows: np.ndarray,
    spans: list[tuple[int, int]],
    first: int,
    last: int,
    missing: str,
    center: np.ndarray,
    width: np.ndarray,
) -> _Stretch:
    edge = last + part.spec.length
    stop = min(len(rows), edge + _BEYOND * part.spec.length + part.spec.rows_ahead)
    own, offset = [], 0
    for a, b in spans:
        low, high = max(first, offset), min(stop, offset + b - a)
        if low < high:
            own.append((a + low - offset, a + high - offset))
        offset += b - a
    some = np.array(rows[first:stop])
    some[0] = part.rows[first]  # filled, where the rows before the stretch fill it
    position = {"intervals": own, "context": 0}
    spec = replace(part.spec, first_rows=splitting.rows_of(position))
    stride = spec.stride["train" if part.name == "train" else "evaluation"]
    return _Stretch(some, position, edge - first, spec, missing, stride, center, width)


def _replaced(stretch: _Stretch, rng: np.random.Generator) -> np.ndarray:
    """The rows with every cell from the edge on another number; missing cells stay, so that no window comes or goes."""
    rows = np.array(stretch.rows)
    old = rows[stretch.edge :]
    rows[stretch.edge :] = np.where(np.isnan(old), np.nan, replacing.others(old, *replacing.ranges(rows), rng))
    return rows


def _made(stretch: _Stretch, rows: np.ndarray) -> dataset.Part:
    """The part of these rows, by the functions that `dataset.load` makes a test part with."""
    spec = stretch.spec
    columns = [spec.columns.index(n) for n in spec.features]
    cleaned = windowing.clean(rows, stretch.position["intervals"], stretch.missing)
    settings = {"target": spec.target, "horizon": spec.horizon, "missing": stretch.missing}
    table, _ = windowing.table(
        cleaned,
        stretch.position,
        stretch.stride,
        spec.length,
        settings,
        columns,
        spec.target_column,
        spec.thresholds,
    )
    return dataset.Part("stretch", cleaned, scaling.apply(cleaned, columns, stretch.center, stretch.scale), table, spec)


def _seen(part: dataset.Part, edge: int) -> dict[str, np.ndarray]:
    """All that is known of the windows that end before the edge, besides the targets: arrays of one row a window."""
    before = np.flatnonzero(part.table["start"] + part.spec.length <= edge)
    seen = {key: part.table[key][before] for key in ("start", "row", "last", "mean", "spread")}
    # What outputs of nothing become: the numbers that turn a network's outputs into raw units.
    restored = part.restore(np.zeros((len(part), part.spec.outputs)))[before]
    return seen | {"inputs": part.inputs(before), "restored outputs": restored}


def _compared(kind: str, stretch: _Stretch, rng: np.random.Generator) -> tuple[int, list[str]]:
    """How many windows were compared, and at most one line on what changed."""
    length, of = stretch.spec.length, stretch.spec.first_rows
    last = stretch.edge - length

    def rows(start: int) -> str:
        return f"the {kind} window of rows [{of[start]}, {of[start + length - 1] + 1})"

    try:
        before, after = (_seen(_made(stretch, r), stretch.edge) for r in (stretch.rows, _replaced(stretch, rng)))
    except UserError as error:
        return 0, [f"other numbers after {rows(last)}: {error}"]
    starts = before["start"]
    if not np.array_equal(starts, after["start"]) or not len(starts) or starts[-1] != last:
        return 0, [f"{rows(last)} is not made again when the rows after it are replaced"]
    for what in ("row", "inputs", "last", "mean", "spread", "restored outputs"):
        one, other = (np.asarray(each[what], dtype=np.float64).reshape(len(starts), -1) for each in (before, after))
        changed = ~((one == other) | (np.isnan(one) & np.isnan(other))).all(axis=1)
        if changed.any():
            start = int(starts[np.flatnonzero(changed)[-1]])
            return len(starts), [f"{what} of {rows(start)} change with the rows from {of[stretch.edge - 1] + 1} on"]
    return len(starts), []
