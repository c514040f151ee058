"""The learning curve of a running training: a table for `dvc plots` that is written anew after every epoch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pipeline.common import plots

if TYPE_CHECKING:
    import keras

    from pipeline.network.callbacks import EpochRecorder

KIND = "learning"


class LearningCurve:
    """Write `reports/plots/learning/EXPERIMENT.csv` with the losses so far of all trainings of an experiment.

    Long trainings are thinned evenly, for as many points as there will be room for in the end. The validation losses
    are those of the first fold: later folds' validation rows are earlier folds' test rows.

    Args:
        name: the experiment.
        trainings: how many there will be, over all folds and seeds.
        validated: how many of them have validation losses, of the first fold.
    """

    def __init__(self, name: str, trainings: int, validated: int) -> None:
        self._name = name
        self._points = plots.POINTS // max(trainings + validated, 1)
        self._trainings: dict[tuple[int, int], list[dict[str, Any]]] = {}

    def callback(self, fold: int, seed: int, recorder: EpochRecorder) -> keras.callbacks.Callback:
        """Return the callback of one training; `recorder` is called before it."""
        import keras

        self._trainings[fold, seed] = recorder.epochs
        return keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: self.write())

    def write(self) -> None:
        """Write the whole table."""
        plots.write(KIND, self._name, self.rows())

    def rows(self) -> Iterator[dict[str, Any]]:
        """Yield `loss` after each `epoch` (from 1) per `part`, `fold` and `seed`."""
        for part, key in (("train", "loss"), ("validation", "val_loss")):
            for (fold, seed), epochs in self._trainings.items():
                if part == "validation" and (fold > 0 or not epochs or key not in epochs[0]):
                    continue
                for k in plots.thinned(len(epochs), self._points):
                    yield {"part": part, "fold": fold, "seed": seed, "epoch": k + 1, "loss": epochs[k].get(key)}
