"""Forecasts of the unseen windows without a network: a constant, the best naive one, and two reference models."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pipeline.dataset.sampling import evenly
from pipeline.diagnose.facts import linear, trees
from pipeline.diagnose.facts.windows import losses
from pipeline.scoring import choosing
from pipeline.scoring import naive as naive_forecasts

if TYPE_CHECKING:
    from pipeline.dataset import Part

# Cells of float64 of the windows that a reference predicts at a time: 64 MB.
_CELLS = 2**23
# Fewest windows that trees are fitted to.
_FEWEST = 20


class Forecasts(NamedTuple):
    """Losses of the forecasts without a network on the judged windows of all folds, in the order of the folds."""

    naive: str  # the best naive forecast
    columns: dict[str, np.ndarray]  # `constant`, `naive`, `linear`, and `trees` unless there are few windows


def fit(folds: list[tuple[Part, Part]]) -> Forecasts | None:
    """Fit the naive forecasts and the reference models per fold; None where nothing can be judged."""
    from threadpoolctl import threadpool_limits

    if any(len(early) < 2 or not len(late) for early, late in folds):
        return None
    # The number of threads changes the order of sums, and with it the last digits.
    with threadpool_limits(1):
        fitted = [naive_forecasts.fit(early) for early, _ in folds]
        by_name = {
            name: np.concatenate(
                [losses(late, known[name](late)) for known, (_, late) in zip(fitted, folds, strict=True)]
            )
            for name in fitted[0]
        }
        naive = choosing.chosen(by_name)
        constant = "majority" if folds[0][0].spec.classes else "train_mean"
        columns = {"constant": by_name[constant], "naive": by_name[naive]}
        columns["linear"] = np.concatenate([_linear(early, late) for early, late in folds])
        if min(len(early) for early, _ in folds) >= _FEWEST:
            grown = [
                _trees(early, late, known[naive], naive) for known, (early, late) in zip(fitted, folds, strict=True)
            ]
            columns["trees"] = np.concatenate(grown)
    return Forecasts(naive, columns)


def _linear(early: Part, late: Part) -> np.ndarray:
    length, width = early.spec.length, early.spec.length * len(early.spec.features)
    some = early.subset(evenly(len(early), linear.most(width)))
    model = linear.fit(some.inputs(), some.targets().astype(float), length)
    return np.concatenate(
        [losses(piece, linear.restored(piece, model.outputs(piece.inputs()))) for piece in _in_pieces(late, width)]
    )


def _trees(early: Part, late: Part, naive: naive_forecasts.Forecast, name: str) -> np.ndarray:
    spec = early.spec
    width = spec.length * len(spec.features)
    some = early.subset(evenly(len(early), min(trees.WINDOWS, max(_CELLS // width, _FEWEST))))
    changes = {"difference", "return"} & {spec.target["of"] if spec.classes else spec.target["kind"]}
    model = trees.fit(some, naive(some), name in ("persistence", "drift") or bool(changes))
    return np.concatenate([losses(piece, model(piece, naive(piece))) for piece in _in_pieces(late, width)])


def _in_pieces(part: Part, width: int) -> list[Part]:
    most = max(_CELLS // width, 1)
    return [part.subset(np.arange(i, min(i + most, len(part)))) for i in range(0, len(part), most)]
