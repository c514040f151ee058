"""What happens during a training besides the gradient steps: records, state resets, and the stop at a NaN."""

from __future__ import annotations

import math
from typing import Any

import keras

from pipeline import models


class Recorder(keras.callbacks.Callback):
    """Records each epoch, resets carried state, and stops at the first loss that is not finite.

    Keras reports the mean loss (and accuracy) over the epoch's windows so far. It stops being finite at the very batch
    whose loss does, so the report before that one is the mean over the batches before it. With several steps per
    execution Keras reports once for all of them: `batch` is then the first one of the execution.

    Args:
        label: what each epoch's line of progress begins with; "" for no such lines.
        steps_per_execution: batches between two reports.
        resets: batches of training before which carried state is zeroed, besides the first of each epoch.
        held_resets: the same for validation.
    """

    def __init__(
        self, label: str, steps_per_execution: int, resets: frozenset[int], held_resets: frozenset[int]
    ) -> None:
        super().__init__()
        self.epochs: list[dict[str, Any]] = []
        self.nonfinite: dict[str, Any] | None = None
        self.early: keras.callbacks.EarlyStopping | None = None
        self._label = label
        self._steps_per_execution = steps_per_execution
        self._resets = resets
        self._held_resets = held_resets

    @property
    def stopped(self) -> str:
        if self.nonfinite:
            return "nonfinite"
        return "early_stopping" if len(self.epochs) < self.params["epochs"] else "completed"

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._before: dict[str, float] = {}
        models.reset_state(self.model)

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        self._batch = batch
        if batch in self._resets:
            models.reset_state(self.model)

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        means = {key: float(value) for key, value in (logs or {}).items()}
        if not math.isfinite(means["loss"]) and not self.nonfinite:
            self.nonfinite = {
                "epoch": len(self.epochs) + 1,
                "batch": self._batch + 1,
                "batches_per_report": self._steps_per_execution,
                "loss_before": self._before.get("loss"),
                "accuracy_before": self._before.get("accuracy"),
            }
            self.model.stop_training = True
        self._before = means

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        models.reset_state(self.model)

    def on_test_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if batch in self._held_resets:
            models.reset_state(self.model)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        means = {key: float(value) for key, value in (logs or {}).items()}
        self.epochs.append({"loss": means.pop("loss"), "penalty": _penalty(self.model), **means})
        if self.nonfinite and self.early:
            self.early.best_weights = None  # what the failure left is what there is to look at
        if self._label:
            shown = " · ".join(f"{key} {value:.4g}" for key, value in self.epochs[-1].items())
            print(f"{self._label} · epoch {epoch + 1}/{self.params['epochs']} · {shown}", flush=True)


def _penalty(model: keras.Model) -> float:
    """The regularisers' share of the loss, with the weights as they are now."""
    kept = (weight for weight in model.trainable_weights if weight.regularizer is not None)
    return float(sum(float(weight.regularizer(weight)) for weight in kept))
