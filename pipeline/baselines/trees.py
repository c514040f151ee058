"""Gradient-boosted trees on the window (Friedman 2001; scikit-learn's histogram version).

Levels are predicted as their change from the window's last value, and inputs are given both as distances to the last
row and as that row: a tree cannot extrapolate a level that moves.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from pipeline.dataset.sampling import evenly
from pipeline.scoring.blocks import blocks
from pipeline.scoring.naive import Forecast

if TYPE_CHECKING:
    from pipeline.dataset import Part

# Fewest training windows; columns of a window; steps of a long horizon that have trees of their own.
FEWEST = 50
COLUMNS = 128
STEPS = 8
ROUNDS = 80
_LEAVES, _BINS, _RATE, _LEAF, _SEED = 15, 63, 0.1, 20, 1
# Processor seconds of one round per window and column, and per window for everything else; measured on a core of 2023.
SECONDS_PER_CELL = 1.5e-8
SECONDS_PER_WINDOW = 2e-7
_CHUNK = 1 << 14  # windows whose columns are held at once


def fit(train: Part, seconds: float) -> tuple[Forecast, dict[str, Any]] | str:
    """Fit the trees; the number of rounds is chosen on the last fifth of the training windows.

    Args:
        train: the training part.
        seconds: estimated processor seconds that the fit may take; more windows than fit into them are thinned evenly.

    Returns:
        The forecast, and the numbers that describe the fit; or why there is none.
    """
    spec = train.spec
    truth, base = train.raw_targets(), _base(train)
    usable = np.flatnonzero(np.isfinite(truth - base).all(axis=1))
    steps = evenly(truth.shape[1], STEPS)
    models = len(steps) if not spec.classes else spec.classes - 1 if spec.classes == 2 else spec.classes
    width = columns(train, usable[:1]).shape[1]
    # A search over rounds on four fifths, and a fit on all.
    most = int(seconds / (2 * ROUNDS * models * (SECONDS_PER_CELL * width + SECONDS_PER_WINDOW)))
    inside = np.zeros(len(train), dtype=bool)
    inside[usable[evenly(len(usable), most)]] = True
    early, late = (side[inside[side]] for side in blocks(train))
    if len(early) < FEWEST or not len(late):
        return f"fewer than {FEWEST} training windows to learn from"
    numbers = np.flatnonzero(inside)
    x, before, after = (columns(train, side) for side in (numbers, early, late))
    if spec.classes:
        return _classes(spec.classes, (x, truth[numbers, 0]), (before, truth[early, 0]), (after, truth[late, 0]))
    change = truth - base
    unit = float(np.std(change[numbers])) or 1.0
    fitted, rounds = [], []
    for step in steps:
        y = change[:, step] / unit
        errors = [float(np.mean(y[late] ** 2))]
        search = _regressor(ROUNDS).fit(before, y[early])
        errors += [float(np.mean((y[late] - guess) ** 2)) for guess in search.staged_predict(after)]
        rounds.append(int(np.argmin(errors)))
        fitted.append(_regressor(rounds[-1]).fit(x, y[numbers]) if rounds[-1] else None)
    mean = truth[numbers].mean(axis=0)

    def forecast(part: Part) -> np.ndarray:
        changes = np.zeros((len(part), len(steps)))
        for some, inputs in _chunks(part):
            for at, model in enumerate(fitted):
                changes[some, at] = model.predict(inputs) if model else 0.0
        # Between two steps with trees of their own the change is interpolated.
        every = np.arange(truth.shape[1])
        whole = np.stack([np.interp(every, steps, row) for row in changes]) if len(part) else changes
        outputs = whole * unit + _base(part)
        return np.where(np.isfinite(outputs), outputs, mean)

    return forecast, {"windows": len(numbers), "rounds": rounds}


def _classes(
    classes: int, whole: tuple[np.ndarray, ...], early: tuple[np.ndarray, ...], late: tuple[np.ndarray, ...]
) -> tuple[Forecast, dict[str, Any]] | str:
    """Fit trees for classes: inputs and class numbers of all windows, of the earlier and of the later ones."""
    if len(np.unique(early[1])) < classes:
        return "a class is missing from the training windows"
    shares = np.bincount(whole[1].astype(int), minlength=classes) / len(whole[1])
    known = np.eye(classes)[late[1].astype(int)]
    search = _classifier(ROUNDS).fit(*early)
    errors = [float(np.mean(np.sum((shares - known) ** 2, axis=1)))]
    errors += [float(np.mean(np.sum((p - known) ** 2, axis=1))) for p in search.staged_predict_proba(late[0])]
    rounds = int(np.argmin(errors))
    model = _classifier(rounds).fit(*whole) if rounds else None

    def forecast(part: Part) -> np.ndarray:
        outputs = np.tile(shares, (len(part), 1))
        for some, inputs in _chunks(part):
            if model:
                outputs[some] = model.predict_proba(inputs)
        return outputs[:, 1:] if classes == 2 else outputs

    return forecast, {"windows": len(whole[1]), "rounds": [rounds]}


def _settings(rounds: int) -> dict[str, Any]:
    settings = {"max_iter": rounds, "learning_rate": _RATE, "max_leaf_nodes": _LEAVES, "max_bins": _BINS}
    return settings | {"min_samples_leaf": _LEAF, "early_stopping": False, "random_state": _SEED}


def _regressor(rounds: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingRegressor

    return HistGradientBoostingRegressor(**_settings(rounds))


def _classifier(rounds: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(**_settings(rounds))


def _base(part: Part) -> np.ndarray:
    """Return what a change is predicted from: a known last value for levels, otherwise 0; float64 [windows, 1]."""
    if part.spec.target["kind"] in ("value", "sequence_mean") and not part.spec.same_row:
        return np.asarray(part.table["last"], dtype=float)[:, None]
    return np.zeros((len(part), 1))


def columns(part: Part, indices: np.ndarray) -> np.ndarray:
    """Return the columns of windows: the last row, distances of the latest rows to it, and that of the window's mean.

    Args:
        part: a part.
        indices: int [windows].

    Returns:
        float64 [windows, columns], about `COLUMNS` at most where a row is not wider; a missing cell is NaN.
    """
    spec = part.spec
    rows = min(spec.length, max(COLUMNS // len(spec.features), 2))
    positions = [spec.columns.index(name) for name in spec.features]
    inside = part.rows[np.asarray(part.table["start"])[indices][:, None] + np.arange(spec.length)][..., positions]
    last = inside[:, -1]
    distances = (inside[:, -rows:-1] - last[:, None]).reshape(len(indices), -1)
    made = np.concatenate([distances, last, inside.mean(axis=1) - last], axis=1)
    return np.where(np.isfinite(made), made, np.nan)


def _chunks(part: Part) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield indices and columns of all windows, some at a time."""
    for at in range(0, len(part), _CHUNK):
        some = np.arange(at, min(at + _CHUNK, len(part)))
        yield some, columns(part, some)
