"""Keras callbacks of a training: records of each epoch, resets of carried state, the stop at a NaN, and progress."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from pipeline.network import models

# Runs of batches per epoch whose mean loss is kept: enough to see a fall within one epoch, and little to store.
SLICES = 20


def slice_ends(batches: int) -> list[int]:
    """Return the numbers of batches at which the slices of an epoch end, the first batch being 1."""
    count = min(SLICES, batches)
    return [-(-slice_ * batches // count) for slice_ in range(1, count + 1)]


class EpochRecorder(keras.callbacks.Callback):
    """Record each epoch (docs/files.md): means as Keras reports them, penalty, slices and update ratios.

    Keras reports the mean loss (and accuracy) over the epoch's windows so far; with several steps per execution it
    reports once for all of them.

    `slices` are the mean losses, without the penalty, of up to 20 equal runs of the epoch's batches (finite ones only).
    `update_ratio` is, by layer, the size of one update relative to the weights: the norm of the change over the epoch's
    first report, per batch of it, divided by the norm of the weights before (None if that is 0).

    Args:
        windows: of one epoch.
        batch_size: windows in a batch; the last one may be smaller.
        rate: whether to record the learning rate of each epoch's first update, as it varies.
    """

    def __init__(self, windows: int, batch_size: int, rate: bool = False) -> None:
        super().__init__()
        self._record_rate = rate
        self.epochs: list[dict[str, Any]] = []
        self._windows = windows
        self._batch_size = batch_size
        self._batches = -(-windows // batch_size)

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Start the records of the epoch."""
        self._rate = float(self.model.optimizer.learning_rate) if self._record_rate else None
        self._slices: list[float] = []
        self._slice_start = (0, 0.0, models.penalty(self.model))  # windows, sum of their losses, penalty
        self._weights = _weights(self.model)
        self._update_ratio: dict[str, float | None] = {}

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Record the first update, and close a slice if enough batches are done."""
        done = min(batch + 1, self._batches)
        if not self._update_ratio:
            self._update_ratio = _update_ratio(self._weights, _weights(self.model), done)
        self._slice(done, float((logs or {})["loss"]))

    def _slice(self, done: int, mean: float) -> None:
        if done * min(SLICES, self._batches) < (len(self._slices) + 1) * self._batches or not math.isfinite(mean):
            return
        windows = min(done * self._batch_size, self._windows)
        windows_before, total_before, penalty_before = self._slice_start
        self._slice_start = (windows, mean * windows, models.penalty(self.model))
        loss = (mean * windows - total_before) / (windows - windows_before)
        self._slices.append(loss - (penalty_before + self._slice_start[2]) / 2)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Add the epoch to `epochs`."""
        means = {key: float(value) for key, value in (logs or {}).items()}
        self.epochs.append(
            {
                "loss": means.pop("loss"),
                "penalty": models.penalty(self.model),
                **means,
                **({} if self._rate is None else {"learning_rate": self._rate}),
                "slices": self._slices,
                "update_ratio": self._update_ratio,
            }
        )


class StateReset(keras.callbacks.Callback):
    """Zero carried state before each epoch and each validation, and before some of their batches.

    Args:
        batches: batches of training before which state is zeroed, besides the first of each epoch.
        validation_batches: the same for validation.
    """

    def __init__(self, batches: frozenset[int], validation_batches: frozenset[int]) -> None:
        super().__init__()
        self._batches = batches
        self._validation_batches = validation_batches

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Zero the state."""
        models.reset_state(self.model)

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Zero the state before a batch that continues no other."""
        if batch in self._batches:
            models.reset_state(self.model)

    def on_test_begin(self, logs: dict[str, float] | None = None) -> None:
        """Zero the state."""
        models.reset_state(self.model)

    def on_test_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Zero the state before a batch that continues no other."""
        if batch in self._validation_batches:
            models.reset_state(self.model)


class StopAtNonfinite(keras.callbacks.Callback):
    """Stop at the first loss that is NaN or infinite, and record where that was in `nonfinite`.

    The mean that Keras reports becomes non-finite at the same batch as the loss, so the report before it is the mean
    over the batches before it. With several steps per execution the recorded batch is the first one of the execution.

    Args:
        steps_per_execution: batches between two reports.
        early_stopping: called after this callback. It must not restore earlier weights: those of the failure are kept.
    """

    def __init__(self, steps_per_execution: int, early_stopping: keras.callbacks.EarlyStopping | None) -> None:
        super().__init__()
        self.nonfinite: dict[str, Any] | None = None
        self._steps_per_execution = steps_per_execution
        self._early_stopping = early_stopping

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Forget the means of the epoch before."""
        self._epoch = epoch
        self._before: dict[str, float] = {}

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Remember the first batch of the execution."""
        self._batch = batch

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Check the loss."""
        means = {key: float(value) for key, value in (logs or {}).items()}
        if not math.isfinite(means["loss"]) and not self.nonfinite:
            self.nonfinite = {
                "epoch": self._epoch + 1,
                "batch": self._batch + 1,
                "batches_per_report": self._steps_per_execution,
                "loss_before": self._before.get("loss"),
                "accuracy_before": self._before.get("accuracy"),
            }
            self.model.stop_training = True
        self._before = means

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Drop the weights that early stopping would restore."""
        if self.nonfinite and self._early_stopping:
            self._early_stopping.best_weights = None


class StopAfter(keras.callbacks.Callback):
    """Stop after a number of updates.

    Args:
        updates: in all epochs together.
    """

    def __init__(self, updates: int) -> None:
        super().__init__()
        self._updates = updates

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Check the number of updates."""
        if int(self.model.optimizer.iterations) >= self._updates:
            self.model.stop_training = True


class Progress(keras.callbacks.Callback):
    """Print one line per epoch.

    Args:
        label: beginning of each line.
        recorder: called before this callback.
    """

    def __init__(self, label: str, recorder: EpochRecorder) -> None:
        super().__init__()
        self._label = label
        self._recorder = recorder

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Print the means and the penalty of the epoch."""
        numbers = {key: value for key, value in self._recorder.epochs[-1].items() if isinstance(value, float)}
        shown = " · ".join(f"{key} {value:.4g}" for key, value in numbers.items())
        print(f"{self._label} · epoch {epoch + 1}/{self.params['epochs']} · {shown}", flush=True)


def _weights(model: keras.Model) -> dict[str, list[np.ndarray]]:
    """Copy the trained weights, by layer."""
    return {
        layer.name: [np.array(keras.ops.convert_to_numpy(weight)) for weight in layer.trainable_weights]
        for layer in model.layers
        if layer.trainable_weights
    }


def _update_ratio(
    before: dict[str, list[np.ndarray]], after: dict[str, list[np.ndarray]], updates: int
) -> dict[str, float | None]:
    """Return, by layer, the norm of the change per update, divided by the norm before."""

    def norm(arrays: list[np.ndarray]) -> float:
        return math.sqrt(sum(float(np.sum(np.square(array, dtype=np.float64))) for array in arrays))

    ratios: dict[str, float | None] = {}
    for name, old in before.items():
        change = norm([after_ - before_ for after_, before_ in zip(after[name], old, strict=True)]) / updates
        ratios[name] = change / norm(old) if norm(old) > 0 else None
    return ratios
