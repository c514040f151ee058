"""History: no row after a window changes the forecast of a baseline that reads rows before the window.

Seasonal naive, drift, Theta and ETS read the series up to the window's end, across the borders of parts. From a row on,
later than training, every value is replaced (perturbation) or taken away (prefix), the baselines are learned again, and
the forecasts of windows that end before that row are compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from pipeline import dataset
from pipeline.dataset import history
from pipeline.dataset.sampling import evenly
from pipeline.leakage.proof import Proof, judge
from pipeline.scoring import naive, univariate
from pipeline.scoring.naive import Forecast, History
from pipeline.series import replacing

_EDGES = 3  # of a part, evenly spaced
_SECONDS = 0.2  # of fitting Theta or ETS, as in `datasets.NAME.baselines.seconds`: a proof repeats them many times
_SEED = 7
_ABOUT = (
    "From each of up to 3 rows of each later part on, all values of the series were replaced, and then left out: the "
    "baselines that read rows before a window give all windows that end before that row the same forecasts to the bit."
)

Learn = Callable[[dataset.Part, History], dict[str, Forecast]]


def learn(train: dataset.Part, known: History) -> dict[str, Forecast]:
    """Learn every baseline that may read rows before its windows."""
    forecasts = naive.fit(train, known)
    if not train.spec.classes:
        fallback = forecasts.get("persistence") or forecasts["train_mean"]
        fitted = univariate.fit(train, known, fallback, _SECONDS)
        forecasts |= {name: result[0] for name, result in fitted.items() if not isinstance(result, str)}
    return forecasts


def prove(p: dict[str, Any], name: str, fold: int, parts: dict[str, dataset.Part], learner: Learn = learn) -> Proof:
    """Compare the forecasts of one fold with those from other, and from no, later rows.

    Args:
        p: parameters.
        name: name of the dataset.
        fold: number of the fold.
        parts: the parts of that fold.
        learner: learns the baselines from the training part and the series.

    Returns:
        The proof `history`. Each line of `found` names a baseline and the last window that changed.
    """
    train, values = parts["train"], history.target_column(name)
    whole = History(train.spec.positions(np.arange(len(values))), values)
    low, width = replacing.ranges(values[:, None])
    expected = learner(train, whole)
    random = np.random.default_rng([_SEED, fold])
    found: list[str] = []
    windows = forecasts = 0
    for kind, part in parts.items():
        ends = naive.end_rows(part)
        if kind == "train":
            continue
        outputs = {key: forecast(part) for key, forecast in expected.items()}
        for edge in sorted({int(ends[i]) + 1 for i in evenly(len(ends), _EDGES)}):
            before = np.flatnonzero(ends < edge)
            other = values.copy()
            late = whole.rows >= edge
            other[late] = replacing.draw_others(values[late, None], low, width, random)[:, 0]
            changed = replace(part, rows=_replaced(part, edge, random))
            cut_off = History(whole.rows[~late], values[~late])
            for what, known in (("replaced", History(whole.rows, other)), ("left out", cut_off)):
                made = {key: forecast(changed) for key, forecast in learner(train, known).items()}
                at, last = (np.searchsorted(whole.rows, position) for position in (edge, ends))
                found += _differences(kind, int(at), what, before, last, outputs, made)
                windows, forecasts = windows + len(before), forecasts + len(before) * len(made)
    return judge("history", fold, {"windows": windows, "forecasts": forecasts}, found, _ABOUT)


def _replaced(part: dataset.Part, edge: int, random: np.random.Generator) -> np.ndarray:
    """Return the part's rows with another value in every cell from position `edge` on."""
    rows = np.array(part.rows)
    late = np.asarray(part.spec.axis) >= edge
    rows[late] = replacing.draw_others(rows[late], *replacing.ranges(rows), random)
    return rows


def _differences(
    kind: str,
    edge: int,
    what: str,
    before: np.ndarray,
    ends: np.ndarray,
    expected: dict[str, np.ndarray],
    made: dict[str, np.ndarray],
) -> list[str]:
    """Return a line per baseline whose forecasts of the windows `before` the edge differ."""
    found = [f"{key} of {kind}: no forecast with rows from {edge} on {what}" for key in expected if key not in made]
    for key, outputs in made.items():
        if key not in expected:
            found.append(f"{key} of {kind}: a forecast only with rows from {edge} on {what}")
            continue
        one, other = expected[key][before], outputs[before]
        changed = ~((one == other) | (np.isnan(one) & np.isnan(other))).all(axis=1)
        if changed.any():
            row = ends[before[np.flatnonzero(changed)[-1]]]
            found.append(f"{key} of {kind}: the window that ends at row {row} changed with rows from {edge} on {what}")
    return found
