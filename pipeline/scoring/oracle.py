"""The best possible forecast of a series with a known generator, from the two oracle columns of its rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pipeline.dataset import Part


def predict(part: Part) -> np.ndarray | None:
    """Return the oracle's forecast of each window, shaped like the network's: raw units, or probabilities of classes.

    Returns:
        `[windows, 1]` for regressions and two classes, `[windows, classes]` for more. None where the series has no
        oracle, or where the oracle does not know the target: it predicts only the next row, so the horizon must be 1.
    """
    spec = part.spec
    if not spec.oracle:
        return None
    if spec.oracle["distribution"] == "exact":
        return _exact(part)
    if spec.horizon != 1 or spec.target["kind"] in ("label", "sequence_mean", "given"):
        return None
    at = np.searchsorted(np.asarray(spec.first_rows), np.asarray(part.table["row"]))
    location = part.rows[at, spec.columns.index("oracle_location")]
    scale = part.rows[at, spec.columns.index("oracle_scale")]
    last = np.asarray(part.table["last"], dtype=float)
    kind = spec.target["kind"]
    if kind == "value":
        return location[:, None]
    if kind == "difference":
        return (location - last)[:, None]
    if kind == "return":
        return (location / last - 1)[:, None]
    edges = [0.0] if kind == "sign" else list(spec.thresholds or [])
    below = np.stack([_below(edge, spec.target["of"], last, location, scale, spec.oracle) for edge in edges], axis=1)
    if spec.classes == 2:
        return 1 - below
    return np.diff(np.concatenate([np.zeros((len(part), 1)), below, np.ones((len(part), 1))], axis=1), axis=1)


def _exact(part: Part) -> np.ndarray:
    truth, classes = part.raw_targets(), part.spec.classes
    if classes and classes > 2:
        return np.eye(classes)[truth.astype(int).ravel()]
    return truth.astype(float)


def _below(
    edge: float, of: str, last: np.ndarray, location: np.ndarray, scale: np.ndarray, oracle: dict[str, Any]
) -> np.ndarray:
    """Return the probability, `[windows]`, that the value, its difference to `last` or its return is at most `edge`."""
    from scipy import stats

    standard = stats.norm() if oracle["distribution"] == "normal" else stats.t(df=oracle["degrees"])
    value = {"value": np.full_like(last, edge), "difference": last + edge, "return": last * (1 + edge)}[of]
    with np.errstate(divide="ignore", invalid="ignore"):
        z = (value - location) / scale
    # Scale 0 and the value exactly on the edge: 'at most' holds.
    share = standard.cdf(np.where(np.isnan(z) & (value == location), np.inf, z))
    # With a negative last value, the return falls where the value rises.
    return np.where((last < 0) & (of == "return"), 1 - share, share)
