"""Which baseline is the reference: the one with the least loss on rows that are never test rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pipeline.scoring import baselines


def chosen(candidates: dict[str, np.ndarray], names: Sequence[str] = baselines.NAIVE) -> str:
    """Return the name of the baseline with the least mean loss; of equal ones the first in `names`.

    Args:
        candidates: losses `[windows]` by name, on the first fold's validation rows or, where there are none, on its
            training rows. Never on test rows, and so never on later folds, whose other rows are earlier folds' test
            rows.
        names: those that may be chosen; others in `candidates` are ignored.
    """
    means = {name: float(np.mean(candidates[name])) for name in names if name in candidates}
    return min(means, key=lambda name: means[name] if np.isfinite(means[name]) else np.inf)
