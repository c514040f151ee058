"""What happens during a training besides the gradient steps: records, state resets, and the stop at a NaN."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from pipeline.network import models

# Runs of batches per epoch whose mean loss is kept: enough to see a fall within one epoch, little to store.
SLICES = 20


class Recorder(keras.callbacks.Callback):
    """Records each epoch, resets carried state, and stops at the first loss that is not finite.

    Keras reports the mean loss (and accuracy) over the epoch's windows so far. It stops being finite at the very batch
    whose loss does, so the report before that one is the mean over the batches before it. With several steps per
    execution Keras reports once for all of them: `batch` is then the first one of the execution.

    Each epoch also holds `slices`, the mean loss without the penalty of up to 20 equal runs of its batches (finite ones
    alone), and `update_ratio`, by layer the size of one update beside that of the weights: the norm of the change over
    the epoch's first report, per batch of it, divided by the norm of the weights before (None where that is 0).

    Args:
        label: what each epoch's line of progress begins with; "" for no such lines.
        steps_per_execution: batches between two reports.
        resets: batches of training before which carried state is zeroed, besides the first of each epoch.
        held_resets: the same for validation.
        windows: of one epoch.
        batch_size: windows in a batch; the last one may be smaller.
    """

    def __init__(
        self,
        label: str,
        steps_per_execution: int,
        resets: frozenset[int],
        held_resets: frozenset[int],
        windows: int,
        batch_size: int,
    ) -> None:
        super().__init__()
        self.epochs: list[dict[str, Any]] = []
        self.nonfinite: dict[str, Any] | None = None
        self.early: keras.callbacks.EarlyStopping | None = None
        self._label = label
        self._steps_per_execution = steps_per_execution
        self._resets = resets
        self._held_resets = held_resets
        self._windows = windows
        self._batch_size = batch_size

    @property
    def stopped(self) -> str:
        if self.nonfinite:
            return "nonfinite"
        return "early_stopping" if len(self.epochs) < self.params["epochs"] else "completed"

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        self._before: dict[str, float] = {}
        self._slices: list[float] = []
        self._slice_from = (0, 0.0, _penalty(self.model))  # windows, sum of their losses, penalty
        self._weights = _weights(self.model)
        self._update_ratio: dict[str, float | None] = {}
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
        done = min(batch + 1, -(-self._windows // self._batch_size))
        if not self._update_ratio:
            self._update_ratio = _update_ratio(self._weights, _weights(self.model), done)
        self._slice(done, means["loss"])

    def _slice(self, done: int, mean: float) -> None:
        """Close a run of batches once as many are done as the next slice asks for."""
        batches = -(-self._windows // self._batch_size)
        if done * min(SLICES, batches) < (len(self._slices) + 1) * batches or not math.isfinite(mean):
            return
        windows = min(done * self._batch_size, self._windows)
        before, total, penalty = self._slice_from
        self._slice_from = (windows, mean * windows, _penalty(self.model))
        loss = (mean * windows - total) / (windows - before)
        self._slices.append(loss - (penalty + self._slice_from[2]) / 2)

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        models.reset_state(self.model)

    def on_test_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        if batch in self._held_resets:
            models.reset_state(self.model)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        means = {key: float(value) for key, value in (logs or {}).items()}
        recorded = {"slices": self._slices, "update_ratio": self._update_ratio}
        self.epochs.append({"loss": means.pop("loss"), "penalty": _penalty(self.model), **means, **recorded})
        if self.nonfinite and self.early:
            self.early.best_weights = None  # what the failure left is what there is to look at
        if self._label:
            shown = " · ".join(f"{key} {value:.4g}" for key, value in self.epochs[-1].items() if key not in recorded)
            print(f"{self._label} · epoch {epoch + 1}/{self.params['epochs']} · {shown}", flush=True)


def _penalty(model: keras.Model) -> float:
    """The regularisers' share of the loss, with the weights as they are now."""
    kept = (weight for weight in model.trainable_weights if weight.regularizer is not None)
    return float(sum(float(weight.regularizer(weight)) for weight in kept))


def _weights(model: keras.Model) -> dict[str, list[np.ndarray]]:
    """A copy of the trained weights, by layer."""
    return {
        layer.name: [np.array(keras.ops.convert_to_numpy(weight)) for weight in layer.trainable_weights]
        for layer in model.layers
        if layer.trainable_weights
    }


def _update_ratio(
    before: dict[str, list[np.ndarray]], after: dict[str, list[np.ndarray]], updates: int
) -> dict[str, float | None]:
    """By layer the norm of the change, per update, divided by the norm before."""

    def norm(arrays: list[np.ndarray]) -> float:
        return math.sqrt(sum(float(np.sum(np.square(array, dtype=np.float64))) for array in arrays))

    ratios: dict[str, float | None] = {}
    for name, old in before.items():
        change = norm([new - one for new, one in zip(after[name], old, strict=True)]) / updates
        ratios[name] = change / norm(old) if norm(old) > 0 else None
    return ratios
